//! The envelopes of one binding, one file each.
//!
//! An envelope that is retired leaves a tombstone until the directory has deleted its share: the
//! device erases its copy first, then the share goes, each as often as it takes.

use std::fs;
use std::path::{Path, PathBuf};

use lockstep_model::{EnvelopeId, Stamp};
use lockstep_protocol::Bytes;
use serde::{Deserialize, Serialize};

use super::{KeepFault, read, remove, write};

const VERSION: u16 = 1;

/// One kept envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    version: u16,
    /// Its id.
    pub(crate) envelope: EnvelopeId,
    /// Whose generation's password is inside.
    pub(crate) stamp: Stamp,
    /// The sealed bytes; none in a tombstone.
    pub(crate) sealed: Option<Bytes>,
}

/// The folder of one binding's envelopes.
#[derive(Clone)]
pub(crate) struct Envelopes {
    folder: PathBuf,
}

impl Envelopes {
    /// Opens the folder, making it as needed.
    pub(crate) fn open(folder: PathBuf) -> Result<Self, KeepFault> {
        super::make_folder(&folder)?;
        Ok(Self { folder })
    }

    /// Every envelope that still holds its sealed copy.
    pub(crate) fn kept(&self) -> Result<Vec<Kept>, KeepFault> {
        Ok(self
            .all()?
            .into_iter()
            .filter(|kept| kept.sealed.is_some())
            .collect())
    }

    /// Every envelope whose share is still to be deleted.
    pub(crate) fn tombstones(&self) -> Result<Vec<EnvelopeId>, KeepFault> {
        let all = self.all()?.into_iter();
        Ok(all
            .filter(|kept| kept.sealed.is_none())
            .map(|kept| kept.envelope)
            .collect())
    }

    /// Keeps an envelope: durable when this returns.
    pub(crate) fn keep(
        &self,
        envelope: EnvelopeId,
        stamp: Stamp,
        sealed: Vec<u8>,
    ) -> Result<(), KeepFault> {
        let kept = Kept {
            version: VERSION,
            envelope,
            stamp,
            sealed: Some(Bytes(sealed)),
        };
        write(&self.path(envelope), &kept)
    }

    /// Reads one envelope back from the disk.
    pub(crate) fn reread(&self, envelope: EnvelopeId) -> Result<Option<Kept>, KeepFault> {
        read(&self.path(envelope))
    }

    /// Erases an envelope's sealed copy and leaves a tombstone.
    pub(crate) fn erase(&self, envelope: EnvelopeId, stamp: Stamp) -> Result<(), KeepFault> {
        let tombstone = Kept {
            version: VERSION,
            envelope,
            stamp,
            sealed: None,
        };
        write(&self.path(envelope), &tombstone)
    }

    /// Forgets a tombstone: the directory has deleted the share.
    pub(crate) fn forget(&self, envelope: EnvelopeId) -> Result<(), KeepFault> {
        remove(&self.path(envelope))
    }

    fn all(&self) -> Result<Vec<Kept>, KeepFault> {
        let mut all = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                match read::<Kept>(&path) {
                    Ok(Some(kept)) if kept.version == VERSION => all.push(kept),
                    // Damaged or newer: of no use to this version, and kept for another.
                    Ok(_) | Err(KeepFault::Content) => {
                        tracing::warn!(file = %path.display(), "an unreadable envelope is left alone");
                    }
                    Err(fault @ KeepFault::Io(_)) => return Err(fault),
                }
            }
        }
        all.sort_by_key(|kept| (kept.stamp.generation, kept.envelope));
        Ok(all)
    }

    fn path(&self, envelope: EnvelopeId) -> PathBuf {
        self.folder.join(format!("{envelope}.json"))
    }
}

/// The folder of a binding's envelopes.
pub(crate) fn path(folder: &Path) -> PathBuf {
    folder.join("envelopes")
}

#[cfg(test)]
mod tests {
    use lockstep_model::{Epoch, Generation};

    use super::*;

    #[test]
    fn an_erased_envelope_leaves_a_tombstone_until_it_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let envelopes = Envelopes::open(path(folder.path())).unwrap();
        let stamp = Stamp {
            epoch: Epoch::fresh(),
            generation: Generation(1),
        };
        let id = EnvelopeId::fresh();
        envelopes.keep(id, stamp, vec![1, 2, 3]).unwrap();
        assert_eq!(envelopes.kept().unwrap().len(), 1);
        envelopes.erase(id, stamp).unwrap();
        assert!(envelopes.kept().unwrap().is_empty());
        assert_eq!(envelopes.tombstones().unwrap(), [id]);
        envelopes.forget(id).unwrap();
        envelopes.forget(id).unwrap();
        assert!(envelopes.tombstones().unwrap().is_empty());
    }
}
