//! Looks that come before the plan's next mutation: a shell may begin them early, all at once.
//!
//! The machine still takes one after the other, and none after a change was begun before it. A store
//! that counts wrong passwords is only tried with what opened it last: a guess is the machine's to
//! spend.

use lockstep_model::StoreKind;

use crate::plan::{Step, plan};
use crate::secret_ref::SecretRef;
use crate::state::State;

/// Something that changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Whether a secret opens a store: [`crate::Effect::Probe`].
    Probe {
        /// Which store.
        store: StoreKind,
        /// With which secret.
        with: SecretRef,
    },
    /// Whether a store could take a password: [`crate::Effect::Preflight`].
    Preflight {
        /// Which store.
        store: StoreKind,
        /// The new password.
        with: SecretRef,
    },
}

/// What the plan looks at before it changes anything, in its order.
#[must_use]
pub fn looks(state: &State) -> Vec<Look> {
    let plan = plan(state);
    let steps = plan.steps.iter().map_while(|step| match step {
        Step::Open { store, candidates } => {
            let first = candidates.first().copied();
            Some(first.and_then(|with| probe(state, *store, with)))
        }
        Step::Verify { store, with } => Some(probe(state, *store, SecretRef::Generation(*with))),
        Step::Preflight(store) => {
            let store = *store;
            let target = state.target().map(SecretRef::Generation);
            Some(target.map(|with| Look::Preflight { store, with }))
        }
        Step::Ask { .. }
        | Step::Seal(_)
        | Step::Change { .. }
        | Step::Reset { .. }
        | Step::RemoveOld { .. }
        | Step::Retire(_) => None,
    });
    steps.flatten().collect()
}

fn probe(state: &State, store: StoreKind, with: SecretRef) -> Option<Look> {
    let guess = state.capabilities(store).counts_attempts
        && state.holding(store).and_then(|holding| holding.last) != Some(with);
    (!guess).then_some(Look::Probe { store, with })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{ACCOUNT, DISK, KEYCHAIN, g, linked, of, proved};
    use crate::{Input, step};
    use lockstep_model::Timestamp;

    #[test]
    fn what_comes_before_the_first_change_is_named_but_no_guess() {
        let mut state = linked(&[DISK, ACCOUNT, KEYCHAIN]);
        state.session = true;
        assert_eq!(looks(&state), []);
        let now = Timestamp(0);
        let state = step(state, now, proved(g(2), &[of(1), of(2)])).0;
        let with = of(1);
        let probe = |store| Look::Probe { store, with };
        let with = of(2);
        let preflight = |store| Look::Preflight { store, with };
        let judged = [DISK, ACCOUNT, KEYCHAIN].map(preflight);
        // The disk's change finds out by itself.
        let opened = [ACCOUNT, KEYCHAIN].map(probe);
        assert_eq!(looks(&state), [&opened[..], &judged].concat());
        let state = step(state, now, Input::SecretsLost).0;
        assert_eq!(looks(&state), []);
    }

    #[test]
    fn a_store_that_counts_is_not_guessed_at() {
        let drifted = step(linked(&[ACCOUNT]), Timestamp(0), Input::Drifted(ACCOUNT)).0;
        let typed = SecretRef::TYPED;
        let proof = proved(g(1), &[of(1), typed]);
        let state = step(drifted, Timestamp(0), proof).0;
        // What was typed comes first, and did not open it before.
        assert_eq!(
            looks(&state).first(),
            Some(&Look::Preflight {
                store: ACCOUNT,
                with: of(1),
            })
        );
    }
}
