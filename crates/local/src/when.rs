//! Times as people say them: "today at 14:32", "yesterday at 09:10", "Mon 3 Nov, 14:32".

use jiff::tz::TimeZone;
use jiff::{Timestamp as Instant, ZonedDateTime};
use lockstep_model::Timestamp;

/// A time by the day it fell on; `time` is "14:32".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// Today.
    Today {
        /// The time of day.
        time: String,
    },
    /// The day before.
    Yesterday {
        /// The time of day.
        time: String,
    },
    /// Any other day.
    On {
        /// Monday is 1, Sunday is 7.
        weekday: i8,
        /// Which day.
        date: Date,
        /// The time of day.
        time: String,
    },
    /// A time that no calendar has.
    Unknown,
}

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    /// The day of the month.
    pub day: i8,
    /// January is 1.
    pub month: i8,
    /// Only if it isn't this year.
    pub year: Option<i16>,
}

impl When {
    /// A time as seen at another, in a time zone.
    #[must_use]
    pub fn of(at: Timestamp, now: Timestamp, zone: &TimeZone) -> Self {
        match (there(at, zone), there(now, zone)) {
            (Some(at), Some(now)) => Self::by_the_day(&at, &now),
            (None, _) | (_, None) => Self::Unknown,
        }
    }

    fn by_the_day(at: &ZonedDateTime, now: &ZonedDateTime) -> Self {
        let day = at.date();
        let time = at.strftime("%H:%M").to_string();
        if day == now.date() {
            return Self::Today { time };
        }
        if now.date().yesterday().is_ok_and(|before| day == before) {
            return Self::Yesterday { time };
        }
        Self::On {
            weekday: day.weekday().to_monday_one_offset(),
            date: Date::seen(at, now),
            time,
        }
    }
}

impl Date {
    /// The day of a time as seen at another, in a time zone; none of a time that no calendar has.
    #[must_use]
    pub fn of(at: Timestamp, now: Timestamp, zone: &TimeZone) -> Option<Self> {
        Some(Self::seen(&there(at, zone)?, &there(now, zone)?))
    }

    fn seen(at: &ZonedDateTime, now: &ZonedDateTime) -> Self {
        Self {
            day: at.day(),
            month: at.month(),
            year: (at.year() != now.year()).then(|| at.year()),
        }
    }
}

/// The name of a day or month, of which the first is 1.
#[must_use]
pub fn named<'a>(names: &[&'a str], number: i8) -> &'a str {
    let index = usize::try_from(number).unwrap_or_default().wrapping_sub(1);
    names.get(index).copied().unwrap_or_default()
}

fn there(at: Timestamp, zone: &TimeZone) -> Option<ZonedDateTime> {
    let instant = Instant::from_millisecond(at.0).ok()?;
    Some(instant.to_zoned_datetime(zone.clone()))
}

/// The present, by this computer's clock.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp(Instant::now().as_millisecond())
}

/// A time in the past, in English and this computer's time zone.
#[must_use]
pub fn past(at: Timestamp) -> String {
    english(&When::of(at, now(), &TimeZone::system()))
}

fn english(when: &When) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    match when {
        When::Today { time } => format!("today at {time}"),
        When::Yesterday { time } => format!("yesterday at {time}"),
        When::On {
            weekday,
            date: Date { day, month, year },
            time,
        } => {
            let (weekday, month) = (named(&DAYS, *weekday), named(&MONTHS, *month));
            let year = year.map_or_else(String::new, |year| format!(" {year}"));
            format!("{weekday} {day} {month}{year}, {time}")
        }
        When::Unknown => "some time ago".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_by_the_day_they_fell_on_here() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let at = |text: &str| {
            let instant = text.parse::<Instant>().unwrap();
            Timestamp(instant.as_millisecond())
        };
        let now = at("2026-11-04T00:30:00Z");
        for (then, said) in [
            ("2026-11-03T22:05:00Z", "today at 00:05"),
            ("2026-11-03T21:59:00Z", "yesterday at 23:59"),
            ("2026-11-02T12:32:00Z", "Mon 2 Nov, 14:32"),
            ("2025-11-02T12:32:00Z", "Sun 2 Nov 2025, 14:32"),
        ] {
            assert_eq!(english(&When::of(at(then), now, &zone)), said, "{then}");
        }
        assert_eq!(When::of(Timestamp(i64::MAX), now, &zone), When::Unknown);
    }
}
