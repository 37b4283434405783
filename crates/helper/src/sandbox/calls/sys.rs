//! The system calls that install a filter (seccomp(2), prctl(2)).

#![expect(unsafe_code, reason = "system calls without a safe wrapper")]

use std::io;

/// One instruction of classic BPF (`struct sock_filter` in linux/filter.h).
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct Instruction(libc::sock_filter);

impl Instruction {
    /// Loads a word of the call's data.
    pub(super) const fn load(offset: u32) -> Self {
        Self::new(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, offset)
    }

    /// Skips as many instructions, depending on the loaded word.
    pub(super) const fn if_equal(value: u32, yes: u8, no: u8) -> Self {
        Self::new(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, yes, no, value)
    }

    /// Skips as many instructions, depending on the loaded word.
    pub(super) const fn if_at_least(value: u32, yes: u8, no: u8) -> Self {
        Self::new(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K, yes, no, value)
    }

    /// Ends with a verdict.
    pub(super) const fn answer(verdict: u32) -> Self {
        Self::new(libc::BPF_RET | libc::BPF_K, 0, 0, verdict)
    }

    #[expect(clippy::cast_possible_truncation, reason = "opcodes have 16 bits")]
    const fn new(code: u32, jt: u8, jf: u8, k: u32) -> Self {
        Self(libc::sock_filter {
            code: code as u16,
            jt,
            jf,
            k,
        })
    }
}

/// Installs a filter for the calling thread and its children, for good.
pub(super) fn install(program: &[Instruction]) -> io::Result<()> {
    let Ok(len) = u16::try_from(program.len()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    // Without this only a process with CAP_SYS_ADMIN could install one.
    rustix::thread::set_no_new_privs(true)?;
    let program = libc::sock_fprog {
        len,
        filter: program.as_ptr().cast::<libc::sock_filter>().cast_mut(),
    };
    // SAFETY: `program` describes `len` instructions, which are transparent wrappers of the
    // kernel's own struct; the kernel copies them during the call and writes nothing.
    let done = unsafe {
        libc::prctl(
            libc::PR_SET_SECCOMP,
            libc::SECCOMP_MODE_FILTER,
            &raw const program,
            0,
            0,
        )
    };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
