//! The planner: what is still to be done, as a pure function of the state.
//!
//! A plan assumes that every step goes well. After each step it is made afresh from what came out,
//! so it never needs to branch, and a new target in the middle is nothing special.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_model::{Code, Stamp, StoreKind, WithoutOld};
use serde::{Deserialize, Serialize};

use crate::message::Belief;
use crate::secret_ref::SecretRef;
use crate::state::{NO_SESSION, Progress, State};

mod words;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Find the secret that opens a store.
    Open {
        /// Which.
        store: StoreKind,
        /// What to try, most likely first; never empty.
        candidates: Vec<SecretRef>,
    },
    /// Ask for the old password of stores that nothing at hand opens.
    Ask {
        /// Which.
        stores: BTreeSet<StoreKind>,
        /// The name for what the person types.
        answer: SecretRef,
    },
    /// Judge whether a store could take the new password.
    Preflight(StoreKind),
    /// Seal the new password.
    Seal(Stamp),
    /// Move a store.
    Change {
        /// Which.
        store: StoreKind,
        /// The secret that opens it now.
        from: SecretRef,
        /// Whose password shall open it.
        to: Stamp,
    },
    /// Give a store the new password without any that opens it now: the person has none, and
    /// accepts the cost.
    Reset {
        /// Which.
        store: StoreKind,
        /// Whose password shall open it.
        to: Stamp,
    },
    /// Open a changed store with the new password.
    Verify {
        /// Which.
        store: StoreKind,
        /// Whose password.
        with: Stamp,
    },
    /// Remove what former passwords still open in a store with several slots.
    RemoveOld {
        /// Which.
        store: StoreKind,
        /// Whose password stays.
        keep: Stamp,
    },
    /// Drop every other envelope.
    Retire(Stamp),
}

/// How a plan ends if every step goes well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Nothing is under way: the person has to prove a password first.
    Idle,
    /// Every store is in step.
    InSync(Stamp),
    /// At least one store is not.
    Stopped(Code),
}

/// The steps still to do, and what they rest on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Plan {
    /// What was believed of each store when the plan was made.
    pub evidence: BTreeMap<StoreKind, Belief>,
    /// What to do, in this order.
    pub steps: Vec<Step>,
    /// How it ends.
    pub end: End,
}

/// Makes the plan.
#[must_use]
pub fn plan(state: &State) -> Plan {
    let (steps, end) = match (&state.run, goal(state)) {
        (None, _) => (Vec::new(), End::Idle),
        (Some(run), None) => (
            settle(state),
            End::Stopped(run.stop.unwrap_or(Code::ChangedMeanwhile)),
        ),
        (Some(_), Some(target)) => converge(state, target),
    };
    Plan {
        evidence: state.beliefs(),
        steps,
        end,
    }
}

/// What is still worth trying on a store in this run, most likely first.
pub(crate) fn candidates(state: &State, store: StoreKind) -> Vec<SecretRef> {
    let (Some(run), Some(holding)) = (&state.run, state.holding(store)) else {
        return Vec::new();
    };
    let typed: Vec<SecretRef> = run
        .secrets
        .iter()
        .copied()
        .filter(|it| it.is_typed())
        .collect();
    // A password typed for a store that was never opened comes from its owner, who is linking it.
    // For one that was changed by others it comes from whoever changed it.
    let typed_first = if holding.last.is_none() || holding.is_doubted() {
        typed.as_slice()
    } else {
        &[]
    };
    let mut generations: Vec<Stamp> = run
        .secrets
        .iter()
        .copied()
        .filter_map(SecretRef::stamp)
        .collect();
    let epoch = state.target().map(|target| target.epoch);
    generations.sort_by_key(|stamp| {
        (
            Some(stamp.epoch) != epoch,
            std::cmp::Reverse(stamp.generation),
        )
    });
    let mut wanted: Vec<SecretRef> = Vec::new();
    let likely = holding.moving.map(SecretRef::Generation).into_iter();
    let (typed_first, last) = (typed_first.iter().copied(), holding.last);
    let rest = generations.into_iter().map(SecretRef::Generation);
    for secret in likely
        .chain(typed_first)
        .chain(last)
        .chain(rest)
        .chain(typed.clone())
    {
        let refuted = state
            .progress(store)
            .is_some_and(|it| it.refuted.contains(&secret));
        if run.secrets.contains(&secret) && !refuted && !wanted.contains(&secret) {
            wanted.push(secret);
        }
    }
    wanted
}

/// The target, as long as it may be acted on: proved, the newest known, at hand, and not stopped.
fn goal(state: &State) -> Option<Stamp> {
    let run = state.run.as_ref()?;
    let target = state
        .target()
        .filter(|target| state.known() == Some(*target))?;
    (run.stop.is_none() && run.secrets.contains(&SecretRef::Generation(target))).then_some(target)
}

/// Only finds out where changes without a known end have left their stores.
fn settle(state: &State) -> Vec<Step> {
    let mut steps = Vec::new();
    for (store, holding) in &state.ledger.stores {
        let open = matches!(holding.belief, Belief::Unknown) && holding.moving.is_some();
        let given_up = state
            .progress(*store)
            .is_some_and(|it| it.waiting.is_some());
        let candidates = candidates(state, *store);
        if open && !given_up && reachable(state, *store) && !candidates.is_empty() {
            steps.push(Step::Open {
                store: *store,
                candidates,
            });
        }
    }
    steps
}

/// Where a store stands on its way to the target.
enum Stage {
    Done,
    /// Changed, and to be opened.
    Claimed,
    /// Opened with this one.
    Ready(SecretRef),
    /// To be opened with one of these.
    Unopened(Vec<SecretRef>),
    /// Nothing at hand opens it.
    NoneOpens,
    /// Nothing at hand opens it, and the person accepts what that costs.
    Forgotten,
    /// Left as it is; `recoverable` if an envelope at hand is known to open it.
    GivenUp {
        code: Code,
        recoverable: bool,
    },
}

fn stage(state: &State, store: StoreKind, target: Stamp) -> Stage {
    let Some(progress) = state.progress(store) else {
        return Stage::GivenUp {
            code: Code::Internal,
            recoverable: false,
        };
    };
    if let Some(code) = progress.waiting {
        return Stage::GivenUp {
            code,
            recoverable: false,
        };
    }
    if !reachable(state, store) {
        return Stage::GivenUp {
            code: NO_SESSION,
            recoverable: recoverable(state, store),
        };
    }
    if !state.capabilities(store).verify_without_change {
        return Stage::GivenUp {
            code: Code::StoreUnverified,
            recoverable: false,
        };
    }
    if progress.claimed {
        return Stage::Claimed;
    }
    match state.opened_in_run(store) {
        Some(with) if with == SecretRef::Generation(target) => Stage::Done,
        Some(_) if progress.attempted => Stage::GivenUp {
            code: progress.refusal.unwrap_or(Code::StoreUnverified),
            recoverable: false,
        },
        Some(with) => Stage::Ready(with),
        None => match candidates(state, store) {
            none if none.is_empty() => shut(state, store, progress),
            some => Stage::Unopened(some),
        },
    }
}

/// Where a store stands that nothing at hand opens.
fn shut(state: &State, store: StoreKind, progress: &Progress) -> Stage {
    let given_up = |code| Stage::GivenUp {
        code,
        recoverable: false,
    };
    if !state.is_forgotten(store) {
        return Stage::NoneOpens;
    }
    match state.capabilities(store).without_old {
        WithoutOld::StaysShut => given_up(Code::StaysShut),
        WithoutOld::Reset | WithoutOld::SetAside if progress.attempted => {
            given_up(progress.refusal.unwrap_or(Code::StoreUnverified))
        }
        WithoutOld::Reset | WithoutOld::SetAside => Stage::Forgotten,
    }
}

/// Where every store stands. None is reset beside one that would stay shut for good.
fn stages(state: &State, target: Stamp) -> BTreeMap<StoreKind, Stage> {
    let stores = state.config.stores.keys();
    let mut stages: BTreeMap<StoreKind, Stage> = stores
        .map(|store| (*store, stage(state, *store, target)))
        .collect();
    let stays_shut = stages.iter().any(|(store, stage)| {
        matches!(stage, Stage::GivenUp { .. })
            && state.capabilities(*store).without_old == WithoutOld::StaysShut
    });
    let resets = stages
        .values_mut()
        .filter(|it| stays_shut && matches!(it, Stage::Forgotten));
    for stage in resets {
        *stage = Stage::GivenUp {
            code: Code::StaysShut,
            recoverable: false,
        };
    }
    stages
}

fn converge(state: &State, target: Stamp) -> (Vec<Step>, End) {
    let stages = stages(state, target);

    let mut given_up = None;
    for stage in stages.values() {
        if let Stage::GivenUp { code, recoverable } = stage {
            if !recoverable && !begun(state, target) {
                return (Vec::new(), End::Stopped(*code));
            }
            given_up = given_up.or(Some(*code));
        }
    }

    let untried = untried(state, &stages, target);
    let mut steps = Vec::new();
    let mut movers = BTreeMap::new();
    let mut shut = BTreeSet::new();
    let answer = unused_name(state);
    for (store, stage) in &stages {
        match stage {
            Stage::Done | Stage::Claimed | Stage::GivenUp { .. } => {}
            Stage::Ready(with) => {
                movers.insert(*store, Mover::From(*with));
            }
            Stage::Forgotten => {
                movers.insert(*store, Mover::Reset);
            }
            Stage::Unopened(candidates) => {
                if let Some(first) = candidates.first().filter(|it| **it != at(target)) {
                    movers.insert(*store, Mover::From(*first));
                }
                if untried != Some(*store) {
                    steps.push(Step::Open {
                        store: *store,
                        candidates: candidates.clone(),
                    });
                }
            }
            Stage::NoneOpens => {
                movers.insert(*store, Mover::From(answer));
                shut.insert(*store);
            }
        }
    }
    let unjudged = |store: &&StoreKind| !state.progress(**store).is_some_and(|it| it.preflighted);
    steps.extend(
        movers
            .keys()
            .filter(unjudged)
            .map(|store| Step::Preflight(*store)),
    );
    if !shut.is_empty() {
        // Asked last: what a preflight refuses, the person need not type anything for.
        steps.push(Step::Ask {
            stores: shut.clone(),
            answer,
        });
        let candidates = vec![answer];
        steps.extend(shut.into_iter().map(|store| Step::Open {
            store,
            candidates: candidates.clone(),
        }));
    }
    if !state.ledger.envelopes.contains(target) {
        steps.push(Step::Seal(target));
    }
    steps.extend(moves(state, &stages, &movers, target));
    if given_up.is_none() {
        steps.extend(removals(state, target));
    }

    let stale = state.envelopes().any(|stamp| stamp != target);
    let untidy = stale || !state.ledger.doomed.is_empty();
    let tried = state.run.as_ref().is_some_and(|run| run.retire_tried);
    if given_up.is_none() && untidy && !tried {
        steps.push(Step::Retire(target));
    }
    (steps, given_up.map_or(End::InSync(target), End::Stopped))
}

/// The store that is not opened before its change, for that opens it itself before anything is
/// changed: what opened it last is likely to, and no other change comes first. Where the person has
/// to be asked about another store it is opened all the same, so that they are asked once.
fn untried(state: &State, stages: &BTreeMap<StoreKind, Stage>, target: Stamp) -> Option<StoreKind> {
    let mut stages = stages.iter();
    let asks = |stage: &Stage| matches!(stage, Stage::NoneOpens | Stage::Forgotten);
    if stages.clone().any(|(_, stage)| asks(stage)) {
        return None;
    }
    let run = state.run.as_ref()?;
    if run.progress.values().any(|it| it.attempted) {
        return None;
    }
    let (store, with) = stages.find_map(|(store, stage)| match stage {
        Stage::Unopened(candidates) => {
            let first = candidates.first().filter(|it| **it != at(target))?;
            Some((*store, Some(*first)))
        }
        Stage::Ready(_) | Stage::NoneOpens | Stage::Forgotten => Some((*store, None)),
        Stage::Done | Stage::Claimed | Stage::GivenUp { .. } => None,
    })?;
    let capabilities = state.capabilities(store);
    let finds_out = capabilities.change_opens_first && !capabilities.counts_attempts;
    // A belief without a doubt: any that came up since, or a change, has lowered it.
    let believed = state.belief(store).opens_with().filter(|it| !it.is_typed());
    (finds_out && believed.is_some() && believed == with).then_some(store)
}

/// How a store moves.
#[derive(Clone, Copy)]
enum Mover {
    From(SecretRef),
    Reset,
}

/// Changes and verifications, in the order of the kinds.
fn moves(
    state: &State,
    stages: &BTreeMap<StoreKind, Stage>,
    movers: &BTreeMap<StoreKind, Mover>,
    target: Stamp,
) -> Vec<Step> {
    let (mut changes, mut verifications) = (Vec::new(), Vec::new());
    for (store, stage) in stages {
        let (store, mover) = (*store, movers.get(store));
        match mover {
            Some(Mover::From(from)) => changes.push(Step::Change {
                store,
                from: *from,
                to: target,
            }),
            Some(Mover::Reset) => changes.push(Step::Reset { store, to: target }),
            None => {}
        }
        if mover.is_some() || matches!(stage, Stage::Claimed) {
            // A slot that costs nothing is tested before anything is built on it.
            let at_once = state.capabilities(store).several_slots;
            let verify = Step::Verify {
                store,
                with: target,
            };
            if at_once {
                changes.push(verify)
            } else {
                verifications.push(verify)
            }
        }
    }
    changes.append(&mut verifications);
    changes
}

/// What is left of former passwords goes when everything was opened with the new one; to remove it
/// is a change as well, so that the store is opened once more.
fn removals(state: &State, target: Stamp) -> Vec<Step> {
    let holdings = state.ledger.stores.iter();
    let untidy = holdings.filter(|(store, holding)| {
        let tried = state.progress(**store).is_some_and(|it| it.removal_tried);
        state.capabilities(**store).several_slots && holding.tidied != Some(target) && !tried
    });
    let steps = untidy.flat_map(|(store, _)| {
        let (store, keep) = (*store, target);
        let remove = Step::RemoveOld { store, keep };
        let with = target;
        [remove, Step::Verify { store, with }]
    });
    steps.collect()
}

/// Whether a store is, or may be, at the target: from there on it only goes forward. A new slot
/// commits to nothing, for the old one still opens.
fn begun(state: &State, target: Stamp) -> bool {
    let mut stores = state.ledger.stores.iter();
    stores.any(|(store, holding)| {
        !state.capabilities(*store).several_slots
            && (holding.belief.is_at(target) || holding.moving == Some(target))
    })
}

fn reachable(state: &State, store: StoreKind) -> bool {
    state.session || !state.capabilities(store).needs_session
}

/// Whether an envelope has just given back what opened the store last, and what it was being moved
/// to since: one of them opens it, unless somebody else has changed it.
fn recoverable(state: &State, store: StoreKind) -> bool {
    let kept = |stamp: Stamp| {
        state.has(SecretRef::Generation(stamp)) && state.ledger.envelopes.contains(stamp)
    };
    state.holding(store).is_some_and(|holding| {
        let last = holding.last.and_then(SecretRef::stamp);
        last.is_some_and(kept) && holding.moving.is_none_or(kept)
    })
}

const fn at(stamp: Stamp) -> SecretRef {
    SecretRef::Generation(stamp)
}

/// A name for a typed password on which no store rests.
fn unused_name(state: &State) -> SecretRef {
    let rests_on = |name: SecretRef| {
        let mut stores = state.ledger.stores.values();
        stores.any(|it| it.last == Some(name) || it.belief.opens_with() == Some(name))
    };
    (0..=u8::MAX)
        .map(SecretRef::Typed)
        .find(|name| !rests_on(*name))
        .unwrap_or(SecretRef::TYPED)
}

#[cfg(test)]
mod tests;
