//! What is said is true, whatever else goes on.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

use std::io::Read as _;
use std::process::{Child, Stdio};

use lockstep_model::{Code, Generation};
use lockstep_story::{Computer, World, portal};

const FIRST: &str = "violet harbour at dawn";
const SECOND: &str = "seven quiet lanterns";
const DRIFTED: &str = "set by root behind our back";

fn anna() -> Option<(World, Computer)> {
    let world = World::for_test().unwrap()?;
    let computer = world.linked("anna", FIRST, "anna-desk").unwrap();
    Some((world, computer))
}

fn change_in_the_portal(world: &World) {
    portal::change(&world.directory, "anna", FIRST, SECOND).unwrap();
}

/// A `lockstep` that has asked its first question and waits for the person.
fn open_prompt(computer: &Computer, command: &str) -> Child {
    let mut script = computer.device.command_as("anna", "script").unwrap();
    script.args(["--quiet", "--command", command, "/dev/null"]);
    let mut child = script
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut screen = [0_u8; 1];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut screen)
        .unwrap();
    child
}

#[test]
fn a_prompt_left_open_hides_no_news_and_blocks_no_sync() {
    let Some((world, computer)) = anna() else {
        return;
    };
    let mut prompt = open_prompt(&computer, "lockstep passwd");
    change_in_the_portal(&world);
    let heard = computer
        .wait_for("generation 2", |_, binding| {
            binding.generation == Some(Generation(2))
        })
        .unwrap();
    assert!(
        !heard.in_sync,
        "in sync was said of a password that is known to be old"
    );
    computer.sync(SECOND).unwrap().ok().unwrap();
    assert!(computer.status().unwrap().binding.unwrap().in_sync);
    prompt.kill().unwrap();
    prompt.wait().unwrap();
}

#[test]
fn the_rules_hold_from_the_first_minute() {
    let Some((_world, computer)) = anna() else {
        return;
    };
    // "Anna Bergström" is known by the directory only.
    let refused = computer.passwd(FIRST, "the bergström river house").unwrap();
    assert_eq!(refused.code(), Some(Code::ContainsName), "{refused:?}");
}

#[test]
fn a_computer_that_could_not_follow_refuses_a_change_before_it_is_made() {
    let Some((world, computer)) = anna() else {
        return;
    };
    computer
        .device
        .set_password("anna", DRIFTED.as_bytes())
        .unwrap();
    let refused = computer.passwd(FIRST, SECOND).unwrap();
    assert_eq!(refused.code(), Some(Code::OldPasswordNeeded), "{refused:?}");
    world.sign_in("anna", FIRST).unwrap().ok().unwrap();
    assert!(computer.opens(DRIFTED).unwrap());
    let secrets = [("--password-fd", FIRST), ("--old-password-fd", DRIFTED)];
    computer
        .lockstep(&["sync"], &secrets)
        .unwrap()
        .ok()
        .unwrap();
    assert!(computer.opens(FIRST).unwrap());
}

#[test]
fn a_change_that_the_account_could_not_follow_is_not_called_unchanged() {
    let Some((world, computer)) = anna() else {
        return;
    };
    // An admin's rule that the helper learns of only when it is asked to change.
    let service = computer.device.path("/etc/pam.d/lockstep").unwrap();
    let usual = std::fs::read_to_string(&service).unwrap();
    let strict = format!("password requisite pam_deny.so\n{usual}");
    std::fs::write(&service, strict).unwrap();
    let ended = computer.passwd(FIRST, SECOND).unwrap();
    assert_eq!(ended.code(), Some(Code::ComputerBehind), "{ended:?}");
    assert!(!ended.err.contains("Nothing was changed"), "{ended:?}");
    world.sign_in("anna", SECOND).unwrap().ok().unwrap();
    assert!(computer.opens(FIRST).unwrap());
    let status = computer.status().unwrap().binding.unwrap();
    assert_eq!(
        (status.in_sync, status.problem),
        (false, Some(Code::AccountRefused)),
        "{status:?}"
    );
    std::fs::write(&service, usual).unwrap();
    computer.sync(SECOND).unwrap().ok().unwrap();
    assert!(computer.opens(SECOND).unwrap());
}
