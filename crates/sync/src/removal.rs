//! Whole flows of what is left of former passwords in a store with several slots.

use lockstep_model::{Code, StoreKind, StoreState, Timestamp};

use crate::fixture::{ACCOUNT, Bench, DISK, KEYCHAIN, config, g, linked, of, proved};
use crate::{Belief, Effect, Input, Mutation, Outcome, Record, State, Status, replay, step};

const ALL: &[StoreKind] = &[DISK, ACCOUNT, KEYCHAIN];
const REMOVE: &str = "remove old disk but 2";

fn moved(fault: Option<Outcome>) -> (Bench, Vec<String>) {
    let mut bench = Bench::over(linked(ALL)).session_up();
    bench.faults.extend(fault.map(|outcome| (REMOVE, outcome)));
    bench.feed(proved(g(2), &[of(1), of(2)]));
    let log = bench.taken();
    (bench, log)
}

fn is_in_sync(status: &Status) -> bool {
    let mut stores = status.stores.values();
    stores.all(|it| matches!(it, StoreState::InSync { .. }))
}

#[test]
fn what_is_old_goes_after_everything_was_opened_and_the_disk_is_opened_again() {
    for outcome in [
        Outcome::Applied,
        Outcome::Indeterminate,
        Outcome::NotApplied(Code::OldOpensDisk),
    ] {
        let (bench, log) = moved(Some(outcome));
        let at = log.iter().position(|it| it == REMOVE).unwrap();
        assert_eq!(log[at - 1], "probe keychain 2", "{log:?}");
        let rest = ["probe disk 2", "retire all but 2", "in sync at 2"];
        assert_eq!(log[at + 1..], rest, "{outcome:?}");
        assert!(is_in_sync(&bench.state.status()));
    }
}

#[test]
fn a_move_that_opened_its_store_is_not_opened_once_more() {
    let tested = Outcome::Opened(true);
    let moves = [
        "change disk 1 to 2",
        "change account 1 to 2",
        "change keychain 1 to 2",
        REMOVE,
    ];
    let mut bench = Bench::over(linked(ALL)).session_up();
    bench.faults.extend(moves.map(|line| (line, tested)));
    bench.feed(proved(g(2), &[of(1), of(2)]));
    let log = bench.taken();
    let from = log.iter().position(|it| it == moves[0]).unwrap();
    let rest = ["retire all but 2", "in sync at 2"];
    assert_eq!(log[from..], [&moves[..], &rest].concat());
    assert!(is_in_sync(&bench.state.status()));
    // What was removed is not removed again, and the journal says the same.
    let mut bench = Bench::over(replay(config(ALL), &bench.journal)).session_up();
    bench.feed(proved(g(2), &[of(2)]));
    assert!(!bench.taken().contains(&REMOVE.to_owned()));
}

#[test]
fn a_move_that_opened_its_store_before_a_drift_proves_nothing() {
    let mut state = linked(&[ACCOUNT]);
    state = step(state, Timestamp(0), proved(g(2), &[of(1), of(2)])).0;
    let end = |state: State, outcome| {
        let op = state.run.as_ref().unwrap().flight.unwrap().op;
        step(state, Timestamp(0), Input::Finished { op, outcome })
    };
    for outcome in [Outcome::Opened(true), Outcome::Applied, Outcome::Applied] {
        state = end(state, outcome).0;
    }
    state = step(state, Timestamp(0), Input::Drifted(ACCOUNT)).0;
    let (state, effects) = end(state, Outcome::Opened(true));
    let probes = |effect: &Effect| matches!(effect, Effect::Probe { .. });
    assert!(effects.iter().any(probes), "{effects:?}");
    assert_eq!(state.belief(ACCOUNT), Belief::Unknown);
}

#[test]
fn what_has_to_stay_is_remembered_and_tried_again_in_the_next_run() {
    let refused = Outcome::NotApplied(Code::OldOpensDisk);
    let (bench, _) = moved(Some(refused));
    let notices = |bench: &Bench| bench.state.status().notices;
    assert_eq!(notices(&bench), [(DISK, Code::OldOpensDisk)].into());
    let state = replay(config(ALL), &bench.journal);
    let state = replay(config(ALL), &[state.snapshot()]);
    assert!(is_in_sync(&state.status()));
    let mut bench = Bench::over(state).session_up();
    assert_eq!(notices(&bench), [(DISK, Code::OldOpensDisk)].into());
    bench.feed(proved(g(2), &[of(2)]));
    let log = bench.taken();
    assert!(log.contains(&REMOVE.to_owned()), "{log:?}");
    assert_eq!(log.last().unwrap(), "in sync at 2");
    assert!(notices(&bench).is_empty());
    bench.feed(proved(g(2), &[of(2)]));
    let log = bench.taken();
    assert!(!log.contains(&REMOVE.to_owned()), "once is enough: {log:?}");
}

#[test]
fn an_end_that_nobody_knows_is_tried_again_in_the_next_run() {
    let (mut bench, _) = moved(Some(Outcome::Indeterminate));
    bench.feed(proved(g(2), &[of(2)]));
    let log = bench.taken();
    assert!(log.contains(&REMOVE.to_owned()), "{log:?}");
}

#[test]
fn nothing_old_goes_while_a_store_waits() {
    let refused = Outcome::NotApplied(Code::StoreUnknown);
    let mut bench = Bench::over(linked(ALL))
        .session_up()
        .fault("change keychain 1 to 2", refused);
    bench.feed(proved(g(2), &[of(1), of(2)]));
    let log = bench.taken();
    assert!(!log.contains(&REMOVE.to_owned()), "{log:?}");
    let end = "stopped LS-4009, disk 2, account 2, keychain 1";
    assert_eq!(log.last().unwrap(), end, "not because the checker stops it");
}

#[test]
fn a_disk_that_no_longer_opens_after_the_removal_is_not_in_sync() {
    let mut bench = Bench::over(linked(&[DISK]));
    let state = std::mem::replace(&mut bench.state, linked(&[DISK]));
    let (mut state, mut effects) = step(state, bench.now, proved(g(2), &[of(1), of(2)]));
    let mut removed = false;
    while state.is_running() && !state.is_asking() {
        removed |= effects
            .iter()
            .any(|it| matches!(it, crate::Effect::RemoveOld { .. }));
        let probing = effects
            .iter()
            .any(|it| matches!(it, crate::Effect::Probe { .. }));
        let outcome = if probing {
            Outcome::Opened(!removed)
        } else {
            Outcome::Applied
        };
        let op = state.ledger.last_op;
        (state, effects) = step(state, bench.now, Input::Finished { op, outcome });
    }
    let declined = Input::Declined(Code::OldPasswordNeeded);
    let state = step(state, bench.now, declined).0;
    assert!(removed && !is_in_sync(&state.status()));
    assert_eq!(state.envelopes().count(), 2, "the old envelope stays");
}

#[test]
fn a_crash_in_the_middle_leaves_the_disk_unknown_and_opened_first() {
    let (bench, _) = moved(None);
    let intent = |record: &Record| {
        matches!(
            record,
            Record::Intent {
                mutation: Mutation::RemoveOld { .. },
                ..
            }
        )
    };
    let cut = bench.journal.iter().position(intent).unwrap();
    let state = replay(config(ALL), &bench.journal[..=cut]);
    assert_eq!(state.belief(DISK), Belief::Unknown);
    let mut again = Bench::over(state).session_up();
    again.opens = bench.opens;
    again.feed(proved(g(2), &[of(1), of(2)]));
    let log = again.taken();
    assert_eq!(log[0], "probe disk 2", "{log:?}");
    assert!(log.contains(&REMOVE.to_owned()), "{log:?}");
    assert_eq!(log.last().unwrap(), "in sync at 2");
}

#[test]
fn a_newer_password_in_the_middle_leaves_what_is_old_for_later() {
    let (mut bench, _) = moved(None);
    let (state, effects) = step(linked(ALL), bench.now, Input::SessionUp);
    assert!(effects.is_empty());
    bench.state = step(state, bench.now, proved(g(2), &[of(1), of(2)])).0;
    while bench
        .state
        .progress(DISK)
        .is_none_or(|it| !it.removal_tried)
    {
        let op = bench.state.ledger.last_op;
        let flight = bench.state.run.as_ref().and_then(|run| run.flight).unwrap();
        let probing = matches!(flight.operation, crate::state::Operation::Probe { .. });
        let outcome = if probing {
            Outcome::Opened(true)
        } else {
            Outcome::Applied
        };
        bench.state = step(bench.state, bench.now, Input::Finished { op, outcome }).0;
    }
    bench.state = step(bench.state, bench.now, proved(g(3), &[of(2), of(3)])).0;
    let op = bench.state.ledger.last_op;
    let outcome = Outcome::Applied;
    bench.feed(Input::Finished { op, outcome });
    let log = bench.taken();
    assert_eq!(log[0], "probe disk 2", "{log:?}");
    assert_eq!(log.iter().filter(|it| it.starts_with("remove")).count(), 1);
    assert_eq!(log.last().unwrap(), "in sync at 3", "{log:?}");
}

/// As it was written before anything old was ever removed: generation 1, then a move to 2.
const FORMER: &str = include_str!("removal/former.json");

#[test]
fn a_journal_from_before_removals_replays_and_what_is_old_is_removed_next() {
    let records: Vec<Record> = serde_json::from_str(FORMER).unwrap();
    let state = replay(config(ALL), &records);
    assert!(is_in_sync(&state.status()));
    let mut bench = Bench::over(state).session_up();
    bench.feed(proved(g(2), &[of(2)]));
    let log = bench.taken();
    assert!(log.contains(&REMOVE.to_owned()), "{log:?}");
}
