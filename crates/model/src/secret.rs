//! The one type that may hold a password or a key.

use std::fmt;

use lockstep_memory::Locked;
use zeroize::Zeroize as _;

/// Bytes that must not be printed, compared, copied by accident, swapped, dumped, or left in
/// memory: they lie in [locked memory](lockstep_memory).
///
/// There is no `Clone`, no `PartialEq` and no serialisation on purpose: a copy is made with
/// [`Secret::duplicate`], which shows in review, and the bytes are reached with
/// [`Secret::expose`], which does too.
pub struct Secret(Locked);

impl Secret {
    /// Takes the bytes over, and wipes the buffer that they came in.
    #[must_use]
    pub fn new(mut bytes: Vec<u8>) -> Self {
        let secret = Self::copy_of(&bytes);
        bytes.zeroize();
        secret
    }

    /// Copies the bytes.
    #[must_use]
    pub fn copy_of(bytes: &[u8]) -> Self {
        let mut secret = Self::zeroed(bytes.len());
        secret.expose_mut().copy_from_slice(bytes);
        secret
    }

    /// Room for a secret that is yet to be read, so that it never lies anywhere else.
    #[must_use]
    pub fn zeroed(length: usize) -> Self {
        Self(Locked::zeroed(length))
    }

    /// The bytes; keep the borrow short and copy nothing out of it.
    #[must_use]
    pub const fn expose(&self) -> &[u8] {
        self.0.bytes()
    }

    /// The bytes, to be filled by whoever reads them from a socket; their number stays.
    pub const fn expose_mut(&mut self) -> &mut [u8] {
        self.0.bytes_mut()
    }

    /// A second copy, with a life of its own.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self::copy_of(self.expose())
    }

    /// Whether there are no bytes at all: the person left the field blank.
    #[must_use]
    pub const fn is_blank(&self) -> bool {
        self.expose().is_empty()
    }

    /// Whether both hold the same bytes, without ending early at the first difference.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        let (own, other) = (self.expose(), other.expose());
        own.len() == other.len()
            && own
                .iter()
                .zip(other)
                .fold(0_u8, |sum, (a, b)| sum | (a ^ b))
                == 0
    }
}

/// Overwrites what calls that have returned left on this thread's stack.
///
/// A secret's bytes pass through the processor's registers when they are copied, and whatever saves
/// these saves them on the stack: the dynamic linker, when libc calls one of its own functions for
/// the first time (`_dl_runtime_resolve`), a signal's frame, the compiler. Call it where nothing
/// holds a secret any more, no deeper than where secrets were used.
#[inline(never)]
pub fn wipe_stack() {
    const ROOM: usize = if cfg!(debug_assertions) { 256 } else { 64 } * 1024;
    let mut room = [0_u8; ROOM];
    room.zeroize();
    std::hint::black_box(&room);
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Default for Secret {
    fn default() -> Self {
        Self::zeroed(0)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text.into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printing_shows_nothing() {
        let secret = Secret::copy_of(b"canary");
        assert_eq!(format!("{secret:?}"), "Secret(..)");
    }

    #[test]
    fn same_as_compares_bytes_and_length() {
        let left = Secret::copy_of(b"abc");
        assert!(left.same_as(&Secret::copy_of(b"abc")));
        assert!(!left.same_as(&Secret::copy_of(b"abd")));
        assert!(!left.same_as(&Secret::copy_of(b"ab")));
    }
}
