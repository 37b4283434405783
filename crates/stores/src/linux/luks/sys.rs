//! One descriptor across exec, and an end that follows its parent's.

#![expect(
    unsafe_code,
    reason = "what a child does between fork and exec is unsafe to say"
)]

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};

/// Lets a command's process have `fd` under its own number, and end when this thread does.
///
/// No other process that is started meanwhile inherits it.
pub(super) fn hand_over(command: &mut Command, fd: Option<OwnedFd>) {
    let parent = getpid();
    let prepare = move || -> io::Result<()> {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // It may have ended before there was a signal to send.
        if getppid() != Some(parent) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if let Some(fd) = &fd {
            fcntl_setfd(fd, FdFlags::empty())?;
        }
        Ok(())
    };
    // SAFETY: between fork and exec only prctl(2), getppid(2) and fcntl(2) are called, which are
    // async-signal-safe; nothing is allocated, and the closure keeps the descriptor open.
    unsafe {
        command.pre_exec(prepare);
    }
}
