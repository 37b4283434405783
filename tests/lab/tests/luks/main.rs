//! The disk store on real LUKS2 headers: files in devices, since a header is all that it needs.
#![expect(clippy::unwrap_used, reason = "a test")]

mod death;
mod disk;
mod store;
mod support;
mod traps;

const OLD: &[u8] = b"the old password";
const NEW: &[u8] = b"the new password";
const NEXT: &[u8] = b"the next password";
const WRONG: &[u8] = b"not the password";
