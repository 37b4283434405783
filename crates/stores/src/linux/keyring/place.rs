//! Where a person's keyrings are, and how their files are read, replaced and set aside.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{CWD, RenameFlags};

use super::private::write_new;

/// The keyring that opens with the login.
pub(super) const LOGIN: &str = "login.keyring";

/// What is between the name of a file that was set aside and the date.
///
/// The daemon shows every `*.keyring` to programs, which would then ask for its old password.
const ASIDE: &str = ".set-aside-";

/// The shape of a date in a name; a zero stands for a digit.
const DATE: &[u8] = b"0000-00-00T00-00-00Z";

/// The most bytes of one file; ten thousand long secrets fit.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// The mode of a file of ours until it is about to be put in place.
const UNPLACED: u32 = 0o400;

/// Whose keyring it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The user id; the process must run as it.
    pub uid: u32,
    /// The home directory.
    pub home: PathBuf,
}

impl Owner {
    /// The folder of the keyrings (the default of `XDG_DATA_HOME`).
    pub(super) fn folder(&self) -> PathBuf {
        self.home.join(".local/share/keyrings")
    }

    /// The folder that exists while the person is logged in (`XDG_RUNTIME_DIR`).
    pub(super) fn runtime(&self) -> PathBuf {
        PathBuf::from(format!("/run/user/{}", self.uid))
    }

    /// The control socket of the person's daemon.
    pub(super) fn control(&self) -> PathBuf {
        self.runtime().join("keyring/control")
    }
}

/// The file of the login keyring as it was at some moment.
///
/// The daemon's `user.keystore` stays what it is: no change of the keyring's password was seen to
/// touch it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Snapshot {
    pub(super) login: Option<Vec<u8>>,
}

impl Snapshot {
    pub(super) fn read(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            login: read(&folder.join(LOGIN))?,
        })
    }

    /// The login keyring, unless its file is empty: a daemon that dies while it makes one leaves
    /// that behind.
    pub(super) fn held(&self) -> Option<&[u8]> {
        self.login.as_deref().filter(|bytes| !bytes.is_empty())
    }

    pub(super) fn write_into(&self, folder: &Path) -> io::Result<()> {
        match &self.login {
            Some(bytes) => write_new(&folder.join(LOGIN), bytes).map(drop),
            None => Ok(()),
        }
    }
}

/// Reads a file that may be missing; `InvalidData` where something else has its name.
pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path);
    let file = match opened {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let about = file.metadata()?;
    if !about.is_file() || about.len() > MAX_FILE {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Puts a file in the place of what was read there, whole and durable, or leaves all as it is.
///
/// # Errors
///
/// [`ReplaceFault::Meanwhile`] where something else is there now; it stays.
pub(super) fn replace(
    folder: &Path,
    name: &str,
    former: Option<&[u8]>,
    bytes: &[u8],
) -> Result<(), ReplaceFault> {
    let target = folder.join(name);
    let part = folder.join(format!(".{name}.lockstep"));
    let known = [bytes, former.unwrap_or_default()];
    discard_left(folder, &part, &known)?;
    let replaced = write_new(&part, bytes)
        .map_err(Into::into)
        .and_then(|file| {
            file.set_permissions(Permissions::from_mode(UNPLACED))?;
            file.set_modified(later_than(&target)?)?;
            file.sync_all()?;
            file.set_permissions(Permissions::from_mode(0o600))?;
            put_in_place(&part, &target, former)
        });
    // Now the former file, or the new one where it wasn't put in place; or one that nobody has read
    // and that could not be put back.
    let discarded = discard(folder, &part, &known);
    replaced?;
    discarded?;
    Ok(File::open(folder)?.sync_all()?)
}

/// Why a file was not replaced, or can't be told to be.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReplaceFault {
    #[error("it was changed by somebody else meanwhile")]
    Meanwhile,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Two files change places, so that none is lost that nobody has read.
fn put_in_place(part: &Path, target: &Path, former: Option<&[u8]>) -> Result<(), ReplaceFault> {
    let Some(former) = former else {
        return match rename(part, target, RenameFlags::NOREPLACE) {
            Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => {
                Err(ReplaceFault::Meanwhile)
            }
            renamed => Ok(renamed?),
        };
    };
    rename(part, target, RenameFlags::EXCHANGE)?;
    match read(part) {
        Ok(Some(found)) if found == former => Ok(()),
        Ok(_) | Err(_) => {
            rename(part, target, RenameFlags::EXCHANGE)?;
            Err(ReplaceFault::Meanwhile)
        }
    }
}

/// Removes what a process that was killed has left, unless it may be somebody else's file, which was
/// about to be put back.
fn discard_left(folder: &Path, path: &Path, known: &[&[u8]]) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(about) if about.is_file() && about.mode() & 0o777 == UNPLACED => remove(path),
        Ok(_) | Err(_) => discard(folder, path, known),
    }
}

/// Removes a file if it is empty or one of these, and sets it aside if it is any other.
fn discard(folder: &Path, path: &Path, known: &[&[u8]]) -> io::Result<()> {
    match read(path) {
        Ok(None) => Ok(()),
        Ok(Some(found)) if found.is_empty() || known.contains(&found.as_slice()) => remove(path),
        Ok(Some(_)) | Err(_) => aside(folder, path, move_to).map(drop),
    }
}

/// Removes the empty file that a daemon which died while it made a keyring left in its place.
///
/// # Errors
///
/// [`ReplaceFault::Meanwhile`] where it is a keyring by now; it stays.
pub(super) fn clear(folder: &Path) -> Result<(), ReplaceFault> {
    // Nobody replaces it any more once it has another name.
    let moved = match move_aside(folder) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(()),
        moved => moved?,
    };
    match read(&moved) {
        Ok(Some(found)) if found.is_empty() => Ok(remove(&moved)?),
        Ok(_) | Err(_) => {
            move_back(folder, &moved)?;
            Err(ReplaceFault::Meanwhile)
        }
    }
}

fn rename(from: &Path, to: &Path, how: RenameFlags) -> io::Result<()> {
    Ok(rustix::fs::renameat_with(CWD, from, CWD, to, how)?)
}

/// Removes a file that may be missing.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => Err(fault),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Now, or the second after a file's own time: a daemon that starts meanwhile tells versions of a
/// file apart by whole seconds.
fn later_than(path: &Path) -> io::Result<SystemTime> {
    let now = SystemTime::now();
    match fs::metadata(path) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(now),
        about => Ok(now.max(about?.modified()? + Duration::from_secs(1))),
    }
}

/// Makes a folder look changed to a daemon, which compares whole seconds here too.
pub(super) fn touch(folder: &Path) -> io::Result<()> {
    let later = later_than(folder)?;
    File::open(folder)?.set_modified(later)
}

/// Makes durable what somebody else wrote.
pub(super) fn flush(folder: &Path) -> io::Result<()> {
    File::open(folder.join(LOGIN))?.sync_all()?;
    File::open(folder)?.sync_all()
}

/// Gives the login keyring a second name, durably: one with the date that nothing else has.
pub(super) fn link_aside(folder: &Path) -> io::Result<PathBuf> {
    aside(folder, &folder.join(LOGIN), |login, aside| {
        fs::hard_link(login, aside)
    })
}

/// Gives the login keyring another name, durably: one with the date that nothing else has.
pub(super) fn move_aside(folder: &Path) -> io::Result<PathBuf> {
    aside(folder, &folder.join(LOGIN), move_to)
}

/// Gives what was moved aside its name back, durably, unless something else has it.
pub(super) fn move_back(folder: &Path, aside: &Path) -> io::Result<()> {
    rename(aside, &folder.join(LOGIN), RenameFlags::NOREPLACE)?;
    flush(folder)
}

fn move_to(from: &Path, to: &Path) -> io::Result<()> {
    rename(from, to, RenameFlags::NOREPLACE)
}

fn aside(
    folder: &Path,
    file: &Path,
    name_it: impl Fn(&Path, &Path) -> io::Result<()>,
) -> io::Result<PathBuf> {
    let about = fs::symlink_metadata(file)?;
    if about.is_file() && about.mode() & 0o777 != 0o600 {
        fs::set_permissions(file, Permissions::from_mode(0o600))?;
    }
    let date = date(SystemTime::now());
    for number in 1..100 {
        let name = if number == 1 {
            format!("{LOGIN}{ASIDE}{date}")
        } else {
            format!("{LOGIN}{ASIDE}{date}-{number}")
        };
        let aside = folder.join(name);
        match name_it(file, &aside) {
            Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => {}
            named => {
                named?;
                File::open(folder)?.sync_all()?;
                return Ok(aside);
            }
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// What names a copy in its file's name: the date, and a number where several have it.
///
/// Only what this module names is one; a copy that somebody made beside it is none of ours.
pub(super) fn set_aside_as(name: &str) -> Option<&str> {
    let which = name.strip_prefix(LOGIN)?.strip_prefix(ASIDE)?;
    let (date, rest) = which.split_at_checked(DATE.len())?;
    let has_shape = date.bytes().zip(DATE).all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        other => byte == *other,
    });
    let number = rest.strip_prefix('-').unwrap_or_default();
    // In the one way in which numbers are written here: from_str also takes a sign and zeros.
    let is_numbered = number
        .parse::<u8>()
        .is_ok_and(|it| (2..100).contains(&it) && it.to_string() == number);
    (has_shape && (rest.is_empty() || is_numbered)).then_some(which)
}

/// Where the copy of that name is.
pub(super) fn aside_path(folder: &Path, which: &str) -> PathBuf {
    folder.join(format!("{LOGIN}{ASIDE}{which}"))
}

/// Whether a login keyring was set aside here.
pub(super) fn has_set_aside(folder: &Path) -> io::Result<bool> {
    let start = format!("{LOGIN}{ASIDE}");
    match fs::read_dir(folder) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(false),
        entries => {
            for entry in entries? {
                if entry?.file_name().to_string_lossy().starts_with(&start) {
                    return Ok(true);
                }
            }
            Ok(false)
        }
    }
}

/// A moment in UTC, in the form `2026-11-24T01-46-54Z`.
fn date(moment: SystemTime) -> String {
    let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (mut days, seconds) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let leap = |year: u64| {
        (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400)
    };
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (day, hour, minute) = (days + 1, seconds / 3600, seconds / 60 % 60);
    format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}-{minute:02}-{:02}Z",
        seconds % 60
    )
}

/// Whether a folder is on a file system that several computers may share.
pub(super) fn is_shared(folder: &Path) -> io::Result<bool> {
    let about = rustix::fs::statfs(folder)?;
    Ok(is_shared_kind(about.f_type))
}

/// Judges a file system by its magic number (statfs(2)), whose type differs between processors.
fn is_shared_kind(kind: impl Into<i128>) -> bool {
    const SHARED: [i128; 9] = [
        0x6969,      // NFS
        0x517B,      // SMB
        0xFE53_4D42, // SMB2
        0xFF53_4D42, // CIFS
        0x5346_414F, // AFS
        0x6B41_4653, // the kernel's AFS
        0x00C3_6400, // Ceph
        0x7375_7245, // Coda
        0x0102_1997, // 9P
    ];
    // Some are negative where the field has 32 bits.
    SHARED.contains(&(kind.into() & 0xFFFF_FFFF))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_the_calendars() {
        for (seconds, text) in [
            (0, "1970-01-01T00-00-00Z"),
            (951_782_399, "2000-02-28T23-59-59Z"),
            (951_782_400, "2000-02-29T00-00-00Z"),
            (951_868_800, "2000-03-01T00-00-00Z"),
            (1_795_485_599, "2026-11-24T01-59-59Z"),
            (4_102_444_799, "2099-12-31T23-59-59Z"),
            (4_107_542_400, "2100-03-01T00-00-00Z"),
        ] {
            assert_eq!(date(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn only_what_was_named_here_was_set_aside() {
        for which in ["2026-11-24T01-46-54Z", "2026-11-24T01-46-54Z-2"] {
            let name = format!("login.keyring.set-aside-{which}");
            assert_eq!(set_aside_as(&name), Some(which));
            assert_eq!(
                aside_path(Path::new("/f"), which),
                Path::new("/f").join(name)
            );
        }
        for other in [
            "login.keyring",
            "login.keyring.set-aside-",
            "login.keyring.set-aside-2026-11-24",
            "login.keyring.set-aside-2026-11-24T01-46-54Z.bak",
            "login.keyring.set-aside-2026-11-24T01-46-54Z-",
            "login.keyring.set-aside-2026-11-24T01-46-54Z-02",
            "login.keyring.set-aside-2026-11-24T01-46-54Z-+2",
            "login.keyring.set-aside-2026-11-24T01-46-5\u{e9}",
            "my.keyring.set-aside-2026-11-24T01-46-54Z",
        ] {
            assert_eq!(set_aside_as(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_set_aside_is_the_old_one_and_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        assert!(!has_set_aside(folder).unwrap());
        let mut kept = Vec::new();
        let mut last = None;
        for text in ["first", "second", "third"] {
            replace(folder, LOGIN, last, text.as_bytes()).unwrap();
            last = Some(text.as_bytes());
            kept.push((link_aside(folder).unwrap(), text));
        }
        replace(folder, LOGIN, last, b"fourth").unwrap();
        let moved = move_aside(folder).unwrap();
        replace(folder, LOGIN, None, b"in the way").unwrap();
        assert!(move_back(folder, &moved).is_err());
        fs::remove_file(folder.join(LOGIN)).unwrap();
        move_back(folder, &moved).unwrap();
        assert!(has_set_aside(folder).unwrap());
        for (path, text) in &kept {
            assert_eq!(fs::read_to_string(path).unwrap(), *text);
            assert_eq!(fs::metadata(path).unwrap().mode() & 0o777, 0o600);
            assert_ne!(path.extension().unwrap(), "keyring");
        }
        assert_eq!(read(&folder.join(LOGIN)).unwrap().unwrap(), b"fourth");
        assert_eq!(fs::read_dir(folder).unwrap().count(), 4, "nothing is left");
    }

    #[test]
    fn a_replaced_file_is_younger_by_a_second() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let seconds = || fs::metadata(folder.join(LOGIN)).unwrap().mtime();
        replace(folder, LOGIN, None, b"one").unwrap();
        let first = seconds();
        replace(folder, LOGIN, Some(b"one"), b"two").unwrap();
        assert!(seconds() > first);
        // A leftover of a process that was killed is in nobody's way.
        fs::write(folder.join(".login.keyring.lockstep"), "half").unwrap();
        replace(folder, LOGIN, Some(b"two"), b"three").unwrap();
        assert_eq!(read(&folder.join(LOGIN)).unwrap().unwrap(), b"three");
    }

    #[test]
    fn what_nobody_has_read_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        replace(folder, LOGIN, None, b"one").unwrap();
        for former in [None, Some(&b"another"[..])] {
            let replaced = replace(folder, LOGIN, former, b"two");
            assert!(matches!(replaced, Err(ReplaceFault::Meanwhile)));
        }
        assert!(replace(folder, "gone.keyring", Some(b"gone"), b"two").is_err());
        assert_eq!(read(&folder.join(LOGIN)).unwrap().unwrap(), b"one");
        assert_eq!(fs::read_dir(folder).unwrap().count(), 1, "nothing is left");
    }

    #[test]
    fn what_nobody_has_read_and_cannot_be_put_back_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        replace(folder, LOGIN, None, b"one").unwrap();
        let part = folder.join(".login.keyring.lockstep");
        for known in ["", "one", "two"] {
            fs::write(&part, known).unwrap();
            discard(folder, &part, &[b"one", b"two"]).unwrap();
            assert!(!part.exists() && !has_set_aside(folder).unwrap(), "{known}");
        }
        // As death before an exchange leaves it, and between two.
        fs::write(&part, "half").unwrap();
        fs::set_permissions(&part, Permissions::from_mode(UNPLACED)).unwrap();
        replace(folder, LOGIN, Some(b"one"), b"one").unwrap();
        assert!(!has_set_aside(folder).unwrap());
        let mode = fs::metadata(folder.join(LOGIN)).unwrap().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::write(&part, "somebody else's").unwrap();
        replace(folder, LOGIN, Some(b"one"), b"two").unwrap();
        assert_eq!(read(&folder.join(LOGIN)).unwrap().unwrap(), b"two");
        assert_eq!(kept(folder), ["somebody else's"]);
        std::os::unix::fs::symlink("/etc/hostname", &part).unwrap();
        discard(folder, &part, &[]).unwrap();
        assert!(!part.is_symlink() && fs::read_dir(folder).unwrap().count() == 3);
    }

    #[test]
    fn only_what_is_empty_is_cleared_away() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let login = folder.join(LOGIN);
        clear(folder).unwrap();
        fs::write(&login, "").unwrap();
        clear(folder).unwrap();
        assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
        fs::write(&login, "made meanwhile").unwrap();
        assert!(matches!(clear(folder), Err(ReplaceFault::Meanwhile)));
        assert_eq!(fs::read_to_string(&login).unwrap(), "made meanwhile");
        assert_eq!(fs::read_dir(folder).unwrap().count(), 1);
    }

    /// What was set aside.
    fn kept(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        entries
            .filter(|entry| set_aside_as(&entry.file_name().to_string_lossy()).is_some())
            .map(|entry| fs::read_to_string(entry.path()).unwrap())
            .collect()
    }

    #[test]
    fn only_plain_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(LOGIN);
        assert_eq!(read(&path).unwrap(), None);
        std::os::unix::fs::symlink("/etc/hostname", &path).unwrap();
        assert!(read(&path).is_err());
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(read(&path).is_err());
    }

    #[test]
    fn shared_file_systems_are_known() {
        assert!(!is_shared(Path::new("/proc")).unwrap());
        assert!(is_shared_kind(0x6969));
        assert!(is_shared_kind(0xFF53_4D42_u32.cast_signed()));
        assert!(!is_shared_kind(0xEF53), "ext4");
    }
}
