//! The kernel's word on the other end of a unix socket (`SO_PEERCRED` in unix(7)).

#![expect(
    unsafe_code,
    reason = "rustix refuses the process number 0 of a peer in another namespace"
)]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// The effective uid that the peer had when it connected.
pub(super) fn uid(socket: BorrowedFd<'_>) -> io::Result<u32> {
    let mut peer = libc::ucred {
        pid: 0,
        uid: u32::MAX,
        gid: u32::MAX,
    };
    let size = libc::socklen_t::try_from(size_of::<libc::ucred>()).map_err(io::Error::other)?;
    let mut length = size;
    // SAFETY: the kernel writes at most `length` bytes to `peer` and the number of them to
    // `length`; both live through the call.
    let done = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut peer).cast(),
            &raw mut length,
        )
    };
    if done != 0 {
        return Err(io::Error::last_os_error());
    }
    // A socket without a peer has the uid -1.
    if length != size || peer.uid == u32::MAX {
        return Err(io::ErrorKind::NotConnected.into());
    }
    Ok(peer.uid)
}
