//! The socket of app and CLI: known callers, bounded, one exchange after the other.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use lockstep_client::Fault;
use lockstep_model::secret::wipe_stack;
use lockstep_model::{Code, Secret, StoreKind};
use lockstep_protocol::Bytes;
use lockstep_protocol::api::me::StoreRow;
use lockstep_protocol::frame::{Frame, FrameFault};
use lockstep_protocol::local::{
    Ask, Event, Failure, LOGO_PART, Need, Reply, Request, StoreCost, VERSION, Versioned,
};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::agent::Agent;
use crate::binding::{OldPassword, Person};
use crate::doctor;
use crate::flow;
use crate::keep::logo;
use crate::standing::Standing;
use crate::wire;

/// How long a client may take to say what it wants, and a person to type.
const REQUEST: Duration = Duration::from_secs(10);
const TYPING: Duration = Duration::from_secs(10 * 60);
/// The most connections of one account: a window, a tray, and a few shells.
const PER_ACCOUNT: usize = 8;

/// The most connections of accounts that are not linked, all together: descriptors are finite, and one
/// person may have many uids. Linked ones and root get in all the same.
const STRANGERS: usize = 128;
/// How often it is said that connections are turned away.
const SAY_AGAIN: Duration = Duration::from_secs(10);
/// How long a client may take to take what it is told.
const TELLING: Duration = Duration::from_secs(10);

/// Makes the socket. Anybody may connect: the caller is known by its peer credentials.
pub(crate) fn listen(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(fault),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666))?;
    Ok(listener)
}

/// Serves for ever.
pub(crate) async fn serve(agent: Rc<Agent>, listener: UnixListener) {
    let callers = Rc::new(RefCell::new(BTreeMap::<u32, usize>::new()));
    let mut said = None;
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let Ok(uid) = stream.peer_cred().map(|peer| peer.uid()) else {
            continue;
        };
        let count = callers.borrow().get(&uid).copied().unwrap_or_default();
        let is_stranger = |uid: u32| uid != 0 && agent.with_uid(uid).is_none();
        let strangers = || -> usize {
            let callers = callers.borrow();
            let all = callers.iter().filter(|(uid, _)| is_stranger(**uid));
            all.map(|(_, count)| count).sum()
        };
        if count >= PER_ACCOUNT || (is_stranger(uid) && strangers() >= STRANGERS) {
            // Once in a while: a flood of connections must not become one of lines.
            if said.is_none_or(|said: Instant| said.elapsed() >= SAY_AGAIN) {
                tracing::warn!(uid, connections = count, "too many connections");
                said = Some(Instant::now());
            }
            continue;
        }
        callers.borrow_mut().insert(uid, count + 1);
        let (agent, callers) = (Rc::clone(&agent), Rc::clone(&callers));
        tokio::task::spawn_local(async move {
            let mut caller = Caller { stream, uid };
            if let Err(fault) = caller.converse(&agent).await {
                tracing::debug!(uid, error = %fault, "a conversation ended");
            }
            let mut callers = callers.borrow_mut();
            if let Some(count) = callers.get_mut(&uid) {
                *count -= 1;
                if *count == 0 {
                    callers.remove(&uid);
                }
            }
            if callers.is_empty() {
                agent.program.give_back();
            }
        });
    }
}

/// One connected client.
pub(crate) struct Caller {
    stream: UnixStream,
    uid: u32,
}

impl Caller {
    async fn converse(&mut self, agent: &Rc<Agent>) -> Result<(), FrameFault> {
        let mut patience = REQUEST;
        loop {
            let frame = match wire::receive(&mut self.stream, patience).await {
                Ok(frame) => frame,
                Err(FrameFault::Closed) => return Ok(()),
                Err(fault) => return self.refuse(Code::BadRequest, fault.to_string()).await,
            };
            let ask = match (frame.message::<Versioned>(), frame.message::<Request>()) {
                (Ok(Versioned { version: VERSION }), Ok(request)) => request.ask,
                (Ok(Versioned { version: VERSION }), Err(fault)) | (Err(fault), _) => {
                    return self.refuse(Code::BadRequest, fault.to_string()).await;
                }
                (Ok(Versioned { version }), _) => {
                    let detail = format!("the agent speaks {VERSION}, the client {version}");
                    return self.refuse(Code::VersionRefused, detail).await;
                }
            };
            let event = match ask {
                Ask::Status => Ok(Event::Status(Box::new(agent.status(self.uid)))),
                Ask::Explain => explain(agent, self.uid).await,
                Ask::Watch => return self.watch(agent).await,
                Ask::Enrol { name } => flow::enrol::run(agent, self, name).await.map(Event::Done),
                Ask::Link { user_name } => flow::link::run(agent, self, &user_name)
                    .await
                    .map(Event::Done),
                Ask::Examine => {
                    let findings = doctor::examine(agent, self.uid).await;
                    Ok(Event::Examined { findings })
                }
                Ask::Retire => flow::retire::run(agent, self).await.map(Event::Done),
                Ask::Unlink => flow::unlink::run(agent, self).await.map(Event::Done),
                Ask::Sync { restarted } => flow::sync::run(agent, self, restarted)
                    .await
                    .map(Event::Done),
                Ask::Disown { generation } => flow::disown::run(agent, self, generation)
                    .await
                    .map(Event::Done),
                Ask::ChangePassword => flow::change::run(agent, self).await.map(Event::Done),
                Ask::TryPassword => flow::try_password::run(agent, self).await.map(Event::Done),
                Ask::ChoosePhrase { words } => {
                    flow::phrase::choose(agent, self, &words).map(Event::Done)
                }
                Ask::Computers => flow::computers::list(agent, self.uid).await,
                Ask::Logo => self.tell_logo(agent).await?,
            };
            wipe_stack();
            self.tell(&event.unwrap_or_else(Event::Failed)).await?;
            // A client that has spoken once may wait for its person to ask again.
            patience = TYPING;
        }
    }

    /// The caller's local user id, as the kernel says.
    pub(crate) const fn uid(&self) -> u32 {
        self.uid
    }

    /// Asks for a secret that must be given.
    ///
    /// # Errors
    ///
    /// [`Code::AttemptExpired`] when the person gave up or the client went away.
    pub(crate) async fn need(&mut self, what: Need) -> Result<Secret, Fault> {
        let given = self.ask(what, None).await?;
        given.ok_or_else(|| Fault::new(Code::AttemptExpired, "the person gave up"))
    }

    /// Asks whether a store that others may open too is to follow.
    ///
    /// # Errors
    ///
    /// [`Code::AttemptExpired`] when the person gave up or the client went away.
    pub(crate) async fn consents(&mut self, store: StoreKind) -> Result<bool, Fault> {
        match self.answer(&Event::Consent { store }).await? {
            Answer::Said(Reply::Accept) => Ok(true),
            Answer::Said(Reply::Decline) => Ok(false),
            Answer::Said(Reply::Cancel) => {
                Err(Fault::new(Code::AttemptExpired, "the person gave up"))
            }
            Answer::Said(said @ Reply::Forgotten) => Err(out_of_turn(said)),
            Answer::Secret(_) => Err(Fault::new(Code::BadRequest, "a secret nobody asked for")),
        }
    }

    async fn watch(&mut self, agent: &Rc<Agent>) -> Result<(), FrameFault> {
        let mut online = agent.online.subscribe();
        let mut told = agent.told.subscribe();
        loop {
            let mut standing = agent
                .binding_of(self.uid)
                .ok()
                .map(|b| b.standing.subscribe());
            online.borrow_and_update();
            told.borrow_and_update();
            if let Some(standing) = &mut standing {
                standing.borrow_and_update();
            }
            self.tell(&Event::Status(Box::new(agent.status(self.uid))))
                .await?;
            tokio::select! {
                changed = online.changed() => if changed.is_err() { return Ok(()) },
                changed = told.changed() => if changed.is_err() { return Ok(()) },
                () = changed(standing.as_mut()) => {}
                ended = wire::receive(&mut self.stream, Duration::MAX) => {
                    return ended.map(|_| ());
                }
            }
        }
    }

    /// Tells the logo up to its last part, and gives that.
    async fn tell_logo(&mut self, agent: &Agent) -> Result<Result<Event, Failure>, FrameFault> {
        let png = match logo::load(&agent.places.state) {
            Ok(png) => png.unwrap_or_default(),
            Err(fault) => return Ok(Err(flow::failed(fault.into()))),
        };
        let mut parts = parts(&png);
        let last = parts.pop().unwrap_or_default();
        for part in parts {
            self.tell(&Event::Logo { part, last: false }).await?;
        }
        Ok(Ok(Event::Logo {
            part: last,
            last: true,
        }))
    }

    async fn refuse(&mut self, code: Code, detail: String) -> Result<(), FrameFault> {
        self.tell(&Event::Failed(Failure {
            code,
            detail,
            stores: Vec::new(),
        }))
        .await
    }

    /// Puts a question and waits for the answer.
    async fn answer(&mut self, question: &Event) -> Result<Answer, Fault> {
        let gone = |fault: FrameFault| Fault::new(Code::AttemptExpired, fault);
        self.tell(question).await.map_err(gone)?;
        let frame = wire::receive(&mut self.stream, TYPING).await;
        match frame.map_err(gone)? {
            Frame::Secret(secret) => Ok(Answer::Secret(secret)),
            frame @ Frame::Json(_) => match frame.message() {
                Ok(said) => Ok(Answer::Said(said)),
                Err(fault) => Err(Fault::new(Code::BadRequest, fault)),
            },
        }
    }

    async fn tell(&mut self, event: &Event) -> Result<(), FrameFault> {
        let frame = Frame::json(event)?;
        let slow = |_| FrameFault::Io(io::ErrorKind::TimedOut.into());
        timeout(TELLING, wire::send(&mut self.stream, &frame))
            .await
            .map_err(slow)?
    }
}

/// Explains the binding of an account; a flow that is under way is not waited for long.
async fn explain(agent: &Agent, uid: u32) -> Result<Event, Failure> {
    let explained = async {
        let binding = agent.binding_of(uid)?;
        flow::take(&binding).await?.explain()
    };
    explained.await.map(Event::Explained).map_err(flow::failed)
}

/// A logo in parts that frames carry.
fn parts(png: &Bytes) -> Vec<Bytes> {
    let parts = png.as_slice().chunks(LOGO_PART);
    parts.map(|part| Bytes(part.to_vec())).collect()
}

async fn changed(standing: Option<&mut watch::Receiver<Standing>>) {
    if let Some(standing) = standing
        && standing.changed().await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

impl Person for Caller {
    async fn ask(&mut self, what: Need, fault: Option<Code>) -> Result<Option<Secret>, Fault> {
        let need = Event::Need {
            what,
            fault,
            unrecovered: None,
        };
        match self.answer(&need).await? {
            Answer::Secret(secret) => Ok(Some(secret)),
            Answer::Said(Reply::Cancel) => Ok(None),
            Answer::Said(said @ (Reply::Forgotten | Reply::Accept | Reply::Decline)) => {
                Err(out_of_turn(said))
            }
        }
    }

    async fn ask_old(
        &mut self,
        fault: Option<Code>,
        unrecovered: Option<Code>,
    ) -> Result<OldPassword, Fault> {
        let need = Event::Need {
            what: Need::OldPassword,
            fault,
            unrecovered,
        };
        match self.answer(&need).await? {
            Answer::Secret(secret) => Ok(OldPassword::Typed(secret)),
            Answer::Said(Reply::Forgotten) => Ok(OldPassword::Forgotten),
            Answer::Said(Reply::Cancel) => Ok(OldPassword::GaveUp),
            Answer::Said(said @ (Reply::Accept | Reply::Decline)) => Err(out_of_turn(said)),
        }
    }

    async fn accepts(&mut self, stores: Vec<StoreCost>) -> Result<bool, Fault> {
        match self.answer(&Event::Cost { stores }).await? {
            Answer::Said(Reply::Accept) => Ok(true),
            Answer::Said(Reply::Cancel) => Ok(false),
            Answer::Said(said @ (Reply::Forgotten | Reply::Decline)) => Err(out_of_turn(said)),
            Answer::Secret(_) => Err(Fault::new(Code::BadRequest, "a secret nobody asked for")),
        }
    }

    async fn progress(&mut self, row: StoreRow) {
        // A client that went away does not stop the work.
        let _undelivered = self.tell(&Event::Progress(row)).await;
    }
}

/// What a client answers.
enum Answer {
    Secret(Secret),
    Said(Reply),
}

fn out_of_turn(said: Reply) -> Fault {
    Fault::new(
        Code::BadRequest,
        format!("{said:?} answers another question"),
    )
}

#[cfg(test)]
mod tests {
    use lockstep_protocol::api::MAX_LOGO;

    use super::*;

    #[test]
    fn a_frame_carries_any_part_of_a_logo_and_together_they_are_it() {
        for length in [0, 1, LOGO_PART, LOGO_PART + 1, MAX_LOGO] {
            let png = Bytes((0..length).map(|at| at.to_le_bytes()[0]).collect());
            let parts = parts(&png);
            for part in &parts {
                let part = part.clone();
                Frame::json(&Event::Logo { part, last: false }).unwrap();
            }
            let whole: Vec<u8> = parts.into_iter().flat_map(|part| part.0).collect();
            assert_eq!(whole, png.0, "{length}");
        }
    }
}
