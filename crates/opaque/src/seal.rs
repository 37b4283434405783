//! Sealing with a key made from secrets: XChaCha20-Poly1305 under HKDF-SHA-512 (RFC 5869).

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use lockstep_model::Secret;
use rand::RngCore as _;
use sha2::Sha512;
use zeroize::Zeroizing;

const NONCE: usize = 24;
const TAG: usize = 16;

/// How much longer than its text a sealed one is.
pub const OVERHEAD: usize = NONCE + TAG;

/// A 256-bit key for one use, named by the `info` that it was derived with.
pub struct SealingKey(Zeroizing<[u8; 32]>);

/// A sealed text doesn't open: altered, cut, foreign, or another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sealed text does not open")]
pub struct Unopened;

impl SealingKey {
    /// Derives a key from key material; `info` names what it is for and to whom it belongs.
    #[must_use]
    pub fn derive(material: &[&Secret], info: &[u8]) -> Self {
        let (_, hkdf) = {
            let mut extract = hkdf::HkdfExtract::<Sha512>::new(None);
            for part in material {
                extract.input_ikm(part.expose());
            }
            extract.finalize()
        };
        let mut key = Zeroizing::new([0_u8; 32]);
        expand(&hkdf, info, key.as_mut());
        Self(key)
    }

    /// Seals; `named` is authenticated with the text. The nonce is random and stands in front.
    ///
    /// # Errors
    ///
    /// [`Unopened`] only for texts beyond the cipher's 256 GiB.
    pub fn seal(&self, text: &Secret, named: &[u8]) -> Result<Vec<u8>, Unopened> {
        let mut nonce = [0_u8; NONCE];
        rand::rngs::OsRng.fill_bytes(&mut nonce);
        let payload = Payload {
            msg: text.expose(),
            aad: named,
        };
        let sealed = self
            .cipher()
            .encrypt(XNonce::from_slice(&nonce), payload)
            .map_err(|_| Unopened)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what [`SealingKey::seal`] made.
    ///
    /// # Errors
    ///
    /// [`Unopened`].
    pub fn open(&self, sealed: &[u8], named: &[u8]) -> Result<Secret, Unopened> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE).ok_or(Unopened)?;
        let payload = Payload {
            msg: sealed,
            aad: named,
        };
        self.cipher()
            .decrypt(XNonce::from_slice(nonce), payload)
            .map(Secret::new)
            .map_err(|_| Unopened)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(Key::from_slice(self.0.as_ref()))
    }
}

/// A key of `length` bytes for anything else, from the same material.
#[must_use]
pub fn derive_bytes(material: &Secret, info: &[u8], length: usize) -> Secret {
    let mut bytes = vec![0_u8; length];
    expand(
        &Hkdf::<Sha512>::new(None, material.expose()),
        info,
        &mut bytes,
    );
    Secret::new(bytes)
}

/// HKDF-Expand fails only beyond 255 hash lengths, which no caller here comes near.
fn expand(hkdf: &Hkdf<Sha512>, info: &[u8], into: &mut [u8]) {
    let fits = hkdf.expand(info, into).is_ok();
    debug_assert!(fits, "more than 255 hash lengths asked of HKDF");
}

/// The shares of a proof, sealed for the one device that made the proof.
pub mod shares {
    use lockstep_model::{EnvelopeId, Secret};

    use super::{SealingKey, Unopened};
    use crate::SessionKey;

    /// Bytes of one share.
    pub const SHARE: usize = 32;
    const ID: usize = 16;
    const INFO: &[u8] = b"lockstep shares 1";

    /// Seals shares under a proof's session key.
    ///
    /// # Errors
    ///
    /// [`Unopened`] never within the cipher's limits.
    pub fn seal(
        session_key: &SessionKey,
        shares: &[(EnvelopeId, Secret)],
        context: &[u8],
    ) -> Result<Vec<u8>, Unopened> {
        let mut text = Vec::with_capacity(shares.len() * (ID + SHARE));
        for (id, share) in shares {
            text.extend_from_slice(id.0.as_bytes());
            text.extend_from_slice(share.expose());
        }
        let text = Secret::new(text);
        SealingKey::derive(&[session_key.secret()], INFO).seal(&text, context)
    }

    /// Opens what the directory sealed.
    ///
    /// # Errors
    ///
    /// [`Unopened`].
    pub fn open(
        session_key: &SessionKey,
        sealed: &[u8],
        context: &[u8],
    ) -> Result<Vec<(EnvelopeId, Secret)>, Unopened> {
        let text = SealingKey::derive(&[session_key.secret()], INFO).open(sealed, context)?;
        let entries = text.expose().chunks_exact(ID + SHARE);
        if !entries.remainder().is_empty() {
            return Err(Unopened);
        }
        entries
            .map(|entry| {
                let (id, share) = entry.split_at(ID);
                let id: [u8; ID] = id.try_into().map_err(|_| Unopened)?;
                Ok((
                    EnvelopeId(uuid::Uuid::from_bytes(id)),
                    Secret::copy_of(share),
                ))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use lockstep_model::EnvelopeId;

    use super::*;
    use crate::SessionKey;

    fn secret(mark: u8) -> Secret {
        Secret::new(vec![mark; 32])
    }

    #[test]
    fn a_thief_of_a_sealed_text_opens_it_with_no_other_name_info_or_material() {
        let key = SealingKey::derive(&[&secret(1), &secret(2)], b"info");
        let sealed = key.seal(&secret(9), b"name").unwrap();
        assert!(key.open(&sealed, b"name").unwrap().same_as(&secret(9)));
        for name in ["", "nam", "name2", "Name"] {
            assert_eq!(key.open(&sealed, name.as_bytes()).err(), Some(Unopened));
        }
        let others = [
            SealingKey::derive(&[&secret(1), &secret(2)], b"inf"),
            SealingKey::derive(&[&secret(1), &secret(2)], b""),
            SealingKey::derive(&[&secret(2), &secret(1)], b"info"),
            SealingKey::derive(&[&secret(1)], b"info"),
            SealingKey::derive(&[], b"info"),
        ];
        for other in others {
            assert_eq!(other.open(&sealed, b"name").err(), Some(Unopened));
        }
    }

    #[test]
    fn a_go_between_neither_cuts_nor_alters_a_sealed_text_and_no_two_are_alike() {
        let key = SealingKey::derive(&[&secret(1)], b"info");
        let sealed = key.seal(&secret(9), b"name").unwrap();
        assert_ne!(key.seal(&secret(9), b"name").unwrap(), sealed);
        for at in 0..sealed.len() {
            assert_eq!(key.open(&sealed[..at], b"name").err(), Some(Unopened));
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert_eq!(key.open(&altered, b"name").err(), Some(Unopened));
        }
    }

    #[test]
    fn keys_for_other_uses_differ() {
        let one = derive_bytes(&secret(1), b"one", 32);
        assert!(one.same_as(&derive_bytes(&secret(1), b"one", 32)));
        assert!(!one.same_as(&derive_bytes(&secret(1), b"two", 32)));
        assert!(!one.same_as(&derive_bytes(&secret(2), b"one", 32)));
    }

    #[test]
    fn another_computer_opens_no_shares_with_another_context_or_session_key() {
        let ids = [EnvelopeId::fresh(), EnvelopeId::fresh()];
        let sent = [(ids[0], secret(3)), (ids[1], secret(4))];
        let sealed = shares::seal(&SessionKey(secret(1)), &sent, b"context").unwrap();
        let opened = shares::open(&SessionKey(secret(1)), &sealed, b"context").unwrap();
        assert_eq!(opened.len(), sent.len());
        for (opened, sent) in opened.iter().zip(&sent) {
            assert_eq!(opened.0, sent.0);
            assert!(opened.1.same_as(&sent.1));
        }
        for (key, context) in [(1, "context2"), (1, ""), (2, "context")] {
            let opened = shares::open(&SessionKey(secret(key)), &sealed, context.as_bytes());
            assert_eq!(opened.err(), Some(Unopened), "{key} {context}");
        }
    }

    #[test]
    fn a_broken_directory_hands_out_no_half_shares() {
        let key = SealingKey::derive(&[&secret(1)], b"lockstep shares 1");
        for length in 0..=3 * 48 {
            let sealed = key.seal(&Secret::new(vec![7; length]), b"context").unwrap();
            let opened = shares::open(&SessionKey(secret(1)), &sealed, b"context");
            let count = opened.map(|shares| shares.len()).ok();
            assert_eq!(count, (length % 48 == 0).then_some(length / 48), "{length}");
        }
    }
}
