//! One app per session: whoever starts it again opens the one that runs.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::here;

/// How the start went on.
#[derive(Debug)]
pub enum Start {
    /// This is the one.
    First,
    /// Another one runs, and was opened.
    Again,
}

thread_local! {
    static CLAIM: RefCell<Option<(File, UnixListener)>> = const { RefCell::new(None) };
}

/// Becomes the one app of this session, or opens the one that is.
///
/// # Errors
///
/// That of a system call on the files in the runtime folder.
pub fn claim() -> io::Result<Start> {
    let folder = folder()?;
    let name = name(std::env::var("XDG_SESSION_ID").ok().as_deref());
    match claim_in(&folder, &name)? {
        Some(claimed) => {
            CLAIM.with(|claim| *claim.borrow_mut() = Some(claimed));
            Ok(Start::First)
        }
        None => Ok(Start::Again),
    }
}

/// Calls back whenever the app is started again.
///
/// # Errors
///
/// No thread could be started.
pub(super) fn on_start_again(again: fn()) -> io::Result<()> {
    let listener = CLAIM.with(|claim| {
        let claim = claim.borrow();
        claim.as_ref().map(|(_, listener)| listener.try_clone())
    });
    let Some(listener) = listener.transpose()? else {
        return Ok(());
    };
    std::thread::Builder::new()
        .name("instance".to_owned())
        .stack_size(64 * 1024)
        .spawn(move || {
            while listener.accept().is_ok() {
                again();
            }
        })
        .map(drop)
}

fn claim_in(folder: &Path, name: &str) -> io::Result<Option<(File, UnixListener)>> {
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(folder.join(format!("{name}.lock")))?;
    let socket = folder.join(format!("{name}.sock"));
    if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
        // It may be about to end: then there is nothing to open.
        let _gone = UnixStream::connect(&socket);
        return Ok(None);
    }
    match std::fs::remove_file(&socket) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(fault),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(&socket)?;
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o600))?;
    Ok(Some((lock, listener)))
}

/// The session's own name: a person may have several sessions, and only the one in front asks.
fn name(session: Option<&str>) -> String {
    let session: String = session
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(32)
        .collect();
    format!("lockstep-app{session}")
}

/// A folder of this person's alone.
fn folder() -> io::Result<PathBuf> {
    if let Some(runtime) = here::runtime_folder() {
        return Ok(runtime);
    }
    let folder = here::state_folder();
    if !folder.is_absolute() {
        return Err(io::Error::other("this session has no home"));
    }
    std::fs::create_dir_all(&folder)?;
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700))?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_start_opens_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let (lock, listener) = claim_in(folder.path(), "a").unwrap().unwrap();
        assert!(claim_in(folder.path(), "a").unwrap().is_none());
        listener.accept().unwrap();
        // Another session has one of its own.
        assert!(claim_in(folder.path(), "b").unwrap().is_some());
        drop((lock, listener));
        assert!(claim_in(folder.path(), "a").unwrap().is_some());
    }

    #[test]
    fn a_session_makes_no_path() {
        assert_eq!(name(Some("../c2")), "lockstep-appc2");
        assert_eq!(name(None), "lockstep-app");
    }
}
