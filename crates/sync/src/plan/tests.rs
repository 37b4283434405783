//! What is planned, and how it reads.

use lockstep_model::Timestamp;

use super::*;
use crate::fixture::{ACCOUNT, KEYCHAIN, config, g, linked, of, proved};
use crate::step;

#[test]
fn a_plan_reads_as_plain_words() {
    let state = linked(&[ACCOUNT]);
    assert_eq!(
        plan(&state).to_string(),
        "Nothing to do until the current password is proved."
    );
    let state = step(state, Timestamp(0), proved(g(2), &[of(1), of(2)])).0;
    assert_eq!(
        plan(&state).to_string(),
        "1. Open the account with the password of generation 1, \
         else the password of generation 2, changing nothing\n\
         2. Check that the account could take the new password\n\
         3. Seal the password of generation 2 and open the copy\n\
         4. Move the account from the password of generation 1 to the password of generation 2\n\
         5. Open the account with the password of generation 2\n\
         6. Drop every envelope but that of generation 2\n\
         Then everything is in step with generation 2."
    );
}

#[test]
fn the_likeliest_candidate_comes_first() {
    let mut state = linked(&[ACCOUNT]);
    let secrets = [of(1), of(2), of(3), of(4), SecretRef::TYPED];
    state = step(state, Timestamp(0), proved(g(4), &secrets)).0;
    let want = [of(1), of(4), of(3), of(2), SecretRef::TYPED];
    assert_eq!(candidates(&state, ACCOUNT), want, "what opened it last");
    if let Some(holding) = state.ledger.stores.get_mut(&ACCOUNT) {
        (holding.belief, holding.moving) = (Belief::Unknown, Some(g(3)));
    }
    let want = [of(3), of(1), of(4), of(2), SecretRef::TYPED];
    assert_eq!(
        candidates(&state, ACCOUNT),
        want,
        "where it was being moved to"
    );
}

#[test]
fn a_store_that_cannot_be_tried_is_never_moved() {
    let mut state = State::new(config(&[ACCOUNT, KEYCHAIN]));
    state.session = true;
    if let Some(capabilities) = state.config.stores.get_mut(&KEYCHAIN) {
        capabilities.verify_without_change = false;
    }
    let (state, effects) = step(state, Timestamp(0), proved(g(1), &[of(1)]));
    assert!(!state.is_running(), "{effects:?}");
}
