//! What the app decides: a pure state machine. It holds no secret, reads no clock, and draws nothing.
//!
//! | module | holds |
//! |---|---|
//! | [`attention`] | when a person may be interrupted, and how often |
//! | [`conversation`] | what the agent says while something is under way |
//! | [`reach`] | what becomes of a question whose directory can't be reached |
//! | [`acts`] | what the person does |
//! | [`needed`] | the window that the present state calls for |
//! | [`rules`] | a new password, judged while it is typed |
//! | [`tray`] | the tray's picture, line and menu |
//! | [`windows`] | each window as a [`View`] |
//!
//! **Architecture invariant:** what was typed never enters here; an effect names the field that
//! holds it ([`Effect::Give`]), and the [shell](crate::shell) sends it.

mod acts;
pub mod attention;
mod conversation;
mod input;
mod needed;
mod reach;
pub mod rules;
mod screen;
mod tray;
mod windows;

use lockstep_model::{Code, StoreState, Timestamp};
use lockstep_protocol::api::me::{Computer, StoreRow};
use lockstep_protocol::keyring::SetAside;
use lockstep_protocol::local::{Ask, BindingStatus, Failure, Status};

use crate::view::{TrayView, View};
use crate::words::{Clock, Words};
use attention::{Attention, Memory};

pub use input::{Effect, Filled, Input, Surroundings};
pub use rules::Measured;
use screen::{Again, Screen};

/// The slots that hold what is typed.
pub const SLOTS: usize = 3;

const DAY: i64 = 86_400_000;
/// How long one store may take before it is said that this is usual.
const SLOW: i64 = 5_000;

/// The app's state.
pub struct Core {
    words: Words,
    clock: Clock,
    /// This computer's name.
    computer: String,
    /// What the agent said last.
    known: Option<Status>,
    /// Whether the agent is there.
    connected: bool,
    attention: Attention,
    screen: Option<Screen>,
    /// What is under way with the agent.
    under_way: Option<UnderWay>,
    /// What begins once that has ended: there is one line to the agent.
    waiting: Vec<(What, Ask)>,
    measured: Measured,
    /// What this computer said of the new password that was tried: none before, and why not.
    tried: Option<Result<(), Code>>,
    asides: Vec<SetAside>,
    computers: Option<Computers>,
    /// What makes suggestions differ from one person to the next.
    luck: u64,
    /// The phrase that was chosen for a link, until the agent keeps it.
    phrase: String,
    /// The last failure.
    failed: Option<Failed>,
}

/// How something ended that went wrong.
struct Failed {
    failure: Failure,
    at: Timestamp,
    /// What can be tried again.
    again: Option<Again>,
    /// Only a notification told of it so far.
    unseen: bool,
}

/// The person's other computers, as they were told of.
struct Computers {
    all: Vec<Computer>,
    as_of: Timestamp,
}

/// An exchange with the agent.
struct UnderWay {
    what: What,
    /// Each store, as far as its progress was told.
    rows: Vec<StoreRow>,
    /// When the last progress was.
    moved_at: Timestamp,
    /// What it needs from the start was handed over: it goes on without a window.
    given: bool,
    /// Its window was closed while it was being checked: nobody is asked any more.
    unattended: bool,
    /// The person gave up: nothing further is asked, and that it ends for it is nothing to tell.
    given_up: bool,
}

/// What an exchange is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Sync,
    Change,
    Link,
    Phrase,
    Disown,
    Examine,
}

impl UnderWay {
    /// Whether it brings stores to another password.
    const fn moves_stores(&self) -> bool {
        matches!(self.what, What::Sync | What::Change | What::Link)
    }
}

impl Core {
    /// The state of an app that has just started.
    #[must_use]
    pub fn new(words: Words, clock: Clock, computer: String, memory: Memory, luck: u64) -> Self {
        Self {
            words,
            clock,
            computer,
            known: None,
            connected: false,
            attention: Attention::new(memory),
            screen: None,
            under_way: None,
            waiting: Vec::new(),
            measured: Measured::default(),
            tried: None,
            asides: Vec::new(),
            computers: None,
            luck,
            phrase: String::new(),
            failed: None,
        }
    }

    /// Takes an input at a time, and gives what is to be done, in this order.
    pub fn step(&mut self, now: Timestamp, input: Input) -> Vec<Effect> {
        self.clock.now = now;
        let mut effects = Vec::new();
        match input {
            Input::Status(status) => self.told(*status, &mut effects),
            Input::AgentGone => self.agent_gone(&mut effects),
            Input::Event(event) => self.heard(event, &mut effects),
            Input::Broken(fault) => self.broken(fault, &mut effects),
            Input::Act { act, filled } => self.act(act, &filled, &mut effects),
            Input::Measured(measured) => {
                self.measured = measured;
                self.tried = None;
            }
            Input::Left { slot, any } => self.left(slot, any, &mut effects),
            Input::Closed => self.closed(&mut effects),
            Input::Asides(asides) => self.asides = asides,
            Input::Computers(all, as_of) => self.computers = Some(Computers { all, as_of }),
            Input::Tried(refused) => self.tried = refused,
            Input::Reopened(ended) => self.reopened(ended, &mut effects),
            Input::Removed(ended) => self.removed(ended, &mut effects),
            Input::Surroundings(around) => self.attention.around(around),
            Input::Tick => {}
        }
        self.send_phrase(&mut effects);
        self.begin_waiting(&mut effects);
        self.wait_no_longer(&mut effects);
        self.interrupt(&mut effects);
        self.wake(&mut effects);
        effects
    }

    /// What the window shows, if there is one.
    #[must_use]
    pub fn view(&self) -> Option<View> {
        self.screen
            .as_ref()
            .map(|screen| windows::view(self, screen))
    }

    /// What the tray shows.
    #[must_use]
    pub fn tray(&self) -> TrayView {
        tray::view(self)
    }

    /// The password rules in force and the names that a password must not hold, for whoever
    /// measures what is typed.
    #[must_use]
    pub fn standard(&self) -> rules::Standard {
        let binding = self.binding();
        rules::Standard {
            policy: self
                .known
                .as_ref()
                .and_then(|status| status.organisation.as_ref())
                .map(|organisation| organisation.policy)
                .unwrap_or_default(),
            user_name: binding.map_or_else(String::new, |b| b.user_name.clone()),
        }
    }

    fn binding(&self) -> Option<&BindingStatus> {
        self.known.as_ref()?.binding.as_ref()
    }

    fn online(&self) -> bool {
        self.connected && self.known.as_ref().is_some_and(|status| status.online)
    }

    /// Whether stores are being moved, by this app or by somebody else of the same account.
    fn working(&self) -> bool {
        let moves = |rows: &[StoreRow]| {
            rows.iter()
                .any(|row| matches!(row.state, StoreState::Changing | StoreState::Testing))
        };
        let ours = self
            .under_way
            .as_ref()
            .is_some_and(|it| !it.rows.is_empty());
        ours || self.binding().is_some_and(|binding| moves(&binding.stores))
    }

    fn told(&mut self, status: Status, effects: &mut Vec<Effect>) {
        self.words.learn(status.organisation.as_ref());
        let before = self.online();
        let generation = |known: &Status| known.binding.as_ref()?.generation;
        let known = self.known.as_ref().and_then(generation);
        // What the other computers were told to be is of the password before.
        if known != generation(&status) && matches!(self.screen, Some(Screen::Status)) {
            effects.push(Effect::ListComputers);
        }
        self.connected = true;
        let in_sync = status.binding.as_ref().is_some_and(|it| it.in_sync);
        if let Some(failed) = self.failed.as_mut().filter(|_| in_sync) {
            // What it told of the stores is over.
            failed.failure.stores.clear();
            failed.unseen = false;
        }
        self.known = Some(status);
        // A person who is locked or suspended is asked nothing either.
        let relieved = self.cause().is_none();
        // Somebody else, or the person in a terminal, brought the computer in step.
        let asks = matches!(self.screen, Some(Screen::Changed(_) | Screen::Offline));
        if relieved && self.under_way.is_none() && asks {
            self.close(effects);
        }
        self.line_moved(before, effects);
        if relieved && self.attention.relieved() {
            effects.push(Effect::Withdraw);
        }
    }

    fn agent_gone(&mut self, effects: &mut Vec<Effect>) {
        let before = self.online();
        self.connected = false;
        self.line_moved(before, effects);
    }

    /// Whoever may be interrupted now is, and what was noted is kept.
    fn interrupt(&mut self, effects: &mut Vec<Effect>) {
        let cause = self.cause();
        let window_open = self.screen.is_some();
        let interruption = self.attention.weigh(&attention::Situation {
            now: self.clock.now,
            cause,
            online: self.online(),
            busy: self.under_way.is_some() || self.working(),
            window_open,
            seen: self.sees_the_change(),
            reminder_hours: self.reminder_hours(),
            expires_in: self.expires_in(),
        });
        if interruption.look_around {
            effects.push(Effect::LookAround);
        }
        if interruption.withdraw {
            effects.push(Effect::Withdraw);
        }
        if let Some(notice) = interruption.notice {
            effects.push(Effect::Notify(windows::notices::notice(self, notice)));
        }
        if interruption.open {
            self.open_asking(effects, false);
        }
        if let Some(memory) = self.attention.unsaved() {
            effects.push(Effect::Remember(memory));
        }
    }

    /// What calls for the person, if anything does.
    fn cause(&self) -> Option<attention::Cause> {
        let binding = self.binding()?;
        let generation = binding.generation?;
        let held = binding.held.is_some() || binding.in_sync;
        // What moves is on its way to a change; that some of it is there already is no drift.
        let moves = self.working() || self.under_way.as_ref().is_some_and(UnderWay::moves_stores);
        (!held).then(|| {
            self.attention.as_begun(attention::Cause {
                generation: generation.0.into(),
                drifted: !moves && !self.stopped_half_way() && self.had_followed(),
            })
        })
    }

    /// Whether the computer's password was changed outside, and the directory's was not.
    fn drifted(&self) -> bool {
        self.cause().is_some_and(|cause| cause.drifted)
    }

    /// Whether a store was opened with the newest password: this computer had followed, or a sync
    /// stopped half-way.
    fn had_followed(&self) -> bool {
        self.binding().is_some_and(|binding| {
            binding.stores.iter().any(|row| match row.state {
                StoreState::InSync { generation, .. } => binding.generation == Some(generation),
                StoreState::Waiting
                | StoreState::Changing
                | StoreState::Testing
                | StoreState::NeedsYou { .. }
                | StoreState::Problem { .. }
                | StoreState::NotTested => false,
            })
        })
    }

    /// Whether the person has before their eyes what a notification would tell: W1, or a change of
    /// their own.
    fn sees_the_change(&self) -> bool {
        let own = self.failed.as_ref().is_some_and(|failed| {
            failed.failure.code == Code::ComputerBehind && self.stopped_half_way()
        });
        match self.screen {
            Some(Screen::Changed(_)) => true,
            Some(Screen::Stopped { .. }) if own => true,
            Some(_) | None => self.is_changing(),
        }
    }

    /// Whether the last thing that was done here left stores behind, which nothing has mended since.
    fn stopped_half_way(&self) -> bool {
        let failed = self.failed.as_ref();
        failed.is_some_and(|failed| !failed.failure.stores.is_empty())
    }

    fn reminder_hours(&self) -> u8 {
        let organisation = self.known.as_ref().and_then(|it| it.organisation.as_ref());
        organisation.map_or(4, |organisation| organisation.reminder_hours)
    }

    /// In how many whole days the password expires; below zero when it has.
    fn expires_in(&self) -> Option<i64> {
        let at = self.binding()?.expires_at?;
        Some((at.0 - self.clock.now.0).div_euclid(DAY))
    }

    /// The portal's address.
    #[must_use]
    pub fn portal(&self) -> Option<&str> {
        self.known.as_ref()?.portal.as_deref()
    }

    /// The words that everything is said in.
    #[must_use]
    pub const fn words(&self) -> &Words {
        &self.words
    }

    /// The next time at which something has to be looked at again.
    fn wake(&self, effects: &mut Vec<Effect>) {
        let mut at = self.attention.next();
        let mut earlier = |time: i64| {
            if at.is_none_or(|at| time < at.0) && time > self.clock.now.0 {
                at = Some(Timestamp(time));
            }
        };
        if let Some(under_way) = &self.under_way
            && !under_way.rows.is_empty()
        {
            earlier(under_way.moved_at.0 + SLOW);
        }
        if let Some(patience) = self.patience() {
            earlier(patience.0);
        }
        if let Some(at) = at {
            effects.push(Effect::WakeAt(at));
        }
    }
}

#[cfg(test)]
mod tests;
