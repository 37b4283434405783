//! Exchanges one after the other, and windows that come and go beside them.

use super::*;

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

/// A core whose person typed the old password, too.
fn checking_old() -> Core {
    let mut core = checking();
    core.step(NOW, need(Need::OldPassword));
    assert!(act(&mut core, Act::Next, true).contains(&Effect::Give(0)));
    core
}

#[test]
fn whoever_gave_up_while_it_was_checked_is_not_asked_again() {
    for (leave, open) in [(Act::Back, Some(Page::Changed)), (Act::Close, None)] {
        let mut core = checking_old();
        assert!(cancels(&act(&mut core, leave, false)));
        let again = core.step(NOW, need(Need::OldPassword));
        assert!(!shows(&again) && !cancels(&again), "{again:?}");
        let ended = core.step(NOW, failed(Code::AttemptExpired));
        assert!(!notifies(&ended), "{ended:?}");
        assert_eq!(page(&core), open);
    }
}

#[test]
fn what_went_on_after_it_was_given_up_tells_how_it_ends() {
    let mut core = checking_old();
    act(&mut core, Act::Back, false);
    core.step(NOW, moves());
    assert_eq!(page(&core), Some(Page::Work));
    core.step(NOW, failed(Code::KeychainRefused));
    assert_eq!(page(&core), Some(Page::Stopped));

    let mut core = checking_old();
    act(&mut core, Act::Close, false);
    core.step(NOW, moves());
    assert!(notifies(&core.step(NOW, failed(Code::KeychainRefused))));
}

#[test]
fn a_question_can_be_given_up_after_stores_were_tested() {
    let mut core = checking();
    core.step(NOW, moves());
    core.step(NOW, need(Need::OldPassword));
    assert_eq!(page(&core), Some(Page::Old));
    assert!(cancels(&act(&mut core, Act::Back, false)));
}

#[test]
fn whoever_said_later_while_it_was_checked_is_asked_nothing() {
    for question in [
        need(Need::OldPassword),
        need(Need::FactorCode),
        Input::Event(Event::Cost { stores: Vec::new() }),
    ] {
        let mut core = checking();
        assert!(!cancels(&act(&mut core, Act::Later, false)));
        let asked = core.step(NOW, question);
        assert!(cancels(&asked) && !shows(&asked), "{asked:?}");
        assert!(!notifies(&core.step(NOW, failed(Code::AttemptExpired))));
    }
}

#[test]
fn whoever_comes_back_to_what_is_checked_is_asked_on() {
    let mut core = checking();
    act(&mut core, Act::Later, false);
    act(&mut core, Act::OpenNeeded, false);
    assert!(core.view().unwrap().buttons.iter().any(|it| it.busy));
    let asked = core.step(NOW, need(Need::OldPassword));
    assert!(asked.contains(&Effect::Show { asked: true }));
    assert_eq!(page(&core), Some(Page::Old));
}

#[test]
fn a_question_in_the_middle_of_hidden_work_takes_no_keyboard() {
    let mut core = checking();
    core.step(NOW, moves());
    act(&mut core, Act::Hide, false);
    let asked = core.step(NOW, need(Need::OldPassword));
    assert!(asked.contains(&Effect::Show { asked: false }), "{asked:?}");
}

#[test]
fn progress_can_be_seen_from_any_window() {
    let mut core = checking();
    core.step(NOW, moves());
    act(&mut core, Act::OpenStatus, false);
    assert_eq!(page(&core), Some(Page::Status));
    act(&mut core, Act::OpenNeeded, false);
    assert_eq!(page(&core), Some(Page::Work));
}

#[test]
fn a_change_that_the_agent_has_can_be_hidden_and_not_cancelled() {
    let mut core = core();
    core.step(NOW, status(true, 2));
    act(&mut core, Act::OpenChange, false);
    core.measured = rules_met();
    act(&mut core, Act::Next, true);
    let cancel = |core: &Core| core.view().unwrap().buttons[0].act.clone();
    assert_eq!(cancel(&core), Act::Close);
    assert!(
        core.step(NOW, need(Need::CurrentPassword))
            .contains(&Effect::Give(0))
    );
    assert!(
        core.step(NOW, need(Need::NewPassword))
            .contains(&Effect::Give(1))
    );
    assert_eq!(cancel(&core), Act::Hide);
    assert!(!cancels(&act(&mut core, Act::Hide, false)));
    assert!(notifies(&core.step(NOW, failed(Code::ChangeUncertain))));
}

#[test]
fn an_answer_is_taken_out_of_no_window_but_its_own() {
    // W9 is open when the sync wants an own password.
    let mut core = checking();
    act(&mut core, Act::Later, false);
    act(&mut core, Act::OpenChange, false);
    let asked = core.step(NOW, need(Need::NewPassword));
    assert!(cancels(&asked) && !shows(&asked), "{asked:?}");
    assert!(!asked.iter().any(|it| matches!(it, Effect::Give(_))));
    assert_eq!(page(&core), Some(Page::Change));

    // W1 is open again, and nothing was submitted in it.
    let mut core = super::asked();
    act(&mut core, Act::Next, true);
    assert!(cancels(&act(&mut core, Act::Later, false)));
    act(&mut core, Act::OpenNeeded, false);
    let asked = core.step(NOW, need(Need::DirectoryPassword));
    assert!(!asked.iter().any(|it| matches!(it, Effect::Give(_))));
}

#[test]
fn what_ends_elsewhere_leaves_a_window_in_which_something_is_typed() {
    let mut core = checking();
    act(&mut core, Act::Later, false);
    act(&mut core, Act::OpenChange, false);
    for input in [moves(), failed(Code::KeychainRefused)] {
        let done = core.step(NOW, input);
        assert!(!done.contains(&Effect::Clear), "{done:?}");
        assert_eq!(page(&core), Some(Page::Change));
    }
}

#[test]
fn whoever_is_locked_is_asked_nothing_any_more() {
    let mut core = asked();
    let held = told(false, 2, |binding| binding.held = Some(Code::SignInLocked));
    let locked = core.step(NOW, held);
    assert!(locked.contains(&Effect::Hide) && locked.contains(&Effect::Withdraw));
    assert_eq!(page(&core), None);
    // Once that is resolved they are.
    core.step(NOW, status(false, 2));
    let around = core.step(NOW, Input::Surroundings(Surroundings::default()));
    assert!(
        around.contains(&Effect::Show { asked: false }),
        "{around:?}"
    );
}

#[test]
fn later_is_later_of_a_newer_change_too_if_the_window_told_of_it() {
    let mut core = asked();
    core.step(NOW, status(false, 3));
    act(&mut core, Act::Later, false);
    let around = core.step(NOW, Input::Surroundings(Surroundings::default()));
    assert!(!shows(&around) && !notifies(&around), "{around:?}");
}

#[test]
fn a_factor_that_was_of_no_use_is_no_fault_of_the_old_password() {
    let mut core = checking();
    let need = |fault| {
        Input::Event(Event::Need {
            what: Need::OldPassword,
            fault: Some(fault),
            unrecovered: None,
        })
    };
    for refused in [Code::FactorRefused, Code::TooManyAttempts] {
        core.step(NOW, super::need(Need::FactorCode));
        act(&mut core, Act::Next, true);
        core.step(NOW, need(refused));
        let view = core.view().unwrap();
        assert_eq!(view.fields[0].fault, "");
        let why = core.words().code(refused);
        assert!(view.lines.iter().any(|line| line.text == why));
    }
    act(&mut core, Act::Next, true);
    core.step(NOW, need(Code::NotTheComputersPassword));
    let view = core.view().unwrap();
    assert!(view.fields[0].fault.contains("2 tries left"));
}
