//! Whole flows: what is put in, and what the machine does about it.

use lockstep_model::{Code, StoreState, Timestamp};

use crate::fixture::{ACCOUNT, Bench, DISK, KEYCHAIN, config, g, linked, of, proved, restored};
use crate::{Belief, Effect, Input, OpId, Outcome, SecretRef, State, replay, step};

const TYPED: SecretRef = SecretRef::TYPED;
const ALL: &[lockstep_model::StoreKind] = &[DISK, ACCOUNT, KEYCHAIN];

#[track_caller]
fn check(bench: &mut Bench, input: Input, want: &[&str]) {
    bench.feed(input);
    assert_eq!(bench.taken(), want);
}

#[test]
fn one_prompt_moves_the_account() {
    let mut bench = Bench::over(linked(&[ACCOUNT]));
    check(&mut bench, Input::Announced(g(2)), &[]);
    assert_eq!(bench.state.status().pending, Some(g(2)));
    check(
        &mut bench,
        proved(g(2), &[of(1), of(2)]),
        &[
            "probe account 1",
            "preflight account",
            "seal 2",
            "change account 1 to 2",
            "probe account 2",
            "retire all but 2",
            "in sync at 2",
        ],
    );
    let status = bench.state.status();
    let tested = StoreState::InSync {
        generation: g(2).generation,
        tested_at: Timestamp(0),
    };
    assert_eq!((status.pending, &status.stores[&ACCOUNT]), (None, &tested));
}

#[test]
fn three_stores_move_in_order() {
    let mut bench = Bench::over(linked(ALL)).session_up();
    check(
        &mut bench,
        proved(g(2), &[of(1), of(2)]),
        &[
            "probe account 1",
            "probe keychain 1",
            "preflight disk",
            "preflight account",
            "preflight keychain",
            "seal 2",
            "change disk 1 to 2",
            "probe disk 2",
            "change account 1 to 2",
            "change keychain 1 to 2",
            "probe account 2",
            "probe keychain 2",
            "remove old disk but 2",
            "probe disk 2",
            "retire all but 2",
            "in sync at 2",
        ],
    );
}

#[test]
fn the_old_password_is_asked_for_once_and_last() {
    let mut bench = Bench::over(State::new(config(&[ACCOUNT, KEYCHAIN]))).session_up();
    check(
        &mut bench,
        proved(g(1), &[of(1)]),
        &[
            "probe account 1",
            "probe keychain 1",
            "preflight account",
            "preflight keychain",
            "ask {Account, Keychain}",
        ],
    );
    bench.opens.insert(KEYCHAIN, SecretRef::Typed(1));
    check(
        &mut bench,
        Input::OldTyped,
        &[
            "probe account typed",
            "probe keychain typed",
            "ask {Keychain} again",
        ],
    );
    check(
        &mut bench,
        Input::OldTyped,
        &[
            "probe keychain typed 1",
            "seal 1",
            "change account typed to 1",
            "change keychain typed 1 to 1",
            "probe account 1",
            "probe keychain 1",
            "in sync at 1",
        ],
    );
}

#[test]
fn a_wrong_old_password_is_asked_for_again_under_the_same_name() {
    let mut bench = Bench::over(State::new(config(&[KEYCHAIN]))).session_up();
    bench.opens.insert(KEYCHAIN, of(9));
    bench.feed(proved(g(1), &[of(1)]));
    bench.taken();
    let again = ["probe keychain typed", "ask {Keychain} again"];
    check(&mut bench, Input::OldTyped, &again);
    check(&mut bench, Input::OldTyped, &again);
}

#[test]
fn linking_tries_the_typed_password_first() {
    let mut bench = Bench::over(State::new(config(&[ACCOUNT])));
    bench.feed(proved(g(1), &[of(1), TYPED]));
    assert_eq!(bench.taken()[0], "probe account typed");
    assert!(bench.opens[&ACCOUNT] == of(1) && !bench.state.is_running());
}

#[test]
fn what_was_heard_while_the_person_was_asked_goes_before_the_answer() {
    let typed = || Input::OldTyped;
    let declined = || Input::Declined(Code::OldPasswordNeeded);
    let forgotten = || Input::Forgotten;
    for answer in [typed, declined, forgotten] {
        let mut bench = Bench::over(linked(&[ACCOUNT, KEYCHAIN])).session_up();
        // The account can follow and the keychain can't, so that any answer leads on.
        bench.opens.insert(KEYCHAIN, TYPED);
        bench.feed(proved(g(2), &[of(1), of(2)]));
        assert!(bench.state.is_asking());
        assert_eq!(bench.state.overtaken_by(None), None);
        assert_eq!(bench.state.overtaken_by(Some(g(2))), None);
        assert_eq!(bench.state.overtaken_by(Some(g(1))), None);
        assert_eq!(bench.state.overtaken_by(Some(restored(9))), None);
        assert_eq!(bench.state.overtaken_by(Some(g(3))), Some(g(3)));
        bench.taken();
        bench.feed(Input::Announced(g(3)));
        bench.feed(answer());
        let want = ["stopped LS-2006, account 1, keychain ?"];
        assert_eq!(bench.taken(), want);
        assert_eq!(bench.opens[&ACCOUNT], of(1));
    }
}

#[test]
fn declining_changes_nothing() {
    let mut bench = Bench::over(State::new(config(&[ACCOUNT])));
    bench.feed(proved(g(1), &[of(1)]));
    bench.taken();
    check(
        &mut bench,
        Input::Declined(Code::OldPasswordNeeded),
        &["stopped LS-2010, account ?"],
    );
    let problem = StoreState::Problem {
        code: Code::OldPasswordNeeded,
    };
    assert_eq!(bench.state.status().stores[&ACCOUNT], problem);
    check(&mut bench, Input::OldTyped, &[]);
}

#[test]
fn what_is_refused_before_the_first_change_leaves_everything() {
    for line in ["probe account 1", "preflight account"] {
        let refused = Outcome::NotApplied(Code::AccountLocked);
        let mut bench = Bench::over(linked(ALL)).session_up().fault(line, refused);
        bench.feed(proved(g(2), &[of(1), of(2)]));
        let log = bench.taken();
        assert!(log.iter().all(|it| !it.starts_with("change")), "{log:?}");
        assert!(
            log.last()
                .is_some_and(|it| it.starts_with("stopped LS-4001")),
            "{log:?}"
        );
    }
    let refused = Outcome::NotApplied(Code::AccountRefused);
    let mut bench = Bench::over(linked(&[ACCOUNT, KEYCHAIN])).session_up();
    bench.faults.push(("change account 1 to 2", refused));
    bench.feed(proved(g(2), &[of(1), of(2)]));
    let log = bench.taken();
    assert_eq!(
        log.last().unwrap(),
        "stopped LS-4006, account 1, keychain 1",
        "{log:?}"
    );
}

#[test]
fn after_the_first_change_it_only_goes_forward() {
    let refused = Outcome::NotApplied(Code::StoreUnknown);
    let mut bench = Bench::over(linked(ALL))
        .session_up()
        .fault("change keychain 1 to 2", refused);
    bench.feed(proved(g(2), &[of(1), of(2)]));
    let log = bench.taken();
    let end = "stopped LS-4009, disk 2, account 2, keychain 1";
    assert_eq!(log.last().unwrap(), end, "{log:?}");
    assert_eq!(bench.state.envelopes().count(), 2, "the old envelope stays");
    bench.feed(proved(g(2), &[of(1), of(2)]));
    assert_eq!(bench.taken().last().unwrap(), "in sync at 2");
}

#[test]
fn a_new_slot_commits_to_nothing() {
    let refused = Outcome::NotApplied(Code::AccountRefused);
    for line in ["change account 1 to 2", "preflight account"] {
        let mut bench = Bench::over(linked(ALL)).session_up();
        if line == "preflight account" {
            let lost = Outcome::NotApplied(Code::StoreUnknown);
            bench.faults.push(("change account 1 to 2", lost));
            bench.feed(proved(g(2), &[of(1), of(2)]));
            bench.taken();
        }
        bench.faults.push((line, refused));
        bench.feed(proved(g(2), &[of(1), of(2)]));
        let log = bench.taken();
        let end = "stopped LS-4006, disk 2, account 1, keychain 1";
        assert_eq!(log.last().unwrap(), end, "{log:?}");
    }
}

#[test]
fn a_change_without_a_known_end_is_probed_before_anything_else_moves() {
    let mut bench = Bench::over(linked(&[ACCOUNT, KEYCHAIN])).session_up();
    bench
        .faults
        .push(("change account 1 to 2", Outcome::Indeterminate));
    bench.feed(proved(g(2), &[of(1), of(2)]));
    let log = bench.taken();
    let at = log
        .iter()
        .position(|it| it == "change account 1 to 2")
        .unwrap();
    assert_eq!(
        &log[at + 1..at + 3],
        ["probe account 2", "change keychain 1 to 2"]
    );
    assert_eq!(log.last().unwrap(), "in sync at 2");
}

#[test]
fn a_report_of_success_is_not_believed() {
    let mut state = linked(&[ACCOUNT]);
    let mut bench = Bench::over(state.clone());
    bench
        .faults
        .push(("probe account 2", Outcome::Opened(false)));
    bench
        .faults
        .push(("probe account 1", Outcome::Opened(true)));
    bench
        .faults
        .push(("probe account 1", Outcome::Opened(true)));
    bench.feed(proved(g(2), &[of(1), of(2)]));
    assert_eq!(bench.taken().last().unwrap(), "stopped LS-4008, account 1");
    state = bench.state;
    assert_eq!(state.envelopes().count(), 2);
}

#[test]
fn a_newer_stamp_in_the_middle_is_a_new_target() {
    let mut bench = Bench::over(linked(&[ACCOUNT]));
    let (mut state, mut op) = (bench.state.clone(), OpId(0));
    state = step(state, bench.now, proved(g(2), &[of(1), of(2)])).0;
    for _ in 0..3 {
        op = OpId(state.ledger.last_op.0);
        let probe = state.opened_in_run(ACCOUNT).is_none();
        let outcome = if probe {
            Outcome::Opened(true)
        } else {
            Outcome::Applied
        };
        state = step(state, bench.now, Input::Finished { op, outcome }).0;
    }
    assert!(
        state.belief(ACCOUNT) == Belief::Unknown,
        "the change is under way"
    );
    bench.state = step(state, bench.now, proved(g(3), &[of(3)])).0;
    bench.opens.insert(ACCOUNT, of(2));
    let op = OpId(op.0 + 1);
    check(
        &mut bench,
        Input::Finished {
            op,
            outcome: Outcome::Applied,
        },
        &[
            "probe account 2",
            "preflight account",
            "seal 3",
            "change account 2 to 3",
            "probe account 3",
            "retire all but 3",
            "in sync at 3",
        ],
    );
}

#[test]
fn an_announcement_in_the_middle_ends_the_run() {
    let mut bench = Bench::over(State::new(config(&[ACCOUNT])));
    bench.feed(proved(g(1), &[of(1)]));
    bench.taken();
    check(
        &mut bench,
        Input::Announced(g(2)),
        &["stopped LS-2006, account ?"],
    );
}

#[test]
fn another_epoch_and_older_generations_are_reported_only() {
    let mut bench = Bench::over(linked(&[ACCOUNT]));
    bench.feed(Input::Announced(g(2)));
    for odd in [restored(7), g(1)] {
        check(&mut bench, Input::Announced(odd), &[]);
        assert_eq!(bench.state.status().odd, Some(odd));
        assert_eq!(bench.state.known(), Some(g(2)));
    }
    check(
        &mut bench,
        proved(g(1), &[of(1)]),
        &["stopped LS-2006, account 1"],
    );
    bench.feed(proved(
        restored(1),
        &[of(1), SecretRef::Generation(restored(1))],
    ));
    assert_eq!(bench.taken().last().unwrap(), "in sync at 1");
    assert_eq!(bench.state.status().odd, None);
    assert!(bench.state.envelopes().eq([restored(1)]));
}

#[test]
fn a_missing_session_stops_only_what_cannot_be_recovered() {
    let mut bench = Bench::over(linked(&[ACCOUNT, KEYCHAIN]));
    bench.feed(proved(g(2), &[of(1), of(2)]));
    assert_eq!(
        bench.taken().last().unwrap(),
        "stopped LS-4009, account 2, keychain 1"
    );
    let mut bench = Bench::over(linked(&[ACCOUNT, KEYCHAIN]));
    check(
        &mut bench,
        proved(g(2), &[of(2)]),
        &["stopped LS-4009, account 1, keychain 1"],
    );
}

#[test]
fn drift_is_brought_back_in_step() {
    let mut bench = Bench::over(linked(&[ACCOUNT]));
    bench.opens.insert(ACCOUNT, TYPED);
    check(&mut bench, Input::Drifted(ACCOUNT), &[]);
    assert!(matches!(
        bench.state.status().stores[&ACCOUNT],
        StoreState::NeedsYou { .. }
    ));
    bench.feed(proved(g(1), &[of(1)]));
    assert_eq!(bench.taken().last().unwrap(), "ask {Account}");
    bench.feed(Input::OldTyped);
    assert_eq!(bench.taken().last().unwrap(), "in sync at 1");
}

#[test]
fn wrong_guesses_are_counted_and_right_ones_forgive() {
    let mut bench = Bench::over(State::new(config(&[ACCOUNT])));
    bench.opens.insert(ACCOUNT, of(9));
    bench.feed(proved(g(1), &[of(1)]));
    for _ in 0..4 {
        bench.feed(Input::OldTyped);
    }
    assert_eq!(bench.taken().last().unwrap(), "ask {Account} again");
    check(&mut bench, Input::OldTyped, &["stopped LS-2012, account ?"]);
    bench.now = Timestamp(60_000);
    bench.opens.insert(ACCOUNT, of(1));
    bench.feed(proved(g(1), &[of(1)]));
    assert_eq!(bench.taken().last().unwrap(), "in sync at 1");
    assert!(bench.state.failures(ACCOUNT).is_empty());
}

#[test]
fn lost_secrets_end_the_run() {
    let mut bench = Bench::over(State::new(config(&[ACCOUNT])));
    bench.feed(proved(g(1), &[of(1)]));
    bench.taken();
    check(
        &mut bench,
        Input::SecretsLost,
        &["stopped LS-2008, account ?"],
    );
}

#[test]
fn a_stranger_to_the_run_is_ignored() {
    let state = step(
        linked(&[ACCOUNT]),
        Timestamp(0),
        proved(g(2), &[of(1), of(2)]),
    )
    .0;
    let late = Input::Finished {
        op: OpId(77),
        outcome: Outcome::Opened(true),
    };
    let (after, effects) = step(state.clone(), Timestamp(0), late);
    assert_eq!((after, effects), (state, Vec::<Effect>::new()));
}

#[test]
fn every_prefix_of_a_journal_replays_to_the_same_or_less() {
    let mut bench = Bench::over(linked(ALL)).session_up();
    bench
        .faults
        .push(("change account 1 to 2", Outcome::Indeterminate));
    bench.feed(proved(g(2), &[of(1), of(2)]));
    let config = config(ALL);
    for length in 0..=bench.journal.len() {
        let prefix = &bench.journal[..length];
        let once = replay(config.clone(), prefix);
        assert_eq!(replay(config.clone(), &[prefix, prefix].concat()), once);
        let text = serde_json::to_string(prefix).unwrap();
        let read: Vec<crate::Record> = serde_json::from_str(&text).unwrap();
        assert_eq!(replay(config.clone(), &read), once);
        assert_eq!(replay(config.clone(), &[once.snapshot()]), once);
        if let Some(crate::Record::Intent {
            mutation: crate::Mutation::Change { store, .. },
            ..
        }) = prefix.last()
        {
            assert_eq!(once.belief(*store), Belief::Unknown);
        }
    }
    let whole = replay(config, &bench.journal);
    assert_eq!(whole.beliefs(), bench.state.beliefs());
    let text = serde_json::to_string(&whole).unwrap();
    assert_eq!(serde_json::from_str::<State>(&text).unwrap(), whole);
}
