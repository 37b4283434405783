//! Whose a binding is, whose a device is, and how Lockstep is taken off a computer.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

use std::io::{Read as _, Write as _};
use std::process::Stdio;

use lockstep_model::Code;
use lockstep_protocol::api::admin::Computers;
use lockstep_protocol::local::{Done, KeptPassword, OpensWith, Status};
use lockstep_story::command::run_with;
use lockstep_story::play::expect_opens;
use lockstep_story::{Computer, Outcome, World, portal};

const FIRST: &str = "violet harbour at dawn";
const SECOND: &str = "seven quiet lanterns";

fn anna() -> Option<(World, Computer)> {
    let world = World::for_test().unwrap()?;
    let computer = world.linked("anna", FIRST, "anna-desk").unwrap();
    Some((world, computer))
}

fn lockstep_as(computer: &Computer, account: &str, arguments: &[&str]) -> Outcome {
    let mut command = match account {
        "root" => computer.device.command("lockstep").unwrap(),
        other => computer.device.command_as(other, "lockstep").unwrap(),
    };
    command.arg("--json").args(arguments);
    run_with(command, &[]).unwrap()
}

fn uninstalled(computer: &Computer) -> (bool, Vec<KeptPassword>) {
    match lockstep_as(computer, "root", &["uninstall", "--yes"]).json() {
        Ok(Done::Retired { told, kept }) => (told, kept),
        other => panic!("{other:?}"),
    }
}

fn leftovers(computer: &Computer) -> String {
    let find = "find /var/lib/lockstep /var/lib/lockstep-helper -type f";
    computer.device.shell(find).unwrap()
}

fn change_in_the_portal(world: &World) {
    portal::change(&world.directory, "anna", FIRST, SECOND).unwrap();
}

#[test]
fn an_uninstalled_computer_keeps_its_passwords_and_nothing_else() {
    let Some((world, computer)) = anna() else {
        return;
    };
    let refused = lockstep_as(&computer, "anna", &["uninstall", "--yes"]);
    assert_eq!(
        refused.code(),
        Some(Code::AdministratorNeeded),
        "{refused:?}"
    );
    let (told, kept) = uninstalled(&computer);
    assert!(told);
    let anna = KeptPassword {
        account: "anna".into(),
        with: OpensWith::New,
    };
    assert_eq!(kept, [anna]);
    expect_opens(&computer, FIRST, SECOND).unwrap();
    assert_eq!(leftovers(&computer), "", "something was left");
    let all: Computers = world.admin(&["computers"]).unwrap().json().unwrap();
    assert!(
        all.computers.is_empty() && all.unlinked.is_empty(),
        "{all:?}"
    );
    let status = computer.status().unwrap();
    assert!(
        status.organisation.is_none() && !status.online,
        "{status:?}"
    );
    assert_eq!(
        computer.sync(FIRST).unwrap().code(),
        Some(Code::NotEnrolled)
    );
    let again = lockstep_as(&computer, "root", &["uninstall", "--yes"]);
    assert_eq!(again.code(), Some(Code::NotEnrolled), "{again:?}");
    // It may come back.
    let string = world.enrolment(1, 60).unwrap();
    computer.enrol(&string).unwrap().ok().unwrap();
    computer.link(FIRST, FIRST).unwrap().ok().unwrap();
    computer.passwd(FIRST, SECOND).unwrap().ok().unwrap();
    expect_opens(&computer, SECOND, FIRST).unwrap();
}

#[test]
fn an_uninstall_without_the_directory_says_what_remains_to_be_done() {
    let Some((mut world, computer)) = anna() else {
        return;
    };
    change_in_the_portal(&world);
    computer
        .wait_for("it needs anna", |_, binding| !binding.in_sync)
        .unwrap();
    world.directory.stop().unwrap();
    let (told, kept) = uninstalled(&computer);
    assert!(!told);
    assert_eq!(kept[0].with, OpensWith::Old, "{kept:?}");
    expect_opens(&computer, FIRST, SECOND).unwrap();
    assert_eq!(leftovers(&computer), "");
}

#[test]
fn without_the_helper_no_uninstall_is_begun() {
    let Some((world, mut computer)) = anna() else {
        return;
    };
    computer.device.helper().unwrap().stop().unwrap();
    let refused = lockstep_as(&computer, "root", &["uninstall", "--yes"]);
    assert_eq!(refused.code(), Some(Code::HelperUnavailable), "{refused:?}");
    let all: Computers = world.admin(&["computers"]).unwrap().json().unwrap();
    assert_eq!(all.computers.len(), 1);
    computer.device.start_helper().unwrap();
    computer.passwd(FIRST, SECOND).unwrap().ok().unwrap();
}

#[test]
fn a_copied_computer_acts_for_nobody_until_it_is_enrolled_anew() {
    let Some((world, mut computer)) = anna() else {
        return;
    };
    // What a cloned image is after its first start: another machine with the same disk.
    computer.device.agent().unwrap().stop().unwrap();
    let renew = "tr 0-9a-f 1-9a-f0 </etc/machine-id >/etc/new; mv /etc/new /etc/machine-id";
    computer.device.shell(renew).unwrap();
    computer.device.start_agent().unwrap();
    let copied = Some(Code::DeviceCopied);
    let status = computer.status().unwrap();
    assert_eq!((status.problem, status.online), (copied, false));
    assert!(status.binding.is_none());
    for refused in [
        computer.sync(FIRST).unwrap(),
        computer.passwd(FIRST, SECOND).unwrap(),
        computer.link(FIRST, FIRST).unwrap(),
        lockstep_as(&computer, "anna", &["unlink"]),
    ] {
        assert_eq!(refused.code(), copied, "{refused:?}");
    }
    expect_opens(&computer, FIRST, SECOND).unwrap();
    computer
        .enrol(&world.enrolment(1, 60).unwrap())
        .unwrap()
        .ok()
        .unwrap();
    // The computer that it was copied from is not taken along.
    let row = world.computer_row("anna-desk").unwrap();
    assert_eq!(row.user_name, "anna");
    assert_eq!(computer.sync(FIRST).unwrap().code(), Some(Code::NotLinked));
    computer.link(FIRST, FIRST).unwrap().ok().unwrap();
    computer.passwd(FIRST, SECOND).unwrap().ok().unwrap();
    expect_opens(&computer, SECOND, FIRST).unwrap();
}

#[test]
fn nobody_gets_at_somebody_elses_binding() {
    let Some((_world, computer)) = anna() else {
        return;
    };
    computer
        .device
        .add_account("bert", 1001, b"of bert")
        .unwrap();
    let status: Status = lockstep_as(&computer, "bert", &["status"]).json().unwrap();
    assert!(status.binding.is_none(), "{status:?}");
    let root: Status = lockstep_as(&computer, "root", &["status"]).json().unwrap();
    assert!(root.binding.is_none(), "{root:?}");
    for account in ["bert", "root"] {
        let refused = lockstep_as(&computer, account, &["unlink"]);
        assert_eq!(refused.code(), Some(Code::NotLinked), "{refused:?}");
    }
    // Nor with messages of his own making: who asks is the kernel's word alone.
    for ask in [
        r#"{"ask":"sync","uid":1000}"#,
        r#"{"ask":"unlink","account":"anna","uid":1000}"#,
        r#"{"ask":"change_password","user_name":"anna"}"#,
        r#"{"ask":"disown","generation":1,"uid":1000}"#,
        r#"{"ask":"status","uid":1000,"account":"anna"}"#,
        r#"{"ask":"retire"}"#,
    ] {
        let said = knock(
            &computer,
            &format!(r#"{{"version":1,"uid":1000,"ask":{ask}}}"#),
        );
        assert!(!said.contains("anna"), "{ask}: {said}");
        let harmless = said.contains("LS-5005") || said.contains("LS-5009");
        assert!(
            harmless || said.contains("\"binding\":null"),
            "{ask}: {said}"
        );
    }
    assert!(computer.status().unwrap().binding.unwrap().in_sync);
}

#[test]
fn a_uid_that_passed_to_another_name_inherits_nothing() {
    let Some((world, computer)) = anna() else {
        return;
    };
    computer
        .device
        .shell("userdel --remove anna 2>/dev/null")
        .unwrap();
    computer
        .device
        .add_account("bert", 1000, b"of bert")
        .unwrap();
    let status: Status = lockstep_as(&computer, "bert", &["status"]).json().unwrap();
    assert!(status.binding.is_none(), "{status:?}");
    assert_eq!(status.problem, Some(Code::AccountChanged));
    for command in ["sync", "passwd", "unlink"] {
        let refused = lockstep_as(&computer, "bert", &[command]);
        assert_eq!(refused.code(), Some(Code::AccountChanged), "{refused:?}");
    }
    // Linking gives the leftover up, here and in the directory.
    let link = world.invite("bert", "Bert").unwrap();
    world.activate("bert", &link, SECOND).unwrap();
    let mut command = computer.device.command_as("bert", "lockstep").unwrap();
    command.args(["--json", "link"]);
    let secrets = [
        ("--password-fd", SECOND),
        ("--computer-password-fd", "of bert"),
    ];
    run_with(command, &secrets).unwrap().ok().unwrap();
    let all: Computers = world.admin(&["computers"]).unwrap().json().unwrap();
    let people: Vec<&str> = all
        .computers
        .iter()
        .map(|row| row.user_name.as_str())
        .collect();
    assert_eq!(people, ["bert"]);
    assert!(
        computer
            .device
            .pam_accepts("bert", SECOND.as_bytes())
            .unwrap()
    );
}

/// What the agent says to a message that bert makes up.
fn knock(computer: &Computer, message: &str) -> String {
    let mut command = computer
        .device
        .command_as("bert", "/x/lockstep-lab")
        .unwrap();
    command.args(["knock", "/run/lockstep/agent.sock"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // The length counts the kind too.
    let length = u32::try_from(message.len() + 1).unwrap().to_be_bytes();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&length).unwrap();
    stdin.write_all(&[0]).unwrap();
    stdin.write_all(message.as_bytes()).unwrap();
    drop(stdin);
    let mut said = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut said).unwrap();
    child.wait().unwrap();
    String::from_utf8_lossy(&said).into_owned()
}
