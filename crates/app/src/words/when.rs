//! Times in the words of a language.

use jiff::tz::TimeZone;
use lockstep_local::when::{Date, When, named};
use lockstep_model::Timestamp;

use super::Words;

/// What time it is, and where.
#[derive(Clone, Debug)]
pub struct Clock {
    /// Now, by this computer's clock.
    pub now: Timestamp,
    /// Its time zone.
    pub zone: TimeZone,
}

const WEEKDAYS: [&str; 7] = [
    "weekday-1",
    "weekday-2",
    "weekday-3",
    "weekday-4",
    "weekday-5",
    "weekday-6",
    "weekday-7",
];

const MONTHS: [&str; 12] = [
    "month-1", "month-2", "month-3", "month-4", "month-5", "month-6", "month-7", "month-8",
    "month-9", "month-10", "month-11", "month-12",
];

pub(super) fn say(words: &Words, at: Timestamp, clock: &Clock) -> String {
    match When::of(at, clock.now, &clock.zone) {
        When::Today { time } => words.say_with("today", [("time", time.into())]),
        When::Yesterday { time } => words.say_with("yesterday", [("time", time.into())]),
        When::On {
            weekday,
            date: Date { day, month, year },
            time,
        } => {
            let open = [
                ("weekday", words.say(named(&WEEKDAYS, weekday)).into()),
                ("day", day.to_string().into()),
                ("month", words.say(named(&MONTHS, month)).into()),
                ("time", time.into()),
                ("year", year.unwrap_or_default().to_string().into()),
            ];
            words.say_with(year.map_or("on-day", |_| "on-day-year"), open)
        }
        When::Unknown => words.say("sometime"),
    }
}

/// "14:32".
pub(super) fn time(at: Timestamp, clock: &Clock) -> String {
    match When::of(at, clock.now, &clock.zone) {
        When::Today { time } | When::Yesterday { time } | When::On { time, .. } => time,
        When::Unknown => "–".to_owned(),
    }
}

pub(super) fn day(words: &Words, at: Timestamp, clock: &Clock) -> String {
    let Some(Date { day, month, year }) = Date::of(at, clock.now, &clock.zone) else {
        return words.say("sometime");
    };
    let open = [
        ("day", day.to_string().into()),
        ("month", words.say(named(&MONTHS, month)).into()),
        ("year", year.unwrap_or_default().to_string().into()),
    ];
    words.say_with(year.map_or("short-day", |_| "short-day-year"), open)
}
