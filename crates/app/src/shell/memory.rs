//! What is remembered from one start to the next: no secret, and nothing that would be missed.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use crate::core::attention::Memory;

/// Longer ones are none of the app's.
const LIMIT: u64 = 64 * 1024;

/// Reads it; what can't be read is as nothing.
pub(super) fn load(folder: &Path) -> Memory {
    let file = folder.join("app.json");
    let small = fs::metadata(&file).is_ok_and(|about| about.len() <= LIMIT);
    small
        .then(|| fs::read(&file).ok())
        .flatten()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

/// Keeps it: the file is whole at any moment.
pub(super) fn save(folder: &Path, memory: &Memory) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let new = folder.join("app.json.new");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)?;
    file.write_all(&serde_json::to_vec(memory)?)?;
    fs::rename(new, folder.join("app.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_kept_and_what_is_broken_is_as_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("deep/down");
        assert_eq!(load(&folder), Memory::default());
        let memory = Memory {
            since: 7,
            told: vec![7, 8],
            ..Memory::default()
        };
        save(&folder, &memory).unwrap();
        assert_eq!(load(&folder), memory);
        fs::write(folder.join("app.json"), b"{").unwrap();
        assert_eq!(load(&folder), Memory::default());
        // What a newer one keeps besides is passed over.
        fs::write(folder.join("app.json"), br#"{"since":9,"news":1}"#).unwrap();
        assert_eq!(load(&folder).since, 9);
    }
}
