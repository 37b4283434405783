use jiff::tz::TimeZone;
use lockstep_model::password::Policy;
use lockstep_model::{Generation, StoreKind};
use lockstep_protocol::api::{ItContact, Organisation};
use lockstep_protocol::local::{Ask, Done, Event, Need, Reply};

use super::*;
use crate::view::{Act, Icon, Page};
use crate::words::{Language, Platform};

mod exchange;
mod linking;
mod reach;
mod stopped;
mod told;

const NOW: Timestamp = Timestamp(1_793_712_780_000);

fn status(in_sync: bool, generation: u32) -> Input {
    Input::Status(Box::new(Status {
        agent_version: "0".into(),
        portal: None,
        organisation: None,
        online: true,
        binding: Some(BindingStatus {
            user_name: "anna".into(),
            account: "anna".into(),
            phrase: Some("copper teapot".into()),
            generation: Some(Generation(generation)),
            changed: None,
            temporary: false,
            held: None,
            heard_at: None,
            in_sync,
            stores: vec![StoreRow {
                kind: StoreKind::Account,
                state: StoreState::Waiting,
            }],
            notices: Vec::new(),
            other_computers: 0,
            expires_at: None,
            problem: None,
        }),
        problem: None,
    }))
}

/// A status with something else in its binding.
fn told(in_sync: bool, generation: u32, change: impl FnOnce(&mut BindingStatus)) -> Input {
    let Input::Status(mut told) = status(in_sync, generation) else {
        panic!("it is one");
    };
    change(told.binding.as_mut().unwrap());
    Input::Status(told)
}

/// A status of a computer that is set up, and of an account that follows nobody.
fn unlinked(online: bool) -> Input {
    let Input::Status(mut told) = status(false, 2) else {
        panic!("it is one");
    };
    told.binding = None;
    told.online = online;
    told.organisation = Some(Organisation {
        name: "Acme".into(),
        it_contact: ItContact {
            name: String::new(),
            email: String::new(),
            phone: String::new(),
        },
        policy: Policy::default(),
        logo: None,
        reminder_hours: 4,
    });
    Input::Status(told)
}

fn core() -> Core {
    let clock = Clock {
        now: NOW,
        zone: TimeZone::UTC,
    };
    let words = Words::new(Language::English, Platform::Other);
    Core::new(words, clock, String::new(), Memory::default(), 1)
}

fn act(core: &mut Core, act: Act, any: bool) -> Vec<Effect> {
    let filled = std::array::from_fn(|_| Filled {
        any,
        text: String::new(),
    });
    core.step(NOW, Input::Act { act, filled })
}

/// A core whose window came up by itself.
fn asked() -> Core {
    let mut core = core();
    let looked = core.step(NOW, status(false, 2));
    assert!(looked.contains(&Effect::LookAround));
    let shown = core.step(NOW, Input::Surroundings(Surroundings::default()));
    assert!(shown.contains(&Effect::Show { asked: false }), "{shown:?}");
    core
}

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

fn cancels(effects: &[Effect]) -> bool {
    effects.contains(&Effect::Reply(Reply::Cancel))
}

fn shows(effects: &[Effect]) -> bool {
    effects.iter().any(|it| matches!(it, Effect::Show { .. }))
}

fn notifies(effects: &[Effect]) -> bool {
    effects.iter().any(|it| matches!(it, Effect::Notify(_)))
}

/// A status of a binding whose last sync stopped.
fn stopped(code: Code) -> Input {
    told(false, 2, |binding| binding.problem = Some(code))
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

/// What a new password measures that meets every rule.
fn rules_met() -> Measured {
    let secret = |text: &str| lockstep_model::Secret::copy_of(text.as_bytes());
    let new = secret("seven quiet lanterns at noon");
    let standard = core().standard();
    rules::measure(&standard, Some(&secret("another")), &new, &new)
}

fn page(core: &Core) -> Option<Page> {
    core.view().map(|view| view.page)
}

#[test]
fn a_change_is_confirmed_by_one_password() {
    let mut core = asked();
    assert_eq!(core.tray().icon, Icon::NeedsYou);
    let blank = act(&mut core, Act::Next, false);
    assert!(!blank.iter().any(|it| matches!(it, Effect::Ask(_))));
    let begun = act(&mut core, Act::Next, true);
    assert!(begun.contains(&Effect::Ask(Ask::Sync { restarted: false })));
    // Pressed twice, it begins once.
    assert!(
        !act(&mut core, Act::Next, true)
            .iter()
            .any(|it| matches!(it, Effect::Ask(_)))
    );
    let need = Event::Need {
        what: Need::DirectoryPassword,
        fault: None,
        unrecovered: None,
    };
    assert!(
        core.step(NOW, Input::Event(need))
            .contains(&Effect::Give(0))
    );
    let row = StoreRow {
        kind: StoreKind::Account,
        state: StoreState::Changing,
    };
    let moved = core.step(NOW, Input::Event(Event::Progress(row)));
    // Emptied first: that takes the keyboard from the field.
    let emptied = moved.iter().position(|it| *it == Effect::Clear);
    let focused = moved.iter().position(|it| *it == Effect::Focus);
    assert!(emptied.is_some(), "what was typed stays");
    assert!(focused > emptied, "nothing has the keyboard: {moved:?}");
    assert_eq!(page(&core), Some(Page::Work));
    assert_eq!(core.tray().icon, Icon::Working);
    core.step(NOW, status(true, 2));
    let done = Done::InSync {
        generation: Generation(2),
        other_computers: 0,
    };
    core.step(NOW, Input::Event(Event::Done(done)));
    assert_eq!(page(&core), Some(Page::InSync));
    assert_eq!(core.tray().icon, Icon::InSync);
}

#[test]
fn a_second_change_stacks_no_second_window() {
    let mut core = asked();
    for generation in 3..6 {
        let effects = core.step(NOW, status(false, generation));
        assert!(!effects.iter().any(|it| matches!(it, Effect::Show { .. })));
    }
    assert_eq!(page(&core), Some(Page::Changed));
}

#[test]
fn later_changes_nothing_and_does_not_ask_again() {
    let mut core = asked();
    let later = act(&mut core, Act::Later, false);
    assert!(later.contains(&Effect::Hide));
    assert!(later.contains(&Effect::Withdraw));
    let again = core.step(NOW, Input::Surroundings(Surroundings::default()));
    assert!(!again.iter().any(|it| matches!(it, Effect::Show { .. })));
    assert_eq!(core.tray().icon, Icon::NeedsYou);
}

#[test]
fn a_refused_password_is_not_tried_again_by_itself() {
    let mut core = asked();
    act(&mut core, Act::Next, true);
    let failure = Failure {
        code: Code::NotTheNewPassword,
        detail: String::new(),
        stores: Vec::new(),
    };
    let refused = core.step(NOW, Input::Event(Event::Failed(failure)));
    assert!(refused.contains(&Effect::Clear));
    assert!(
        !refused
            .iter()
            .any(|it| matches!(it, Effect::Ask(_) | Effect::Give(_)))
    );
    assert!(!core.view().unwrap().fields[0].fault.is_empty());
}

#[test]
fn a_blank_old_password_is_said_to_be_lost_and_a_wrong_one_is_not() {
    let need = || {
        Input::Event(Event::Need {
            what: Need::OldPassword,
            fault: None,
            unrecovered: None,
        })
    };
    for (any, answer) in [
        (false, Effect::Reply(Reply::Forgotten)),
        (true, Effect::Give(0)),
    ] {
        let mut core = asked();
        act(&mut core, Act::Next, true);
        core.step(NOW, need());
        assert_eq!(page(&core), Some(Page::Old));
        assert!(act(&mut core, Act::Next, any).contains(&answer));
    }
}

#[test]
fn whoever_goes_on_at_a_cost_sees_the_work_and_can_hide_it() {
    let mut core = asked();
    act(&mut core, Act::Next, true);
    core.step(NOW, Input::Event(Event::Cost { stores: Vec::new() }));
    let accepted = act(&mut core, Act::Accept, false);
    assert_eq!(page(&core), Some(Page::Work));
    let wanted = [Effect::Reply(Reply::Accept), Effect::Focus];
    assert_eq!(accepted[..2], wanted);
    let hide = core.view().unwrap().buttons.pop().unwrap();
    assert!(hide.default && hide.act == Act::Hide);
}

#[test]
fn giving_up_is_told_once_and_ends_quietly() {
    let mut core = asked();
    act(&mut core, Act::Next, true);
    core.step(
        NOW,
        Input::Event(Event::Need {
            what: Need::OldPassword,
            fault: None,
            unrecovered: None,
        }),
    );
    let back = act(&mut core, Act::Back, false);
    let cancelled = back
        .iter()
        .filter(|it| **it == Effect::Reply(Reply::Cancel));
    assert_eq!(cancelled.count(), 1);
    let failure = Failure {
        code: Code::AttemptExpired,
        detail: String::new(),
        stores: Vec::new(),
    };
    core.step(NOW, Input::Event(Event::Failed(failure)));
    assert_eq!(page(&core), Some(Page::Changed));
}

#[test]
fn without_an_agent_or_a_network_nobody_is_asked() {
    let mut core = asked();
    act(&mut core, Act::Later, false);
    core.step(NOW, Input::AgentGone);
    assert_eq!(core.tray().icon, Icon::Offline);
    act(&mut core, Act::OpenNeeded, false);
    let view = core.view().unwrap();
    assert_eq!(view.page, Page::Offline);
    assert!(view.fields.is_empty());
}

#[test]
fn every_window_that_asks_for_a_password_has_the_phrase() {
    let mut core = asked();
    let phrase = |core: &Core| core.view().unwrap().head.phrase;
    assert!(phrase(&core).is_some());
    act(&mut core, Act::Later, false);
    act(&mut core, Act::OpenChange, false);
    assert!(phrase(&core).is_some());
    act(&mut core, Act::Close, false);
    act(&mut core, Act::OpenAbout, false);
    assert_eq!(phrase(&core), None);
}

#[test]
fn whoever_is_held_and_whoever_was_told_nothing_is_not_called_in_sync() {
    let changed = |change: fn(&mut BindingStatus)| {
        let mut core = core();
        core.step(NOW, told(false, 2, change));
        core.tray()
    };
    let held = changed(|binding| binding.held = Some(Code::SignInLocked));
    assert_eq!(held.icon, Icon::Problem);
    assert!(held.line.contains("LS-2013"), "{}", held.line);
    assert!(held.action.is_some());
    let silent = changed(|binding| binding.generation = None);
    assert_eq!(silent.icon, Icon::Offline);
}

#[test]
fn an_open_status_asks_for_the_other_computers_anew_when_the_password_changes() {
    let mut core = core();
    core.step(NOW, status(true, 1));
    let opened = act(&mut core, Act::OpenStatus, false);
    assert!(opened.contains(&Effect::ListComputers));
    let same = core.step(NOW, status(true, 1));
    assert!(!same.contains(&Effect::ListComputers));
    let changed = core.step(NOW, status(false, 2));
    assert!(changed.contains(&Effect::ListComputers));
    act(&mut core, Act::OpenAbout, false);
    let elsewhere = core.step(NOW, status(false, 3));
    assert!(!elsewhere.contains(&Effect::ListComputers));
}
