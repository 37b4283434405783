//! Exchanges one after the other, and windows that come and go beside them.

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
