//! Where a person's password stands: epoch and generation, never a time.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A life of the directory's database; a restore from a backup starts a new one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Epoch(pub Uuid);

impl Epoch {
    /// Draws a new random epoch.
    #[must_use]
    pub fn fresh() -> Self {
        Self(Uuid::new_v4())
    }
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Epoch({})", self.0)
    }
}

/// The directory's counter of a person's password: 1, 2, 3 ... within an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Generation(pub u32);

impl Generation {
    /// The password a person chose at activation.
    pub const FIRST: Self = Self(1);

    /// The generation after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Epoch and generation together: the name of one password of one person.
///
/// Stamps of different epochs are not ordered, hence no `Ord` that would pretend so; see
/// [`Stamp::follows`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stamp {
    /// The life of the database in which the generation was counted.
    pub epoch: Epoch,
    /// The count.
    pub generation: Generation,
}

impl Stamp {
    /// Whether this stamp is newer than `earlier` and of the same epoch.
    ///
    /// A device acts by itself only on stamps that follow the one it knows.
    #[must_use]
    pub fn follows(self, earlier: Self) -> bool {
        self.epoch == earlier.epoch && self.generation > earlier.generation
    }

    /// The stamp of the next password in the same epoch.
    #[must_use]
    pub const fn next(self) -> Self {
        Self {
            epoch: self.epoch,
            generation: self.generation.next(),
        }
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "generation {}", self.generation)
    }
}

/// A moment in milliseconds since 1970-01-01 UTC; for people and logs, never for ordering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Timestamp(pub i64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_needs_the_same_epoch_and_a_higher_count() {
        let first = Stamp {
            epoch: Epoch::fresh(),
            generation: Generation::FIRST,
        };
        assert!(first.next().follows(first));
        assert!(!first.follows(first));
        assert!(!first.follows(first.next()));
        let restored = Stamp {
            epoch: Epoch::fresh(),
            generation: Generation(9),
        };
        assert!(!restored.follows(first));
    }
}
