//! What macOS does for a mapping and a process (minherit(2), mlock(2), ptrace(2)).

use std::ffi::c_void;
use std::io;
use std::ops::Range;
use std::ptr::{NonNull, null_mut};

use rustix::mm::mlock;

/// Keeps a mapping out of swap and children. No mapping alone can be left out of a dump: the process
/// makes none.
///
/// # Safety
///
/// It is a whole mapping of this process, and nobody has a reference into it.
pub(super) unsafe fn protect(start: NonNull<c_void>, length: usize) -> io::Result<()> {
    // SAFETY: the caller's word; a child has no such mapping then, and nothing changes in this one.
    let forked = unsafe { libc::minherit(start.as_ptr(), length, libc::VM_INHERIT_NONE) };
    let forked = if forked == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    };
    // SAFETY: the caller's word; it changes nothing that is in it.
    let locked = unsafe { mlock(start.as_ptr(), length) };
    forked.and(Ok(locked?))
}

/// Keeps debuggers away from this process; one that is there already ends it.
pub(crate) fn shut_out() -> io::Result<()> {
    // SAFETY: this request is about the caller itself and looks at none of the other arguments.
    if unsafe { libc::ptrace(libc::PT_DENY_ATTACH, 0, null_mut(), 0) } == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Nothing: where code is mapped is found on Linux only.
pub(crate) const fn forget_code(_: &Range<usize>) {}
