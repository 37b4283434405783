//! Everything that may happen.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_model::{Code, StoreKind};

use super::breach::Broken;
use super::doors::Place;
use super::scenario::{FOREIGN, LOCAL, Label, NOW, OTHER, Scenario, Seen, WRONG};
use super::world::{Node, canonical, forget_labels, kind_of, restarted};
use crate::state::Operation;
use crate::step::step_by;
use crate::{Effect, Input, Mutation, OpId, Outcome, Record, SecretRef, weigh};

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
        None if scenario.doors.is_none() && node.state.is_running() => next.crash(node, false),
        None => {}
    }
    let reached = scenario.doors.is_none_or(|doors| next.doors(node, doors));
    next.environment(node);
    if node.world.place != Place::Off {
        next.news(node);
    }
    if reached {
        next.proves(node);
    }
    if reached && node.world.place == Place::In {
        next.answers(node);
    } else if node.state.is_asking() {
        // Nobody is there to answer.
        let declined = Input::Declined(Code::OldPasswordNeeded);
        next.feed(Label::Declined, node.clone(), declined);
    }
    next.found
}

pub(super) struct Next<'a> {
    pub(super) scenario: Scenario,
    pub(super) seen: &'a mut Seen,
    pub(super) found: Vec<(Label, Node)>,
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
        let tested = (true, Outcome::Opened(true));
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
                ends.push(tested);
                if self.scenario.lies {
                    ends.extend(lies);
                }
            }
            Operation::Change { store, from, .. } => {
                ends.extend([done, unknown].concat());
                ends.push(tested);
                if self.scenario.lies {
                    ends.extend(lies);
                }
                let fits = node.world.opens[&store] & self.password(&node.world, from) != 0;
                assert!(
                    fits || self.scenario.drifts > 0,
                    "a change from what does not open"
                );
                ends.retain(|(applied, _)| fits || !applied);
                if !fits && node.state.capabilities(store).change_opens_first {
                    ends.push((false, Outcome::Opened(false)));
                    self.seen.found_out = true;
                }
            }
        }
        for (applied, outcome) in ends {
            let mut after = node.clone();
            if applied {
                self.apply(&mut after.world, operation);
            }
            if outcome == Outcome::Opened(true)
                && let Some((store, with)) = opening(operation)
            {
                let password = self.password(&node.world, with);
                if after.world.opens[&store] & password == 0 {
                    // Somebody else was at the store: no operation would say so.
                    continue;
                }
                after.world.opened.insert(store, password);
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

    /// What happens by itself.
    fn environment(&mut self, node: &Node) {
        if node.world.newest < self.scenario.generations {
            let mut after = node.clone();
            after.world.newest += 1;
            self.found.push((Label::ChangedInDirectory, after));
        }
        let run = node.state.run.as_ref();
        if run.is_some_and(|run| !run.secrets.is_empty()) {
            self.feed(Label::SecretsLost, node.clone(), Input::SecretsLost);
        }
        if self.scenario.doors.is_some() {
            // A session comes with the log-in.
        } else if !node.state.session {
            self.feed(Label::SessionUp, node.clone(), Input::SessionUp);
        } else if self.scenario.session_flaps {
            self.feed(Label::SessionDown, node.clone(), Input::SessionDown);
        }
    }

    /// What the directory says.
    fn news(&mut self, node: &Node) {
        let newest = self.scenario.stamp(node.world.newest);
        if node.state.known() != Some(newest) {
            self.feed(Label::Announced, node.clone(), Input::Announced(newest));
        }
    }

    /// The person types the newest password.
    fn proves(&mut self, node: &Node) {
        let withheld = self.scenario.withheld;
        let newest = self.scenario.stamp(node.world.newest);
        if !node.state.is_running() || node.state.target() != Some(newest) {
            for recovered in [true, false] {
                if recovered || withheld {
                    let kept = if recovered { node.world.envelopes } else { 0 };
                    let input = self.proof(node.world.newest, kept);
                    self.feed(Label::Proved { recovered }, node.clone(), input);
                }
            }
        }
    }

    /// What else the person does.
    fn answers(&mut self, node: &Node) {
        let Scenario {
            knows_local,
            forgets,
            ..
        } = self.scenario;
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
        if node.world.drifts > 0 && !node.state.is_running() {
            let mut after = node.clone();
            after.world.drifts -= 1;
            let store = self.scenario.adrift;
            let others = after.world.opens[&store] & FOREIGN;
            after.world.opens.insert(store, LOCAL | others);
            if store == StoreKind::Disk {
                after.world.slots = 0;
            }
            self.found
                .push((Label::Drift { noticed: false }, after.clone()));
            self.feed(Label::Drift { noticed: true }, after, Input::Drifted(store));
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

    pub(super) fn crash(&mut self, node: &Node, applied: bool) {
        if let Some(after) = restarted(&node.world, self.scenario) {
            self.found.push((Label::Crash { applied }, after));
        }
    }

    /// Gives the machine an input and runs its effects, with a crash after each durable one.
    pub(super) fn feed(&mut self, label: Label, node: Node, input: Input) {
        let Node { state, mut world } = node;
        let Scenario {
            breach, checked, ..
        } = self.scenario;
        let rules = Broken { breach, checked };
        let (mut state, effects) = step_by(&rules, state, NOW, input);
        let (mut intents, mut evidence) = (BTreeMap::new(), None);
        let mut operations = 0;
        for (place, effect) in effects.iter().enumerate() {
            if let Effect::Persist(record) = effect {
                if let Record::Intent { op, mutation } = record {
                    intents.insert(*op, *mutation);
                    if let Mutation::Change { store, .. } = mutation {
                        evidence = world.journal.stores.get(store).cloned();
                    }
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
            if let Effect::Change {
                store, from, to, ..
            } = effect
            {
                self.in_order(*store, *to, &state, &world);
                self.rests(*store, *from, evidence.as_ref(), &state, &world);
            }
            if let Effect::Change { store, .. }
            | Effect::Reset { store, .. }
            | Effect::RemoveOld { store, .. } = effect
            {
                world.opened.remove(store);
            }
            operations += usize::from(self.observe(effect, &world, &intents));
        }
        assert!(operations <= 1, "S5: more than one operation: {effects:?}");
        canonical(&mut state);
        if !state.is_running() {
            world.typed.clear();
            world.agreed.clear();
            world.opened.clear();
        }
        self.found.push((label, Node { state, world }));
    }
}

/// What an operation opens if it says that it has opened something.
const fn opening(operation: Operation) -> Option<(StoreKind, SecretRef)> {
    match operation {
        Operation::Probe { store, with } => Some((store, with)),
        Operation::Change { store, to, .. } | Operation::Reset { store, to } => {
            Some((store, SecretRef::Generation(to)))
        }
        Operation::RemoveOld { store, keep } => Some((store, SecretRef::Generation(keep))),
        Operation::Preflight { .. } | Operation::Seal { .. } | Operation::Retire { .. } => None,
    }
}
