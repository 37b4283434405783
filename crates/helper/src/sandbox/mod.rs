//! Keeps this process, and everything that PAM loads into it, off the network.
//!
//! Only unix sockets can be made; any other family answers EAFNOSUPPORT, which libraries that
//! would like to tell the audit daemon or a name server something take for "not there".

mod sys;

use std::io;

use self::sys::Instruction;

/// Enters the sandbox; there is no way out.
pub(crate) fn enter() -> io::Result<()> {
    match AUDIT_ARCHITECTURE {
        Some(architecture) => sys::install(&filter(architecture)),
        None => {
            eprintln!("no system call filter for this processor");
            Ok(())
        }
    }
}

/// `AUDIT_ARCH_*` of the processor (linux/audit.h).
const AUDIT_ARCHITECTURE: Option<u32> = if cfg!(target_arch = "x86_64") {
    Some(0xC000_003E)
} else if cfg!(target_arch = "aarch64") {
    Some(0xC000_00B7)
} else {
    None
};

/// Offsets in `struct seccomp_data` (seccomp(2)); both processors are little-endian.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const FIRST_ARGUMENT: u32 = 16;

/// The bit that marks x86-64's x32 calls; no other number is as high.
const X32: u32 = 0x4000_0000;

/// A program for classic BPF: jumps count instructions from the next one.
fn filter(architecture: u32) -> [Instruction; 12] {
    const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
    [
        Instruction::load(ARCHITECTURE),
        // Calls of another architecture have other numbers: none of them is made here.
        Instruction::if_equal(architecture, 0, 8),
        Instruction::load(NUMBER),
        Instruction::if_at_least(X32, 6, 0),
        // A ring could make sockets without any further call.
        Instruction::if_equal(number(libc::SYS_io_uring_setup), 5, 0),
        Instruction::if_equal(number(libc::SYS_socket), 1, 0),
        Instruction::answer(ALLOW),
        Instruction::load(FIRST_ARGUMENT),
        Instruction::if_equal(number(libc::AF_UNIX.into()), 2, 0),
        Instruction::answer(errno(libc::EAFNOSUPPORT)),
        Instruction::answer(errno(libc::ENOSYS)),
        Instruction::answer(ALLOW),
    ]
}

const fn errno(number: i32) -> u32 {
    libc::SECCOMP_RET_ERRNO | number.unsigned_abs()
}

fn number(number: i64) -> u32 {
    // Call numbers and families are small and positive; one that were not would match nothing.
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, UdpSocket};
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn only_unix_sockets_are_left() {
        // A thread takes its filter with it when it ends.
        let outcome = std::thread::spawn(|| {
            enter().unwrap();
            let tcp = TcpListener::bind("127.0.0.1:0").unwrap_err().raw_os_error();
            let udp = UdpSocket::bind("[::1]:0").unwrap_err().raw_os_error();
            UnixStream::pair().unwrap();
            std::fs::read("/proc/self/stat").unwrap();
            (tcp, udp)
        });
        let refused = Some(libc::EAFNOSUPPORT);
        assert_eq!(outcome.join().unwrap(), (refused, refused));
        TcpListener::bind("127.0.0.1:0").unwrap();
    }
}
