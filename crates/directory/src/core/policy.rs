//! What admins may set of reminders and expiry, and when a password expires by it.

use lockstep_model::{Code, Timestamp};
use lockstep_protocol::api::admin::{PolicyChange, PolicyRules};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The rules after a change.
///
/// # Errors
///
/// [`Code::BadRequest`] for what is out of bounds.
pub fn change(rules: &PolicyRules, change: &PolicyChange) -> Result<PolicyRules, Code> {
    let changed = PolicyRules {
        reminder_hours: change.reminder_hours.unwrap_or(rules.reminder_hours),
        expiry_days: change.expiry_days.unwrap_or(rules.expiry_days),
    };
    let fits = (1..=24).contains(&changed.reminder_hours) && changed.expiry_days <= 3650;
    if fits {
        Ok(changed)
    } else {
        Err(Code::BadRequest)
    }
}

/// When a password expires that was set at a time, where passwords do.
#[must_use]
pub fn expires_at(rules: &PolicyRules, changed_at: Timestamp) -> Option<Timestamp> {
    let days = i64::from(rules.expiry_days);
    let at = changed_at.0.saturating_add(days * DAY_MS);
    (days > 0).then_some(Timestamp(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: PolicyRules = PolicyRules {
        reminder_hours: 4,
        expiry_days: 0,
    };

    #[test]
    fn what_is_left_out_stays_and_what_is_out_of_bounds_is_refused() {
        let changed = |reminder_hours, expiry_days| {
            let asked = PolicyChange {
                reminder_hours,
                expiry_days,
            };
            change(&USUAL, &asked).map(|rules| (rules.reminder_hours, rules.expiry_days))
        };
        assert_eq!(changed(None, None), Ok((4, 0)));
        assert_eq!(changed(Some(24), None), Ok((24, 0)));
        assert_eq!(changed(None, Some(3650)), Ok((4, 3650)));
        for (hours, days) in [(Some(0), None), (Some(25), None), (None, Some(3651))] {
            assert_eq!(changed(hours, days), Err(Code::BadRequest));
        }
    }

    #[test]
    fn a_password_expires_so_many_days_after_it_was_set_or_never() {
        let set = Timestamp(1_000);
        assert_eq!(expires_at(&USUAL, set), None);
        let rules = PolicyRules {
            expiry_days: 90,
            ..USUAL
        };
        let at = Timestamp(1_000 + 90 * DAY_MS);
        assert_eq!(expires_at(&rules, set), Some(at));
        assert!(expires_at(&rules, Timestamp(i64::MAX)).is_some());
    }
}
