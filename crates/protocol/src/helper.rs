//! What the agent asks of the root helper: a closed list of operations, one per process.
//!
//! A connection carries one [`Request`], the secrets that it names (as secret frames, in order),
//! and one [`Reply`]; then the helper's process ends. If no reply comes, the outcome is unknown to
//! the agent and it must probe.

use lockstep_model::{BindingId, Code, DeviceId, PersonId, Stamp, StoreKind};
use serde::{Deserialize, Serialize};

use crate::Bytes;
use crate::order::SignedOrder;

/// The version of this protocol.
pub const VERSION: u16 = 1;

/// One operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// [`VERSION`] of the sender; another version is refused with [`Code::VersionRefused`].
    pub version: u16,
    /// What to do.
    pub operation: Operation,
}

/// The closed list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Operation {
    /// Describes the account of a uid. No secrets. Answers [`Reply::Account`].
    Inspect {
        /// The local user id.
        uid: u32,
    },
    /// Records a binding, if PAM accepts the account's password. One secret: that password, not
    /// blank. Answers [`Reply::Done`].
    Link {
        /// The new binding.
        binding: BindingId,
        /// Whose it is.
        person: PersonId,
        /// The local user id; root and system accounts are refused.
        uid: u32,
        /// Whose orders to believe from then on; without it none is.
        #[serde(default)]
        realm: Option<Realm>,
    },
    /// Judges whether a store could take the new password, changing nothing. One secret: the new
    /// password. Answers [`Reply::Done`].
    Preflight {
        /// Whose store.
        binding: BindingId,
        /// Which store.
        store: StoreKind,
    },
    /// Opens a store with one secret, changing nothing. Answers [`Reply::Opened`].
    Probe {
        /// Whose store.
        binding: BindingId,
        /// Which store.
        store: StoreKind,
    },
    /// Moves a store and opens it. Two secrets: old, new. Answers [`Reply::Opened`]: not, where the
    /// old one does not open a store that finds this out before it changes anything.
    Change {
        /// Whose store.
        binding: BindingId,
        /// Which store.
        store: StoreKind,
        /// Whose password the new one is: a disk's slot is marked with it.
        #[serde(default)]
        to: Option<Stamp>,
    },
    /// Has a store follow the binding, if it is there and opens with the account's password. One
    /// secret: that password. Answers [`Reply::Adopted`].
    Adopt {
        /// Which binding.
        binding: BindingId,
        /// Which store; the account follows from the start.
        store: StoreKind,
    },
    /// Notes that the computer was started with a password since the binding's disk got it, so that
    /// the old one may go. One secret: that password. Answers [`Reply::Done`].
    ConfirmRestart {
        /// Whose disk.
        binding: BindingId,
    },
    /// Sets the binding's keychain aside for an empty one, and opens that. One secret: the new
    /// password. Answers [`Reply::Opened`].
    SetAside {
        /// Whose keychain.
        binding: BindingId,
    },
    /// Removes what former passwords still open in a store with several slots. One secret: the
    /// current password, which must open it. Answers [`Reply::Opened`].
    RemoveOld {
        /// Whose store.
        binding: BindingId,
        /// Which store.
        store: StoreKind,
    },
    /// Asks for a challenge, if the binding's account could be reset now. No secrets. Answers
    /// [`Reply::Challenge`]; every earlier one of the binding is void.
    ResetChallenge {
        /// Whose account.
        binding: BindingId,
    },
    /// Sets an account's password without its old one, by the realm's order, and opens it. One
    /// secret: the new password. Answers [`Reply::Opened`].
    Reset {
        /// The order.
        order: SignedOrder,
    },
    /// Forgets a binding. No secrets. Answers [`Reply::Done`], also if there was none.
    Unlink {
        /// Which.
        binding: BindingId,
    },
    /// Says whether somebody else changed the account's password since the helper opened it last.
    /// No secrets. Answers [`Reply::Compared`].
    Compare {
        /// Whose account.
        binding: BindingId,
    },
    /// Says how the helper itself stands. No secrets. Answers [`Reply::Health`].
    Examine,
    /// Says how the binding's disk stands. No secrets. Answers [`Reply::Disk`].
    ExamineDisk {
        /// Whose disk.
        binding: BindingId,
    },
}

impl Operation {
    /// How many secret frames follow the request.
    #[must_use]
    pub const fn secrets(&self) -> usize {
        match self {
            Self::Inspect { .. }
            | Self::Unlink { .. }
            | Self::Examine
            | Self::ExamineDisk { .. }
            | Self::Compare { .. }
            | Self::ResetChallenge { .. } => 0,
            Self::Link { .. }
            | Self::Adopt { .. }
            | Self::SetAside { .. }
            | Self::ConfirmRestart { .. }
            | Self::Preflight { .. }
            | Self::Probe { .. }
            | Self::RemoveOld { .. }
            | Self::Reset { .. } => 1,
            Self::Change { .. } => 2,
        }
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub enum Reply {
    /// It is done and durable.
    Done,
    /// A probe came to a verdict; or a move is done and durable, and the store was opened afterwards,
    /// or nothing was changed, for the old password does not open it.
    Opened {
        /// Whether the secret opens the store.
        opens: bool,
    },
    /// Whether a store follows the binding from now on.
    Adopted(Adoption),
    /// Whether an account's password is another one than the helper opened it with last; not, if it
    /// never did.
    Compared {
        /// Whether.
        changed: bool,
    },
    /// An account, described.
    Account(Account),
    /// The helper, described.
    Health(Health),
    /// A disk, described.
    Disk {
        /// Whether something opens it beside the passwords that are kept in step: a recovery key, a
        /// security chip, another passphrase.
        other_way: bool,
    },
    /// A challenge for a reset order: good once, for five minutes.
    Challenge {
        /// [`crate::order::CHALLENGE`] random bytes.
        challenge: Bytes,
    },
    /// It was not done, and nothing was changed.
    Refused {
        /// Why, for people.
        code: Code,
        /// Why, for the log: PAM's own words. Holds no secret.
        detail: String,
    },
}

impl Reply {
    /// A move is done and durable, and the store was opened afterwards.
    pub const MOVED: Self = Self::Opened { opens: true };
}

/// What came of [`Operation::Adopt`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adoption {
    /// It opens with the password, and follows.
    Follows,
    /// It has a password of its own: it is not linked, and no error.
    OwnPassword,
    /// There is no such store.
    NotThere,
}

/// Whose reset orders a binding believes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Realm {
    /// The realm.
    pub name: String,
    /// Its signing key (SEC1, ECDSA P-256), pinned at enrolment.
    pub key: Bytes,
    /// What the realm calls this device.
    pub device: DeviceId,
}

/// A local account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The login name.
    pub name: String,
    /// The local user id.
    pub uid: u32,
    /// Why the account can't be linked, if it can't: locked, expired, managed elsewhere, system.
    pub obstacle: Option<Code>,
    /// Whether a disk of this computer asks for a password at the start.
    #[serde(default)]
    pub disk: bool,
}

/// How the helper stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// The version of the program.
    pub version: String,
    /// What its process is kept from.
    pub confinement: Confinement,
    /// The hardware's own identity (`product_uuid` of DMI), which only root may read; none where
    /// the hardware has none.
    pub hardware: Option<String>,
}

/// What the helper's process is kept from, as far as this kernel can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confinement {
    /// Files of no concern to it.
    pub files: Files,
    /// Whether a filter keeps it from networks, programs and other processes.
    pub calls: bool,
}

/// How far files are out of reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Files {
    /// As far as was asked for.
    Confined,
    /// As far as an older kernel can.
    Partly,
    /// Not at all: the kernel has no Landlock, or it is switched off.
    Open,
}
