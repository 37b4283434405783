//! The enrolment string: all that a new computer needs to trust one directory and no other.
//!
//! `lockstep1.<payload>.<check>`: base64url of the JSON of [`EnrolmentString`], and a sum over it,
//! so that a half-copied line is told from a wrong one. It holds a one-time token: it is handed over on standard input, never in an argument.

use serde::{Deserialize, Serialize};

use crate::{Bytes, Token};

const PREFIX: &str = "lockstep1.";

/// The most characters that an enrolment string may have.
pub const MAX_LENGTH: usize = 8 * 1024;

/// What an enrolment string says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolmentString {
    /// The directory's public address: `https://host[:port]`.
    pub url: String,
    /// The realm.
    pub realm: String,
    /// The realm's signing key (SEC1, ECDSA P-256), which vouches for OPAQUE keys.
    pub realm_key: Bytes,
    /// The only certificate authority to accept (DER), or none for the system's.
    pub ca: Option<Bytes>,
    /// The limited, expiring token.
    pub token: Token,
}

/// Why a string is no enrolment string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnrolmentFault {
    /// It doesn't begin with `lockstep1.`.
    #[error("it doesn't begin with `lockstep1.`")]
    Prefix,
    /// It is longer than [`MAX_LENGTH`].
    #[error("it is too long")]
    Length,
    /// Its sum is wrong: a part is missing or altered.
    #[error("a part of it is missing or altered")]
    Check,
    /// It is whole, but says nothing this version knows.
    #[error("this version of Lockstep can't read it")]
    Content,
}

impl EnrolmentString {
    /// Writes the string.
    #[must_use]
    pub fn encode(&self) -> String {
        // Plain data of strings and bytes always has a JSON form.
        let payload = Bytes(serde_json::to_vec(self).unwrap_or_default()).encode();
        let check = check(&payload);
        format!("{PREFIX}{payload}.{check}")
    }

    /// Reads a string, with any white space around it.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in the order in which it is found.
    pub fn decode(text: &str) -> Result<Self, EnrolmentFault> {
        if text.len() > MAX_LENGTH {
            return Err(EnrolmentFault::Length);
        }
        let rest = text
            .trim()
            .strip_prefix(PREFIX)
            .ok_or(EnrolmentFault::Prefix)?;
        let (payload, sum) = rest.rsplit_once('.').ok_or(EnrolmentFault::Check)?;
        if check(payload) != sum {
            return Err(EnrolmentFault::Check);
        }
        let bytes = Bytes::decode(payload).map_err(|_| EnrolmentFault::Content)?;
        let said: Self =
            serde_json::from_slice(bytes.as_slice()).map_err(|_| EnrolmentFault::Content)?;
        if said.url.starts_with("https://") {
            Ok(said)
        } else {
            Err(EnrolmentFault::Content)
        }
    }
}

/// FNV-1a, 32 bits: against slips of the hand, not against forgery (the token is what counts).
fn check(payload: &str) -> String {
    let sum = payload.bytes().fold(0x811c_9dc5_u32, |sum, byte| {
        (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    format!("{sum:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> EnrolmentString {
        EnrolmentString {
            url: "https://localhost:8443".into(),
            realm: "acme".into(),
            realm_key: Bytes(vec![4; 65]),
            ca: Some(Bytes(vec![48; 300])),
            token: Token("abc".into()),
        }
    }

    #[test]
    fn reads_what_it_writes() {
        let text = format!("  {}\n", sample().encode());
        assert!(EnrolmentString::decode(&text) == Ok(sample()));
    }

    #[test]
    fn every_missing_piece_is_noticed() {
        let text = sample().encode();
        for length in 0..text.len() {
            assert!(
                EnrolmentString::decode(&text[..length]).is_err(),
                "{length}"
            );
        }
        assert_eq!(
            EnrolmentString::decode(&text.replace("lockstep1", "lockstep2")).err(),
            Some(EnrolmentFault::Prefix)
        );
        assert_eq!(
            EnrolmentString::decode(&"x".repeat(MAX_LENGTH + 1)).err(),
            Some(EnrolmentFault::Length)
        );
    }

    #[test]
    fn a_plain_http_directory_is_refused() {
        let plain = EnrolmentString {
            url: "http://localhost".into(),
            ..sample()
        };
        assert_eq!(
            EnrolmentString::decode(&plain.encode()).err(),
            Some(EnrolmentFault::Content)
        );
    }
}
