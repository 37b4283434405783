//! Who this device is and which directory it belongs to.

use std::path::{Path, PathBuf};

use lockstep_client::DeviceKey;
use lockstep_client::transport::Trust;
use lockstep_model::{DeviceId, Secret};
use lockstep_opaque::envelope::FileSecret;
use lockstep_protocol::Bytes;
use lockstep_protocol::api::{Organisation, Vouch};
use lockstep_protocol::enrolment::EnrolmentString;
use p256::ecdsa::SigningKey;
use rand::RngCore as _;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::machine::Machine;
use super::{KeepFault, read, read_up_to, write};

const VERSION: u16 = 1;

/// The device's identity, in use.
pub(crate) struct Identity {
    /// The directory's public address.
    pub(crate) url: String,
    /// The realm.
    pub(crate) realm: String,
    /// The realm's signing key, pinned.
    pub(crate) realm_key: Vec<u8>,
    /// The authority, pinned.
    pub(crate) ca: Option<Vec<u8>>,
    /// The device.
    pub(crate) device: DeviceId,
    /// Its key, with its id.
    pub(crate) key: DeviceKey,
    /// Its half of every envelope key.
    pub(crate) secret: FileSecret,
    /// The machine that was enrolled.
    pub(crate) machine: Machine,
}

/// The file's form. It holds secrets, hence no `Debug`.
#[derive(Serialize, Deserialize)]
struct IdentityFile {
    version: u16,
    url: String,
    realm: String,
    realm_key: Bytes,
    ca: Option<Bytes>,
    device: DeviceId,
    key: Zeroizing<String>,
    secret: Zeroizing<String>,
    #[serde(default)]
    machine: Machine,
}

/// What the directory said last of itself; kept so that a start without network has words.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DirectoryWords {
    /// Words and rules.
    pub(crate) organisation: Organisation,
    /// The OPAQUE key, vouched for.
    pub(crate) vouch: Vouch,
    /// For how many days the sealed copy of a former password is kept.
    #[serde(default)]
    pub(crate) keep_former_days: u16,
}

/// The form of the file that the words are kept in.
#[derive(Serialize, Deserialize)]
struct WordsFile<T> {
    #[serde(default)]
    version: u16,
    #[serde(flatten)]
    words: T,
}

impl Identity {
    /// A new identity for what an enrolment string says; the device's id follows from enrolling.
    pub(crate) fn new(
        said: &EnrolmentString,
        key: SigningKey,
        device: DeviceId,
        machine: Machine,
    ) -> Self {
        let mut secret = vec![0_u8; 32];
        rand::rngs::OsRng.fill_bytes(&mut secret);
        Self {
            url: said.url.clone(),
            realm: said.realm.clone(),
            realm_key: said.realm_key.0.clone(),
            ca: said.ca.clone().map(|ca| ca.0),
            device,
            key: DeviceKey {
                key,
                device: Some(device),
            },
            secret: FileSecret(Secret::new(secret)),
            machine,
        }
    }

    /// Reads the identity; none if this device isn't enrolled.
    pub(crate) fn load(state: &Path) -> Result<Option<Self>, KeepFault> {
        let Some(file) = read_up_to::<IdentityFile>(&path(state), VERSION)? else {
            return Ok(None);
        };
        let bytes = |text: &str| {
            Bytes::decode(text)
                .map(|bytes| Secret::new(bytes.0))
                .map_err(|_| KeepFault::Content)
        };
        let key = SigningKey::from_slice(bytes(&file.key)?.expose());
        Ok(Some(Self {
            url: file.url,
            realm: file.realm,
            realm_key: file.realm_key.0,
            ca: file.ca.map(|ca| ca.0),
            device: file.device,
            key: DeviceKey {
                key: key.map_err(|_| KeepFault::Content)?,
                device: Some(file.device),
            },
            secret: FileSecret(bytes(&file.secret)?),
            machine: file.machine,
        }))
    }

    /// Writes the identity.
    pub(crate) fn save(&self, state: &Path) -> Result<(), KeepFault> {
        let text = |bytes: &[u8]| Zeroizing::new(lockstep_protocol::bytes::encode(bytes));
        let file = IdentityFile {
            version: VERSION,
            url: self.url.clone(),
            realm: self.realm.clone(),
            realm_key: Bytes(self.realm_key.clone()),
            ca: self.ca.clone().map(Bytes),
            device: self.device,
            key: text(Zeroizing::new(self.key.key.to_bytes()).as_slice()),
            secret: text(self.secret.0.expose()),
            machine: self.machine.clone(),
        };
        write(&path(state), &file)
    }

    /// Which authorities are believed.
    pub(crate) fn trust(&self) -> Trust {
        self.ca.clone().map_or(Trust::System, Trust::Pinned)
    }
}

impl DirectoryWords {
    /// Reads the words.
    pub(crate) fn load(state: &Path) -> Result<Option<Self>, KeepFault> {
        let file = read_up_to::<WordsFile<Self>>(&words_path(state), VERSION)?;
        Ok(file.map(|file| file.words))
    }

    /// Writes the words.
    pub(crate) fn save(&self, state: &Path) -> Result<(), KeepFault> {
        let file = WordsFile {
            version: VERSION,
            words: self,
        };
        write(&words_path(state), &file)
    }
}

/// The key for an enrolment that is under way: the one that was drawn before, or a new one.
pub(crate) fn drawn_key(state: &Path) -> Result<SigningKey, KeepFault> {
    let path = drawn_path(state);
    if let Some(kept) = read::<Zeroizing<String>>(&path)? {
        let bytes = Secret::new(Bytes::decode(&kept).map_err(|_| KeepFault::Content)?.0);
        return SigningKey::from_slice(bytes.expose()).map_err(|_| KeepFault::Content);
    }
    let key = SigningKey::random(&mut rand::rngs::OsRng);
    let bytes = Zeroizing::new(key.to_bytes());
    write(
        &path,
        &Zeroizing::new(lockstep_protocol::bytes::encode(&bytes)),
    )?;
    Ok(key)
}

/// Erases the identity, what the directory said of itself, and a key drawn for it: the identity
/// last, so that an erasure that was cut is begun again.
pub(crate) fn erase(state: &Path) -> Result<(), KeepFault> {
    super::logo::erase(state)?;
    super::remove(&drawn_path(state))?;
    super::remove(&words_path(state))?;
    super::remove(&path(state))
}

/// The file that holds the device's key.
pub(crate) fn file(state: &Path) -> PathBuf {
    path(state)
}

/// Forgets the drawn key: it is part of the identity now.
pub(crate) fn forget_drawn_key(state: &Path) -> Result<(), KeepFault> {
    super::remove(&drawn_path(state))
}

fn drawn_path(state: &Path) -> PathBuf {
    state.join("device-key.json")
}

fn path(state: &Path) -> PathBuf {
    state.join("device.json")
}

fn words_path(state: &Path) -> PathBuf {
    state.join("directory.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Identity::load(folder.path()).unwrap().is_none());
        let said = EnrolmentString {
            url: "https://localhost".into(),
            realm: "acme".into(),
            realm_key: Bytes(vec![4; 65]),
            ca: None,
            token: lockstep_protocol::Token("once".into()),
        };
        let key = SigningKey::random(&mut rand::rngs::OsRng);
        let identity = Identity::new(&said, key, DeviceId::fresh(), Machine::of(Some("id"), None));
        identity.save(folder.path()).unwrap();
        let back = Identity::load(folder.path()).unwrap().unwrap();
        assert_eq!(back.device, identity.device);
        assert!(back.secret.0.same_as(&identity.secret.0));
        std::fs::write(path(folder.path()), b"{").unwrap();
        assert!(matches!(
            Identity::load(folder.path()),
            Err(KeepFault::Content)
        ));
        std::fs::write(path(folder.path()), br#"{"version": 2, "all": "else"}"#).unwrap();
        assert!(matches!(
            Identity::load(folder.path()),
            Err(KeepFault::Newer)
        ));
    }
}
