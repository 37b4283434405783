//! A keyring whose old password is lost: set aside, not deleted.

use std::thread;
use std::time::Duration;

use crate::support::{Computer, Said};
use crate::{NEW, OLD, WRONG};

const FOLDER: &str = "/home/user1000/.local/share/keyrings";

#[test]
fn a_keyring_that_was_set_aside_opens_with_its_old_password() {
    for logged_in in [false, true] {
        let Some(computer) = Computer::new() else {
            return;
        };
        let anna = computer.person(1000).with_keyring(OLD);
        if logged_in {
            anna.log_in(OLD);
            anna.keep("mail", "of this session");
        }
        let hash = |name: &str| computer.shell(&format!("md5sum <{FOLDER}/{name}"));
        let before = hash("login.keyring");
        assert_eq!(anna.ask("reset", &[NEW]), Said::Done);
        assert!(anna.opens(NEW) && !anna.opens(OLD));
        let aside = computer.shell(&format!("cd {FOLDER}; ls -d login.keyring.set-aside-*"));
        let aside = aside.trim();
        assert!(
            aside.starts_with("login.keyring.set-aside-20") && !aside.contains('\n'),
            "{aside}"
        );
        assert_eq!(hash(aside), before);
        let modes = computer.shell(&format!(
            "stat -c '%a %U' {FOLDER}/login.keyring* | sort -u"
        ));
        assert_eq!(modes, "600 user1000\n");
        // The new one is empty, and the session goes on with it.
        if !logged_in {
            anna.log_in(NEW);
        }
        assert_eq!(anna.kept("wifi"), None);
        anna.keep("new", "in the new one");
        assert!(anna.opens(NEW));
        anna.log_out();
        anna.log_in(NEW);
        assert_eq!(anna.kept("new").as_deref(), Some("in the new one"));
        anna.log_out();
        computer.shell(&format!("mv {FOLDER}/{aside} {FOLDER}/login.keyring"));
        anna.log_in(OLD);
        assert_eq!(anna.kept("wifi").as_deref(), Some("s3cret"));
        if logged_in {
            assert_eq!(anna.kept("mail").as_deref(), Some("of this session"));
        }
    }
}

#[test]
fn what_was_set_aside_once_is_kept_when_it_happens_again() {
    for logged_in in [false, true] {
        let Some(computer) = Computer::new() else {
            return;
        };
        let anna = computer.person(1000).with_keyring(OLD);
        if logged_in {
            anna.log_in(OLD);
        }
        // In one second, and each a keyring that the daemon made itself.
        for password in [NEW, WRONG, OLD, NEW] {
            assert_eq!(anna.ask("reset", &[password]), Said::Done);
            assert!(anna.opens(password));
        }
        assert_eq!(anna.ask("reset", &[NEW]), Said::Done, "nothing to do");
        let asides = computer.shell(&format!("cd {FOLDER}; md5sum login.keyring.set-aside-*"));
        let mut hashes: Vec<_> = asides.lines().map(|line| &line[..32]).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), 4, "{asides}");
    }
}

#[test]
fn a_reset_that_was_interrupted_is_done_again() {
    for logged_in in [false, true] {
        let Some(computer) = Computer::new() else {
            return;
        };
        let anna = computer.person(1000).with_keyring(OLD);
        if logged_in {
            anna.log_in(OLD);
        }
        // As a power cut leaves it between setting aside and making anew.
        computer.shell(&format!(
            "cd {FOLDER}; mv login.keyring login.keyring.set-aside-2026-11-24T01-02-03Z"
        ));
        assert!(!anna.opens(OLD) && !anna.opens(NEW));
        assert_eq!(anna.ask("may-reset", &[]), Said::Done);
        assert_eq!(anna.ask("reset", &[NEW]), Said::Done);
        assert!(anna.opens(NEW));
    }
}

#[test]
fn what_a_session_keeps_during_a_reset_is_never_lost_unseen() {
    // Held up where the keyring is moved aside, and between that and the new one.
    for (call, taken) in [("renameat2", true), ("fsync", false)] {
        let Some(computer) = Computer::new() else {
            return;
        };
        let anna = computer.person(1000).with_keyring(OLD);
        anna.log_in(OLD);
        assert_eq!(anna.kept("wifi").as_deref(), Some("s3cret"));
        thread::scope(|scope| {
            let mut strace = anna.command("strace");
            strace.args(["-qq", "-o", "/dev/null", "-e"]);
            strace.arg(format!("inject={call}:delay_enter=1500000:when=1"));
            let reset = scope.spawn(|| anna.ask_by(strace, "reset", &[NEW]));
            thread::sleep(Duration::from_millis(500));
            let kept = anna.try_to_keep("late", "kept meanwhile");
            assert_eq!(kept.status.success(), taken, "{call}: {kept:?}");
            assert_eq!(reset.join().unwrap(), Said::Done);
        });
        anna.log_out();
        assert!(anna.opens(NEW));
        computer.shell(&format!(
            "cd {FOLDER}; mv login.keyring.set-aside-* login.keyring"
        ));
        anna.log_in(OLD);
        assert_eq!(anna.kept("wifi").as_deref(), Some("s3cret"));
        assert_eq!(anna.kept("late").is_some(), taken, "{call}");
    }
}
