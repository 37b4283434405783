//! What holds for a process as a whole.

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

use crate::sys;

/// Keeps this process's memory out of core dumps and other processes' reach (`PR_SET_DUMPABLE`; on
/// macOS `PT_DENY_ATTACH`).
///
/// # Errors
///
/// The kernel's; the process should not go on then.
pub fn keep_to_itself() -> io::Result<()> {
    sys::shut_out()?;
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    Ok(setrlimit(Resource::Core, none)?)
}
