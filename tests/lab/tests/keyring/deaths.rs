//! Death of the daemon and of the store at every step.

use std::thread;
use std::time::Duration;

use lockstep_lab::Daemon;

use crate::support::{Computer, Person, Said};
use crate::{NEW, OLD};

const FOLDER: &str = "/home/user1000/.local/share/keyrings";

#[test]
fn a_daemon_that_dies_in_the_middle_leaves_the_old_or_the_new() {
    let Some(computer) = Computer::new() else {
        return;
    };
    let anna = computer.person(1000).with_keyring(OLD);
    let (mut from, mut to) = (OLD, NEW);
    let mut met = 0;
    for (call, count) in [
        ("openat", 4),
        ("link", 1),
        ("write", 4),
        ("fsync", 2),
        ("rename", 1),
        ("unlink", 1),
        ("sendto", 1),
    ] {
        for nth in 1..=count {
            anna.log_in(from);
            assert_eq!(anna.kept("wifi").as_deref(), Some("s3cret"));
            let _killer = kill_daemon_at(&computer, call, nth);
            let said = anna.ask("change", &[from, to]);
            let died = !anna.processes().contains("gnome-keyring-d");
            println!("{call} {nth}: {said:?}, died: {died}");
            met += u32::from(died);
            anna.log_out();
            match (anna.opens(from), anna.opens(to)) {
                (true, false) => assert_ne!(said, Said::Done, "{call} {nth}"),
                (false, true) => {
                    assert_eq!(said, Said::Done, "{call} {nth}: its work was done");
                    std::mem::swap(&mut from, &mut to);
                }
                other => panic!("{call} {nth}: old and new open: {other:?}"),
            }
        }
    }
    assert!(met >= 6, "only {met} deaths: the calls are others now");
    anna.log_in(from);
    assert_eq!(anna.kept("wifi").as_deref(), Some("s3cret"));
}

#[test]
fn a_daemon_that_dies_in_a_reset_leaves_what_the_old_password_opens() {
    let Some(computer) = Computer::new() else {
        return;
    };
    let anna = computer.person(1000).with_keyring(OLD);
    computer.shell(&format!("cp -p {FOLDER}/login.keyring /root/kept"));
    let mut met = 0;
    for (call, count) in [
        ("openat", 4),
        ("fsync", 2),
        ("rename", 2),
        ("link", 1),
        ("unlink", 2),
    ] {
        for nth in 1..=count {
            anna.log_in(OLD);
            let _killer = kill_daemon_at(&computer, call, nth);
            let said = anna.ask("reset", &[NEW]);
            let died = !anna.processes().contains("gnome-keyring-d");
            println!("{call} {nth}: {said:?}, died: {died}");
            met += u32::from(died);
            assert_ne!(
                copies(&computer),
                "",
                "{call} {nth}: the old one is nowhere"
            );
            anna.log_out();
            if said == Said::Done {
                assert!(anna.opens(NEW));
            }
            assert_eq!(anna.ask("reset", &[NEW]), Said::Done, "{call} {nth}");
            assert!(anna.opens(NEW));
            assert!(copies(&computer).contains("set-aside"), "{call} {nth}");
            start_over(&computer);
        }
    }
    assert!(met >= 4, "only {met} deaths: the calls are others now");
}

/// Which files are the keyring as it was at first.
fn copies(computer: &Computer) -> String {
    computer.shell(&format!(
        "cd {FOLDER}; for f in login.keyring*; do cmp -s $f /root/kept && echo $f; done; true"
    ))
}

/// Leaves nothing but the keyring as it was at first.
fn start_over(computer: &Computer) {
    computer.shell(&format!(
        "rm {FOLDER}/login*; cp -p /root/kept {FOLDER}/login.keyring"
    ));
}

/// Has the person's daemon killed at its nth call of a kind from now on.
fn kill_daemon_at(computer: &Computer, call: &str, nth: u32) -> Daemon {
    let pid = computer.shell("pgrep -u 1000 gnome-keyring-d");
    let device = computer.device();
    let mut strace = device.command("strace").unwrap();
    strace.args(["-f", "-o", "/dev/null", "-p", pid.trim(), "-e"]);
    strace.arg(format!("inject={call}:signal=KILL:when={nth}"));
    let log = device.logs().join("strace.log");
    let _ = std::fs::remove_file(&log);
    let strace = Daemon::start(strace, &log).unwrap();
    for _ in 0..500 {
        if strace.log().contains("attached") {
            return strace;
        }
        thread::sleep(Duration::from_millis(5));
    }
    panic!("{}", strace.log());
}

#[test]
fn a_store_that_dies_while_logged_out_leaves_the_old_or_the_new() {
    let Some(computer) = Computer::new() else {
        return;
    };
    let anna = computer.person(1000).with_keyring(OLD);
    let (mut from, mut to) = (OLD, NEW);
    let mut met = 0;
    for (call, nth) in calls() {
        let said = anna.ask_by(killed_at(&anna, call, nth), "change", &[from, to]);
        assert!(
            matches!(said, Said::Done | Said::Nothing),
            "{call} {nth}: {said:?}"
        );
        met += u32::from(said == Said::Nothing);
        assert_nothing_runs(&anna, call, nth);
        match (anna.opens(from), anna.opens(to)) {
            (true, false) => assert_eq!(said, Said::Nothing, "{call} {nth}"),
            (false, true) => std::mem::swap(&mut from, &mut to),
            other => panic!("{call} {nth}: old and new open: {other:?}"),
        }
        assert_eq!(anna.leftovers(), "", "the next operation cleans up");
    }
    println!("{met} deaths");
    assert!(met >= 15, "only {met} deaths: the calls are others now");
    anna.log_in(from);
    assert_eq!(anna.kept("wifi").as_deref(), Some("s3cret"));
}

#[test]
fn a_store_that_dies_in_a_reset_leaves_what_the_old_password_opens() {
    for logged_in in [false, true] {
        let Some(computer) = Computer::new() else {
            return;
        };
        let anna = computer.person(1000).with_keyring(OLD);
        computer.shell(&format!("cp -p {FOLDER}/login.keyring /root/kept"));
        let mut met = 0;
        for (call, nth) in calls() {
            if logged_in {
                anna.log_in(OLD);
            }
            let said = anna.ask_by(killed_at(&anna, call, nth), "reset", &[NEW]);
            assert!(
                matches!(said, Said::Done | Said::Nothing),
                "{call} {nth}: {said:?}"
            );
            met += u32::from(said == Said::Nothing);
            assert_ne!(
                copies(&computer),
                "",
                "{call} {nth}: the old one is nowhere"
            );
            // Whatever it left, the same again brings it to its end, and the old one stays.
            assert_eq!(anna.ask("reset", &[NEW]), Said::Done, "{call} {nth}");
            assert!(anna.opens(NEW), "{call} {nth}");
            assert!(copies(&computer).contains("set-aside"), "{call} {nth}");
            if logged_in {
                anna.log_out();
            }
            assert_nothing_runs(&anna, call, nth);
            start_over(&computer);
            assert!(anna.opens(OLD));
        }
        println!("{met} deaths, logged in: {logged_in}");
        assert!(met >= 15, "only {met} deaths: the calls are others now");
    }
}

/// The calls that a store is killed at.
fn calls() -> impl Iterator<Item = (&'static str, u32)> {
    let calls = [
        ("mkdir", 9),
        ("flock", 3),
        ("clone3", 4),
        ("connect", 4),
        ("sendto", 3),
        ("recvfrom", 3),
        ("kill", 3),
        ("fsync", 4),
        ("utimensat", 2),
        ("link", 1),
        ("linkat", 2),
        ("renameat2", 2),
        ("unlink", 4),
        ("unlinkat", 5),
        ("exit_group", 1),
    ];
    calls
        .into_iter()
        .flat_map(|(call, count)| (1..=count).map(move |nth| (call, nth)))
}

/// A command that has the next one killed at its nth call of a kind.
fn killed_at(anna: &Person, call: &str, nth: u32) -> std::process::Command {
    let mut strace = anna.command("strace");
    strace.args(["-qq", "-o", "/dev/null", "-e"]);
    strace.arg(format!("inject={call}:signal=KILL:when={nth}"));
    strace
}

/// A killed store takes its private daemons along.
fn assert_nothing_runs(anna: &Person, call: &str, nth: u32) {
    for _ in 0..200 {
        if anna.processes().is_empty() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("{call} {nth}: {}", anna.processes());
}
