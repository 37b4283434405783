//! The organisation's logo, as the directory gave it last: shown where the directory can't be asked.

use std::path::{Path, PathBuf};

use lockstep_protocol::Bytes;
use lockstep_protocol::api::MAX_LOGO;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{KeepFault, read_up_to, write};

const VERSION: u16 = 1;

#[derive(Serialize, Deserialize)]
struct LogoFile {
    version: u16,
    png: Bytes,
}

/// The kept logo; none if there is none.
pub(crate) fn load(state: &Path) -> Result<Option<Bytes>, KeepFault> {
    let file = read_up_to::<LogoFile>(&path(state), VERSION)?;
    match file {
        Some(file) if file.png.0.len() > MAX_LOGO => Err(KeepFault::Content),
        Some(file) => Ok(Some(file.png)),
        None => Ok(None),
    }
}

/// Keeps a logo, or none, in place of the one before: whole, or not at all. What a newer version
/// has written stays.
pub(crate) fn save(state: &Path, png: Option<&Bytes>) -> Result<(), KeepFault> {
    match load(state) {
        Err(fault @ (KeepFault::Io(_) | KeepFault::Newer)) => return Err(fault),
        Ok(_) | Err(KeepFault::Content) => {}
    }
    match png {
        Some(png) => {
            let file = LogoFile {
                version: VERSION,
                png: png.clone(),
            };
            write(&path(state), &file)
        }
        None => erase(state),
    }
}

/// Erases it.
pub(crate) fn erase(state: &Path) -> Result<(), KeepFault> {
    super::remove(&path(state))
}

/// The digest by which a logo is known: SHA-256, in hexadecimal.
pub(crate) fn digest(png: &Bytes) -> String {
    let digest = Sha256::digest(png.as_slice());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn path(state: &Path) -> PathBuf {
    state.join("logo.json")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_logo_is_read_back_replaced_and_removed_and_a_newer_one_stays() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        assert_eq!(load(here).unwrap(), None);
        for byte in [1, 2] {
            let png = Bytes(vec![byte; 1000]);
            save(here, Some(&png)).unwrap();
            assert_eq!(load(here).unwrap(), Some(png));
        }
        save(here, None).unwrap();
        save(here, None).unwrap();
        assert_eq!(load(here).unwrap(), None);
        // A damaged one is replaced by the next.
        fs::write(path(here), "{").unwrap();
        assert!(matches!(load(here), Err(KeepFault::Content)));
        save(here, Some(&Bytes(vec![3]))).unwrap();
        let newer = r#"{"version": 2, "svg": ""}"#;
        fs::write(path(here), newer).unwrap();
        for next in [None, Some(&Bytes(vec![4]))] {
            assert!(matches!(save(here, next), Err(KeepFault::Newer)));
        }
        assert_eq!(fs::read_to_string(path(here)).unwrap(), newer);
    }

    #[test]
    fn the_digest_is_sha_256_in_hexadecimal() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(digest(&Bytes::default()), empty);
    }
}
