//! The agent's socket: one request, what it needs on the way, one end.

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;

use lockstep_model::{Code, Fault, Secret, StoreKind, Timestamp};
use lockstep_protocol::api::me::Computer;
use lockstep_protocol::frame::{Frame, FrameFault};
use lockstep_protocol::local::{Ask, Done, Event, Need, Reply, Request, SOCKET, Status, StoreCost};

use crate::platform;

/// Who answers what the agent asks on the way; a closure gives secrets and agrees to nothing.
pub trait Answers {
    /// Gives what is needed.
    ///
    /// # Errors
    ///
    /// What keeps the person from giving it; the agent is told that they gave up.
    fn give(&mut self, what: Need, fault: Option<Code>) -> Result<Given, Fault>;

    /// Whether to go on at this cost.
    ///
    /// # Errors
    ///
    /// As of [`Self::give`].
    fn accepts(&mut self, _cost: &[StoreCost]) -> Result<bool, Fault> {
        Ok(false)
    }

    /// Whether a store that others may open too is to follow.
    ///
    /// # Errors
    ///
    /// As of [`Self::give`].
    fn consents(&mut self, _store: StoreKind) -> Result<bool, Fault> {
        Ok(false)
    }
}

/// An answer.
pub enum Given {
    /// This was typed.
    Secret(Secret),
    /// There is no old password any more.
    Forgotten,
}

impl<F: FnMut(Need, Option<Code>) -> Result<Secret, Fault>> Answers for F {
    fn give(&mut self, what: Need, fault: Option<Code>) -> Result<Given, Fault> {
        self(what, fault).map(Given::Secret)
    }
}

/// A line to the agent.
pub struct Agent {
    stream: UnixStream,
}

impl Agent {
    /// Connects, and makes sure that it is the agent: the socket's folder and the process behind
    /// the socket have the same owner, and only that owner can put a socket there.
    ///
    /// # Errors
    ///
    /// [`Code::AgentUnreachable`].
    pub fn connect() -> Result<Self, Fault> {
        Self::connect_to(Path::new(SOCKET))
    }

    /// The same, for a socket elsewhere.
    ///
    /// # Errors
    ///
    /// As [`Self::connect`].
    pub fn connect_to(path: &Path) -> Result<Self, Fault> {
        let unreachable = |fault: std::io::Error| Fault::new(Code::AgentUnreachable, fault);
        let stream = UnixStream::connect(path).map_err(unreachable)?;
        let folder = path
            .parent()
            .ok_or_else(|| Fault::new(Code::Internal, "no folder"))?;
        let folder = std::fs::metadata(folder).map_err(unreachable)?;
        let peer = platform::peer_uid(&stream).map_err(unreachable)?;
        if folder.uid() != peer || folder.mode() & 0o022 != 0 {
            return Err(Fault::new(
                Code::AgentUnreachable,
                "the socket isn't the agent's",
            ));
        }
        Ok(Self { stream })
    }

    /// Asks, answers what is needed on the way, and gives the event that ends it.
    ///
    /// # Errors
    ///
    /// That of `answers`, or of the line.
    pub fn ask(
        &mut self,
        ask: Ask,
        mut answers: impl Answers,
        mut progress: impl FnMut(&Event),
    ) -> Result<Event, Fault> {
        self.send(&Frame::json(&Request::new(ask)).map_err(broken)?)?;
        loop {
            let frame = Frame::read_from(&mut self.stream).map_err(broken)?;
            let event: Event = frame.message().map_err(broken)?;
            match event {
                Event::Need { what, fault, .. } => {
                    progress(&event);
                    match answers.give(what, fault) {
                        Ok(Given::Secret(secret)) => self.send(&Frame::Secret(secret))?,
                        Ok(Given::Forgotten) => self.reply(Reply::Forgotten)?,
                        Err(fault) => {
                            self.reply(Reply::Cancel)?;
                            return Err(fault);
                        }
                    }
                }
                Event::Cost { stores } => match answers.accepts(&stores) {
                    Ok(true) => self.reply(Reply::Accept)?,
                    Ok(false) => self.reply(Reply::Cancel)?,
                    Err(fault) => {
                        self.reply(Reply::Cancel)?;
                        return Err(fault);
                    }
                },
                Event::Consent { store } => match answers.consents(store) {
                    Ok(true) => self.reply(Reply::Accept)?,
                    Ok(false) => self.reply(Reply::Decline)?,
                    Err(fault) => {
                        self.reply(Reply::Cancel)?;
                        return Err(fault);
                    }
                },
                Event::Progress(_) | Event::Logo { last: false, .. } => progress(&event),
                Event::Status(_)
                | Event::Examined { .. }
                | Event::Explained(_)
                | Event::Logo { last: true, .. }
                | Event::Computers { .. }
                | Event::Done(_)
                | Event::Failed(_) => {
                    return Ok(event);
                }
            }
        }
    }

    /// Gives the organisation's logo, a PNG; empty where it has none.
    ///
    /// # Errors
    ///
    /// That of the line or of the agent.
    pub fn logo(&mut self) -> Result<Vec<u8>, Fault> {
        let mut png = Vec::new();
        let mut take = |event: &Event| {
            if let Event::Logo { part, .. } = event {
                png.extend_from_slice(&part.0);
            }
        };
        let end = self.ask(Ask::Logo, nothing, &mut take)?;
        take(&end);
        if let Event::Logo { .. } = end {
            return Ok(png);
        }
        Err(refusal(end))
    }

    /// Gives the other computers of the caller's person, and when the directory told of them.
    ///
    /// # Errors
    ///
    /// That of the line or of the agent.
    pub fn computers(&mut self) -> Result<(Vec<Computer>, Timestamp), Fault> {
        let end = self.ask(Ask::Computers, nothing, |_| ())?;
        if let Event::Computers { computers, as_of } = end {
            return Ok((computers, as_of));
        }
        Err(refusal(end))
    }

    /// Tries whether organisation and computer accept a new password; nothing is changed.
    ///
    /// # Errors
    ///
    /// Why they don't, or that of the line.
    pub fn try_password(&mut self, new: &Secret) -> Result<(), Fault> {
        let give = |_: Need, _: Option<Code>| Ok(new.duplicate());
        let end = self.ask(Ask::TryPassword, give, |_| ())?;
        if let Event::Done(Done::Acceptable) = end {
            return Ok(());
        }
        Err(refusal(end))
    }

    /// Tells every change of how things stand, until the line breaks; gives why.
    pub fn watch(mut self, mut told: impl FnMut(Status)) -> Fault {
        let asked = Frame::json(&Request::new(Ask::Watch)).map_err(broken);
        if let Err(fault) = asked.and_then(|frame| self.send(&frame)) {
            return fault;
        }
        loop {
            let event = Frame::read_from(&mut self.stream).and_then(|frame| frame.message());
            match event.map_err(broken) {
                Ok(Event::Status(status)) => told(*status),
                Ok(Event::Failed(failure)) => return Fault::new(failure.code, failure.detail),
                Ok(
                    other @ (Event::Need { .. }
                    | Event::Cost { .. }
                    | Event::Consent { .. }
                    | Event::Progress(_)
                    | Event::Examined { .. }
                    | Event::Explained(_)
                    | Event::Logo { .. }
                    | Event::Computers { .. }
                    | Event::Done(_)),
                ) => return refusal(other),
                Err(fault) => return fault,
            }
        }
    }

    fn reply(&mut self, reply: Reply) -> Result<(), Fault> {
        self.send(&Frame::json(&reply).map_err(broken)?)
    }

    fn send(&mut self, frame: &Frame) -> Result<(), Fault> {
        frame.write_to(&mut self.stream).map_err(broken)
    }
}

fn nothing(_: Need, _: Option<Code>) -> Result<Secret, Fault> {
    Err(Fault::new(Code::Internal, "nothing is asked"))
}

/// Why an end is none that was asked for.
fn refusal(end: Event) -> Fault {
    if let Event::Failed(failure) = end {
        return failure.into();
    }
    let detail = format!("an answer to another question: {end:?}");
    Fault::new(Code::VersionRefused, detail)
}

fn broken(fault: FrameFault) -> Fault {
    let code = match fault {
        FrameFault::Closed | FrameFault::Io(_) => Code::AgentUnreachable,
        FrameFault::Size(_) | FrameFault::Kind(_) | FrameFault::OutOfTurn | FrameFault::Json(_) => {
            Code::VersionRefused
        }
    };
    Fault::new(code, fault)
}
