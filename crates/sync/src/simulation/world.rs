//! The world around the machine: what truly opens what.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_model::StoreKind;

use super::doors::Place;
use super::scenario::{FOREIGN, LOCAL, NOW, OTHER, Scenario, WRONG};
use crate::journal::Ledger;
use crate::{
    Belief, Effect, Input, Mutation, OpId, Outcome, Record, SecretRef, State, replay, step,
};

/// The machine and its surroundings at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Node {
    pub(super) state: State,
    pub(super) world: World,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    /// The newest generation in the directory.
    pub(super) newest: u8,
    /// Which passwords open which store.
    pub(super) opens: BTreeMap<StoreKind, u8>,
    /// Which passwords have an envelope on the device.
    pub(super) envelopes: u8,
    /// The bytes behind each [`SecretRef::Typed`].
    pub(super) typed: BTreeMap<SecretRef, u8>,
    /// What the durable journal adds up to.
    pub(super) journal: Ledger,
    /// The stores that the person agreed to have reset, in this run.
    pub(super) agreed: BTreeSet<StoreKind>,
    pub(super) crashes: u8,
    pub(super) drifts: u8,
    /// The slots of the disk that a removal may take: ours, and those that the person's password
    /// opened when it was changed.
    pub(super) slots: u8,
    pub(super) place: Place,
    /// What opened each store in this run, since anything was done to it.
    pub(super) opened: BTreeMap<StoreKind, u8>,
}

pub(super) fn start(scenario: Scenario) -> Node {
    let config = scenario.config();
    let first = scenario.stamp(1);
    let (mut records, mut password, mut envelopes) = (Vec::new(), LOCAL, 0);
    if scenario.linked {
        password = scenario.bit(first);
        envelopes = password;
        let (op, mutation) = (OpId(0), Mutation::Seal(first));
        records.push(Record::Proved {
            stamp: first,
            at: NOW,
        });
        records.push(Record::Finished {
            op,
            mutation,
            outcome: Outcome::Applied,
        });
        let with = SecretRef::Generation(first);
        let opened = |store: &StoreKind| Record::Opened {
            store: *store,
            with,
            at: NOW,
        };
        records.extend(scenario.kinds().iter().map(opened));
    }
    let state = replay(config, &records);
    let world = World {
        newest: 1,
        opens: scenario
            .kinds()
            .iter()
            .map(|kind| (*kind, password))
            .collect(),
        envelopes,
        typed: BTreeMap::new(),
        journal: state.ledger.clone(),
        agreed: BTreeSet::new(),
        crashes: scenario.crashes,
        drifts: scenario.drifts,
        slots: 0,
        place: Place::In,
        opened: BTreeMap::new(),
    };
    let mut node = Node { state, world };
    if let Some(disk) = node.world.opens.get_mut(&StoreKind::Disk) {
        *disk |= FOREIGN;
    }
    if scenario.apart {
        node.world.opens.insert(StoreKind::Keychain, OTHER);
    }
    node.state.session = true;
    node
}

/// Checks what must be true at every moment.
pub(super) fn check_moment(node: &Node, scenario: Scenario) -> Result<(), String> {
    let Node { state, world } = node;
    let mut known = (1 << world.newest) | world.envelopes;
    if scenario.knows_local || scenario.forgets {
        known |= LOCAL | OTHER;
    }
    for (store, opens) in &world.opens {
        if opens & known == 0 {
            return Err(format!("S1: the {store} is locked out"));
        }
    }
    if world
        .opens
        .get(&StoreKind::Disk)
        .is_some_and(|it| it & FOREIGN == 0)
    {
        return Err("P2: a slot that this person's password never opened is gone".to_owned());
    }
    let mut live = state.ledger.clone();
    let mut durable = world.journal.clone();
    for ledger in [&mut live, &mut durable] {
        ledger.forget_typed();
        ledger.last_op = OpId(0);
    }
    if live != durable {
        return Err(format!(
            "S11: the journal says\n{durable:?}\nand the state\n{live:?}"
        ));
    }
    for stamp in state.envelopes() {
        if world.envelopes & scenario.bit(stamp) == 0 {
            return Err(format!(
                "the envelope of {stamp} is relied on and does not exist"
            ));
        }
    }
    for (store, belief) in state.beliefs() {
        let bit = match belief {
            Belief::Opens {
                with: SecretRef::Generation(stamp),
                ..
            } => scenario.bit(stamp),
            Belief::Opens { with, .. } => world.typed.get(&with).copied().unwrap_or(WRONG),
            Belief::Unknown | Belief::OpensNone | Belief::Unreachable(_) => continue,
        };
        if scenario.drifts == 0 && world.opens[&store] & bit == 0 {
            return Err(format!("P3: {belief:?} of the {store} is not true"));
        }
    }
    Ok(())
}

/// Whether everything is where it should end up.
pub(super) fn is_goal(node: &Node, scenario: Scenario) -> bool {
    let newest = scenario.stamp(node.world.newest);
    !node.state.is_running()
        && node
            .state
            .beliefs()
            .values()
            .all(|belief| belief.is_at(newest))
        && node
            .world
            .opens
            .values()
            .all(|opens| opens & (1 << node.world.newest) != 0)
}

/// After a crash, or where the doors may close, with the computer switched off and started again.
pub(super) fn restarted(world: &World, scenario: Scenario) -> Option<Node> {
    let mut world = world.clone();
    if scenario.doors.is_some() {
        world.place = Place::Off;
    } else {
        world.crashes = world.crashes.checked_sub(1)?;
    }
    world.typed.clear();
    world.agreed.clear();
    world.opened.clear();
    let records = [Record::Snapshot(Box::new(world.journal.clone()))];
    let (mut state, effects) = step(replay(scenario.config(), &records), NOW, Input::Restarted);
    assert_eq!(
        effects,
        [Effect::Report],
        "a restart does nothing by itself"
    );
    canonical(&mut state);
    state.session = scenario.doors.is_none();
    Some(Node { state, world })
}

/// Operation ids only ever rise; two states that differ in them alone are the same.
pub(super) fn canonical(state: &mut State) {
    forget_labels(&mut state.ledger);
    if let Some(flight) = state.run.as_mut().and_then(|run| run.flight.as_mut()) {
        flight.op = OpId(1);
        state.ledger.last_op = OpId(1);
    }
}

/// Drops what decides nothing here: what is there for people only, and how often was guessed.
pub(super) fn forget_labels(ledger: &mut Ledger) {
    ledger.last_op = OpId(0);
    for holding in ledger.stores.values_mut() {
        (holding.problem, holding.notice) = (None, None);
        holding.failures.clear();
        holding
            .guesses
            .sort_by_key(|guess| (guess.of.epoch, guess.of.generation));
    }
}

pub(super) const fn kind_of(record: &Record) -> &'static str {
    match record {
        Record::Known { .. } => "known",
        Record::Proved { .. } => "proved",
        Record::Opened { .. } => "opened",
        Record::Shut { .. } => "shut",
        Record::NoneOpens(_) => "none opens",
        Record::Unreachable { .. } => "unreachable",
        Record::Doubted(_) => "doubted",
        Record::Intent { .. } => "intent",
        Record::Finished { .. } => "finished",
        Record::Ended { .. } => "ended",
        Record::Snapshot(_) => "snapshot",
    }
}
