//! A computer whose files were set back to a snapshot, after everything had followed.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

use lockstep_model::Code;
use lockstep_story::locked::KEYRINGS;
use lockstep_story::{Computer, World, portal};

const FIRST: &str = "violet harbour at dawn";
const SECOND: &str = "seven quiet lanterns";
const THIRD: &str = "maple bridge in the rain";

/// Anna's computer in step with her second password, its keyring set back to the first one.
fn set_back(days: &str) -> Option<(World, Computer)> {
    let mut world = World::for_test().unwrap()?;
    world.rule("keep_former_days", days).unwrap();
    let link = world.invite("anna", "Anna Bergström").unwrap();
    world.activate("anna", &link, FIRST).unwrap();
    let computer = world.computer("anna-desk", "anna", "before").unwrap();
    computer.make_keyring("before").unwrap();
    let string = world.enrolment(1, 3600).unwrap();
    computer.enrol(&string).unwrap().ok().unwrap();
    computer.link(FIRST, "before").unwrap().ok().unwrap();
    let copy = |from: &str, to: &str| {
        let copy = format!("cp -p {from} {to}");
        computer.device.shell(&copy).unwrap();
    };
    let (keyring, snapshot) = (format!("{KEYRINGS}/login.keyring"), "/var/lib/snapshot");
    copy(&keyring, snapshot);
    follow(&world, &computer, FIRST, SECOND).unwrap();
    copy(snapshot, &keyring);
    Some((world, computer))
}

fn follow(world: &World, computer: &Computer, from: &str, to: &str) -> Result<(), Option<Code>> {
    portal::change(&world.directory, "anna", from, to).unwrap();
    computer
        .wait_for("it has heard", |_, binding| !binding.in_sync)
        .unwrap();
    let ended = computer.sync(to).unwrap();
    if ended.exit == 0 {
        Ok(())
    } else {
        Err(ended.code())
    }
}

fn copies(computer: &Computer) -> usize {
    // A tombstone holds nothing that is sealed.
    let count =
        "grep -LE '\"sealed\": *null' /var/lib/lockstep/bindings/*/envelopes/*.json | wc -l";
    let said = computer.device.shell(count).unwrap();
    said.trim().parse().unwrap()
}

#[test]
fn a_keyring_that_came_back_opens_with_a_copy_that_was_kept_for_that() {
    let Some((world, mut computer)) = set_back("7") else {
        return;
    };
    assert_eq!(copies(&computer), 2, "the present one and a former one");
    follow(&world, &computer, SECOND, THIRD).unwrap();
    assert!(computer.keyring_opens(THIRD).unwrap());
    assert_eq!(copies(&computer), 3);
    // A week later they go, without anybody doing anything.
    computer.device.agent().unwrap().stop().unwrap();
    computer.device.start_agent_at("+8d").unwrap();
    computer
        .wait_for("it is online", |status, _| status.online)
        .unwrap();
    assert_eq!(copies(&computer), 1);
}

#[test]
fn without_the_rule_its_old_password_is_asked_for() {
    let Some((world, computer)) = set_back("0") else {
        return;
    };
    assert_eq!(copies(&computer), 1);
    let asked = follow(&world, &computer, SECOND, THIRD);
    assert_eq!(asked, Err(Some(Code::NoTerminal)));
}
