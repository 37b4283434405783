//! Times as people say them: "today at 14:32", "yesterday at 09:10", "Mon 3 Nov, 14:32".

use jiff::tz::TimeZone;
use jiff::{Timestamp as Instant, ZonedDateTime};
use lockstep_model::Timestamp;

/// The present, by this computer's clock.
pub(crate) fn now() -> Timestamp {
    Timestamp(Instant::now().as_millisecond())
}

/// A time in the past, in this computer's time zone.
pub(crate) fn past(at: Timestamp) -> String {
    let zone = TimeZone::system();
    let Ok(instant) = Instant::from_millisecond(at.0) else {
        return "some time ago".to_owned();
    };
    words(
        &instant.to_zoned_datetime(zone.clone()),
        &Instant::now().to_zoned_datetime(zone),
    )
}

fn words(at: &ZonedDateTime, now: &ZonedDateTime) -> String {
    let day = at.date();
    let time = at.strftime("%H:%M");
    if day == now.date() {
        format!("today at {time}")
    } else if now
        .date()
        .yesterday()
        .is_ok_and(|yesterday| day == yesterday)
    {
        format!("yesterday at {time}")
    } else if day.year() == now.date().year() {
        at.strftime("%a %-d %b, %H:%M").to_string()
    } else {
        at.strftime("%a %-d %b %Y, %H:%M").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_by_the_day_they_fell_on_here() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let at = |text: &str| {
            text.parse::<Instant>()
                .unwrap()
                .to_zoned_datetime(zone.clone())
        };
        let now = at("2026-11-04T00:30:00Z");
        for (then, said) in [
            ("2026-11-03T22:05:00Z", "today at 00:05"),
            ("2026-11-03T21:59:00Z", "yesterday at 23:59"),
            ("2026-11-02T12:32:00Z", "Mon 2 Nov, 14:32"),
            ("2025-11-02T12:32:00Z", "Sun 2 Nov 2025, 14:32"),
        ] {
            assert_eq!(words(&at(then), &now), said, "{then}");
        }
    }
}
