//! When something was, as another process of this computer can tell.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// A moment by two clocks: since the start of the computer, sleep included, and by the calendar.
///
/// The first can't be set, but begins anew at a start; the second survives a start, but can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Moment {
    up_ms: u64,
    calendar_ms: u64,
}

impl Moment {
    /// Now.
    pub(crate) fn now() -> Self {
        let up = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(up.tv_sec).unwrap_or_default();
        let rest = u64::try_from(up.tv_nsec).unwrap_or_default() / 1_000_000;
        let calendar = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            up_ms: seconds.saturating_mul(1000).saturating_add(rest),
            calendar_ms: calendar.map_or(0, milliseconds),
        }
    }

    /// Whether this is at most so long ago by either clock, and not in the future.
    pub(crate) fn is_within(self, time: Duration, now: Self) -> bool {
        let within = |then: u64, now: u64| {
            let since = now.checked_sub(then);
            since.is_some_and(|since| since <= milliseconds(time))
        };
        within(self.up_ms, now.up_ms) && within(self.calendar_ms, now.calendar_ms)
    }

    #[cfg(test)]
    pub(crate) const fn at(up_ms: u64, calendar_ms: u64) -> Self {
        Self { up_ms, calendar_ms }
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_passes_by_either_clock() {
        let then = Moment::at(1_000, 50_000);
        let within =
            |up, calendar| then.is_within(Duration::from_secs(1), Moment::at(up, calendar));
        assert!(within(1_000, 50_000));
        assert!(within(2_000, 51_000));
        assert!(!within(2_001, 50_500), "the calendar was set back");
        assert!(!within(1_500, 51_001), "another start, a while later");
        assert!(!within(999, 50_500), "another start, at once");
        assert!(!within(1_500, 49_999), "the calendar was set back");
        let before = Moment::now();
        assert!(before.is_within(Duration::from_secs(60), Moment::now()));
    }
}
