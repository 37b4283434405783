//! Which window is open, and what it has to remember.

use lockstep_model::{Code, Timestamp};
use lockstep_protocol::doctor::Finding;
use lockstep_protocol::keyring::Reopened;
use lockstep_protocol::local::{Failure, StoreCost, StoreNotice};

/// The open window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Screen {
    /// W1.
    Changed(Changed),
    /// The code of a second factor.
    Code {
        /// Why the last one was of no use.
        fault: Option<Code>,
        /// It is being looked at.
        busy: bool,
    },
    /// An own password in place of an issued one.
    Own {
        /// Why the last one was refused.
        fault: Option<Code>,
        /// It is being looked at.
        busy: bool,
    },
    /// W2.
    Old {
        /// Why the last one was of no use.
        fault: Option<Code>,
        /// Why it couldn't be recovered.
        unrecovered: Option<Code>,
        /// How often it was wrong.
        wrong: u8,
        /// It is being looked at.
        busy: bool,
    },
    /// W3.
    Cost(Vec<StoreCost>),
    /// W4.
    Work,
    /// W5.
    InSync {
        /// How many other computers will ask.
        others: u32,
        /// What is to be known of stores all the same.
        notices: Vec<StoreNotice>,
    },
    /// W6.
    Stopped {
        /// Why.
        failure: Failure,
        /// When.
        at: Timestamp,
        /// What was tried, so that it can be tried again.
        again: Option<Again>,
        /// The details are on the clipboard.
        copied: bool,
    },
    /// W7.
    Offline,
    /// W8.
    Status,
    /// W9.
    Change(Change),
    /// W10.
    Aside(Aside),
    /// W11.
    Link(Link),
    /// W12.
    Disown {
        /// Once it is reported: when, and whether the account is locked.
        reported: Option<(Timestamp, bool)>,
        /// It is under way.
        busy: bool,
    },
    /// W13.
    About,
    /// W13.
    Help {
        /// What an examination found.
        findings: Option<Vec<Finding>>,
        /// Why there was none, the last time.
        fault: Option<Code>,
        /// It is under way.
        busy: bool,
        /// The details are on the clipboard.
        copied: bool,
    },
}

/// What can be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// Bringing the computer in step.
    Sync,
    /// Changing the password.
    Change,
    /// Linking.
    Link,
}

/// W1's memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Changed {
    /// What was wrong with the last answer.
    pub(super) fault: Option<Code>,
    /// How often it was wrong.
    pub(super) wrong: u8,
    /// Whether the details are shown.
    pub(super) details: bool,
    /// It is being checked.
    pub(super) busy: bool,
    /// Since when the directory can't be reached.
    pub(super) unreachable: Option<Timestamp>,
    /// Which code said so.
    pub(super) banner: Option<Code>,
}

/// W9's memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// What was wrong with the last answer.
    pub(super) fault: Option<Code>,
    /// Fields that were left empty, or differ.
    pub(super) missing: Option<usize>,
    /// It is being checked.
    pub(super) busy: bool,
}

/// W10's memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Aside {
    /// Which keychain.
    pub(super) which: String,
    /// When it was set aside.
    pub(super) at: Timestamp,
    /// What was wrong with the last answer.
    pub(super) fault: Option<Code>,
    /// It is being opened or removed.
    pub(super) busy: bool,
    /// What became of it.
    pub(super) reopened: Option<Reopened>,
    /// Whether the old copy is to go is being asked.
    pub(super) removing: bool,
    /// It is gone.
    pub(super) removed: bool,
}

/// W11's memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Link {
    /// Which of its questions.
    pub(super) step: LinkStep,
    /// The person's user name.
    pub(super) user_name: String,
    /// Whether the disk is to follow, once that was asked.
    pub(super) disk: Option<bool>,
    /// The computer's password was typed: the agent may have it as soon as it asks.
    pub(super) answered: bool,
    /// How many suggestions there were.
    pub(super) suggestion: u32,
    /// What was wrong.
    pub(super) fault: Option<Code>,
    /// A field that was left empty.
    pub(super) missing: Option<usize>,
    /// It is being checked.
    pub(super) busy: bool,
}

/// W11's questions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum LinkStep {
    /// Is this your organisation?
    #[default]
    Organisation,
    /// User name and password.
    SignIn,
    /// Should the disk follow?
    Disk,
    /// The computer's password.
    Computer,
    /// The phrase.
    Phrase,
}
