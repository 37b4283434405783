//! What the planner may know about a store, and how often it may guess: data, never the OS.

use std::collections::BTreeMap;

use lockstep_model::{StoreKind, Timestamp, WithoutOld};
use serde::{Deserialize, Serialize};

/// What a store can do.
///
/// Whether a store *needs* the old password is deliberately not here: every change names the
/// secret that opens the store. A change without it is a reset, which only the person can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Capabilities {
    /// The old password goes on opening it after a change (disk slots). Such a store is opened
    /// with the new password at once, before any other store moves.
    pub several_slots: bool,
    /// It can be reached only while the person's session is up.
    pub needs_session: bool,
    /// It can be opened as a test without changing it. One that cannot is never changed.
    pub verify_without_change: bool,
    /// A wrong password counts against the person, so probes draw on the [`Budget`].
    pub counts_attempts: bool,
    /// Its change opens it with the old password before it writes anything. Where that does not open
    /// it, the change says so ([`crate::Outcome::Opened`]), has changed nothing, and no wrong password
    /// counts: it may itself find out whether a belief still holds.
    pub change_opens_first: bool,
    /// What becomes of it when nothing at hand opens it and the person has no old password.
    pub without_old: WithoutOld,
}

/// How many wrong passwords a store may be probed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Budget {
    /// Wrong ones within the window; the next probe is refused. At most 16 are remembered.
    pub attempts: u8,
    /// The window in milliseconds.
    pub window: u32,
}

impl Budget {
    /// Whether another guess is allowed after these failures.
    ///
    /// A failure later than `now` means that the clock was set back; it is forgiven, for the
    /// alternative is to wait for a moment that may be years away.
    pub(crate) fn allows(self, failures: &[Timestamp], now: Timestamp) -> bool {
        let live =
            |at: &&Timestamp| (0..i64::from(self.window)).contains(&now.0.saturating_sub(at.0));
        failures.iter().filter(live).count() < usize::from(self.attempts)
    }
}

impl Default for Budget {
    /// Five in a minute, the minute that [`lockstep_model::Code::TooManyAttempts`] asks to wait.
    fn default() -> Self {
        Self {
            attempts: 5,
            window: 60_000,
        }
    }
}

/// The stores of one binding.
///
/// It comes from the device at every start and is not journalled: a later version may know more
/// stores, or other capabilities of the same store.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Config {
    /// Every store that follows the password. One that never used it is left out.
    pub stores: BTreeMap<StoreKind, Capabilities>,
    /// How often each store may be guessed at.
    pub budget: Budget,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_count_within_the_window_only() {
        let budget = Budget {
            attempts: 2,
            window: 100,
        };
        let failures = [Timestamp(1_000), Timestamp(1_050)];
        assert!(!budget.allows(&failures, Timestamp(1_099)));
        assert!(budget.allows(&failures, Timestamp(1_100)));
        assert!(
            budget.allows(&failures, Timestamp(10)),
            "the clock was set back"
        );
    }
}
