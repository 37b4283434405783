use super::*;

const START: i64 = 1_000 * DAY;

const FREE: Surroundings = Surroundings {
    away: false,
    full_screen: false,
    quiet: false,
};

/// A person who does nothing, and their desktop.
struct Desk {
    attention: Attention,
    around: Surroundings,
    situation: Situation,
}

impl Desk {
    fn new() -> Self {
        Self {
            attention: Attention::new(Memory::default()),
            around: FREE,
            situation: Situation {
                now: Timestamp(START),
                cause: cause(2),
                online: true,
                busy: false,
                window_open: false,
                seen: false,
                reminder_hours: 4,
                expires_in: None,
            },
        }
    }

    /// What is done at a time, once the desktop was looked at.
    fn at(&mut self, now: i64) -> Interruption {
        self.situation.now = Timestamp(now);
        let mut done = self.attention.weigh(&self.situation);
        if done.look_around {
            self.attention.around(self.around);
            done = self.attention.weigh(&self.situation);
        }
        done
    }

    /// Every time at which something is told, for so many days.
    fn told(&mut self, days: i64) -> Vec<(i64, Telling)> {
        let mut told = Vec::new();
        let mut now = START;
        while now < START + days * DAY {
            if let Some(notice) = self.at(now).notice {
                told.push(((now - START) / HOUR, notice));
            }
            now = self
                .attention
                .next()
                .map_or(now + HOUR, |next| next.0.max(now + 1));
        }
        told
    }
}

fn cause(generation: u64) -> Option<Cause> {
    Some(Cause {
        generation,
        drifted: false,
    })
}

#[test]
fn the_window_comes_once_for_each_change() {
    let mut desk = Desk::new();
    let first = desk.at(START);
    assert!(first.open);
    assert_eq!(first.notice, Some(Telling::Changed));
    for hour in 1..100 {
        assert!(!desk.at(START + hour * HOUR).open);
    }
    desk.situation.cause = cause(3);
    assert!(desk.at(START + 100 * HOUR).open);
}

#[test]
fn the_window_waits_for_a_free_moment() {
    for around in [
        Surroundings {
            full_screen: true,
            ..FREE
        },
        Surroundings {
            quiet: true,
            ..FREE
        },
        Surroundings { away: true, ..FREE },
    ] {
        let mut desk = Desk::new();
        desk.around = around;
        assert!(!desk.at(START).open, "{around:?}");
        desk.around = FREE;
        assert!(desk.at(START + LOOK_AGAIN).open, "{around:?}");
    }
}

#[test]
fn nobody_is_told_offline_or_beside_what_is_open_or_under_way() {
    for spoil in [
        (|it| it.online = false) as fn(&mut Situation),
        |it| it.busy = true,
        |it| it.window_open = true,
    ] {
        let mut desk = Desk::new();
        spoil(&mut desk.situation);
        assert_eq!(desk.told(5), []);
    }
}

#[test]
fn reminders_come_three_a_day_and_later_once() {
    let mut desk = Desk::new();
    let told = desk.told(6);
    assert_eq!(told[0], (0, Telling::Changed));
    assert_eq!(told[1], (4, Telling::Reminder));
    for day in 0..6 {
        let of_the_day = told
            .iter()
            .filter(|(hour, what)| hour / 24 == day && *what == Telling::Reminder);
        let most = if day < 3 { 3 } else { 1 };
        assert!(of_the_day.count() <= most, "day {day}: {told:?}");
    }
    // Every day has its own.
    for day in 3..6 {
        assert!(told.iter().any(|(hour, _)| hour / 24 == day), "{told:?}");
    }
}

#[test]
fn the_organisation_says_how_soon_reminders_come() {
    let mut desk = Desk::new();
    desk.situation.reminder_hours = 24;
    let told = desk.told(2);
    assert_eq!(told[1], (24, Telling::Reminder));
}

#[test]
fn an_expiry_is_told_at_its_stages_and_never_by_a_window() {
    let mut desk = Desk::new();
    desk.situation.cause = None;
    let mut told = Vec::new();
    for day in 0..20 {
        let days = 15 - day;
        desk.situation.expires_in = Some(days);
        for hour in 0..24 {
            let done = desk.at(START + day * DAY + hour * HOUR);
            assert!(!done.open);
            told.extend(done.notice);
        }
    }
    let stages = [14, 7, 3, 1, 0].map(Telling::Expiring);
    assert_eq!(told, stages);
}

#[test]
fn what_was_told_is_remembered_by_the_next_start() {
    let mut desk = Desk::new();
    desk.at(START);
    let memory = desk.attention.unsaved().unwrap();
    assert!(desk.attention.unsaved().is_none());
    let mut desk = Desk {
        attention: Attention::new(memory),
        ..Desk::new()
    };
    let again = desk.at(START + HOUR);
    assert_eq!((again.open, again.notice), (false, None));
}

#[test]
fn whatever_is_relieved_takes_its_notification_along() {
    let mut desk = Desk::new();
    assert!(!desk.attention.relieved());
    desk.at(START);
    assert!(desk.attention.relieved());
    assert!(!desk.attention.relieved());
}

#[test]
fn a_newer_change_that_an_open_window_tells_of_is_not_told_again() {
    let mut desk = Desk::new();
    desk.at(START);
    desk.situation.cause = cause(3);
    desk.situation.window_open = true;
    desk.situation.seen = true;
    desk.at(START + HOUR);
    desk.situation.window_open = false;
    desk.situation.seen = false;
    let closed = desk.at(START + HOUR + 1);
    assert_eq!((closed.open, closed.notice), (false, None));
    // It is reminded of like any other.
    let reminded = desk.at(START + 5 * HOUR);
    assert_eq!(reminded.notice, Some(Telling::Reminder));
}

#[test]
fn an_expiry_stays_told_until_the_password_is_changed() {
    let mut desk = Desk::new();
    desk.situation.cause = None;
    desk.situation.expires_in = Some(3);
    assert!(desk.at(START).notice.is_some());
    assert!(!desk.attention.relieved());
    assert!(!desk.at(START + HOUR).withdraw);
    desk.situation.expires_in = Some(90);
    assert!(desk.at(START + 2 * HOUR).withdraw);
    assert!(!desk.at(START + 3 * HOUR).withdraw);
}
