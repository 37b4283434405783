//! The old password is not remembered: its cost is told first, and paid back when it is.

use lockstep_story::desk::Desk;
use lockstep_story::locked::KEYRINGS;
use lockstep_story::play::expect_opens;

use crate::support::Anna;

#[test]
fn without_the_old_password_the_keyring_is_set_aside_and_opened_by_it_later() {
    let Some(mut anna) = Anna::without_a_disk() else {
        return;
    };
    let second = anna.mark.typed("second");
    anna.changes_and_is_asked(&second);
    let (first, desk) = (&anna.first, &mut anna.desk);
    desk.computer.lose_envelopes().unwrap();
    desk.fill("New password", &second).unwrap();
    desk.press("Next").unwrap();
    desk.reads("One more password").unwrap();
    desk.has_keyboard("Old password").unwrap();
    desk.keys(&["Return"]).unwrap();

    desk.reads("Without your old password").unwrap();
    desk.reads("Your account: Your account gets your new password.")
        .unwrap();
    desk.reads(
        "Keyring: Your keyring is set aside, not deleted. You start with an empty one; your old \
         password opens the old one later.",
    )
    .unwrap();
    desk.has_keyboard("Back").unwrap();
    expect_opens(&desk.computer, first, &second).unwrap();
    assert!(desk.session.reads_keyring().unwrap(), "it is gone already");

    desk.press("Set aside and continue").unwrap();
    desk.reads("Your computer is in sync").unwrap();
    desk.press("Done").unwrap();
    desk.window_goes().unwrap();
    expect_opens(&desk.computer, &second, first).unwrap();
    assert!(!desk.session.reads_keyring().unwrap(), "it is not empty");

    opens_the_old_one(desk, &second, first);
    assert!(desk.session.reads_keyring().unwrap(), "it is still empty");
    let left = format!("ls {KEYRINGS} | grep -c set-aside || true");
    assert_eq!(desk.computer.device.shell(&left).unwrap().trim(), "0");
}

/// Opens from the status what was set aside, and has it removed.
fn opens_the_old_one(desk: &mut Desk, new: &str, old: &str) {
    desk.choose("Status…").unwrap();
    let window = desk.window_comes().unwrap();
    desk.activate(&window).unwrap();
    desk.reads_one("that it was set aside", |it| {
        let name = it["name"].as_str().unwrap_or_default();
        name.starts_with("Keyring: Set aside on ")
    })
    .unwrap();
    desk.press("Open…").unwrap();
    desk.reads("Open your old keyring").unwrap();
    desk.fill("Old password", new).unwrap();
    desk.press("Open").unwrap();
    desk.reads_one("that it doesn't open", |it| {
        it["name"] == "Old password"
            && it["description"] == "That doesn't open it. Nothing was changed."
    })
    .unwrap();
    desk.fill("Old password", old).unwrap();
    desk.press("Open").unwrap();
    desk.reads("1 saved password added.").unwrap();
    desk.press("Remove old copy…").unwrap();
    desk.reads("Its contents are in your keyring now.").unwrap();
    desk.has_keyboard("Keep").unwrap();
    desk.press("Remove").unwrap();
    desk.reads("The old copy is removed.").unwrap();
    desk.press("Done").unwrap();
    desk.window_goes().unwrap();
}
