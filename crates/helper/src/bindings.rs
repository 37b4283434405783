//! The helper's own record of bindings: a broken agent can't make it touch another account.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use lockstep_model::{BindingId, PersonId, Stamp};
use lockstep_protocol::Bytes;
use lockstep_protocol::helper::Realm;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use crate::clock::Moment;

/// The version of the record.
const VERSION: u16 = 3;

/// The first version: a record names no realm, so that no reset order is believed.
const FIRST_VERSION: u16 = 1;

/// The most bytes of a record; a real one has 900.
const MAX_RECORD: u64 = 4096;

/// The most records; a shared computer has a few dozen people.
const MAX_RECORDS: usize = 4096;

/// One recorded binding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    version: u16,
    pub(crate) binding: BindingId,
    pub(crate) person: PersonId,
    pub(crate) account: String,
    pub(crate) uid: u32,
    /// Whose reset orders are believed.
    #[serde(default)]
    pub(crate) realm: Option<Realm>,
    /// The one challenge that an order may answer.
    #[serde(default)]
    pub(crate) challenge: Option<Challenge>,
    /// The password of the last order.
    #[serde(default)]
    pub(crate) ordered: Option<Stamp>,
    /// What its shadow field was when it was opened last.
    #[serde(default)]
    pub(crate) fingerprint: Option<Bytes>,
    /// The disk that follows, if one does.
    #[serde(default)]
    pub(crate) disk: Option<Disk>,
}

/// A disk, as it was when the account's password opened it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Disk {
    /// The file or block device that holds the LUKS2 header.
    pub(crate) device: PathBuf,
    /// The header's own identity.
    pub(crate) uuid: String,
}

/// A challenge that was given out and not used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Challenge {
    pub(crate) bytes: Bytes,
    pub(crate) given: Moment,
}

impl Record {
    pub(crate) const fn new(
        binding: BindingId,
        person: PersonId,
        account: String,
        uid: u32,
        realm: Option<Realm>,
    ) -> Self {
        Self {
            version: VERSION,
            binding,
            person,
            account,
            uid,
            realm,
            challenge: None,
            ordered: None,
            fingerprint: None,
            disk: None,
        }
    }

    /// Whether to record this one is to make the same link once more; the account's password was
    /// proved for it again, so that it may name the realm that an older record does not.
    fn is_same_link_as(&self, recorded: &Self) -> bool {
        let mark = |it: &Self| (it.binding, it.person, it.account.clone(), it.uid);
        mark(self) == mark(recorded) && (recorded.realm.is_none() || recorded.realm == self.realm)
    }
}

/// The directory of records.
#[derive(Debug)]
pub(crate) struct Bindings {
    directory: PathBuf,
}

/// Why records can't be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BindingsFault {
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} belongs to somebody else, or others may write to it", .0.display())]
    Exposed(PathBuf),
    #[error("{} is damaged", .0.display())]
    Unreadable(PathBuf),
    #[error("a newer Lockstep wrote {}", .0.display())]
    Newer(PathBuf),
    #[error("there are more than {MAX_RECORDS} records")]
    TooMany,
}

/// What became of a new record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recorded {
    /// It is there and durable; it may have been before.
    Done,
    /// The account has another binding, or the binding another account.
    Taken,
}

impl Bindings {
    /// Opens the records below the state directory, making what is missing.
    pub(crate) fn open(state: &Path) -> Result<Self, BindingsFault> {
        let directory = state.join("bindings");
        for path in [state, &directory] {
            let made = DirBuilder::new().mode(0o700).create(path);
            match made {
                Ok(()) => {}
                Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => {
                    return Err(BindingsFault::Io {
                        path: path.into(),
                        source,
                    });
                }
            }
            let facts = fs::symlink_metadata(path).map_err(at(path))?;
            let ours = facts.uid() == rustix::process::geteuid().as_raw();
            if !facts.is_dir() || !ours || facts.mode() & 0o022 != 0 {
                return Err(BindingsFault::Exposed(path.into()));
            }
        }
        Ok(Self { directory })
    }

    /// The record of a binding.
    pub(crate) fn find(&self, binding: BindingId) -> Result<Option<Record>, BindingsFault> {
        match read(&self.path(binding)) {
            Ok(record) if record.binding == binding => Ok(Some(record)),
            Ok(_) => Err(BindingsFault::Unreadable(self.path(binding))),
            Err(BindingsFault::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Ok(None)
            }
            Err(fault) => Err(fault),
        }
    }

    /// Whether a record could be made without taking an account or a binding away.
    pub(crate) fn judge(&self, record: &Record) -> Result<Recorded, BindingsFault> {
        let taken = self.all()?.into_iter().any(|other| {
            let same_account = other.account == record.account && other.uid == record.uid;
            let same_binding = other.binding == record.binding;
            (same_account || same_binding) && !record.is_same_link_as(&other)
        });
        Ok(if taken {
            Recorded::Taken
        } else {
            Recorded::Done
        })
    }

    /// Makes a record; the same one again is no mistake, since an answer can get lost.
    pub(crate) fn record(&self, record: &Record) -> Result<Recorded, BindingsFault> {
        let _lock = self.lock()?;
        if self.judge(record)? == Recorded::Taken {
            return Ok(Recorded::Taken);
        }
        self.write(record)?;
        Ok(Recorded::Done)
    }

    /// Alters a record for good, unless that is refused; no other process can in the meantime.
    pub(crate) fn alter<T, E: From<BindingsFault>>(
        &self,
        binding: BindingId,
        alter: impl FnOnce(Option<&mut Record>) -> Result<T, E>,
    ) -> Result<T, E> {
        let _lock = self.lock()?;
        let mut record = self.find(binding)?;
        let altered = alter(record.as_mut())?;
        if let Some(mut record) = record {
            record.version = VERSION;
            self.write(&record)?;
        }
        Ok(altered)
    }

    /// Removes a record, if there is one.
    pub(crate) fn forget(&self, binding: BindingId) -> Result<(), BindingsFault> {
        let _lock = self.lock()?;
        forget(&self.path(binding))?;
        self.flush()
    }

    /// Whether nothing is recorded.
    pub(crate) fn is_empty(&self) -> Result<bool, BindingsFault> {
        self.paths().map(|paths| paths.is_empty())
    }

    /// Writes a record: durable when this returns. Only under the lock.
    fn write(&self, record: &Record) -> Result<(), BindingsFault> {
        let path = self.path(record.binding);
        let new = self.directory.join(format!(".{}.new", record.binding));
        let body = serde_json::to_vec_pretty(record).map_err(|fault| BindingsFault::Io {
            path: path.clone(),
            source: fault.into(),
        })?;
        // One that a crash left behind; the lock says that nobody writes it now.
        forget(&new)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)
            .map_err(at(&new))?;
        file.write_all(&body)
            .and_then(|()| file.sync_all())
            .map_err(at(&new))?;
        fs::rename(&new, &path).map_err(at(&path))?;
        self.flush()
    }

    fn all(&self) -> Result<Vec<Record>, BindingsFault> {
        self.paths()?.iter().map(|path| read(path)).collect()
    }

    /// The file of every record, those that can't be read included.
    fn paths(&self) -> Result<Vec<PathBuf>, BindingsFault> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(&self.directory).map_err(at(&self.directory))? {
            let path = entry.map_err(at(&self.directory))?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            if paths.len() == MAX_RECORDS {
                return Err(BindingsFault::TooMany);
            }
            paths.push(path);
        }
        Ok(paths)
    }

    fn path(&self, binding: BindingId) -> PathBuf {
        self.directory.join(format!("{binding}.json"))
    }

    /// Keeps other helper processes from recording until the file is dropped.
    fn lock(&self) -> Result<File, BindingsFault> {
        let file = File::open(&self.directory).map_err(at(&self.directory))?;
        flock(&file, FlockOperation::LockExclusive)
            .map_err(|fault| at(&self.directory)(fault.into()))?;
        Ok(file)
    }

    fn flush(&self) -> Result<(), BindingsFault> {
        File::open(&self.directory)
            .and_then(|directory| directory.sync_all())
            .map_err(at(&self.directory))
    }
}

fn read(path: &Path) -> Result<Record, BindingsFault> {
    let mut body = Vec::new();
    let file = File::open(path).map_err(at(path))?;
    file.take(MAX_RECORD + 1)
        .read_to_end(&mut body)
        .map_err(at(path))?;
    let damaged = |_| BindingsFault::Unreadable(path.into());
    // First and alone: what a newer record says otherwise is anybody's guess.
    let Versioned { version } = serde_json::from_slice(&body).map_err(damaged)?;
    if version > u64::from(VERSION) {
        return Err(BindingsFault::Newer(path.into()));
    }
    if version < u64::from(FIRST_VERSION) {
        return Err(BindingsFault::Unreadable(path.into()));
    }
    serde_json::from_slice(&body).map_err(damaged)
}

/// The only part of a record that every version has.
#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

fn forget(path: &Path) -> Result<(), BindingsFault> {
    match fs::remove_file(path) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => Err(at(path)(fault)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> BindingsFault {
    move |source| BindingsFault::Io {
        path: path.into(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use lockstep_model::DeviceId;

    use super::*;

    fn record(account: &str, uid: u32) -> Record {
        let (binding, person) = (BindingId::fresh(), PersonId::fresh());
        Record::new(binding, person, account.into(), uid, Some(realm()))
    }

    fn realm() -> Realm {
        Realm {
            name: "acme".into(),
            key: Bytes(vec![4; 65]),
            device: DeviceId::fresh(),
        }
    }

    #[test]
    fn a_record_of_the_first_version_is_read_and_names_no_realm() {
        let state = tempfile::tempdir().unwrap();
        let bindings = Bindings::open(state.path()).unwrap();
        let anna = record("anna", 1000);
        let first = format!(
            r#"{{"version":1,"binding":"{}","person":"{}","account":"anna","uid":1000}}"#,
            anna.binding, anna.person
        );
        fs::write(bindings.path(anna.binding), first).unwrap();
        let found = bindings.find(anna.binding).unwrap().unwrap();
        assert_eq!((found.account.as_str(), found.realm), ("anna", None));
        // The same link made once more names the realm, and from then on no other.
        assert_eq!(bindings.record(&anna).unwrap(), Recorded::Done);
        let found = bindings.find(anna.binding).unwrap();
        assert_eq!(found, Some(anna.clone()));
        let mut other = anna;
        other.realm = Some(realm());
        assert_eq!(bindings.record(&other).unwrap(), Recorded::Taken);
    }

    #[test]
    fn a_record_is_found_and_forgotten() {
        let state = tempfile::tempdir().unwrap();
        let bindings = Bindings::open(state.path()).unwrap();
        let anna = record("anna", 1000);
        assert_eq!(bindings.find(anna.binding).unwrap(), None);
        assert_eq!(bindings.record(&anna).unwrap(), Recorded::Done);
        assert_eq!(
            bindings.record(&anna).unwrap(),
            Recorded::Done,
            "the same again"
        );
        let again = Bindings::open(state.path()).unwrap();
        assert_eq!(again.find(anna.binding).unwrap(), Some(anna.clone()));
        again.forget(anna.binding).unwrap();
        again.forget(anna.binding).unwrap();
        assert_eq!(again.find(anna.binding).unwrap(), None);
    }

    #[test]
    fn an_account_has_one_binding_and_a_binding_one_account() {
        let state = tempfile::tempdir().unwrap();
        let bindings = Bindings::open(state.path()).unwrap();
        let anna = record("anna", 1000);
        bindings.record(&anna).unwrap();
        assert_eq!(
            bindings.record(&record("anna", 1000)).unwrap(),
            Recorded::Taken
        );
        let mut moved = record("lars", 1001);
        moved.binding = anna.binding;
        assert_eq!(bindings.record(&moved).unwrap(), Recorded::Taken);
        let mut person = anna.clone();
        person.person = PersonId::fresh();
        assert_eq!(bindings.record(&person).unwrap(), Recorded::Taken);
        // The account that has the uid now is not the one that was linked.
        assert_eq!(
            bindings.record(&record("successor", 1000)).unwrap(),
            Recorded::Done
        );
        assert_eq!(bindings.find(anna.binding).unwrap(), Some(anna));
    }

    #[test]
    fn damaged_newer_and_swapped_records_are_refused() {
        let state = tempfile::tempdir().unwrap();
        let bindings = Bindings::open(state.path()).unwrap();
        let anna = record("anna", 1000);
        bindings.record(&anna).unwrap();
        let path = bindings.path(anna.binding);
        let body = fs::read_to_string(&path).unwrap();
        for bad in [
            String::new(),
            "{".into(),
            body.replace("\"version\": 3", "\"version\": 0"),
            body.replace(&anna.binding.to_string(), &BindingId::fresh().to_string()),
            body.replace("anna", &"a".repeat(5000)),
        ] {
            fs::write(&path, bad).unwrap();
            let found = bindings.find(anna.binding);
            assert!(
                matches!(found, Err(BindingsFault::Unreadable(_))),
                "{found:?}"
            );
        }
    }

    #[test]
    fn a_newer_record_is_left_alone_and_stops_nobody_else() {
        let state = tempfile::tempdir().unwrap();
        let bindings = Bindings::open(state.path()).unwrap();
        let (anna, bert) = (record("anna", 1000), record("bert", 1001));
        bindings.record(&anna).unwrap();
        bindings.record(&bert).unwrap();
        let path = bindings.path(anna.binding);
        let newer = r#"{"version": 4, "all": "else"}"#;
        fs::write(&path, newer).unwrap();
        let found = bindings.find(anna.binding);
        assert!(matches!(found, Err(BindingsFault::Newer(_))), "{found:?}");
        let altered = bindings.alter(anna.binding, |_| Ok::<_, BindingsFault>(()));
        assert!(altered.is_err());
        assert_eq!(bindings.find(bert.binding).unwrap(), Some(bert.clone()));
        // Whether an account is taken can't be told any more.
        assert!(bindings.judge(&record("lars", 1002)).is_err());
        bindings.forget(bert.binding).unwrap();
        assert!(!bindings.is_empty().unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), newer);
    }

    #[test]
    fn a_directory_that_others_can_write_is_refused() {
        let state = tempfile::tempdir().unwrap();
        fs::set_permissions(state.path(), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(
            Bindings::open(state.path()),
            Err(BindingsFault::Exposed(_))
        ));
        let file = state.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(
            Bindings::open(&file),
            Err(BindingsFault::Exposed(_))
        ));
    }
}
