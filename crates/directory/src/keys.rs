//! The key file: every long-term key of the directory, and nothing else.
//!
//! It is kept apart from the database on purpose: the database alone lets nobody guess a password
//! or open a share. It belongs into the backup, elsewhere than the database's: without it every
//! password in the organisation is gone.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use hmac::{Hmac, Mac as _};
use lockstep_model::{FactorId, PersonId, Secret};
use lockstep_opaque::seal::{SealingKey, derive_bytes};
use lockstep_opaque::server::{ServerFault, ServerKeys};
use lockstep_protocol::Bytes;
use lockstep_protocol::api::Vouch;
use lockstep_protocol::order::{ResetOrder, SignedOrder};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use rand::RngCore as _;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The keys, ready for use.
pub struct Keys {
    /// OPAQUE's long-term keys.
    pub opaque: ServerKeys,
    realm: SigningKey,
    master: Secret,
    /// Made once: every computer is told it with all of its news.
    vouched: OnceLock<(String, Vouch)>,
}

/// Why a key file is of no use.
#[derive(Debug, thiserror::Error)]
pub enum KeyFault {
    /// The file is not there.
    #[error(
        "the key file {0} is missing. Without it no password can be proved and no share opened. \
         Nothing was changed: put the key file back from your backup; a new one would not do \
         (docs/running.md, \"When the key file is lost\")"
    )]
    Missing(PathBuf),
    /// The file can't be read or written.
    #[error("the key file can't be read or written")]
    File(#[from] std::io::Error),
    /// The keys are another database's.
    #[error(
        "directory.key is not the key file of this database. Nothing was changed: put back the key \
         file that was used with it (docs/running.md, \"When the key file is lost\")"
    )]
    Foreign,
    /// The file isn't a key file of a known version.
    #[error("the key file is malformed or from a newer version")]
    Malformed,
    /// An OPAQUE key is malformed.
    #[error("the OPAQUE keys are malformed")]
    Opaque(#[from] ServerFault),
}

const VERSION: u16 = 1;

/// The file's form. The bytes are secret, hence no `Debug`.
#[derive(Serialize, Deserialize)]
struct KeyFile {
    version: u16,
    opaque: Zeroizing<String>,
    realm: Zeroizing<String>,
    master: Zeroizing<String>,
}

impl Keys {
    /// Draws new keys.
    ///
    /// # Errors
    ///
    /// [`KeyFault::Opaque`].
    pub fn fresh() -> Result<Self, KeyFault> {
        let mut master = vec![0_u8; 32];
        rand::rngs::OsRng.fill_bytes(&mut master);
        Ok(Self {
            opaque: ServerKeys::fresh()?,
            realm: SigningKey::random(&mut rand::rngs::OsRng),
            master: Secret::new(master),
            vouched: OnceLock::new(),
        })
    }

    /// Writes the keys into a new file that only its owner reads.
    ///
    /// # Errors
    ///
    /// [`KeyFault::File`], also when the file is there already: a key file is never overwritten.
    pub fn save(&self, path: &Path) -> Result<(), KeyFault> {
        let text = |bytes: &[u8]| Zeroizing::new(Bytes(bytes.to_vec()).encode());
        let file = KeyFile {
            version: VERSION,
            opaque: text(self.opaque.to_secret().expose()),
            realm: text(Zeroizing::new(self.realm.to_bytes()).as_slice()),
            master: text(self.master.expose()),
        };
        let written = Zeroizing::new(toml::to_string(&file).map_err(|_| KeyFault::Malformed)?);
        let mut out = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        out.write_all(written.as_bytes())?;
        Ok(out.sync_all()?)
    }

    /// Reads a key file.
    ///
    /// # Errors
    ///
    /// [`KeyFault`].
    pub fn load(path: &Path) -> Result<Self, KeyFault> {
        let text = std::fs::read_to_string(path).map_err(|fault| {
            if fault.kind() == std::io::ErrorKind::NotFound {
                KeyFault::Missing(path.to_owned())
            } else {
                KeyFault::File(fault)
            }
        });
        let text = Zeroizing::new(text?);
        let file: KeyFile = toml::from_str(&text).map_err(|_| KeyFault::Malformed)?;
        if file.version != VERSION {
            return Err(KeyFault::Malformed);
        }
        let bytes = |text: &str| {
            Bytes::decode(text)
                .map(|bytes| Secret::new(bytes.0))
                .map_err(|_| KeyFault::Malformed)
        };
        let realm = bytes(&file.realm)?;
        Ok(Self {
            opaque: ServerKeys::from_secret(&bytes(&file.opaque)?)?,
            realm: SigningKey::from_slice(realm.expose()).map_err(|_| KeyFault::Malformed)?,
            master: bytes(&file.master)?,
            vouched: OnceLock::new(),
        })
    }

    /// The realm's public key (SEC1), which devices pin.
    #[must_use]
    pub fn realm_key(&self) -> Bytes {
        Bytes(
            self.realm
                .verifying_key()
                .to_encoded_point(false)
                .as_bytes()
                .to_vec(),
        )
    }

    /// Vouches for the OPAQUE key in the realm's name.
    #[must_use]
    pub fn vouch(&self, realm: &str) -> Vouch {
        let make = || (realm.to_owned(), self.sign_vouch(realm));
        let (of, vouch) = self.vouched.get_or_init(make);
        if of == realm {
            vouch.clone()
        } else {
            self.sign_vouch(realm)
        }
    }

    fn sign_vouch(&self, realm: &str) -> Vouch {
        let opaque_key = Bytes(self.opaque.public_key());
        let signature: Signature = self.realm.sign(&Vouch::signed_text(realm, &opaque_key));
        Vouch {
            opaque_key,
            signature: Bytes(signature.to_bytes().to_vec()),
        }
    }

    /// Signs a reset order in the realm's name.
    #[must_use]
    pub fn order(&self, order: &ResetOrder) -> SignedOrder {
        order.sign(&self.realm)
    }

    /// The key that seals shares in the database.
    #[must_use]
    pub fn share_key(&self) -> SealingKey {
        SealingKey::derive(&[&self.master], b"lockstep directory shares 1")
    }

    /// The key that seals the secrets of second factors in the database.
    #[must_use]
    pub fn factor_key(&self) -> SealingKey {
        SealingKey::derive(&[&self.master], b"lockstep directory factors 1")
    }

    /// Tells these keys, all of them, from any others in one realm; gives none of them away.
    #[must_use]
    pub fn check(&self, realm: &str) -> Vec<u8> {
        let key = derive_bytes(&self.master, b"lockstep directory key check 1", 32);
        let (opaque, realm_key) = (self.opaque.public_key(), self.realm_key());
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<sha2::Sha256>::new_from_slice(key.expose()) else {
            return Vec::new();
        };
        for part in [realm.as_bytes(), &opaque, realm_key.as_slice()] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().to_vec()
    }

    /// Whether these keys made a sealed share.
    #[must_use]
    pub fn made_share(&self, envelope: &str, sealed: &[u8]) -> bool {
        self.share_key().open(sealed, &share_name(envelope)).is_ok()
    }

    /// An id for a name that nobody has: always the same, and not to be told from a real one.
    #[must_use]
    pub fn pseudo_person(&self, user_name: &str) -> PersonId {
        let key = derive_bytes(&self.master, b"lockstep directory pseudo people 1", 32);
        let mut bytes = [0_u8; 16];
        // HMAC takes keys of any length.
        if let Ok(mut mac) = Hmac::<sha2::Sha256>::new_from_slice(key.expose()) {
            mac.update(user_name.as_bytes());
            bytes.copy_from_slice(&mac.finalize().into_bytes()[..16]);
        }
        PersonId(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }
}

/// What the secret of a factor is sealed for: nobody's passes for another's.
pub(crate) fn factor_name(person: PersonId, factor: FactorId) -> Vec<u8> {
    format!("lockstep factor|{person}|{factor}").into_bytes()
}

/// What the share of an envelope is sealed for.
pub(crate) fn share_name(envelope: &str) -> Vec<u8> {
    format!("lockstep share|{envelope}").into_bytes()
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::signature::Verifier as _;

    use super::*;

    #[test]
    fn a_key_file_reads_back_and_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("directory.key");
        let keys = Keys::fresh().unwrap();
        keys.save(&path).unwrap();
        let back = Keys::load(&path).unwrap();
        assert_eq!(back.realm_key(), keys.realm_key());
        assert_eq!(back.opaque.public_key(), keys.opaque.public_key());
        assert_eq!(back.pseudo_person("nobody"), keys.pseudo_person("nobody"));
        assert_eq!(back.check("realm"), keys.check("realm"));
        assert_ne!(back.check("realm"), keys.check("another"));
        assert_ne!(keys.check("realm"), Keys::fresh().unwrap().check("realm"));
        assert!(matches!(keys.save(&path), Err(KeyFault::File(_))));
    }

    #[test]
    fn each_realm_is_vouched_for_by_a_signature_of_its_own() {
        let keys = Keys::fresh().unwrap();
        for realm in ["one", "another", "one"] {
            let Vouch {
                opaque_key,
                signature,
            } = keys.vouch(realm);
            let signature = Signature::from_slice(signature.as_slice()).unwrap();
            let text = Vouch::signed_text(realm, &opaque_key);
            let key = keys.realm.verifying_key();
            assert!(key.verify(&text, &signature).is_ok(), "{realm}");
        }
    }

    #[test]
    fn pseudo_people_look_like_people() {
        let id = Keys::fresh().unwrap().pseudo_person("nobody").0;
        assert_eq!(id.get_version_num(), 4);
        assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
    }
}
