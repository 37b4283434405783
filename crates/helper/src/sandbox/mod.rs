//! Shuts this process in: before a stranger's byte is read from what no operation needs, and once it
//! is known what the operation is about, from all that this one doesn't.
//!
//! | module | leaves at first | then for an account | for a keychain | for a disk |
//! |---|---|---|---|---|
//! | [`calls`] | no network, no namespaces (without systemd: none by `unshare` or `setns`), no other process to look into | and no program to start | | |
//! | [`files`] | all that root has | account files, records, libraries | the owner's keyrings | disks, records |
//! | [`powers`] | to give files away, to become somebody | the first | none: it becomes the owner for good | none |
//!
//! systemd's unit grants no more than what is left at first; this holds where there is no systemd,
//! and inside it.

use std::path::Path;

use lockstep_protocol::helper::Confinement;
use lockstep_stores::linux::etc::PasswdLine;

mod calls;
mod files;
mod powers;

/// Why the sandbox can't be entered. A kernel that lacks a part of it is no reason.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SandboxFault {
    #[error("the file sandbox: {0}")]
    Files(#[from] files::FilesFault),
    #[error("the system call filter: {0}")]
    Calls(std::io::Error),
    #[error("giving up root's powers: {0}")]
    Powers(std::io::Error),
}

/// Enters what holds for every operation; there is no way out.
pub(crate) fn enter() -> Result<(), SandboxFault> {
    powers::keep(powers::ANY).map_err(SandboxFault::Powers)?;
    calls::filter(calls::Programs::Allowed).map_err(SandboxFault::Calls)?;
    Ok(())
}

/// Leaves what an operation on an account needs. Says what this kernel could not give.
pub(crate) fn narrow_to_account(state: &Path) -> Result<Confinement, SandboxFault> {
    let files = files::leave_account(state)?;
    powers::keep(powers::ACCOUNT).map_err(SandboxFault::Powers)?;
    // Last, since the filter itself refuses calls that the others make.
    let calls = calls::filter(calls::Programs::Refused).map_err(SandboxFault::Calls)?;
    Ok(Confinement { files, calls })
}

/// Becomes the owner of a keychain for good, and leaves what an operation on it needs.
pub(crate) fn become_owner(owner: &PasswdLine) -> Result<(), SandboxFault> {
    powers::become_person(owner.uid, owner.gid).map_err(SandboxFault::Powers)?;
    files::leave_person(owner.uid, &owner.home)?;
    Ok(())
}

/// Leaves what an operation on these disks needs.
pub(crate) fn narrow_to_disks(state: &Path, devices: &[&Path]) -> Result<(), SandboxFault> {
    files::leave_disks(state, devices)?;
    powers::keep(powers::NONE).map_err(SandboxFault::Powers)?;
    Ok(())
}
