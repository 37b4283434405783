//! The agent, on threads that wait for it: the window never does.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use lockstep_local::agent::{Agent, Answers, Given};
use lockstep_model::{Code, Fault, Secret, StoreKind};
use lockstep_protocol::local::{Ask, Event, Need, Reply, StoreCost};

use crate::core::Input;

/// How long to wait before a line that broke is tried again: first, and at most.
const FIRST: Duration = Duration::from_millis(500);
const MOST: Duration = Duration::from_secs(30);

/// Takes inputs to whoever decides, from any thread.
pub(super) type Post = fn(Input);

/// An exchange under way.
pub(super) struct Exchange {
    answers: Sender<Answer>,
}

/// What answers the agent.
enum Answer {
    Secret(Secret),
    Said(Reply),
}

impl Exchange {
    /// Begins one.
    pub(super) fn begin(ask: Ask, post: Post) -> std::io::Result<Self> {
        let (answers, given) = channel();
        thread("exchange", move || {
            let ended = Agent::connect().and_then(|mut agent| {
                let told = |event: &Event| post(Input::Event(event.clone()));
                agent.ask(ask, Asked { given, post }, told)
            });
            post(match ended {
                Ok(event) => Input::Event(event),
                Err(fault) => Input::Broken(fault),
            });
        })?;
        Ok(Self { answers })
    }

    /// Hands a secret over.
    pub(super) fn give(&self, secret: Secret) {
        // Whoever waited for it may be gone: that is told by the exchange's own end.
        let _gone = self.answers.send(Answer::Secret(secret));
    }

    /// Answers.
    pub(super) fn reply(&self, reply: Reply) {
        let _gone = self.answers.send(Answer::Said(reply));
    }
}

/// Watches how things stand for as long as the app runs.
pub(super) fn watch(post: Post) -> std::io::Result<()> {
    thread("watch", move || {
        let mut patience = FIRST;
        loop {
            if let Ok(agent) = Agent::connect() {
                agent.watch(|status| {
                    patience = FIRST;
                    post(Input::Status(Box::new(status)));
                });
            }
            post(Input::AgentGone);
            // Only while there is no agent, which is no state to stay in.
            std::thread::sleep(patience);
            patience = (patience * 2).min(MOST);
        }
    })
}

/// Fetches the organisation's logo.
pub(super) fn logo(got: fn(Vec<u8>)) -> std::io::Result<()> {
    thread("logo", move || {
        if let Ok(png) = Agent::connect().and_then(|mut agent| agent.logo()) {
            got(png);
        }
    })
}

/// Does something that takes a while.
pub(super) fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    std::thread::Builder::new()
        .name(name.to_owned())
        // They only wait and hand over.
        .stack_size(128 * 1024)
        .spawn(work)
        .map(drop)
}

/// The person, as the exchange sees them.
struct Asked {
    given: Receiver<Answer>,
    post: Post,
}

impl Asked {
    fn wait(&self) -> Result<Answer, Fault> {
        self.given
            .recv()
            .map_err(|_| Fault::new(Code::AttemptExpired, "the window went away"))
    }

    fn agrees(&self, question: Event) -> Result<bool, Fault> {
        (self.post)(Input::Event(question));
        match self.wait()? {
            Answer::Said(Reply::Accept) => Ok(true),
            Answer::Said(Reply::Decline) => Ok(false),
            Answer::Said(Reply::Cancel | Reply::Forgotten) | Answer::Secret(_) => Err(given_up()),
        }
    }
}

impl Answers for Asked {
    fn give(&mut self, _what: Need, _fault: Option<Code>) -> Result<Given, Fault> {
        match self.wait()? {
            Answer::Secret(secret) => Ok(Given::Secret(secret)),
            Answer::Said(Reply::Forgotten) => Ok(Given::Forgotten),
            Answer::Said(Reply::Cancel | Reply::Accept | Reply::Decline) => Err(given_up()),
        }
    }

    fn accepts(&mut self, cost: &[StoreCost]) -> Result<bool, Fault> {
        let stores = cost.to_vec();
        self.agrees(Event::Cost { stores })
    }

    fn consents(&mut self, store: StoreKind) -> Result<bool, Fault> {
        self.agrees(Event::Consent { store })
    }
}

fn given_up() -> Fault {
    Fault::new(Code::AttemptExpired, "the person gave up")
}
