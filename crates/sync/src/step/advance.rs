//! Doing what is next.

use std::collections::BTreeMap;

use lockstep_model::{Code, StoreKind};

use super::{Machine, Rules};
use crate::journal::{Mutation, Record};
use crate::message::{Effect, OpId, Verdict};
use crate::plan::{End, Plan, Step};
use crate::secret_ref::SecretRef;
use crate::state::{Asking, Flight, Operation, Progress};

impl<R: Rules> Machine<'_, R> {
    /// Does what is next, if nothing is under way and nobody is being asked.
    pub(super) fn advance(&mut self) {
        while self
            .state
            .run
            .as_ref()
            .is_some_and(|run| run.flight.is_none() && run.asking.is_none())
        {
            let plan = self.rules.plan(&self.state);
            match plan.steps.first() {
                Some(step) => self.start(step, &plan),
                None => self.finish(plan.end),
            }
        }
    }

    fn start(&mut self, step: &Step, plan: &Plan) {
        match step {
            Step::Open { store, candidates } => match candidates.first() {
                Some(with) => self.probe(*store, *with),
                None => self.give_up(*store, Code::Internal),
            },
            Step::Verify { store, with } => self.probe(*store, SecretRef::Generation(*with)),
            Step::Ask { stores, answer } => {
                if let Some(run) = &mut self.state.run {
                    run.asking = Some(Asking {
                        stores: stores.clone(),
                        answer: *answer,
                    });
                    let again = run.secrets.iter().any(|secret| secret.is_typed());
                    let (stores, answer) = (stores.clone(), *answer);
                    self.effects.push(Effect::AskOld {
                        stores,
                        answer,
                        again,
                    });
                }
            }
            Step::Preflight(store) => {
                let store = *store;
                let Some(target) = self.state.target() else {
                    return self.stop(Code::Internal);
                };
                let with = SecretRef::Generation(target);
                let op = self.launch(Operation::Preflight { store, with });
                self.effects.push(Effect::Preflight { op, store, with });
            }
            Step::Seal(_)
            | Step::Change { .. }
            | Step::Reset { .. }
            | Step::RemoveOld { .. }
            | Step::Retire(_) => {
                if !self.rules.allows(plan, &self.state) {
                    return self.stop(Code::PlanRefused);
                }
                self.mutate(step);
            }
        }
    }

    fn probe(&mut self, store: StoreKind, with: SecretRef) {
        // To open what was just moved is no guess: without it nobody would know how it ended.
        let moved = self
            .state
            .progress(store)
            .is_some_and(|progress| progress.attempted || progress.removal_tried)
            && self.state.target().map(SecretRef::Generation) == Some(with);
        let counts = self.state.capabilities(store).counts_attempts && !moved;
        if counts
            && !self
                .state
                .config
                .budget
                .allows(self.state.failures(store), self.now)
        {
            self.progress(store, |progress| progress.claimed = false);
            return self.give_up(store, Code::TooManyAttempts);
        }
        let op = self.launch(Operation::Probe { store, with });
        self.effects.push(Effect::Probe { op, store, with });
    }

    /// Starts a mutation that the checker has allowed: intent first.
    fn mutate(&mut self, step: &Step) {
        match step {
            Step::Seal(stamp) => {
                let stamp = *stamp;
                let op = self.launch(Operation::Seal { stamp });
                self.record(Record::Intent {
                    op,
                    mutation: Mutation::Seal(stamp),
                });
                self.effects.push(Effect::Seal { op, stamp });
            }
            Step::Change { store, from, to } => {
                let (store, from, to) = (*store, *from, *to);
                self.progress(store, |progress| {
                    progress.attempted = true;
                    progress.fresh = false;
                    // Whatever becomes of it, no other secret opens what it did not open before.
                    progress.refuted.remove(&SecretRef::Generation(to));
                });
                let op = self.launch(Operation::Change { store, from, to });
                self.record(Record::Intent {
                    op,
                    mutation: Mutation::Change { store, from, to },
                });
                self.effects.push(Effect::Change {
                    op,
                    store,
                    from,
                    to,
                });
            }
            Step::Reset { store, to } => {
                let (store, to) = (*store, *to);
                self.progress(store, |progress| {
                    progress.attempted = true;
                    progress.fresh = false;
                    // As for a change.
                    progress.refuted.remove(&SecretRef::Generation(to));
                });
                let op = self.launch(Operation::Reset { store, to });
                self.record(Record::Intent {
                    op,
                    mutation: Mutation::Reset { store, to },
                });
                self.effects.push(Effect::Reset { op, store, to });
            }
            Step::RemoveOld { store, keep } => {
                let (store, keep) = (*store, *keep);
                self.progress(store, |progress| {
                    progress.removal_tried = true;
                    progress.fresh = false;
                });
                let op = self.launch(Operation::RemoveOld { store, keep });
                self.record(Record::Intent {
                    op,
                    mutation: Mutation::RemoveOld { store, keep },
                });
                self.effects.push(Effect::RemoveOld { op, store, keep });
            }
            Step::Retire(keep) => {
                let keep = *keep;
                if let Some(run) = &mut self.state.run {
                    run.retire_tried = true;
                }
                let op = self.launch(Operation::Retire { keep });
                self.record(Record::Intent {
                    op,
                    mutation: Mutation::Retire(keep),
                });
                self.effects.push(Effect::Retire { op, keep });
            }
            Step::Open { .. } | Step::Ask { .. } | Step::Preflight(_) | Step::Verify { .. } => {}
        }
    }

    /// Ends the run. "In sync" rests on what was opened in it, whatever the plan says.
    fn finish(&mut self, end: End) {
        let code = match end {
            End::InSync(stamp) if self.rules.is_in_sync(&self.state, stamp) => {
                return self.end(Verdict::InSync(stamp));
            }
            End::Stopped(code) => code,
            End::InSync(_) | End::Idle => Code::Internal,
        };
        self.end(Verdict::Stopped {
            code,
            stores: self.state.beliefs(),
        });
    }

    pub(super) fn end(&mut self, verdict: Verdict) {
        if let Some(run) = &self.state.run {
            let waiting = |(store, it): (&StoreKind, &Progress)| {
                it.waiting.or(it.refusal).map(|code| (*store, code))
            };
            let problems: BTreeMap<StoreKind, Code> =
                run.progress.iter().filter_map(waiting).collect();
            self.record(Record::Ended { problems });
        }
        self.state.run = None;
        self.effects.push(Effect::Finish(verdict));
    }

    fn launch(&mut self, operation: Operation) -> OpId {
        let op = OpId(self.state.ledger.last_op.0.saturating_add(1));
        self.state.ledger.last_op = op;
        if let Some(run) = &mut self.state.run {
            run.flight = Some(Flight {
                op,
                operation,
                stale: false,
            });
        }
        op
    }
}
