//! Accepts connections where there is no systemd, and starts the same process that it would.

use std::fs::{self, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use lockstep_stores::linux::Etc;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::process::umask;

use crate::peer::{self, AGENT};
use crate::process::{ProcessFault, require_root};
use crate::queue::Queue;

/// How long one operation may take: one wait for the account files' lock (15 s), and some.
const CHILD_TIME: Duration = Duration::from_secs(60);

/// Accepts connections until the process is ended.
pub(crate) fn listen(state: &Path, socket: &Path) -> Result<(), ProcessFault> {
    require_root()?;
    let listener = bind(socket).map_err(ProcessFault::Listen)?;
    listener.set_nonblocking(true)?;
    let program = std::env::current_exe().map_err(ProcessFault::Listen)?;
    // Who looks after a child says by the first that it ended, and by the second that it is time to
    // look.
    let (ended, endings) = mpsc::channel();
    let (bell, ringer) = UnixStream::pair()?;
    bell.set_nonblocking(true)?;
    ringer.set_nonblocking(true)?;
    let ringer = Arc::new(ringer);
    let mut queue = Queue::default();
    eprintln!("listening on {}", socket.display());
    loop {
        let look_again = queue.forget_silent(Instant::now());
        wait(&listener, &bell, &queue, look_again)?;
        let mut rung = &bell;
        while matches!(rung.read(&mut [0; 64]), Ok(1..)) {}
        for uid in endings.try_iter() {
            queue.ended(uid);
        }
        match listener.accept() {
            // A peer that has no credentials is served as nobody, and told so.
            Ok((stream, _)) => {
                let uid = peer::uid(&stream).unwrap_or(u32::MAX);
                queue.join(stream, uid, Instant::now());
            }
            Err(fault) if fault.kind() == io::ErrorKind::WouldBlock => {}
            Err(fault) => {
                eprintln!("a connection was lost: {fault}");
                // Out of descriptors: trying again at once would only burn time.
                thread::sleep(Duration::from_millis(100));
            }
        }
        while let Some((stream, uid)) = queue.next(has_spoken) {
            match start(&program, state, stream) {
                Ok(child) => {
                    let (ended, ringer) = (ended.clone(), Arc::clone(&ringer));
                    thread::spawn(move || {
                        look_after(child);
                        // Both fail only when nobody listens any more, or the bell rings already.
                        let _told = ended.send(uid);
                        let _rung = (&*ringer).write(&[1]);
                    });
                }
                Err(fault) => {
                    eprintln!("an operation could not be started: {fault}");
                    queue.ended(uid);
                    thread::sleep(Duration::from_millis(100));
                }
            }
        }
    }
}

/// Waits for a connection, for one of those that wait to speak, or for a child to end.
fn wait(
    listener: &UnixListener,
    bell: &UnixStream,
    queue: &Queue<UnixStream>,
    look_again: Option<Duration>,
) -> io::Result<()> {
    let mut watched = vec![
        PollFd::new(listener, PollFlags::IN),
        PollFd::new(bell, PollFlags::IN),
    ];
    let candidates = queue.candidates();
    watched.extend(candidates.map(|stream| PollFd::new(stream, PollFlags::IN)));
    let patience = look_again.map(Timespec::try_from).transpose();
    let patience = patience.map_err(io::Error::other)?;
    match poll(&mut watched, patience.as_ref()) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(fault) => Err(fault.into()),
    }
}

/// Whether there is something to read, or the peer has gone.
fn has_spoken(stream: &UnixStream) -> bool {
    let mut watched = [PollFd::new(stream, PollFlags::IN)];
    poll(&mut watched, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
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
