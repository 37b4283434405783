//! The old password can't be recovered and nobody remembers it: what that costs is said first.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

use std::io::Write as _;
use std::process::Stdio;

use lockstep_model::{Code, Generation, Secret};
use lockstep_protocol::api::admin::Audit;
use lockstep_protocol::api::me::Standing;
use lockstep_protocol::frame::Frame;
use lockstep_protocol::local::{Ask, Event, Request};
use lockstep_story::command::Outcome;
use lockstep_story::play::{expect_opens, expect_row};
use lockstep_story::terminal::{Seen, type_at};
use lockstep_story::{Computer, World, portal};

const FIRST: &str = "violet harbour at dawn";
const SECOND: &str = "seven quiet lanterns";
const THIRD: &str = "maple bridge in the rain";
const DESK: &str = "anna-desk";
const COST: &str = "Your account gets your new password.";
const QUESTION: &str = "Continue without your old password? [y/N] ";

/// Anna changed her password in the portal, and the computer has lost its envelopes.
fn without_envelopes() -> Option<(World, Computer)> {
    let world = World::for_test().unwrap()?;
    let computer = world.linked("anna", FIRST, DESK).unwrap();
    portal::change(&world.directory, "anna", FIRST, SECOND).unwrap();
    computer.lose_envelopes().unwrap();
    computer
        .wait_for("generation 2", |_, b| b.generation == Some(Generation(2)))
        .unwrap();
    Some((world, computer))
}

#[track_caller]
fn unchanged(world: &World, computer: &Computer) {
    expect_opens(computer, FIRST, SECOND).unwrap();
    assert_eq!(orders(world), 0);
    let row = world.computer_row(DESK).unwrap();
    assert_ne!(row.computer.standing, Standing::InSync);
}

#[track_caller]
fn followed(world: &World, computer: &Computer) {
    expect_opens(computer, SECOND, FIRST).unwrap();
    expect_row(world, DESK, Generation(2), Standing::InSync).unwrap();
    assert!(computer.status().unwrap().binding.unwrap().in_sync);
    assert_eq!(orders(world), 1);
}

/// How many orders the audit tells of.
fn orders(world: &World) -> usize {
    let audit: Audit = world.admin(&["audit"]).unwrap().json().unwrap();
    let rows = audit.entries.iter();
    rows.filter(|row| row.action == "account.reset_ordered")
        .count()
}

fn sync_without(computer: &Computer) -> Outcome {
    let new = [("--password-fd", SECOND)];
    computer
        .lockstep(&["sync", "--without-old-password"], &new)
        .unwrap()
}

#[test]
fn a_wrong_or_missing_old_password_changes_nothing_and_is_told_apart() {
    let Some((world, computer)) = without_envelopes() else {
        return;
    };
    let sync = |old: &str| {
        let secrets = [("--password-fd", SECOND), ("--old-password-fd", old)];
        computer.lockstep(&["sync"], &secrets).unwrap()
    };
    for (old, code) in [
        ("not the old one", Code::NotTheComputersPassword),
        ("", Code::Blank),
    ] {
        let refused = sync(old);
        assert_eq!(refused.code(), Some(code), "{old:?}: {refused:?}");
        assert!(!refused.err.contains("cost"), "{refused:?}");
        unchanged(&world, &computer);
    }
    let both = ["sync", "--without-old-password", "--old-password-fd", "0"];
    assert_eq!(computer.lockstep(&both, &[]).unwrap().exit, 2);
    sync(FIRST).ok().unwrap();
    expect_opens(&computer, SECOND, FIRST).unwrap();
    assert_eq!(orders(&world), 0, "nobody needed an order");
}

#[test]
fn an_empty_secret_is_not_taken_for_the_word_that_there_is_none() {
    lockstep_lab::build(&["lockstep-lab"]).unwrap();
    let Some((world, computer)) = without_envelopes() else {
        return;
    };
    let mut said = Vec::new();
    let frames = [
        Frame::json(&Request::new(Ask::Sync { restarted: false })).unwrap(),
        Frame::Secret(Secret::copy_of(SECOND.as_bytes())),
        Frame::Secret(Secret::default()),
    ];
    for frame in frames {
        frame.write_to(&mut said).unwrap();
    }
    let mut knock = computer
        .device
        .command_as("anna", "/x/lockstep-lab")
        .unwrap();
    knock.args(["knock", "/run/lockstep/agent.sock"]);
    let mut knock = knock
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    knock.stdin.take().unwrap().write_all(&said).unwrap();
    let heard = knock.wait_with_output().unwrap().stdout;
    let mut heard = heard.as_slice();
    let mut last = None;
    while let Ok(frame) = Frame::read_from(&mut heard) {
        let event: Event = frame.message().unwrap();
        assert!(!matches!(event, Event::Cost { .. }), "{event:?}");
        last = Some(event);
    }
    match last {
        Some(Event::Failed(failure)) => assert_eq!(failure.code, Code::OldPasswordNeeded),
        other => panic!("{other:?}"),
    }
    unchanged(&world, &computer);
}

#[test]
fn left_blank_the_cost_is_said_and_no_is_the_answer_unless_it_is_yes() {
    let Some((world, computer)) = without_envelopes() else {
        return;
    };
    for answer in ["", "n", "yesterday"] {
        let (exit, shown) = at_a_terminal(&computer, answer);
        assert!(shown.contains(COST), "{shown}");
        assert!(
            shown.contains(&Code::OldPasswordNeeded.to_string()),
            "{shown}"
        );
        assert_eq!(exit, 1, "{shown}");
        unchanged(&world, &computer);
    }
    let (exit, shown) = at_a_terminal(&computer, "y");
    assert_eq!(exit, 0, "{shown}");
    let (cost, end) = (shown.find(COST), shown.find("is in sync"));
    assert!(cost.is_some() && cost < end, "{shown}");
    followed(&world, &computer);
    // And the envelopes are whole again: the next change needs the new password only.
    computer.passwd(SECOND, THIRD).unwrap().ok().unwrap();
    expect_opens(&computer, THIRD, SECOND).unwrap();
}

/// Syncs at a terminal, leaves the old password blank, and answers the question about the cost.
fn at_a_terminal(computer: &Computer, answer: &str) -> (i32, String) {
    let answers = [
        ("New password: ", SECOND),
        ("Old password (leave blank if you don't remember it): ", ""),
        (QUESTION, answer),
    ];
    let Seen { exit, shown } = type_at(computer, "lockstep sync", &answers).unwrap();
    (exit, shown)
}

#[test]
fn a_script_says_it_beforehand_and_is_told_the_cost_all_the_same() {
    let Some((world, computer)) = without_envelopes() else {
        return;
    };
    let done = sync_without(&computer);
    let cost = r#"{"cost":[{"becomes":"reset","kind":"account"}]}"#;
    let line = done.err.lines().find(|line| line.contains("cost"));
    let line = line.unwrap_or_default();
    let said: serde_json::Value = serde_json::from_str(line).unwrap();
    let want: serde_json::Value = serde_json::from_str(cost).unwrap();
    assert_eq!(said, want, "{done:?}");
    done.ok().unwrap();
    followed(&world, &computer);
    // Where the old password is not needed, to have none costs nothing.
    let again = sync_without(&computer);
    assert!(!again.err.contains("cost"), "{again:?}");
    again.ok().unwrap();
    assert_eq!(orders(&world), 1);
}

#[test]
fn after_a_reset_link_the_old_password_may_be_left_out() {
    let Some(world) = World::for_test().unwrap() else {
        return;
    };
    let computer = world.linked("anna", FIRST, DESK).unwrap();
    let said = world.admin(&["reset-link", "anna"]).unwrap();
    let said: serde_json::Value = said.json().unwrap();
    let link = said["reset_link"].as_str().unwrap();
    world.activate("anna", link, SECOND).unwrap();
    sync_without(&computer).ok().unwrap();
    followed(&world, &computer);
}

#[test]
fn what_the_computer_refuses_is_refused_before_anybody_is_asked_to_agree() {
    let Some((world, computer)) = without_envelopes() else {
        return;
    };
    let shell = |script: &str| computer.device.shell(script).unwrap();
    let rules = shell("cat /etc/pam.d/common-auth");
    shell("echo 'auth optional pam_fscrypt.so' >>/etc/pam.d/common-auth");
    let refused = sync_without(&computer);
    assert_eq!(refused.code(), Some(Code::StaysShut), "{refused:?}");
    assert!(!refused.err.contains("cost"), "{refused:?}");
    shell(&format!("cat >/etc/pam.d/common-auth <<'END'\n{rules}END"));
    unchanged(&world, &computer);

    // Linked by a version that pinned no realm in the helper.
    let bindings = "/var/lib/lockstep-helper/bindings/*.json";
    let record = shell(&format!("cat {bindings}"));
    shell(&format!(
        r#"perl -0pi -e 's/"version": 2/"version": 1/; s/"realm": \{{.*?\}}/"realm": null/s' {bindings}"#
    ));
    assert_ne!(shell(&format!("cat {bindings}")), record);
    let refused = sync_without(&computer);
    assert_eq!(
        refused.code(),
        Some(Code::LinkedBeforeOrders),
        "{refused:?}"
    );
    unchanged(&world, &computer);
    let secrets = [("--password-fd", SECOND), ("--old-password-fd", FIRST)];
    let typed = computer.lockstep(&["sync"], &secrets).unwrap();
    typed.ok().unwrap();
    expect_opens(&computer, SECOND, FIRST).unwrap();
}

#[test]
fn a_revoked_computer_gets_no_order() {
    let Some((world, computer)) = without_envelopes() else {
        return;
    };
    world.admin(&["revoke", DESK]).unwrap().ok().unwrap();
    let refused = sync_without(&computer);
    assert_eq!(refused.code(), Some(Code::DeviceRefused), "{refused:?}");
    expect_opens(&computer, FIRST, SECOND).unwrap();
    assert_eq!(orders(&world), 0);
}
