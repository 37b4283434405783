//! The journal's records, and what they add up to.
//!
//! Every record sets what it speaks of absolutely, so that replaying a journal any number of times
//! gives the same ledger. An [`Record::Intent`] alone already lowers the belief in its store:
//! whether a [`Record::Finished`] follows makes no store better known.

use std::collections::BTreeMap;

use lockstep_model::{Code, Stamp, StoreKind, Timestamp};
use serde::{Deserialize, Serialize};

use crate::capabilities::Config;
use crate::message::{Belief, OpId, Outcome};
use crate::secret_ref::{SecretRef, Stamps};
use crate::state::State;

/// How many wrong guesses a store's ledger remembers.
const FAILURES_KEPT: usize = 16;

/// How long a password that was tried in vain is not tried again, in milliseconds.
const GUESS_KEPT: i64 = 60 * 60 * 1000;

/// Something that changes a store or an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mutation {
    /// Seal a generation.
    Seal(Stamp),
    /// Move a store.
    Change {
        /// Which.
        store: StoreKind,
        /// What opens it now.
        from: SecretRef,
        /// Whose password shall open it.
        to: Stamp,
    },
    /// Give a store the password of a generation without any that opens it now.
    Reset {
        /// Which.
        store: StoreKind,
        /// Whose password shall open it.
        to: Stamp,
    },
    /// Remove what former passwords still open in a store with several slots.
    RemoveOld {
        /// Which.
        store: StoreKind,
        /// Whose password stays.
        keep: Stamp,
    },
    /// Drop every envelope but this stamp's.
    Retire(Stamp),
}

/// One line of the journal. It names secrets and holds none.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// A newer stamp was heard of.
    Known {
        /// Which.
        stamp: Stamp,
        /// When.
        at: Timestamp,
    },
    /// The person proved a stamp: it is the target.
    Proved {
        /// Which.
        stamp: Stamp,
        /// When.
        at: Timestamp,
    },
    /// A store was opened.
    Opened {
        /// Which.
        store: StoreKind,
        /// With what.
        with: SecretRef,
        /// When.
        at: Timestamp,
    },
    /// A store stayed shut.
    Shut {
        /// Which.
        store: StoreKind,
        /// Tried with what.
        with: SecretRef,
        /// When, if the store counts wrong passwords.
        counted: Option<Timestamp>,
    },
    /// No secret at hand opens a store.
    NoneOpens(StoreKind),
    /// A store could not be tried.
    Unreachable {
        /// Which.
        store: StoreKind,
        /// Why.
        code: Code,
    },
    /// A store may have been changed from outside.
    Doubted(StoreKind),
    /// Written before the mutation starts.
    Intent {
        /// The operation.
        op: OpId,
        /// What it will do.
        mutation: Mutation,
    },
    /// Written after it ended.
    Finished {
        /// The operation.
        op: OpId,
        /// What it was to do.
        mutation: Mutation,
        /// What it reported.
        outcome: Outcome,
    },
    /// A run is over.
    Ended {
        /// The stores that could not follow, and why.
        problems: BTreeMap<StoreKind, Code>,
    },
    /// Everything before this record, added up: what a compacted journal starts with.
    Snapshot(Box<Ledger>),
}

/// Rebuilds the state that a journal speaks of, as after a restart.
///
/// Replaying a prefix of a journal at the moment when no more of it was durable never leads to a
/// belief that the stores do not bear out.
#[must_use]
pub fn replay(config: Config, records: &[Record]) -> State {
    let mut ledger = Ledger::default();
    for record in records {
        ledger.apply(record);
    }
    ledger.forget_typed();
    State::with_ledger(config, ledger)
}

/// What the journal adds up to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ledger {
    /// The newest stamp heard of, and since when.
    pub(crate) known: Option<(Stamp, Timestamp)>,
    /// The newest stamp proved by the person.
    pub(crate) target: Option<Stamp>,
    /// Generations with an envelope that was opened as a test and may be relied on.
    pub(crate) envelopes: Stamps,
    /// Generations whose envelope may or may not be dropped already.
    pub(crate) doomed: Stamps,
    pub(crate) stores: BTreeMap<StoreKind, Holding>,
    pub(crate) last_op: OpId,
}

/// What is known of one store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Holding {
    pub(crate) belief: Belief,
    /// The secret that opened it last, whatever has happened since.
    pub(crate) last: Option<SecretRef>,
    /// Where it was being moved to, or what was to stay in it, since it was opened last.
    pub(crate) moving: Option<Stamp>,
    /// Wrong guesses since it was opened last.
    pub(crate) failures: Vec<Timestamp>,
    /// What was guessed, where guesses count, and nobody else is known to have changed it since.
    #[serde(default)]
    pub(crate) guesses: Vec<Guess>,
    pub(crate) problem: Option<Code>,
    /// The removal for this stamp reported success, and the store was not changed since.
    #[serde(default)]
    pub(crate) tidied: Option<Stamp>,
    /// Why the old password still opens it beside the new one.
    #[serde(default)]
    pub(crate) notice: Option<Code>,
}

/// The password of a generation that did not open a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Guess {
    pub(crate) of: Stamp,
    at: Timestamp,
}

impl Guess {
    /// Whether it still goes without being tried. One later than `now` says that the clock was set
    /// back, and is tried again.
    fn holds(self, now: Timestamp) -> bool {
        (0..GUESS_KEPT).contains(&now.0.saturating_sub(self.at.0))
    }
}

impl Ledger {
    /// Adds one record.
    pub(crate) fn apply(&mut self, record: &Record) {
        match record {
            Record::Known { stamp, at } => self.learn(*stamp, *at),
            Record::Proved { stamp, at } => {
                self.learn(*stamp, *at);
                self.target = Some(*stamp);
            }
            Record::Opened { store, with, at } => {
                let holding = self.holding(*store);
                *holding = Holding {
                    belief: Belief::Opens {
                        with: *with,
                        verified_at: *at,
                    },
                    last: Some(*with),
                    tidied: holding.tidied,
                    notice: holding.notice,
                    ..Holding::default()
                };
            }
            Record::Shut {
                store,
                with,
                counted,
            } => self.holding(*store).shut(*with, *counted),
            Record::NoneOpens(store) => self.holding(*store).belief = Belief::OpensNone,
            Record::Unreachable { store, code } => {
                self.holding(*store).belief = Belief::Unreachable(*code);
            }
            Record::Doubted(store) => {
                let holding = self.holding(*store);
                holding.belief = Belief::Unknown;
                holding.guesses.clear();
            }
            Record::Intent { op, mutation } => {
                self.last_op = self.last_op.max(*op);
                self.intend(*mutation);
            }
            Record::Finished {
                op,
                mutation,
                outcome,
            } => {
                self.last_op = self.last_op.max(*op);
                match outcome {
                    // What was opened is a record of its own.
                    Outcome::Applied | Outcome::Opened(true) => self.applied(*mutation),
                    Outcome::NotApplied(code) => self.refused(*mutation, *code),
                    Outcome::Opened(false) => self.not_begun(*mutation),
                    Outcome::Indeterminate => {}
                }
            }
            Record::Ended { problems } => {
                for (store, holding) in &mut self.stores {
                    holding.problem = problems.get(store).copied();
                }
                self.forget_typed();
            }
            Record::Snapshot(ledger) => *self = ledger.as_ref().clone(),
        }
    }

    /// Forgets what rests on typed passwords: the bytes are gone, and others get the same names.
    pub(crate) fn forget_typed(&mut self) {
        for holding in self.stores.values_mut() {
            if holding.belief.opens_with().is_some_and(SecretRef::is_typed) {
                holding.belief = Belief::Unknown;
            }
            if holding.last.is_some_and(SecretRef::is_typed) {
                holding.last = None;
            }
        }
    }

    fn holding(&mut self, store: StoreKind) -> &mut Holding {
        self.stores.entry(store).or_default()
    }

    fn learn(&mut self, stamp: Stamp, at: Timestamp) {
        if self.known.is_some_and(|(known, _)| known == stamp) {
            return;
        }
        self.known = Some((stamp, at));
        for holding in self.stores.values_mut() {
            holding.problem = None;
        }
    }

    fn intend(&mut self, mutation: Mutation) {
        match mutation {
            Mutation::Seal(_) => {}
            Mutation::Change { store, to, .. } | Mutation::Reset { store, to } => {
                let holding = self.holding(store);
                holding.belief = Belief::Unknown;
                holding.moving = Some(to);
                holding.tidied = None;
                holding.guesses.retain(|guess| guess.of != to);
            }
            Mutation::RemoveOld { store, keep } => {
                let holding = self.holding(store);
                holding.belief = Belief::Unknown;
                holding.moving = Some(keep);
            }
            Mutation::Retire(keep) => {
                for stamp in self.envelopes.iter().filter(|stamp| *stamp != keep) {
                    self.doomed.insert(stamp);
                }
                let kept = self.envelopes.contains(keep);
                self.envelopes.clear();
                if kept {
                    self.envelopes.insert(keep);
                }
            }
        }
    }

    fn applied(&mut self, mutation: Mutation) {
        match mutation {
            Mutation::Seal(stamp) => {
                self.envelopes.insert(stamp);
                self.doomed.remove(stamp);
            }
            // A report of success proves nothing: only opening the store does.
            Mutation::Change { .. } | Mutation::Reset { .. } => {}
            Mutation::RemoveOld { store, keep } => {
                let holding = self.holding(store);
                (holding.tidied, holding.notice) = (Some(keep), None);
            }
            Mutation::Retire(_) => self.doomed.clear(),
        }
    }

    /// A change that did not open its store is no change. What was tried is a record of its own.
    fn not_begun(&mut self, mutation: Mutation) {
        match mutation {
            Mutation::Change { store, .. } => self.holding(store).moving = None,
            Mutation::Seal(_)
            | Mutation::Reset { .. }
            | Mutation::RemoveOld { .. }
            | Mutation::Retire(_) => {}
        }
    }

    fn refused(&mut self, mutation: Mutation, code: Code) {
        match mutation {
            Mutation::RemoveOld { store, .. } => self.holding(store).notice = Some(code),
            Mutation::Seal(_)
            | Mutation::Change { .. }
            | Mutation::Reset { .. }
            | Mutation::Retire(_) => {}
        }
    }
}

impl Holding {
    /// Whether it was opened, and may have been changed from outside since.
    pub(crate) fn is_doubted(&self) -> bool {
        self.belief == Belief::Unknown && self.last.is_some() && self.moving.is_none()
    }

    /// What was guessed in vain of late: to try it again costs one of the few guesses there are, and
    /// where there are more passwords than those, the last would never have its turn.
    pub(crate) fn guessed(&self, now: Timestamp) -> impl Iterator<Item = Stamp> {
        let holds = self.guesses.iter().filter(move |guess| guess.holds(now));
        holds.map(|guess| guess.of)
    }

    fn shut(&mut self, with: SecretRef, counted: Option<Timestamp>) {
        if self.belief.opens_with() == Some(with) {
            self.belief = Belief::Unknown;
        }
        if self.last == Some(with) {
            self.last = None;
        }
        if self.moving.map(SecretRef::Generation) == Some(with) {
            self.moving = None;
        }
        if let Some(at) = counted {
            self.failures.push(at);
            let surplus = self.failures.len().saturating_sub(FAILURES_KEPT);
            self.failures.drain(..surplus);
            if let Some(of) = with.stamp() {
                self.guesses
                    .retain(|guess| guess.of != of && guess.holds(at));
                self.guesses.push(Guess { of, at });
            }
        }
    }
}
