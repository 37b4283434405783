//! Who is served next: only who has said something, and of each caller so many at once.
//!
//! A connection that stays silent costs a descriptor and no process; when there are too many, the
//! oldest of whoever has most of them gives way. So neither silence nor a flood by one caller keeps
//! another from being served.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// The most operations of one caller at once.
const AT_ONCE: usize = 16;
/// The most connections that wait.
const WAITING: usize = 256;
/// How long one may stay silent.
const SILENCE: Duration = Duration::from_secs(10);

/// Connections that wait, and how many operations run.
pub(crate) struct Queue<T> {
    waiting: VecDeque<Waiting<T>>,
    running: BTreeMap<u32, usize>,
}

struct Waiting<T> {
    connection: T,
    uid: u32,
    since: Instant,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            running: BTreeMap::new(),
        }
    }
}

impl<T> Queue<T> {
    /// Takes a connection; another may have to give way.
    pub(crate) fn join(&mut self, connection: T, uid: u32, now: Instant) {
        self.waiting.push_back(Waiting {
            connection,
            uid,
            since: now,
        });
        if self.waiting.len() <= WAITING {
            return;
        }
        let mut of_each = BTreeMap::<u32, usize>::new();
        for waiting in &self.waiting {
            *of_each.entry(waiting.uid).or_default() += 1;
        }
        let most = of_each.into_iter().max_by_key(|(_, count)| *count);
        let oldest = most.and_then(|(uid, _)| self.waiting.iter().position(|w| w.uid == uid));
        if let Some(oldest) = oldest {
            self.waiting.remove(oldest);
        }
    }

    /// Lets those go who have been silent for too long; says when to look again.
    pub(crate) fn forget_silent(&mut self, now: Instant) -> Option<Duration> {
        while let Some(oldest) = self.waiting.front() {
            let silent = now.saturating_duration_since(oldest.since);
            // One that has a place to wait for may well have spoken.
            if silent < SILENCE || !self.has_place(oldest.uid) {
                return Some(SILENCE.saturating_sub(silent).max(SILENCE / 10));
            }
            self.waiting.pop_front();
        }
        None
    }

    /// Those who could be served as soon as they speak.
    pub(crate) fn candidates(&self) -> impl Iterator<Item = &T> {
        self.waiting
            .iter()
            .filter(|waiting| self.has_place(waiting.uid))
            .map(|waiting| &waiting.connection)
    }

    /// Takes out the first who has spoken and may be served; its caller has one place less.
    pub(crate) fn next(&mut self, mut has_spoken: impl FnMut(&T) -> bool) -> Option<(T, u32)> {
        let next = self
            .waiting
            .iter()
            .position(|waiting| self.has_place(waiting.uid) && has_spoken(&waiting.connection))?;
        let Waiting {
            connection, uid, ..
        } = self.waiting.remove(next)?;
        *self.running.entry(uid).or_default() += 1;
        Some((connection, uid))
    }

    /// Gives a place back.
    pub(crate) fn ended(&mut self, uid: u32) {
        if let Some(running) = self.running.get_mut(&uid) {
            *running -= 1;
            if *running == 0 {
                self.running.remove(&uid);
            }
        }
    }

    fn has_place(&self, uid: u32) -> bool {
        self.running.get(&uid).is_none_or(|count| *count < AT_ONCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGENT: u32 = 998;

    #[test]
    fn the_silent_are_passed_over_and_let_go() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        for number in 0..100 {
            queue.join(number, AGENT, now);
        }
        assert_eq!(queue.next(|number| *number == 99), Some((99, AGENT)));
        assert_eq!(queue.next(|_| false), None);
        assert_eq!(queue.forget_silent(now), Some(SILENCE));
        assert_eq!(queue.forget_silent(now + SILENCE), None);
        assert_eq!(queue.candidates().count(), 0);
    }

    #[test]
    fn one_caller_takes_no_place_of_another() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        for number in 0..1000 {
            queue.join(number, AGENT, now);
        }
        queue.join(1000, 0, now);
        let served: Vec<_> = std::iter::from_fn(|| queue.next(|_| true)).collect();
        assert_eq!(served.len(), AT_ONCE + 1);
        assert!(served.contains(&(1000, 0)));
        assert_eq!(queue.waiting.len(), WAITING - AT_ONCE - 1);
        // Those who wait for a place may have spoken long ago.
        assert!(queue.forget_silent(now + SILENCE).is_some());
        queue.ended(AGENT);
        assert!(queue.next(|_| true).is_some());
        assert!(queue.next(|_| true).is_none());
    }

    #[test]
    fn who_has_most_gives_way() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        queue.join(0, 0, now);
        for number in 1..1000 {
            queue.join(number, AGENT, now);
        }
        assert_eq!(queue.next(|number| *number == 0), Some((0, 0)));
        assert_eq!(queue.next(|number| *number == 1), None);
        assert!(queue.next(|number| *number == 999).is_some());
    }
}
