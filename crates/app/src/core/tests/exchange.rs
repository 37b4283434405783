//! Exchanges one after the other, and windows that come and go beside them.

use lockstep_model::{DeviceId, Fault};
use lockstep_protocol::api::me::{Computer, Standing};
use lockstep_protocol::doctor::{About, Finding};
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

fn need(what: Need) -> Input {
    Input::Event(Event::Need {
        what,
        fault: None,
        unrecovered: None,
    })
}

/// The agent tells that a store moves.
fn moves() -> Input {
    Input::Event(Event::Progress(StoreRow {
        kind: StoreKind::Account,
        state: StoreState::Changing,
    }))
}

/// A core whose person typed the new password, which the agent has.
fn checking() -> Core {
    let mut core = asked();
    act(&mut core, Act::Next, true);
    let given = core.step(NOW, need(Need::DirectoryPassword));
    assert!(given.contains(&Effect::Give(0)));
    core
}

/// A core whose person typed the old password, too.
fn checking_old() -> Core {
    let mut core = checking();
    core.step(NOW, need(Need::OldPassword));
    assert!(act(&mut core, Act::Next, true).contains(&Effect::Give(0)));
    core
}

fn cancels(effects: &[Effect]) -> bool {
    effects.contains(&Effect::Reply(Reply::Cancel))
}

fn shows(effects: &[Effect]) -> bool {
    effects.iter().any(|it| matches!(it, Effect::Show { .. }))
}

fn notifies(effects: &[Effect]) -> bool {
    effects.iter().any(|it| matches!(it, Effect::Notify(_)))
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

/// A status of a binding whose last sync stopped.
fn stopped(code: Code) -> Input {
    told(false, 2, |binding| binding.problem = Some(code))
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
    core.open_needed(&mut Vec::new(), false);
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
fn an_examination_that_failed_found_nothing_to_be_well() {
    let mut core = core();
    core.step(NOW, status(true, 2));
    act(&mut core, Act::OpenHelp, false);
    act(&mut core, Act::Examine, false);
    core.step(NOW, failed(Code::AgentUnreachable));
    let view = core.view().unwrap();
    assert!(view.list.is_none() && view.banner.is_some());
    act(&mut core, Act::Examine, false);
    assert!(core.view().unwrap().banner.is_none());
    let finding = Finding::warning(About::Clock, "The clock is off.", "Set the clock.");
    let findings = vec![finding];
    core.step(NOW, Input::Event(Event::Examined { findings }));
    let rows = core.view().unwrap().list.unwrap().rows;
    assert_eq!(rows[0].name, "The clock is off. Set the clock.");
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
        core.step(NOW, super::exchange::need(Need::FactorCode));
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

fn types(core: &mut Core, text: &str) -> Vec<Effect> {
    let filled = std::array::from_fn(|_| Filled {
        any: true,
        text: text.to_owned(),
    });
    let act = Act::Next;
    core.step(NOW, Input::Act { act, filled })
}

/// A core whose person is at the last question of W11.
fn choosing() -> Core {
    let mut core = core();
    core.step(NOW, unlinked(true));
    act(&mut core, Act::OpenLink, false);
    act(&mut core, Act::Yes, false);
    types(&mut core, "anna");
    core.step(NOW, need(Need::DirectoryPassword));
    core.step(NOW, need(Need::ComputersPassword));
    act(&mut core, Act::Next, true);
    core
}

fn phrase() -> Ask {
    let words = "copper teapot".into();
    Ask::ChoosePhrase { words }
}

#[test]
fn a_link_whose_first_sync_stops_keeps_its_phrase_and_is_not_made_again() {
    for status_first in [false, true] {
        let mut core = choosing();
        assert!(types(&mut core, "copper teapot").contains(&Effect::Give(2)));
        core.step(NOW, moves());
        let stops = failed(Code::KeychainRefused);
        let mut inputs = [stops, stopped(Code::KeychainRefused)];
        if status_first {
            inputs.reverse();
        }
        let ended: Vec<Effect> = inputs
            .into_iter()
            .flat_map(|input| core.step(NOW, input))
            .collect();
        assert!(asks(&ended, &phrase()), "{ended:?}");
        assert_eq!(page(&core), Some(Page::Stopped));
        // What becomes of the phrase is no end of a sync.
        core.step(NOW, failed(Code::PhraseUnusable));
        assert_eq!(page(&core), Some(Page::Stopped));
        act(&mut core, Act::TryAgain, false);
        assert_eq!(page(&core), Some(Page::Changed));
    }
}

#[test]
fn a_link_that_was_not_made_keeps_no_phrase() {
    let mut core = choosing();
    types(&mut core, "copper teapot");
    core.step(NOW, failed(Code::SignInRefused));
    let linked = core.step(NOW, status(true, 2));
    assert!(!asks(&linked, &phrase()));
}

#[test]
fn a_link_that_stops_behind_a_hidden_window_is_told() {
    let mut core = choosing();
    types(&mut core, "copper teapot");
    core.step(NOW, moves());
    act(&mut core, Act::Hide, false);
    assert!(notifies(&core.step(NOW, failed(Code::KeychainRefused))));
}

#[test]
fn a_phrase_is_judged_where_it_is_chosen() {
    let mut core = choosing();
    let refused = types(&mut core, &"x".repeat(81));
    assert!(!refused.contains(&Effect::Give(2)));
    assert!(!core.view().unwrap().fields[0].fault.is_empty());
    let another = act(&mut core, Act::Another, false);
    assert!(another.iter().any(|it| matches!(it, Effect::Fill { .. })));
    assert!(core.view().unwrap().fields[0].fault.is_empty());
}

/// A core that shows how things stand, with a keyring that was set aside.
fn with_aside(reopened: Option<Timestamp>) -> Core {
    let mut core = core();
    core.step(NOW, status(true, 2));
    act(&mut core, Act::OpenStatus, false);
    let which = || "a".to_owned();
    let aside = SetAside {
        which: which(),
        at: NOW,
        bytes: 1,
        reopened,
    };
    core.step(NOW, Input::Asides(vec![aside]));
    let which = which();
    act(&mut core, Act::OpenAside { which }, false);
    core
}

#[test]
fn a_copy_that_was_opened_before_is_kept_without_a_count_of_nothing() {
    let mut core = with_aside(Some(NOW));
    assert_eq!(core.view().unwrap().buttons[0].act, Act::Remove);
    act(&mut core, Act::Back, false);
    assert_eq!(page(&core), None);
}

#[test]
fn a_copy_that_could_not_be_removed_is_said_to_be_there() {
    let mut core = with_aside(Some(NOW));
    act(&mut core, Act::Remove, false);
    let fault = Fault::new(Code::NotReopened, "");
    core.step(NOW, Input::Removed(Err(fault)));
    let view = core.view().unwrap();
    assert_eq!(view.banner, Some(core.words().code(Code::NotReopened)));
    assert_eq!(view.buttons[0].act, Act::Remove);
}

#[test]
fn this_computer_is_one_of_the_persons_computers() {
    let mut core = core();
    core.step(NOW, status(true, 2));
    act(&mut core, Act::OpenStatus, false);
    let other = Computer {
        device: DeviceId::fresh(),
        name: "other".into(),
        system: String::new(),
        account: String::new(),
        standing: Standing::AsksNow,
        stores: Vec::new(),
        last_contact: None,
        online: true,
    };
    core.step(NOW, Input::Computers(vec![other], NOW));
    let rows = core.view().unwrap().list.unwrap().rows;
    assert_eq!(rows.len(), 2);
    assert!(rows[0].name.contains("This computer"), "{rows:?}");
    core.step(NOW, Input::Computers(Vec::new(), NOW));
    let list = core.view().unwrap().list.unwrap();
    assert!(list.rows.is_empty() && !list.empty.is_empty());
}
