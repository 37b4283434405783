//! Which stores follow a binding: found when it was made, or later when one comes to be.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lockstep_model::StoreKind;
use serde::{Deserialize, Serialize};

use super::{KeepFault, read_up_to, write};

const VERSION: u16 = 1;

/// The stores of one binding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Followed {
    version: u16,
    /// Those that follow; the account always does.
    pub(crate) stores: BTreeSet<StoreKind>,
    /// Whether the person agreed that the disk follows, too.
    pub(crate) disk_allowed: bool,
}

impl Default for Followed {
    fn default() -> Self {
        Self {
            version: VERSION,
            stores: BTreeSet::from([StoreKind::Account]),
            disk_allowed: false,
        }
    }
}

impl Followed {
    /// What a binding's folder says; a binding from before there were others has its account.
    pub(crate) fn load(folder: &Path) -> Result<Self, KeepFault> {
        Ok(read_up_to(&path(folder), VERSION)?.unwrap_or_default())
    }

    /// Writes it down: durable when this returns.
    pub(crate) fn save(&self, folder: &Path) -> Result<(), KeepFault> {
        write(&path(folder), self)
    }

    /// The kinds that may yet come to follow.
    pub(crate) fn missing(&self) -> impl Iterator<Item = StoreKind> {
        let disk = self.disk_allowed.then_some(StoreKind::Disk);
        let all = disk.into_iter().chain([StoreKind::Keychain]);
        all.filter(|kind| !self.stores.contains(kind))
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("stores.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binding_without_the_file_has_its_account_and_a_newer_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut followed = Followed::load(folder.path()).unwrap();
        assert_eq!(followed, Followed::default());
        assert!(followed.missing().eq([StoreKind::Keychain]));
        followed.disk_allowed = true;
        followed.stores.insert(StoreKind::Keychain);
        followed.save(folder.path()).unwrap();
        let again = Followed::load(folder.path()).unwrap();
        assert_eq!(again, followed);
        assert!(again.missing().eq([StoreKind::Disk]));
        followed.version += 1;
        followed.save(folder.path()).unwrap();
        assert!(matches!(
            Followed::load(folder.path()),
            Err(KeepFault::Newer)
        ));
    }
}
