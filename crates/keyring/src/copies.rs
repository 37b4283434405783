//! Which copies there are, and of which of them nothing would be missed.
//!
//! That a copy was added to the present keyring is noted in a small file beside it, so that the copy
//! itself stays as it is. The note tells when the addition began: a keyring that was set aside since
//! took along what had been added.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use lockstep_model::Timestamp;
use lockstep_protocol::keyring::SetAside;
use lockstep_stores::linux::keyring::Owner;
use lockstep_stores::linux::keyring::aside::{self, Aside};
use serde::{Deserialize, Serialize};

/// What is between the dot and a copy's name in the name of its note.
const NOTE: &str = ".lockstep-reopened-";

/// More than any note has.
const MAX_NOTE: u64 = 4096;

/// A copy that was added to the present keyring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// When the addition began.
    pub(crate) at: Timestamp,
    /// How many saved passwords are in the copy alone.
    pub(crate) unreadable: u32,
}

/// A copy, and what is known of it.
#[derive(Clone, Debug)]
pub(crate) struct Copy {
    pub(crate) aside: Aside,
    pub(crate) at: Timestamp,
    note: Option<Note>,
    /// Since when all that is in it is in the present keyring.
    pub(crate) reopened: Option<Timestamp>,
}

/// All there are, the oldest first.
pub(crate) fn all(owner: &Owner, folder: &Path) -> io::Result<Vec<Copy>> {
    let mut found = Vec::new();
    for aside in aside::list(owner)? {
        // A date that no calendar has is none of ours.
        if let Some(at) = set_aside_at(&aside.which) {
            let note = read(&note_path(folder, &aside.which))?;
            found.push(Copy {
                aside,
                at,
                note,
                reopened: None,
            });
        }
    }
    judge(&mut found);
    Ok(found)
}

/// Says of each copy whether all that is in it is in the present keyring.
fn judge(copies: &mut [Copy]) {
    for index in (0..copies.len()).rev() {
        let (former, later) = copies.split_at_mut(index + 1);
        let copy = &mut former[index];
        let whole = copy.note.as_ref().filter(|note| note.unreadable == 0);
        copy.reopened = whole.map(|note| note.at).filter(|at| {
            let took_it_along = |other: &&Copy| seconds(other.at) >= seconds(*at);
            later
                .iter()
                .filter(took_it_along)
                .all(|other| other.reopened.is_some())
        });
    }
}

/// Whose notes are worth nothing once this copy is gone, since it may have taken theirs along.
pub(crate) fn undone_with<'a>(gone: &'a Copy, copies: &'a [Copy]) -> impl Iterator<Item = &'a str> {
    let since = seconds(gone.at);
    copies
        .iter()
        .filter(|copy| copy.aside.which != gone.aside.which && gone.reopened.is_none())
        .filter(move |copy| {
            let note = copy.note.as_ref();
            note.is_some_and(|note| seconds(note.at) <= since)
        })
        .map(|copy| copy.aside.which.as_str())
}

/// Names carry no more.
const fn seconds(at: Timestamp) -> i64 {
    at.0.div_euclid(1000)
}

/// Notes that a copy was added, durably.
pub(crate) fn note(folder: &Path, which: &str, note: &Note) -> io::Result<()> {
    let path = note_path(folder, which);
    let part = path.with_extension("part");
    remove(&part)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&part)?;
    file.write_all(&serde_json::to_vec(note)?)?;
    file.sync_all()?;
    fs::rename(&part, &path)?;
    fs::File::open(folder)?.sync_all()
}

/// Removes a note that may be missing, durably.
pub(crate) fn forget(folder: &Path, which: &str) -> io::Result<()> {
    remove(&note_path(folder, which))?;
    fs::File::open(folder)?.sync_all()
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => Err(fault),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn note_path(folder: &Path, which: &str) -> PathBuf {
    folder.join(format!("{NOTE}{which}"))
}

/// Reads a note; one that says nothing is none, and the copy counts as not yet opened.
fn read(path: &Path) -> io::Result<Option<Note>> {
    let file = match fs::File::open(path) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let mut bytes = Vec::new();
    file.take(MAX_NOTE).read_to_end(&mut bytes)?;
    Ok(serde_json::from_slice(&bytes).ok())
}

/// When a copy was set aside, by its name.
fn set_aside_at(which: &str) -> Option<Timestamp> {
    let date = DateTime::strptime("%Y-%m-%dT%H-%M-%SZ", which.get(..20)?).ok()?;
    let moment = date.to_zoned_datetime(TimeZone::UTC).ok()?;
    Some(Timestamp(moment.timestamp().as_millisecond()))
}

/// The day of a moment as people say it, beside now: "3 Nov", "3 Nov 2025".
pub(crate) fn day(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let date = |at: Timestamp| {
        let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
        moment.to_zoned_datetime(zone.clone())
    };
    let (at, now) = (date(at), date(now));
    let format = if at.year() == now.year() {
        "%-d %b"
    } else {
        "%-d %b %Y"
    };
    at.strftime(format).to_string()
}

impl From<&Copy> for SetAside {
    fn from(copy: &Copy) -> Self {
        Self {
            which: copy.aside.which.clone(),
            at: copy.at,
            bytes: copy.aside.bytes,
            reopened: copy.reopened,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(copies: &[&str]) -> (tempfile::TempDir, Owner, PathBuf) {
        let home = tempfile::tempdir().unwrap();
        let owner = Owner {
            uid: rustix::process::getuid().as_raw(),
            home: home.path().to_owned(),
        };
        let folder = home.path().join(".local/share/keyrings");
        fs::create_dir_all(&folder).unwrap();
        for which in copies {
            let name = format!("login.keyring.set-aside-{which}");
            fs::write(folder.join(name), "x").unwrap();
        }
        (home, owner, folder)
    }

    fn reopened(owner: &Owner, folder: &Path) -> Vec<bool> {
        let copies = all(owner, folder).unwrap();
        copies.iter().map(|copy| copy.reopened.is_some()).collect()
    }

    fn noted(at: &str, unreadable: u32) -> Note {
        let at = set_aside_at(at).unwrap();
        Note { at, unreadable }
    }

    const FIRST: &str = "2026-11-03T09-00-00Z";
    const SECOND: &str = "2026-11-05T09-00-00Z";

    #[test]
    fn a_copy_counts_as_opened_while_what_was_added_is_in_the_present_keyring() {
        let (_home, owner, folder) = home(&[FIRST]);
        assert_eq!(reopened(&owner, &folder), [false]);
        note(&folder, FIRST, &noted("2026-11-04T09-00-00Z", 1)).unwrap();
        assert_eq!(reopened(&owner, &folder), [false], "one is in it alone");
        note(&folder, FIRST, &noted("2026-11-04T09-00-00Z", 0)).unwrap();
        assert_eq!(reopened(&owner, &folder), [true]);
        // Set aside afterwards, with what had been added.
        let second = folder.join(format!("login.keyring.set-aside-{SECOND}"));
        fs::write(&second, "x").unwrap();
        assert_eq!(reopened(&owner, &folder), [false, false]);
        note(&folder, SECOND, &noted("2026-11-06T09-00-00Z", 0)).unwrap();
        assert_eq!(reopened(&owner, &folder), [true, true]);
        forget(&folder, SECOND).unwrap();
        forget(&folder, SECOND).unwrap();
        // In the very second.
        note(&folder, FIRST, &noted(SECOND, 0)).unwrap();
        assert_eq!(reopened(&owner, &folder), [false, false]);
        note(&folder, FIRST, &noted("2026-11-05T09-00-01Z", 0)).unwrap();
        assert_eq!(reopened(&owner, &folder), [true, false]);
    }

    #[test]
    fn what_was_taken_along_is_gone_with_what_took_it() {
        let (_home, owner, folder) = home(&[FIRST, SECOND]);
        note(&folder, FIRST, &noted("2026-11-04T09-00-00Z", 0)).unwrap();
        let copies = all(&owner, &folder).unwrap();
        let undone: Vec<_> = undone_with(&copies[1], &copies).collect();
        assert_eq!(undone, [FIRST]);
        assert_eq!(undone_with(&copies[0], &copies).count(), 0);
        note(&folder, FIRST, &noted("2026-11-06T09-00-00Z", 0)).unwrap();
        let copies = all(&owner, &folder).unwrap();
        assert_eq!(undone_with(&copies[1], &copies).count(), 0, "added since");
        note(&folder, FIRST, &noted("2026-11-04T09-00-00Z", 0)).unwrap();
        note(&folder, SECOND, &noted("2026-11-06T09-00-00Z", 0)).unwrap();
        let copies = all(&owner, &folder).unwrap();
        assert_eq!(undone_with(&copies[1], &copies).count(), 0, "all is there");
    }

    #[test]
    fn a_note_that_says_nothing_is_none() {
        let (_home, owner, folder) = home(&[FIRST, "2026-02-31T09-00-00Z"]);
        for bad in ["", "{", "{\"at\":1}", "null"] {
            fs::write(note_path(&folder, FIRST), bad).unwrap();
            assert_eq!(reopened(&owner, &folder), [false], "{bad}");
        }
    }

    #[test]
    fn days_are_told_as_they_fell_here() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let at = |which| set_aside_at(which).unwrap();
        let now = at("2026-11-20T00-00-00Z");
        assert_eq!(day(at("2026-11-02T22-30-00Z"), now, &zone), "3 Nov");
        assert_eq!(day(at("2025-11-02T22-30-00Z-2"), now, &zone), "3 Nov 2025");
    }
}
