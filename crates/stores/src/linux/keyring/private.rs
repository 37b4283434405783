//! A keyring daemon of our own, on copies in a folder of our own.
//!
//! What a password opens is known only to the daemon's own code, and a running daemon that holds the
//! keyring open may accept anything. So a fresh one is started for each question: without bus,
//! display or environment, and gone with the question.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

use super::control::Control;
use super::place::{LOGIN, Owner, Snapshot};
use super::running::unreachable;
use super::sys;
use crate::Refusal;

const PROGRAM: &str = "/usr/bin/gnome-keyring-daemon";

/// What the names of our folders begin with.
const PREFIX: &str = "lockstep-keyring-";

/// How long a daemon may take to start; it takes ten milliseconds.
const START: Duration = Duration::from_secs(5);

/// Leads nowhere: without an address the daemon would look for a bus, or start one.
const NO_BUS: &str = "unix:path=/nonexistent";

/// A folder that nobody else enters, removed when dropped.
#[derive(Debug)]
struct Scratch {
    path: PathBuf,
    /// Says that the folder is in use, for as long as this process lives.
    _in_use: File,
}

/// A daemon of our own; killed and reaped, and its folder removed, when dropped.
#[derive(Debug)]
pub(super) struct Private {
    child: Child,
    control: Control,
    /// Dropped after the daemon is gone.
    scratch: Scratch,
}

impl Private {
    /// Starts a daemon that sees nothing but these copies.
    ///
    /// # Errors
    ///
    /// [`lockstep_model::Code::KeychainUnreachable`].
    pub(super) fn with(owner: &Owner, found: &Snapshot) -> Result<Self, Refusal> {
        let fault = |fault: io::Error| unreachable(format!("a private keyring daemon: {fault}"));
        let scratch = Scratch::new(owner).map_err(fault)?;
        let run = scratch.path.join("run");
        let folder = scratch.folder();
        for path in [&run, &folder] {
            DirBuilder::new().mode(0o700).create(path).map_err(fault)?;
        }
        found.write_into(&folder).map_err(fault)?;
        let (mut ready, output) = UnixStream::pair().map_err(fault)?;
        let mut command = Command::new(PROGRAM);
        command
            .args(["--foreground", "--components=pkcs11"])
            .arg(flag(&run))
            .env_clear()
            .env("HOME", &scratch.path)
            .env("XDG_DATA_HOME", &scratch.path)
            .env("XDG_RUNTIME_DIR", &run)
            .env("DBUS_SESSION_BUS_ADDRESS", NO_BUS)
            .env("DBUS_SYSTEM_BUS_ADDRESS", NO_BUS)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(OwnedFd::from(output))
            .stderr(Stdio::null())
            .process_group(0);
        sys::tie(&mut command);
        let child = command.spawn().map_err(fault)?;
        // The command keeps the daemon's end of the socket.
        drop(command);
        let private = Self {
            child,
            control: Control::at(&run.join("control"), owner.uid),
            scratch,
        };
        // It closes its output when it is ready, or ends.
        wait_for_end(&mut ready, Instant::now() + START).map_err(fault)?;
        Ok(private)
    }

    pub(super) const fn control(&self) -> &Control {
        &self.control
    }

    /// Whether it has made a keyring beside the one that it was given.
    ///
    /// # Errors
    ///
    /// Those of listing them.
    pub(super) fn has_made_another(&self) -> io::Result<bool> {
        for entry in fs::read_dir(self.scratch.folder())? {
            let name = entry?.file_name();
            if name != LOGIN && name.as_encoded_bytes().ends_with(b".keyring") {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The keyrings as they are now.
    ///
    /// # Errors
    ///
    /// Those of reading them.
    pub(super) fn snapshot(&self) -> io::Result<Snapshot> {
        Snapshot::read(&self.scratch.folder())
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        // A failure means that it has ended already; `wait` buries it either way.
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

/// Whether an argument is one that only daemons of ours have.
pub(super) fn is_ours(argument: &[u8]) -> bool {
    let rest = argument.strip_prefix(CONTROL_DIRECTORY.as_bytes());
    rest.is_some_and(|path| {
        let mut parts = path.split(|byte| *byte == b'/');
        parts.any(|part| part.starts_with(PREFIX.as_bytes()))
    })
}

const CONTROL_DIRECTORY: &str = "--control-directory=";

fn flag(run: &Path) -> std::ffi::OsString {
    let mut flag = std::ffi::OsString::from(CONTROL_DIRECTORY);
    flag.push(run);
    flag
}

fn wait_for_end(stream: &mut UnixStream, end: Instant) -> io::Result<()> {
    let mut buffer = [0; 256];
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
            Err(fault) => return Err(fault),
        }
    }
}

impl Scratch {
    /// Makes one in memory, or where nobody is logged in, among the temporary found.
    fn new(owner: &Owner) -> io::Result<Self> {
        let runtime = owner.runtime();
        let is_theirs =
            fs::symlink_metadata(&runtime).is_ok_and(|it| it.is_dir() && it.uid() == owner.uid);
        if is_theirs && let Ok(scratch) = Self::below(&runtime, owner.uid) {
            return Ok(scratch);
        }
        Self::below(Path::new("/tmp"), owner.uid)
    }

    fn below(parent: &Path, uid: u32) -> io::Result<Self> {
        remove_leftovers(parent, uid);
        for number in 0..1000 {
            let name = format!("{PREFIX}{}-{number}", std::process::id());
            let path = parent.join(name);
            match DirBuilder::new().mode(0o700).create(&path) {
                Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => continue,
                made => made?,
            }
            // Another operation may take it for a leftover just now.
            if let Ok(folder) = File::open(&path)
                && flock(&folder, FlockOperation::NonBlockingLockExclusive).is_ok()
                && folder.metadata()?.nlink() > 0
            {
                return Ok(Self {
                    path,
                    _in_use: folder,
                });
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Where the daemon looks for keyrings (`keyrings` below `XDG_DATA_HOME`).
    fn folder(&self) -> PathBuf {
        self.path.join("keyrings")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays is removed by the next operation.
        let _gone = fs::remove_dir_all(&self.path);
    }
}

/// Removes the folders of processes that were killed. What can't be removed is left alone.
fn remove_leftovers(parent: &Path, uid: u32) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let opened = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_DIRECTORY | libc::O_NOFOLLOW | libc::O_NONBLOCK)
            .open(entry.path());
        if let Ok(folder) = opened
            && folder.metadata().is_ok_and(|it| it.uid() == uid)
            && flock(&folder, FlockOperation::NonBlockingLockExclusive).is_ok()
        {
            let _kept = fs::remove_dir_all(entry.path());
        }
    }
}

/// Writes a file that only its owner reads, and that wasn't there.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<File> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_in_use_stay_and_left_ones_go() {
        let parent = tempfile::tempdir().unwrap();
        let uid = rustix::process::getuid().as_raw();
        let left = parent.path().join("lockstep-keyring-1-0");
        fs::create_dir_all(left.join("keyrings")).unwrap();
        let other = parent.path().join("somebody-elses");
        fs::create_dir(&other).unwrap();
        let first = Scratch::below(parent.path(), uid).unwrap();
        assert!(!left.exists() && other.exists());
        let second = Scratch::below(parent.path(), uid).unwrap();
        assert!(first.path.exists() && second.path.exists());
        assert_eq!(fs::metadata(&first.path).unwrap().mode() & 0o777, 0o700);
        drop(first);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 2);
    }

    #[test]
    fn our_daemons_are_known_by_their_folder() {
        let run = Path::new("/run/user/7/lockstep-keyring-3-0/run");
        assert!(is_ours(flag(run).as_encoded_bytes()));
        assert!(!is_ours(b"--control-directory=/run/user/7/keyring"));
        assert!(!is_ours(b"/run/user/7/lockstep-keyring-3-0/run"));
    }
}
