//! Exchanges one after the other, and windows that come and go beside them.

use lockstep_protocol::local::{OpensWith, StoreOpens};

use super::*;

fn asks(effects: &[Effect], ask: &Ask) -> bool {
    effects.contains(&Effect::Ask(ask.clone()))
}

fn failed(code: Code) -> Input {
    Input::Event(Event::Failed(Failure {
        code,
        detail: String::new(),
        stores: Vec::new(),
    }))
}

fn examined() -> Input {
    Input::Event(Event::Examined {
        findings: Vec::new(),
    })
}

/// A core whose person had this computer checked, and didn't wait for it.
fn examining(in_sync: bool) -> Core {
    let mut core = core();
    core.step(NOW, status(in_sync, 2));
    act(&mut core, Act::OpenHelp, false);
    assert!(asks(&act(&mut core, Act::Examine, false), &Ask::Examine));
    act(&mut core, Act::Close, false);
    core
}

#[test]
fn a_report_waits_for_what_is_under_way_and_is_then_sent_whatever_is_open() {
    for closed in [false, true] {
        let mut core = examining(false);
        act(&mut core, Act::NotMe, false);
        let report = Ask::Disown {
            generation: Generation(2),
        };
        assert!(!asks(&act(&mut core, Act::Report, false), &report));
        if closed {
            act(&mut core, Act::Close, false);
        }
        assert!(asks(&core.step(NOW, examined()), &report));
        let done = Done::Disowned {
            at: NOW,
            locked: true,
        };
        core.step(NOW, Input::Event(Event::Done(done)));
        let disowned = (!closed).then_some(Page::Disown);
        assert_eq!(page(&core), disowned);
    }
}

#[test]
fn what_was_typed_waits_for_what_is_under_way_and_goes_with_its_window() {
    let sync = Ask::Sync { restarted: false };
    for closed in [false, true] {
        let mut core = examining(false);
        act(&mut core, Act::OpenNeeded, false);
        assert!(!asks(&act(&mut core, Act::Next, true), &sync));
        if closed {
            act(&mut core, Act::Close, false);
        }
        let ended = core.step(NOW, failed(Code::AgentUnreachable));
        assert_eq!(asks(&ended, &sync), !closed);
        assert!(closed || !ended.contains(&Effect::Clear), "{ended:?}");
    }
}

#[test]
fn an_examination_that_was_given_up_is_taken_up_again() {
    let mut core = examining(true);
    act(&mut core, Act::OpenHelp, false);
    assert!(!asks(&act(&mut core, Act::Examine, false), &Ask::Examine));
    let ended = core.step(NOW, examined());
    assert!(!asks(&ended, &Ask::Examine));
    assert!(core.view().unwrap().list.is_some());
}

/// A status in which one store has the newest password and another one doesn't.
fn half_way() -> Input {
    told(false, 2, |binding| {
        let tested_at = NOW;
        let generation = Generation(2);
        let rows = [
            (
                StoreKind::Account,
                StoreState::InSync {
                    generation,
                    tested_at,
                },
            ),
            (StoreKind::Keychain, StoreState::NeedsYou { since: NOW }),
        ];
        binding.stores = rows.map(|(kind, state)| StoreRow { kind, state }).to_vec();
    })
}

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

/// What a new password measures that meets every rule.
fn rules_met() -> Measured {
    let secret = |text: &str| lockstep_model::Secret::copy_of(text.as_bytes());
    let new = secret("seven quiet lanterns at noon");
    let standard = core().standard();
    rules::measure(&standard, Some(&secret("another")), &new, &new)
}
