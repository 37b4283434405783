//! The one thing that takes unsafe code: a file descriptor that the caller named by its number.
//!
//! Opening `/dev/fd/N` instead would fail where another user made the pipe, as under `sudo`.
#![expect(unsafe_code, reason = "a descriptor known by its number only")]

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};

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
