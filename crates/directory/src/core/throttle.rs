//! How many proofs may be begun: charged when one starts, given back when it finishes.
//!
//! Under OPAQUE a guesser learns from the directory's first answer whether the password was right
//! and never sends the finish, and a guess costs the directory next to nothing. So it is the start
//! that counts, per person and per source. A binding has a lane of its own: neither a stranger who
//! guesses at the portal nor somebody else at the same computer keeps it from following.

use std::collections::BTreeMap;
use std::net::IpAddr;

use lockstep_model::{BindingId, DeviceId, PersonId, Timestamp};

/// Who is charged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Everybody who signs in under one name from anywhere; the name need not exist.
    Name(String),
    /// Somebody who is signed in, in any of their sessions.
    Session(PersonId),
    /// Everybody behind one network address.
    Source(IpAddr),
    /// Whoever links an account at one enrolled computer.
    Device(DeviceId),
    /// Whoever types at one linked account.
    Binding(BindingId),
    /// Everybody who types codes of one person's second factor: three of a million are good.
    Factor(PersonId),
}

/// A lane is full: when to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full {
    /// In whole seconds, at least one.
    pub retry_after_s: u32,
}

/// What every lane owes.
#[derive(Debug, Default)]
pub struct Throttle {
    lanes: BTreeMap<Lane, Debt>,
}

#[derive(Clone, Copy, Debug)]
struct Debt {
    /// In milliseconds of waiting: it melts as time goes by.
    owed_ms: i64,
    at: Timestamp,
}

/// The most lanes that are kept; beyond it those that owe least are forgotten.
const CAPACITY: usize = 100_000;

impl Lane {
    /// How many proofs may be open at once, and after how many milliseconds one is forgiven.
    const fn limits(&self) -> (i64, i64) {
        match self {
            Self::Name(_) | Self::Session(_) => (10, 30_000),
            // An office, a school or a mobile network behind one address.
            Self::Source(_) => (100, 1_000),
            Self::Device(_) | Self::Binding(_) => (5, 30_000),
            Self::Factor(_) => (5, 10 * 60_000),
        }
    }
}

impl Throttle {
    /// Charges every lane for one start, or none of them.
    ///
    /// # Errors
    ///
    /// [`Full`] with the longest wait of the lanes that are.
    pub fn charge(&mut self, lanes: &[Lane], now: Timestamp) -> Result<(), Full> {
        let mut wait_ms = 0;
        for lane in lanes {
            let (burst, price) = lane.limits();
            wait_ms = wait_ms.max(self.owed(lane, now) + price - burst * price);
        }
        if wait_ms > 0 {
            let seconds = u32::try_from(wait_ms.div_euclid(1000) + 1).unwrap_or(u32::MAX);
            return Err(Full {
                retry_after_s: seconds,
            });
        }
        for lane in lanes {
            let owed_ms = self.owed(lane, now) + lane.limits().1;
            self.lanes.insert(lane.clone(), Debt { owed_ms, at: now });
        }
        self.forget(now);
        Ok(())
    }

    /// Gives one start back: it was finished, so it was no guess.
    pub fn refund(&mut self, lanes: &[Lane], now: Timestamp) {
        for lane in lanes {
            let owed_ms = (self.owed(lane, now) - lane.limits().1).max(0);
            if owed_ms == 0 {
                self.lanes.remove(lane);
            } else {
                self.lanes.insert(lane.clone(), Debt { owed_ms, at: now });
            }
        }
    }

    /// Forgives all that lanes owe.
    pub fn forgive(&mut self, lanes: &[Lane]) {
        for lane in lanes {
            self.lanes.remove(lane);
        }
    }

    fn owed(&self, lane: &Lane, now: Timestamp) -> i64 {
        self.lanes.get(lane).map_or(0, |debt| debt.owed_at(now))
    }

    fn forget(&mut self, now: Timestamp) {
        if self.lanes.len() <= CAPACITY {
            return;
        }
        self.lanes.retain(|_, debt| debt.owed_at(now) > 0);
        // A tenth at once, so that a flood of names costs no sorting each.
        let surplus = self.lanes.len().saturating_sub(CAPACITY - CAPACITY / 10);
        let mut by_debt: Vec<(i64, Lane)> = Vec::with_capacity(self.lanes.len());
        by_debt.extend(
            self.lanes
                .iter()
                .map(|(lane, debt)| (debt.owed_at(now), lane.clone())),
        );
        by_debt.sort_unstable();
        for (_, lane) in by_debt.into_iter().take(surplus) {
            self.lanes.remove(&lane);
        }
    }
}

impl Debt {
    /// A clock that was set back melts nothing and adds nothing.
    fn owed_at(self, now: Timestamp) -> i64 {
        (self.owed_ms - (now.0 - self.at.0).max(0)).max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> Lane {
        Lane::Name("anna".into())
    }

    fn starts(throttle: &mut Throttle, lanes: &[Lane], now: i64) -> usize {
        (0..1000)
            .take_while(|_| throttle.charge(lanes, Timestamp(now)).is_ok())
            .count()
    }

    #[test]
    fn starts_without_a_finish_run_out_and_come_back_with_time() {
        let mut throttle = Throttle::default();
        assert_eq!(starts(&mut throttle, &[name()], 0), 10);
        let full = throttle.charge(&[name()], Timestamp(0)).unwrap_err();
        assert_eq!(full.retry_after_s, 31);
        assert_eq!(starts(&mut throttle, &[name()], 31_000), 1);
        assert_eq!(starts(&mut throttle, &[name()], 1_000_000), 10);
    }

    #[test]
    fn who_finishes_is_never_slowed() {
        let mut throttle = Throttle::default();
        for _ in 0..1000 {
            throttle.charge(&[name()], Timestamp(0)).unwrap();
            throttle.refund(&[name()], Timestamp(0));
        }
        assert!(throttle.lanes.is_empty());
    }

    #[test]
    fn a_stranger_fills_the_name_and_not_the_computer() {
        let mut throttle = Throttle::default();
        starts(&mut throttle, &[name()], 0);
        assert!(
            throttle
                .charge(&[Lane::Device(DeviceId::fresh())], Timestamp(0))
                .is_ok()
        );
    }

    #[test]
    fn who_guesses_codes_has_five_and_then_six_an_hour() {
        let mut throttle = Throttle::default();
        let lane = [Lane::Factor(PersonId::fresh())];
        assert_eq!(starts(&mut throttle, &lane, 0), 5);
        let hour = 60 * 60 * 1000;
        let guesses: usize = (1..=hour / 60_000)
            .map(|minute| starts(&mut throttle, &lane, minute * 60_000))
            .sum();
        assert_eq!(guesses, 6);
    }

    #[test]
    fn a_refused_start_charges_nobody() {
        let mut throttle = Throttle::default();
        let source = Lane::Source(IpAddr::from([192, 0, 2, 1]));
        starts(&mut throttle, &[name()], 0);
        for _ in 0..200 {
            assert!(
                throttle
                    .charge(&[name(), source.clone()], Timestamp(0))
                    .is_err()
            );
        }
        assert_eq!(starts(&mut throttle, &[source], 0), 100);
    }

    #[test]
    fn the_number_of_lanes_is_bounded() {
        let mut throttle = Throttle::default();
        for number in 0..CAPACITY + 10 {
            throttle
                .charge(&[Lane::Name(number.to_string())], Timestamp(0))
                .unwrap();
        }
        assert!(throttle.lanes.len() <= CAPACITY);
    }
}
