//! The cipher that secrets cross a bus in.
//!
//! Source: Secret Service API, "Transfer of Secrets", algorithm
//! `dh-ietf1024-sha256-aes128-cbc-pkcs7`: Diffie-Hellman over the second Oakley group (RFC 2409,
//! 6.2), HKDF-SHA256 without salt and info, AES-128-CBC with PKCS #7. It is as good as the API has,
//! and keeps secrets out of buffers that nobody wipes; whoever owns the session can read them anyway.

use aes::Aes128;
use aes::cipher::{
    BlockDecryptMut as _, BlockEncryptMut as _, KeyIvInit as _, block_padding::Pkcs7,
};
use crypto_bigint::modular::runtime_mod::{DynResidue, DynResidueParams};
use crypto_bigint::{Encoding as _, U1024};
use hkdf::Hkdf;
use lockstep_model::Secret;
use rand::RngCore as _;
use rand::rngs::OsRng;
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

/// The name of this algorithm.
pub(crate) const ALGORITHM: &str = "dh-ietf1024-sha256-aes128-cbc-pkcs7";

const PRIME: U1024 = U1024::from_be_hex(
    "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74\
     020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437\
     4fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed\
     ee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381ffffffffffffffff",
);

const BLOCK: usize = 16;

/// Our half of an agreement.
pub(crate) struct Offer {
    private: U1024,
    pub(crate) public: Vec<u8>,
}

/// What both ends of a session know.
pub(crate) struct Key(Zeroizing<[u8; BLOCK]>);

impl Offer {
    /// Draws one.
    pub(crate) fn draw() -> Self {
        let mut bytes = Zeroizing::new([0; U1024::BYTES]);
        OsRng.fill_bytes(bytes.as_mut());
        let private = U1024::from_be_slice(bytes.as_ref());
        Self {
            public: power(&U1024::from_u8(2), &private).to_be_bytes().to_vec(),
            private,
        }
    }

    /// Agrees with the other end; `None` where its half is none.
    pub(crate) fn agree(&self, theirs: &[u8]) -> Option<Key> {
        let first = theirs.iter().position(|byte| *byte != 0)?;
        let theirs = &theirs[first..];
        let mut bytes = [0; U1024::BYTES];
        bytes
            .get_mut(U1024::BYTES.checked_sub(theirs.len())?..)?
            .copy_from_slice(theirs);
        let theirs = U1024::from_be_slice(&bytes);
        // One and its negative leave no secret to agree on.
        if theirs <= U1024::ONE || theirs >= PRIME.wrapping_sub(&U1024::ONE) {
            return None;
        }
        let mut common = power(&theirs, &self.private);
        let bytes = Zeroizing::new(common.to_be_bytes());
        common.zeroize();
        let mut key = Zeroizing::new([0; BLOCK]);
        Hkdf::<Sha256>::new(None, bytes.as_ref())
            .expand(&[], key.as_mut())
            .ok()?;
        Some(Key(key))
    }
}

impl Drop for Offer {
    fn drop(&mut self) {
        self.private.zeroize();
    }
}

impl Key {
    /// Enciphers a secret; gives the initialisation vector, too.
    pub(crate) fn seal(&self, secret: &Secret) -> Option<(Vec<u8>, Vec<u8>)> {
        let mut vector = [0; BLOCK];
        OsRng.fill_bytes(&mut vector);
        let length = secret.expose().len();
        let mut room = Zeroizing::new(vec![0; length + BLOCK]);
        room[..length].copy_from_slice(secret.expose());
        let cipher = cbc::Encryptor::<Aes128>::new((&*self.0).into(), (&vector).into());
        let sealed = cipher.encrypt_padded_mut::<Pkcs7>(&mut room, length).ok()?;
        Some((vector.to_vec(), sealed.to_vec()))
    }

    /// Deciphers one; `None` where it wasn't enciphered so.
    pub(crate) fn open(&self, vector: &[u8], sealed: Vec<u8>) -> Option<Secret> {
        let vector: [u8; BLOCK] = vector.try_into().ok()?;
        let mut room = Zeroizing::new(sealed);
        let cipher = cbc::Decryptor::<Aes128>::new((&*self.0).into(), (&vector).into());
        let opened = cipher.decrypt_padded_mut::<Pkcs7>(&mut room).ok()?;
        Some(Secret::copy_of(opened))
    }
}

fn power(base: &U1024, exponent: &U1024) -> U1024 {
    DynResidue::new(base, DynResidueParams::new(&PRIME))
        .pow(exponent)
        .retrieve()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_come_to_the_same_key() {
        let (one, other) = (Offer::draw(), Offer::draw());
        let ours = one.agree(&other.public).unwrap();
        let theirs = other.agree(&one.public).unwrap();
        for secret in [&b""[..], b"\0\xff", &[7; 16], &[9; 1000]] {
            let (vector, sealed) = ours.seal(&Secret::copy_of(secret)).unwrap();
            assert!(!sealed.windows(4).any(|four| secret.starts_with(four)));
            let opened = theirs.open(&vector, sealed).unwrap();
            assert_eq!(opened.expose(), secret);
        }
        let stranger = Offer::draw().agree(&one.public).unwrap();
        let (vector, sealed) = ours.seal(&Secret::copy_of(&[5; 64])).unwrap();
        let opened = stranger.open(&vector, sealed);
        assert!(opened.is_none_or(|it| it.expose() != [5; 64]));
    }

    #[test]
    fn halves_that_leave_no_secret_are_refused() {
        let offer = Offer::draw();
        let below = PRIME.wrapping_sub(&U1024::ONE).to_be_bytes();
        for bad in [
            &[][..],
            &[0; 128],
            &[1],
            &below,
            &PRIME.to_be_bytes(),
            &[2; 129],
        ] {
            assert!(offer.agree(bad).is_none(), "{bad:?}");
        }
        // A half is a number: zeros in front are none of its business.
        let mut long = vec![0; 40];
        long.extend_from_slice(&Offer::draw().public);
        assert!(offer.agree(&long).is_some());
    }

    #[test]
    fn what_was_not_enciphered_does_not_open() {
        let offer = Offer::draw();
        let key = offer.agree(&Offer::draw().public).unwrap();
        for (vector, sealed) in [(0, 16), (15, 16), (16, 0), (16, 15)] {
            assert!(key.open(&vec![0; vector], vec![0; sealed]).is_none());
        }
    }
}
