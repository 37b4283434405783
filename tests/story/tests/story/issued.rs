//! A password that was issued: by an admin, or by the person with a reset link.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

use lockstep_model::{Code, Generation};
use lockstep_protocol::api::admin::{People, PersonStatus};
use lockstep_protocol::api::me::Standing;
use lockstep_protocol::local::BindingStatus;
use lockstep_story::command::Outcome;
use lockstep_story::play::{expect_opens, expect_row};
use lockstep_story::{Computer, World, portal};

const FIRST: &str = "violet harbour at dawn";
const SECOND: &str = "seven quiet lanterns";
const THIRD: &str = "maple bridge in the rain";
const DESK: &str = "anna-desk";

fn anna() -> Option<(World, Computer)> {
    let world = World::for_test().unwrap()?;
    let computer = world.linked("anna", FIRST, DESK).unwrap();
    Some((world, computer))
}

/// Has the admin issue Anna a password; gives it.
fn issued(world: &World) -> String {
    let said: serde_json::Value = world.admin(&["issue", "anna"]).unwrap().json().unwrap();
    let behind = said["behind"].as_array().unwrap();
    assert_eq!(behind.len(), 1, "{said}");
    assert_eq!(behind[0]["name"], DESK);
    said["password"].as_str().unwrap().to_owned()
}

/// Has Anna replace her password by a reset link.
fn reset(world: &World, password: &str) {
    let said: serde_json::Value = world
        .admin(&["reset-link", "anna"])
        .unwrap()
        .json()
        .unwrap();
    let link = said["reset_link"].as_str().unwrap();
    world.activate("anna", link, password).unwrap();
    let spent = world.activate("anna", link, password).unwrap_err();
    assert!(spent.to_string().contains("LS-2009"), "{spent}");
}

/// The codes that commands without a terminal end with when they come to ask for the old password.
fn old_is_asked_for(ended: &Outcome, code: Code) {
    assert_eq!(ended.code(), Some(code), "{ended:?}");
    assert!(ended.err.contains("Old password"), "{ended:?}");
}

#[test]
fn after_a_reset_link_the_old_password_is_asked_for_too() {
    let Some((world, computer)) = anna() else {
        return;
    };
    reset(&world, SECOND);
    let asked = computer.sync(SECOND).unwrap();
    old_is_asked_for(&asked, Code::NoTerminal);
    expect_opens(&computer, FIRST, SECOND).unwrap();
    let secrets = [("--password-fd", SECOND), ("--old-password-fd", FIRST)];
    computer
        .lockstep(&["sync"], &secrets)
        .unwrap()
        .ok()
        .unwrap();
    expect_opens(&computer, SECOND, FIRST).unwrap();
    expect_row(&world, DESK, Generation(2), Standing::InSync).unwrap();
}

#[test]
fn after_a_reset_link_under_the_rule_always_only_the_new_password_is_asked_for() {
    let Some((mut world, computer)) = anna() else {
        return;
    };
    world.rule("release_after_issue", "always").unwrap();
    reset(&world, SECOND);
    computer
        .wait_for("told", |_, binding| !binding.in_sync)
        .unwrap();
    computer.sync(SECOND).unwrap().ok().unwrap();
    expect_opens(&computer, SECOND, FIRST).unwrap();
    expect_row(&world, DESK, Generation(2), Standing::InSync).unwrap();
}

#[test]
fn a_temporary_password_is_replaced_at_the_first_sync_and_opens_no_store() {
    let Some((world, computer)) = anna() else {
        return;
    };
    let temporary = issued(&world);
    let told = computer
        .wait_for("told", |_, binding| binding.temporary)
        .unwrap();
    assert_eq!(told.generation, Some(Generation(2)));
    let changed = told.changed.unwrap();
    assert_eq!(changed.client, "admin", "the admin is named: {changed:?}");
    let secrets = [
        ("--password-fd", temporary.as_str()),
        ("--old-password-fd", FIRST),
        ("--own-password-fd", SECOND),
    ];
    computer
        .lockstep(&["sync"], &secrets)
        .unwrap()
        .ok()
        .unwrap();
    expect_opens(&computer, SECOND, &temporary).unwrap();
    expect_opens(&computer, SECOND, FIRST).unwrap();
    expect_row(&world, DESK, Generation(3), Standing::InSync).unwrap();
    let status = computer.status().unwrap().binding.unwrap();
    assert!(status.in_sync && !status.temporary, "{status:?}");
    assert_eq!(
        world.sign_in("anna", &temporary).unwrap().code(),
        Some(Code::SignInRefused)
    );
}

#[test]
fn a_temporary_password_under_the_rule_always_asks_only_for_it_and_an_own_one() {
    let Some((mut world, computer)) = anna() else {
        return;
    };
    world.rule("release_after_issue", "always").unwrap();
    let temporary = issued(&world);
    let secrets = [
        ("--password-fd", temporary.as_str()),
        ("--own-password-fd", SECOND),
    ];
    computer
        .lockstep(&["sync"], &secrets)
        .unwrap()
        .ok()
        .unwrap();
    expect_opens(&computer, SECOND, FIRST).unwrap();
    expect_row(&world, DESK, Generation(3), Standing::InSync).unwrap();
}

#[test]
fn an_own_password_that_breaks_a_rule_replaces_nothing() {
    let Some((world, computer)) = anna() else {
        return;
    };
    let temporary = issued(&world);
    for (own, code) in [
        ("too short", Code::TooShort),
        (temporary.as_str(), Code::SameAsCurrent),
        ("all of anna's horses", Code::ContainsName),
    ] {
        let secrets = [
            ("--password-fd", temporary.as_str()),
            ("--old-password-fd", FIRST),
            ("--own-password-fd", own),
        ];
        let refused = computer.lockstep(&["sync"], &secrets).unwrap();
        assert_eq!(refused.code(), Some(code), "{refused:?}");
        expect_opens(&computer, FIRST, own).unwrap();
        let row = world.computer_row(DESK).unwrap();
        assert_eq!(row.generation, Generation(2));
    }
}

#[test]
fn where_the_old_password_is_missing_after_the_own_one_was_taken_it_is_said_so() {
    let Some((world, computer)) = anna() else {
        return;
    };
    let temporary = issued(&world);
    let secrets = [
        ("--password-fd", temporary.as_str()),
        ("--own-password-fd", SECOND),
    ];
    let behind = computer.lockstep(&["sync"], &secrets).unwrap();
    old_is_asked_for(&behind, Code::ComputerBehind);
    expect_opens(&computer, FIRST, SECOND).unwrap();
    world.sign_in("anna", SECOND).unwrap().ok().unwrap();
    let secrets = [("--password-fd", SECOND), ("--old-password-fd", FIRST)];
    computer
        .lockstep(&["sync"], &secrets)
        .unwrap()
        .ok()
        .unwrap();
    expect_opens(&computer, SECOND, FIRST).unwrap();
}

#[test]
fn a_suspended_person_is_asked_nothing_and_their_computer_keeps_its_password() {
    let Some((world, computer)) = anna() else {
        return;
    };
    world.admin(&["suspend", "anna"]).unwrap().ok().unwrap();
    let held = computer
        .wait_for("held", |_, binding| binding.held.is_some())
        .unwrap();
    assert_eq!(held.held, Some(Code::Suspended));
    for refused in [
        computer.sync(FIRST).unwrap(),
        computer.passwd(FIRST, SECOND).unwrap(),
        world.sign_in("anna", FIRST).unwrap(),
    ] {
        assert_eq!(refused.code(), Some(Code::Suspended), "{refused:?}");
    }
    let unknown = world.sign_in("anna", SECOND).unwrap();
    assert_eq!(unknown.code(), Some(Code::SignInRefused), "{unknown:?}");
    expect_opens(&computer, FIRST, SECOND).unwrap();
    world.admin(&["resume", "anna"]).unwrap().ok().unwrap();
    computer
        .wait_for("resumed", |_, binding| binding.held.is_none())
        .unwrap();
    computer.passwd(FIRST, SECOND).unwrap().ok().unwrap();
    expect_opens(&computer, SECOND, FIRST).unwrap();
}

#[test]
fn this_was_not_me_locks_the_sign_in_until_an_admin_resolves_it() {
    let Some((world, computer)) = anna() else {
        return;
    };
    reset(&world, SECOND);
    computer
        .wait_for("told", |_, binding| !binding.in_sync)
        .unwrap();
    let asked = computer.lockstep(&["not-me"], &[]).unwrap();
    assert_eq!(asked.code(), Some(Code::NoTerminal), "{asked:?}");
    computer
        .lockstep(&["not-me", "--yes"], &[])
        .unwrap()
        .ok()
        .unwrap();
    computer
        .wait_for("held", |_, binding| {
            binding.held == Some(Code::SignInLocked)
        })
        .unwrap();
    for refused in [
        world.sign_in("anna", SECOND).unwrap(),
        computer.sync(SECOND).unwrap(),
    ] {
        assert_eq!(refused.code(), Some(Code::SignInLocked), "{refused:?}");
    }
    expect_opens(&computer, FIRST, SECOND).unwrap();
    let people: People = world.admin(&["people"]).unwrap().json().unwrap();
    let anna = people
        .people
        .iter()
        .find(|row| row.user_name == "anna")
        .unwrap();
    assert_eq!(anna.status, PersonStatus::Locked);
    assert_eq!(anna.report.as_ref().unwrap().client, DESK);
    world.admin(&["unlock", "anna"]).unwrap().ok().unwrap();
    world.sign_in("anna", SECOND).unwrap().ok().unwrap();
}

#[test]
fn with_envelopes_off_the_old_password_is_asked_for_after_every_change() {
    let Some((mut world, computer)) = anna() else {
        return;
    };
    world.rule("envelopes", "off").unwrap();
    portal::change(&world.directory, "anna", FIRST, SECOND).unwrap();
    let told = |wanted: u32| {
        let what = format!("generation {wanted}");
        let heard = move |_: &_, binding: &BindingStatus| {
            binding.generation == Some(Generation(wanted)) && !binding.in_sync
        };
        computer.wait_for(&what, heard).unwrap();
    };
    told(2);
    old_is_asked_for(&computer.sync(SECOND).unwrap(), Code::NoTerminal);
    expect_opens(&computer, FIRST, SECOND).unwrap();
    let secrets = [("--password-fd", SECOND), ("--old-password-fd", FIRST)];
    let synced = computer.lockstep(&["sync"], &secrets).unwrap();
    synced.ok().unwrap();
    expect_opens(&computer, SECOND, FIRST).unwrap();

    // A change on the computer needs no copy: both passwords are typed.
    computer.passwd(SECOND, THIRD).unwrap().ok().unwrap();
    expect_opens(&computer, THIRD, SECOND).unwrap();

    // What was sealed meanwhile stays shut when the rule goes.
    world.rule("envelopes", "on").unwrap();
    portal::change(&world.directory, "anna", THIRD, FIRST).unwrap();
    told(4);
    old_is_asked_for(&computer.sync(FIRST).unwrap(), Code::NoTerminal);
    let secrets = [("--password-fd", FIRST), ("--old-password-fd", THIRD)];
    let synced = computer.lockstep(&["sync"], &secrets).unwrap();
    synced.ok().unwrap();

    // From here on nothing but the new one is typed.
    portal::change(&world.directory, "anna", FIRST, SECOND).unwrap();
    told(5);
    computer.sync(SECOND).unwrap().ok().unwrap();
    expect_opens(&computer, SECOND, FIRST).unwrap();
}
