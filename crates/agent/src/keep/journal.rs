//! The journal of one binding: the sync core's records, each durable before the next effect.
//!
//! Text: a first line that names the version, then one line a record: eight hex digits of CRC-32,
//! a space, JSON. A torn last line is a record that was never durable and is cut off; damage
//! anywhere else is refused, because what follows it can't be trusted.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use lockstep_sync::Record;

use super::{KeepFault, remove, sync_folder_of};

const FIRST_LINE: &str = "lockstep journal 1\n";
/// What the first line of every version begins with; its number follows.
const ANY_VERSION: &str = "lockstep journal ";
/// Above this a journal is compacted at the end of a run; it is at every start.
const LONG: u64 = 64 * 1024;
/// Nothing honest grows to this.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// An open journal.
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    /// A record was written in part: what would follow it could not be read.
    torn: bool,
}

impl Journal {
    /// Opens a journal, making it as needed, and reads what is durable in it.
    pub(crate) fn open(path: PathBuf) -> Result<(Self, Vec<Record>), KeepFault> {
        let text = match fs::metadata(&path) {
            Ok(about) if about.len() > MAX_BYTES => return Err(KeepFault::Content),
            Ok(_) => fs::read(&path)?,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(fault) => return Err(fault.into()),
        };
        let (records, whole) = parse(&text)?;
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)?;
        if whole == 0 {
            file.set_len(0)?;
            file.write_all(FIRST_LINE.as_bytes())?;
        } else {
            file.set_len(whole as u64)?;
        }
        file.sync_all()?;
        sync_folder_of(&path)?;
        let torn = false;
        Ok((Self { path, file, torn }, records))
    }

    /// Whether it is worth being replaced by a snapshot.
    pub(crate) fn is_long(&self) -> bool {
        self.file.metadata().is_ok_and(|about| about.len() > LONG)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a record: durable when this returns. After one that failed nothing is appended, until
    /// the journal was opened anew.
    pub(crate) fn append(&mut self, record: &Record) -> Result<(), KeepFault> {
        let line = line(record)?;
        if self.torn {
            return Err(io::Error::other("a record was written in part").into());
        }
        let appended = self
            .file
            .write_all(&line)
            .and_then(|()| self.file.sync_data());
        self.torn = appended.is_err();
        Ok(appended?)
    }

    /// Replaces everything by one record that stands for it.
    pub(crate) fn compact(&mut self, snapshot: &Record) -> Result<(), KeepFault> {
        let next = self.path.with_extension("next");
        // Left over from a crash.
        remove(&next)?;
        let mut file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(&next)?;
        file.write_all(FIRST_LINE.as_bytes())?;
        file.write_all(&line(snapshot)?)?;
        file.sync_all()?;
        fs::rename(&next, &self.path)?;
        // From here on that is the journal, whatever fails.
        (self.file, self.torn) = (file, false);
        sync_folder_of(&self.path)
    }
}

fn line(record: &Record) -> Result<Vec<u8>, KeepFault> {
    let json = serde_json::to_string(record).map_err(|_| KeepFault::Content)?;
    Ok(format!("{:08x} {json}\n", crc32fast::hash(json.as_bytes())).into_bytes())
}

/// The records, and how many bytes of the text are whole.
fn parse(text: &[u8]) -> Result<(Vec<Record>, usize), KeepFault> {
    let Some(mut rest) = text.strip_prefix(FIRST_LINE.as_bytes()) else {
        // A crash while the first line was written leaves a piece of it.
        let torn = FIRST_LINE.as_bytes().starts_with(text);
        return if torn {
            Ok((Vec::new(), 0))
        } else if is_newer(text) {
            Err(KeepFault::Newer)
        } else {
            Err(KeepFault::Content)
        };
    };
    let mut records = Vec::new();
    let mut whole = FIRST_LINE.len();
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n');
        let Some(end) = end else {
            return Ok((records, whole));
        };
        let (line, after) = rest.split_at(end + 1);
        match read_line(line) {
            Line::Record(record) => records.push(*record),
            Line::Torn if after.is_empty() => return Ok((records, whole)),
            Line::Torn => return Err(KeepFault::Content),
            Line::Unknown => return Err(KeepFault::Newer),
        }
        whole += line.len();
        rest = after;
    }
    Ok((records, whole))
}

/// Whether the first line names a version above ours.
fn is_newer(text: &[u8]) -> bool {
    let rest = text
        .strip_prefix(ANY_VERSION.as_bytes())
        .unwrap_or_default();
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    rest.get(digits) == Some(&b'\n') && digits > 0 && !rest.starts_with(b"0")
}

enum Line {
    Record(Box<Record>),
    /// Its sum is wrong: it was never durable, if it is the last one.
    Torn,
    /// Whole, and of a newer version: nothing after it may be cut off.
    Unknown,
}

fn read_line(line: &[u8]) -> Line {
    let text = std::str::from_utf8(line)
        .ok()
        .and_then(|line| line.strip_suffix('\n'));
    let Some((sum, json)) = text.and_then(|line| line.split_once(' ')) else {
        return Line::Torn;
    };
    if u32::from_str_radix(sum, 16) != Ok(crc32fast::hash(json.as_bytes())) {
        return Line::Torn;
    }
    serde_json::from_str(json).map_or(Line::Unknown, |record| Line::Record(Box::new(record)))
}

/// The journal's file of a binding.
pub(crate) fn path(folder: &Path) -> PathBuf {
    folder.join("journal")
}

#[cfg(test)]
mod tests {
    use lockstep_model::StoreKind;

    use super::*;

    fn filled(folder: &Path) -> (PathBuf, Vec<Record>) {
        let path = path(folder);
        let (mut journal, records) = Journal::open(path.clone()).unwrap();
        assert!(records.is_empty());
        let records: Vec<Record> = [StoreKind::Account, StoreKind::Disk, StoreKind::Keychain]
            .map(Record::Doubted)
            .to_vec();
        for record in &records {
            journal.append(record).unwrap();
        }
        (path, records)
    }

    #[test]
    fn every_cut_leaves_a_prefix_of_the_records() {
        let folder = tempfile::tempdir().unwrap();
        let (path, records) = filled(folder.path());
        let text = fs::read(&path).unwrap();
        for length in 0..=text.len() {
            fs::write(&path, &text[..length]).unwrap();
            let (mut journal, found) = Journal::open(path.clone()).unwrap();
            assert!(records.starts_with(&found), "cut at {length}");
            journal.append(&records[0]).unwrap();
            let (_, again) = Journal::open(path.clone()).unwrap();
            assert_eq!(
                again.len(),
                found.len() + 1,
                "cut at {length}, then appended"
            );
        }
    }

    #[test]
    fn nothing_follows_a_record_that_was_written_in_part() {
        let folder = tempfile::tempdir().unwrap();
        let (path, records) = filled(folder.path());
        let (mut journal, _) = Journal::open(path.clone()).unwrap();
        // A file that can't be written to stands in for a full disk.
        let whole = std::mem::replace(&mut journal.file, File::open(&path).unwrap());
        assert!(journal.append(&records[0]).is_err());
        journal.file = whole;
        assert!(journal.append(&records[0]).is_err());
        let (mut again, found) = Journal::open(path).unwrap();
        assert_eq!(found, records);
        again.append(&records[0]).unwrap();
    }

    #[test]
    fn what_was_compacted_is_gone_on_with_whatever_lay_in_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let (path, records) = filled(folder.path());
        fs::write(path.with_extension("next"), "left over").unwrap();
        let (mut journal, _) = Journal::open(path.clone()).unwrap();
        journal.compact(&records[0]).unwrap();
        journal.append(&records[1]).unwrap();
        let (_, found) = Journal::open(path).unwrap();
        assert_eq!(found, records[..2]);
    }

    #[test]
    fn damage_before_the_end_and_other_versions_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (path, _) = filled(folder.path());
        let text = fs::read(&path).unwrap();
        let mut damaged = text.clone();
        damaged[FIRST_LINE.len() + 12] ^= 1;
        fs::write(&path, &damaged).unwrap();
        assert!(matches!(
            Journal::open(path.clone()),
            Err(KeepFault::Content)
        ));
        let unknown = "{\"later\":1}";
        let line = format!("{:08x} {unknown}\n", crc32fast::hash(unknown.as_bytes()));
        fs::write(&path, [text.as_slice(), line.as_bytes()].concat()).unwrap();
        assert!(matches!(Journal::open(path.clone()), Err(KeepFault::Newer)));
        let text = String::from_utf8(text).unwrap();
        for (number, newer) in [("2", true), ("10", true), ("0", false), ("x", false)] {
            let other = text.replace("journal 1", &format!("journal {number}"));
            fs::write(&path, &other).unwrap();
            let fault = Journal::open(path.clone()).err().unwrap();
            assert_eq!(matches!(fault, KeepFault::Newer), newer, "{number}");
            assert_eq!(fs::read_to_string(&path).unwrap(), other, "touched");
        }
    }
}
