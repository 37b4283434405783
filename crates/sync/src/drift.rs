//! Whole flows of stores that were changed from outside, without a new generation.

use lockstep_model::{Code, StoreKind, StoreState, Timestamp};

use crate::fixture::{ACCOUNT, Bench, DISK, KEYCHAIN, g, linked, of, proved};
use crate::{Belief, Budget, Input, Outcome, SecretRef};

const TYPED: SecretRef = SecretRef::TYPED;
const ALL: &[StoreKind] = &[DISK, ACCOUNT, KEYCHAIN];

/// Everything in step at generation 1, then the account is changed to a local password.
fn drifted() -> Bench {
    let mut bench = Bench::over(linked(ALL)).session_up();
    // What is old was removed before.
    bench.feed(proved(g(1), &[of(1)]));
    bench.opens.insert(ACCOUNT, TYPED);
    bench.feed(Input::Drifted(ACCOUNT));
    bench.taken();
    bench
}

#[test]
fn a_drift_is_shown_and_the_other_stores_stay_in_sync() {
    let bench = drifted();
    let status = bench.state.status();
    let needs_you = |store| matches!(status.stores[&store], StoreState::NeedsYou { .. });
    let in_sync = |store| matches!(status.stores[&store], StoreState::InSync { .. });
    assert!(needs_you(ACCOUNT) && in_sync(DISK) && in_sync(KEYCHAIN));
    assert_eq!(status.pending, None, "there is no new generation");
}

#[test]
fn a_drift_is_mended_with_one_question() {
    let mut bench = drifted();
    bench.feed(proved(g(1), &[of(1)]));
    let want = [
        "probe disk 1",
        "probe account 1",
        "probe keychain 1",
        "preflight account",
        "ask {Account}",
    ];
    assert_eq!(bench.taken(), want);
    bench.feed(Input::OldTyped);
    let want = [
        "probe account typed",
        "change account typed to 1",
        "probe account 1",
        "in sync at 1",
    ];
    assert_eq!(bench.taken(), want);
}

#[test]
fn what_was_typed_beside_the_proof_is_tried_first_where_it_is_likely_and_nothing_is_asked() {
    let mut bench = drifted();
    bench.feed(proved(g(1), &[of(1), TYPED]));
    let want = [
        "probe disk 1",
        "probe account typed",
        "probe keychain 1",
        "preflight account",
        "change account typed to 1",
        "probe account 1",
        "in sync at 1",
    ];
    assert_eq!(bench.taken(), want);
}

#[test]
fn a_doubt_without_a_change_costs_one_look() {
    let mut bench = drifted();
    bench.opens.insert(ACCOUNT, of(1));
    bench.feed(proved(g(1), &[of(1)]));
    let want = [
        "probe disk 1",
        "probe account 1",
        "probe keychain 1",
        "in sync at 1",
    ];
    assert_eq!(bench.taken(), want);
}

#[test]
fn each_store_has_its_own_candidates_when_a_new_generation_comes_on_top() {
    let mut bench = drifted();
    bench.feed(proved(g(2), &[of(1), of(2), TYPED]));
    let log = bench.taken();
    let first = ["probe account typed", "probe keychain 1", "preflight disk"];
    assert_eq!(log[..3], first);
    assert_eq!(log.last().unwrap(), "in sync at 2", "{log:?}");
    assert!(!log.iter().any(|it| it.starts_with("ask")), "{log:?}");
}

#[test]
fn guesses_stop_at_the_budget_the_likeliest_having_been_tried() {
    let mut bench = drifted();
    bench.opens.insert(ACCOUNT, SecretRef::Typed(9));
    bench.state.config.budget = Budget {
        attempts: 2,
        window: 60_000,
    };
    bench.feed(proved(g(4), &[of(1), of(2), of(3), of(4), TYPED]));
    let want = [
        "probe account typed",
        "probe account 1",
        "stopped LS-2012, disk 1, account ?, keychain 1",
    ];
    assert_eq!(bench.taken(), want);
    let problem = StoreState::Problem {
        code: Code::TooManyAttempts,
    };
    assert_eq!(bench.state.status().stores[&ACCOUNT], problem);
}

/// An account that nothing in the six envelopes opens, where three guesses a minute are allowed.
fn outguessed() -> Bench {
    let mut bench = drifted();
    bench.opens.insert(ACCOUNT, SecretRef::Typed(0));
    bench.state.config.budget = Budget {
        attempts: 3,
        window: 60_000,
    };
    bench
}

fn six() -> Vec<SecretRef> {
    (1..=6).map(of).collect()
}

/// What a run guesses the account's password to be, and how it ends.
fn guesses(bench: &mut Bench, minutes: i64) -> Vec<String> {
    bench.now = Timestamp(bench.now.0 + minutes * 60_000);
    bench.feed(proved(g(6), &six()));
    let of_account = |it: &String| {
        let probe = it.starts_with("probe account");
        probe || it.starts_with("ask") || it.starts_with("stopped")
    };
    bench.taken().into_iter().filter(of_account).collect()
}

#[test]
fn more_envelopes_than_guesses_come_to_an_end() {
    const WAITS: &str = "stopped LS-2012, disk 1, account ?, keychain 1";
    let mut bench = outguessed();
    let first = [
        "probe account 1",
        "probe account 6",
        "probe account 5",
        WAITS,
    ];
    assert_eq!(guesses(&mut bench, 1), first);
    let second = [
        "probe account 6",
        "probe account 4",
        "probe account 3",
        WAITS,
    ];
    assert_eq!(guesses(&mut bench, 1), second);
    let third = ["probe account 6", "probe account 2", "ask {Account}"];
    assert_eq!(guesses(&mut bench, 1), third);
    bench.feed(Input::OldTyped);
    assert_eq!(bench.taken().last().unwrap(), "in sync at 6");
}

#[test]
fn a_guess_is_made_again_after_a_change_from_outside_or_an_hour() {
    let mut bench = outguessed();
    let first = guesses(&mut bench, 1);
    bench.feed(Input::Drifted(ACCOUNT));
    let again = ["probe account 6", "probe account 5", "probe account 4"];
    assert_eq!(guesses(&mut bench, 1)[..3], again, "after {first:?}");
    assert_eq!(guesses(&mut bench, 1)[1], "probe account 3");
    assert_eq!(guesses(&mut bench, 60)[..3], again);
}

#[test]
fn a_drift_while_the_store_is_opened_is_not_overlooked() {
    let mut bench = drifted();
    bench.opens.insert(ACCOUNT, of(1));
    let (state, _) = crate::step(bench.state, bench.now, proved(g(1), &[of(1)]));
    let op = state.ledger.last_op;
    let (state, _) = crate::step(state, bench.now, Input::Drifted(DISK));
    let outcome = Outcome::Opened(true);
    bench.state = crate::step(state, bench.now, Input::Finished { op, outcome }).0;
    assert_eq!(bench.state.belief(DISK), Belief::Unknown);
}
