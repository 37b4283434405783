//! The state of one binding, and what others may read from it.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_model::{Code, Stamp, StoreKind, StoreState, Timestamp, WithoutOld};
use serde::{Deserialize, Serialize};

use crate::capabilities::{Capabilities, Config};
use crate::journal::{Holding, Ledger, Record};
use crate::message::{Belief, OpId};
use crate::secret_ref::SecretRef;

/// One binding: one person's stores on one device.
///
/// Its ledger is what the journal adds up to; everything else is gone after a restart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct State {
    pub(crate) config: Config,
    pub(crate) ledger: Ledger,
    pub(crate) odd: Option<Stamp>,
    pub(crate) session: bool,
    pub(crate) run: Option<Run>,
}

impl State {
    /// A binding of which nothing is known yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self::with_ledger(config, Ledger::default())
    }

    /// The newest stamp heard of, proved or not.
    #[must_use]
    pub fn known(&self) -> Option<Stamp> {
        self.ledger.known.map(|(stamp, _)| stamp)
    }

    /// The stamp that the directory's last word has to be announced with before any other input:
    /// nothing may lead on towards a password that the device has heard to be old.
    ///
    /// Another epoch or a lower generation can wait, for nothing is done about them.
    #[must_use]
    pub fn overtaken_by(&self, last_word: Option<Stamp>) -> Option<Stamp> {
        let known = self.known();
        last_word.filter(|stamp| known.is_none_or(|known| stamp.follows(known)))
    }

    /// The newest stamp that the person proved.
    #[must_use]
    pub const fn target(&self) -> Option<Stamp> {
        self.ledger.target
    }

    /// The generations whose envelope is kept: those to recover with the next proof.
    pub fn envelopes(&self) -> impl Iterator<Item = Stamp> {
        self.ledger.envelopes.iter()
    }

    /// The generations that stores opened with last, or were being moved to since.
    pub fn rests_on(&self) -> impl Iterator<Item = Stamp> {
        let holdings = self.ledger.stores.values();
        holdings.flat_map(|it| {
            it.last
                .and_then(SecretRef::stamp)
                .into_iter()
                .chain(it.moving)
        })
    }

    /// What is believed of a store.
    #[must_use]
    pub fn belief(&self, store: StoreKind) -> Belief {
        self.ledger
            .stores
            .get(&store)
            .map_or(Belief::Unknown, |holding| holding.belief)
    }

    /// What is believed of every store.
    #[must_use]
    pub fn beliefs(&self) -> BTreeMap<StoreKind, Belief> {
        self.config
            .stores
            .keys()
            .map(|store| (*store, self.belief(*store)))
            .collect()
    }

    /// Whether a run is under way, so that secrets are held for it.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        self.run.is_some()
    }

    /// Whether the person has yet to answer [`crate::Effect::AskOld`].
    #[must_use]
    pub fn is_asking(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.asking.is_some())
    }

    /// One record that stands for the whole journal so far.
    ///
    /// A shell may replace the journal by it, atomically, while no run is under way.
    #[must_use]
    pub fn snapshot(&self) -> Record {
        Record::Snapshot(Box::new(self.ledger.clone()))
    }

    /// How the binding stands, as a person is told.
    #[must_use]
    pub fn status(&self) -> Status {
        let stores = self
            .config
            .stores
            .keys()
            .map(|store| (*store, self.store_state(*store)));
        Status {
            stores: stores.collect(),
            pending: self.known().filter(|known| self.target() != Some(*known)),
            odd: self.odd,
            notices: self.notices().collect(),
        }
    }

    /// Stores that an old password still opens beside the new one, and why it has to stay.
    pub fn notices(&self) -> impl Iterator<Item = (StoreKind, Code)> {
        let stores = self.ledger.stores.iter();
        stores.filter_map(|(store, holding)| Some((*store, holding.notice?)))
    }

    pub(crate) fn with_ledger(config: Config, mut ledger: Ledger) -> Self {
        ledger
            .stores
            .retain(|store, _| config.stores.contains_key(store));
        for store in config.stores.keys() {
            ledger.stores.entry(*store).or_default();
        }
        Self {
            config,
            ledger,
            odd: None,
            session: false,
            run: None,
        }
    }

    pub(crate) fn holding(&self, store: StoreKind) -> Option<&Holding> {
        self.ledger.stores.get(&store)
    }

    pub(crate) fn progress(&self, store: StoreKind) -> Option<&Progress> {
        self.run.as_ref().and_then(|run| run.progress.get(&store))
    }

    /// The secret that opened the store in this run, after its last change.
    pub(crate) fn opened_in_run(&self, store: StoreKind) -> Option<SecretRef> {
        self.progress(store)
            .filter(|progress| progress.fresh)
            .and_then(|_| self.belief(store).opens_with())
    }

    pub(crate) fn has(&self, secret: SecretRef) -> bool {
        self.run
            .as_ref()
            .is_some_and(|run| run.secrets.contains(&secret))
    }

    fn store_state(&self, store: StoreKind) -> StoreState {
        let flight = self.run.as_ref().and_then(|run| run.flight);
        match flight.map(|flight| flight.operation) {
            Some(
                Operation::Change { store: busy, .. }
                | Operation::Reset { store: busy, .. }
                | Operation::RemoveOld { store: busy, .. },
            ) if busy == store => return StoreState::Changing,
            Some(Operation::Probe { store: busy, .. }) if busy == store => {
                return StoreState::Testing;
            }
            Some(_) | None => {}
        }
        let belief = self.belief(store);
        if let (Belief::Opens { verified_at, .. }, Some(known)) = (belief, self.known())
            && belief.is_at(known)
        {
            return StoreState::InSync {
                generation: known.generation,
                tested_at: verified_at,
            };
        }
        let waiting = self.progress(store).and_then(|progress| progress.waiting);
        let problem = self.holding(store).and_then(|holding| holding.problem);
        match (waiting, &self.run, problem, self.ledger.known) {
            (Some(code), ..) | (None, None, Some(code), _) => StoreState::Problem { code },
            (None, Some(_), ..) => StoreState::Waiting,
            (None, None, None, Some((_, since))) => StoreState::NeedsYou { since },
            (None, None, None, None) => StoreState::NotTested,
        }
    }
}

/// How a binding stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Every store.
    pub stores: BTreeMap<StoreKind, StoreState>,
    /// The newest stamp, while the person has yet to prove it.
    pub pending: Option<Stamp>,
    /// A stamp of another epoch or a lower generation that the directory announces; only a proof
    /// settles it.
    pub odd: Option<Stamp>,
    /// Stores that an old password still opens beside the new one, and why it has to stay. It
    /// keeps no store from being in sync; the next run tries again.
    pub notices: BTreeMap<StoreKind, Code>,
}

/// What lives from a proof to its [`crate::Effect::Finish`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) secrets: BTreeSet<SecretRef>,
    pub(crate) flight: Option<Flight>,
    /// What the person is being asked.
    pub(crate) asking: Option<Asking>,
    pub(crate) retire_tried: bool,
    /// The stores whose old password the person said to have no more, accepting the cost.
    pub(crate) forgotten: BTreeSet<StoreKind>,
    /// Why nothing more may be changed in this run.
    pub(crate) stop: Option<Code>,
    pub(crate) progress: BTreeMap<StoreKind, Progress>,
}

impl Run {
    pub(crate) fn over(stores: impl Iterator<Item = StoreKind>) -> Self {
        Self {
            secrets: BTreeSet::new(),
            flight: None,
            asking: None,
            retire_tried: false,
            forgotten: BTreeSet::new(),
            stop: None,
            progress: stores.map(|store| (store, Progress::default())).collect(),
        }
    }
}

/// The question for an old password, as it was put.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Asking {
    /// The stores that it was put for: what is answered goes for these and no others.
    pub(crate) stores: BTreeSet<StoreKind>,
    /// The name for what the person types.
    pub(crate) answer: SecretRef,
}

/// The one operation under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Flight {
    pub(crate) op: OpId,
    pub(crate) operation: Operation,
    /// Whether the store changed behind its back, so that its verdict says nothing.
    pub(crate) stale: bool,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Operation {
    Probe {
        store: StoreKind,
        with: SecretRef,
    },
    Preflight {
        store: StoreKind,
        with: SecretRef,
    },
    Seal {
        stamp: Stamp,
    },
    Change {
        store: StoreKind,
        from: SecretRef,
        to: Stamp,
    },
    Reset {
        store: StoreKind,
        to: Stamp,
    },
    RemoveOld {
        store: StoreKind,
        keep: Stamp,
    },
    Retire {
        keep: Stamp,
    },
}

impl Operation {
    /// The store that its end may say to have been opened.
    pub(crate) const fn opens(self) -> Option<StoreKind> {
        match self {
            Self::Probe { store, .. }
            | Self::Change { store, .. }
            | Self::Reset { store, .. }
            | Self::RemoveOld { store, .. } => Some(store),
            Self::Preflight { .. } | Self::Seal { .. } | Self::Retire { .. } => None,
        }
    }
}

/// How far a store has come in this run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Opened in this run since its last change: older evidence is not relied on.
    pub(crate) fresh: bool,
    /// Secrets that did not open it since its last change.
    pub(crate) refuted: BTreeSet<SecretRef>,
    pub(crate) preflighted: bool,
    /// Changed towards the present target. Never twice in a run.
    pub(crate) attempted: bool,
    /// The change reported success, or a removal ended, and the store is still to be opened.
    pub(crate) claimed: bool,
    /// What is old was to be removed. Never twice for one target in a run.
    pub(crate) removal_tried: bool,
    /// The change reported this refusal, and the store is still to be opened.
    pub(crate) refusal: Option<Code>,
    /// It is left as it is for the rest of this run.
    pub(crate) waiting: Option<Code>,
}

/// The code of a store whose session is missing.
pub(crate) const NO_SESSION: Code = Code::StoreUnknown;

/// The capabilities of a store the configuration does not have: nothing can be done with it.
pub(crate) const NO_CAPABILITIES: Capabilities = Capabilities {
    several_slots: false,
    needs_session: false,
    verify_without_change: false,
    counts_attempts: true,
    change_opens_first: false,
    without_old: WithoutOld::StaysShut,
};

impl State {
    pub(crate) fn capabilities(&self, store: StoreKind) -> Capabilities {
        self.config
            .stores
            .get(&store)
            .copied()
            .unwrap_or(NO_CAPABILITIES)
    }

    /// Whether the person has no old password for the store and accepts what that costs.
    pub(crate) fn is_forgotten(&self, store: StoreKind) -> bool {
        self.run
            .as_ref()
            .is_some_and(|run| run.forgotten.contains(&store))
    }

    pub(crate) fn failures(&self, store: StoreKind) -> &[Timestamp] {
        self.holding(store).map_or(&[], |holding| &holding.failures)
    }
}
