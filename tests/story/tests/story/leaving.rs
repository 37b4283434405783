//! How a computer leaves: given up by its person, or revoked by an admin.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

use lockstep_model::Code;
use lockstep_protocol::api::admin::Computers;
use lockstep_story::play::expect_opens;
use lockstep_story::{Computer, World};

const FIRST: &str = "violet harbour at dawn";
const SECOND: &str = "seven quiet lanterns";

fn anna() -> Option<(World, Computer)> {
    let world = World::for_test().unwrap()?;
    let computer = world.linked("anna", FIRST, "anna-desk").unwrap();
    Some((world, computer))
}

#[test]
fn an_unlinked_account_keeps_its_password_and_can_be_linked_again() {
    let Some((world, computer)) = anna() else {
        return;
    };
    computer.lockstep(&["unlink"], &[]).unwrap().ok().unwrap();
    expect_opens(&computer, FIRST, SECOND).unwrap();
    assert!(computer.status().unwrap().binding.is_none());
    let all: Computers = world.admin(&["computers"]).unwrap().json().unwrap();
    assert!(all.computers.is_empty(), "{all:?}");
    let agent = computer
        .device
        .shell("find /var/lib/lockstep/bindings -type f")
        .unwrap();
    let helper = computer
        .device
        .shell("ls /var/lib/lockstep-helper/bindings")
        .unwrap();
    assert_eq!(
        (agent.as_str(), helper.as_str()),
        ("", ""),
        "something was left"
    );
    assert_eq!(computer.sync(FIRST).unwrap().code(), Some(Code::NotLinked));
    computer.link(FIRST, FIRST).unwrap().ok().unwrap();
    computer.passwd(FIRST, SECOND).unwrap().ok().unwrap();
    expect_opens(&computer, SECOND, FIRST).unwrap();
}

#[test]
fn an_unlink_without_the_directory_changes_nothing() {
    let Some((mut world, computer)) = anna() else {
        return;
    };
    world.directory.stop().unwrap();
    let refused = computer.lockstep(&["unlink"], &[]).unwrap();
    assert_eq!(
        refused.code(),
        Some(Code::DirectoryUnreachable),
        "{refused:?}"
    );
    assert!(computer.status().unwrap().binding.is_some());
    world.directory.start(&world.lab).unwrap();
    computer
        .wait_for("online", |status, _| status.online)
        .unwrap();
    computer.passwd(FIRST, SECOND).unwrap().ok().unwrap();
}

#[test]
fn a_revoked_computer_is_told_at_once_and_may_ask_for_nothing() {
    let Some((world, computer)) = anna() else {
        return;
    };
    world.admin(&["revoke", "anna-desk"]).unwrap().ok().unwrap();
    let told = computer
        .wait_for("its line is closed", |status, binding| {
            !status.online && binding.problem == Some(Code::DeviceRefused)
        })
        .unwrap();
    assert!(!told.in_sync);
    for refused in [
        computer.sync(FIRST).unwrap(),
        computer.passwd(FIRST, SECOND).unwrap(),
    ] {
        assert_eq!(refused.code(), Some(Code::DeviceRefused), "{refused:?}");
    }
    expect_opens(&computer, FIRST, SECOND).unwrap();
    let again = world.admin(&["revoke", "anna-desk"]).unwrap();
    assert_eq!(again.code(), Some(Code::NotLinked), "{again:?}");
}
