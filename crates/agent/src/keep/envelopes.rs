//! The envelopes of one binding, one file each.
//!
//! An envelope that is retired leaves a tombstone until the directory has deleted its share: the
//! device erases its copy first, then the share goes, each as often as it takes.

use std::fs;
use std::path::{Path, PathBuf};

use lockstep_model::{EnvelopeId, Stamp, Timestamp};
use lockstep_protocol::Bytes;
use serde::{Deserialize, Serialize};

use super::{KeepFault, read, read_up_to, remove, write};

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
    /// Since when nothing rests on it any more; kept all the same, for as long as the organisation
    /// wants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retired: Option<Timestamp>,
}

/// How long copies are kept that nothing rests on any more, and what time it is.
///
/// The device's clock decides. Set forward, it erases early: then the old password is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grace {
    days: u16,
    now: Timestamp,
}

/// What is in the folder.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Those that can be read, the oldest first, tombstones included.
    pub(crate) envelopes: Vec<Kept>,
    /// Those that nobody can read, by the names of their files.
    pub(crate) damaged: Vec<EnvelopeId>,
    /// Whether there is one that a newer Lockstep can read.
    pub(crate) newer: bool,
    /// Whether there is one that could not be read just now.
    pub(crate) unread: bool,
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
            retired: None,
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
            retired: None,
        };
        write(&self.path(envelope), &tombstone)
    }

    /// Forgets a tombstone: the directory has deleted the share.
    pub(crate) fn forget(&self, envelope: EnvelopeId) -> Result<(), KeepFault> {
        remove(&self.path(envelope))
    }

    /// Everything in the folder.
    pub(crate) fn found(&self) -> Result<Found, KeepFault> {
        let mut found = Found::default();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            // What this version can't use is left alone, for whoever can.
            match read_up_to::<Kept>(&path, VERSION) {
                Ok(Some(kept)) if self.path(kept.envelope) != path => {
                    tracing::warn!(file = %path.display(), "an envelope under another's name");
                    found.damaged.extend(name(&path));
                }
                Ok(Some(kept)) => found.envelopes.push(kept),
                Ok(None) => {}
                Err(KeepFault::Content) => {
                    tracing::warn!(file = %path.display(), "a damaged envelope");
                    found.damaged.extend(name(&path));
                }
                Err(KeepFault::Newer) => {
                    tracing::warn!(file = %path.display(), "an envelope of a newer Lockstep");
                    found.newer = true;
                }
                // It may be whole: nothing is to be done about it but to go on without.
                Err(fault @ KeepFault::Io(_)) => {
                    tracing::warn!(file = %path.display(), error = %fault, "an unreadable envelope");
                    found.unread = true;
                }
            }
        }
        let order = |kept: &Kept| (kept.stamp.generation, kept.envelope);
        found.envelopes.sort_by_key(order);
        Ok(found)
    }

    /// Retires every envelope but those of one generation, now that nothing rests on them any more:
    /// erases them, or marks them for later. What nobody can read goes with them; what a newer
    /// Lockstep can read stays.
    pub(crate) fn retire(&self, keep: Stamp, grace: Grace) -> Result<(), KeepFault> {
        let found = self.found()?;
        for mut kept in found.envelopes {
            if kept.sealed.is_none() || kept.stamp == keep {
                continue;
            }
            let since = *kept.retired.get_or_insert(grace.now);
            if grace.is_over(since) {
                self.erase(kept.envelope, kept.stamp)?;
            } else {
                write(&self.path(kept.envelope), &kept)?;
            }
        }
        for damaged in found.damaged {
            self.erase(damaged, keep)?;
        }
        Ok(())
    }

    /// Erases every other copy of a generation: this one holds its password, and another that opens,
    /// too, holds one that never came to be.
    pub(crate) fn supersede(&self, by: EnvelopeId, of: Stamp) -> Result<(), KeepFault> {
        let others = self.kept()?.into_iter();
        for other in others.filter(|it| it.stamp == of && it.envelope != by) {
            self.erase(other.envelope, of)?;
        }
        Ok(())
    }

    /// Erases what was retired long enough ago; tells when to look again, in milliseconds.
    pub(crate) fn expire(&self, grace: Grace) -> Result<Option<u64>, KeepFault> {
        let mut next = None;
        for kept in self.kept()? {
            match kept.retired {
                Some(since) if grace.is_over(since) => self.erase(kept.envelope, kept.stamp)?,
                Some(since) => {
                    let left = grace.left(since);
                    next = Some(next.map_or(left, |next: u64| next.min(left)));
                }
                None => {}
            }
        }
        Ok(next)
    }

    fn all(&self) -> Result<Vec<Kept>, KeepFault> {
        Ok(self.found()?.envelopes)
    }

    fn path(&self, envelope: EnvelopeId) -> PathBuf {
        self.folder.join(format!("{envelope}.json"))
    }
}

impl Grace {
    /// So many days, from now on.
    pub(crate) const fn days(days: u16, now: Timestamp) -> Self {
        Self { days, now }
    }

    fn is_over(self, since: Timestamp) -> bool {
        self.left(since) == 0
    }

    /// A clock that was set back keeps a copy for no longer than it was to be kept at first.
    fn left(self, since: Timestamp) -> u64 {
        let whole = u64::from(self.days) * 24 * 60 * 60 * 1000;
        let passed = u64::try_from(self.now.0.saturating_sub(since.0)).unwrap_or(0);
        whole.saturating_sub(passed)
    }
}

/// Which envelope a file is named after.
fn name(path: &Path) -> Option<EnvelopeId> {
    path.file_stem()?.to_str()?.parse().ok()
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

    #[test]
    fn what_is_retired_is_kept_for_as_long_as_it_shall_be_and_no_longer() {
        const DAY: i64 = 24 * 60 * 60 * 1000;
        let folder = tempfile::tempdir().unwrap();
        let envelopes = Envelopes::open(path(folder.path())).unwrap();
        let first = Stamp {
            epoch: Epoch::fresh(),
            generation: Generation(1),
        };
        let (old, new) = (EnvelopeId::fresh(), EnvelopeId::fresh());
        envelopes.keep(old, first, vec![1]).unwrap();
        envelopes.keep(new, first.next(), vec![2]).unwrap();
        let at = |time| Grace::days(2, Timestamp(time));
        assert_eq!(envelopes.expire(at(9 * DAY)).unwrap(), None);
        envelopes.retire(first.next(), at(10 * DAY)).unwrap();
        // Once more, later: the time goes on from the first.
        envelopes.retire(first.next(), at(11 * DAY)).unwrap();
        assert_eq!(envelopes.kept().unwrap().len(), 2);
        let day = u64::try_from(DAY).unwrap();
        assert_eq!(envelopes.expire(at(11 * DAY)).unwrap(), Some(day));
        assert_eq!(envelopes.expire(at(12 * DAY)).unwrap(), None);
        assert_eq!(envelopes.tombstones().unwrap(), [old]);
        assert_eq!(envelopes.kept().unwrap()[0].envelope, new);
        // The organisation wants none kept: at the next look it goes.
        envelopes.keep(old, first, vec![1]).unwrap();
        envelopes.retire(first.next(), at(20 * DAY)).unwrap();
        let none = Grace::days(0, Timestamp(20 * DAY));
        assert_eq!(envelopes.expire(none).unwrap(), None);
        assert_eq!(envelopes.kept().unwrap().len(), 1);
    }

    #[test]
    fn of_two_copies_of_a_generation_the_one_that_holds_stays() {
        let folder = tempfile::tempdir().unwrap();
        let envelopes = Envelopes::open(path(folder.path())).unwrap();
        let first = Stamp {
            epoch: Epoch::fresh(),
            generation: Generation(1),
        };
        let [never, holds, older] = std::array::from_fn(|_| EnvelopeId::fresh());
        envelopes.keep(older, first, vec![1]).unwrap();
        envelopes.keep(never, first.next(), vec![2]).unwrap();
        envelopes.keep(holds, first.next(), vec![3]).unwrap();
        envelopes.supersede(holds, first.next()).unwrap();
        let kept = envelopes.kept().unwrap().into_iter();
        let kept: Vec<EnvelopeId> = kept.map(|kept| kept.envelope).collect();
        assert_eq!(kept, [older, holds]);
        assert_eq!(envelopes.tombstones().unwrap(), [never]);
    }

    #[test]
    fn one_that_the_disk_does_not_give_is_gone_on_without() {
        let folder = tempfile::tempdir().unwrap();
        let envelopes = Envelopes::open(path(folder.path())).unwrap();
        let first = Stamp {
            epoch: Epoch::fresh(),
            generation: Generation(1),
        };
        let (whole, unread) = (EnvelopeId::fresh(), EnvelopeId::fresh());
        envelopes.keep(whole, first, vec![1]).unwrap();
        // To read a folder is EISDIR, whoever asks.
        fs::create_dir(envelopes.path(unread)).unwrap();
        let found = envelopes.found().unwrap();
        assert!(found.unread && found.damaged.is_empty());
        assert_eq!(found.envelopes[0].envelope, whole);
        let grace = Grace::days(0, Timestamp(0));
        envelopes.retire(first.next(), grace).unwrap();
        assert!(envelopes.path(unread).exists());
    }

    #[test]
    fn what_can_not_be_read_is_told_apart_and_goes_only_when_everything_old_does() {
        let folder = tempfile::tempdir().unwrap();
        let envelopes = Envelopes::open(path(folder.path())).unwrap();
        let first = Stamp {
            epoch: Epoch::fresh(),
            generation: Generation(1),
        };
        let ids: [EnvelopeId; 4] = std::array::from_fn(|_| EnvelopeId::fresh());
        let [whole, cut, foreign, newer] = ids;
        for id in ids {
            envelopes.keep(id, first, vec![1, 2, 3]).unwrap();
        }
        fs::write(envelopes.path(cut), b"{\"version\": 1, \"enve").unwrap();
        fs::copy(envelopes.path(whole), envelopes.path(foreign)).unwrap();
        let text = br#"{"version": 2, "all": "else"}"#;
        fs::write(envelopes.path(newer), text).unwrap();
        let found = envelopes.found().unwrap();
        assert_eq!(found.envelopes.len(), 1);
        assert!(found.newer);
        assert_eq!(found.damaged.len(), 2);
        assert!(found.damaged.contains(&cut) && found.damaged.contains(&foreign));

        envelopes
            .keep(EnvelopeId::fresh(), first.next(), vec![4])
            .unwrap();
        let now = Timestamp(0);
        envelopes.retire(first.next(), Grace::days(0, now)).unwrap();
        let left = envelopes.kept().unwrap();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].stamp, first.next());
        let mut gone = envelopes.tombstones().unwrap();
        gone.sort();
        let mut want = [whole, cut, foreign];
        want.sort();
        assert_eq!(gone, want);
        assert_eq!(fs::read(envelopes.path(newer)).unwrap(), text);
    }
}
