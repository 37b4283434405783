//! The port that every store implements.

use lockstep_model::{Code, Secret, StoreKind};

/// Something on a device that opens with the person's password.
///
/// Every method blocks, for seconds at worst (locks held by others, key stretching). None of them
/// tries again by itself: attempts are the caller's to budget.
pub trait Store: Send {
    /// What kind of store this is.
    fn kind(&self) -> StoreKind;

    /// What a planner has to know about it.
    fn capabilities(&self) -> Capabilities;

    /// Judges whether the store could take `new` now, changing nothing.
    ///
    /// # Errors
    ///
    /// The reason why not.
    fn preflight(&self, new: &Secret) -> Result<(), Refusal>;

    /// Opens the store with `secret`, changing nothing. What it opened is durable: whoever changed it
    /// may have been killed before they saw to that, and what is old goes on the word of a probe.
    ///
    /// A secret that this kind of store can't ever have (too long, a NUL inside) doesn't open it.
    ///
    /// # Errors
    ///
    /// The reason why it can't be tried: a blank secret, an account that is locked or gone.
    fn probe(&self, secret: &Secret) -> Result<bool, Refusal>;

    /// Moves the store from `old` to `new`; `Ok` once it is durable and the store was opened with
    /// `new` as [`Self::probe`] does it.
    ///
    /// Where both are the same, nothing is written.
    /// A store with several slots opens with both until [`Self::remove_old`].
    ///
    /// # Errors
    ///
    /// [`ChangeFault::Refused`] when nothing was changed, [`ChangeFault::Shut`] when that is because
    /// `old` doesn't open a store whose [change opens it first](Capabilities::change_opens_first),
    /// [`ChangeFault::Unknown`] when only a probe can tell.
    fn change(&mut self, old: &Secret, new: &Secret) -> Result<(), ChangeFault>;

    /// Judges whether the store could be [reset](Self::reset) now, changing nothing.
    ///
    /// # Errors
    ///
    /// The reason why not.
    fn may_reset(&self) -> Result<(), Refusal>;

    /// Moves the store to `new` without its old password; `Ok` once it is durable, was seen to have
    /// happened, and the store opens with `new`.
    ///
    /// Where it opens with `new` already, nothing is written.
    ///
    /// # Errors
    ///
    /// As for [`Self::change`].
    fn reset(&mut self, new: &Secret) -> Result<(), ChangeFault>;

    /// Removes what former passwords still open, in a store with several slots; `Ok` once it is
    /// durable and what opens with `current` was opened with it, and is as it was then. Elsewhere
    /// there is nothing to remove.
    ///
    /// Only what Lockstep made, or what opened with the person's own old password when it was
    /// changed, is ever removed, and never the last one.
    ///
    /// # Errors
    ///
    /// As for [`Self::change`]; [`Code::OldOpensDisk`] where the old one has to stay for now.
    fn remove_old(&mut self, current: &Secret) -> Result<(), ChangeFault> {
        if self.probe(current)? {
            return Ok(());
        }
        let detail = "what is to stay doesn't open the store";
        Err(Refusal::new(Code::NotTheComputersPassword, detail).into())
    }
}

/// Plain facts about a store, for planning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// A change is refused unless it comes with the password that opens the store.
    pub needs_old_password: bool,
    /// Old and new password can both open it for a while.
    pub several_slots: bool,
    /// It can be reached only while the person has a session.
    pub needs_session: bool,
    /// Whether a password opens it can be found out without changing anything.
    pub verify_without_change: bool,
    /// Wrong passwords are counted and may shut it.
    pub counts_attempts: bool,
    /// A change opens it with the old password before it writes anything, and counts no wrong one:
    /// [`ChangeFault::Shut`] says that nothing came of it.
    pub change_opens_first: bool,
    /// It can be given a new password without the old one.
    pub can_be_reset: bool,
}

/// An operation was not done, and nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Refusal {
    /// Why, for people.
    pub code: Code,
    /// Why, for the log. Holds no secret.
    pub detail: String,
}

impl Refusal {
    /// Refuses with a code and a reason.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
        }
    }
}

/// Why a change can't be reported as done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeFault {
    /// Nothing was changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The old password doesn't open the store, as a probe would say, and nothing was changed.
    #[error("the old password doesn't open it")]
    Shut,
    /// The store may open with either password: probe before anything else.
    #[error("the outcome is unknown: {detail}")]
    Unknown {
        /// What went wrong. Holds no secret.
        detail: String,
    },
}
