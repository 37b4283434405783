//! Accepts connections where there is no systemd, and starts the same process that it would.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use lockstep_stores::linux::Etc;
use rustix::fs::Mode;
use rustix::process::umask;

use crate::peer::AGENT;
use crate::process::{ProcessFault, require_root};

/// The most operations at once; more wait in the socket's queue.
const MAX_CHILDREN: usize = 16;

/// How long one operation may take: one wait for the account files' lock (15 s), and some.
const CHILD_TIME: Duration = Duration::from_secs(60);

/// Accepts connections until the process is ended.
pub(crate) fn listen(state: &Path, socket: &Path) -> Result<(), ProcessFault> {
    require_root()?;
    let listener = bind(socket).map_err(ProcessFault::Listen)?;
    let program = std::env::current_exe().map_err(ProcessFault::Listen)?;
    let free = Arc::new(Places::new(MAX_CHILDREN));
    eprintln!("listening on {}", socket.display());
    loop {
        free.take();
        let started = listener
            .accept()
            .and_then(|(stream, _)| start(&program, state, stream));
        match started {
            Ok(child) => {
                let free = Arc::clone(&free);
                thread::spawn(move || {
                    look_after(child);
                    free.give_back();
                });
            }
            Err(fault) => {
                eprintln!("a connection was lost: {fault}");
                free.give_back();
                // Out of descriptors or processes: trying again at once would only burn time.
                thread::sleep(Duration::from_millis(100));
            }
        }
    }
}

/// Makes the socket elsewhere and renames it, so that whoever finds it may already connect.
fn bind(socket: &Path) -> io::Result<UnixListener> {
    clear(socket)?;
    let mut new = socket.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    clear(&new)?;
    let before = umask(Mode::from_bits_truncate(0o177));
    let listener = UnixListener::bind(&new);
    umask(before);
    let listener = listener?;
    match Etc::default()
        .account_by_name(AGENT)
        .map_err(io::Error::other)?
    {
        Some(agent) => {
            chown(&new, Some(0), Some(agent.gid))?;
            fs::set_permissions(&new, Permissions::from_mode(0o660))?;
        }
        None => eprintln!("there is no account {AGENT}: only root can connect"),
    }
    fs::rename(&new, socket)?;
    Ok(listener)
}

/// Removes a socket that nobody listens on any more; anything else is in the way.
fn clear(socket: &Path) -> io::Result<()> {
    match fs::symlink_metadata(socket) {
        Ok(facts) if facts.file_type().is_socket() => match UnixStream::connect(socket) {
            Ok(_) => Err(io::Error::new(
                io::ErrorKind::AddrInUse,
                "another helper listens there",
            )),
            Err(_) => fs::remove_file(socket),
        },
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "there is a file in the way",
        )),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(fault) => Err(fault),
    }
}

fn start(program: &Path, state: &Path, stream: UnixStream) -> io::Result<Child> {
    Command::new(program)
        .arg("op")
        .arg("--state")
        .arg(state)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::from(std::os::fd::OwnedFd::from(stream)))
        .stdout(Stdio::null())
        .spawn()
}

/// Waits for a child to end, and ends it when it takes longer than anything can.
fn look_after(mut child: Child) {
    let started = Instant::now();
    let mut pause = Duration::from_millis(5);
    loop {
        match child.try_wait() {
            Ok(Some(_)) | Err(_) => return,
            Ok(None) if started.elapsed() > CHILD_TIME => {
                eprintln!("an operation took too long and was ended");
                if child.kill().and_then(|()| child.wait()).is_err() {
                    return;
                }
            }
            Ok(None) => thread::sleep(pause),
        }
        pause = (pause * 2).min(Duration::from_millis(200));
    }
}

/// Counts free places.
struct Places {
    free: Mutex<usize>,
    changed: Condvar,
}

impl Places {
    const fn new(free: usize) -> Self {
        Self {
            free: Mutex::new(free),
            changed: Condvar::new(),
        }
    }

    fn take(&self) {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self
            .changed
            .wait_while(free, |free| *free == 0)
            .unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
    }

    fn give_back(&self) {
        *self.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.changed.notify_one();
    }
}
