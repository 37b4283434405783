//! What stopped: what it is taken for, and who is told of it.

use lockstep_protocol::local::{OpensWith, StoreOpens};

use super::*;

#[test]
fn a_sync_that_stopped_half_way_is_no_drift_and_comes_up_by_nothing() {
    let mut core = asked();
    let heading = core.view().unwrap().heading;
    act(&mut core, Act::Next, true);
    let row = StoreRow {
        kind: StoreKind::Account,
        state: StoreState::Changing,
    };
    core.step(NOW, Input::Event(Event::Progress(row)));
    core.step(NOW, half_way());
    core.step(NOW, failed(Code::KeychainRefused));
    assert_eq!(page(&core), Some(Page::Stopped));
    act(&mut core, Act::Close, false);
    let around = core.step(NOW, Input::Surroundings(Surroundings::default()));
    assert!(
        !around
            .iter()
            .any(|it| matches!(it, Effect::Show { .. } | Effect::Notify(_)))
    );
    act(&mut core, Act::OpenStatus, false);
    act(&mut core, Act::OpenNeeded, false);
    assert_eq!(core.view().unwrap().heading, heading);
}

#[test]
fn a_computer_that_had_followed_has_drifted() {
    let mut core = core();
    core.step(NOW, status(false, 2));
    act(&mut core, Act::OpenNeeded, false);
    let changed = core.view().unwrap().heading;
    core.step(NOW, status(true, 2));
    core.step(NOW, half_way());
    act(&mut core, Act::OpenNeeded, false);
    assert_ne!(core.view().unwrap().heading, changed);
}

#[test]
fn what_a_change_made_here_leaves_behind_is_no_drift_whichever_is_heard_first() {
    for status_first in [false, true] {
        let mut core = core();
        core.step(NOW, status(true, 1));
        act(&mut core, Act::OpenChange, false);
        core.measured = rules_met();
        assert!(asks(&act(&mut core, Act::Next, true), &Ask::ChangePassword));
        let behind = Input::Event(Event::Failed(Failure {
            code: Code::ComputerBehind,
            detail: String::new(),
            stores: vec![StoreOpens {
                kind: StoreKind::Keychain,
                with: OpensWith::Old,
            }],
        }));
        let inputs = if status_first {
            [half_way(), behind]
        } else {
            [behind, half_way()]
        };
        for input in inputs {
            core.step(NOW, input);
        }
        assert!(core.cause().is_some_and(|cause| !cause.drifted));
    }
}

/// What stopped, once nobody looks.
fn hidden_stop(code: Code, stores: Vec<StoreOpens>) -> Core {
    let mut core = checking();
    core.step(NOW, moves());
    act(&mut core, Act::Hide, false);
    let failure = Failure {
        code,
        detail: String::new(),
        stores,
    };
    assert!(notifies(
        &core.step(NOW, Input::Event(Event::Failed(failure)))
    ));
    core
}

#[test]
fn what_stopped_behind_a_hidden_window_is_told_to_whoever_looks() {
    let stores = vec![
        StoreOpens {
            kind: StoreKind::Account,
            with: OpensWith::New,
        },
        StoreOpens {
            kind: StoreKind::Keychain,
            with: OpensWith::Old,
        },
    ];
    let mut core = hidden_stop(Code::KeychainRefused, stores);
    core.step(NOW, stopped(Code::KeychainRefused));
    // Again and again, for as long as it stands.
    for _ in 0..2 {
        act(&mut core, Act::OpenNeeded, false);
        let view = core.view().unwrap();
        assert_eq!((view.page, view.stores.len()), (Page::Stopped, 2));
        assert!(view.buttons.iter().any(|it| it.act == Act::TryAgain));
        act(&mut core, Act::Close, false);
    }
    // It doesn't stand in the way of the question that comes by itself.
    core.open_asking(&mut Vec::new(), false);
    assert_eq!(page(&core), Some(Page::Changed));
}

#[test]
fn an_end_that_nothing_was_told_of_is_told_once() {
    let mut core = hidden_stop(Code::AgentUnreachable, Vec::new());
    act(&mut core, Act::OpenNeeded, false);
    let view = core.view().unwrap();
    // What the progress told is what is known of the stores.
    assert_eq!((view.page, view.stores.len()), (Page::Stopped, 1));
    act(&mut core, Act::Close, false);
    act(&mut core, Act::OpenNeeded, false);
    assert_eq!(page(&core), Some(Page::Changed));
}

#[test]
fn a_computer_that_was_revoked_is_told_so_and_not_that_it_is_offline() {
    let mut core = core();
    let Input::Status(mut status) = stopped(Code::DeviceRefused) else {
        panic!("it is one");
    };
    status.online = false;
    core.step(NOW, Input::Status(status));
    act(&mut core, Act::OpenNeeded, false);
    let view = core.view().unwrap();
    assert_eq!(view.page, Page::Stopped);
    assert_eq!(view.buttons.last().unwrap().act, Act::OpenHelp);
}

#[test]
fn whoever_only_gave_up_goes_on_where_it_was() {
    let mut core = core();
    core.step(NOW, stopped(Code::OldPasswordNeeded));
    act(&mut core, Act::OpenNeeded, false);
    assert_eq!(page(&core), Some(Page::Changed));
}

#[test]
fn an_agent_that_is_gone_amid_a_change_leaves_the_question_what_opens_what() {
    let mut core = core();
    core.step(NOW, status(true, 2));
    act(&mut core, Act::OpenChange, false);
    core.measured = rules_met();
    act(&mut core, Act::Next, true);
    core.step(NOW, moves());
    core.step(NOW, failed(Code::AgentUnreachable));
    let view = core.view().unwrap();
    assert_eq!((view.page, view.stores.len()), (Page::Stopped, 1));
    act(&mut core, Act::TryAgain, false);
    assert_eq!(page(&core), Some(Page::Changed));
}

#[test]
fn whoever_confirms_is_asked_even_after_what_trying_again_does_not_mend() {
    let mut core = core();
    core.step(NOW, stopped(Code::AccountLocked));
    act(&mut core, Act::OpenNeeded, false);
    let view = core.view().unwrap();
    assert!(!view.buttons.iter().any(|it| it.act == Act::TryAgain));
    act(&mut core, Act::OpenStatus, false);
    let confirm = core.view().unwrap().buttons.pop().unwrap();
    act(&mut core, confirm.act, false);
    assert_eq!(page(&core), Some(Page::Changed));
}
