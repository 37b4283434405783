//! What happens between fork(2) and execve(2).

#![expect(unsafe_code, reason = "pre_exec")]

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{Resource, Rlimit, Signal, getpid, getppid, setrlimit};

/// Makes a program end with the thread that starts it, gain nothing, and leave no core behind.
///
/// Without new privileges the kernel keeps the death signal even for a program with file
/// capabilities (`PR_SET_PDEATHSIG` in prctl(2)), as Debian's keyring daemon is.
pub(super) fn tie(command: &mut Command) {
    let parent = getpid();
    let prepare = move || -> io::Result<()> {
        rustix::thread::set_no_new_privs(true)?;
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        setrlimit(Resource::Core, none)?;
        // It may have ended before there was a signal to send.
        if getppid() == Some(parent) {
            Ok(())
        } else {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    };
    // SAFETY: between fork and exec the closure makes system calls only: it neither allocates nor
    // takes a lock, and touches nothing but its own copy of a number.
    unsafe { command.pre_exec(prepare) };
}
