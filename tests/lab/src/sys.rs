//! The few system calls without a safe wrapper.

#![expect(unsafe_code, reason = "namespaces, ioctls, descriptors across exec")]

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::thread::{UnshareFlags, unshare_unsafe};

/// Lets a command's process have `fd` under this number, for as long as the command is kept.
///
/// # Errors
///
/// When no further descriptor can be had.
pub fn pass_fd(command: &mut Command, fd: OwnedFd, number: RawFd) -> io::Result<()> {
    // Far above any number that is asked for, so that one never overwrites another's source.
    let source = rustix::io::fcntl_dupfd_cloexec(&fd, 500)?;
    // SAFETY: the closure only calls dup2(2), which is async-signal-safe, on a descriptor that it
    // owns.
    unsafe {
        command.pre_exec(move || {
            if libc::dup2(source.as_raw_fd(), number) < 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(())
        });
    }
    Ok(())
}

/// Gives the calling thread a network of its own, with nothing in it.
pub(crate) fn leave_network() -> io::Result<()> {
    // SAFETY: only the network namespace is left; no descriptor table is unshared.
    unsafe { unshare_unsafe(UnshareFlags::NEWNET) }.map_err(Into::into)
}

/// Switches the loopback interface of the calling thread's network on or off (netdevice(7)).
pub(crate) fn set_loopback(up: bool) -> io::Result<()> {
    // SAFETY: plain call; the result is checked before it is owned.
    let socket = unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
    if socket < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a fresh descriptor that nobody else has.
    let socket = unsafe { OwnedFd::from_raw_fd(socket) };
    // SAFETY: all-zero bytes are a valid `ifreq`: an empty name and no flags.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (place, byte) in request.ifr_name.iter_mut().zip(c"lo".to_bytes_with_nul()) {
        *place = byte.cast_signed();
    }
    if up {
        request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    }
    // SAFETY: SIOCSIFFLAGS reads an `ifreq`, which lives through the call.
    let done = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) };
    if done < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// `LOOP_CTL_GET_FREE`, `LOOP_CONFIGURE` and `LO_FLAGS_AUTOCLEAR` of loop(4).
const LOOP_CTL_GET_FREE: libc::Ioctl = 0x4C82;
const LOOP_CONFIGURE: libc::Ioctl = 0x4C0A;
const LO_FLAGS_AUTOCLEAR: u32 = 4;

/// `struct loop_config` of loop(4), with its `struct loop_info64`.
#[repr(C)]
struct LoopConfig {
    fd: u32,
    block_size: u32,
    /// Device, inode, device number, offset, size limit.
    numbers: [u64; 5],
    /// Number, kind and size of a key.
    more: [u32; 3],
    flags: u32,
    /// Names and a key.
    texts: [u8; 160],
    init: [u64; 2],
    reserved: [u64; 8],
}

/// The number of a loop device that nobody uses.
pub(crate) fn free_loop(control: &File) -> io::Result<u32> {
    // SAFETY: LOOP_CTL_GET_FREE takes no argument.
    let number = unsafe { libc::ioctl(control.as_raw_fd(), LOOP_CTL_GET_FREE) };
    u32::try_from(number).map_err(|_| io::Error::last_os_error())
}

/// Puts a file behind a loop device, until the last user of the device is gone.
pub(crate) fn attach_loop(device: &File, file: &File) -> io::Result<()> {
    let config = LoopConfig {
        fd: file.as_raw_fd().cast_unsigned(),
        block_size: 0,
        numbers: [0; 5],
        more: [0; 3],
        flags: LO_FLAGS_AUTOCLEAR,
        texts: [0; 160],
        init: [0; 2],
        reserved: [0; 8],
    };
    // SAFETY: LOOP_CONFIGURE reads a `struct loop_config`, which lives through the call.
    let done = unsafe { libc::ioctl(device.as_raw_fd(), LOOP_CONFIGURE, &raw const config) };
    if done < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
