//! Shorthand for the tests.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_model::{Epoch, Generation, Stamp, StoreKind, Timestamp, WithoutOld};
use uuid::Uuid;

use crate::{
    Budget, Capabilities, Config, Effect, Input, Mutation, OpId, Outcome, Record, SecretRef, State,
    replay, step,
};

pub(crate) const ACCOUNT: StoreKind = StoreKind::Account;
pub(crate) const KEYCHAIN: StoreKind = StoreKind::Keychain;
pub(crate) const DISK: StoreKind = StoreKind::Disk;

/// A generation of the first epoch.
pub(crate) fn g(generation: u32) -> Stamp {
    Stamp {
        epoch: Epoch(Uuid::from_u128(1)),
        generation: Generation(generation),
    }
}

/// A generation after a restore.
pub(crate) fn restored(generation: u32) -> Stamp {
    Stamp {
        epoch: Epoch(Uuid::from_u128(2)),
        generation: Generation(generation),
    }
}

pub(crate) fn of(generation: u32) -> SecretRef {
    SecretRef::Generation(g(generation))
}

pub(crate) fn config(stores: &[StoreKind]) -> Config {
    let capabilities = |store: &StoreKind| Capabilities {
        several_slots: *store == DISK,
        needs_session: *store == KEYCHAIN,
        verify_without_change: true,
        counts_attempts: *store == ACCOUNT,
        change_opens_first: *store == DISK,
        without_old: without_old(*store),
    };
    Config {
        stores: stores
            .iter()
            .map(|store| (*store, capabilities(store)))
            .collect(),
        budget: Budget::default(),
    }
}

pub(crate) const fn without_old(store: StoreKind) -> WithoutOld {
    match store {
        StoreKind::Disk => WithoutOld::StaysShut,
        StoreKind::Account => WithoutOld::Reset,
        StoreKind::Keychain => WithoutOld::SetAside,
    }
}

/// A binding whose stores were all opened with generation 1, whose envelope is kept.
pub(crate) fn linked(stores: &[StoreKind]) -> State {
    let at = Timestamp(0);
    let mut records = vec![
        Record::Proved { stamp: g(1), at },
        Record::Finished {
            op: OpId(1),
            mutation: Mutation::Seal(g(1)),
            outcome: Outcome::Applied,
        },
    ];
    records.extend(stores.iter().map(|store| Record::Opened {
        store: *store,
        with: of(1),
        at,
    }));
    replay(config(stores), &records)
}

pub(crate) fn proved(stamp: Stamp, secrets: &[SecretRef]) -> Input {
    Input::Proved {
        stamp,
        secrets: BTreeSet::from_iter(secrets.iter().copied()),
    }
}

/// Stores in memory: drives the machine until it needs the person, and writes down what it did.
pub(crate) struct Bench {
    pub(crate) state: State,
    pub(crate) opens: BTreeMap<StoreKind, SecretRef>,
    /// How an operation ends, if not well: its line in the log, and the outcome.
    pub(crate) faults: Vec<(&'static str, Outcome)>,
    pub(crate) log: Vec<String>,
    pub(crate) journal: Vec<Record>,
    pub(crate) now: Timestamp,
}

impl Bench {
    pub(crate) fn over(state: State) -> Self {
        let opens = state.beliefs().into_iter();
        let opens =
            opens.map(|(store, belief)| (store, belief.opens_with().unwrap_or(SecretRef::TYPED)));
        Self {
            opens: opens.collect(),
            journal: vec![state.snapshot()],
            state,
            faults: Vec::new(),
            log: Vec::new(),
            now: Timestamp(0),
        }
    }

    pub(crate) fn session_up(mut self) -> Self {
        self.state.session = true;
        self
    }

    pub(crate) fn fault(mut self, line: &'static str, outcome: Outcome) -> Self {
        self.faults.push((line, outcome));
        self
    }

    /// Feeds one input and everything that follows from it.
    pub(crate) fn feed(&mut self, input: Input) {
        let mut next = Some(input);
        while let Some(input) = next.take() {
            let (state, effects) = step(self.state.clone(), self.now, input);
            self.state = state;
            for effect in effects {
                next = self.run(effect).or(next);
            }
        }
    }

    /// The log since the last time.
    pub(crate) fn taken(&mut self) -> Vec<String> {
        std::mem::take(&mut self.log)
    }

    fn run(&mut self, effect: Effect) -> Option<Input> {
        let (op, line, well) = match effect {
            Effect::Persist(record) => {
                self.journal.push(record);
                return None;
            }
            Effect::Report => return None,
            Effect::AskOld { stores, again, .. } => {
                self.log.push(format!(
                    "ask {stores:?}{}",
                    if again { " again" } else { "" }
                ));
                return None;
            }
            Effect::Finish(verdict) => {
                self.log.push(format!("{}", Short(&verdict)));
                return None;
            }
            Effect::Probe { op, store, with } => {
                let opened = self.opens.get(&store) == Some(&with);
                (
                    op,
                    format!("probe {store} {}", short(with)),
                    Outcome::Opened(opened),
                )
            }
            Effect::Preflight { op, store, .. } => {
                (op, format!("preflight {store}"), Outcome::Applied)
            }
            Effect::Seal { op, stamp } => {
                (op, format!("seal {}", stamp.generation), Outcome::Applied)
            }
            Effect::Change {
                op,
                store,
                from,
                to,
            } => {
                let line = format!("change {store} {} to {}", short(from), to.generation);
                let fault = self.faults.iter().find(|(at, _)| *at == line);
                let finds_out = self.state.capabilities(store).change_opens_first;
                let shut = finds_out && self.opens.get(&store) != Some(&from);
                if !shut && !fault.is_some_and(|(_, it)| matches!(it, Outcome::NotApplied(_))) {
                    self.opens.insert(store, SecretRef::Generation(to));
                }
                let well = if shut {
                    Outcome::Opened(false)
                } else {
                    Outcome::Applied
                };
                (op, line, well)
            }
            Effect::Reset { op, store, to } => {
                let line = format!("reset {store} to {}", to.generation);
                let fault = self.faults.iter().find(|(at, _)| *at == line);
                if !fault.is_some_and(|(_, it)| matches!(it, Outcome::NotApplied(_))) {
                    self.opens.insert(store, SecretRef::Generation(to));
                }
                (op, line, Outcome::Applied)
            }
            Effect::RemoveOld { op, store, keep } => (
                op,
                format!("remove old {store} but {}", keep.generation),
                Outcome::Applied,
            ),
            Effect::Retire { op, keep } => (
                op,
                format!("retire all but {}", keep.generation),
                Outcome::Applied,
            ),
        };
        let fault = self.faults.iter().position(|(at, _)| *at == line);
        let outcome = fault.map_or(well, |place| self.faults.remove(place).1);
        self.log.push(line);
        Some(Input::Finished { op, outcome })
    }
}

struct Short<'a>(&'a crate::Verdict);

impl std::fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            crate::Verdict::InSync(stamp) => write!(f, "in sync at {}", stamp.generation),
            crate::Verdict::Stopped { code, stores } => {
                write!(f, "stopped {code}")?;
                stores.iter().try_for_each(|(store, belief)| {
                    let with = belief.opens_with().map_or_else(|| "?".to_owned(), short);
                    write!(f, ", {store} {with}")
                })
            }
        }
    }
}

fn short(secret: SecretRef) -> String {
    match secret {
        SecretRef::Generation(stamp) => stamp.generation.to_string(),
        SecretRef::Typed(0) => "typed".to_owned(),
        SecretRef::Typed(number) => format!("typed {number}"),
    }
}
