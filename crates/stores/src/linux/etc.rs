//! The local account files, read as files: NSS would also show accounts of other systems.
//!
//! Formats: passwd(5), shadow(5), login.defs(5).

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use lockstep_model::Secret;
use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::io::Errno;
use zeroize::Zeroize;

/// The most bytes of one file; a hundred thousand accounts fit ten times.
const MAX_FILE: u64 = 64 * 1024 * 1024;

/// The first uid of people where login.defs names none (`UID_MIN` in login.defs(5)).
const DEFAULT_UID_MIN: u32 = 1000;

/// The directory of the account files.
#[derive(Clone, Debug)]
pub struct Etc {
    root: PathBuf,
}

/// One account of passwd(5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswdLine {
    /// The login name.
    pub name: String,
    /// The user id.
    pub uid: u32,
    /// The primary group.
    pub gid: u32,
    /// The home folder.
    pub home: PathBuf,
    /// Whether the password is in shadow(5), which the field `x` says.
    pub shadowed: bool,
}

/// The lock of the account files; given back when dropped.
#[derive(Debug)]
pub struct AccountsLock {
    _file: File,
}

/// Why an account file can't be used. Never holds a line of it.
#[derive(Debug, thiserror::Error)]
pub enum EtcError {
    /// It can't be read.
    #[error("can't read {path}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is larger than any real one.
    #[error("{path} is larger than {MAX_FILE} bytes")]
    TooLarge {
        /// Which file.
        path: PathBuf,
    },
    /// Another program has it locked.
    #[error("{path} is locked by another program")]
    Busy {
        /// Which file.
        path: PathBuf,
    },
    /// The line that was looked for can't be understood.
    #[error("{path}, line {line}: not understood")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
    },
    /// Two lines claim the same name or uid, so that nobody can say who is meant.
    #[error("{path}, line {line}: a second account of the same name or uid")]
    Ambiguous {
        /// Which file.
        path: PathBuf,
        /// The second line, from 1.
        line: usize,
    },
}

impl Default for Etc {
    fn default() -> Self {
        Self::at("/etc")
    }
}

impl Etc {
    /// Reads the files of this directory instead of `/etc`.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// The account with this uid, if there is one and only one.
    ///
    /// # Errors
    ///
    /// [`EtcError`]; lines of other accounts that make no sense are passed over, as by libc.
    pub fn account_by_uid(&self, uid: u32) -> Result<Option<PasswdLine>, EtcError> {
        let digits = uid.to_string();
        self.account(|fields| fields.get(2) == Some(&digits.as_bytes()))
    }

    /// The account with this name, if there is one and only one.
    ///
    /// # Errors
    ///
    /// [`EtcError`]; lines of other accounts that make no sense are passed over, as by libc.
    pub fn account_by_name(&self, name: &str) -> Result<Option<PasswdLine>, EtcError> {
        self.account(|fields| fields.first() == Some(&name.as_bytes()))
    }

    /// The password field of shadow(5) for this name: a hash, or a mark that there is none.
    ///
    /// # Errors
    ///
    /// [`EtcError`]; reading it takes root.
    pub fn shadow_field(&self, name: &str) -> Result<Option<Secret>, EtcError> {
        let path = self.root.join("shadow");
        let bytes = Secret::new(read(&path)?);
        let fields = only_line(&path, bytes.expose(), |f| {
            f.first() == Some(&name.as_bytes())
        })?;
        let Some((line, fields)) = fields else {
            return Ok(None);
        };
        match fields.get(1) {
            Some(field) if fields.len() == 9 => Ok(Some(Secret::copy_of(field))),
            Some(_) | None => Err(EtcError::Malformed { path, line }),
        }
    }

    /// Whether shadow(5) forbids a change on this day (since 1970, UTC) because the last one was too
    /// short a time ago. It counts as pam_unix does: a last change of 0 or in the future is none.
    ///
    /// # Errors
    ///
    /// [`EtcError`]; reading it takes root.
    pub fn too_soon(&self, name: &str, today: u64) -> Result<bool, EtcError> {
        let path = self.root.join("shadow");
        let bytes = Secret::new(read(&path)?);
        let fields = only_line(&path, bytes.expose(), |f| {
            f.first() == Some(&name.as_bytes())
        })?;
        let Some((line, fields)) = fields else {
            return Ok(false);
        };
        let [_, _, last, minimum, _, _, _, _, _] = fields.as_slice() else {
            return Err(EtcError::Malformed { path, line });
        };
        let (Some(last), Some(minimum)) = (days(last), days(minimum)) else {
            return Ok(false);
        };
        let since = today.checked_sub(last);
        Ok(last != 0 && since.is_some_and(|since| since < minimum))
    }

    /// The first uid of people: `UID_MIN` of login.defs(5), 1000 where it or the file is missing.
    ///
    /// # Errors
    ///
    /// [`EtcError`]; a value that is no number is one rather than a guess.
    pub fn uid_min(&self) -> Result<u32, EtcError> {
        let path = self.root.join("login.defs");
        let bytes = match read(&path) {
            Ok(bytes) => bytes,
            Err(EtcError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Ok(DEFAULT_UID_MIN);
            }
            Err(fault) => return Err(fault),
        };
        let text = String::from_utf8_lossy(&bytes);
        let mut found = DEFAULT_UID_MIN;
        for (index, line) in text.lines().enumerate() {
            let mut words = line.split_whitespace();
            if words.next() == Some("UID_MIN") {
                let value = words.next().and_then(|word| word.parse().ok());
                found = value.ok_or(EtcError::Malformed {
                    path: path.clone(),
                    line: index + 1,
                })?;
            }
        }
        Ok(found)
    }

    /// Takes the lock of the account files (lckpwdf(3)), waiting for whoever has it.
    ///
    /// lckpwdf itself waits 15 s, and pam_unix calls it twenty times. A process that already has
    /// the lock gets it again at once, and loses it when the first taker gives it back.
    ///
    /// # Errors
    ///
    /// [`EtcError::Busy`] after as long as `patience`.
    pub fn lock(&self, patience: Duration) -> Result<AccountsLock, EtcError> {
        let path = self.root.join(".pwd.lock");
        let fault = |source| EtcError::Read {
            path: path.clone(),
            source,
        };
        let mut options = File::options();
        options.write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&path).map_err(fault)?;
        let deadline = Instant::now() + patience;
        loop {
            match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(AccountsLock { _file: file }),
                Err(Errno::AGAIN | Errno::ACCESS) if Instant::now() < deadline => {
                    thread::sleep(Duration::from_millis(50));
                }
                Err(Errno::AGAIN | Errno::ACCESS) => return Err(EtcError::Busy { path }),
                Err(source) => return Err(fault(source.into())),
            }
        }
    }

    /// Makes renames inside the directory durable, which programs that rewrite shadow(5) leave out.
    ///
    /// # Errors
    ///
    /// [`EtcError::Read`].
    pub fn flush(&self) -> Result<(), EtcError> {
        File::open(&self.root)
            .and_then(|directory| directory.sync_all())
            .map_err(|source| EtcError::Read {
                path: self.root.clone(),
                source,
            })
    }

    fn account(
        &self,
        is_wanted: impl Fn(&[&[u8]]) -> bool,
    ) -> Result<Option<PasswdLine>, EtcError> {
        let path = self.root.join("passwd");
        let bytes = read(&path)?;
        let Some((line, fields)) = only_line(&path, &bytes, is_wanted)? else {
            return Ok(None);
        };
        parse_passwd(&fields)
            .map(Some)
            .ok_or(EtcError::Malformed { path, line })
    }
}

fn parse_passwd(fields: &[&[u8]]) -> Option<PasswdLine> {
    let [name, password, uid, gid, _, home, _] = fields else {
        return None;
    };
    let name = std::str::from_utf8(name)
        .ok()
        .filter(|name| !name.is_empty())?;
    Some(PasswdLine {
        name: name.to_owned(),
        uid: number(uid)?,
        gid: number(gid)?,
        home: PathBuf::from(OsStr::from_bytes(home)),
        shadowed: *password == b"x",
    })
}

/// A count of days; empty and negative ones mean that there is none.
fn days(field: &[u8]) -> Option<u64> {
    std::str::from_utf8(field).ok()?.parse().ok()
}

fn number(field: &[u8]) -> Option<u32> {
    if !field.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(field).ok()?.parse().ok()
}

type Line<'a> = (usize, Vec<&'a [u8]>);

/// The only line with wanted fields, and its number.
fn only_line<'a>(
    path: &Path,
    bytes: &'a [u8],
    is_wanted: impl Fn(&[&[u8]]) -> bool,
) -> Result<Option<Line<'a>>, EtcError> {
    let mut found = None;
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let fields: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
        if !is_wanted(&fields) {
            continue;
        }
        if found.is_some() {
            return Err(EtcError::Ambiguous {
                path: path.to_owned(),
                line: index + 1,
            });
        }
        found = Some((index + 1, fields));
    }
    Ok(found)
}

fn read(path: &Path) -> Result<Vec<u8>, EtcError> {
    let fault = |source| EtcError::Read {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(fault)?;
    let length = file.metadata().map_err(fault)?.len();
    if length > MAX_FILE {
        return Err(EtcError::TooLarge {
            path: path.to_owned(),
        });
    }
    // Room for all of it at once: a growing buffer would leave copies of hashes behind.
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default() + 1);
    let outcome = file.take(MAX_FILE).read_to_end(&mut bytes);
    if let Err(source) = outcome {
        bytes.zeroize();
        return Err(fault(source));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn etc(files: &[(&str, &[u8])]) -> (tempfile::TempDir, Etc) {
        let directory = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            fs::write(directory.path().join(name), bytes).unwrap();
        }
        let etc = Etc::at(directory.path());
        (directory, etc)
    }

    const PASSWD: &[u8] = b"root:x:0:0:root:/root:/bin/bash\n\
        anna:x:1000:1000:Anna Bergstr\xf6m,,,:/home/anna:/bin/bash\n\
        \n\
        nonsense\n\
        +::::::\n\
        short:x:1003\n\
        minus:x:-1:1000::/:/bin/sh\n\
        plus:x:+1007:1000::/:/bin/sh\n\
        twin:x:1005:1005::/:/bin/sh\n\
        other:x:1005:1005::/:/bin/sh\n\
        same:x:1008:1008::/:/bin/sh\n\
        same:x:1009:1009::/:/bin/sh\n\
        old:$1$a$b:1006:1006::/:/bin/sh";

    #[test]
    fn accounts_are_found_by_uid_and_name() {
        let (_keep, etc) = etc(&[("passwd", PASSWD)]);
        let anna = PasswdLine {
            name: "anna".into(),
            uid: 1000,
            gid: 1000,
            home: "/home/anna".into(),
            shadowed: true,
        };
        assert_eq!(etc.account_by_uid(1000).unwrap(), Some(anna.clone()));
        assert_eq!(etc.account_by_name("anna").unwrap(), Some(anna));
        assert_eq!(etc.account_by_uid(4711).unwrap(), None);
        assert_eq!(etc.account_by_name("ann").unwrap(), None);
        assert!(!etc.account_by_name("old").unwrap().unwrap().shadowed);
    }

    #[test]
    fn what_is_unclear_is_an_error() {
        let (_keep, etc) = etc(&[("passwd", PASSWD)]);
        let line = |found: Result<_, EtcError>| match found {
            Err(EtcError::Malformed { line, .. } | EtcError::Ambiguous { line, .. }) => line,
            other => panic!("{other:?}"),
        };
        assert_eq!(line(etc.account_by_uid(1003)), 6);
        assert_eq!(line(etc.account_by_name("minus")), 7);
        assert_eq!(line(etc.account_by_name("plus")), 8);
        assert_eq!(line(etc.account_by_uid(1005)), 10);
        assert_eq!(line(etc.account_by_name("same")), 12);
        assert_eq!(line(etc.account_by_name("+")), 5);
    }

    #[test]
    fn shadow_fields_are_read_whole() {
        let shadow = b"anna:$y$j9T$abc$def:20780:0:99999:7:::\n\
            lars:!$y$j9T$abc$def:20780:0:99999:7:::\n\
            open::20780:0:99999:7:::\n\
            cut:$y$j9T";
        let (_keep, etc) = etc(&[("shadow", shadow)]);
        let field = |name| etc.shadow_field(name).unwrap().map(|f| f.expose().to_vec());
        assert_eq!(field("anna").as_deref(), Some(&b"$y$j9T$abc$def"[..]));
        assert_eq!(field("lars").as_deref(), Some(&b"!$y$j9T$abc$def"[..]));
        assert_eq!(field("open").as_deref(), Some(&b""[..]));
        assert_eq!(field("nobody"), None);
        assert!(matches!(
            etc.shadow_field("cut"),
            Err(EtcError::Malformed { line: 4, .. })
        ));
    }

    #[test]
    fn a_minimum_age_forbids_a_change_for_as_many_days() {
        let shadow = b"anna:x:100:3:99999:7:::\n\
            free:x:100:0:99999:7:::\n\
            none:x:100::99999:7:::\n\
            minus:x:100:-1:99999:7:::\n\
            forced:x:0:3:99999:7:::\n\
            cut:x:100:3\n";
        let (_keep, etc) = etc(&[("shadow", shadow)]);
        let days: Vec<u64> = (98..106)
            .filter(|day| etc.too_soon("anna", *day).unwrap())
            .collect();
        assert_eq!(days, [100, 101, 102]);
        for free in ["free", "none", "minus", "forced", "nobody"] {
            assert!(!etc.too_soon(free, 100).unwrap(), "{free}");
        }
        assert!(etc.too_soon("cut", 100).is_err());
    }

    #[test]
    fn uid_min_is_read_from_login_defs() {
        for (text, want) in [
            (&b""[..], Some(1000)),
            (
                b"# UID_MIN 5\nUID_MIN\t\t 2000\nUID_MAX 60000\n",
                Some(2000),
            ),
            (b"UID_MIN_X 7\n  UID_MIN 500 # people\n", Some(500)),
            (b"UID_MIN many\n", None),
            (b"UID_MIN\n", None),
            (b"UID_MIN -1\n", None),
        ] {
            let (_keep, etc) = etc(&[("login.defs", text)]);
            assert_eq!(
                etc.uid_min().ok(),
                want,
                "{}",
                String::from_utf8_lossy(text)
            );
        }
        let (_keep, etc) = etc(&[]);
        assert_eq!(etc.uid_min().unwrap(), 1000);
    }

    #[test]
    fn missing_and_absurd_files_are_named() {
        let (keep, etc) = etc(&[]);
        let fault = etc.account_by_uid(1).unwrap_err().to_string();
        assert!(fault.contains("passwd"), "{fault}");
        let file = File::create(keep.path().join("shadow")).unwrap();
        file.set_len(MAX_FILE + 1).unwrap();
        assert!(matches!(
            etc.shadow_field("a"),
            Err(EtcError::TooLarge { .. })
        ));
    }
}
