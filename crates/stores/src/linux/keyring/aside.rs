//! The keyrings that were set aside: which there are, and one opened to be read.
//!
//! Nothing here writes to a copy. It is opened by a private daemon that was given a copy of the copy.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use lockstep_model::{Code, Secret};

use super::control::Answer;
use super::place::{self, Snapshot};
use super::private::Private;
use super::running::unreachable;
use super::{ENCRYPTED, Owner, damaged, silent};
use crate::Refusal;

/// A login keyring that was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    /// What names it: when it was set aside in UTC, as `2026-11-24T01-46-54Z`, and where several
    /// have that in common a number.
    pub which: String,
    /// How many bytes its file has.
    pub bytes: u64,
    path: PathBuf,
}

/// A copy that its old password has opened; gone with its daemon and bus when dropped.
#[derive(Debug)]
pub struct Opened {
    _private: Private,
    bus: String,
}

/// The keyrings that were set aside, the oldest first.
///
/// # Errors
///
/// Those of listing the folder.
pub fn list(owner: &Owner) -> io::Result<Vec<Aside>> {
    let folder = owner.folder();
    let entries = match fs::read_dir(&folder) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let Some(which) = name.to_str().and_then(place::set_aside_as) else {
            continue;
        };
        // One that went away meanwhile is none, and neither is what isn't a file of the person's.
        if let Ok(about) = entry.metadata()
            && about.is_file()
            && about.uid() == owner.uid
        {
            found.push(Aside {
                which: which.to_owned(),
                bytes: about.len(),
                path: place::aside_path(&folder, which),
            });
        }
    }
    found.sort_by(|one, other| one.which.cmp(&other.which));
    Ok(found)
}

/// Makes what the person's daemon wrote into the present keyring durable.
///
/// # Errors
///
/// Those of fsync(2).
pub fn flush(owner: &Owner) -> io::Result<()> {
    place::flush(&owner.folder())
}

impl Owner {
    /// The folder of the keyrings, held open.
    ///
    /// # Errors
    ///
    /// Those of opening it.
    pub fn keyrings(&self) -> io::Result<(PathBuf, File)> {
        let folder = self.folder();
        let opened = File::open(&folder)?;
        Ok((folder, opened))
    }
}

impl Aside {
    /// Opens a copy of it with its old password.
    ///
    /// # Errors
    ///
    /// [`Code::NotTheOldKeyrings`] where the password is wrong, [`Code::KeychainUnreachable`].
    pub fn open(&self, owner: &Owner, old: &Secret) -> Result<Opened, Refusal> {
        let bytes = place::read(&self.path)
            .map_err(|fault| unreachable(format!("what was set aside can't be read: {fault}")))?;
        if !bytes.as_ref().is_some_and(|it| it.starts_with(ENCRYPTED)) {
            return Err(unreachable(
                "what was set aside is no keyring that a password locks",
            ));
        }
        let (private, bus) = Private::on_a_bus(owner, &Snapshot { login: bytes })?;
        let answer = private.control().unlock(old).map_err(silent)?;
        if private
            .has_made_another()
            .map_err(|fault| unreachable(format!("the private keyring daemon's folder: {fault}")))?
        {
            return Err(damaged());
        }
        match answer {
            Answer::Done => Ok(Opened {
                _private: private,
                bus,
            }),
            Answer::Denied => Err(Refusal::new(
                Code::NotTheOldKeyrings,
                "the password doesn't open what was set aside",
            )),
            Answer::Failed => Err(unreachable("the private keyring daemon failed")),
        }
    }

    /// Removes it for good, durably.
    ///
    /// # Errors
    ///
    /// Those of removing it.
    pub fn remove(self, owner: &Owner) -> io::Result<()> {
        let (_, folder) = owner.keyrings()?;
        fs::remove_file(&self.path)?;
        folder.sync_all()
    }
}

impl Opened {
    /// The address of the private bus where its content is shown.
    #[must_use]
    pub fn bus(&self) -> &str {
        &self.bus
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_aside_is_listed_and_what_is_foreign_is_not() {
        let home = tempfile::tempdir().unwrap();
        let owner = Owner {
            uid: rustix::process::getuid().as_raw(),
            home: home.path().to_owned(),
        };
        assert_eq!(list(&owner).unwrap(), []);
        let folder = owner.folder();
        fs::create_dir_all(&folder).unwrap();
        let name = |which: &str| folder.join(format!("login.keyring.set-aside-{which}"));
        let (one, two) = ("2026-11-03T09-00-00Z", "2026-11-03T09-00-00Z-2");
        fs::write(name(two), "xyz").unwrap();
        fs::write(name(one), "x").unwrap();
        fs::write(folder.join("login.keyring"), "x").unwrap();
        fs::write(name("2026-11-03T09-00-00Z.old"), "x").unwrap();
        fs::create_dir(name("2026-11-04T09-00-00Z")).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", name("2026-11-05T09-00-00Z")).unwrap();
        let found = list(&owner).unwrap();
        let told: Vec<_> = found
            .iter()
            .map(|it| (it.which.as_str(), it.bytes))
            .collect();
        assert_eq!(told, [(one, 1), (two, 3)]);
        let stranger = Owner {
            uid: owner.uid + 1,
            ..owner.clone()
        };
        assert_eq!(list(&stranger).unwrap(), []);
        found.into_iter().next().unwrap().remove(&owner).unwrap();
        assert_eq!(list(&owner).unwrap().len(), 1);
        assert!(name("2026-11-03T09-00-00Z.old").exists());
    }
}
