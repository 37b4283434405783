//! The phrase of a binding: its person's words, which are told to nobody else.

use std::path::{Path, PathBuf};

use lockstep_model::phrase;
use serde::{Deserialize, Serialize};

use super::{KeepFault, read_up_to, write};

const VERSION: u16 = 1;

/// The file's form. It is for one person's eyes, hence no `Debug`.
#[derive(Serialize, Deserialize)]
struct PhraseFile {
    version: u16,
    words: String,
}

/// The phrase in a binding's folder; none if none was chosen.
///
/// One that is damaged counts as none, too: without it nobody is kept from anything.
pub(crate) fn load(folder: &Path) -> Result<Option<String>, KeepFault> {
    match read_up_to::<PhraseFile>(&path(folder), VERSION) {
        Ok(file) => Ok(file
            .map(|file| file.words)
            .filter(|words| phrase::check(words).is_ok())),
        Err(KeepFault::Content) => Ok(None),
        Err(fault @ (KeepFault::Io(_) | KeepFault::Newer)) => Err(fault),
    }
}

/// Writes it down: durable when this returns.
pub(crate) fn save(folder: &Path, words: &str) -> Result<(), KeepFault> {
    let file = PhraseFile {
        version: VERSION,
        words: words.to_owned(),
    };
    write(&path(folder), &file)
}

fn path(folder: &Path) -> PathBuf {
    folder.join("phrase.json")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_phrase_is_read_back_a_damaged_one_is_none_and_a_newer_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        assert_eq!(load(here).unwrap(), None);
        save(here, "copper teapot").unwrap();
        save(here, "copper teapot Tuesday").unwrap();
        assert_eq!(load(here).unwrap().unwrap(), "copper teapot Tuesday");
        for damaged in ["{", r#"{"version": 1, "words": "two\nlines"}"#] {
            fs::write(path(here), damaged).unwrap();
            assert_eq!(load(here).unwrap(), None, "{damaged}");
        }
        fs::write(path(here), r#"{"version": 2, "pictures": []}"#).unwrap();
        assert!(matches!(load(here), Err(KeepFault::Newer)));
    }
}
