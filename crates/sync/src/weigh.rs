//! What going on without the old password would cost: read off the real plan, before anything
//! happens.

use std::collections::BTreeSet;

use lockstep_model::{Code, StoreKind, WithoutOld};

use crate::check::check;
use crate::plan::{End, Step, plan};
use crate::state::State;

/// What follows if the person has no old password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weighing {
    /// What becomes of each store that the person is asked about, in the order in which they move.
    pub stores: Vec<(StoreKind, WithoutOld)>,
    /// Why it can't be done for all of them, if it can't: then [`crate::Input::Forgotten`] changes
    /// nothing and counts as [`crate::Input::Declined`] with this code.
    pub refused: Option<Code>,
}

/// Makes the plan as if the person had agreed; none while nobody is being asked.
#[must_use]
pub fn weigh(state: &State) -> Option<Weighing> {
    let mut agreed = state.clone();
    let asked = agreed.run.as_mut().and_then(|run| {
        let asked = run.asking.take()?.stores;
        run.forgotten.extend(asked.iter().copied());
        Some(asked)
    })?;
    let plan = plan(&agreed);
    let resets = plan.steps.iter().filter_map(|step| match step {
        Step::Reset { store, .. } => Some(*store),
        Step::Open { .. }
        | Step::Ask { .. }
        | Step::Preflight(_)
        | Step::Seal(_)
        | Step::Change { .. }
        | Step::Verify { .. }
        | Step::RemoveOld { .. }
        | Step::Retire(_) => None,
    });
    let resets: BTreeSet<StoreKind> = resets.collect();
    let refused = match plan.end {
        _ if asked.is_subset(&resets) => check(&plan, &agreed).err().map(|_| Code::PlanRefused),
        End::Stopped(code) => Some(code),
        End::InSync(_) | End::Idle => Some(Code::Internal),
    };
    let stores = asked.iter();
    let stores = stores.map(|store| (*store, state.capabilities(*store).without_old));
    Some(Weighing {
        stores: stores.collect(),
        refused,
    })
}
