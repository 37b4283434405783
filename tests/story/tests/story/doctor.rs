//! `lockstep doctor` finds what is wrong, in plain words, and nothing where nothing is.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

use lockstep_model::Code;
use lockstep_protocol::doctor::{About, Finding, Verdict};
use lockstep_story::locked::DISK;
use lockstep_story::{Computer, Outcome, World};
use serde::Deserialize;

const FIRST: &str = "violet harbour at dawn";

fn anna() -> Option<(World, Computer)> {
    let world = World::for_test().unwrap()?;
    let computer = world.linked("anna", FIRST, "anna-desk").unwrap();
    computer.wait_for("online", |s, _| s.online).unwrap();
    Some((world, computer))
}

#[derive(Deserialize)]
struct Examination {
    findings: Vec<Finding>,
}

fn doctor(computer: &Computer) -> (i32, Vec<Finding>) {
    let outcome = computer.lockstep(&["doctor"], &[]).unwrap();
    let examination: Examination = outcome.json().unwrap();
    (outcome.exit, examination.findings)
}

fn as_root(computer: &Computer, arguments: &[&str]) -> Outcome {
    let mut command = computer.device.command("lockstep").unwrap();
    command.arg("--json").args(arguments);
    lockstep_story::command::run_with(command, &[]).unwrap()
}

/// The one thing that is not well, and the exit code that goes with it.
#[track_caller]
fn expect(computer: &Computer, about: About, verdict: Verdict, code: Option<Code>) -> Finding {
    let (exit, findings) = doctor(computer);
    let unwell: Vec<&Finding> = findings
        .iter()
        .filter(|found| found.verdict != Verdict::Ok)
        .collect();
    let found = unwell.iter().find(|found| found.about == about);
    let found = found.unwrap_or_else(|| panic!("nothing about {about:?}: {findings:#?}"));
    assert_eq!((found.verdict, found.code), (verdict, code), "{unwell:#?}");
    assert!(found.next.is_some(), "{found:?}");
    assert_eq!(exit, i32::from(verdict == Verdict::Problem), "{unwell:#?}");
    (*found).clone()
}

#[test]
fn a_computer_that_is_well_is_said_to_be() {
    let Some((_world, computer)) = anna() else {
        return;
    };
    let (exit, findings) = doctor(&computer);
    assert!(
        findings.iter().all(|f| f.verdict == Verdict::Ok),
        "{findings:#?}"
    );
    assert_eq!(exit, 0);
    for about in [
        About::Agent,
        About::Configuration,
        About::State,
        About::Helper,
        About::Sandbox,
        About::Service,
        About::Device,
        About::Directory,
        About::Clock,
        About::Line,
        About::Account,
        About::Stores,
        About::Envelopes,
    ] {
        assert!(findings.iter().any(|f| f.about == about), "{about:?}");
    }
    let text = computer
        .device
        .command_as("anna", "lockstep")
        .unwrap()
        .arg("doctor")
        .output();
    let text = String::from_utf8(text.unwrap().stdout).unwrap();
    assert!(text.contains("ok       The root helper answers."), "{text}");
    assert!(!text.contains(FIRST) && !text.contains('{'), "{text}");
}

#[test]
fn each_thing_that_is_wrong_is_found() {
    let Some((mut world, mut computer)) = anna() else {
        return;
    };
    let shell = |computer: &Computer, script: &str| computer.device.shell(script).unwrap();
    let (problem, warning) = (Verdict::Problem, Verdict::Warning);

    shell(&computer, "usermod -L anna");
    let locked = Some(Code::AccountLocked);
    let found = expect(&computer, About::Account, problem, locked);
    assert!(found.next.unwrap().contains("Sam Ito"));
    shell(
        &computer,
        "usermod -U anna; chage -m 9 -d $(date -u +%F) anna",
    );
    let lately = Some(Code::AccountChangedLately);
    expect(&computer, About::Account, problem, lately);
    shell(
        &computer,
        "chage -m 0 anna; mv /etc/pam.d/lockstep /root/kept",
    );
    expect(&computer, About::Service, problem, None);
    shell(&computer, "sed s/nodelay// /root/kept >/etc/pam.d/lockstep");
    expect(&computer, About::Service, warning, None);
    shell(
        &computer,
        "mv /root/kept /etc/pam.d/lockstep; chmod 0644 /var/lib/lockstep/device.json",
    );
    expect(&computer, About::State, problem, None);
    shell(
        &computer,
        "chmod 0600 /var/lib/lockstep/device.json; rm /var/lib/lockstep/bindings/*/envelopes/*",
    );
    let lost = Some(Code::CopyLost);
    expect(&computer, About::Envelopes, warning, lost);
    computer.sync(FIRST).unwrap().ok().unwrap();

    world.directory.stop().unwrap();
    let unreachable = Some(Code::DirectoryUnreachable);
    let found = expect(&computer, About::Directory, problem, unreachable);
    assert!(found.says.contains("can't be connected to"), "{found:?}");
    world.directory.start(&world.lab).unwrap();
    computer.wait_for("online", |s, _| s.online).unwrap();

    computer.device.helper().unwrap().stop().unwrap();
    let silent = Some(Code::HelperUnavailable);
    expect(&computer, About::Helper, problem, silent);
    computer.device.start_helper().unwrap();
    assert_eq!(doctor(&computer).0, 0, "all is mended");

    computer.device.agent().unwrap().stop().unwrap();
    let found = expect(
        &computer,
        About::Agent,
        problem,
        Some(Code::AgentUnreachable),
    );
    assert!(found.next.unwrap().contains("journalctl"));
}

#[test]
fn root_sees_every_account_and_a_person_only_their_own() {
    let Some((_world, computer)) = anna() else {
        return;
    };
    computer
        .device
        .add_account("bert", 1001, b"of bert")
        .unwrap();
    let all: Examination = as_root(&computer, &["doctor"]).json().unwrap();
    let about_anna = |findings: &[Finding]| findings.iter().any(|f| f.says.contains("anna"));
    assert!(about_anna(&all.findings), "{:#?}", all.findings);
    let mut command = computer.device.command_as("bert", "lockstep").unwrap();
    command.args(["--json", "doctor"]);
    let berts = lockstep_story::command::run_with(command, &[]).unwrap();
    let berts: Examination = berts.json().unwrap();
    assert!(!about_anna(&berts.findings), "{:#?}", berts.findings);
    assert!(
        berts
            .findings
            .iter()
            .any(|f| f.says.contains("bert isn't linked"))
    );
}

#[test]
fn a_disk_that_only_the_password_opens_is_told_of() {
    let Some(world) = World::for_test().unwrap() else {
        return;
    };
    let old = "what the computer had before";
    let link = world.invite("anna", "Anna Bergström").unwrap();
    world.activate("anna", &link, FIRST).unwrap();
    let computer = world.computer("anna-desk", "anna", old).unwrap();
    computer.make_disk(old).unwrap();
    computer
        .enrol(&world.enrolment(1, 3600).unwrap())
        .unwrap()
        .ok()
        .unwrap();
    computer.link_with_disk(FIRST, old).unwrap().ok().unwrap();
    let disk = |findings: Vec<Finding>| {
        let mut about = findings.into_iter().filter(|f| f.about == About::Disk);
        about.next().unwrap()
    };
    let found = disk(doctor(&computer).1);
    assert_eq!(found.verdict, Verdict::Warning, "{found:?}");
    assert_eq!(found.code, Some(Code::NoRecoveryKey));
    assert!(found.says.contains("no recovery key"), "{found:?}");
    assert!(found.next.unwrap().contains("Sam Ito"));
    let add = format!(
        "printf %s 'cbdefghi-jklnrtuv-cbdefghi-jklnrtuv' >/root/recovery; printf %s '{FIRST}' | \
         cryptsetup luksAddKey --key-file - --pbkdf pbkdf2 --pbkdf-force-iterations 1500 {DISK} /root/recovery"
    );
    computer.device.shell(&add).unwrap();
    let found = disk(doctor(&computer).1);
    assert_eq!(
        (found.verdict, found.code),
        (Verdict::Ok, None),
        "{found:?}"
    );
}
