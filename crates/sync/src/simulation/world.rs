//! The world around the machine: what truly opens what, and everything that may happen.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_model::{Code, Stamp, StoreKind};

use super::scenario::{LOCAL, Label, NOW, OTHER, Scenario, Seen, WRONG};
use crate::journal::Ledger;
use crate::state::Operation;
use crate::{
    Belief, Effect, Input, Mutation, OpId, Outcome, Record, SecretRef, State, Verdict, replay,
    step, weigh,
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
    newest: u8,
    /// Which passwords open which store.
    opens: BTreeMap<StoreKind, u8>,
    /// Which passwords have an envelope on the device.
    envelopes: u8,
    /// The bytes behind each [`SecretRef::Typed`].
    typed: BTreeMap<SecretRef, u8>,
    /// What the durable journal adds up to.
    journal: Ledger,
    /// The stores that the person agreed to have reset, in this run.
    agreed: BTreeSet<StoreKind>,
    crashes: u8,
    drifts: u8,
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
    };
    let mut node = Node { state, world };
    if scenario.apart {
        node.world.opens.insert(StoreKind::Keychain, OTHER);
    }
    node.state.session = true;
    node
}

/// Everything that may happen next.
pub(super) fn successors(node: &Node, scenario: Scenario, seen: &mut Seen) -> Vec<(Label, Node)> {
    let mut next = Next {
        scenario,
        seen,
        found: Vec::new(),
    };
    let flight = node.state.run.as_ref().and_then(|run| run.flight);
    match flight {
        Some(flight) => next.ends(node, flight.op, flight.operation),
        None if node.state.is_running() => next.crash(node, false),
        None => {}
    }
    next.environment(node);
    next.found
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

struct Next<'a> {
    scenario: Scenario,
    seen: &'a mut Seen,
    found: Vec<(Label, Node)>,
}

impl Next<'_> {
    /// Every way in which the operation under way may end.
    fn ends(&mut self, node: &Node, op: OpId, operation: Operation) {
        // Codes decide nothing, so one for each operation is enough.
        let refused = Outcome::NotApplied(match operation {
            Operation::Probe { .. } | Operation::Change { .. } | Operation::Reset { .. } => {
                Code::StoreUnknown
            }
            Operation::RemoveOld { .. } => Code::OldOpensDisk,
            Operation::Preflight { .. } => Code::HelperUnavailable,
            Operation::Seal { .. } | Operation::Retire { .. } => Code::DirectoryUnreachable,
        });
        let done = [(true, Outcome::Applied), (false, refused)];
        let unknown = [
            (true, Outcome::Indeterminate),
            (false, Outcome::Indeterminate),
        ];
        let lies = [(true, refused), (false, Outcome::Applied)];
        let mut ends: Vec<(bool, Outcome)> = Vec::new();
        match operation {
            Operation::Probe { store, with } => {
                let bit = self.password(&node.world, with);
                let opened = node.world.opens[&store] & bit != 0;
                ends.extend([Outcome::Opened(opened), refused].map(|it| (false, it)));
                ends.push(unknown[1]);
            }
            Operation::Preflight { .. } => {
                ends.extend([(false, Outcome::Applied), done[1], unknown[1]]);
            }
            Operation::Seal { .. } | Operation::Retire { .. } => {
                ends.extend([done, unknown].concat())
            }
            Operation::Reset { .. } | Operation::RemoveOld { .. } => {
                ends.extend([done, unknown].concat());
                if self.scenario.lies {
                    ends.extend(lies);
                }
            }
            Operation::Change { store, from, .. } => {
                ends.extend([done, unknown].concat());
                if self.scenario.lies {
                    ends.extend(lies);
                }
                let fits = node.world.opens[&store] & self.password(&node.world, from) != 0;
                assert!(
                    fits || self.scenario.drifts > 0,
                    "a change from what does not open"
                );
                ends.retain(|(applied, _)| fits || !applied);
            }
        }
        for (applied, outcome) in ends {
            let mut after = node.clone();
            if applied {
                self.apply(&mut after.world, operation);
            }
            let label = Label::Ended { applied, outcome };
            self.feed(label, after, Input::Finished { op, outcome });
        }
        for applied in [false, true] {
            let mut after = node.clone();
            if applied {
                let fits = match operation {
                    Operation::Change { store, from, .. } => {
                        node.world.opens[&store] & self.password(&node.world, from) != 0
                    }
                    Operation::Seal { .. }
                    | Operation::Reset { .. }
                    | Operation::RemoveOld { .. }
                    | Operation::Retire { .. } => true,
                    Operation::Probe { .. } | Operation::Preflight { .. } => false,
                };
                if !fits {
                    continue;
                }
                self.apply(&mut after.world, operation);
            }
            self.crash(&after, applied);
        }
    }

    fn environment(&mut self, node: &Node) {
        let Scenario {
            generations,
            knows_local,
            forgets,
            withheld,
            session_flaps,
            ..
        } = self.scenario;
        let newest = self.scenario.stamp(node.world.newest);
        if node.world.newest < generations {
            let mut after = node.clone();
            after.world.newest += 1;
            self.found.push((Label::ChangedInDirectory, after));
        }
        if node.state.known() != Some(newest) {
            self.feed(Label::Announced, node.clone(), Input::Announced(newest));
        }
        if !node.state.is_running() || node.state.target() != Some(newest) {
            for recovered in [true, false] {
                if recovered || withheld {
                    let kept = if recovered { node.world.envelopes } else { 0 };
                    let input = self.proof(node.world.newest, kept);
                    self.feed(Label::Proved { recovered }, node.clone(), input);
                }
            }
        }
        if node.state.is_asking() {
            if knows_local {
                self.typed(Label::TypedRight, node, LOCAL);
                if self.scenario.apart {
                    self.typed(Label::TypedRight, node, OTHER);
                }
            }
            self.typed(Label::TypedWrong, node, WRONG);
            let declined = Input::Declined(Code::OldPasswordNeeded);
            self.feed(Label::Declined, node.clone(), declined);
            if forgets {
                self.forgot(node);
            }
        }
        if node
            .state
            .run
            .as_ref()
            .is_some_and(|run| !run.secrets.is_empty())
        {
            self.feed(Label::SecretsLost, node.clone(), Input::SecretsLost);
        }
        if !node.state.session {
            self.feed(Label::SessionUp, node.clone(), Input::SessionUp);
        } else if session_flaps {
            self.feed(Label::SessionDown, node.clone(), Input::SessionDown);
        }
        if node.world.drifts > 0 && !node.state.is_running() {
            let mut after = node.clone();
            after.world.drifts -= 1;
            after.world.opens.insert(StoreKind::Account, LOCAL);
            self.found
                .push((Label::Drift { noticed: false }, after.clone()));
            self.feed(
                Label::Drift { noticed: true },
                after,
                Input::Drifted(StoreKind::Account),
            );
        }
    }

    /// The person is told what it costs, and agrees if there is a way.
    fn forgot(&mut self, node: &Node) {
        let weighing = weigh(&node.state).expect("asked");
        assert!(!weighing.stores.is_empty(), "nothing to agree to");
        let disagree = weighing.refused == Some(Code::PlanRefused);
        assert!(!disagree, "planner and checker disagree about a reset");
        let mut after = node.clone();
        match weighing.refused {
            None => after
                .world
                .agreed
                .extend(weighing.stores.iter().map(|(store, _)| *store)),
            // Nobody agreed: to go on all the same resets nothing.
            Some(_) => self.seen.refused = true,
        }
        self.feed(Label::Forgot, after, Input::Forgotten);
    }

    fn typed(&mut self, label: Label, node: &Node, password: u8) {
        let mut after = node.clone();
        let answer = node
            .state
            .run
            .as_ref()
            .and_then(|run| run.asking.as_ref())
            .expect("asked")
            .answer;
        let rests = node
            .state
            .beliefs()
            .into_values()
            .any(|it| it.opens_with() == Some(answer));
        assert!(
            !rests,
            "a typed password that is still needed would be overwritten"
        );
        after.world.typed.insert(answer, password);
        self.feed(label, after, Input::OldTyped);
    }

    fn proof(&self, newest: u8, envelopes: u8) -> Input {
        let held = (1..=self.scenario.generations)
            .filter(|index| *index == newest || envelopes & (1 << index) != 0);
        let secrets: BTreeSet<SecretRef> = held
            .map(|index| SecretRef::Generation(self.scenario.stamp(index)))
            .collect();
        Input::Proved {
            stamp: self.scenario.stamp(newest),
            secrets,
        }
    }

    fn crash(&mut self, node: &Node, applied: bool) {
        if let Some(after) = restarted(&node.world, self.scenario) {
            self.found.push((Label::Crash { applied }, after));
        }
    }

    /// Gives the machine an input and runs its effects, with a crash after each durable one.
    fn feed(&mut self, label: Label, node: Node, input: Input) {
        let Node { state, mut world } = node;
        let (mut state, effects) = step(state, NOW, input);
        let mut intents = BTreeMap::new();
        let mut operations = 0;
        for (place, effect) in effects.iter().enumerate() {
            if let Effect::Persist(record) = effect {
                if let Record::Intent { op, mutation } = record {
                    intents.insert(*op, *mutation);
                }
                world.journal.apply(record);
                forget_labels(&mut world.journal);
                if place + 1 < effects.len()
                    && let Some(after) = restarted(&world, self.scenario)
                {
                    let last = kind_of(record);
                    self.found.push((
                        Label::CrashAfter {
                            effects: place + 1,
                            last,
                        },
                        after,
                    ));
                }
                continue;
            }
            let held = state.run.as_ref().map(|run| &run.secrets);
            if let (Effect::Reset { store, to, .. }, Some(held)) = (effect, held) {
                self.reset(*store, *to, held, &world);
            }
            operations += usize::from(self.observe(effect, &world, &intents));
        }
        assert!(operations <= 1, "S5: more than one operation: {effects:?}");
        canonical(&mut state);
        if !state.is_running() {
            world.typed.clear();
            world.agreed.clear();
        }
        self.found.push((label, Node { state, world }));
    }

    /// Judges an effect at the moment it runs; says whether it is an operation.
    fn observe(
        &mut self,
        effect: &Effect,
        world: &World,
        intents: &BTreeMap<OpId, Mutation>,
    ) -> bool {
        let intended = |op: &OpId, mutation: Mutation| {
            assert_eq!(
                intents.get(op),
                Some(&mutation),
                "S4: no durable intent before {effect:?}"
            );
        };
        match effect {
            Effect::Persist(_) | Effect::Report => return false,
            Effect::Probe { .. } | Effect::Preflight { .. } => {}
            Effect::Seal { op, stamp } => intended(op, Mutation::Seal(*stamp)),
            Effect::Change {
                op,
                store,
                from,
                to,
            } => {
                intended(
                    op,
                    Mutation::Change {
                        store: *store,
                        from: *from,
                        to: *to,
                    },
                );
                if let SecretRef::Generation(old) = from {
                    assert!(
                        old.epoch != to.epoch || to.follows(*old),
                        "S7: back to {to:?}"
                    );
                }
                let known = world.journal.known.map(|(known, _)| known);
                assert_eq!(known, Some(*to), "S7: towards what is not the newest");
                assert_ne!(
                    world.envelopes & self.scenario.bit(*to),
                    0,
                    "changed before sealed"
                );
            }
            Effect::Reset { op, store, to } => {
                let (store, to) = (*store, *to);
                intended(op, Mutation::Reset { store, to });
                self.seen.reset = true;
            }
            Effect::RemoveOld { op, store, keep } => {
                let (store, keep) = (*store, *keep);
                intended(op, Mutation::RemoveOld { store, keep });
                self.all_open(world, keep, "S2: old slots removed");
                self.seen.removed = true;
            }
            Effect::Retire { op, keep } => {
                intended(op, Mutation::Retire(*keep));
                self.all_open(world, *keep, "S2: retired");
                self.seen.retired = true;
            }
            Effect::AskOld { .. } => {
                self.seen.asked = true;
                return false;
            }
            Effect::Finish(Verdict::InSync(stamp)) => {
                self.all_open(world, *stamp, "S6: said to be in sync");
                self.seen.in_sync = true;
                return false;
            }
            Effect::Finish(Verdict::Stopped { code, .. }) => {
                assert!(
                    !matches!(code, Code::PlanRefused | Code::Internal),
                    "planner and checker disagree"
                );
                self.seen.stopped = true;
                return false;
            }
        }
        true
    }

    /// Judges a reset: agreed to, needed, sealed before, and beside nothing that stays shut.
    fn reset(&self, store: StoreKind, to: Stamp, held: &BTreeSet<SecretRef>, world: &World) {
        let Scenario { drifts, .. } = self.scenario;
        let bit = self.scenario.bit(to);
        assert!(world.agreed.contains(&store), "reset without consent");
        let known = world.journal.known.map(|(known, _)| known);
        assert_eq!(known, Some(to), "S7: reset towards what is not the newest");
        assert_ne!(world.envelopes & bit, 0, "reset before sealed");
        let opens = |it: &SecretRef| world.opens[&store] & self.password(world, *it) != 0;
        let needless = held.iter().any(opens);
        assert!(drifts > 0 || !needless, "a reset of what opens");
        let disk = world.opens.get(&StoreKind::Disk);
        let stays_shut = disk.is_some_and(|opens| opens & bit == 0);
        assert!(!stays_shut, "a reset beside a disk that stays shut");
        assert_ne!(store, StoreKind::Disk, "P2: a disk is never reset");
    }

    fn all_open(&self, world: &World, stamp: Stamp, what: &str) {
        let bit = self.scenario.bit(stamp);
        assert!(
            world.opens.values().all(|opens| opens & bit != 0),
            "{what} at {stamp} untruly"
        );
    }

    fn password(&self, world: &World, secret: SecretRef) -> u8 {
        match secret {
            SecretRef::Generation(stamp) => self.scenario.bit(stamp),
            SecretRef::Typed(_) => world.typed[&secret],
        }
    }

    fn apply(&self, world: &mut World, operation: Operation) {
        match operation {
            Operation::Probe { .. } | Operation::Preflight { .. } => {}
            Operation::Seal { stamp } => world.envelopes |= self.scenario.bit(stamp),
            Operation::Change { store, to, .. } => {
                let slots = if store == StoreKind::Disk {
                    world.opens[&store]
                } else {
                    0
                };
                world.opens.insert(store, slots | self.scenario.bit(to));
            }
            Operation::Reset { store, to } => {
                world.opens.insert(store, self.scenario.bit(to));
            }
            Operation::RemoveOld { store, keep } => {
                let opens = world.opens[&store] & self.scenario.bit(keep);
                world.opens.insert(store, opens);
            }
            Operation::Retire { keep } => world.envelopes &= self.scenario.bit(keep),
        }
    }
}

fn restarted(world: &World, scenario: Scenario) -> Option<Node> {
    let mut world = world.clone();
    world.crashes = world.crashes.checked_sub(1)?;
    world.typed.clear();
    world.agreed.clear();
    let records = [Record::Snapshot(Box::new(world.journal.clone()))];
    let (mut state, effects) = step(replay(scenario.config(), &records), NOW, Input::Restarted);
    assert_eq!(
        effects,
        [Effect::Report],
        "a restart does nothing by itself"
    );
    canonical(&mut state);
    state.session = true;
    Some(Node { state, world })
}

/// Operation ids only ever rise; two states that differ in them alone are the same.
fn canonical(state: &mut State) {
    forget_labels(&mut state.ledger);
    if let Some(flight) = state.run.as_mut().and_then(|run| run.flight.as_mut()) {
        flight.op = OpId(1);
        state.ledger.last_op = OpId(1);
    }
}

/// Drops what is there for people only and decides nothing.
fn forget_labels(ledger: &mut Ledger) {
    ledger.last_op = OpId(0);
    for holding in ledger.stores.values_mut() {
        (holding.problem, holding.notice) = (None, None);
    }
}

const fn kind_of(record: &Record) -> &'static str {
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
