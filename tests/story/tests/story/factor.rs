//! A second factor that was enrolled before a password was issued: a code instead of the old password.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

use lockstep_model::{Code, Generation};
use lockstep_protocol::api::admin::Audit;
use lockstep_protocol::api::me::{FactorRow, Standing};
use lockstep_story::command::Outcome;
use lockstep_story::phone::Phone;
use lockstep_story::play::{expect_opens, expect_row};
use lockstep_story::terminal::{Seen, type_at};
use lockstep_story::{Computer, World};

const FIRST: &str = "violet harbour at dawn";
const SECOND: &str = "seven quiet lanterns";
const DESK: &str = "anna-desk";

fn anna() -> Option<(World, Computer)> {
    let world = World::for_test().unwrap()?;
    let computer = world.linked("anna", FIRST, DESK).unwrap();
    Some((world, computer))
}

fn phone(world: &World) -> Phone {
    Phone::enrolled(world, "anna").unwrap()
}

/// Has the admin issue Anna a temporary password; gives it once the computer knows.
fn issued(world: &World, computer: &Computer) -> String {
    let said: serde_json::Value = world.admin(&["issue", "anna"]).unwrap().json().unwrap();
    computer
        .wait_for("told", |_, binding| binding.temporary)
        .unwrap();
    said["password"].as_str().unwrap().to_owned()
}

/// Has Anna replace her password by a reset link, until the computer knows.
fn reset(world: &World, computer: &Computer) {
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
}

/// Syncs with a temporary password that is replaced, and with what else is given.
fn sync(computer: &Computer, temporary: &str, others: &[(&str, &str)]) -> Outcome {
    let secrets = [("--password-fd", temporary), ("--own-password-fd", SECOND)];
    computer
        .lockstep(&["sync"], &[&secrets, others].concat())
        .unwrap()
}

/// The computer follows with a first proof, and now waits for the old password.
#[track_caller]
fn old_is_asked_for(computer: &Computer, ended: &Outcome) {
    assert_eq!(ended.code(), Some(Code::ComputerBehind), "{ended:?}");
    assert!(ended.err.contains("Old password"), "{ended:?}");
    expect_opens(computer, FIRST, SECOND).unwrap();
}

/// How releases after an issue ended, by the audit.
fn recoveries(world: &World) -> Vec<String> {
    let audit: Audit = world.admin(&["audit"]).unwrap().json().unwrap();
    let rows = audit.entries.into_iter().rev();
    rows.filter(|row| row.action == "shares.released_after_issue")
        .map(|row| row.result)
        .collect()
}

#[track_caller]
fn followed(world: &World, computer: &Computer, generation: u32) {
    expect_opens(computer, SECOND, FIRST).unwrap();
    expect_row(world, DESK, Generation(generation), Standing::InSync).unwrap();
}

#[test]
fn a_code_recovers_the_old_password_after_another_was_issued_and_its_person_is_told() {
    let Some((world, computer)) = anna() else {
        return;
    };
    let phone = phone(&world);
    let temporary = issued(&world, &computer);
    let code = [("--factor-code-fd", &*phone.code(0))];
    sync(&computer, &temporary, &code).ok().unwrap();
    followed(&world, &computer, 3);
    assert_eq!(recoveries(&world), ["ok"]);
    world.sign_in("anna", SECOND).unwrap().ok().unwrap();
    let status = world.as_user("anna", &["factor", "status"], &[]).unwrap();
    let factors: Vec<FactorRow> = status.json().unwrap();
    assert_eq!(factors.len(), 1);
}

#[test]
fn without_a_terminal_the_code_is_asked_for_before_the_old_password_and_nothing_changes() {
    let Some((world, computer)) = anna() else {
        return;
    };
    let _phone = phone(&world);
    let temporary = issued(&world, &computer);
    let ended = sync(&computer, &temporary, &[]);
    assert_eq!(ended.code(), Some(Code::ComputerBehind), "{ended:?}");
    assert!(
        ended.err.contains("Code from your authenticator app"),
        "{ended:?}"
    );
    assert!(!ended.err.contains("Old password"), "never both: {ended:?}");
    expect_opens(&computer, FIRST, SECOND).unwrap();
}

#[test]
fn a_factor_that_is_enrolled_after_the_issue_is_not_asked_for() {
    let Some((world, computer)) = anna() else {
        return;
    };
    reset(&world, &computer);
    let phone = phone(&world);
    let secrets = [
        ("--password-fd", SECOND),
        ("--factor-code-fd", &*phone.code(0)),
    ];
    let asked = computer.lockstep(&["sync"], &secrets).unwrap();
    assert_eq!(asked.code(), Some(Code::NoTerminal), "{asked:?}");
    assert!(asked.err.contains("Old password"), "{asked:?}");
    assert!(recoveries(&world).is_empty());
    expect_opens(&computer, FIRST, SECOND).unwrap();
}

#[test]
fn a_factor_that_an_admin_has_reset_is_not_asked_for() {
    let Some((world, computer)) = anna() else {
        return;
    };
    let phone = phone(&world);
    let temporary = issued(&world, &computer);
    let reset = world.admin(&["reset-factor", "anna"]).unwrap();
    reset.ok().unwrap();
    let code = [("--factor-code-fd", &*phone.code(0))];
    let ended = sync(&computer, &temporary, &code);
    old_is_asked_for(&computer, &ended);
    assert!(recoveries(&world).is_empty());
}

#[test]
fn a_code_that_was_used_or_is_wrong_leads_to_the_old_password() {
    let Some((world, computer)) = anna() else {
        return;
    };
    let phone = phone(&world);
    let temporary = issued(&world, &computer);
    // The one that enrolled it.
    let used = [("--factor-code-fd", &*phone.code(-1))];
    let ended = sync(&computer, &temporary, &used);
    old_is_asked_for(&computer, &ended);
    assert_eq!(recoveries(&world), ["LS-2018"]);
    let secrets = [
        ("--password-fd", SECOND),
        ("--factor-code-fd", "000000"),
        ("--old-password-fd", FIRST),
    ];
    let done = computer.lockstep(&["sync"], &secrets).unwrap();
    done.ok().unwrap();
    followed(&world, &computer, 3);
    assert_eq!(recoveries(&world), ["LS-2018", "LS-2018"]);
}

#[test]
fn at_a_terminal_a_wrong_code_is_told_and_asked_for_again_and_the_password_is_not() {
    let Some((world, computer)) = anna() else {
        return;
    };
    let phone = phone(&world);
    reset(&world, &computer);
    let asks = "Code from your authenticator app (blank to type your old password instead): ";
    let code = phone.code(0);
    let answers = [
        ("New password: ", SECOND),
        // Mistaken for a question for the old password, which must not go to the directory.
        (asks, FIRST),
        (asks, "000 000"),
        (asks, &*code),
    ];
    let Seen { exit, shown } = type_at(&computer, "lockstep sync", &answers).unwrap();
    assert_eq!(exit, 0, "{shown}");
    assert!(
        shown.contains("That code isn't right, or was used before."),
        "{shown}"
    );
    assert!(!shown.contains("Old password"), "{shown}");
    assert!(!shown.contains(&code), "{shown}");
    assert_eq!(
        recoveries(&world),
        ["LS-2018", "ok"],
        "the password was not sent"
    );
    followed(&world, &computer, 2);
}

#[test]
fn at_a_terminal_a_blank_code_leads_to_the_old_password_and_so_do_three_wrong_ones() {
    let Some((world, computer)) = anna() else {
        return;
    };
    let _phone = phone(&world);
    reset(&world, &computer);
    let asks = "Code from your authenticator app (blank to type your old password instead): ";
    let old = "Old password (leave blank if you don't remember it): ";
    let wrong = (asks, "000000");
    let new = ("New password: ", SECOND);
    let sure = ("Continue without your old password? [y/N] ", "n");
    let answers = [new, wrong, wrong, wrong, (old, ""), sure];
    let Seen { exit, shown } = type_at(&computer, "lockstep sync", &answers).unwrap();
    assert_eq!(exit, 1, "{shown}");
    assert_eq!(recoveries(&world), ["LS-2018"; 3]);
    expect_opens(&computer, FIRST, SECOND).unwrap();
    let answers = [new, (asks, ""), (old, FIRST)];
    let Seen { exit, shown } = type_at(&computer, "lockstep sync", &answers).unwrap();
    assert_eq!(exit, 0, "{shown}");
    followed(&world, &computer, 2);
}
