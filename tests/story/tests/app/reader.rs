//! Changes and drifts, by a screen reader alone.

use lockstep_story::play::expect_all_open;
use serde_json::json;

use crate::support::Anna;

#[test]
fn a_changed_password_is_confirmed_by_a_screen_reader_alone() {
    let Some(mut anna) = Anna::at_her_desk() else {
        return;
    };
    let second = anna.mark.typed("second");
    anna.changes(&anna.first, &second);
    let desk = &mut anna.desk;
    let window = desk.window_comes().unwrap();
    desk.reads("Your password changed").unwrap();
    desk.reads("Type your new password to bring this computer in step.")
        .unwrap();
    desk.reads("anna on anna-desk").unwrap();
    desk.activate(&window).unwrap();

    desk.press("Next").unwrap();
    let blank = desk.reads_one("that nothing was typed", |it| {
        it["name"] == "New password" && it["description"] == "Type it first."
    });
    let blank = blank.unwrap();
    assert_eq!(blank["role"], "password", "{blank}");

    desk.fill("New password", "not the new password").unwrap();
    desk.press("Next").unwrap();
    let wrong = desk.reads_one("that it is wrong", |it| {
        let why = it["description"].as_str().unwrap_or_default();
        it["name"] == "New password" && why.starts_with("That isn't your new password.")
    });
    let wrong = wrong.unwrap();
    assert_eq!(wrong["text"], "", "what was wrong is emptied: {wrong}");

    desk.fill("New password", &second).unwrap();
    desk.press("Next").unwrap();
    desk.reads("Your computer is in sync").unwrap();
    for store in ["Your account", "Keyring", "Disk"] {
        let in_sync = format!("{store}: In sync, tested ");
        let row = desk.reads_one(&in_sync, |it| {
            it["name"]
                .as_str()
                .is_some_and(|name| name.starts_with(&in_sync))
        });
        assert_eq!(row.unwrap()["role"], "list item");
    }
    desk.press("Done").unwrap();
    desk.window_goes().unwrap();
    // Screen readers find windows that are hidden, too.
    desk.forgets("Your computer is in sync").unwrap();
    desk.forgets("Done").unwrap();
    desk.tray_says("in sync").unwrap();

    let first = anna.first;
    let computer = anna.desk.log_out();
    expect_all_open(&computer, &second, &first).unwrap();
}

#[test]
fn a_drift_asks_for_the_password_that_another_program_set() {
    let Some(mut anna) = Anna::at_her_desk() else {
        return;
    };
    let device = &anna.desk.computer.device;
    device.set_password("anna", b"set by root").unwrap();
    let desk = &mut anna.desk;
    let window = desk.window_comes().unwrap();
    desk.tray_says("confirm your new password").unwrap();
    desk.reads("Your computer has another password").unwrap();
    desk.activate(&window).unwrap();
    desk.fill("Acme password", &anna.first).unwrap();
    desk.press("Next").unwrap();

    desk.reads("One more password").unwrap();
    let hint = json!("Leave it blank if you don't remember it.");
    desk.reads_one("the hint", |it| {
        it["name"] == "Old password" && it["description"] == hint
    })
    .unwrap();
    desk.fill("Old password", "nothing that was ever set")
        .unwrap();
    desk.press("Next").unwrap();
    desk.reads_one("that it opens nothing", |it| {
        let why = it["description"].as_str().unwrap_or_default();
        it["name"] == "Old password" && why.contains("Nothing was changed. 2 tries left.")
    })
    .unwrap();
    desk.fill("Old password", "set by root").unwrap();
    desk.press("Next").unwrap();
    desk.reads("Your computer is in sync").unwrap();
    desk.press("Done").unwrap();
    desk.tray_says("in sync").unwrap();

    let first = anna.first;
    let computer = anna.desk.log_out();
    expect_all_open(&computer, &first, "set by root").unwrap();
}
