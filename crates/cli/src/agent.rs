//! The agent's socket: one request, what it needs on the way, one end.

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use lockstep_client::Fault;
use lockstep_model::{Code, Secret, StoreKind};
use lockstep_protocol::frame::{Frame, FrameFault};
use lockstep_protocol::local::{Ask, Event, Need, Reply, Request, SOCKET, StoreCost};

/// Who answers what the agent asks on the way; a closure gives secrets and agrees to nothing.
pub(crate) trait Answers {
    /// Gives what is needed.
    fn give(&mut self, what: Need, fault: Option<Code>) -> Result<Given, Fault>;

    /// Whether to go on at this cost.
    fn accepts(&mut self, _cost: &[StoreCost]) -> Result<bool, Fault> {
        Ok(false)
    }

    /// Whether a store that others may open too is to follow.
    fn consents(&mut self, _store: StoreKind) -> Result<bool, Fault> {
        Ok(false)
    }
}

/// An answer.
pub(crate) enum Given {
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
pub(crate) struct Agent {
    stream: UnixStream,
}

impl Agent {
    /// Connects, and makes sure that it is the agent: the socket's folder and the process behind
    /// the socket have the same owner, and only that owner can put a socket there.
    pub(crate) fn connect() -> Result<Self, Fault> {
        let unreachable = |fault: std::io::Error| Fault::new(Code::AgentUnreachable, fault);
        let path = PathBuf::from(SOCKET);
        let stream = UnixStream::connect(&path).map_err(unreachable)?;
        let folder = path
            .parent()
            .ok_or_else(|| Fault::new(Code::Internal, "no folder"))?;
        let folder = std::fs::metadata(folder).map_err(unreachable)?;
        let peer = rustix::net::sockopt::socket_peercred(&stream)
            .map_err(|fault| Fault::new(Code::AgentUnreachable, fault))?;
        if folder.uid() != peer.uid.as_raw() || folder.mode() & 0o022 != 0 {
            return Err(Fault::new(
                Code::AgentUnreachable,
                "the socket isn't the agent's",
            ));
        }
        Ok(Self { stream })
    }

    /// Asks, answers what is needed on the way, and gives the event that ends it.
    pub(crate) fn ask(
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

    fn reply(&mut self, reply: Reply) -> Result<(), Fault> {
        self.send(&Frame::json(&reply).map_err(broken)?)
    }

    fn send(&mut self, frame: &Frame) -> Result<(), Fault> {
        frame.write_to(&mut self.stream).map_err(broken)
    }
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
