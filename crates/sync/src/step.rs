//! The machine: takes one input, changes the state, and says what the shell must do.

use std::collections::BTreeSet;

use lockstep_model::{Code, Stamp, StoreKind, Timestamp};

use crate::check::check;
use crate::journal::{Mutation, Record};
use crate::message::{Effect, Input, OpId, Outcome, Verdict};
use crate::plan::{Plan, candidates, plan};
use crate::secret_ref::SecretRef;
use crate::state::{Asking, Operation, Progress, Run, State};
use crate::weigh::{Weighing, weigh};

mod advance;

/// Takes one input.
///
/// The effects are to be run in order; at most one of them is an operation, and it answers with
/// [`Input::Finished`]. `now` is the device's clock; it dates evidence and budgets and orders
/// nothing.
#[must_use]
pub fn step(state: State, now: Timestamp, input: Input) -> (State, Vec<Effect>) {
    step_by(&Ours, state, now, input)
}

/// What the machine asks before it acts. There is one set of rules; tests break them one by one.
pub(crate) trait Rules {
    /// What is still to be done.
    fn plan(&self, state: &State) -> Plan;
    /// Whether the next mutation of the plan may start.
    fn allows(&self, plan: &Plan, state: &State) -> bool;
    /// Whether every store was opened with the password of the stamp after its last change.
    fn is_in_sync(&self, state: &State, stamp: Stamp) -> bool;
}

/// The rules.
pub(crate) struct Ours;

impl Rules for Ours {
    fn plan(&self, state: &State) -> Plan {
        plan(state)
    }

    fn allows(&self, plan: &Plan, state: &State) -> bool {
        check(plan, state).is_ok()
    }

    fn is_in_sync(&self, state: &State, stamp: Stamp) -> bool {
        let wanted = Some(SecretRef::Generation(stamp));
        let mut stores = state.config.stores.keys();
        stores.all(|store| state.opened_in_run(*store) == wanted)
    }
}

/// [`step`] by these rules.
pub(crate) fn step_by(
    rules: &impl Rules,
    state: State,
    now: Timestamp,
    input: Input,
) -> (State, Vec<Effect>) {
    let before = state.status();
    let mut machine = Machine {
        rules,
        state,
        now,
        effects: Vec::new(),
    };
    machine.take(input);
    machine.advance();
    let Machine {
        state, mut effects, ..
    } = machine;
    if state.status() != before {
        // The last word of a run is its end.
        let finish = effects
            .iter()
            .position(|effect| matches!(effect, Effect::Finish(_)));
        effects.insert(finish.unwrap_or(effects.len()), Effect::Report);
    }
    (state, effects)
}

struct Machine<'a, R> {
    rules: &'a R,
    state: State,
    now: Timestamp,
    effects: Vec<Effect>,
}

impl<R: Rules> Machine<'_, R> {
    fn take(&mut self, input: Input) {
        match input {
            Input::Announced(stamp) => self.announced(stamp),
            Input::Proved { stamp, secrets } => self.proved(stamp, secrets),
            Input::OldTyped => self.old_typed(),
            Input::Declined(code) => self.declined(code),
            Input::Forgotten => self.forgotten(),
            Input::SecretsLost => self.secrets_lost(),
            Input::Restarted => {
                self.state.run = None;
                self.state.session = false;
                self.state.ledger.forget_typed();
                self.effects.push(Effect::Report);
            }
            Input::Finished { op, outcome } => self.finished(op, outcome),
            Input::Drifted(store) => self.drifted(store),
            Input::SessionUp => self.state.session = true,
            Input::SessionDown => self.state.session = false,
        }
    }

    fn announced(&mut self, stamp: Stamp) {
        let known = self.state.known();
        if known.is_none_or(|known| stamp.follows(known)) {
            self.record(Record::Known {
                stamp,
                at: self.now,
            });
            self.state.odd = None;
            let _ = self.stop_asking();
        } else {
            self.state.odd = (known != Some(stamp)).then_some(stamp);
        }
    }

    fn proved(&mut self, stamp: Stamp, mut secrets: BTreeSet<SecretRef>) {
        if self.state.known().is_some_and(|known| known.follows(stamp)) {
            // Overtaken on the way. A run under way ends by itself; nobody else waits for one.
            if self.state.run.is_none() {
                self.end(Verdict::Stopped {
                    code: Code::ChangedMeanwhile,
                    stores: self.state.beliefs(),
                });
            }
            return;
        }
        let is_new = self.state.target() != Some(stamp);
        if is_new || self.state.known() != Some(stamp) {
            self.record(Record::Proved {
                stamp,
                at: self.now,
            });
        }
        self.state.odd = None;
        let _ = self.stop_asking();
        if self.state.run.is_some() {
            secrets.retain(|secret| !secret.is_typed());
        }
        let run = self.state.run.take();
        let run = run.unwrap_or_else(|| self.begin(stamp));
        let run = self.state.run.insert(run);
        run.stop = None;
        run.retire_tried = false;
        if is_new {
            run.forgotten.clear();
        }
        for progress in run.progress.values_mut() {
            progress.waiting = None;
            if is_new {
                *progress = Progress {
                    fresh: progress.fresh,
                    refuted: std::mem::take(&mut progress.refuted),
                    ..Progress::default()
                };
            }
        }
        run.secrets.extend(secrets);
    }

    /// A run towards this stamp. What was just proved is tried in any case.
    fn begin(&self, target: Stamp) -> Run {
        let mut run = Run::over(self.state.config.stores.keys().copied());
        for (store, progress) in &mut run.progress {
            let holding = self.state.holding(*store).into_iter();
            let guessed = holding.flat_map(|it| it.guessed(self.now));
            let others = guessed.filter(|stamp| *stamp != target);
            progress.refuted.extend(others.map(SecretRef::Generation));
        }
        run
    }

    fn old_typed(&mut self) {
        let (Some(Asking { answer, .. }), Some(run)) = (self.stop_asking(), &mut self.state.run)
        else {
            return;
        };
        for progress in run.progress.values_mut() {
            progress.refuted.remove(&answer);
        }
        run.secrets.insert(answer);
    }

    /// Takes the question back, if it stands.
    fn stop_asking(&mut self) -> Option<Asking> {
        self.state.run.as_mut().and_then(|run| run.asking.take())
    }

    fn declined(&mut self, code: Code) {
        if let Some(Asking { stores, .. }) = self.stop_asking() {
            for store in stores {
                self.give_up(store, code);
            }
        }
    }

    fn forgotten(&mut self) {
        match weigh(&self.state) {
            Some(Weighing {
                refused: Some(code),
                ..
            }) => self.declined(code),
            Some(Weighing { stores, .. }) => {
                let _ = self.stop_asking();
                if let Some(run) = &mut self.state.run {
                    run.forgotten.extend(stores.iter().map(|(store, _)| *store));
                }
            }
            None => {}
        }
    }

    fn secrets_lost(&mut self) {
        let Some(run) = &mut self.state.run else {
            return;
        };
        run.secrets.clear();
        run.forgotten.clear();
        run.stop = Some(Code::AttemptExpired);
        run.asking = None;
        // The next proof may bring other secrets, so nothing that these opened can be built on.
        for progress in run.progress.values_mut() {
            progress.fresh = false;
            progress.refuted.clear();
        }
        if let Some(flight) = &mut run.flight {
            flight.stale = true;
        }
        self.state.ledger.forget_typed();
    }

    fn drifted(&mut self, store: StoreKind) {
        self.record(Record::Doubted(store));
        let Some(run) = &mut self.state.run else {
            return;
        };
        if let Some(progress) = run.progress.get_mut(&store) {
            progress.fresh = false;
            progress.refuted.clear();
        }
        if let Some(flight) = &mut run.flight
            && flight.operation.opens() == Some(store)
        {
            flight.stale = true;
        }
    }

    fn finished(&mut self, op: OpId, outcome: Outcome) {
        let Some(flight) = self
            .state
            .run
            .as_mut()
            .and_then(|run| run.flight.take_if(|flight| flight.op == op))
        else {
            return;
        };
        match flight.operation {
            Operation::Probe { store, with } => {
                if flight.stale {
                    self.missed(store, with, outcome);
                } else {
                    self.probed(store, with, outcome);
                }
            }
            Operation::Preflight { store, with } => self.preflighted(store, with, outcome),
            Operation::Seal { stamp } => self.sealed(op, stamp, outcome),
            Operation::Change { store, from, to } => {
                let finds_out = self.state.capabilities(store).change_opens_first;
                let outcome = match outcome {
                    // From any other store it fits no question.
                    Outcome::Opened(false) if !finds_out => Outcome::Indeterminate,
                    Outcome::Applied
                    | Outcome::Opened(_)
                    | Outcome::NotApplied(_)
                    | Outcome::Indeterminate => outcome,
                };
                let mutation = Mutation::Change { store, from, to };
                self.mutated(op, mutation, outcome);
                if outcome == Outcome::Opened(false) {
                    self.not_begun(store, from, flight.stale);
                } else {
                    self.changed(store, to, outcome, flight.stale);
                }
            }
            Operation::Reset { store, to } => {
                self.mutated(op, Mutation::Reset { store, to }, outcome);
                self.changed(store, to, outcome, flight.stale);
            }
            Operation::RemoveOld { store, keep } => {
                self.mutated(op, Mutation::RemoveOld { store, keep }, outcome);
                if outcome == Outcome::Opened(true) && !flight.stale {
                    self.opened(store, SecretRef::Generation(keep));
                } else if self.state.target() == Some(keep) {
                    self.progress(store, |progress| progress.claimed = true);
                }
            }
            Operation::Retire { keep } => self.mutated(op, Mutation::Retire(keep), outcome),
        }
    }

    fn probed(&mut self, store: StoreKind, with: SecretRef, outcome: Outcome) {
        self.progress(store, |progress| progress.claimed = false);
        match outcome {
            Outcome::Opened(true) => self.opened(store, with),
            Outcome::Opened(false) => self.shut(store, with),
            Outcome::NotApplied(code) => self.unreachable(store, code),
            Outcome::Applied | Outcome::Indeterminate => {
                self.unreachable(store, Code::StoreUnknown);
            }
        }
    }

    fn opened(&mut self, store: StoreKind, with: SecretRef) {
        self.record(Record::Opened {
            store,
            with,
            at: self.now,
        });
        self.progress(store, |progress| progress.fresh = true);
    }

    fn shut(&mut self, store: StoreKind, with: SecretRef) {
        let counts = self.state.capabilities(store).counts_attempts;
        self.record(Record::Shut {
            store,
            with,
            counted: counts.then_some(self.now),
        });
        self.progress(store, |progress| {
            progress.fresh = false;
            progress.refuted.insert(with);
        });
        if candidates(&self.state, store).is_empty() {
            self.record(Record::NoneOpens(store));
        }
    }

    /// A verdict that came too late to be believed still spends.
    fn missed(&mut self, store: StoreKind, with: SecretRef, outcome: Outcome) {
        self.progress(store, |progress| progress.claimed = false);
        if outcome == Outcome::Opened(false) && self.state.capabilities(store).counts_attempts {
            self.record(Record::Shut {
                store,
                with,
                counted: Some(self.now),
            });
            // It was tried on what the store was before.
            self.record(Record::Doubted(store));
        }
    }

    fn unreachable(&mut self, store: StoreKind, code: Code) {
        self.record(Record::Unreachable { store, code });
        self.progress(store, |progress| progress.fresh = false);
        self.give_up(store, code);
    }

    fn preflighted(&mut self, store: StoreKind, with: SecretRef, outcome: Outcome) {
        if self.state.target().map(SecretRef::Generation) != Some(with) {
            return;
        }
        match outcome {
            Outcome::Applied => self.progress(store, |progress| progress.preflighted = true),
            Outcome::NotApplied(code) => self.give_up(store, code),
            Outcome::Opened(_) | Outcome::Indeterminate => {
                self.give_up(store, Code::HelperUnavailable);
            }
        }
    }

    fn sealed(&mut self, op: OpId, stamp: Stamp, outcome: Outcome) {
        self.mutated(op, Mutation::Seal(stamp), outcome);
        let code = match outcome {
            Outcome::Applied => return,
            Outcome::NotApplied(code) => code,
            Outcome::Opened(_) | Outcome::Indeterminate => Code::DirectoryUnreachable,
        };
        if self.state.target() == Some(stamp) {
            self.stop(code);
        }
    }

    fn mutated(&mut self, op: OpId, mutation: Mutation, outcome: Outcome) {
        self.record(Record::Finished {
            op,
            mutation,
            outcome,
        });
    }

    /// A change that did not open its store has changed nothing, and is the probe that says so,
    /// unless it is stale.
    fn not_begun(&mut self, store: StoreKind, from: SecretRef, stale: bool) {
        self.progress(store, |progress| progress.attempted = false);
        if !stale {
            self.shut(store, from);
        }
    }

    /// A change that has opened the store afterwards is its own probe, unless it is stale.
    fn changed(&mut self, store: StoreKind, to: Stamp, outcome: Outcome, stale: bool) {
        if outcome == Outcome::Opened(true) && !stale {
            return self.opened(store, SecretRef::Generation(to));
        }
        if self.state.target() != Some(to) {
            return;
        }
        self.progress(store, |progress| match outcome {
            Outcome::Applied | Outcome::Opened(true) => progress.claimed = true,
            Outcome::NotApplied(code) => progress.refusal = Some(code),
            Outcome::Opened(false) | Outcome::Indeterminate => {}
        });
    }

    fn record(&mut self, record: Record) {
        self.state.ledger.apply(&record);
        self.effects.push(Effect::Persist(record));
    }

    fn give_up(&mut self, store: StoreKind, code: Code) {
        self.progress(store, |progress| progress.waiting = Some(code));
    }

    fn stop(&mut self, code: Code) {
        if let Some(run) = &mut self.state.run {
            run.stop = Some(code);
        }
    }

    fn progress(&mut self, store: StoreKind, change: impl FnOnce(&mut Progress)) {
        if let Some(progress) = self
            .state
            .run
            .as_mut()
            .and_then(|run| run.progress.get_mut(&store))
        {
            change(progress);
        }
    }
}
