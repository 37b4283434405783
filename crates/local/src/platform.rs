//! Who is at the other end of a socket, by the kernel.

use std::io;
use std::os::unix::net::UnixStream;

/// The effective uid of whoever listens there (`SO_PEERCRED`, unix(7)).
#[cfg(target_os = "linux")]
pub(crate) fn peer_uid(stream: &UnixStream) -> io::Result<u32> {
    let peer = rustix::net::sockopt::socket_peercred(stream)?;
    Ok(peer.uid.as_raw())
}

/// The effective uid of whoever listens there (getpeereid(3)).
#[cfg(target_os = "macos")]
pub(crate) fn peer_uid(stream: &UnixStream) -> io::Result<u32> {
    let (uid, _) = nix::unistd::getpeereid(stream)?;
    Ok(uid.as_raw())
}
