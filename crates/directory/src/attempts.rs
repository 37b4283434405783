//! Proofs under way: the server's half of an OPAQUE exchange between its two requests.
//!
//! In memory, for a minute, each taken out by the finish that uses it: a finish sent twice is
//! refused. The number is bounded; the oldest gives way.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lockstep_model::{BindingId, DeviceId, PersonId, Stamp};
use lockstep_opaque::server::Pending;
use lockstep_protocol::api::device::Purpose;

use crate::core::throttle::Lane;
use crate::storage::people::Found;
use crate::tokens;

/// How long an attempt may take; key stretching on a slow computer included.
pub const LIFETIME: Duration = Duration::from_secs(60);

/// About 1 KiB each.
const CAPACITY: usize = 10_000;

/// A proof under way.
pub enum Attempt {
    /// Somebody signs in.
    SignIn {
        /// The OPAQUE state.
        pending: Box<Pending>,
        /// Who; none only in a directory without anybody.
        whom: Option<Whom>,
        /// What was charged for the start.
        lanes: Vec<Lane>,
    },
    /// A signed-in person proves the current password in order to change it.
    PortalChange {
        /// The OPAQUE state.
        pending: Box<Pending>,
        /// Who.
        person: PersonId,
        /// The stamp whose password is proved.
        from: Stamp,
        /// What was charged for the start.
        lanes: Vec<Lane>,
    },
    /// An admin issues a password.
    Issue {
        /// Who issues it.
        admin: PersonId,
        /// To whom.
        person: PersonId,
        /// The stamp that it replaces, if there is a password.
        from: Option<Stamp>,
        /// What was charged for the start.
        lanes: Vec<Lane>,
    },
    /// A person proves the password on a device.
    Device {
        /// The OPAQUE state.
        pending: Box<Pending>,
        /// What for, and where.
        proof: DeviceProof,
        /// Whose password; none only in a directory without anybody.
        whom: Option<Whom>,
        /// What was charged for the start.
        lanes: Vec<Lane>,
    },
    /// That proof held and was made for a change, which may now be committed.
    ProvedChange {
        /// Where.
        proof: DeviceProof,
        /// Who.
        person: PersonId,
        /// The stamp whose password was proved.
        stamp: Stamp,
    },
}

/// Whose password is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whom {
    /// The person, or who stands in for a name that nobody can sign in with.
    pub person: PersonId,
    /// The stamp of their password.
    pub stamp: Stamp,
    /// Whether it is the person; a stand-in is looked up as well and always refused.
    pub known: bool,
}

impl Whom {
    /// Who was found.
    #[must_use]
    pub fn of(found: Found) -> Option<Self> {
        Some(Self {
            person: found.person.id,
            stamp: found.person.credential?.stamp,
            known: found.known,
        })
    }
}

/// What a proof on a device is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceProof {
    /// What it is for.
    pub purpose: Purpose,
    /// The device.
    pub device: DeviceId,
    /// The binding.
    pub binding: BindingId,
}

/// All attempts of this process.
#[derive(Default)]
pub struct Attempts {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    by_name: BTreeMap<String, (Instant, u64, Attempt)>,
    by_age: BTreeMap<u64, String>,
    count: u64,
}

impl Attempts {
    /// Keeps an attempt and names it.
    pub fn keep(&self, attempt: Attempt, now: Instant) -> String {
        let name = tokens::fresh();
        self.keep_as(name.clone(), attempt, now);
        name
    }

    /// Keeps the next step of an attempt under the name of the one before.
    pub fn keep_as(&self, name: String, attempt: Attempt, now: Instant) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.forget_old(now);
        kept.count += 1;
        let number = kept.count;
        kept.by_age.insert(number, name.clone());
        kept.by_name.insert(name, (now, number, attempt));
    }

    /// Takes an attempt out, if it is young enough.
    pub fn take(&self, name: &str, now: Instant) -> Option<Attempt> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, number, attempt) = kept.by_name.remove(name)?;
        kept.by_age.remove(&number);
        (now.duration_since(since) <= LIFETIME).then_some(attempt)
    }
}

impl Kept {
    fn forget_old(&mut self, now: Instant) {
        while let Some((&number, name)) = self.by_age.first_key_value() {
            let full = self.by_name.len() >= CAPACITY;
            let old = self
                .by_name
                .get(name)
                .is_none_or(|(since, _, _)| now.duration_since(*since) > LIFETIME);
            if !full && !old {
                return;
            }
            let name = name.clone();
            self.by_age.remove(&number);
            self.by_name.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use lockstep_model::{Epoch, Generation};

    use super::*;

    fn attempt() -> Attempt {
        Attempt::ProvedChange {
            proof: DeviceProof {
                purpose: Purpose::Change,
                device: DeviceId::fresh(),
                binding: BindingId::fresh(),
            },
            person: PersonId::fresh(),
            stamp: Stamp {
                epoch: Epoch::fresh(),
                generation: Generation(1),
            },
        }
    }

    #[test]
    fn an_attempt_is_good_once_and_for_a_minute() {
        let attempts = Attempts::default();
        let now = Instant::now();
        let name = attempts.keep(attempt(), now);
        assert!(attempts.take(&name, now).is_some());
        assert!(attempts.take(&name, now).is_none());
        let old = attempts.keep(attempt(), now);
        assert!(
            attempts
                .take(&old, now + LIFETIME + Duration::from_millis(1))
                .is_none()
        );
    }

    #[test]
    fn the_oldest_gives_way_when_there_are_too_many() {
        let attempts = Attempts::default();
        let now = Instant::now();
        let first = attempts.keep(attempt(), now);
        let second = attempts.keep(attempt(), now);
        for _ in 0..CAPACITY - 1 {
            attempts.keep(attempt(), now);
        }
        assert!(attempts.take(&first, now).is_none());
        assert!(attempts.take(&second, now).is_some());
    }
}
