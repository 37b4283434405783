//! When a person may be interrupted, and how often: once by a window, then by notifications that
//! become rarer; never offline, never beside something that is open or under way.

use lockstep_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::input::Surroundings;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// Reminders of one day, at most.
const A_DAY: usize = 3;
/// From this day on there is one reminder a day.
const RARE_FROM: i64 = 3 * DAY;
/// How soon the desktop is looked at again while a window waits for it to be free.
const LOOK_AGAIN: i64 = 30_000;
/// At so many days before the expiry a person is told, at the first unlock of that day.
const EXPIRY_DAYS: [i64; 5] = [14, 7, 3, 1, 0];

/// What calls for the person: a newer generation starts over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// The password's generation.
    pub generation: u64,
    /// Whether the computer's own was changed, and not that one.
    pub drifted: bool,
}

/// What is remembered from one start of the app to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// The cause that the person was last told of.
    #[serde(default)]
    pub cause: Option<Cause>,
    /// When they were first told.
    #[serde(default)]
    pub since: i64,
    /// Whether the window came up for it.
    #[serde(default)]
    pub opened: bool,
    /// When they were told or reminded, the last few times.
    #[serde(default)]
    pub told: Vec<i64>,
    /// The stage of the expiry that they were told of: days before it.
    #[serde(default)]
    pub expiry: Option<i64>,
}

/// How things are when it is weighed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Situation {
    pub(super) now: Timestamp,
    /// What calls for the person, if anything.
    pub(super) cause: Option<Cause>,
    pub(super) online: bool,
    /// Something is under way.
    pub(super) busy: bool,
    pub(super) window_open: bool,
    /// An open window tells of the cause.
    pub(super) seen: bool,
    /// After how many hours the first reminder comes.
    pub(super) reminder_hours: u8,
    /// In how many whole days the password expires.
    pub(super) expires_in: Option<i64>,
}

/// What a person is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Telling {
    /// The password changed.
    Changed,
    /// It still waits.
    Reminder,
    /// It expires in so many days, or has.
    Expiring(i64),
}

/// What is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Interruption {
    /// Find out what the desktop is at.
    pub(super) look_around: bool,
    /// Take the notification away.
    pub(super) withdraw: bool,
    /// Show a notification.
    pub(super) notice: Option<Telling>,
    /// Bring the window up.
    pub(super) open: bool,
}

/// What a notification is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    Cause,
    Expiry,
}

/// The machine.
#[derive(Debug)]
pub(super) struct Attention {
    memory: Memory,
    saved: Memory,
    /// What the desktop was at, and when; none until it was looked at.
    around: Option<Surroundings>,
    /// Whether that is news that hasn't been weighed.
    fresh: bool,
    next: Option<i64>,
    /// What the notification is about that is shown, and goes with it.
    shown: Option<About>,
    /// The person was told that they will be asked once the directory can be reached.
    promised: bool,
}

impl Attention {
    pub(super) fn new(memory: Memory) -> Self {
        Self {
            saved: memory.clone(),
            memory,
            around: None,
            fresh: false,
            next: None,
            shown: None,
            promised: false,
        }
    }

    /// Takes what the desktop is at.
    pub(super) fn around(&mut self, around: Surroundings) {
        self.around = Some(around);
        self.fresh = true;
    }

    /// The person saw the window, whoever opened it.
    pub(super) fn opened(&mut self) {
        self.memory.opened = true;
    }

    /// The person was told that they will be asked as soon as the directory can be reached.
    pub(super) fn promise(&mut self) {
        self.promised = true;
    }

    /// It can be reached again: the window may come up once more for whoever was promised it.
    pub(super) fn reachable(&mut self) {
        if std::mem::take(&mut self.promised) {
            self.memory.opened = false;
        }
    }

    /// Nothing calls any more; whether a notification is to go.
    pub(super) fn relieved(&mut self) -> bool {
        self.memory.cause = None;
        self.memory.told.clear();
        self.shown.take_if(|about| *about == About::Cause).is_some()
    }

    /// A cause as what it began as. A change of which only some stores took the new password looks
    /// like a drift from then on, and is none: a drift begins after all of them had it.
    pub(super) fn as_begun(&self, cause: Cause) -> Cause {
        let begun = self.memory.cause;
        begun
            .filter(|begun| begun.generation == cause.generation)
            .unwrap_or(cause)
    }

    /// When it is to be weighed again.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.next.map(Timestamp)
    }

    /// What is to be kept, if it is new.
    pub(super) fn unsaved(&mut self) -> Option<Memory> {
        (self.memory != self.saved).then(|| {
            self.saved = self.memory.clone();
            self.memory.clone()
        })
    }

    pub(super) fn weigh(&mut self, situation: &Situation) -> Interruption {
        self.next = None;
        let fresh = std::mem::take(&mut self.fresh);
        let mut interruption = Interruption::default();
        // Noted even where nobody may be told of it: how it began is known only now.
        if let Some(cause) = situation.cause {
            self.begin(self.as_begun(cause), situation);
        }
        if !situation.online || situation.busy {
            return interruption;
        }
        if situation.cause.is_some() {
            self.weigh_cause(situation, fresh, &mut interruption);
        } else if let Some(days) = situation.expires_in {
            self.weigh_expiry(days, situation, fresh, &mut interruption);
        }
        if let Some(notice) = interruption.notice {
            self.shown = Some(match notice {
                Telling::Changed | Telling::Reminder => About::Cause,
                Telling::Expiring(_) => About::Expiry,
            });
        }
        interruption
    }

    /// Starts over for a cause that is another one.
    fn begin(&mut self, cause: Cause, situation: &Situation) {
        let now = situation.now.0;
        if self.memory.cause != Some(cause) {
            let told = situation.seen.then_some(now);
            self.memory = Memory {
                cause: Some(cause),
                since: now,
                opened: situation.seen,
                told: told.into_iter().collect(),
                expiry: self.memory.expiry,
            };
            self.around = None;
        }
    }

    fn weigh_cause(&mut self, situation: &Situation, fresh: bool, interruption: &mut Interruption) {
        let now = situation.now.0;
        if situation.window_open {
            self.wake_at(now + LOOK_AGAIN);
            return;
        }
        let first = self.memory.told.is_empty();
        let due = self.reminder_due(situation);
        if self.memory.opened && !first && now < due {
            self.wake_at(due);
            return;
        }
        // What the desktop is at counts only at the moment at which it was looked at.
        let Some(around) = self.around.filter(|_| fresh) else {
            interruption.look_around = true;
            self.wake_at(now + LOOK_AGAIN);
            return;
        };
        if around.away {
            self.wake_at(now + LOOK_AGAIN);
            return;
        }
        if !self.memory.opened && around.free() {
            self.memory.opened = true;
            interruption.open = true;
        }
        if first {
            interruption.notice = Some(Telling::Changed);
            self.memory.since = now;
            self.memory.told.push(now);
        } else if now >= due {
            interruption.notice = Some(Telling::Reminder);
            self.memory.told.push(now);
        }
        let due = self.reminder_due(situation);
        self.wake_at(if self.memory.opened {
            due
        } else {
            now + LOOK_AGAIN
        });
    }

    /// When the next reminder may come.
    fn reminder_due(&self, situation: &Situation) -> i64 {
        let Some(last) = self.memory.told.last() else {
            return situation.now.0;
        };
        let hours = i64::from(situation.reminder_hours.clamp(1, 24));
        if situation.now.0 - self.memory.since >= RARE_FROM {
            return last + DAY;
        }
        let soon = last + hours * HOUR;
        // The first telling is no reminder.
        let reminders = self.memory.told.get(1..).unwrap_or_default();
        let of_the_day: Vec<i64> = reminders
            .iter()
            .copied()
            .filter(|told| soon - told < DAY)
            .collect();
        if of_the_day.len() < A_DAY {
            return soon;
        }
        of_the_day
            .first()
            .map_or(soon, |first| soon.max(first + DAY))
    }

    fn weigh_expiry(
        &mut self,
        days: i64,
        situation: &Situation,
        fresh: bool,
        interruption: &mut Interruption,
    ) {
        let stage = EXPIRY_DAYS.into_iter().rev().find(|stage| days <= *stage);
        let Some(stage) = stage else {
            // It was changed since, or there is time.
            self.memory.expiry = None;
            let shown = self.shown.take_if(|about| *about == About::Expiry);
            interruption.withdraw = shown.is_some();
            self.wake_at(situation.now.0 + HOUR);
            return;
        };
        if self.memory.expiry.is_some_and(|told| told <= stage) {
            self.wake_at(situation.now.0 + HOUR);
            return;
        }
        let Some(around) = self.around.filter(|_| fresh) else {
            interruption.look_around = true;
            self.wake_at(situation.now.0 + LOOK_AGAIN);
            return;
        };
        if around.away {
            self.wake_at(situation.now.0 + LOOK_AGAIN);
            return;
        }
        self.memory.expiry = Some(stage);
        interruption.notice = Some(Telling::Expiring(days));
        self.wake_at(situation.now.0 + HOUR);
    }

    fn wake_at(&mut self, at: i64) {
        self.next = Some(self.next.map_or(at, |next| next.min(at)));
    }
}

#[cfg(test)]
mod tests;
