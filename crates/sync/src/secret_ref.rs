//! Names of secrets. The secrets themselves never enter this crate.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;

use lockstep_model::{Epoch, Generation, Stamp};
use serde::{Deserialize, Serialize};

/// A name for a secret that the shell holds in memory.
///
/// `Ord` is for collections only and says nothing about age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretRef {
    /// The password of a generation: proved by the person, or recovered from an envelope.
    Generation(Stamp),
    /// An old password that the person typed, as raw bytes. There may be several, for stores may
    /// differ. It means something only within one run; the next run gives the same names out again.
    Typed(u8),
}

impl SecretRef {
    /// The first name for an old password that was typed.
    pub const TYPED: Self = Self::Typed(0);

    pub(crate) const fn stamp(self) -> Option<Stamp> {
        match self {
            Self::Generation(stamp) => Some(stamp),
            Self::Typed(_) => None,
        }
    }

    pub(crate) const fn is_typed(self) -> bool {
        self.stamp().is_none()
    }

    fn key(self) -> (Option<(Epoch, Generation)>, u8) {
        match self {
            Self::Generation(stamp) => (Some((stamp.epoch, stamp.generation)), 0),
            Self::Typed(number) => (None, number),
        }
    }
}

impl Ord for SecretRef {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for SecretRef {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Generation(stamp) => write!(f, "the password of {stamp}"),
            Self::Typed(_) => f.write_str("the old password that was typed"),
        }
    }
}

/// A set of stamps; [`Stamp`] itself is rightly not ordered across epochs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Stamps(BTreeSet<(Epoch, Generation)>);

impl Stamps {
    pub(crate) fn insert(&mut self, stamp: Stamp) {
        self.0.insert((stamp.epoch, stamp.generation));
    }

    pub(crate) fn remove(&mut self, stamp: Stamp) {
        self.0.remove(&(stamp.epoch, stamp.generation));
    }

    pub(crate) fn contains(&self, stamp: Stamp) -> bool {
        self.0.contains(&(stamp.epoch, stamp.generation))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Stamp> {
        self.0.iter().map(|(epoch, generation)| Stamp {
            epoch: *epoch,
            generation: *generation,
        })
    }
}
