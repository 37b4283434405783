//! Parameters of the key stretching that every guess of a password has to pay.

use serde::{Deserialize, Serialize};

/// Parameters of Argon2id (RFC 9106), which stretches the password on the client's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Ksf {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
}

impl Ksf {
    /// The default: 64 MiB, 3 passes, 4 lanes.
    pub const DEFAULT: Self = Self {
        memory_kib: 64 * 1024,
        iterations: 3,
        parallelism: 4,
    };
    /// The least that a client accepts: 19 MiB, 2 passes.
    pub const FLOOR: Self = Self {
        memory_kib: 19 * 1024,
        iterations: 2,
        parallelism: 1,
    };
    /// The most that a client accepts, so that a hostile directory cannot exhaust it.
    pub const CEILING: Self = Self {
        memory_kib: 1024 * 1024,
        iterations: 16,
        parallelism: 16,
    };

    /// Whether every parameter lies between floor and ceiling.
    #[must_use]
    pub const fn is_acceptable(self) -> bool {
        self.memory_kib >= Self::FLOOR.memory_kib
            && self.memory_kib <= Self::CEILING.memory_kib
            && self.iterations >= Self::FLOOR.iterations
            && self.iterations <= Self::CEILING.iterations
            && self.parallelism >= Self::FLOOR.parallelism
            && self.parallelism <= Self::CEILING.parallelism
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_between_floor_and_ceiling_is_acceptable() {
        assert!(Ksf::DEFAULT.is_acceptable());
        assert!(Ksf::FLOOR.is_acceptable());
        assert!(Ksf::CEILING.is_acceptable());
        assert!(
            !Ksf {
                memory_kib: 19 * 1024 - 1,
                ..Ksf::DEFAULT
            }
            .is_acceptable()
        );
        assert!(
            !Ksf {
                iterations: 1,
                ..Ksf::DEFAULT
            }
            .is_acceptable()
        );
        assert!(
            !Ksf {
                memory_kib: u32::MAX,
                ..Ksf::DEFAULT
            }
            .is_acceptable()
        );
    }
}
