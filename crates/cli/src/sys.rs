//! What takes unsafe code: a file descriptor that the caller named by its number, and signals.
//!
//! Opening `/dev/fd/N` instead would fail where another user made the pipe, as under `sudo`.
#![expect(
    unsafe_code,
    reason = "a descriptor known by its number only, signal handlers"
)]

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd, RawFd};

use rustix::termios::{OptionalActions, Termios, tcsetattr};
use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::low_level::{emulate_default_handler, register, unregister};

/// A descriptor of our own for what an inherited one refers to.
///
/// # Errors
///
/// That of fcntl(2): no such descriptor is open.
pub(crate) fn duplicate(fd: RawFd) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: the number is not -1, and it is only borrowed for the call, which answers EBADF if
    // nothing is open under it.
    unsafe { BorrowedFd::borrow_raw(fd) }.try_clone_to_owned()
}

/// As long as this lives, a signal that ends the program puts the terminal back first.
pub(crate) struct RestoreOnSignal(Vec<SigId>);

impl RestoreOnSignal {
    /// Watches over a terminal whose former modes these are.
    ///
    /// # Errors
    ///
    /// That of sigaction(2).
    pub(crate) fn watch(terminal: &impl std::os::fd::AsFd, before: &Termios) -> io::Result<Self> {
        let mut watching = Self(Vec::new());
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            let terminal = terminal.as_fd().try_clone_to_owned()?;
            let before = before.clone();
            let restore = move || {
                // The program ends either way.
                let _restored = tcsetattr(terminal.as_fd(), OptionalActions::Now, &before);
                let _ended = emulate_default_handler(signal);
            };
            // SAFETY: the handler makes one ioctl(2) on values that it owns and ends the program;
            // it neither allocates nor takes a lock.
            watching.0.push(unsafe { register(signal, restore) }?);
        }
        Ok(watching)
    }
}

impl Drop for RestoreOnSignal {
    fn drop(&mut self) {
        for id in &self.0 {
            unregister(*id);
        }
    }
}
