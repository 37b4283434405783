//! Plans that break one rule each.

use lockstep_model::{Code, Timestamp};

use super::*;
use crate::fixture::{ACCOUNT, Bench, DISK, KEYCHAIN, config, g, linked, of, proved, restored};
use crate::{Belief, Effect, Input, Outcome, Verdict, plan, step};

const NOW: Timestamp = Timestamp(0);

/// Three stores at generation 1, the person has just proved generation 2.
fn moving() -> State {
    let mut state = linked(&[DISK, ACCOUNT, KEYCHAIN]);
    state.session = true;
    step(state, NOW, proved(g(2), &[of(1), of(2)])).0
}

fn is_change(store: StoreKind) -> impl Fn(&Step) -> bool {
    move |step| matches!(step, Step::Change { store: it, .. } if *it == store)
}

fn is_verify(store: StoreKind) -> impl Fn(&Step) -> bool {
    move |step| matches!(step, Step::Verify { store: it, .. } if *it == store)
}

fn is_open(store: StoreKind) -> impl Fn(&Step) -> bool {
    move |step| matches!(step, Step::Open { store: it, .. } if *it == store)
}

fn at(plan: &Plan, wanted: impl Fn(&Step) -> bool) -> usize {
    plan.steps.iter().position(wanted).unwrap()
}

#[track_caller]
fn refuses(spoil: impl FnOnce(&mut Plan), want: Violation) {
    let state = moving();
    let mut spoilt = plan(&state);
    assert_eq!(check(&spoilt, &state), Ok(()));
    spoil(&mut spoilt);
    assert_eq!(check(&spoilt, &state), Err(want));
}

#[test]
fn a_missing_or_late_seal() {
    let seal = |step: &Step| matches!(step, Step::Seal(_));
    refuses(
        |plan| plan.steps.retain(|step| !seal(step)),
        Violation::Unsealed,
    );
    refuses(
        |plan| {
            let (seal, change) = (at(plan, seal), at(plan, is_change(DISK)));
            plan.steps.swap(seal, change);
        },
        Violation::Unsealed,
    );
}

#[test]
fn a_change_from_what_was_not_opened() {
    refuses(
        |plan| plan.steps.retain(|step| !is_open(KEYCHAIN)(step)),
        Violation::Unopened(KEYCHAIN),
    );
    refuses(
        |plan| {
            let open = at(plan, is_open(ACCOUNT));
            plan.steps[open] = Step::Open {
                store: ACCOUNT,
                candidates: vec![of(2)],
            };
        },
        Violation::Unopened(ACCOUNT),
    );
    refuses(
        |plan| {
            let change = at(plan, is_change(DISK));
            plan.steps[change] = Step::Change {
                store: DISK,
                from: SecretRef::TYPED,
                to: g(2),
            };
        },
        Violation::NotAtHand(DISK),
    );
}

/// The disk is to change from what opened it last, and was not opened in this run.
#[track_caller]
fn refuses_to_find_out(spoil: impl FnOnce(&mut Plan, &mut State), want: Violation) {
    let mut state = moving();
    let mut spoilt = plan(&state);
    assert!(!spoilt.steps.iter().any(is_open(DISK)), "{spoilt}");
    assert_eq!(check(&spoilt, &state), Ok(()));
    spoil(&mut spoilt, &mut state);
    assert_eq!(check(&spoilt, &state), Err(want), "{spoilt}");
}

fn evidence(state: &mut State) -> &mut crate::journal::Holding {
    state.ledger.stores.get_mut(&DISK).unwrap()
}

#[test]
fn a_change_that_rests_on_a_doubted_belief() {
    let spoils: [fn(&mut State); 6] = [
        |state| evidence(state).belief = Belief::Unknown,
        |state| evidence(state).belief = Belief::Unreachable(Code::StoreUnknown),
        |state| evidence(state).belief = Belief::OpensNone,
        |state| evidence(state).moving = Some(g(2)),
        |state| evidence(state).last = None,
        |state| {
            let run = state.run.as_mut().unwrap();
            run.progress.get_mut(&DISK).unwrap().refuted.insert(of(1));
        },
    ];
    for spoil in spoils {
        refuses_to_find_out(|_, state| spoil(state), Violation::Unopened(DISK));
    }
}

#[test]
fn a_change_that_rests_on_a_typed_password() {
    refuses_to_find_out(
        |plan, state| {
            let (from, to) = (SecretRef::TYPED, g(2));
            state.run.as_mut().unwrap().secrets.insert(from);
            let holding = evidence(state);
            let verified_at = NOW;
            holding.last = Some(from);
            holding.belief = Belief::Opens {
                with: from,
                verified_at,
            };
            let change = at(plan, is_change(DISK));
            plan.steps[change] = Step::Change {
                store: DISK,
                from,
                to,
            };
        },
        Violation::Unopened(DISK),
    );
}

#[test]
fn a_change_that_cannot_find_out() {
    let spoils: [fn(&mut crate::Capabilities); 2] = [
        |capabilities| capabilities.change_opens_first = false,
        |capabilities| capabilities.counts_attempts = true,
    ];
    for spoil in spoils {
        refuses_to_find_out(
            |_, state| spoil(state.config.stores.get_mut(&DISK).unwrap()),
            Violation::Unopened(DISK),
        );
    }
}

#[test]
fn a_change_that_finds_out_too_late() {
    // After another change.
    refuses_to_find_out(
        |_, state| {
            let able = &mut state.config.stores.get_mut(&ACCOUNT).unwrap();
            able.change_opens_first = true;
            let run = state.run.as_mut().unwrap();
            run.progress.get_mut(&KEYCHAIN).unwrap().attempted = true;
        },
        Violation::Unopened(DISK),
    );
    // A second one.
    refuses_to_find_out(
        |plan, state| {
            plan.steps.retain(|step| !is_open(ACCOUNT)(step));
            let able = &mut state.config.stores.get_mut(&ACCOUNT).unwrap();
            (able.change_opens_first, able.counts_attempts) = (true, false);
        },
        Violation::Unopened(ACCOUNT),
    );
    // After a question.
    refuses_to_find_out(
        |plan, _| {
            let (stores, answer) = (BTreeSet::from([ACCOUNT]), SecretRef::TYPED);
            plan.steps.insert(0, Step::Ask { stores, answer });
        },
        Violation::Unopened(DISK),
    );
    // Beside a reset.
    refuses_reset(
        |_, state| {
            let run = state.run.as_mut().unwrap();
            run.progress.get_mut(&DISK).unwrap().fresh = false;
        },
        Violation::Unopened(DISK),
    );
}

#[test]
fn a_missing_preflight() {
    let preflight = |step: &Step| matches!(step, Step::Preflight(KEYCHAIN));
    refuses(
        |plan| plan.steps.retain(|step| !preflight(step)),
        Violation::NotPreflighted(KEYCHAIN),
    );
}

#[test]
fn a_wrong_order() {
    refuses(
        |plan| {
            let (account, keychain) = (at(plan, is_change(ACCOUNT)), at(plan, is_change(KEYCHAIN)));
            plan.steps.swap(account, keychain);
        },
        Violation::OutOfOrder(KEYCHAIN),
    );
    refuses(
        |plan| {
            let (disk, account) = (at(plan, is_change(DISK)), at(plan, is_change(ACCOUNT)));
            plan.steps.swap(disk, account);
        },
        Violation::OutOfOrder(ACCOUNT),
    );
    refuses(
        |plan| plan.steps.retain(|step| !is_verify(DISK)(step)),
        Violation::UntestedSlot(DISK),
    );
}

#[test]
fn an_early_removal() {
    let remove = |step: &Step| matches!(step, Step::RemoveOld { .. });
    for store in [DISK, ACCOUNT, KEYCHAIN] {
        refuses(
            |plan| {
                let (remove, verify) = (at(plan, remove), at(plan, is_verify(store)));
                let early = plan.steps.remove(remove);
                plan.steps.insert(verify, early);
            },
            Violation::EarlyRemoval(store),
        );
    }
    refuses(
        |plan| {
            let seal = at(plan, |step| matches!(step, Step::Seal(_)));
            let early = plan.steps.remove(at(plan, remove));
            plan.steps.insert(seal, early);
        },
        Violation::Unsealed,
    );
    refuses(
        |plan| {
            let (remove, keep) = (at(plan, remove), g(2));
            plan.steps[remove] = Step::RemoveOld {
                store: ACCOUNT,
                keep,
            };
        },
        Violation::NoSlots(ACCOUNT),
    );
    refuses(
        |plan| {
            let (remove, keep) = (at(plan, remove), g(1));
            plan.steps[remove] = Step::RemoveOld { store: DISK, keep };
        },
        Violation::NotTheTarget(g(1)),
    );
}

#[test]
fn a_removal_that_is_repeated_or_not_followed_by_opening_the_store() {
    let remove = |step: &Step| matches!(step, Step::RemoveOld { .. });
    refuses(
        |plan| {
            let from = at(plan, remove);
            let again = plan.steps[from..from + 2].to_vec();
            plan.steps.splice(from..from, again);
        },
        Violation::RemovedTwice(DISK),
    );
    refuses(
        |plan| {
            let remove = at(plan, remove);
            plan.steps.remove(remove + 1);
        },
        Violation::EarlyRetirement(DISK),
    );
}

#[test]
fn an_early_retirement() {
    let retire = |step: &Step| matches!(step, Step::Retire(_));
    refuses(
        |plan| {
            let (retire, verify) = (at(plan, retire), at(plan, is_verify(ACCOUNT)));
            plan.steps.swap(retire, verify);
        },
        Violation::EarlyRetirement(ACCOUNT),
    );
    refuses(
        |plan| {
            let remove = |step: &Step| matches!(step, Step::RemoveOld { .. });
            plan.steps
                .retain(|it| !is_change(DISK)(it) && !is_verify(DISK)(it) && !remove(it))
        },
        Violation::EarlyRetirement(DISK),
    );
}

#[test]
fn another_target() {
    let aim = |from, to| {
        move |plan: &mut Plan| {
            let change = at(plan, is_change(DISK));
            plan.steps[change] = Step::Change {
                store: DISK,
                from,
                to,
            };
        }
    };
    refuses(aim(of(2), g(1)), Violation::Backwards(DISK));
    refuses(aim(of(1), g(3)), Violation::NotTheTarget(g(3)));
    refuses(
        aim(of(1), restored(2)),
        Violation::NotTheTarget(restored(2)),
    );
    refuses(aim(of(2), g(2)), Violation::Pointless(DISK));
}

#[test]
fn a_target_that_was_overtaken() {
    let state = moving();
    let stale = plan(&state);
    let state = step(state, NOW, Input::Announced(g(3))).0;
    assert_eq!(check(&stale, &state), Err(Violation::NotTheTarget(g(2))));
}

#[test]
fn a_second_change() {
    refuses(
        |plan| {
            let keychain = at(plan, is_change(KEYCHAIN));
            let again = plan.steps[keychain].clone();
            plan.steps.insert(keychain + 1, again);
        },
        Violation::ChangedTwice(KEYCHAIN),
    );
}

#[test]
fn a_missing_session() {
    let mut state = moving();
    let plan = plan(&state);
    state.session = false;
    assert_eq!(check(&plan, &state), Err(Violation::NotMovable(KEYCHAIN)));
}

#[test]
fn a_store_left_behind() {
    let typed = SecretRef::TYPED;
    let mut state = State::new(config(&[ACCOUNT, KEYCHAIN]));
    state.session = true;
    let state = step(state, NOW, proved(g(1), &[of(1), typed])).0;
    let mut plan = plan(&state);
    assert_eq!(check(&plan, &state), Ok(()));
    plan.steps
        .retain(|it| !is_change(KEYCHAIN)(it) && !is_verify(KEYCHAIN)(it));
    assert_eq!(check(&plan, &state), Err(Violation::LeftBehind(KEYCHAIN)));
}

/// The person agreed to reset account and keychain; the disk opens with generation 1.
fn resetting() -> State {
    let mut bench = Bench::over(linked(&[DISK, ACCOUNT, KEYCHAIN])).session_up();
    for store in [ACCOUNT, KEYCHAIN] {
        bench.opens.insert(store, SecretRef::Typed(9));
    }
    bench.feed(proved(g(2), &[of(1), of(2)]));
    step(bench.state, NOW, Input::Forgotten).0
}

#[track_caller]
fn refuses_reset(spoil: impl FnOnce(&mut Plan, &mut State), want: Violation) {
    let mut state = resetting();
    let mut spoilt = plan(&state);
    assert_eq!(check(&spoilt, &state), Ok(()), "{spoilt}");
    assert!(spoilt.steps.iter().any(is_reset(ACCOUNT)), "{spoilt}");
    spoil(&mut spoilt, &mut state);
    assert_eq!(check(&spoilt, &state), Err(want), "{spoilt}");
}

fn is_reset(store: StoreKind) -> impl Fn(&Step) -> bool {
    move |step| matches!(step, Step::Reset { store: it, .. } if *it == store)
}

#[test]
fn a_reset_that_nobody_agreed_to() {
    refuses_reset(
        |_, state| {
            state.run.as_mut().unwrap().forgotten.remove(&KEYCHAIN);
        },
        Violation::NotAgreed(KEYCHAIN),
    );
}

#[test]
fn a_reset_of_what_opens_or_may_open() {
    refuses_reset(
        |_, state| {
            state.run.as_mut().unwrap().secrets.insert(of(7));
        },
        Violation::Needless(ACCOUNT),
    );
    refuses_reset(
        |plan, _| {
            let open = Step::Open {
                store: ACCOUNT,
                candidates: vec![of(1)],
            };
            plan.steps.insert(0, open);
        },
        Violation::Unopened(ACCOUNT),
    );
    refuses_reset(
        |plan, _| {
            let open = Step::Verify {
                store: ACCOUNT,
                with: g(2),
            };
            plan.steps.insert(at(plan, is_reset(ACCOUNT)), open);
        },
        Violation::Needless(ACCOUNT),
    );
}

#[test]
fn a_reset_beside_a_disk_that_stays_shut() {
    refuses_reset(
        |plan, _| {
            plan.steps
                .retain(|it| !is_change(DISK)(it) && !is_verify(DISK)(it));
        },
        Violation::StaysShut(DISK),
    );
    refuses_reset(
        |plan, _| plan.steps.retain(|it| !is_verify(DISK)(it)),
        Violation::StaysShut(DISK),
    );
}

#[test]
fn a_reset_that_is_late_early_or_twice() {
    refuses_reset(
        |plan, _| {
            let again = plan.steps[at(plan, is_reset(ACCOUNT))].clone();
            plan.steps.insert(at(plan, is_reset(ACCOUNT)), again);
        },
        Violation::ChangedTwice(ACCOUNT),
    );
    refuses_reset(
        |plan, _| {
            let (account, keychain) = (at(plan, is_reset(ACCOUNT)), at(plan, is_reset(KEYCHAIN)));
            plan.steps.swap(account, keychain);
        },
        Violation::OutOfOrder(KEYCHAIN),
    );
    refuses_reset(
        |plan, _| {
            let to = g(1);
            let reset = at(plan, is_reset(ACCOUNT));
            plan.steps[reset] = Step::Reset { store: ACCOUNT, to };
        },
        Violation::NotTheTarget(g(1)),
    );
    refuses_reset(
        |plan, _| {
            plan.steps.retain(|step| !matches!(step, Step::Seal(_)));
        },
        Violation::Unsealed,
    );
    refuses_reset(
        |_, state| {
            let progress = state.run.as_mut().unwrap().progress.get_mut(&KEYCHAIN);
            progress.unwrap().preflighted = false;
        },
        Violation::NotPreflighted(KEYCHAIN),
    );
    refuses_reset(
        |_, state| state.session = false,
        Violation::NotMovable(KEYCHAIN),
    );
}

#[test]
fn the_machine_halts_on_a_refused_plan() {
    let mut state = moving();
    // Evidence that no machine of ours would leave behind misleads the planner.
    let holding = state.ledger.stores.get_mut(&KEYCHAIN).unwrap();
    holding.belief = Belief::Opens {
        with: SecretRef::Typed(9),
        verified_at: NOW,
    };
    let run = state.run.as_mut().unwrap();
    let op = run.flight.unwrap().op;
    run.progress
        .values_mut()
        .for_each(|it| (it.fresh, it.preflighted) = (true, true));
    let (state, effects) = step(
        state,
        NOW,
        Input::Finished {
            op,
            outcome: Outcome::Opened(true),
        },
    );
    let refused = |effect: &Effect| {
        matches!(
            effect,
            Effect::Finish(Verdict::Stopped {
                code: Code::PlanRefused,
                ..
            })
        )
    };
    assert!(effects.iter().any(refused), "{effects:?}");
    assert!(!state.is_running());
}
