//! What app and CLI say to the agent on its local socket.
//!
//! The client speaks first: [`Request`] with its version. The agent answers with [`Event`]s until
//! one of them [ends](Event::ends) the exchange; the connection may then carry the next request.
//! When the agent [needs](Event::Need) something, the client sends one secret frame per need, or
//! [`Reply::Cancel`].

use lockstep_model::{Code, Generation, Provenance, StoreKind, Timestamp, WithoutOld};
use serde::{Deserialize, Serialize};

use crate::Bytes;
use crate::api::Organisation;
use crate::api::me::{Computer, StoreRow};
use crate::doctor::Finding;

/// The version of this protocol.
pub const VERSION: u16 = 1;

/// Where the agent listens: in the folder for what lasts until the computer is started again.
pub const SOCKET: &str = if cfg!(target_os = "macos") {
    "/var/run/lockstep/agent.sock"
} else {
    "/run/lockstep/agent.sock"
};

/// The most bytes of one part of a logo, so that a frame carries it.
pub const LOGO_PART: usize = 32 * 1024;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// [`VERSION`] of the sender; another version is refused with [`Code::VersionRefused`].
    pub version: u16,
    /// What is asked.
    pub ask: Ask,
}

impl Request {
    /// A request of this version.
    #[must_use]
    pub const fn new(ask: Ask) -> Self {
        Self {
            version: VERSION,
            ask,
        }
    }
}

/// The part of a request that every version has: it is read first, for what follows may be news.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Versioned {
    /// The sender's version.
    pub version: u16,
}

/// What may be asked. Who asks is known by the socket's peer credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Ask {
    /// How things stand for the caller's account.
    Status,
    /// The same, again and again: one [`Event::Status`] at every change, until hung up.
    Watch,
    /// What the caller's binding rests on, and what would be done next.
    Explain,
    /// Enrols the computer; root only. The agent needs the enrolment string.
    Enrol {
        /// The computer's name, or none for its host name.
        name: Option<String>,
    },
    /// Links the caller's account to a person.
    Link {
        /// The person's user name in the directory.
        user_name: String,
    },
    /// Gives the caller's binding up; the account keeps its password.
    Unlink,
    /// Looks at everything that following needs, for the caller's account; for root, for all.
    Examine,
    /// Gives every binding up, tells the directory that this computer leaves, and erases what the
    /// agent keeps; root only.
    Retire,
    /// Brings the caller's computer in step.
    Sync {
        /// The person says that the computer was started with the password that they are about to
        /// type, so that the disk's old one may go.
        #[serde(default)]
        restarted: bool,
    },
    /// Changes the caller's password in the directory and on this computer.
    ChangePassword,
    /// "This wasn't me", said of the change that the caller's status tells of.
    Disown {
        /// The generation that the person was shown.
        generation: Generation,
    },
    /// Keeps the words by which the caller knows Lockstep, in place of those chosen before.
    ChoosePhrase {
        /// As [`lockstep_model::phrase::check`] wants them.
        words: String,
    },
    /// The organisation's logo, as it is kept here.
    Logo,
    /// The other computers of the caller's person.
    Computers,
    /// Tries whether organisation and computer accept a new password; nothing is changed.
    TryPassword,
}

/// A client's answer where a secret frame could have stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// The person gave up: nothing further is done.
    Cancel,
    /// Only to [`Need::OldPassword`]: the person has no old password any more.
    Forgotten,
    /// Only to [`Event::Cost`] and [`Event::Consent`]: the person agrees.
    Accept,
    /// Only to [`Event::Consent`]: the person does not, and the rest goes on.
    Decline,
}

/// What the agent tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// How things stand.
    Status(Box<Status>),
    /// Something has to be typed.
    Need {
        /// What.
        what: Need,
        /// Why the last answer was of no use, if this is not the first time.
        fault: Option<Code>,
        /// Why the old password could not be recovered, so that it is asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unrecovered: Option<Code>,
    },
    /// What it costs to go on without the old password. Nothing has been changed so far; the
    /// client answers [`Reply::Accept`] or [`Reply::Cancel`].
    Cost {
        /// What becomes of each store that the old password would open.
        stores: Vec<StoreCost>,
    },
    /// A store that others may open too could follow; whether it may is the person's to say, with
    /// [`Reply::Accept`] or [`Reply::Decline`].
    Consent {
        /// Which.
        store: StoreKind,
    },
    /// One store has moved on.
    Progress(StoreRow),
    /// What was found.
    Examined {
        /// In the order of [`About`](crate::doctor::About).
        findings: Vec<Finding>,
    },
    /// A binding, explained.
    Explained(Explained),
    /// The next part of the logo, a PNG.
    Logo {
        /// At most [`LOGO_PART`] bytes; none at all where there is no logo.
        part: Bytes,
        /// Whether it is the last one.
        last: bool,
    },
    /// The other computers of the caller's person.
    Computers {
        /// The computers, by name.
        computers: Vec<Computer>,
        /// When the directory told of them, by this device's clock: the past, where it can't be
        /// reached.
        as_of: Timestamp,
    },
    /// It is done.
    Done(Done),
    /// It was not done, or not wholly.
    Failed(Failure),
}

impl Event {
    /// Whether nothing follows, except for [`Ask::Watch`], which only the client ends.
    #[must_use]
    pub const fn ends(&self) -> bool {
        match self {
            Self::Status(_)
            | Self::Examined { .. }
            | Self::Explained(_)
            | Self::Computers { .. }
            | Self::Done(_)
            | Self::Failed(_) => true,
            Self::Logo { last, .. } => *last,
            Self::Need { .. } | Self::Cost { .. } | Self::Consent { .. } | Self::Progress(_) => {
                false
            }
        }
    }
}

/// What has to be typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// The enrolment string.
    EnrolmentString,
    /// The person's password in the directory, as it is now.
    DirectoryPassword,
    /// The password that opens this computer now.
    ComputersPassword,
    /// The password that was used before, or [`Reply::Forgotten`]; a blank one counts as
    /// [`Reply::Cancel`].
    OldPassword,
    /// The code that the person's authenticator app shows now: it recovers the old password after
    /// another was issued. A blank one leads to [`Self::OldPassword`].
    FactorCode,
    /// The current password, which is to be replaced.
    CurrentPassword,
    /// The new password.
    NewPassword,
}

/// How an exchange ended well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "done", rename_all = "snake_case")]
pub enum Done {
    /// The computer is enrolled.
    Enrolled {
        /// The organisation's name.
        organisation: String,
    },
    /// The account follows nobody any more.
    Unlinked {
        /// The account, and which password it keeps.
        kept: KeptPassword,
    },
    /// This computer belongs to no directory any more.
    Retired {
        /// Whether the directory knows; if not, an admin has to revoke the computer.
        told: bool,
        /// Every account that was linked.
        kept: Vec<KeptPassword>,
    },
    /// The directory took the person's "This wasn't me".
    Disowned {
        /// When, by the directory's clock.
        at: Timestamp,
        /// Whether it locked the account; if not, the admins were told.
        locked: bool,
    },
    /// Every store was opened with the password of this generation.
    InSync {
        /// The generation.
        generation: Generation,
        /// How many other computers of the person will ask.
        other_computers: u32,
    },
    /// The phrase is kept on this computer.
    PhraseKept,
    /// Organisation and computer accept the password that was tried.
    Acceptable,
}

/// How an exchange ended otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Why.
    pub code: Code,
    /// For the details: the step and the cause, never a secret.
    pub detail: String,
    /// Which password opens what now; empty when nothing was changed.
    pub stores: Vec<StoreOpens>,
}

/// What becomes of a store without its old password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreCost {
    /// Which store.
    pub kind: StoreKind,
    /// What becomes of it.
    pub becomes: WithoutOld,
}

/// What a binding rests on, what would be done, and what comes next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// What is known of each store, in plain words.
    pub stores: Vec<String>,
    /// Whether the steps are a forecast, for when the newest password is typed; else they are under
    /// way.
    pub forecast: bool,
    /// Each step and the end, in plain words.
    pub steps: Vec<String>,
    /// What comes next, in plain words.
    pub next: String,
    /// Why the password that this computer has could not be recovered after the next change; the
    /// person is asked for it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unrecovered: Option<Code>,
    /// The same as data, in the words of the sync core.
    pub data: serde_json::Value,
}

/// What is to be known of a store that is in sync all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreNotice {
    /// Which store.
    pub kind: StoreKind,
    /// What.
    pub code: Code,
}

/// Which password opens a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreOpens {
    /// Which store.
    pub kind: StoreKind,
    /// With which password.
    pub with: OpensWith,
}

/// An account that follows nobody any more, and the password that it goes on with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptPassword {
    /// The local account.
    pub account: String,
    /// Which password: the person's present one in the directory, or the one before.
    pub with: OpensWith,
}

impl From<Failure> for lockstep_model::Fault {
    fn from(failure: Failure) -> Self {
        Self::new(failure.code, failure.detail)
    }
}

/// A password, as a person thinks of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpensWith {
    /// The new one.
    New,
    /// The old one.
    Old,
    /// Not found out yet.
    Unknown,
}

/// How things stand for one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The agent's version.
    pub agent_version: String,
    /// The organisation, once enrolled. Its logo is the one that [`Ask::Logo`] gives.
    pub organisation: Option<Organisation>,
    /// The portal's address, once enrolled.
    #[serde(default)]
    pub portal: Option<String>,
    /// Whether the line to the directory is up.
    pub online: bool,
    /// The caller's binding, once linked.
    pub binding: Option<BindingStatus>,
    /// Why there is no binding to be shown, if not for want of one.
    #[serde(default)]
    pub problem: Option<Code>,
}

/// How one binding stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BindingStatus {
    /// The person's user name.
    pub user_name: String,
    /// The local account.
    pub account: String,
    /// The generation that the directory has told of.
    pub generation: Option<Generation>,
    /// How that password came to be.
    pub changed: Option<Provenance>,
    /// Whether an admin issued that password for one use: the next sync asks for an own one.
    #[serde(default)]
    pub temporary: bool,
    /// Why the person may prove nothing now: locked or suspended. Nothing is asked meanwhile.
    #[serde(default)]
    pub held: Option<Code>,
    /// When this device heard of it, by its own clock.
    pub heard_at: Option<Timestamp>,
    /// Whether every store was opened with the password of that generation.
    pub in_sync: bool,
    /// Each store.
    pub stores: Vec<StoreRow>,
    /// What is to be known of stores that are in sync all the same.
    #[serde(default)]
    pub notices: Vec<StoreNotice>,
    /// How many other computers of the person have yet to follow.
    pub other_computers: u32,
    /// Why the last sync stopped, if it did.
    pub problem: Option<Code>,
    /// The words that the person chose, by which they know Lockstep.
    #[serde(default)]
    pub phrase: Option<String>,
    /// When the directory's password expires, where passwords do; only told, nothing is locked.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}
