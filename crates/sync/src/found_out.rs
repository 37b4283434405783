//! Whole flows of a store whose change finds out by itself whether what opened it last still does.

use lockstep_model::{Code, StoreKind, Timestamp};

use crate::fixture::{ACCOUNT, Bench, DISK, KEYCHAIN, config, g, linked, of, proved};
use crate::{Belief, Effect, Input, Mutation, Outcome, Record, SecretRef, State, replay, step};

const TYPED: SecretRef = SecretRef::TYPED;
const ALL: &[StoreKind] = &[DISK, ACCOUNT, KEYCHAIN];
const CHANGE: &str = "change disk 1 to 2";

fn linked_up() -> Bench {
    Bench::over(linked(ALL)).session_up()
}

/// A disk that somebody gave another password, unnoticed.
fn adrift(opens: SecretRef) -> Bench {
    let mut bench = linked_up();
    bench.opens.insert(DISK, opens);
    bench
}

/// What the machine did until its first change or question.
fn beginning(mut bench: Bench) -> Vec<String> {
    bench.feed(proved(g(2), &[of(1), of(2)]));
    let log = bench.taken();
    let ends = |it: &String| it.starts_with("change") || it.starts_with("ask");
    let end = log.iter().position(ends).unwrap_or(log.len());
    log[..end].to_vec()
}

#[test]
fn a_change_that_does_not_open_its_store_is_the_probe_that_says_so() {
    let mut bench = adrift(TYPED);
    bench.feed(proved(g(2), &[of(1), of(2)]));
    let want = [
        "probe account 1",
        "probe keychain 1",
        "preflight disk",
        "preflight account",
        "preflight keychain",
        "seal 2",
        CHANGE,
        "probe disk 2",
        "ask {Disk}",
    ];
    assert_eq!(bench.taken(), want);
    assert_eq!(bench.state.belief(DISK), Belief::OpensNone);
    bench.feed(Input::OldTyped);
    let log = bench.taken();
    let want = ["probe disk typed", "change disk typed to 2", "probe disk 2"];
    assert_eq!(log[..3], want);
    assert_eq!(log.last().unwrap(), "in sync at 2");
}

#[test]
fn what_else_is_at_hand_is_tried_before_anybody_is_asked() {
    let mut bench = adrift(of(3));
    bench.feed(proved(g(4), &[of(1), of(2), of(3), of(4)]));
    let log = bench.taken();
    let at = log.iter().position(|it| it == "change disk 1 to 4");
    let want = [
        "probe disk 4",
        "probe disk 3",
        "change disk 3 to 4",
        "probe disk 4",
        "change account 1 to 4",
    ];
    assert_eq!(log[at.unwrap() + 1..][..5], want);
    assert_eq!(log.last().unwrap(), "in sync at 4");
}

#[test]
fn who_does_not_know_it_either_is_told_before_anything_has_changed() {
    let before = adrift(TYPED).opens;
    for answer in [Input::Declined(Code::OldPasswordNeeded), Input::Forgotten] {
        let mut bench = adrift(TYPED);
        bench.feed(proved(g(2), &[of(1), of(2)]));
        bench.taken();
        bench.feed(answer);
        let log = bench.taken();
        assert!(log.last().unwrap().starts_with("stopped LS-"), "{log:?}");
        assert!(
            log.last()
                .unwrap()
                .ends_with(", disk ?, account 1, keychain 1")
        );
        assert_eq!(bench.opens, before);
        // The next run opens it before it changes anything.
        bench.feed(proved(g(2), &[of(1), of(2)]));
        assert_eq!(bench.taken()[..2], ["probe disk 2", "probe disk 1"]);
    }
}

#[test]
fn a_doubt_is_opened_beforehand() {
    let opened = |bench: Bench| beginning(bench).contains(&"probe disk 1".to_owned());
    assert!(!opened(linked_up()));
    let mut noticed = linked_up();
    noticed.feed(Input::Drifted(DISK));
    assert!(opened(noticed), "a drift");
    let mut refused = linked_up().fault(CHANGE, Outcome::Indeterminate);
    refused
        .faults
        .push(("probe disk 2", Outcome::Indeterminate));
    refused.feed(proved(g(2), &[of(1), of(2)]));
    refused.taken();
    refused.opens.insert(DISK, of(1));
    assert!(opened(refused), "an end that nobody knows");
    let mut unreachable = linked_up();
    let shut = Record::Unreachable {
        store: DISK,
        code: Code::DiskUnreachable,
    };
    unreachable.state.ledger.apply(&shut);
    assert!(opened(unreachable), "out of reach");
    let mut unable = linked_up();
    let disk = unable.state.config.stores.get_mut(&DISK).unwrap();
    disk.change_opens_first = false;
    assert!(opened(unable), "another kind of store");
    let fresh = Bench::over(State::new(config(ALL))).session_up();
    let log = beginning(fresh);
    assert!(log.contains(&"probe disk 2".to_owned()), "linking: {log:?}");
}

#[test]
fn a_typed_password_is_no_evidence() {
    let mut state = linked(&[DISK, ACCOUNT]);
    let at = Timestamp(0);
    let (store, with) = (DISK, TYPED);
    state.ledger.apply(&Record::Opened { store, with, at });
    let mut bench = Bench::over(state);
    bench.feed(proved(g(2), &[of(1), of(2), TYPED]));
    assert_eq!(bench.taken()[0], "probe disk typed");
}

#[test]
fn where_another_store_needs_a_question_all_are_opened_before_it_is_put() {
    let mut bench = adrift(TYPED);
    bench.opens.insert(KEYCHAIN, TYPED);
    bench.feed(proved(g(2), &[of(1), of(2)]));
    let log = bench.taken();
    assert!(log.contains(&"probe disk 1".to_owned()), "{log:?}");
    assert!(!log.iter().any(|it| it.starts_with("seal")), "{log:?}");
    assert_eq!(log.last().unwrap(), "ask {Disk, Keychain}", "one for both");
}

#[test]
fn an_end_that_nobody_knows_is_probed_as_ever() {
    let mut bench = linked_up().fault(CHANGE, Outcome::Indeterminate);
    bench.feed(proved(g(2), &[of(1), of(2)]));
    let log = bench.taken();
    let at = log.iter().position(|it| it == CHANGE).unwrap();
    assert_eq!(log[at + 1], "probe disk 2");
    assert_eq!(log.last().unwrap(), "in sync at 2");
}

#[test]
fn a_verdict_is_taken_only_from_a_store_that_can_give_it() {
    let mut bench = linked_up().fault("change account 1 to 2", Outcome::Opened(false));
    bench.feed(proved(g(2), &[of(1), of(2)]));
    let of_account = |record: &&Record| {
        let Record::Finished { mutation, .. } = record else {
            return false;
        };
        matches!(mutation, Mutation::Change { store, .. } if *store == ACCOUNT)
    };
    let written = bench.journal.iter().find(of_account);
    let unknown = |record: &Record| {
        let Record::Finished { outcome, .. } = record else {
            return false;
        };
        *outcome == Outcome::Indeterminate
    };
    assert!(written.is_some_and(unknown), "{written:?}");
    assert_eq!(bench.taken().last().unwrap(), "in sync at 2");
}

#[test]
fn a_verdict_that_a_drift_overtook_says_nothing() {
    let mut state = linked(&[DISK]);
    state = step(state, Timestamp(0), proved(g(2), &[of(1), of(2)])).0;
    let end = |state: State, outcome| {
        let op = state.run.as_ref().unwrap().flight.unwrap().op;
        step(state, Timestamp(0), Input::Finished { op, outcome })
    };
    for _ in ["preflight", "seal"] {
        state = end(state, Outcome::Applied).0;
    }
    state = step(state, Timestamp(0), Input::Drifted(DISK)).0;
    let (state, effects) = end(state, Outcome::Opened(false));
    let again = |effect: &Effect| matches!(effect, Effect::Probe { with, .. } if *with == of(1));
    assert!(effects.iter().any(again), "{effects:?}");
    assert_eq!(state.belief(DISK), Belief::Unknown);
}

#[test]
fn every_prefix_of_its_journal_replays_to_the_same_or_less() {
    let mut bench = adrift(TYPED);
    bench.feed(proved(g(2), &[of(1), of(2)]));
    let begun = |record: &Record| {
        let Record::Intent { mutation, .. } = record else {
            return false;
        };
        matches!(mutation, Mutation::Change { .. })
    };
    let begun = bench.journal.iter().position(begun).unwrap();
    for length in begun + 1..=bench.journal.len() {
        let state = replay(config(ALL), &bench.journal[..length]);
        assert_eq!(state.belief(DISK).opens_with(), None, "{length}");
        let mut again = Bench::over(state).session_up();
        again.opens.clone_from(&bench.opens);
        let opened = beginning(again);
        assert!(opened.contains(&"probe disk 1".to_owned()), "{length}");
    }
    let whole = replay(config(ALL), &bench.journal);
    assert_eq!(whole.ledger.stores, bench.state.ledger.stores);
}
