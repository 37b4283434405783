//! Root's powers (capabilities(7)): without them root is one more account that owns files.

use std::io;

use rustix::thread::{CapabilitySet, CapabilitySets, clear_ambient_capability_set};

/// What pam_unix needs: to give the new shadow file the group of the old one.
const NEEDED: CapabilitySet = CapabilitySet::CHOWN;

/// Gives up every power but the needed one, for good: no program can be started that has more.
pub(super) fn give_up() -> io::Result<()> {
    clear_ambient_capability_set()?;
    let kept = rustix::thread::capabilities(None)?.permitted & NEEDED;
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
