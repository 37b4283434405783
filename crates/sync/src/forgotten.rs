//! Whole flows without the old password.

use lockstep_model::{Code, StoreKind, StoreState, WithoutOld};

use crate::fixture::{ACCOUNT, Bench, DISK, KEYCHAIN, g, linked, of, proved};
use crate::{Belief, Input, Outcome, Record, SecretRef, weigh};

const ALL: &[StoreKind] = &[DISK, ACCOUNT, KEYCHAIN];

/// Nothing but the new password is at hand, and the person is being asked for the old one.
fn asking(stores: &[StoreKind]) -> Bench {
    let mut bench = Bench::over(linked(stores)).session_up();
    bench.feed(proved(g(2), &[of(2)]));
    assert!(bench.state.is_asking());
    bench.taken();
    bench
}

#[test]
fn an_account_gets_the_new_password_without_the_old_one() {
    let mut bench = asking(&[ACCOUNT]);
    let weighing = weigh(&bench.state).unwrap();
    assert_eq!(weighing.stores, [(ACCOUNT, WithoutOld::Reset)]);
    assert_eq!(weighing.refused, None);
    bench.feed(Input::Forgotten);
    let want = [
        "seal 2",
        "reset account to 2",
        "probe account 2",
        "retire all but 2",
        "in sync at 2",
    ];
    assert_eq!(bench.taken(), want);
    assert!(bench.state.status().stores[&ACCOUNT] != StoreState::NotTested);
}

#[test]
fn what_opens_is_moved_and_only_the_rest_is_reset() {
    let mut bench = Bench::over(linked(ALL)).session_up();
    bench.opens.insert(KEYCHAIN, SecretRef::Typed(9));
    bench.feed(proved(g(2), &[of(1), of(2)]));
    bench.taken();
    let weighing = weigh(&bench.state).unwrap();
    assert_eq!(weighing.stores, [(KEYCHAIN, WithoutOld::SetAside)]);
    bench.feed(Input::Forgotten);
    let want = [
        "seal 2",
        "change disk 1 to 2",
        "probe disk 2",
        "change account 1 to 2",
        "reset keychain to 2",
        "probe account 2",
        "probe keychain 2",
        "remove old disk but 2",
        "probe disk 2",
        "retire all but 2",
        "in sync at 2",
    ];
    assert_eq!(bench.taken(), want);
}

#[test]
fn nothing_is_reset_beside_a_disk_that_would_stay_shut() {
    let mut bench = asking(ALL);
    let weighing = weigh(&bench.state).unwrap();
    let lost = [
        (DISK, WithoutOld::StaysShut),
        (ACCOUNT, WithoutOld::Reset),
        (KEYCHAIN, WithoutOld::SetAside),
    ];
    assert_eq!(weighing.stores, lost);
    assert_eq!(weighing.refused, Some(Code::StaysShut));
    bench.feed(Input::Forgotten);
    assert_eq!(
        bench.taken(),
        ["stopped LS-4012, disk ?, account ?, keychain ?"]
    );
    assert_eq!(bench.opens[&ACCOUNT], of(1));
}

#[test]
fn an_account_is_not_reset_once_its_disk_has_failed_on_the_way() {
    let refused = Outcome::NotApplied(Code::StoreUnknown);
    for line in ["change disk 1 to 2", "probe disk 2"] {
        let mut bench = Bench::over(linked(&[DISK, ACCOUNT])).fault(line, refused);
        bench.opens.insert(ACCOUNT, SecretRef::Typed(9));
        bench.feed(proved(g(2), &[of(1), of(2)]));
        bench.taken();
        assert_eq!(weigh(&bench.state).unwrap().refused, None);
        bench.feed(Input::Forgotten);
        let log = bench.taken();
        assert!(
            log.iter().any(|it| it.starts_with("change disk")),
            "{log:?}"
        );
        assert!(!log.iter().any(|it| it.starts_with("reset")), "{log:?}");
        // Not that planner and checker disagree, which has a code of its own.
        let end = log.last().unwrap();
        assert!(end.starts_with("stopped LS-4009"), "{log:?}");
    }
}

#[test]
fn a_wrong_old_password_is_no_blank_and_blank_may_follow_it() {
    let mut bench = asking(&[ACCOUNT]);
    bench.feed(Input::OldTyped);
    assert_eq!(
        bench.taken(),
        ["probe account typed", "ask {Account} again"]
    );
    bench.feed(Input::Forgotten);
    assert_eq!(bench.taken().last().unwrap(), "in sync at 2");
}

#[test]
fn the_last_guess_leaves_room_to_open_what_was_reset() {
    let mut bench = asking(&[ACCOUNT]);
    for _ in 0..4 {
        bench.feed(Input::OldTyped);
    }
    assert_eq!(bench.taken().last().unwrap(), "ask {Account} again");
    bench.feed(Input::Forgotten);
    assert_eq!(bench.taken().last().unwrap(), "in sync at 2");
}

#[test]
fn unasked_nothing_is_forgotten() {
    let mut bench = Bench::over(linked(&[ACCOUNT]));
    bench.feed(Input::Forgotten);
    assert_eq!(weigh(&bench.state), None);
    bench.feed(proved(g(2), &[of(1), of(2)]));
    let log = bench.taken();
    assert!(log.contains(&"change account 1 to 2".to_owned()), "{log:?}");
}

#[test]
fn a_reset_without_a_known_end_is_probed_and_not_repeated() {
    for moved in [true, false] {
        let mut bench = asking(&[ACCOUNT]);
        bench
            .faults
            .push(("reset account to 2", Outcome::Indeterminate));
        if !moved {
            bench
                .faults
                .push(("probe account 2", Outcome::Opened(false)));
        }
        bench.feed(Input::Forgotten);
        let log = bench.taken();
        let resets = log.iter().filter(|it| it.starts_with("reset"));
        assert_eq!(resets.count(), 1, "{log:?}");
        let end = if moved {
            "in sync at 2"
        } else {
            "stopped LS-4008, account ?"
        };
        assert_eq!(log.last().unwrap(), end, "{log:?}");
    }
}

#[test]
fn after_a_crash_in_the_middle_the_store_is_opened_first() {
    let mut bench = asking(&[ACCOUNT]);
    bench.feed(Input::Forgotten);
    bench.taken();
    let cut = bench.journal.iter().position(|record| {
        matches!(
            record,
            Record::Intent {
                mutation: crate::Mutation::Reset { .. },
                ..
            }
        )
    });
    let journal = &bench.journal[..=cut.unwrap()];
    let state = crate::replay(crate::fixture::config(&[ACCOUNT]), journal);
    assert_eq!(state.belief(ACCOUNT), Belief::Unknown);
    for (opens, want) in [
        (of(2), "in sync at 2"),
        (SecretRef::Typed(9), "ask {Account}"),
    ] {
        let mut bench = Bench::over(state.clone());
        bench.opens.insert(ACCOUNT, opens);
        bench.feed(proved(g(2), &[of(2)]));
        let log = bench.taken();
        assert_eq!(log[0], "probe account 2");
        assert_eq!(log.last().unwrap(), want, "{log:?}");
    }
}

#[test]
fn a_refused_reset_says_why_and_leaves_the_store() {
    let mut bench = asking(&[ACCOUNT]);
    let refused = Outcome::NotApplied(Code::OrderSpent);
    bench.faults.push(("reset account to 2", refused));
    bench.feed(Input::Forgotten);
    let log = bench.taken();
    assert_eq!(log.last().unwrap(), "stopped LS-5014, account ?", "{log:?}");
    assert_eq!(bench.opens[&ACCOUNT], of(1));
    assert_eq!(bench.state.envelopes().count(), 2, "the old envelope stays");
}

#[test]
fn a_refusal_before_the_reset_has_its_own_code() {
    let mut bench = asking(&[ACCOUNT]);
    bench.feed(Input::Declined(Code::LinkedBeforeOrders));
    assert_eq!(bench.taken(), ["stopped LS-5015, account ?"]);
}

#[test]
fn a_newer_password_is_agreed_to_anew() {
    let mut bench = asking(&[ACCOUNT]);
    let (state, effects) = crate::step(bench.state.clone(), bench.now, Input::Forgotten);
    assert!(
        effects
            .iter()
            .any(|it| matches!(it, crate::Effect::Seal { .. }))
    );
    bench.state = crate::step(state, bench.now, proved(g(3), &[of(3)])).0;
    let op = bench.state.ledger.last_op;
    let outcome = Outcome::Applied;
    bench.feed(Input::Finished { op, outcome });
    assert_eq!(bench.taken().last().unwrap(), "ask {Account}");
}
