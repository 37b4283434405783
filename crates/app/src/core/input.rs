//! What the core hears, and what it has done.

use lockstep_model::{Code, Fault, Timestamp};
use lockstep_protocol::api::me::Computer;
use lockstep_protocol::keyring::{Reopened, SetAside};
use lockstep_protocol::local::{Ask, Event, Reply, Status};

use super::SLOTS;
use super::attention::Memory;
use super::rules::Measured;
use crate::view::{Act, Notice};

/// Something happened.
#[derive(Debug)]
pub enum Input {
    /// The agent told how things stand.
    Status(Box<Status>),
    /// The line to the agent broke.
    AgentGone,
    /// The agent said something in the exchange that is under way.
    Event(Event),
    /// That exchange broke.
    Broken(Fault),
    /// The person did something.
    Act {
        /// What.
        act: Act,
        /// What the fields held.
        filled: [Filled; SLOTS],
    },
    /// What is typed for a new password was judged.
    Measured(Measured),
    /// The person closed the window.
    Closed,
    /// The keychains that were set aside.
    Asides(Vec<SetAside>),
    /// The person's other computers, and when the directory told of them.
    Computers(Vec<Computer>, Timestamp),
    /// What this computer says of a new password that was tried; none where it can't say.
    Tried(Option<Result<(), Code>>),
    /// The person left a field.
    Left {
        /// Which.
        slot: usize,
        /// Whether anything is in it.
        any: bool,
    },
    /// A keychain that was set aside was opened, or not.
    Reopened(Result<Reopened, Fault>),
    /// A keychain that was set aside was removed, or not.
    Removed(Result<(), Fault>),
    /// What the desktop is at, as was asked for.
    Surroundings(Surroundings),
    /// The time that was waited for.
    Tick,
}

/// What a field holds: of a secret, only whether it holds one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    /// Whether anything is in it.
    pub any: bool,
    /// What, if it is no secret.
    pub text: String,
}

/// What the desktop is at: whether a window may come up by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The screen is locked, or another session is in front.
    pub away: bool,
    /// Something fills the screen.
    pub full_screen: bool,
    /// Do Not Disturb is on.
    pub quiet: bool,
}

impl Surroundings {
    /// Whether a window would disturb nobody.
    #[must_use]
    pub const fn free(self) -> bool {
        !self.away && !self.full_screen && !self.quiet
    }
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Bring the window up. The keyboard goes to it only if the person asked for it.
    Show {
        /// Whether they did.
        asked: bool,
    },
    /// Take it down.
    Hide,
    /// Put a text that is no secret into a field.
    Fill {
        /// Which slot.
        slot: usize,
        /// The text.
        text: String,
    },
    /// Empty every field.
    Clear,
    /// Empty one field.
    ClearOne(usize),
    /// Put the keyboard into the first empty field, or on the default button.
    Focus,
    /// Begin an exchange with the agent.
    Ask(Ask),
    /// Answer the agent with what a slot holds.
    Give(usize),
    /// Answer the agent.
    Reply(Reply),
    /// Show a notification, in place of any other.
    Notify(Notice),
    /// Take the notification away.
    Withdraw,
    /// Put a text without a secret on the clipboard.
    Copy(String),
    /// Open the portal.
    OpenPortal,
    /// Find out which keychains are set aside.
    ListAsides,
    /// Find out how the person's other computers stand.
    ListComputers,
    /// Try on this computer what a slot holds; nothing is changed.
    Try(usize),
    /// Open one with the password in slot 0.
    Reopen {
        /// Which.
        which: String,
    },
    /// Remove one that was opened.
    RemoveAside {
        /// Which.
        which: String,
    },
    /// Keep this for the next start.
    Remember(Memory),
    /// Wake at this time, in place of any other.
    WakeAt(Timestamp),
    /// Look what the desktop is at.
    LookAround,
    /// End the app.
    Quit,
}
