//! One rule broken on purpose: planner, checker and stores as they must not be.

use lockstep_model::{Stamp, StoreKind};

use crate::step::{Ours, Rules};
use crate::{Plan, SecretRef, State, Step};

/// The rule that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Breach {
    /// Order: the keychain moves before the account.
    KeychainFirst,
    /// Order: the account moves before the disk has its new slot.
    AccountFirst,
    /// Order: the new slot is not opened before something is built on it.
    SlotUntested,
    /// Retention: the new password is sealed after the changes.
    SealedLate,
    /// Retention: envelopes are dropped once the new password is sealed.
    RetiredEarly,
    /// Retention: old slots go as soon as the disk has its new one.
    RemovedEarly,
    /// Verification: in sync is what reported success.
    ExitCodes,
    /// Verification: a store whose old slot went is not opened again.
    RemovalUnverified,
    /// Evidence: a change rests on a belief that was doubted since.
    RestsOnDoubt,
    /// Evidence: a change rests on a belief, and could not find out by itself whether it is true.
    RestsUnable,
    /// Slot ownership: a removal takes what the person's password never opened.
    ForeignSlot,
    /// Slot ownership: a removal takes the only slot that opens.
    LastSlot,
}

/// The rules, one of them broken or none.
pub(super) struct Broken {
    pub(super) breach: Option<Breach>,
    /// The checker stays in force.
    pub(super) checked: bool,
}

impl Rules for Broken {
    fn plan(&self, state: &State) -> Plan {
        let mut plan = Ours.plan(state);
        let steps = &mut plan.steps;
        let moves = |store: StoreKind| move |step: &Step| matches!(step, Step::Change { store: it, .. } if *it == store);
        match self.breach {
            Some(Breach::KeychainFirst) => {
                hurry(steps, moves(StoreKind::Keychain), moves(StoreKind::Account));
            }
            Some(Breach::AccountFirst) => {
                hurry(steps, moves(StoreKind::Account), moves(StoreKind::Disk));
            }
            Some(Breach::SlotUntested) => {
                let test = |step: &Step| {
                    matches!(
                        step,
                        Step::Verify {
                            store: StoreKind::Disk,
                            ..
                        }
                    )
                };
                let account = moves(StoreKind::Account);
                if let Some(from) = steps.iter().position(test)
                    && let Some(to) = steps.iter().position(account)
                    && from < to
                {
                    let test = steps.remove(from);
                    steps.insert(to, test);
                }
            }
            Some(Breach::SealedLate) => {
                if let Some(from) = steps.iter().position(|it| matches!(it, Step::Seal(_))) {
                    let seal = steps.remove(from);
                    let last = steps.iter().rposition(is_move);
                    steps.insert(last.map_or(from, |last| last + 1), seal);
                }
            }
            Some(Breach::RetiredEarly) => hurry(steps, |it| matches!(it, Step::Retire(_)), is_move),
            Some(Breach::RemovedEarly) => {
                let removal = |it: &Step| matches!(it, Step::RemoveOld { .. });
                hurry(steps, removal, moves(StoreKind::Account));
            }
            Some(Breach::ExitCodes) => steps.retain(|it| !matches!(it, Step::Verify { .. })),
            Some(Breach::RemovalUnverified) => {
                let tried =
                    |store: &StoreKind| state.progress(*store).is_some_and(|it| it.removal_tried);
                steps.retain(|it| !matches!(it, Step::Verify { store, .. } if tried(store)));
            }
            Some(Breach::RestsOnDoubt) => unopened(steps, StoreKind::Disk),
            Some(Breach::RestsUnable) => unopened(steps, StoreKind::Account),
            Some(Breach::ForeignSlot | Breach::LastSlot) | None => {}
        }
        plan
    }

    fn allows(&self, plan: &Plan, state: &State) -> bool {
        match self.breach {
            // Else the checker stops it, before anything comes of it.
            Some(_) if !self.checked => true,
            Some(_) | None => Ours.allows(plan, state),
        }
    }

    fn is_in_sync(&self, state: &State, stamp: Stamp) -> bool {
        let reported = |store: &StoreKind| {
            let progress = state.progress(*store);
            progress.is_some_and(|it| it.claimed)
                || state.opened_in_run(*store) == Some(SecretRef::Generation(stamp))
        };
        match self.breach {
            Some(Breach::ExitCodes | Breach::RemovalUnverified) => {
                state.config.stores.keys().all(reported)
            }
            Some(_) | None => Ours.is_in_sync(state, stamp),
        }
    }
}

fn is_move(step: &Step) -> bool {
    matches!(step, Step::Change { .. } | Step::Reset { .. })
}

/// Leaves out what opens a store before it changes from the password of a generation.
fn unopened(steps: &mut Vec<Step>, store: StoreKind) {
    let changes = |it: &Step| matches!(it, Step::Change { store: it, from: SecretRef::Generation(_), .. } if *it == store);
    if steps.iter().any(changes) {
        steps.retain(|it| !matches!(it, Step::Open { store: it, .. } if *it == store));
    }
}

/// Puts the first step of one kind before the first of another.
fn hurry(steps: &mut Vec<Step>, what: impl Fn(&Step) -> bool, before: impl Fn(&Step) -> bool) {
    if let Some(from) = steps.iter().position(what)
        && let Some(to) = steps.iter().position(before)
        && to < from
    {
        let step = steps.remove(from);
        steps.insert(to, step);
    }
}
