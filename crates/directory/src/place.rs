//! Files of the data directory: made whole, durable, and as the directory's own account's.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::config::Files;

/// Whoever runs or replaces a directory holds it; the kernel lets go of it when they end.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held, not read")] File);

/// Keeps every other server, and a restore, off the data directory.
///
/// # Errors
///
/// Somebody else holds it, or the folder can't be written.
pub fn lock(files: &Files) -> anyhow::Result<Lock> {
    let path = files.folder.join("directory.lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("can't write {}", path.display()))?;
    give_to_owner(&file, &files.folder)?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => bail!(
            "a directory is running on {}: stop it first",
            files.folder.display()
        ),
        Err(TryLockError::Error(fault)) => Err(fault.into()),
    }
}

/// Makes a folder that only its owner enters.
///
/// # Errors
///
/// It is there already, or can't be made.
pub fn new_folder(path: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .mode(0o700)
        .create(path)
        .with_context(|| format!("can't make {}", path.display()))
}

/// Writes a new file, durably.
///
/// # Errors
///
/// It is there already, or can't be written.
pub fn new_file(path: &Path, bytes: &[u8], mode: u32) -> anyhow::Result<()> {
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().with_context(|| format!("can't write {}", path.display()))
}

/// Puts a file in the place of another, in one step; it belongs to whom the folder does.
///
/// # Errors
///
/// The folder can't be written.
pub fn replace_file(path: &Path, bytes: &[u8], mode: u32) -> anyhow::Result<()> {
    let folder = path.parent().context("no folder")?;
    let mut name = path.file_name().context("no file name")?.to_owned();
    name.push(format!(".{}", std::process::id()));
    let beside = folder.join(name);
    new_file(&beside, bytes, mode)?;
    give_to_owner(&File::open(&beside)?, folder)?;
    std::fs::rename(&beside, path).with_context(|| format!("can't write {}", path.display()))?;
    sync_folder(folder)
}

/// Gives a file to the owner of a folder, if root made it: the server does not run as root.
///
/// # Errors
///
/// That of fchown(2).
pub fn give_to_owner(file: &File, folder: &Path) -> anyhow::Result<()> {
    let (of, about) = (std::fs::metadata(folder)?, file.metadata()?);
    if about.uid() != of.uid() && rustix::process::geteuid().is_root() {
        std::os::unix::fs::fchown(file, Some(of.uid()), Some(of.gid()))?;
    }
    Ok(())
}

/// Makes the names in a folder durable.
///
/// # Errors
///
/// That of fsync(2).
pub fn sync_folder(folder: &Path) -> anyhow::Result<()> {
    Ok(File::open(folder)?.sync_all()?)
}
