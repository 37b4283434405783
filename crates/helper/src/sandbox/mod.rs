//! Shuts this process in, and everything that PAM loads into it, before a stranger's byte is read.
//!
//! | module | leaves |
//! |---|---|
//! | [`calls`] | no network, no program to start, no other process to look into |
//! | [`files`] | the account files, the helper's records, and libraries to read |
//! | [`powers`] | of root's powers the one that gives a new shadow file its group |
//!
//! systemd's unit grants no more either; this holds where there is no systemd, and inside it.

use std::path::Path;

use lockstep_protocol::helper::Confinement;

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

/// Enters the sandbox; there is no way out. Says what this kernel could not give.
pub(crate) fn enter(state: &Path) -> Result<Confinement, SandboxFault> {
    let files = files::confine(state)?;
    // Last but one, since the filter itself refuses calls that the others make.
    powers::give_up().map_err(SandboxFault::Powers)?;
    let calls = calls::filter().map_err(SandboxFault::Calls)?;
    Ok(Confinement { files, calls })
}
