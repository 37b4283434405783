//! Windows that only tell.

use lockstep_model::{DeviceId, Fault};
use lockstep_protocol::api::me::{Computer, Standing};
use lockstep_protocol::doctor::{About, Finding};

use super::*;

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
