//! What goes into the machine and what comes out of it.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_model::{Code, Stamp, StoreKind, Timestamp};
use serde::{Deserialize, Serialize};

use crate::journal::Record;
use crate::secret_ref::SecretRef;

/// The name of one operation; unique within a binding's journal.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct OpId(pub u64);

/// What is held to be true of one store.
///
/// Only opening the store raises it; every event without a certain end lowers it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Belief {
    /// Nothing is known for certain.
    #[default]
    Unknown,
    /// It was opened.
    Opens {
        /// With this secret.
        with: SecretRef,
        /// At this time, by the device's clock.
        verified_at: Timestamp,
    },
    /// No secret at hand opened it.
    OpensNone,
    /// It could not even be tried.
    Unreachable(Code),
}

impl Belief {
    /// The secret that opened it, if it was opened.
    #[must_use]
    pub const fn opens_with(self) -> Option<SecretRef> {
        match self {
            Self::Opens { with, .. } => Some(with),
            Self::Unknown | Self::OpensNone | Self::Unreachable(_) => None,
        }
    }

    /// Whether it was opened with the password of this stamp.
    #[must_use]
    pub fn is_at(self, stamp: Stamp) -> bool {
        self.opens_with() == Some(SecretRef::Generation(stamp))
    }
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A preflight, seal, change, removal or retirement reports success.
    Applied,
    /// A probe came to a verdict; or a change, reset or removal is done, and the same operation has
    /// opened the store afterwards with the password that it was about, as a probe does; or a change
    /// found that its old password does not open the store, and has changed nothing
    /// ([`crate::Capabilities::change_opens_first`]).
    Opened(bool),
    /// It was refused and reports that nothing changed.
    NotApplied(Code),
    /// Nobody knows: time-out, crash, lost pipe, or an answer that does not fit the question.
    Indeterminate,
}

/// What the machine is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// The directory's present stamp, as often as it likes. Another epoch or a lower generation is
    /// reported and never acted on.
    Announced(Stamp),
    /// The person typed the current password and the directory confirmed it. Starts a run, or
    /// gives the one under way a new target.
    Proved {
        /// What was proved. Another epoch is settled by it.
        stamp: Stamp,
        /// The secrets now at hand: the proved one, every generation recovered from an envelope,
        /// and [`SecretRef::TYPED`] if the same window asked for the old password too. A typed
        /// one counts only where no run is under way.
        secrets: BTreeSet<SecretRef>,
    },
    /// The person answered [`Effect::AskOld`], and what they typed is at hand under the name given
    /// there. Unasked it is ignored.
    OldTyped,
    /// [`Effect::AskOld`] got no answer, and this is why: the stores are left as they are.
    Declined(Code),
    /// The person has no old password for the stores of [`Effect::AskOld`], and accepts what
    /// [`crate::weigh`] says that this costs. Unasked it is ignored.
    Forgotten,
    /// The secrets in memory are gone, but operations under way will still report.
    SecretsLost,
    /// Everything in memory is gone, operations under way included. The first input after
    /// [`crate::replay`]. The session counts as down until [`Input::SessionUp`].
    Restarted,
    /// An operation ended. One that is not under way is ignored.
    Finished {
        /// Which.
        op: OpId,
        /// How.
        outcome: Outcome,
    },
    /// The store was changed from outside, or may have been.
    Drifted(StoreKind),
    /// The person's session is up.
    SessionUp,
    /// The person's session is gone.
    SessionDown,
}

/// What the shell must do, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Append to the journal. A barrier: nothing after it may run before it is durable.
    Persist(Record),
    /// Open a store with a secret, changing nothing. Ends with [`Outcome::Opened`].
    Probe {
        /// The operation.
        op: OpId,
        /// Which store.
        store: StoreKind,
        /// With which secret.
        with: SecretRef,
    },
    /// Judge whether a store could take the new password, changing nothing.
    Preflight {
        /// The operation.
        op: OpId,
        /// Which store.
        store: StoreKind,
        /// The new password.
        with: SecretRef,
    },
    /// Seal the password of this generation in a new envelope, make it durable and open the copy
    /// once as a test.
    Seal {
        /// The operation.
        op: OpId,
        /// Whose password.
        stamp: Stamp,
    },
    /// Move a store. A store with several slots gains the new one and keeps the old.
    Change {
        /// The operation.
        op: OpId,
        /// Which store.
        store: StoreKind,
        /// The secret that opens it now.
        from: SecretRef,
        /// Whose password shall open it.
        to: Stamp,
    },
    /// Give a store the new password without any that opens it now; a store that can't be is set
    /// aside for an empty one.
    Reset {
        /// The operation.
        op: OpId,
        /// Which store.
        store: StoreKind,
        /// Whose password shall open it.
        to: Stamp,
    },
    /// Remove what former passwords still open in a store with several slots.
    ///
    /// [`Outcome::NotApplied`] means that the old one has to stay for now; that is no fault.
    RemoveOld {
        /// The operation.
        op: OpId,
        /// Which store.
        store: StoreKind,
        /// Whose password stays.
        keep: Stamp,
    },
    /// Drop every envelope but those of this stamp, share and sealed copy.
    Retire {
        /// The operation.
        op: OpId,
        /// What stays.
        keep: Stamp,
    },
    /// Ask the person for the old password.
    AskOld {
        /// The stores that nothing at hand opens.
        stores: BTreeSet<StoreKind>,
        /// The name for what the person types. Bytes that had the same name are of no more use.
        answer: SecretRef,
        /// Whether a typed one was tried already and opened none of them.
        again: bool,
    },
    /// What the person sees has changed: read [`crate::State::status`].
    Report,
    /// The run is over: wipe every secret and answer whoever started it.
    Finish(Verdict),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every store was opened with this generation's password after its last change.
    InSync(Stamp),
    /// At least one store was not.
    Stopped {
        /// Why, for the person.
        code: Code,
        /// What is known of each store now: which password opens what.
        stores: BTreeMap<StoreKind, Belief>,
    },
}
