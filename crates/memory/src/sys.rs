//! Mappings that only the kernel can give, and the one place that hands out parts of them.
#![expect(
    unsafe_code,
    reason = "mmap, mlock, madvise and slices of what they map"
)]

use std::alloc::{Layout, handle_alloc_error};
use std::fmt;
use std::ptr::{NonNull, null_mut};
use std::slice;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use zeroize::Zeroize as _;

use crate::slots::Slots;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as platform;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
use macos as platform;

pub(crate) use platform::{forget_code, shut_out};

/// Nearly every secret fits one: a key, a share, a password.
const SLOT: usize = 64;
/// A page of most processors; larger pages take one for each block.
const BLOCK: usize = SLOT * Slots::COUNT;

/// The shared blocks. At most one of them is empty, for the next secret.
static BLOCKS: Mutex<Vec<Block>> = Mutex::new(Vec::new());

/// Set once the kernel refuses, and never cleared: what was written meanwhile may be in the swap.
static REFUSED: AtomicBool = AtomicBool::new(false);

/// Whether every secret of this process so far lay in memory that the kernel neither swaps nor dumps.
#[must_use]
pub fn is_locked() -> bool {
    !REFUSED.load(Ordering::Relaxed)
}

/// Bytes in locked memory, wiped when dropped. Their number never changes.
pub struct Locked {
    start: NonNull<u8>,
    length: usize,
    /// The mapping of one that no block holds.
    own: Option<Mapping>,
}

// SAFETY: it alone holds its bytes, as a box does, and its address means the same in every thread.
unsafe impl Send for Locked {}
// SAFETY: as a box's, its bytes change only through an exclusive reference to it.
unsafe impl Sync for Locked {}

impl Locked {
    /// So many zeros.
    #[must_use]
    pub fn zeroed(length: usize) -> Self {
        if length == 0 {
            let start = NonNull::dangling();
            return Self {
                start,
                length,
                own: None,
            };
        }
        if length > BLOCK {
            let own = Mapping::new(length);
            return Self {
                start: own.start,
                length,
                own: Some(own),
            };
        }
        let mut blocks = blocks();
        let count = length.div_ceil(SLOT);
        let taken = blocks.iter_mut().find_map(|block| block.take(count));
        let start = taken.unwrap_or_else(|| {
            let mut block = Block::default();
            let start = block.take(count);
            blocks.push(block);
            // An empty block has room for everything that is no longer than a block.
            start.unwrap_or_else(|| unreachable!("{length} bytes in a block of {BLOCK}"))
        });
        Self {
            start,
            length,
            own: None,
        }
    }

    /// The bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8] {
        // SAFETY: start and length are those of slots that are taken, or of a whole mapping, until
        // this is dropped; both are readable and were zeroed before they were given out. A dangling
        // start goes with no bytes at all.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }

    /// The bytes, to be filled.
    #[must_use]
    pub const fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`; and nobody else holds these slots, so that the exclusive reference
        // to this is one to them.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.length) }
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        self.bytes_mut().zeroize();
        if self.length == 0 || self.own.is_some() {
            return;
        }
        let mut blocks = blocks();
        let spare = blocks.iter().any(|block| block.slots.are_free());
        let home = blocks
            .iter_mut()
            .position(|block| block.give(self.start, self.length.div_ceil(SLOT)));
        if let Some(at) = home
            && spare
            && blocks[at].slots.are_free()
        {
            blocks.swap_remove(at);
        }
    }
}

impl fmt::Debug for Locked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Locked(..)")
    }
}

/// A page for many, and which parts of it are theirs.
struct Block {
    mapping: Mapping,
    slots: Slots,
}

impl Default for Block {
    fn default() -> Self {
        Self {
            mapping: Mapping::new(BLOCK),
            slots: Slots::default(),
        }
    }
}

impl Block {
    fn take(&mut self, count: usize) -> Option<NonNull<u8>> {
        let first = self.slots.take(count)?;
        // SAFETY: the slot lies inside the mapping.
        Some(unsafe { self.mapping.start.add(first * SLOT) })
    }

    /// Takes slots back, if they are of this block.
    fn give(&mut self, start: NonNull<u8>, count: usize) -> bool {
        let from_start = start
            .addr()
            .get()
            .checked_sub(self.mapping.start.addr().get());
        match from_start.filter(|offset| *offset < BLOCK) {
            Some(offset) => {
                self.slots.give(offset / SLOT, count);
                true
            }
            None => false,
        }
    }
}

fn blocks() -> MutexGuard<'static, Vec<Block>> {
    // Nothing in here panics half way through a change.
    BLOCKS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Zeroed memory of this process alone.
struct Mapping {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: it is a range of addresses that it alone owns, the same for every thread.
unsafe impl Send for Mapping {}

impl Mapping {
    /// Maps and locks. Locked or not it is left out of dumps, and a child has zeros in its place: a
    /// fork's copies would not be locked.
    fn new(length: usize) -> Self {
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: at an address of the kernel's choice, nothing is mapped over.
        let mapped = unsafe { mmap_anonymous(null_mut(), length, protection, MapFlags::PRIVATE) };
        let start = mapped.ok().and_then(NonNull::new);
        let Some(start) = start else {
            // As for every other allocation.
            handle_alloc_error(Layout::from_size_align(length, SLOT).unwrap_or(Layout::new::<u8>()))
        };
        // SAFETY: for the whole of a mapping that nobody has a reference into.
        let protected = unsafe { platform::protect(start, length) };
        if protected.is_err() {
            REFUSED.store(true, Ordering::Relaxed);
        }
        Self {
            start: start.cast(),
            length,
        }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: whoever had a part of it has dropped that, for a block is given up only when none
        // of its slots is taken, and a mapping of one secret with that secret.
        let unmapped = unsafe { munmap(self.start.as_ptr().cast(), self.length) };
        debug_assert!(unmapped.is_ok(), "an own mapping could not be given back");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_every_length_keep_their_bytes_beside_each_other_and_leave_none_behind() {
        let lengths = [0, 1, 63, 64, 65, 511, 4095, 4096, 4097, 65_535];
        let threads = (0..4_u8).map(|thread| {
            std::thread::spawn(move || {
                for round in 0..50_u8 {
                    let mark = 1 + thread * 50 + round;
                    let mut held: Vec<Locked> = Vec::new();
                    for length in lengths {
                        let mut one = Locked::zeroed(length);
                        assert!(one.bytes().iter().all(|byte| *byte == 0), "not wiped");
                        one.bytes_mut().fill(mark);
                        held.push(one);
                    }
                    held.swap_remove(usize::from(round) % held.len());
                    for one in &held {
                        assert!(one.bytes().iter().all(|byte| *byte == mark), "overwritten");
                    }
                }
            })
        });
        for thread in threads.collect::<Vec<_>>() {
            thread.join().unwrap();
        }
        assert!(
            blocks()
                .iter()
                .filter(|block| block.slots.are_free())
                .count()
                <= 1
        );
    }
}
