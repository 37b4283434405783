//! What Linux does for a mapping and a process (madvise(2), mlock(2), prctl(2)).

use std::ffi::c_void;
use std::io;
use std::ops::Range;
use std::ptr::NonNull;

use rustix::mm::{Advice, madvise, mlock};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};

/// Keeps a mapping out of swap, dumps and children.
///
/// # Safety
///
/// It is a whole mapping of this process, and nobody has a reference into it.
pub(super) unsafe fn protect(start: NonNull<c_void>, length: usize) -> io::Result<()> {
    // SAFETY: the caller's word; none of the three changes what is in it.
    unsafe {
        let dumped = madvise(start.as_ptr(), length, Advice::LinuxDontDump);
        let forked = madvise(start.as_ptr(), length, Advice::LinuxWipeOnFork);
        Ok(dumped.and(forked).and(mlock(start.as_ptr(), length))?)
    }
}

/// Keeps other processes out of this one's memory.
pub(crate) fn shut_out() -> io::Result<()> {
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

/// Takes the pages of a mapping of a file's code out of this process's tables.
pub(crate) fn forget_code(place: &Range<usize>) {
    let start = std::ptr::with_exposed_provenance_mut(place.start);
    // SAFETY: the mapping is of a file, private, and was never writable, so that each of its pages is
    // the file's own: what is dropped is read again, the same, at the next access.
    let dropped = unsafe { madvise(start, place.len(), Advice::LinuxDontNeed) };
    // A kernel that doesn't do it leaves everything as it is.
    let _kept = dropped;
}
