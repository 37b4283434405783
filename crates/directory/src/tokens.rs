//! One-time tokens and session tokens: 256 random bits, stored only as their hash.

use lockstep_protocol::Bytes;
use rand::RngCore as _;
use sha2::{Digest as _, Sha256};

/// Draws a token; the text goes out once and is never stored.
pub(crate) fn fresh() -> String {
    let mut bytes = vec![0_u8; 32];
    rand::rngs::OsRng.fill_bytes(&mut bytes);
    Bytes(bytes).encode()
}

/// What is stored of a token. It has full entropy, so a plain hash hides it.
pub(crate) fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}
