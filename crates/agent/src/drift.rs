//! Noticing that somebody else changed an account's password: `passwd`, the settings, root.
//!
//! Every tool writes a new file and renames it over shadow(5), so that a watch on the file itself
//! dies with the first change: the folder is watched. What an event says is never relied on; the
//! helper compares fingerprints, and does so once at the start, for a watch has no memory.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::rc::Rc;
use std::time::Duration;

use lockstep_client::Fault;
use lockstep_model::Code;
use rustix::fs::inotify;
use tokio::net::unix::pipe::Receiver;

use crate::agent::Agent;

/// Where the account files are.
const FOLDER: &str = "/etc";
/// The one that holds passwords.
const FILE: &[u8] = b"shadow";
/// How long a burst of changes may take: tools write several files, one after the other.
const BURST: Duration = Duration::from_millis(500);

/// Watches for as long as the agent runs.
pub(crate) async fn watch(agent: Rc<Agent>) {
    // Set up first, so that nothing happens between the look and the watch.
    let watch = Watch::begin();
    look(&agent);
    let ended = match watch {
        Ok(watch) => loop {
            if let Err(fault) = watch.next().await {
                break fault;
            }
            tokio::time::sleep(BURST).await;
            look(&agent);
        },
        Err(fault) => fault,
    };
    tracing::error!(error = %ended, "changes by other programs are noticed at the next start only");
}

/// Compares every account, each by itself: a person who is being asked keeps no other waiting.
fn look(agent: &Agent) {
    for binding in agent.all() {
        tokio::task::spawn_local(async move {
            if let Err(fault) = binding.compare().await {
                // An account that is gone or locked says so in every flow.
                let expected = matches!(fault.code, Code::AccountChanged | Code::AccountElsewhere);
                if !expected {
                    tracing::warn!(binding = %binding.file.binding, error = %fault, "not compared");
                }
            }
        });
    }
}

/// The queue of events: like a pipe it is polled and read, and that is all the runtime asks of one.
struct Watch {
    events: Receiver,
}

impl Watch {
    fn begin() -> Result<Self, Fault> {
        let failed = |fault: io::Error| Fault::new(Code::Internal, fault);
        let flags = inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC;
        let events = inotify::init(flags).map_err(|fault| failed(fault.into()))?;
        let what = inotify::WatchFlags::MOVED_TO
            | inotify::WatchFlags::CLOSE_WRITE
            | inotify::WatchFlags::CREATE;
        inotify::add_watch(&events, FOLDER, what).map_err(|fault| failed(fault.into()))?;
        Ok(Self {
            events: Receiver::from_owned_fd_unchecked(events).map_err(failed)?,
        })
    }

    /// Waits until something happened to the file, or events were lost.
    async fn next(&self) -> Result<(), Fault> {
        let failed = |fault: io::Error| Fault::new(Code::Internal, fault);
        loop {
            self.events.readable().await.map_err(failed)?;
            let events = self.events.as_fd();
            match self.events.try_io(|| drain(events)) {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(fault) if fault.kind() == io::ErrorKind::WouldBlock => {}
                Err(fault) => return Err(failed(fault)),
            }
        }
    }
}

/// Reads every waiting event; whether one was about the file.
fn drain(events: BorrowedFd<'_>) -> io::Result<bool> {
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut reader = inotify::Reader::new(events, &mut buffer);
    let (mut read, mut touched) = (false, false);
    loop {
        match reader.next() {
            Ok(event) => {
                read = true;
                let lost = event.events().contains(inotify::ReadFlags::QUEUE_OVERFLOW);
                touched |= lost
                    || event
                        .file_name()
                        .is_some_and(|name| name.to_bytes() == FILE);
            }
            Err(rustix::io::Errno::AGAIN) if read => return Ok(touched),
            Err(fault) => return Err(fault.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_event_is_read_once_and_only_the_file_counts() {
        let folder = tempfile::tempdir().unwrap();
        let events = inotify::init(inotify::CreateFlags::NONBLOCK).unwrap();
        inotify::add_watch(&events, folder.path(), inotify::WatchFlags::MOVED_TO).unwrap();
        let rename = |name: &str| {
            std::fs::write(folder.path().join("new"), "x").unwrap();
            std::fs::rename(folder.path().join("new"), folder.path().join(name)).unwrap();
        };
        rename("passwd");
        assert!(!drain(events.as_fd()).unwrap());
        rename("shadow");
        rename("passwd");
        assert!(drain(events.as_fd()).unwrap());
        let none = drain(events.as_fd()).unwrap_err();
        assert_eq!(none.kind(), io::ErrorKind::WouldBlock);
    }
}
