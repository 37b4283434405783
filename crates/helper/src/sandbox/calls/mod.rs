//! Which system calls are left (seccomp(2)): none that leads out of this process.
//!
//! Only unix sockets can be made; any other family answers EAFNOSUPPORT, which libraries that
//! would like to tell the audit daemon or a name server something take for "not there".
//!
//! That includes the kernel's ciphers (AF_ALG). cryptsetup makes no socket for a key slot whose cipher
//! its library has, which is AES in every mode and the only one that installers choose (traced with
//! 2.6.1: opening, adding and killing slots, argon2id and pbkdf2). It asks AF_ALG for Serpent,
//! Twofish and Camellia, and without it a device mapper, which takes powers that are gone here as well.
//! Such a slot can't be opened: its disk is left alone, rather than a large interface of the kernel
//! left open to a process of root.

mod sys;

use std::io;

use self::sys::Instruction;

/// Whether programs may be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Programs {
    /// A keyring's daemon, cryptsetup.
    Allowed,
    /// Nothing that PAM does for root takes one.
    Refused,
}

/// Installs the filter; `false` where there is none for this processor. One may be laid upon
/// another, and what any of them refuses is refused.
pub(super) fn filter(programs: Programs) -> io::Result<bool> {
    let Some(architecture) = AUDIT_ARCHITECTURE else {
        return Ok(false);
    };
    sys::install(&program(architecture, programs))?;
    Ok(true)
}

/// Refused, and with which error: one that a library takes for "not here".
const REFUSED: [(i64, i32); 13] = [
    // A ring could make sockets and open files without any further call.
    (libc::SYS_io_uring_setup, libc::ENOSYS),
    // Other processes of root, and what they hold.
    (libc::SYS_ptrace, libc::EPERM),
    (libc::SYS_process_vm_readv, libc::EPERM),
    (libc::SYS_process_vm_writev, libc::EPERM),
    (libc::SYS_pidfd_getfd, libc::EPERM),
    // Namespaces, in which powers that were given up could be had again.
    (libc::SYS_unshare, libc::EPERM),
    (libc::SYS_setns, libc::EPERM),
    (libc::SYS_mount, libc::EPERM),
    (libc::SYS_chroot, libc::EPERM),
    // The kernel's widest doors.
    (libc::SYS_bpf, libc::EPERM),
    (libc::SYS_perf_event_open, libc::EPERM),
    (libc::SYS_userfaultfd, libc::EPERM),
    (libc::SYS_open_by_handle_at, libc::EPERM),
];

/// Refused, where no program may be started.
const PROGRAMS: [(i64, i32); 2] = [
    (libc::SYS_execve, libc::EACCES),
    (libc::SYS_execveat, libc::EACCES),
];

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
fn program(architecture: u32, programs: Programs) -> Vec<Instruction> {
    let mut program = vec![
        // Calls of another architecture have other numbers: none of them is made here.
        Instruction::load(ARCHITECTURE),
        Instruction::if_equal(architecture, 1, 0),
        Instruction::answer(errno(libc::ENOSYS)),
        Instruction::load(NUMBER),
        Instruction::if_at_least(X32, 0, 1),
        Instruction::answer(errno(libc::ENOSYS)),
    ];
    let starting: &[(i64, i32)] = match programs {
        Programs::Allowed => &[],
        Programs::Refused => &PROGRAMS,
    };
    for (call, error) in REFUSED.iter().chain(starting).copied() {
        program.push(Instruction::if_equal(number(call), 0, 1));
        program.push(Instruction::answer(errno(error)));
    }
    program.extend([
        Instruction::if_equal(number(libc::SYS_socket), 0, 3),
        Instruction::load(FIRST_ARGUMENT),
        Instruction::if_equal(number(libc::AF_UNIX.into()), 1, 0),
        Instruction::answer(errno(libc::EAFNOSUPPORT)),
        Instruction::answer(libc::SECCOMP_RET_ALLOW),
    ]);
    program
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
    use std::process::Command;

    use super::*;

    #[test]
    fn only_unix_sockets_and_no_programs_are_left() {
        // A thread takes its filter with it when it ends.
        let outcome = std::thread::spawn(|| {
            assert!(filter(Programs::Allowed).unwrap());
            assert!(Command::new("/bin/true").status().unwrap().success());
            assert!(filter(Programs::Refused).unwrap());
            let tcp = TcpListener::bind("127.0.0.1:0").unwrap_err().raw_os_error();
            let udp = UdpSocket::bind("[::1]:0").unwrap_err().raw_os_error();
            let program = Command::new("/bin/true").status().unwrap_err();
            UnixStream::pair().unwrap();
            std::fs::read("/proc/self/stat").unwrap();
            (tcp, udp, program.raw_os_error())
        });
        let refused = Some(libc::EAFNOSUPPORT);
        let outcome = outcome.join().unwrap();
        assert_eq!(outcome, (refused, refused, Some(libc::EACCES)));
        TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(Command::new("/bin/true").status().unwrap().success());
    }
}
