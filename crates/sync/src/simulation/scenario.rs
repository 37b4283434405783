//! How hostile the world is.

use lockstep_model::{Epoch, Generation, Stamp, StoreKind, Timestamp};
use uuid::Uuid;

use super::breach::Breach;
use super::doors::Doors;
use crate::fixture::without_old;
use crate::{Budget, Capabilities, Config, Outcome};

pub(super) const NOW: Timestamp = Timestamp(0);
/// Passwords are bits: the local one is bit 0, that of generation `n` is bit `n`.
pub(super) const LOCAL: u8 = 1;
/// Another local one, of stores that had drifted apart before.
pub(super) const OTHER: u8 = 1 << 6;
/// What opens a slot of the disk that is none of the person's: a recovery key, a colleague.
pub(super) const FOREIGN: u8 = 1 << 5;
pub(super) const WRONG: u8 = 1 << 7;

/// What may happen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scenario {
    pub(super) name: &'static str,
    /// How many stores, counted from the account: account, keychain, disk.
    pub(super) stores: usize,
    pub(super) generations: u8,
    /// The last generation is of another epoch.
    pub(super) restored: bool,
    /// Everything starts in step at the first generation; else at the local password.
    pub(super) linked: bool,
    /// The person still knows the local passwords.
    pub(super) knows_local: bool,
    /// The person may say to have no old password. One that is lost to them then opens what it
    /// opened from the start.
    pub(super) forgets: bool,
    /// The keychain starts at a local password of its own.
    pub(super) apart: bool,
    /// The directory may refuse to give shares out.
    pub(super) withheld: bool,
    pub(super) crashes: u8,
    /// How often a store may be set back to the local password, and nothing else of the person's.
    pub(super) drifts: u8,
    /// Which store that is.
    pub(super) adrift: StoreKind,
    /// Guesses at the account count, and as many are allowed as it takes.
    pub(super) counts: bool,
    /// What an operation reports may have nothing to do with what it did.
    pub(super) lies: bool,
    pub(super) session_flaps: bool,
    /// Doors that may close between the person and the agent; then the computer may be switched
    /// off at any moment, as often as it likes.
    pub(super) doors: Option<Doors>,
    /// The rule that is broken on purpose.
    pub(super) breach: Option<Breach>,
    /// The checker stays in force beside it.
    pub(super) checked: bool,
    /// Effects are not judged when they start, only by what becomes of them.
    pub(super) unjudged: bool,
}

impl Scenario {
    pub(super) fn stamp(self, index: u8) -> Stamp {
        let foreign = self.restored && index == self.generations;
        let generation = if foreign { 1 } else { u32::from(index) };
        Stamp {
            epoch: Epoch(Uuid::from_u128(u128::from(foreign))),
            generation: Generation(generation),
        }
    }

    pub(super) fn kinds(self) -> &'static [StoreKind] {
        &[StoreKind::Account, StoreKind::Keychain, StoreKind::Disk][..self.stores]
    }

    pub(super) fn config(self) -> Config {
        let capabilities = |kind: &StoreKind| Capabilities {
            several_slots: *kind == StoreKind::Disk,
            needs_session: *kind == StoreKind::Keychain,
            verify_without_change: true,
            counts_attempts: self.counts && *kind == StoreKind::Account,
            change_opens_first: *kind == StoreKind::Disk,
            without_old: without_old(*kind),
        };
        Config {
            stores: self
                .kinds()
                .iter()
                .map(|kind| (*kind, capabilities(kind)))
                .collect(),
            budget: Budget {
                attempts: u8::MAX,
                ..Budget::default()
            },
        }
    }

    pub(super) fn bit(self, stamp: Stamp) -> u8 {
        let found = (1..=self.generations).find(|index| self.stamp(*index) == stamp);
        1 << found.expect("a stamp of this world")
    }
}

/// One thing that happened; read in the story of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Label {
    Start,
    Ended { applied: bool, outcome: Outcome },
    Crash { applied: bool },
    CrashAfter { effects: usize, last: &'static str },
    ChangedInDirectory,
    Announced,
    Proved { recovered: bool },
    TypedRight,
    TypedWrong,
    Declined,
    Forgot,
    SecretsLost,
    SessionUp,
    SessionDown,
    ScreenLocked,
    LoggedIn,
    Booted,
    Drift { noticed: bool },
}

impl Label {
    /// Whether the operation that ended had its effect.
    pub(super) const fn applied(self) -> Option<bool> {
        if let Self::Ended { applied, .. } | Self::Crash { applied } = self {
            Some(applied)
        } else {
            None
        }
    }

    /// The same, had it had none.
    pub(super) const fn without(mut self) -> Self {
        if let Self::Ended { applied, .. } | Self::Crash { applied } = &mut self {
            *applied = false;
        }
        self
    }

    /// What it is to a person.
    pub(super) const fn cause(self) -> &'static str {
        match self {
            Self::ChangedInDirectory => "the password was changed",
            Self::Crash { .. } | Self::CrashAfter { .. } => "it was switched off",
            Self::ScreenLocked => "the screen was locked",
            Self::SecretsLost => "secrets were lost",
            Self::Ended { .. } => "an operation failed while nobody could come in",
            Self::Start
            | Self::Announced
            | Self::Proved { .. }
            | Self::TypedRight
            | Self::TypedWrong
            | Self::Declined
            | Self::Forgot
            | Self::SessionUp
            | Self::SessionDown
            | Self::LoggedIn
            | Self::Booted
            | Self::Drift { .. } => "something else happened",
        }
    }
}

/// What an exploration has seen happen, so that it is known not to be empty.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    pub(super) in_sync: bool,
    pub(super) retired: bool,
    pub(super) removed: bool,
    pub(super) stopped: bool,
    pub(super) asked: bool,
    pub(super) reset: bool,
    /// A change found out that its store does not open with what it starts from.
    pub(super) found_out: bool,
    /// The person was told that there is no way without the old password.
    pub(super) refused: bool,
}
