//! Who is at the other end of a socket, by the kernel.

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn peer_uid(stream: &std::os::unix::net::UnixStream) -> std::io::Result<u32> {
    let peer = rustix::net::sockopt::socket_peercred(stream)?;
    Ok(peer.uid.as_raw())
}
