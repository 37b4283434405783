//! What an operation does to the world, and what must be true when one starts.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_model::{Code, Stamp, StoreKind};

use super::breach::Breach;
use super::events::Next;
use super::scenario::Scenario;
use super::world::World;
use crate::journal::Holding;
use crate::state::Operation;
use crate::{Effect, Mutation, OpId, SecretRef, State, Verdict};

impl Next<'_> {
    /// Judges an effect at the moment it runs; says whether it is an operation.
    pub(super) fn observe(
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
                if !self.scenario.unjudged {
                    self.all_open(world, keep, "S2: old slots removed");
                }
                self.seen.removed = true;
            }
            Effect::Retire { op, keep } => {
                intended(op, Mutation::Retire(*keep));
                if !self.scenario.unjudged {
                    self.all_open(world, *keep, "S2: retired");
                }
                self.seen.retired = true;
            }
            Effect::AskOld { .. } => {
                self.seen.asked = true;
                return false;
            }
            Effect::Finish(Verdict::InSync(stamp)) => {
                self.all_open(world, *stamp, "S6: said to be in sync");
                let bit = self.scenario.bit(*stamp);
                let opened = |store: &StoreKind| world.opened.get(store) == Some(&bit);
                let all = world.opens.keys().all(opened);
                let all = all || self.scenario.unjudged;
                assert!(all, "P3: said to be in sync before every store was opened");
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
    pub(super) fn reset(
        &self,
        store: StoreKind,
        to: Stamp,
        held: &BTreeSet<SecretRef>,
        world: &World,
    ) {
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

    /// Nothing moves before the doors in front of it: the disk opens with the new password before
    /// the account does, and the keychain follows the account unless that was tried.
    pub(super) fn in_order(&self, store: StoreKind, to: Stamp, state: &State, world: &World) {
        let bit = self.scenario.bit(to);
        let opens = |door| world.opens.get(&door).is_none_or(|it| it & bit != 0);
        // It was changed from outside, and can't be tried or has refused in this run.
        let excused = |door| {
            let progress = state.progress(door);
            progress.is_some_and(|it| it.attempted || it.waiting.is_some())
                && self.scenario.adrift == door
                && world.drifts < self.scenario.drifts
        };
        let (disk, account) = (opens(StoreKind::Disk), opens(StoreKind::Account));
        // It has refused in this run, or nobody knows how its change in an earlier one has ended.
        let tried = state
            .progress(StoreKind::Account)
            .is_some_and(|it| it.attempted)
            || state
                .holding(StoreKind::Account)
                .is_some_and(|it| it.moving == Some(to));
        match store {
            _ if self.scenario.unjudged => {}
            StoreKind::Disk => {}
            StoreKind::Account => {
                let stands = disk || excused(StoreKind::Disk);
                assert!(stands, "S3: the account moves before the disk");
            }
            StoreKind::Keychain => {
                assert!(
                    account || tried,
                    "S3: the keychain moves before the account"
                );
            }
        }
    }

    /// A change starts from what opened its store in this run. One that finds out by itself may rest
    /// on what the durable journal says without a doubt, if it is the run's first and all that may
    /// be refused elsewhere was tried before.
    pub(super) fn rests(
        &self,
        store: StoreKind,
        from: SecretRef,
        evidence: Option<&Holding>,
        state: &State,
        world: &World,
    ) {
        if self.scenario.unjudged || world.opened.get(&store) == Some(&self.password(world, from)) {
            return;
        }
        let config = self.scenario.config();
        let able = config.stores[&store].change_opens_first;
        assert!(able, "S8: the {store} is changed from what did not open it");
        let believed = evidence.is_some_and(|it| {
            it.belief.opens_with() == Some(from) && it.moving.is_none() && from.stamp().is_some()
        });
        assert!(believed, "S8: the {store} is changed on a doubted belief");
        for (other, capabilities) in config.stores.iter().filter(|(it, _)| **it != store) {
            let progress = state.progress(*other).expect("a run is under way");
            assert!(!progress.attempted, "S8: the {store} is not the first");
            let out_of_reach = capabilities.needs_session && !state.session;
            let ready = world
                .opened
                .get(other)
                .is_some_and(|password| progress.preflighted || *password == 1 << world.newest);
            let spared = out_of_reach || progress.waiting.is_some();
            assert!(
                ready || spared,
                "S8: the {store} changes before the {other} is ready"
            );
        }
    }

    fn all_open(&self, world: &World, stamp: Stamp, what: &str) {
        let bit = self.scenario.bit(stamp);
        assert!(
            world.opens.values().all(|opens| opens & bit != 0),
            "{what} at {stamp} untruly"
        );
    }

    pub(super) fn password(&self, world: &World, secret: SecretRef) -> u8 {
        match secret {
            SecretRef::Generation(stamp) => self.scenario.bit(stamp),
            SecretRef::Typed(_) => world.typed[&secret],
        }
    }

    pub(super) fn apply(&self, world: &mut World, operation: Operation) {
        match operation {
            Operation::Probe { .. } | Operation::Preflight { .. } => {}
            Operation::Seal { stamp } => world.envelopes |= self.scenario.bit(stamp),
            Operation::Change { store, from, to } => {
                let mut opens = self.scenario.bit(to);
                if store == StoreKind::Disk {
                    world.slots |= opens | self.password(world, from);
                    opens |= world.opens[&store];
                }
                world.opens.insert(store, opens);
            }
            Operation::Reset { store, to } => {
                world.opens.insert(store, self.scenario.bit(to));
            }
            Operation::RemoveOld { store, keep } => {
                let keep = self.scenario.bit(keep);
                let opens = world.opens[&store];
                let left = match self.scenario.breach {
                    Some(Breach::ForeignSlot) => opens & keep,
                    Some(Breach::LastSlot) => opens & !world.slots,
                    // It takes nothing where what is to stay does not open.
                    Some(_) | None if opens & keep == 0 => opens,
                    Some(_) | None => opens & (!world.slots | keep),
                };
                world.slots &= left;
                world.opens.insert(store, left);
            }
            Operation::Retire { keep } => world.envelopes &= self.scenario.bit(keep),
        }
    }
}
