//! What is refused is refused with its code, and nothing has changed.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

use std::io::{Read as _, Write as _};
use std::process::Stdio;

use lockstep_model::{Code, Generation};
use lockstep_protocol::api::me::Standing;
use lockstep_story::play::{expect_opens, expect_row};
use lockstep_story::portal::Visitor;
use lockstep_story::terminal::{Seen, type_at, until};
use lockstep_story::{Computer, World};

const FIRST: &str = "violet harbour at dawn";
const SECOND: &str = "seven quiet lanterns";
const THIRD: &str = "maple bridge in the rain";
const DESK: &str = "anna-desk";

/// Anna with one computer in sync at generation 1; none where there can be no lab.
fn anna() -> Option<(World, Computer)> {
    let world = World::for_test().unwrap()?;
    let computer = world.linked("anna", FIRST, DESK).unwrap();
    Some((world, computer))
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

fn unchanged(world: &World, computer: &Computer) {
    expect_opens(computer, FIRST, SECOND).unwrap();
    expect_row(world, DESK, Generation(1), Standing::InSync).unwrap();
}

#[test]
fn a_change_on_the_computer_that_breaks_a_rule_changes_nothing() {
    let Some((world, computer)) = anna() else {
        return;
    };
    for (current, new, code) in [
        ("not the current one", SECOND, Code::NotTheCurrentPassword),
        (FIRST, "too short", Code::TooShort),
        (FIRST, "password password", Code::Common),
        (FIRST, "all of anna's horses", Code::ContainsName),
        (FIRST, FIRST, Code::SameAsCurrent),
        (FIRST, "seven\u{a0}quiet lanterns", Code::BadCharacters),
        (FIRST, "", Code::Blank),
    ] {
        let refused = computer.passwd(current, new).unwrap();
        assert_eq!(
            refused.code(),
            Some(code),
            "{current:?} to {new:?}: {refused:?}"
        );
        unchanged(&world, &computer);
    }
}

#[test]
fn a_wrong_new_password_at_sync_is_told_from_the_old_one() {
    let Some((world, computer)) = anna() else {
        return;
    };
    block_on(async {
        let portal = Visitor::sign_in(&world.directory, "anna", FIRST)
            .await
            .unwrap();
        portal.change(FIRST, SECOND).await.unwrap();
    });
    computer
        .wait_for("generation 2", |_, b| b.generation == Some(Generation(2)))
        .unwrap();
    let wrong = computer.sync("something else entirely").unwrap();
    assert_eq!(wrong.code(), Some(Code::NotTheNewPassword), "{wrong:?}");
    let old = computer.sync(FIRST).unwrap();
    assert_eq!(old.code(), Some(Code::ThatIsTheOldPassword), "{old:?}");
    expect_opens(&computer, FIRST, SECOND).unwrap();
    expect_row(&world, DESK, Generation(2), Standing::AsksNow).unwrap();
    computer.sync(SECOND).unwrap().ok().unwrap();
    expect_opens(&computer, SECOND, FIRST).unwrap();
}

#[test]
fn a_change_in_the_portal_needs_a_proof_of_the_current_password() {
    let Some((world, computer)) = anna() else {
        return;
    };
    block_on(async {
        let portal = Visitor::sign_in(&world.directory, "anna", FIRST)
            .await
            .unwrap();
        let forged = portal.prepare(FIRST, SECOND).await.unwrap().without_proof();
        let refused = portal.commit(&forged).await.unwrap_err();
        assert_eq!(refused.code, Code::NotTheCurrentPassword);
        let again = portal.commit(&forged).await.unwrap_err();
        assert_eq!(again.code, Code::AttemptExpired, "a finish is good once");
    });
    unchanged(&world, &computer);
}

#[test]
fn of_two_changes_at_once_one_wins_and_the_other_is_told() {
    let Some((world, computer)) = anna() else {
        return;
    };
    block_on(async {
        let portal = Visitor::sign_in(&world.directory, "anna", FIRST)
            .await
            .unwrap();
        let winner = portal.prepare(FIRST, SECOND).await.unwrap();
        let loser = portal.prepare(FIRST, THIRD).await.unwrap();
        assert_eq!(
            portal.commit(&winner).await.unwrap().generation,
            Generation(2)
        );
        assert_eq!(
            portal.commit(&loser).await.unwrap_err().code,
            Code::ChangedMeanwhile
        );
        assert_eq!(portal.me().await.unwrap().stamp.generation, Generation(2));
    });
    assert_eq!(
        world.sign_in("anna", THIRD).unwrap().code(),
        Some(Code::SignInRefused)
    );
    world.sign_in("anna", SECOND).unwrap().ok().unwrap();
    computer.sync(SECOND).unwrap().ok().unwrap();
}

#[test]
fn of_two_computers_that_change_at_once_one_wins_and_both_end_in_step() {
    let Some((world, desk)) = anna() else { return };
    let laptop = world.computer("anna-laptop", "anna", "before").unwrap();
    laptop
        .enrol(&world.enrolment(1, 60).unwrap())
        .unwrap()
        .ok()
        .unwrap();
    laptop.link(FIRST, "before").unwrap().ok().unwrap();
    let (one, two) = std::thread::scope(|scope| {
        let one = scope.spawn(|| desk.passwd(FIRST, SECOND).unwrap());
        let two = scope.spawn(|| laptop.passwd(FIRST, THIRD).unwrap());
        (one.join().unwrap(), two.join().unwrap())
    });
    let told = [Code::ChangedMeanwhile, Code::NotTheCurrentPassword];
    let (winner, loser, late) = match (one.exit, two.exit) {
        (0, 1) => (SECOND, &laptop, two),
        (1, 0) => (THIRD, &desk, one),
        (_, _) => panic!("not exactly one won: {one:?} {two:?}"),
    };
    assert!(
        late.code().is_some_and(|code| told.contains(&code)),
        "{late:?}"
    );
    assert!(
        loser.opens(FIRST).unwrap(),
        "the late change touched the account"
    );
    loser.sync(winner).unwrap().ok().unwrap();
    for name in [DESK, "anna-laptop"] {
        expect_row(&world, name, Generation(2), Standing::InSync).unwrap();
    }
}

#[test]
fn a_stranger_who_guesses_is_slowed_and_keeps_no_computer_from_following() {
    let Some((world, computer)) = anna() else {
        return;
    };
    let codes: Vec<Option<Code>> = (0..14)
        .map(|n| {
            world
                .sign_in("anna", &format!("guess number {n}"))
                .unwrap()
                .code()
        })
        .collect();
    assert_eq!(codes[0], Some(Code::SignInRefused), "{codes:?}");
    assert_eq!(codes[13], Some(Code::TooManyAttempts), "{codes:?}");
    assert_eq!(
        world.sign_in("anna", FIRST).unwrap().code(),
        Some(Code::TooManyAttempts)
    );
    computer.sync(FIRST).unwrap().ok().unwrap();
    computer.passwd(FIRST, SECOND).unwrap().ok().unwrap();
    expect_opens(&computer, SECOND, FIRST).unwrap();
}

#[test]
fn a_change_ends_every_other_session() {
    let Some((world, _computer)) = anna() else {
        return;
    };
    block_on(async {
        let here = Visitor::sign_in(&world.directory, "anna", FIRST)
            .await
            .unwrap();
        let elsewhere = Visitor::sign_in(&world.directory, "anna", FIRST)
            .await
            .unwrap();
        here.change(FIRST, SECOND).await.unwrap();
        assert_eq!(here.me().await.unwrap().stamp.generation, Generation(2));
        assert_eq!(elsewhere.me().await.unwrap_err().code, Code::SignedOut);
    });
}

#[test]
fn enrolment_strings_are_limited_expiring_and_whole() {
    let Some(world) = World::for_test().unwrap() else {
        return;
    };
    let once = world.enrolment(1, 3600).unwrap();
    let one = world.computer("one", "anna", "before").unwrap();
    let two = world.computer("two", "anna", "before").unwrap();
    one.enrol(&once).unwrap().ok().unwrap();
    for (string, code) in [
        (once.as_str(), Code::EnrolmentSpent),
        (&once[..once.len() - 9], Code::EnrolmentUnreadable),
        ("lockstep1.", Code::EnrolmentUnreadable),
    ] {
        assert_eq!(two.enrol(string).unwrap().code(), Some(code), "{string}");
    }
    let short = world.enrolment(1, 1).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert_eq!(
        two.enrol(&short).unwrap().code(),
        Some(Code::EnrolmentExpired)
    );
    assert!(
        two.status().unwrap().organisation.is_none(),
        "a refused string left something"
    );
    let again = one.enrol(&world.enrolment(1, 60).unwrap()).unwrap();
    assert_eq!(again.code(), Some(Code::AlreadyEnrolled));
    let as_person = two.lockstep(&["enrol"], &[("--string-fd", &once)]).unwrap();
    assert_eq!(as_person.code(), Some(Code::AdministratorNeeded));
}

#[test]
fn a_repeat_that_differs_changes_nothing() {
    let Some((world, computer)) = anna() else {
        return;
    };
    let answers = [
        ("Current password: ", FIRST),
        ("New password: ", SECOND),
        ("Repeat new password: ", "seven quiet lantern"),
    ];
    let Seen { exit, shown } = type_at(&computer, "lockstep --json passwd", &answers).unwrap();
    assert_eq!(exit, 1, "{shown}");
    assert!(shown.contains(&Code::RepeatDiffers.to_string()), "{shown}");
    for secret in [FIRST, SECOND, "lantern"] {
        assert!(!shown.contains(secret), "a password was shown: {shown}");
    }
    unchanged(&world, &computer);
}

#[test]
fn an_interrupted_prompt_leaves_a_terminal_that_shows_what_is_typed() {
    let Some((world, computer)) = anna() else {
        return;
    };
    let mut command = computer.device.command_as("anna", "script").unwrap();
    let line = "sh -c 'trap : INT; stty -a; lockstep passwd; stty -a'";
    command.args(["--quiet", "--command", line, "/dev/null"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut screen = child.stdout.take().unwrap();
    let before = until(&mut screen, "Current password: ").unwrap();
    std::thread::sleep(std::time::Duration::from_millis(200));
    let mut keys = child.stdin.take().unwrap();
    keys.write_all(b"\x03").unwrap();
    let mut after = String::new();
    screen.read_to_string(&mut after).unwrap();
    drop(keys);
    child.wait().unwrap();
    assert!(before.contains(" echo "), "{before}");
    assert!(
        after.contains(" echo "),
        "the terminal stayed hidden: {after}"
    );
    unchanged(&world, &computer);
}
