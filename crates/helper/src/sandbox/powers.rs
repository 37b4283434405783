//! Root's powers (capabilities(7)): without them root is one more account that owns files.

use std::io;

use rustix::process::{Gid, Uid};
use rustix::thread::{
    CapabilitySet, CapabilitySets, clear_ambient_capability_set, set_thread_groups,
    set_thread_res_gid, set_thread_res_uid,
};

/// What some operation needs: an account's, or to become the owner of a keychain.
pub(super) const ANY: CapabilitySet = ACCOUNT
    .union(CapabilitySet::SETUID)
    .union(CapabilitySet::SETGID);

/// What pam_unix needs: to give the new shadow file the group of the old one.
pub(super) const ACCOUNT: CapabilitySet = CapabilitySet::CHOWN;

/// Nothing.
pub(super) const NONE: CapabilitySet = CapabilitySet::empty();

/// Gives up every power but these, for good: no program can be started that has more.
pub(super) fn keep(needed: CapabilitySet) -> io::Result<()> {
    clear_ambient_capability_set()?;
    let kept = rustix::thread::capabilities(None)?.permitted & needed;
    rustix::thread::set_capabilities(
        None,
        CapabilitySets {
            effective: kept,
            permitted: kept,
            inheritable: CapabilitySet::empty(),
        },
    )?;
    Ok(())
}

/// Becomes a person, in all three of the process's user and group ids; there is no way back.
///
/// This process has one thread, so that the calls for a thread are those for the process.
pub(super) fn become_person(uid: u32, gid: u32) -> io::Result<()> {
    let (user, group) = (Uid::from_raw(uid), Gid::from_raw(gid));
    set_thread_groups(&[group])?;
    set_thread_res_gid(group, group, group)?;
    set_thread_res_uid(user, user, user)?;
    // The kernel took them with the ids; keep_caps or securebits could have it otherwise.
    keep(NONE)?;
    if set_thread_res_uid(Uid::ROOT, Uid::ROOT, Uid::ROOT).is_ok() {
        return Err(io::Error::other("root could be had back"));
    }
    Ok(())
}
