//! A keyring daemon of our own, on copies in a folder of our own.
//!
//! What a password opens is known only to the daemon's own code, and a running daemon that holds the
//! keyring open may accept anything. So a fresh one is started for each question: without display,
//! environment or anybody else's bus, and gone with the question.

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

const BUS_PROGRAM: &str = "/usr/bin/dbus-daemon";

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

/// A program of our own; killed and reaped when dropped.
#[derive(Debug)]
struct Tied(Child);

/// A daemon of our own; gone, and its folder removed, when dropped. In this order.
#[derive(Debug)]
pub(super) struct Private {
    _daemon: Tied,
    _bus: Option<Tied>,
    control: Control,
    scratch: Scratch,
}

impl Private {
    /// Starts a daemon that sees nothing but these copies.
    ///
    /// # Errors
    ///
    /// [`lockstep_model::Code::KeychainUnreachable`].
    pub(super) fn with(owner: &Owner, found: &Snapshot) -> Result<Self, Refusal> {
        Self::start(owner, found, false).map_err(not_started)
    }

    /// The same, on a bus where it shows what it holds (Secret Service API) and nobody else is; gives
    /// the bus's address.
    ///
    /// # Errors
    ///
    /// [`lockstep_model::Code::KeychainUnreachable`].
    pub(super) fn on_a_bus(owner: &Owner, found: &Snapshot) -> Result<(Self, String), Refusal> {
        let private = Self::start(owner, found, true).map_err(not_started)?;
        let address = private.scratch.bus_address();
        Ok((private, address))
    }

    fn start(owner: &Owner, found: &Snapshot, with_bus: bool) -> io::Result<Self> {
        let scratch = Scratch::new(owner)?;
        let (run, folder) = (scratch.run(), scratch.folder());
        for path in [&run, &folder] {
            DirBuilder::new().mode(0o700).create(path)?;
        }
        found.write_into(&folder)?;
        let (bus, address, component) = if with_bus {
            let bus = scratch.start_bus()?;
            (Some(bus), scratch.bus_address(), "--components=secrets")
        } else {
            (None, NO_BUS.to_owned(), "--components=pkcs11")
        };
        let mut command = Command::new(PROGRAM);
        command.args(["--foreground", component]).arg(flag(&run));
        let (daemon, mut ready) = scratch.start(command, &address)?;
        // It closes its output when it is ready, or ends.
        wait_for_end(&mut ready, Instant::now() + START)?;
        Ok(Self {
            _daemon: daemon,
            _bus: bus,
            control: Control::at(&run.join("control"), owner.uid),
            scratch,
        })
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

impl Drop for Tied {
    fn drop(&mut self) {
        // A failure means that it has ended already; `wait` buries it either way.
        let _gone = self.0.kill();
        let _status = self.0.wait();
    }
}

fn not_started(fault: io::Error) -> Refusal {
    unreachable(format!("a private keyring daemon: {fault}"))
}

/// Whether an argument is one that only daemons of ours have.
pub(super) fn is_ours(argument: &[u8]) -> bool {
    let rest = argument.strip_prefix(CONTROL_DIRECTORY.as_bytes());
    rest.is_some_and(|path| {
        let mut parts = path.split(|byte| *byte == b'/');
        parts.any(is_our_name)
    })
}

/// Whether it is a name as [`Scratch::below`] makes them: the process, and a number.
fn is_our_name(name: &[u8]) -> bool {
    let is_number = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let mut parts = name
        .strip_prefix(PREFIX.as_bytes())
        .unwrap_or_default()
        .split(|byte| *byte == b'-');
    parts.next().is_some_and(is_number)
        && parts.next().is_some_and(is_number)
        && parts.next().is_none()
}

const CONTROL_DIRECTORY: &str = "--control-directory=";

fn flag(run: &Path) -> std::ffi::OsString {
    let mut flag = std::ffi::OsString::from(CONTROL_DIRECTORY);
    flag.push(run);
    flag
}

fn wait_for_end(stream: &mut UnixStream, end: Instant) -> io::Result<()> {
    let mut buffer = [0; 256];
    while read_until(stream, &mut buffer, end)? > 0 {}
    Ok(())
}

fn wait_for_line(stream: &mut UnixStream, end: Instant) -> io::Result<()> {
    let mut buffer = [0; 256];
    loop {
        match read_until(stream, &mut buffer, end)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read if buffer[..read].contains(&b'\n') => return Ok(()),
            _ => {}
        }
    }
}

fn read_until(stream: &mut UnixStream, buffer: &mut [u8], end: Instant) -> io::Result<usize> {
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(buffer) {
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
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

    /// Where sockets are.
    fn run(&self) -> PathBuf {
        self.path.join("run")
    }

    fn bus_address(&self) -> String {
        format!("unix:path={}", self.run().join("bus").display())
    }

    /// Starts a bus that starts no service, so that nothing on it could ask anybody anything.
    fn start_bus(&self) -> io::Result<Tied> {
        let settings = self.path.join("bus.conf");
        write_new(&settings, bus_settings(&self.bus_address()).as_bytes())?;
        let mut flag = std::ffi::OsString::from("--config-file=");
        flag.push(&settings);
        let mut command = Command::new(BUS_PROGRAM);
        command
            .arg(flag)
            .args(["--nofork", "--nopidfile", "--nosyslog", "--print-address=1"]);
        let (bus, mut said) = self.start(command, NO_BUS)?;
        wait_for_line(&mut said, Instant::now() + START)?;
        Ok(bus)
    }

    /// Starts a program that sees nothing but this folder; gives what it says.
    fn start(&self, mut command: Command, bus: &str) -> io::Result<(Tied, UnixStream)> {
        let (said, output) = UnixStream::pair()?;
        command
            .env_clear()
            .env("DBUS_SESSION_BUS_ADDRESS", bus)
            .env("HOME", &self.path)
            .env("XDG_DATA_HOME", &self.path)
            .env("XDG_RUNTIME_DIR", self.run())
            .env("DBUS_SYSTEM_BUS_ADDRESS", NO_BUS)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(OwnedFd::from(output))
            .stderr(Stdio::null())
            .process_group(0);
        sys::tie(&mut command);
        // Dropping the command closes our copy of the program's end of the socket.
        Ok((Tied(command.spawn()?), said))
    }
}

/// dbus-daemon(1): who is on it is known by the kernel, and one person is.
fn bus_settings(address: &str) -> String {
    format!(
        "<busconfig><type>session</type><listen>{address}</listen><auth>EXTERNAL</auth>\
         <policy context=\"default\"><allow send_destination=\"*\"/><allow receive_sender=\"*\"/>\
         <allow own=\"*\"/></policy></busconfig>\n"
    )
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays is removed by the next operation.
        let _gone = fs::remove_dir_all(&self.path);
    }
}

/// Removes the folders of processes that were killed. What can't be removed is left alone, and so is
/// what isn't named and shut as ours are: it is the person's.
fn remove_leftovers(parent: &Path, uid: u32) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if !is_our_name(entry.file_name().as_encoded_bytes()) {
            continue;
        }
        let opened = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_DIRECTORY | libc::O_NOFOLLOW | libc::O_NONBLOCK)
            .open(entry.path());
        if let Ok(folder) = opened
            && folder
                .metadata()
                .is_ok_and(|it| it.uid() == uid && it.mode() & 0o777 == 0o700)
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
        let shut = |name: &str, mode| {
            let path = parent.path().join(name);
            DirBuilder::new().mode(mode).create(&path).unwrap();
            path
        };
        let left = shut("lockstep-keyring-1-0", 0o700);
        fs::create_dir(left.join("keyrings")).unwrap();
        // The person's own.
        let others = [
            shut("somebody-elses", 0o700),
            shut("lockstep-keyring-backup", 0o700),
            shut("lockstep-keyring-2026-11-24", 0o700),
            shut("lockstep-keyring-1-0x", 0o700),
            shut("lockstep-keyring-1-", 0o700),
            shut("lockstep-keyring-2-0", 0o750),
        ];
        let first = Scratch::below(parent.path(), uid).unwrap();
        assert!(!left.exists());
        for other in &others {
            assert!(other.exists(), "{}", other.display());
        }
        let second = Scratch::below(parent.path(), uid).unwrap();
        assert!(first.path.exists() && second.path.exists());
        assert_eq!(fs::metadata(&first.path).unwrap().mode() & 0o777, 0o700);
        drop(first);
        assert_eq!(
            fs::read_dir(parent.path()).unwrap().count(),
            others.len() + 1
        );
    }

    #[test]
    fn our_daemons_are_known_by_their_folder() {
        let run = Path::new("/run/user/7/lockstep-keyring-3-0/run");
        assert!(is_ours(flag(run).as_encoded_bytes()));
        assert!(!is_ours(b"--control-directory=/run/user/7/keyring"));
        assert!(!is_ours(
            b"--control-directory=/run/user/7/lockstep-keyring-mine/run"
        ));
        assert!(!is_ours(b"/run/user/7/lockstep-keyring-3-0/run"));
    }
}
