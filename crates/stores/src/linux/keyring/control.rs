//! The control socket of gnome-keyring-daemon: what pam_gnome_keyring talks to.
//!
//! Source: gnome-keyring's `daemon/control/gkd-control-server.c` and `gkd-control-codes.h`. A
//! request is one byte that carries credentials, then big-endian: u32 length of all that follows
//! (itself included), u32 operation, and per string u32 length and bytes. The answer is 8 bytes:
//! u32 length, u32 result.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lockstep_model::Secret;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

const UNLOCK: u32 = 1;
const CHANGE: u32 = 2;

/// How long an idle daemon may take to notice a connection.
const NOTICE: Duration = Duration::from_secs(3);

/// How long it may take to write a keyring; it takes some milliseconds.
const WORK: Duration = Duration::from_secs(10);

/// The control socket of a daemon of one person.
#[derive(Debug)]
pub(super) struct Control {
    path: PathBuf,
    uid: u32,
}

/// What a daemon says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Done,
    /// The password is wrong, or it can't now.
    Denied,
    Failed,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum ControlFault {
    #[error("nobody listens")]
    Absent,
    #[error("it belongs to uid {0}")]
    Stranger(u32),
    #[error("it can't be talked to: {0}")]
    Silent(#[source] io::Error),
    /// It may still do what it was asked.
    #[error("no answer to a request that was sent: {0}")]
    Lost(#[source] io::Error),
}

impl Control {
    pub(super) fn at(path: &Path, uid: u32) -> Self {
        Self {
            path: path.to_owned(),
            uid,
        }
    }

    /// Asks nothing, but waits until the daemon has noticed; says the process that listens.
    ///
    /// A daemon that is stopped would take a request later, when nobody expects it any more.
    pub(super) fn knock(&self) -> Result<i32, ControlFault> {
        let (mut stream, pid) = self.connect()?;
        let silent = |fault: io::Error| ControlFault::Silent(fault);
        // Its credentials' byte is all it gets: the daemon takes the end for a change of mind.
        stream.write_all(&[0]).map_err(silent)?;
        stream
            .shutdown(std::net::Shutdown::Write)
            .and_then(|()| read_until(&mut stream, &mut [0], Instant::now() + NOTICE))
            .map_err(silent)?;
        Ok(pid)
    }

    /// Opens the login keyring. Where there is none, the daemon makes one.
    pub(super) fn unlock(&self, secret: &Secret) -> Result<Answer, ControlFault> {
        self.ask(UNLOCK, &[secret])
    }

    /// Moves the login keyring to another password. Where there is none, the daemon makes one.
    pub(super) fn change(&self, old: &Secret, new: &Secret) -> Result<Answer, ControlFault> {
        self.ask(CHANGE, &[old, new])
    }

    fn ask(&self, operation: u32, strings: &[&Secret]) -> Result<Answer, ControlFault> {
        let request = encode(operation, strings)
            .ok_or_else(|| ControlFault::Silent(io::ErrorKind::InvalidInput.into()))?;
        let (mut stream, _) = self.connect()?;
        let mut answer = [0; 8];
        stream
            .write_all(request.expose())
            .and_then(|()| {
                let read = read_until(&mut stream, &mut answer, Instant::now() + WORK)?;
                if read == answer.len() {
                    Ok(())
                } else {
                    Err(io::ErrorKind::UnexpectedEof.into())
                }
            })
            .map_err(ControlFault::Lost)?;
        decode(answer).ok_or_else(|| ControlFault::Lost(io::ErrorKind::InvalidData.into()))
    }

    /// Connects, unless the other end is somebody else's; says its process.
    fn connect(&self) -> Result<(UnixStream, i32), ControlFault> {
        let silent = |fault: Errno| ControlFault::Silent(fault.into());
        let address = SocketAddrUnix::new(&self.path).map_err(silent)?;
        // A full queue of a stopped daemon would make a blocking connect(2) wait for ever.
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
            .map_err(silent)?;
        match rustix::net::connect(&socket, &address) {
            Ok(()) => {}
            Err(Errno::NOENT | Errno::NOTDIR | Errno::CONNREFUSED) => {
                return Err(ControlFault::Absent);
            }
            Err(fault) => return Err(silent(fault)),
        }
        let peer = rustix::net::sockopt::socket_peercred(&socket).map_err(silent)?;
        if peer.uid.as_raw() != self.uid {
            return Err(ControlFault::Stranger(peer.uid.as_raw()));
        }
        let stream = UnixStream::from(socket);
        stream
            .set_nonblocking(false)
            .and_then(|()| stream.set_write_timeout(Some(NOTICE)))
            .map_err(ControlFault::Silent)?;
        Ok((stream, peer.pid.as_raw_nonzero().get()))
    }
}

/// Reads until the buffer is full or the end; says how much there was.
fn read_until(stream: &mut UnixStream, buffer: &mut [u8], end: Instant) -> io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut buffer[got..]) {
            Ok(0) => break,
            Ok(read) => got += read,
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(got)
}

/// A whole request with its first byte; `None` where a length can't be said.
fn encode(operation: u32, strings: &[&Secret]) -> Option<Secret> {
    let packet = strings
        .iter()
        .try_fold(8_usize, |sum, string| {
            sum.checked_add(4)?.checked_add(string.expose().len())
        })
        .and_then(|length| u32::try_from(length).ok())?;
    // Exactly as large as needed: a buffer that grows leaves secrets behind.
    let mut bytes = Vec::with_capacity(1 + usize::try_from(packet).ok()?);
    bytes.push(0);
    bytes.extend_from_slice(&packet.to_be_bytes());
    bytes.extend_from_slice(&operation.to_be_bytes());
    for string in strings {
        let string = string.expose();
        bytes.extend_from_slice(&u32::try_from(string.len()).ok()?.to_be_bytes());
        bytes.extend_from_slice(string);
    }
    Some(Secret::new(bytes))
}

fn decode(answer: [u8; 8]) -> Option<Answer> {
    match answer {
        [0, 0, 0, 8, 0, 0, 0, 0] => Some(Answer::Done),
        [0, 0, 0, 8, 0, 0, 0, 1] => Some(Answer::Denied),
        [0, 0, 0, 8, 0, 0, 0, 2] => Some(Answer::Failed),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn requests_and_answers_have_the_daemons_shape() {
        let (old, new) = (Secret::copy_of(b"ab"), Secret::copy_of(b"xyz"));
        let request = encode(CHANGE, &[&old, &new]).unwrap();
        assert_eq!(
            request.expose(),
            b"\0\0\0\0\x15\0\0\0\x02\0\0\0\x02ab\0\0\0\x03xyz"
        );
        assert_eq!(decode([0, 0, 0, 8, 0, 0, 0, 0]), Some(Answer::Done));
        assert_eq!(decode([0, 0, 0, 8, 0, 0, 0, 1]), Some(Answer::Denied));
        assert_eq!(decode([0, 0, 0, 8, 0, 0, 0, 2]), Some(Answer::Failed));
        for odd in [[0; 8], [0, 0, 0, 8, 0, 0, 0, 3], [0, 0, 0, 9, 0, 0, 0, 0]] {
            assert_eq!(decode(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn who_does_not_answer_is_left_in_time_and_hears_no_secret() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("control");
        let uid = rustix::process::getuid().as_raw();
        let control = Control::at(&path, uid);
        assert!(matches!(control.knock(), Err(ControlFault::Absent)));
        let listener = UnixListener::bind(&path).unwrap();
        let stranger = Control::at(&path, uid + 1).unlock(&Secret::copy_of(b"x"));
        assert!(matches!(stranger, Err(ControlFault::Stranger(_))));
        let started = Instant::now();
        assert!(matches!(control.knock(), Err(ControlFault::Silent(_))));
        assert!(started.elapsed() < NOTICE + Duration::from_secs(1));
        for sent in [0, 1] {
            let (mut stream, _) = listener.accept().unwrap();
            let mut heard = Vec::new();
            stream.read_to_end(&mut heard).unwrap();
            assert_eq!(heard.len(), sent);
        }
        drop(listener);
        assert!(matches!(control.knock(), Err(ControlFault::Absent)));
    }
}
