//! What survives a restart. Every file is written whole or not at all, and carries a version.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use lockstep_client::Fault;
use lockstep_model::Code;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub(crate) mod bindings;
pub(crate) mod envelopes;
pub(crate) mod identity;
pub(crate) mod journal;
pub(crate) mod logo;
pub(crate) mod machine;
pub(crate) mod phrase;
pub(crate) mod stores;

/// Why something kept can't be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeepFault {
    /// The file system failed.
    #[error("a state file can't be read or written")]
    Io(#[from] io::Error),
    /// The file is damaged.
    #[error("a state file is damaged")]
    Content,
    /// The file has a version that this program doesn't know: it is left as it is.
    #[error("a newer Lockstep wrote a state file")]
    Newer,
}

impl From<KeepFault> for Fault {
    fn from(fault: KeepFault) -> Self {
        let detail = match &fault {
            KeepFault::Io(cause) => format!("{fault}: {cause}"),
            KeepFault::Content | KeepFault::Newer => fault.to_string(),
        };
        let code = match fault {
            KeepFault::Io(_) | KeepFault::Content => Code::StateUnreadable,
            KeepFault::Newer => Code::StateNewer,
        };
        Self { code, detail }
    }
}

/// Locks the agent's folder for as long as the file is kept: two agents would write one journal.
pub(crate) fn lock(state: &Path) -> Result<File, KeepFault> {
    let folder = File::open(state)?;
    rustix::fs::flock(
        &folder,
        rustix::fs::FlockOperation::NonBlockingLockExclusive,
    )
    .map_err(|fault| io::Error::new(fault.kind(), "another agent uses this folder"))?;
    Ok(folder)
}

/// Makes a folder, if it isn't there: durable when this returns.
pub(crate) fn make_folder(path: &Path) -> Result<(), KeepFault> {
    if !path.is_dir() {
        fs::create_dir_all(path)?;
        sync_folder_of(path)?;
    }
    Ok(())
}

/// Reads a JSON file; none if it isn't there.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, KeepFault> {
    read_bytes(path)?.map(|bytes| parse(&bytes)).transpose()
}

/// Reads a JSON file that names its version; none if it isn't there.
///
/// What a version above the newest known one means by its other fields is anybody's guess, so that
/// the version is read first and alone.
pub(crate) fn read_up_to<T: DeserializeOwned>(
    path: &Path,
    newest: u16,
) -> Result<Option<T>, KeepFault> {
    let Some(bytes) = read_bytes(path)? else {
        return Ok(None);
    };
    let Versioned { version } = parse(&bytes)?;
    match version {
        0 => Err(KeepFault::Content),
        version if version > u64::from(newest) => Err(KeepFault::Newer),
        _ => parse(&bytes).map(Some),
    }
}

/// The part of a file that every version has.
#[derive(Deserialize)]
struct Versioned {
    /// The first files of some kinds named none.
    #[serde(default = "first")]
    version: u64,
}

const fn first() -> u64 {
    1
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, KeepFault> {
    serde_json::from_slice(bytes).map_err(|_| KeepFault::Content)
}

fn read_bytes(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, KeepFault> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

/// Writes a JSON file that only the agent reads: durable when this returns, or untouched.
pub(crate) fn write<T: Serialize>(path: &Path, content: &T) -> Result<(), KeepFault> {
    // Reserved in full, so that growing leaves no unwiped piece behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(16 * 1024));
    serde_json::to_writer_pretty(&mut *bytes, content).map_err(|_| KeepFault::Content)?;
    let next = path.with_extension("next");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&next)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    fs::rename(&next, path)?;
    sync_folder_of(path)
}

/// Removes a file, if it is there: durable when this returns.
pub(crate) fn remove(path: &Path) -> Result<(), KeepFault> {
    match fs::remove_file(path) {
        Ok(()) => sync_folder_of(path),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(fault) => Err(fault.into()),
    }
}

fn sync_folder_of(path: &Path) -> Result<(), KeepFault> {
    let folder = path.parent().ok_or(KeepFault::Content)?;
    Ok(File::open(folder)?.sync_all()?)
}
