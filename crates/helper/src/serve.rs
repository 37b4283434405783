//! One connection: a request, its secrets, a reply.

use std::io::{self, Read};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use lockstep_model::{Code, Secret};
use lockstep_protocol::frame::{Frame, FrameFault};
use lockstep_protocol::helper::{Operation, Reply, Request, VERSION};
use lockstep_stores::Refusal;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::operate::{Outcome, refused};

/// How long a whole request may take to arrive, and a reply to leave.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a refused peer may go on sending, and how much, so that it gets to read why.
const DRAIN_TIME: Duration = Duration::from_secs(1);
const DRAIN_BYTES: u64 = 256 * 1024;

/// Serves a connection and returns what is worth a line in the log.
///
/// # Errors
///
/// The socket's.
pub(crate) fn serve(
    stream: &UnixStream,
    operate: impl FnOnce(&Operation, &[Secret]) -> Outcome,
) -> io::Result<Option<String>> {
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut input = Timed {
        stream,
        until: Instant::now() + PATIENCE,
    };
    let (operation, secrets) = match read(&mut input) {
        Ok(request) => request,
        Err(NotRead::Closed) => return Ok(None),
        Err(NotRead::Refused(refusal)) => return turn_away(stream, refusal).map(Some),
    };
    let outcome = operate(&operation, &secrets);
    drop(secrets);
    let name = name(&operation);
    match outcome {
        Outcome::Say(reply) => {
            say(stream, &reply)?;
            Ok(Some(match reply {
                Reply::Done => format!("{name}: done"),
                Reply::Opened { opens } => format!("{name}: opens: {opens}"),
                Reply::Adopted(adoption) => format!("{name}: {adoption:?}"),
                Reply::Compared { changed } => format!("{name}: changed: {changed}"),
                Reply::Account(account) => format!("{name}: uid {}", account.uid),
                Reply::Health(health) => format!("{name}: {:?}", health.confinement),
                Reply::Disk { other_way } => format!("{name}: another way: {other_way}"),
                Reply::Challenge { .. } => format!("{name}: given"),
                Reply::Refused { code, detail } => format!("{name}: refused, {code}: {detail}"),
            }))
        }
        Outcome::SayNothing { detail } => Ok(Some(format!("{name}: outcome unknown: {detail}"))),
    }
}

/// Tells a peer why it isn't served, and lets it finish talking.
///
/// # Errors
///
/// The socket's.
pub(crate) fn turn_away(stream: &UnixStream, refusal: Refusal) -> io::Result<String> {
    let line = format!("refused, {refusal}");
    say(stream, &refused(refusal))?;
    stream.shutdown(Shutdown::Write)?;
    // To close with unread bytes would look like a broken connection to a peer that still writes.
    let mut rest = Timed {
        stream,
        until: Instant::now() + DRAIN_TIME,
    }
    .take(DRAIN_BYTES);
    let mut buffer = Zeroizing::new([0_u8; 4096]);
    while matches!(rest.read(buffer.as_mut_slice()), Ok(1..)) {}
    Ok(line)
}

enum NotRead {
    Closed,
    Refused(Refusal),
}

/// The only part of a request that every version has.
#[derive(Deserialize)]
struct Versioned {
    version: u16,
}

fn read(input: &mut impl Read) -> Result<(Operation, Vec<Secret>), NotRead> {
    let frame = Frame::read_from(input).map_err(not_read)?;
    let Versioned { version } = frame.message().map_err(not_read)?;
    if version != VERSION {
        let detail = format!("this helper speaks version {VERSION}, not {version}");
        return Err(NotRead::Refused(Refusal::new(Code::VersionRefused, detail)));
    }
    let Request { operation, .. } = frame.message().map_err(not_read)?;
    let secrets = (0..operation.secrets())
        .map(|_| {
            Frame::read_from(input)
                .and_then(Frame::into_secret)
                .map_err(cut_short)
        })
        .collect::<Result<_, _>>()?;
    Ok((operation, secrets))
}

fn not_read(fault: FrameFault) -> NotRead {
    match fault {
        FrameFault::Closed => NotRead::Closed,
        FrameFault::Size(_)
        | FrameFault::Kind(_)
        | FrameFault::OutOfTurn
        | FrameFault::Json(_)
        | FrameFault::Io(_) => cut_short(fault),
    }
}

fn cut_short(fault: FrameFault) -> NotRead {
    NotRead::Refused(Refusal::new(Code::BadRequest, fault.to_string()))
}

fn say(stream: &UnixStream, reply: &Reply) -> io::Result<()> {
    let mut output = stream;
    Frame::json(reply)
        .and_then(|frame| frame.write_to(&mut output))
        .map_err(|fault| io::Error::other(fault.to_string()))
}

fn name(operation: &Operation) -> String {
    match operation {
        Operation::Inspect { uid } => format!("inspect uid {uid}"),
        Operation::Examine => "examine".to_owned(),
        Operation::ExamineDisk { binding } => format!("examination of the disk of {binding}"),
        Operation::Link { binding, uid, .. } => format!("link {binding} to uid {uid}"),
        Operation::Preflight { binding, store } => format!("preflight of {store} of {binding}"),
        Operation::Probe { binding, store } => format!("probe of {store} of {binding}"),
        Operation::Change { binding, store, .. } => format!("change of {store} of {binding}"),
        Operation::Adopt { binding, store } => format!("adoption of {store} of {binding}"),
        Operation::Compare { binding } => format!("comparison of {binding}"),
        Operation::ConfirmRestart { binding } => format!("confirmed restart for {binding}"),
        Operation::SetAside { binding } => format!("setting the keychain of {binding} aside"),
        Operation::RemoveOld { binding, store } => {
            format!("removal of what is old in {store} of {binding}")
        }
        Operation::Unlink { binding } => format!("unlink {binding}"),
        Operation::ResetChallenge { binding } => format!("challenge for {binding}"),
        Operation::Reset { order } => {
            // What it claims, for the log: it may have been refused.
            let claims = String::from_utf8_lossy(order.claims.as_slice());
            format!(
                "reset by the order {:.500}",
                claims.escape_debug().to_string()
            )
        }
    }
}

/// Reads until a moment, not for a while: a peer that sends a byte now and then gains nothing.
struct Timed<'a> {
    stream: &'a UnixStream,
    until: Instant,
}

impl Read for Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        let mut stream = self.stream;
        stream.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::thread;

    use lockstep_model::{BindingId, PersonId, StoreKind};

    use super::*;
    use crate::bindings::Bindings;
    use crate::operate;
    use crate::operate::tests::OneAccount;

    /// Sends bytes to a helper of its own and returns what it answers.
    fn talk(bytes: Vec<u8>) -> Option<Reply> {
        let state = tempfile::tempdir().unwrap();
        let bindings = Bindings::open(state.path()).unwrap();
        converse(&bindings, &OneAccount::with_password(b"old one"), bytes)
    }

    fn converse(bindings: &Bindings, stores: &OneAccount, bytes: Vec<u8>) -> Option<Reply> {
        let (ours, theirs) = UnixStream::pair().unwrap();
        thread::scope(|scope| {
            scope.spawn(move || {
                let operate = |operation: &Operation, secrets: &[Secret]| {
                    operate::operate(bindings, stores, operation, secrets)
                };
                serve(&theirs, operate).unwrap();
            });
            let mut ours = ours;
            // A refusal may come, and the helper go, before everything is sent.
            let _sent = ours.write_all(&bytes);
            ours.shutdown(Shutdown::Write).unwrap();
            Frame::read_from(&mut ours)
                .ok()
                .map(|frame| frame.message().unwrap())
        })
    }

    fn wire(request: &Request, secrets: &[&[u8]]) -> Vec<u8> {
        let mut bytes = Vec::new();
        Frame::json(request).unwrap().write_to(&mut bytes).unwrap();
        for secret in secrets {
            Frame::Secret(Secret::copy_of(secret))
                .write_to(&mut bytes)
                .unwrap();
        }
        bytes
    }

    fn request(operation: Operation) -> Request {
        Request {
            version: VERSION,
            operation,
        }
    }

    fn code(reply: Option<Reply>) -> Option<Code> {
        match reply {
            Some(Reply::Refused { code, .. }) => Some(code),
            Some(
                Reply::Done
                | Reply::Opened { .. }
                | Reply::Adopted(_)
                | Reply::Compared { .. }
                | Reply::Account(_)
                | Reply::Health(_)
                | Reply::Disk { .. }
                | Reply::Challenge { .. },
            )
            | None => None,
        }
    }

    #[test]
    fn a_link_and_a_probe_go_over_the_wire() {
        let state = tempfile::tempdir().unwrap();
        let bindings = Bindings::open(state.path()).unwrap();
        let stores = OneAccount::with_password(b"old one");
        let ask = |operation, secrets: &[&[u8]]| {
            converse(&bindings, &stores, wire(&request(operation), secrets))
        };
        let binding = BindingId::fresh();
        let link = Operation::Link {
            binding,
            person: PersonId::fresh(),
            uid: 1000,
            realm: None,
        };
        assert_eq!(ask(link, &[b"old one"]), Some(Reply::Done));
        let probe = Operation::Probe {
            binding,
            store: StoreKind::Account,
        };
        assert_eq!(
            ask(probe.clone(), &[b"old one"]),
            Some(Reply::Opened { opens: true })
        );
        assert_eq!(ask(probe, &[b"\xff"]), Some(Reply::Opened { opens: false }));
    }

    #[test]
    fn another_version_is_refused_whatever_it_says() {
        let newer = br#"{"version":2,"operation":{"do":"teleport"}}"#;
        let mut bytes = Frame::Json(newer.to_vec()).header().to_vec();
        bytes.extend_from_slice(newer);
        assert_eq!(code(talk(bytes)), Some(Code::VersionRefused));
        let older = Request {
            version: 0,
            operation: Operation::Inspect { uid: 1000 },
        };
        assert_eq!(code(talk(wire(&older, &[]))), Some(Code::VersionRefused));
    }

    #[test]
    fn garbage_gets_a_polite_refusal() {
        let inspect = request(Operation::Inspect { uid: 1000 });
        let probe = request(Operation::Probe {
            binding: BindingId::fresh(),
            store: StoreKind::Account,
        });
        let mut json_for_a_secret = wire(&probe, &[]);
        json_for_a_secret.extend(wire(&inspect, &[]));
        let mut secret_first = Vec::new();
        Frame::Secret(Secret::copy_of(b"secret"))
            .write_to(&mut secret_first)
            .unwrap();
        for bytes in [
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
            vec![0xff; 100_000],
            vec![0; 64],
            vec![0, 0, 0, 2, 9, 9],
            vec![0, 0, 0, 3, 0, b'{', b'}'],
            wire(&inspect, &[])[..20].to_vec(),
            wire(&probe, &[]),
            json_for_a_secret,
            secret_first,
        ] {
            let start = bytes[..bytes.len().min(8)].to_vec();
            assert_eq!(code(talk(bytes)), Some(Code::BadRequest), "{start:?}");
        }
    }

    #[test]
    fn a_peer_that_only_knocks_gets_no_answer() {
        assert_eq!(talk(Vec::new()), None);
    }

    #[test]
    fn an_unknown_outcome_ends_without_a_reply() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let mut sender = &ours;
        sender
            .write_all(&wire(&request(Operation::Inspect { uid: 1000 }), &[]))
            .unwrap();
        let line = serve(&theirs, |_, _| Outcome::SayNothing {
            detail: "lost".into(),
        })
        .unwrap();
        drop(theirs);
        assert!(line.unwrap().contains("unknown"));
        let mut receiver = &ours;
        assert!(matches!(
            Frame::read_from(&mut receiver),
            Err(FrameFault::Closed)
        ));
    }
}
