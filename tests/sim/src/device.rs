//! A device, and what it keeps of each binding: on its disk, and in its agent's memory.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_model::{Code, Stamp, StoreKind, WithoutOld};
use lockstep_sync::{Budget, Capabilities, Config, OpId, SecretRef, State};

use crate::directory::{Envelope, Share};
use crate::flow::Flow;
use crate::journal::Journal;
use crate::stores::{Disk, Order, Own, Password};

/// A computer.
pub(crate) struct Device {
    pub(crate) disk: Disk,
    /// Whether it is switched on.
    pub(crate) on: bool,
    /// Whether its agent runs.
    pub(crate) agent: bool,
    /// Counts power cuts: what the helper does dies with them.
    pub(crate) boots: u32,
    /// Counts the agent's lives: nothing that was meant for one reaches another.
    pub(crate) life: u32,
    /// Whether it is cut from the network.
    pub(crate) cut: bool,
    /// Its clock is wrong by so much.
    pub(crate) skew: i64,
    /// When the helper will have done what it was given for a store: operations on one store end
    /// in the order in which they began.
    pub(crate) busy: BTreeMap<(usize, StoreKind), i64>,
}

/// A sealed copy of one password.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sealed {
    pub(crate) share: Share,
    pub(crate) stamp: Stamp,
    pub(crate) password: Password,
}

/// An envelope's file; without its sealed copy it is a tombstone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct File {
    pub(crate) sealed: Option<Sealed>,
}

/// The question for an old password, as it was put.
#[derive(Clone)]
pub(crate) struct Question {
    pub(crate) number: u64,
    pub(crate) stores: BTreeSet<StoreKind>,
    pub(crate) answer: SecretRef,
}

/// One binding.
pub(crate) struct Bound {
    pub(crate) person: usize,
    pub(crate) device: usize,
    pub(crate) config: Config,

    // What outlives a power cut.
    pub(crate) own: Own,
    pub(crate) journal: Journal,
    pub(crate) envelopes: BTreeMap<Envelope, File>,

    // What the agent has in memory.
    pub(crate) state: State,
    pub(crate) secrets: BTreeMap<SecretRef, Password>,
    pub(crate) share: Option<(Envelope, Share)>,
    pub(crate) order: Option<(Order, Stamp)>,
    pub(crate) news: Option<Stamp>,
    pub(crate) flow: Option<Flow>,
    pub(crate) question: Option<Question>,

    /// Whether the person is logged in.
    pub(crate) session: bool,
    /// How often the person has answered since they last gave up.
    pub(crate) asked: u32,
    pub(crate) linked: bool,
    /// Why the last run stopped; the person sees it until one succeeds or the agent starts anew.
    pub(crate) problem: Option<Code>,
    pub(crate) watch: Watch,
}

/// What the judge remembers of a binding.
#[derive(Default)]
pub(crate) struct Watch {
    /// What truly opened each store, since anything was done to it.
    pub(crate) opened: BTreeMap<StoreKind, Password>,
    /// Changed from outside since it was opened.
    pub(crate) drifted: BTreeSet<StoreKind>,
    /// Changed from outside since it was durably known what opens it.
    pub(crate) stale: BTreeSet<StoreKind>,
    pub(crate) known: Option<Stamp>,
    pub(crate) proved: Option<Stamp>,
    /// A run was started and has no verdict yet.
    pub(crate) running: bool,
    /// The one operation under way.
    pub(crate) flight: Option<OpId>,
    /// Whether each store opened with what the person knows or can get back.
    pub(crate) open: BTreeMap<StoreKind, bool>,
    /// Runs that stopped since the world calmed down.
    pub(crate) stopped: u32,
    /// A removal is under way that was allowed when it began.
    pub(crate) removing: bool,
}

impl Bound {
    pub(crate) fn stores(&self) -> impl Iterator<Item = StoreKind> {
        self.config.stores.keys().copied()
    }

    pub(crate) fn has(&self, store: StoreKind) -> bool {
        self.config.stores.contains_key(&store)
    }

    /// The envelopes that still hold their sealed copy.
    pub(crate) fn kept(&self) -> impl Iterator<Item = (Envelope, Sealed)> {
        let files = self.envelopes.iter();
        files.filter_map(|(envelope, file)| Some((*envelope, file.sealed?)))
    }

    pub(crate) fn tombstones(&self) -> Vec<Envelope> {
        let files = self.envelopes.iter();
        files
            .filter(|(_, file)| file.sealed.is_none())
            .map(|(envelope, _)| *envelope)
            .collect()
    }

    /// Erases a sealed copy and leaves a tombstone.
    pub(crate) fn erase(&mut self, envelope: Envelope) {
        self.envelopes.insert(envelope, File { sealed: None });
    }

    /// Erases every other copy of a generation.
    pub(crate) fn supersede(&mut self, by: Envelope, of: Stamp) {
        let others: Vec<Envelope> = self
            .kept()
            .filter(|(envelope, it)| it.stamp == of && *envelope != by)
            .map(|(envelope, _)| envelope)
            .collect();
        for other in others {
            self.erase(other);
        }
    }

    /// Opens every kept envelope whose share was released; one of the generation just proved that
    /// holds another password belongs to a change that never came to be, and is erased. Gives how
    /// many passwords came back.
    pub(crate) fn recover(
        &mut self,
        shares: &[(Envelope, Share)],
        proved: Stamp,
        password: Password,
    ) -> usize {
        let kept: Vec<(Envelope, Sealed)> = self.kept().collect();
        let mut recovered = 0;
        for (envelope, sealed) in kept {
            let opens = shares.contains(&(envelope, sealed.share));
            if !opens {
                continue;
            }
            if sealed.stamp == proved {
                if sealed.password != password {
                    self.erase(envelope);
                }
                continue;
            }
            let name = SecretRef::Generation(sealed.stamp);
            self.secrets.insert(name, sealed.password);
            recovered += 1;
        }
        recovered
    }

    /// Holds the share for the envelope that is about to be sealed.
    pub(crate) fn hold_share(&mut self, envelope: Envelope, share: Share) {
        self.forget_share();
        self.share = Some((envelope, share));
    }

    /// A share that sealed nothing is buried.
    fn forget_share(&mut self) {
        if let Some((envelope, _)) = self.share.take()
            && self.state.known().is_some()
            && !self.envelopes.contains_key(&envelope)
        {
            self.erase(envelope);
        }
    }

    pub(crate) fn forget_secrets(&mut self) {
        self.secrets.clear();
        self.order = None;
        self.forget_share();
    }
}

/// What stores of these kinds can do.
pub(crate) fn config(stores: &[StoreKind], needs_session: bool) -> Config {
    let capabilities = |store: &StoreKind| Capabilities {
        several_slots: *store == StoreKind::Disk,
        needs_session: needs_session && *store == StoreKind::Keychain,
        verify_without_change: true,
        counts_attempts: *store == StoreKind::Account,
        change_opens_first: *store == StoreKind::Disk,
        without_old: match store {
            StoreKind::Disk => WithoutOld::StaysShut,
            StoreKind::Account => WithoutOld::Reset,
            StoreKind::Keychain => WithoutOld::SetAside,
        },
    };
    let stores = stores.iter();
    Config {
        stores: stores.map(|store| (*store, capabilities(store))).collect(),
        budget: Budget::default(),
    }
}
