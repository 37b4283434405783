//! The old password is lost: its cost is said first, and nothing happens without a yes.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

use lockstep_model::{Code, Generation};
use lockstep_protocol::api::me::Standing;
use lockstep_story::play::{expect_opens, expect_row};
use lockstep_story::terminal::{Seen, type_at};
use lockstep_story::{Computer, World};

const FIRST: &str = "violet harbour at dawn";
const SECOND: &str = "seven quiet lanterns";
const DESK: &str = "anna-desk";

/// Anna, whose password was replaced by a reset link, so that her computer asks for the old one.
fn anna() -> Option<(World, Computer)> {
    let world = World::for_test().unwrap()?;
    let computer = world.linked("anna", FIRST, DESK).unwrap();
    let said: serde_json::Value = world
        .admin(&["reset-link", "anna"])
        .unwrap()
        .json()
        .unwrap();
    let link = said["reset_link"].as_str().unwrap();
    world.activate("anna", link, SECOND).unwrap();
    computer
        .wait_for("told", |_, binding| !binding.in_sync)
        .unwrap();
    Some((world, computer))
}

const NEW: (&str, &str) = ("New password: ", SECOND);
const BLANK: (&str, &str) = ("Old password (blank if you don't remember it): ", "");
const QUESTION: &str = "Continue without the old password? [y/N] ";
const COST: &str = "Your account gets your new password.";

#[test]
fn a_blank_old_password_says_its_cost_and_moves_only_after_a_yes() {
    let Some((world, computer)) = anna() else {
        return;
    };
    for no in ["", "n", "what?"] {
        let answers = [NEW, BLANK, (QUESTION, no)];
        let Seen { exit, shown } = type_at(&computer, "lockstep sync", &answers).unwrap();
        assert_eq!(exit, 1, "{shown}");
        assert!(shown.contains(COST), "{shown}");
        assert!(
            shown.contains(&Code::OldPasswordNeeded.to_string()),
            "{shown}"
        );
        expect_opens(&computer, FIRST, SECOND).unwrap();
    }
    let answers = [NEW, BLANK, (QUESTION, "y")];
    let Seen { exit, shown } = type_at(&computer, "lockstep sync", &answers).unwrap();
    assert_eq!(exit, 0, "{shown}");
    let (cost, question) = (shown.find(COST), shown.find(QUESTION));
    assert!(cost.is_some() && cost < question, "{shown}");
    expect_opens(&computer, SECOND, FIRST).unwrap();
    expect_row(&world, DESK, Generation(2), Standing::InSync).unwrap();
    // The envelope was sealed anew: the next change asks for nothing but the new password.
    computer.passwd(SECOND, FIRST).unwrap().ok().unwrap();
    expect_opens(&computer, FIRST, SECOND).unwrap();
    let audit = world.admin(&["audit"]).unwrap().ok().unwrap();
    assert!(audit.contains("account.reset_ordered"), "{audit}");
}

#[test]
fn a_wrong_old_password_never_counts_as_blank() {
    let Some((_world, computer)) = anna() else {
        return;
    };
    let secrets = [
        ("--password-fd", SECOND),
        ("--old-password-fd", "not the old one"),
    ];
    let refused = computer.lockstep(&["sync"], &secrets).unwrap();
    assert_eq!(
        refused.code(),
        Some(Code::NotTheComputersPassword),
        "{refused:?}"
    );
    expect_opens(&computer, FIRST, SECOND).unwrap();
    let answers = [
        NEW,
        ("Old password (blank if you don't remember it): ", "wrong"),
        BLANK,
        (QUESTION, "n"),
    ];
    let Seen { exit, shown } = type_at(&computer, "lockstep sync", &answers).unwrap();
    assert_eq!(exit, 1, "{shown}");
    expect_opens(&computer, FIRST, SECOND).unwrap();
}

#[test]
fn a_program_can_agree_to_the_cost_and_is_told_it() {
    let Some((world, computer)) = anna() else {
        return;
    };
    let nobody = [("--password-fd", SECOND), ("--old-password-fd", "")];
    let refused = computer.lockstep(&["sync"], &nobody).unwrap();
    assert_eq!(refused.code(), Some(Code::NoTerminal), "{refused:?}");
    expect_opens(&computer, FIRST, SECOND).unwrap();
    let agreed = ["sync", "--without-old-password"];
    let done = computer
        .lockstep(&agreed, &[("--password-fd", SECOND)])
        .unwrap();
    assert!(
        done.err
            .contains(r#"{"cost":[{"becomes":"reset","kind":"account"}]}"#),
        "{done:?}"
    );
    done.ok().unwrap();
    expect_opens(&computer, SECOND, FIRST).unwrap();
    expect_row(&world, DESK, Generation(2), Standing::InSync).unwrap();
}

#[test]
fn a_locked_account_is_not_unlocked_by_a_reset() {
    let Some((_world, computer)) = anna() else {
        return;
    };
    computer.device.shell("usermod --lock anna").unwrap();
    let before = computer.device.shell("grep ^anna: /etc/shadow").unwrap();
    let refused = computer
        .lockstep(
            &["sync", "--without-old-password"],
            &[("--password-fd", SECOND)],
        )
        .unwrap();
    assert_eq!(refused.code(), Some(Code::AccountLocked), "{refused:?}");
    let after = computer.device.shell("grep ^anna: /etc/shadow").unwrap();
    assert_eq!(after, before);
}
