//! What survives a restart. Every file is written whole or not at all, and carries a version.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use lockstep_client::Fault;
use lockstep_model::Code;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

pub(crate) mod bindings;
pub(crate) mod envelopes;
pub(crate) mod identity;
pub(crate) mod journal;

/// Why something kept can't be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeepFault {
    /// The file system failed.
    #[error("a state file can't be read or written")]
    Io(#[from] io::Error),
    /// The file is damaged, or from a newer version.
    #[error("a state file is damaged or from a newer version")]
    Content,
}

impl From<KeepFault> for Fault {
    fn from(fault: KeepFault) -> Self {
        let detail = match &fault {
            KeepFault::Io(cause) => format!("{fault}: {cause}"),
            KeepFault::Content => fault.to_string(),
        };
        Self {
            code: Code::StateUnreadable,
            detail,
        }
    }
}

/// Reads a JSON file; none if it isn't there.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, KeepFault> {
    match fs::read(path) {
        Ok(bytes) => {
            let bytes = Zeroizing::new(bytes);
            serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|_| KeepFault::Content)
        }
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

/// Writes a JSON file that only the agent reads: durable when this returns, or untouched.
pub(crate) fn write<T: Serialize>(path: &Path, content: &T) -> Result<(), KeepFault> {
    let bytes = Zeroizing::new(serde_json::to_vec_pretty(content).map_err(|_| KeepFault::Content)?);
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
