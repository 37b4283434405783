//! Telling that an account's password was changed by somebody else: by `passwd`, in the settings, by
//! root.
//!
//! The day of the last change in shadow(5) can't tell two changes of one day apart. The field's hash
//! can; what is kept of it is a MAC under a key that only root reads, and says nothing by itself.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use hmac::{Hmac, Mac as _};
use lockstep_model::{Code, Secret};
use lockstep_protocol::Bytes;
use lockstep_stores::Refusal;
use sha2::Sha256;

use crate::random;

/// The bytes of the key.
const KEY: usize = 32;

/// The key of this computer's fingerprints.
#[derive(Debug)]
pub(crate) struct Fingerprints {
    key: Secret,
}

impl Fingerprints {
    /// Opens the key below the state directory, making it as needed.
    pub(crate) fn open(state: &Path) -> Result<Self, Refusal> {
        let path = path(state);
        if let Some(key) = read(&path).map_err(unusable)? {
            return Ok(Self { key });
        }
        let key = Secret::new(random::bytes(KEY)?);
        write(&path, &key).map_err(unusable)?;
        // Another process may have been first.
        let kept = read(&path).map_err(unusable)?;
        let gone = || unusable(io::ErrorKind::NotFound.into());
        Ok(Self {
            key: kept.ok_or_else(gone)?,
        })
    }

    /// Erases the key: there is nothing to compare any more.
    pub(crate) fn erase(state: &Path) -> Result<(), Refusal> {
        match fs::remove_file(path(state)) {
            Err(fault) if fault.kind() != io::ErrorKind::NotFound => Err(unusable(fault)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// The fingerprint of an account's shadow field; a lock that was put before it changes nothing.
    pub(crate) fn of(&self, account: &str, field: &Secret) -> Bytes {
        let field = field.expose();
        let locks = field.iter().take_while(|byte| **byte == b'!').count();
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.key.expose()) else {
            unreachable!("a MAC takes a key of any length");
        };
        // A login name holds no colon, so that no two pairs run together.
        mac.update(account.as_bytes());
        mac.update(b":");
        mac.update(&field[locks..]);
        Bytes(mac.finalize().into_bytes().to_vec())
    }
}

fn path(state: &Path) -> PathBuf {
    state.join("fingerprint.key")
}

// By value, since `map_err` hands it over.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn unusable(fault: io::Error) -> Refusal {
    let detail = format!("the key of fingerprints: {fault}");
    Refusal::new(Code::StateUnreadable, detail)
}

fn read(path: &Path) -> io::Result<Option<Secret>> {
    let mut key = Vec::with_capacity(KEY + 1);
    match fs::File::open(path) {
        Ok(file) => file.take(KEY as u64 + 1).read_to_end(&mut key)?,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(fault) => return Err(fault),
    };
    let key = Secret::new(key);
    if key.expose().len() == KEY {
        Ok(Some(key))
    } else {
        Err(io::ErrorKind::InvalidData.into())
    }
}

/// Writes a new key: whole or not at all, and only where there is none.
fn write(path: &Path, key: &Secret) -> io::Result<()> {
    let new = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)?;
    file.write_all(key.expose())?;
    file.sync_all()?;
    let linked = rustix::fs::renameat_with(
        rustix::fs::CWD,
        &new,
        rustix::fs::CWD,
        path,
        rustix::fs::RenameFlags::NOREPLACE,
    );
    match linked {
        // What was noted under a key that a power cut took would look changed for ever.
        Ok(()) => match path.parent() {
            Some(folder) => fs::File::open(folder)?.sync_all(),
            None => Ok(()),
        },
        Err(rustix::io::Errno::EXIST) => fs::remove_file(&new),
        Err(fault) => Err(fault.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_leaves_the_fingerprint_and_a_new_hash_does_not() {
        let state = tempfile::tempdir().unwrap();
        let prints = Fingerprints::open(state.path()).unwrap();
        let of = |name, field: &str| prints.of(name, &Secret::copy_of(field.as_bytes()));
        let first = of("anna", "$y$j9T$a$b");
        assert_eq!(of("anna", "!$y$j9T$a$b"), first);
        assert_ne!(of("anna", "$y$j9T$a$c"), first);
        assert_ne!(of("lars", "$y$j9T$a$b"), first);
        let again = Fingerprints::open(state.path()).unwrap();
        let field = Secret::copy_of(b"$y$j9T$a$b");
        assert_eq!(again.of("anna", &field), first, "the key is kept");
        let elsewhere = tempfile::tempdir().unwrap();
        let other = Fingerprints::open(elsewhere.path()).unwrap();
        assert_ne!(
            other.of("anna", &field),
            first,
            "every computer has its own"
        );
    }

    #[test]
    fn a_damaged_key_is_refused_and_not_replaced() {
        let state = tempfile::tempdir().unwrap();
        let path = state.path().join("fingerprint.key");
        for bad in [vec![], vec![1; KEY - 1], vec![1; KEY + 1]] {
            fs::write(&path, &bad).unwrap();
            assert_eq!(
                Fingerprints::open(state.path()).unwrap_err().code,
                Code::StateUnreadable
            );
            assert_eq!(fs::read(&path).unwrap(), bad);
        }
    }
}
