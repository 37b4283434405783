//! A sealed copy of the old password that is of no use is told of, and the old password asked for.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

use lockstep_model::Code;
use lockstep_protocol::doctor::{About, Finding, Verdict};
use lockstep_story::play::expect_opens;
use lockstep_story::{Computer, Outcome, World, portal};
use serde_json::Value;

const FIRST: &str = "violet harbour at dawn";
const DESK: &str = "anna-desk";
const FOLDER: &str = "/var/lib/lockstep/bindings/*/envelopes";

fn shell(computer: &Computer, script: &str) -> String {
    let script = format!("set -eu; cd {FOLDER}; {script}");
    computer.device.shell(&script).unwrap()
}

/// Why an old password was asked for, as `lockstep` said on the way.
fn told(outcome: &Outcome) -> Option<Code> {
    outcome.err.lines().find_map(|line| {
        let said: Value = serde_json::from_str(line).ok()?;
        let code = said.get("unrecovered")?.get("code")?.as_str()?;
        code.parse().ok()
    })
}

fn explained(computer: &Computer) -> Option<Code> {
    let said: Value = computer
        .lockstep(&["explain"], &[])
        .unwrap()
        .json()
        .unwrap();
    said.get("unrecovered")?.as_str()?.parse().ok()
}

fn doctor(computer: &Computer) -> Finding {
    let said: Value = computer.lockstep(&["doctor"], &[]).unwrap().json().unwrap();
    let findings: Vec<Finding> = serde_json::from_value(said["findings"].clone()).unwrap();
    let mut about = findings.into_iter().filter(|f| f.about == About::Envelopes);
    about.next().unwrap()
}

/// How the copy of the present password is spoilt, what that is called, and whether it shows before
/// anybody tries to open it.
const SPOILT: &[(&str, &str, Code, bool)] = &[
    (
        "altered",
        r#"perl -pi -e 's/("sealed": ".{60})(.)/$1.($2 eq "A" ? "B" : "A")/e' *.json"#,
        Code::CopyDamaged,
        false,
    ),
    (
        "cut in its file",
        "for one in *.json; do truncate -s 150 $one; done",
        Code::CopyDamaged,
        true,
    ),
    (
        "cut in itself",
        r#"perl -pi -e 's/("sealed": ".{60})[^"]*/$1/' *.json"#,
        Code::CopyDamaged,
        true,
    ),
    (
        "another computer's",
        "for one in *.json; do cp /root/foreign.json $one; done",
        Code::CopyDamaged,
        true,
    ),
    (
        "another computer's under its own name",
        r#"perl -pi -e 'BEGIN { local (@ARGV, $/) = "/root/foreign.json"; <> =~ /"sealed": "([^"]*)/; $s = $1 }
           s/("sealed": ")[^"]*/$1$s/' *.json"#,
        Code::CopyDamaged,
        false,
    ),
    (
        "an earlier one, set back",
        "rm *.json; cp -a /root/earlier/*.json .",
        Code::CopyOlder,
        true,
    ),
    ("lost", "rm *.json", Code::CopyLost, true),
    (
        "a newer Lockstep's",
        r#"perl -pi -e 's/"version": 1/"version": 2/; s/"sealed"/"closed"/' *.json; mkdir -p /root/newer; cp -a *.json /root/newer"#,
        Code::StateNewer,
        true,
    ),
];

#[test]
fn whatever_became_of_the_copy_the_old_password_is_asked_for_with_the_reason() {
    let Some(world) = World::for_test().unwrap() else {
        return;
    };
    let computer = world.linked("anna", FIRST, DESK).unwrap();
    let other = world.computer("anna-lap", "anna", "of the lap").unwrap();
    other
        .enrol(&world.enrolment(1, 3600).unwrap())
        .unwrap()
        .ok()
        .unwrap();
    other.link(FIRST, "of the lap").unwrap().ok().unwrap();
    let foreign = shell(&other, "cat *.json");
    let kept = computer.device.path("/root/foreign.json").unwrap();
    std::fs::write(kept, foreign).unwrap();

    let mut present = FIRST.to_owned();
    for (number, (how, script, code, shows)) in SPOILT.iter().enumerate() {
        let next = format!("seven quiet lanterns {number}");
        assert_eq!(doctor(&computer).verdict, Verdict::Ok, "before {how}");
        shell(&computer, script);
        let found = doctor(&computer);
        let seen = (found.verdict, found.code);
        let shown = (Verdict::Warning, Some(*code));
        assert_eq!(seen == shown, *shows, "{how}: {found:?}");
        portal::change(&world.directory, "anna", &present, &next).unwrap();
        let unanswered = computer.sync(&next).unwrap();
        assert_eq!(told(&unanswered), Some(*code), "{how}: {unanswered:?}");
        expect_opens(&computer, &present, &next).unwrap();
        assert_eq!(explained(&computer), Some(*code), "{how}");
        let found = doctor(&computer);
        assert_eq!((found.verdict, found.code), shown, "{how}: {found:?}");

        let secrets = [("--password-fd", &*next), ("--old-password-fd", &*present)];
        let typed = computer.lockstep(&["sync"], &secrets).unwrap();
        assert_eq!(told(&typed), Some(*code), "{how}: {typed:?}");
        typed.ok().unwrap();
        expect_opens(&computer, &next, &present).unwrap();
        assert_eq!(explained(&computer), None, "{how}");
        present = next;
        shell(&computer, "rm -rf /root/earlier; cp -a . /root/earlier");
        // What set them back has to be set back to something earlier than the present one.
        if SPOILT
            .get(number + 1)
            .is_some_and(|(how, ..)| how.contains("earlier"))
        {
            let next = format!("maple bridge in the rain {number}");
            portal::change(&world.directory, "anna", &present, &next).unwrap();
            let recovered = computer.sync(&next).unwrap();
            assert_eq!(told(&recovered), None, "nothing had to be typed");
            recovered.ok().unwrap();
            present = next;
        }
    }
    // The version that can read it finds it as it was.
    let newer = "cd /root/newer; for one in *.json; do cmp $one $OLDPWD/$one; done; ls | wc -l";
    assert_eq!(shell(&computer, newer).trim(), "1");
}

#[test]
fn a_spoilt_copy_of_the_present_password_is_made_anew_by_the_next_sync() {
    let Some(world) = World::for_test().unwrap() else {
        return;
    };
    let computer = world.linked("anna", FIRST, DESK).unwrap();
    for spoil in [
        "rm *.json",
        r#"perl -pi -e 's/("sealed": ".{60})[^"]*/$1/' *.json"#,
    ] {
        shell(&computer, spoil);
        assert_eq!(doctor(&computer).verdict, Verdict::Warning, "{spoil}");
        computer.sync(FIRST).unwrap().ok().unwrap();
        assert_eq!(doctor(&computer).verdict, Verdict::Ok, "{spoil}");
    }
    let next = "seven quiet lanterns";
    portal::change(&world.directory, "anna", FIRST, next).unwrap();
    let recovered = computer.sync(next).unwrap();
    assert_eq!(told(&recovered), None, "{recovered:?}");
    recovered.ok().unwrap();
    expect_opens(&computer, next, FIRST).unwrap();
}

#[test]
fn a_copy_that_the_directory_keeps_closed_is_told_of_too() {
    let Some(world) = World::for_test().unwrap() else {
        return;
    };
    let computer = world.linked("anna", FIRST, DESK).unwrap();
    let said = world.admin(&["reset-link", "anna"]).unwrap();
    let said: Value = said.json().unwrap();
    let next = "seven quiet lanterns";
    world
        .activate("anna", said["reset_link"].as_str().unwrap(), next)
        .unwrap();
    let unanswered = computer.sync(next).unwrap();
    assert_eq!(
        told(&unanswered),
        Some(Code::CopyUnreleased),
        "{unanswered:?}"
    );
    let secrets = [("--password-fd", next), ("--old-password-fd", FIRST)];
    computer
        .lockstep(&["sync"], &secrets)
        .unwrap()
        .ok()
        .unwrap();
    expect_opens(&computer, next, FIRST).unwrap();
}
