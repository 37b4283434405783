//! The checker: its own reading of the rules, sharing nothing with the planner but the types.
//!
//! It walks a plan from the state's evidence and refuses the first step that the evidence and the
//! steps before it do not allow. [`crate::step`] asks it before every mutation.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_model::{Stamp, StoreKind, WithoutOld};

use crate::plan::{Plan, Step};
use crate::secret_ref::SecretRef;
use crate::state::State;

/// The rule that a plan breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Violation {
    /// A step works towards something else than the newest known stamp, proved by the person.
    #[error("{0} is not the newest known stamp, proved by the person")]
    NotTheTarget(Stamp),
    /// A store would go back to an older generation.
    #[error("the {0} would go back to an older generation")]
    Backwards(StoreKind),
    /// A store would be moved to what opens it already.
    #[error("the {0} already opens with the target")]
    Pointless(StoreKind),
    /// The binding has no such store, it cannot be opened as a test, or its session is missing.
    #[error("the {0} is no store that can be moved now")]
    NotMovable(StoreKind),
    /// A secret that a step needs is not at hand.
    #[error("a secret for the {0} is not at hand")]
    NotAtHand(StoreKind),
    /// A change while a store that will change has not been opened with its old secret, and its own
    /// change may not be what finds out.
    #[error("a change before the {0} was opened with its old secret")]
    Unopened(StoreKind),
    /// A change while a store that will change has not passed its preflight.
    #[error("a change before the {0} passed its preflight")]
    NotPreflighted(StoreKind),
    /// A change or a retirement before the target is sealed.
    #[error("a mutation before the target is sealed")]
    Unsealed,
    /// A first change that leaves a store behind which no envelope is known to open.
    #[error("the {0} would be left behind")]
    LeftBehind(StoreKind),
    /// The account before the disk, or the keychain before the account.
    #[error("the {0} would move out of order")]
    OutOfOrder(StoreKind),
    /// A change on top of a new slot that was not opened yet.
    #[error("the new slot of the {0} is not tested yet")]
    UntestedSlot(StoreKind),
    /// A second change of one store.
    #[error("the {0} would be changed twice")]
    ChangedTwice(StoreKind),
    /// A reset that the person did not agree to in this run.
    #[error("the person did not agree to reset the {0}")]
    NotAgreed(StoreKind),
    /// A reset while something at hand opens the store, or may open it.
    #[error("the {0} would be reset without need")]
    Needless(StoreKind),
    /// A reset beside a store that only its old password opens.
    #[error("the {0} would stay shut")]
    StaysShut(StoreKind),
    /// Old slots removed before a store was opened at the target.
    #[error("old slots removed before the {0} was opened with the target")]
    EarlyRemoval(StoreKind),
    /// A removal in a store that the binding does not have, or that has one slot only.
    #[error("the {0} has no slots to remove")]
    NoSlots(StoreKind),
    /// A second removal in one store.
    #[error("what is old in the {0} would be removed twice")]
    RemovedTwice(StoreKind),
    /// Envelopes dropped before a store was opened at the target.
    #[error("envelopes dropped before the {0} was opened with the target")]
    EarlyRetirement(StoreKind),
}

/// Whether every step of the plan is allowed where it stands.
///
/// # Errors
///
/// The first rule broken.
pub fn check(plan: &Plan, state: &State) -> Result<(), Violation> {
    let mut walk = Walk::from(plan, state);
    plan.steps.iter().try_for_each(|step| walk.take(step))
}

/// What is true after the steps walked so far.
struct Walk<'a> {
    state: &'a State,
    /// Which secret opens which store, opened in this run and not changed since.
    opened: BTreeMap<StoreKind, SecretRef>,
    preflighted: BTreeSet<StoreKind>,
    sealed: BTreeSet<SecretRef>,
    at_hand: BTreeSet<SecretRef>,
    /// The person was asked by the steps so far.
    asked: bool,
    /// Changed by this run or by the steps so far.
    changed: BTreeSet<StoreKind>,
    untested_slots: BTreeSet<StoreKind>,
    /// Rid of what is old by this run or by the steps so far.
    removed: BTreeSet<StoreKind>,
    /// The plan's changes and resets, all of them; what a change starts from.
    moving: BTreeMap<StoreKind, Option<SecretRef>>,
}

impl<'a> Walk<'a> {
    fn from(plan: &Plan, state: &'a State) -> Self {
        let mut walk = Self {
            state,
            opened: BTreeMap::new(),
            preflighted: BTreeSet::new(),
            sealed: state
                .ledger
                .envelopes
                .iter()
                .map(SecretRef::Generation)
                .collect(),
            at_hand: BTreeSet::new(),
            asked: false,
            changed: BTreeSet::new(),
            untested_slots: BTreeSet::new(),
            removed: BTreeSet::new(),
            moving: BTreeMap::new(),
        };
        for step in &plan.steps {
            match step {
                Step::Change { store, from, .. } => {
                    walk.moving.entry(*store).or_insert(Some(*from));
                }
                Step::Reset { store, .. } => {
                    walk.moving.entry(*store).or_insert(None);
                }
                Step::Open { .. }
                | Step::Ask { .. }
                | Step::Preflight(_)
                | Step::Seal(_)
                | Step::Verify { .. }
                | Step::RemoveOld { .. }
                | Step::Retire(_) => {}
            }
        }
        let Some(run) = &state.run else {
            return walk;
        };
        walk.at_hand.clone_from(&run.secrets);
        for (store, progress) in &run.progress {
            if progress.preflighted {
                walk.preflighted.insert(*store);
            }
            if progress.attempted {
                walk.changed.insert(*store);
            }
            if progress.removal_tried {
                walk.removed.insert(*store);
            }
            if progress.claimed && state.capabilities(*store).several_slots {
                walk.untested_slots.insert(*store);
            }
            if let (true, Some(with)) = (progress.fresh, state.belief(*store).opens_with()) {
                walk.opened.insert(*store, with);
            }
        }
        walk
    }

    fn take(&mut self, step: &Step) -> Result<(), Violation> {
        match step {
            Step::Open { store, candidates } => {
                let first = candidates.first().filter(|it| self.at_hand.contains(it));
                let with = first.ok_or(Violation::NotAtHand(*store))?;
                self.opened.insert(*store, *with);
            }
            Step::Ask { answer, .. } => {
                // New bytes under the name: what was opened with the former ones is not any more.
                self.opened.retain(|_, with| with != answer);
                self.at_hand.insert(*answer);
                self.asked = true;
            }
            Step::Preflight(store) => {
                self.preflighted.insert(*store);
            }
            Step::Seal(stamp) => {
                self.aim(*stamp)?;
                self.sealed.insert(SecretRef::Generation(*stamp));
            }
            Step::Change { store, from, to } => self.change(*store, *from, *to)?,
            Step::Reset { store, to } => self.reset(*store, *to)?,
            Step::Verify { store, with } => {
                self.aim(*with)?;
                self.untested_slots.remove(store);
                self.opened.insert(*store, SecretRef::Generation(*with));
            }
            Step::RemoveOld { store, keep } => self.remove_old(*store, *keep)?,
            Step::Retire(keep) => self.retire(*keep)?,
        }
        Ok(())
    }

    /// Only the newest known stamp is worked towards, only if the person proved it, and only while
    /// its password is at hand.
    fn aim(&self, stamp: Stamp) -> Result<(), Violation> {
        let newest = self.state.ledger.known.map(|(known, _)| known) == Some(stamp);
        let proved = self.state.ledger.target == Some(stamp);
        let held = self.at_hand.contains(&SecretRef::Generation(stamp));
        if newest && proved && held {
            Ok(())
        } else {
            Err(Violation::NotTheTarget(stamp))
        }
    }

    fn change(&mut self, store: StoreKind, from: SecretRef, to: Stamp) -> Result<(), Violation> {
        if let SecretRef::Generation(old) = from
            && old.epoch == to.epoch
            && old.generation > to.generation
        {
            return Err(Violation::Backwards(store));
        }
        self.aim(to)?;
        if from == SecretRef::Generation(to) {
            return Err(Violation::Pointless(store));
        }
        if !self.at_hand.contains(&from) {
            return Err(Violation::NotAtHand(store));
        }
        if !self.opens(store, Some(&from)) && !self.changed.contains(&store) {
            return Err(Violation::Unopened(store));
        }
        self.moved(store, to)
    }

    /// Whether a store was opened with what its change starts from, or the change may find out.
    fn opens(&self, store: StoreKind, from: Option<&SecretRef>) -> bool {
        self.opened.get(&store) == from || from.is_some_and(|from| self.finds_out(store, *from))
    }

    /// A change may itself find out whether its store still opens with what opened it last: where
    /// it does so before it writes, and comes before every other change, nothing was done in vain.
    /// Nobody may have been asked by then, for the question would not have been about this store.
    fn finds_out(&self, store: StoreKind, from: SecretRef) -> bool {
        let capabilities = self.state.config.stores.get(&store);
        let able = capabilities.is_some_and(|it| it.change_opens_first && !it.counts_attempts);
        let mut moving = self.moving.iter();
        let first = self.changed.is_empty() && moving.next() == Some((&store, &Some(from)));
        let asks = self.asked || moving.any(|(_, from)| from.is_none());
        let holding = self.state.ledger.stores.get(&store);
        let undoubted = holding.is_some_and(|it| {
            it.belief.opens_with() == Some(from) && it.last == Some(from) && it.moving.is_none()
        });
        let progress = self
            .state
            .run
            .as_ref()
            .and_then(|it| it.progress.get(&store));
        let refuted = progress.is_none_or(|it| it.refuted.contains(&from));
        let typed = matches!(from, SecretRef::Typed(_));
        let otherwise = self.opened.contains_key(&store);
        able && first && !asks && undoubted && !refuted && !typed && !otherwise
    }

    /// The person agreed, nothing at hand opens the store, and no other stays shut for good.
    fn reset(&mut self, store: StoreKind, to: Stamp) -> Result<(), Violation> {
        self.aim(to)?;
        let run = self.state.run.as_ref();
        if !run.is_some_and(|run| run.forgotten.contains(&store)) {
            return Err(Violation::NotAgreed(store));
        }
        let refuted = run.and_then(|run| Some(&run.progress.get(&store)?.refuted));
        let all_tried = run.is_some_and(|run| {
            refuted.is_some_and(|refuted| run.secrets.iter().all(|it| refuted.contains(it)))
        });
        if !self.changed.contains(&store) && (!all_tried || self.opened.contains_key(&store)) {
            return Err(Violation::Needless(store));
        }
        let lasting = self.state.config.stores.iter();
        let mut lasting = lasting.filter(|(_, it)| it.without_old == WithoutOld::StaysShut);
        let target = SecretRef::Generation(to);
        if let Some((other, _)) = lasting.find(|(it, _)| self.opened.get(it) != Some(&target)) {
            return Err(Violation::StaysShut(*other));
        }
        self.moved(store, to)
    }

    /// What holds for every change and every reset.
    fn moved(&mut self, store: StoreKind, to: Stamp) -> Result<(), Violation> {
        if self.changed.contains(&store) {
            return Err(Violation::ChangedTwice(store));
        }
        self.everything_is_ready(to)?;
        self.nobody_is_left_behind(to)?;
        // The kinds are declared in the order in which they move.
        let is_overtaken = |other: &&StoreKind| **other < store && !self.changed.contains(other);
        if self.moving.keys().any(|other| is_overtaken(&other)) {
            return Err(Violation::OutOfOrder(store));
        }
        if let Some(slot) = self.untested_slots.first() {
            return Err(Violation::UntestedSlot(*slot));
        }
        self.changed.insert(store);
        self.opened.remove(&store);
        if self.state.capabilities(store).several_slots {
            self.untested_slots.insert(store);
        }
        Ok(())
    }

    /// What can be refused is refused before the first change, for all that will change.
    fn everything_is_ready(&self, to: Stamp) -> Result<(), Violation> {
        for (store, from) in self
            .moving
            .iter()
            .filter(|(it, _)| !self.changed.contains(it))
        {
            let capabilities = self.state.config.stores.get(store);
            let movable = capabilities.is_some_and(|it| {
                it.verify_without_change && (self.state.session || !it.needs_session)
            });
            if !movable {
                return Err(Violation::NotMovable(*store));
            }
            if !self.opens(*store, from.as_ref()) {
                return Err(Violation::Unopened(*store));
            }
            if !self.preflighted.contains(store) {
                return Err(Violation::NotPreflighted(*store));
            }
        }
        if self.sealed.contains(&SecretRef::Generation(to)) {
            Ok(())
        } else {
            Err(Violation::Unsealed)
        }
    }

    /// The first change waits until every store either goes along or is known to be openable with
    /// an envelope that has just been opened.
    fn nobody_is_left_behind(&self, to: Stamp) -> Result<(), Violation> {
        let target = SecretRef::Generation(to);
        let stores = self.state.config.stores.iter();
        // Where a slot was only added, everything still opens as before.
        let mut lasting = stores.filter(|(_, it)| !it.several_slots);
        let moved = lasting.any(|(store, _)| {
            let holding = self.state.ledger.stores.get(store);
            self.changed.contains(store)
                || holding.is_some_and(|it| {
                    it.moving == Some(to) || it.belief.opens_with() == Some(target)
                })
        });
        if moved {
            return Ok(());
        }
        for store in self
            .state
            .config
            .stores
            .keys()
            .filter(|it| !self.moving.contains_key(it))
        {
            let holding = self.state.ledger.stores.get(store);
            let kept = |it: SecretRef| self.sealed.contains(&it) && self.at_hand.contains(&it);
            let spare = holding.is_some_and(|it| {
                it.last.is_some_and(kept) && it.moving.map(SecretRef::Generation).is_none_or(kept)
            });
            if !spare && self.opened.get(store) != Some(&target) {
                return Err(Violation::LeftBehind(*store));
            }
        }
        Ok(())
    }

    /// A removal is a change: the store counts as opened again only after it was.
    fn remove_old(&mut self, store: StoreKind, keep: Stamp) -> Result<(), Violation> {
        self.aim(keep)?;
        let capabilities = self.state.config.stores.get(&store);
        if !capabilities.is_some_and(|it| it.several_slots) {
            return Err(Violation::NoSlots(store));
        }
        self.nothing_is_behind(keep, Violation::EarlyRemoval)?;
        if !self.removed.insert(store) {
            return Err(Violation::RemovedTwice(store));
        }
        self.opened.remove(&store);
        Ok(())
    }

    fn retire(&self, keep: Stamp) -> Result<(), Violation> {
        self.aim(keep)?;
        self.nothing_is_behind(keep, Violation::EarlyRetirement)
    }

    /// The target is sealed, and every store was opened with it.
    fn nothing_is_behind(
        &self,
        keep: Stamp,
        or: impl Fn(StoreKind) -> Violation,
    ) -> Result<(), Violation> {
        let target = SecretRef::Generation(keep);
        if !self.sealed.contains(&target) {
            return Err(Violation::Unsealed);
        }
        for store in self.state.config.stores.keys() {
            if self.opened.get(store) != Some(&target) {
                return Err(or(*store));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
