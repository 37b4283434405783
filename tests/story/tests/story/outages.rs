//! What stops in the middle is whole afterwards, and goes on.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

use std::time::Duration;

use lockstep_model::{Code, Generation};
use lockstep_protocol::api::me::Standing;
use lockstep_story::play::{expect_opens, expect_row};
use lockstep_story::portal::Visitor;
use lockstep_story::{Computer, World};

const DESK: &str = "anna-desk";

fn password(generation: u32) -> String {
    format!("seven quiet lanterns, light {generation}")
}

fn anna() -> Option<(World, Computer)> {
    let world = World::for_test().unwrap()?;
    let computer = world.linked("anna", &password(1), DESK).unwrap();
    Some((world, computer))
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// Changes the password by the portal's interface.
fn change(world: &World, from: u32, to: u32) {
    block_on(async {
        let from = password(from);
        let portal = Visitor::sign_in(&world.directory, "anna", &from)
            .await
            .unwrap();
        portal.change(&from, &password(to)).await.unwrap();
    });
}

fn restart(world: &mut World) {
    world.directory.start(&world.lab).unwrap();
}

/// Waits until the agent's line is up again, and it knows the generation.
fn back(computer: &Computer, generation: u32) {
    computer
        .wait_for("online and up to date", |status, binding| {
            status.online && binding.generation == Some(Generation(generation))
        })
        .unwrap();
}

#[test]
fn a_directory_killed_in_mid_change_keeps_the_old_or_the_new_password_whole() {
    let Some((mut world, computer)) = anna() else {
        return;
    };
    let mut at = 1;
    let mut kept = 0;
    for delay_us in [0, 200, 500, 1000, 1500, 2000, 3000, 4000, 6000, 300_000] {
        let ready = block_on(async {
            let now = password(at);
            let portal = Visitor::sign_in(&world.directory, "anna", &now)
                .await
                .unwrap();
            let ready = portal.prepare(&now, &password(at + 1)).await.unwrap();
            (portal, ready)
        });
        std::thread::scope(|scope| {
            let committing = scope.spawn(|| block_on(ready.0.commit(&ready.1)));
            std::thread::sleep(Duration::from_micros(delay_us));
            world.directory.kill().unwrap();
            let answered = committing.join().unwrap();
            restart(&mut world);
            let old = world.sign_in("anna", &password(at)).unwrap();
            let new = world.sign_in("anna", &password(at + 1)).unwrap();
            assert_ne!(
                old.exit, new.exit,
                "not exactly one password holds: {old:?} {new:?}"
            );
            if answered.is_ok() {
                assert_eq!(new.exit, 0, "an acknowledged change was lost");
            }
            if new.exit == 0 {
                at += 1;
            } else {
                kept += 1;
            }
        });
        let row = world.computer_row(DESK).unwrap();
        assert_eq!(
            row.generation,
            Generation(at),
            "the count does not fit the password"
        );
    }
    println!("{} changes were made, {kept} were not", at - 1);
    assert!(
        at > 1 && kept > 0,
        "the kill never fell on both sides of the commit"
    );
    back(&computer, at);
    computer.sync(&password(at)).unwrap().ok().unwrap();
    expect_opens(&computer, &password(at), &password(1)).unwrap();
}

#[test]
fn a_directory_that_is_down_is_said_so_and_sync_finishes_later() {
    let Some((mut world, computer)) = anna() else {
        return;
    };
    change(&world, 1, 2);
    back(&computer, 2);
    world.directory.stop().unwrap();
    let refused = computer.sync(&password(2)).unwrap();
    assert_eq!(
        refused.code(),
        Some(Code::DirectoryUnreachable),
        "{refused:?}"
    );
    expect_opens(&computer, &password(1), &password(2)).unwrap();
    restart(&mut world);
    back(&computer, 2);
    computer.sync(&password(2)).unwrap().ok().unwrap();
    expect_opens(&computer, &password(2), &password(1)).unwrap();
    expect_row(&world, DESK, Generation(2), Standing::InSync).unwrap();
}

#[test]
fn a_directory_stopped_in_mid_sync_leaves_a_computer_that_one_sync_mends() {
    let Some((mut world, computer)) = anna() else {
        return;
    };
    let (mut at, mut cut) = (1, 0);
    for delay_ms in [20, 60, 100, 140, 180, 220, 260, 300, 400] {
        change(&world, at, at + 1);
        back(&computer, at + 1);
        let ended = std::thread::scope(|scope| {
            let syncing = scope.spawn(|| computer.sync(&password(at + 1)).unwrap());
            std::thread::sleep(Duration::from_millis(delay_ms));
            world.directory.kill().unwrap();
            syncing.join().unwrap()
        });
        if ended.exit != 0 {
            cut += 1;
            assert!(
                ended.code().is_some(),
                "a failure without a code: {ended:?}"
            );
        }
        let opens = [at, at + 1].map(|n| computer.opens(&password(n)).unwrap());
        assert!(
            opens[0] != opens[1],
            "not exactly one password opens the account: {opens:?}"
        );
        restart(&mut world);
        at += 1;
        back(&computer, at);
        computer.sync(&password(at)).unwrap().ok().unwrap();
        expect_opens(&computer, &password(at), &password(at - 1)).unwrap();
        expect_row(&world, DESK, Generation(at), Standing::InSync).unwrap();
    }
    println!("{cut} syncs were cut");
    assert!(cut > 0, "no sync was cut in the middle");
}

#[test]
fn an_agent_that_missed_the_event_is_right_all_the_same() {
    let Some((mut world, mut computer)) = anna() else {
        return;
    };
    computer.device.agent().unwrap().kill().unwrap();
    change(&world, 1, 2);
    computer.device.start_agent().unwrap();
    back(&computer, 2);
    assert!(!computer.status().unwrap().binding.unwrap().in_sync);

    world.directory.kill().unwrap();
    computer
        .wait_for("offline", |status, _| !status.online)
        .unwrap();
    restart(&mut world);
    change(&world, 2, 3);
    back(&computer, 3);
    let log = computer.device.agent().unwrap().log();
    let pauses: Vec<&str> = log
        .lines()
        .filter_map(|line| line.split("next_try_ms=").nth(1))
        .collect();
    assert!(!pauses.is_empty(), "no pause was logged: {log}");
    computer.sync(&password(3)).unwrap().ok().unwrap();
}

#[test]
fn a_computer_whose_power_is_cut_in_mid_sync_is_mended_by_one_sync() {
    let Some((world, mut computer)) = anna() else {
        return;
    };
    let (mut at, mut cut) = (1, 0);
    for delay_ms in [100, 160, 220, 280, 340, 420] {
        change(&world, at, at + 1);
        back(&computer, at + 1);
        let mut command = computer.device.command_as("anna", "lockstep").unwrap();
        command
            .args(["sync", "--password-fd", "0"])
            .stdin(std::process::Stdio::piped());
        let mut child = command.stderr(std::process::Stdio::null()).spawn().unwrap();
        std::io::Write::write_all(
            &mut child.stdin.take().unwrap(),
            password(at + 1).as_bytes(),
        )
        .unwrap();
        std::thread::sleep(Duration::from_millis(delay_ms));
        computer.device.kill().unwrap();
        cut += u32::from(!child.wait().unwrap().success());
        computer.device.boot().unwrap();
        computer.device.start_helper().unwrap();
        computer.device.start_agent().unwrap();
        let opens = [at, at + 1].map(|n| computer.opens(&password(n)).unwrap());
        assert!(
            opens[0] != opens[1],
            "not exactly one password opens the account: {opens:?}"
        );
        at += 1;
        back(&computer, at);
        computer.sync(&password(at)).unwrap().ok().unwrap();
        expect_opens(&computer, &password(at), &password(at - 1)).unwrap();
    }
    println!("{cut} syncs were cut");
    assert!(cut > 0, "the power never fell in the middle");
}

#[test]
fn a_change_on_the_computer_that_the_directory_does_not_survive_is_settled() {
    let Some((mut world, computer)) = anna() else {
        return;
    };
    let (mut at, mut made, mut cut) = (1, 0, 0);
    for delay_ms in [30, 60, 90, 120, 150, 180, 210, 240, 300, 400, 600, 900] {
        if delay_ms > 300 && cut > 0 {
            break;
        }
        let ended = std::thread::scope(|scope| {
            let changing =
                scope.spawn(|| computer.passwd(&password(at), &password(at + 1)).unwrap());
            std::thread::sleep(Duration::from_millis(delay_ms));
            world.directory.kill().unwrap();
            restart(&mut world);
            changing.join().unwrap()
        });
        let old = world.sign_in("anna", &password(at)).unwrap();
        let new = world.sign_in("anna", &password(at + 1)).unwrap();
        assert_ne!(
            old.exit, new.exit,
            "not exactly one password holds: {old:?} {new:?}"
        );
        let changed = new.exit == 0;
        cut += u32::from(ended.exit != 0);
        match ended.code() {
            None => assert!(
                changed,
                "a change that was not made was called done: {ended:?}"
            ),
            Some(Code::ChangeUncertain) => {}
            Some(Code::ComputerBehind) => assert!(changed, "{ended:?}"),
            Some(code) => assert!(!changed, "a change that was made was called off: {code}"),
        }
        let opens = [at, at + 1].map(|n| computer.opens(&password(n)).unwrap());
        assert!(
            opens[0] != opens[1],
            "not exactly one password opens the account: {opens:?}"
        );
        if changed {
            at += 1;
            made += 1;
        }
        back(&computer, at);
        computer.sync(&password(at)).unwrap().ok().unwrap();
        assert!(computer.opens(&password(at)).unwrap());
    }
    println!("{made} changes were made, {cut} were cut");
    assert!(cut > 0, "no change was cut in the middle");
}
