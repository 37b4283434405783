//! Every trap of gnome-keyring that was met before.
//!
//! | trap | test |
//! |---|---|
//! | a change behind a running daemon is lost at its next write | [`a_change_in_a_session_outlives_it`], [`a_daemon_that_cannot_be_asked_is_left_alone`], [`a_daemon_that_is_hidden_is_not_taken_for_none`], [`a_session_that_begins_meanwhile_loses_nothing`] |
//! | a change makes a keyring where there is none | [`nobody_is_given_a_keyring`] |
//! | beside a damaged file it makes another one, and opens that | [`a_damaged_keyring_opens_with_nothing`] |
//! | an unlocked daemon accepts anything | the conformance suite, logged in |
//! | a keyring without a password opens with anything | [`a_keyring_without_a_password_is_none_of_ours`] |
//! | a hung daemon does later what it was asked | [`a_daemon_that_hangs_is_asked_nothing`] |
//! | renames that are not durable | [`what_changed_is_durable_before_it_is_said`] |
//! | a locked keyring prompts | [`a_keyring_that_nobody_opened_yet_is_changed_too`] |

use std::thread;
use std::time::{Duration, Instant};

use lockstep_model::Code;

use crate::support::{Computer, Person, Said};
use crate::{NEW, OLD, WRONG, WRONG_CODE};

/// Somebody with a keyring, logged out.
fn anna() -> Option<(Computer, Person)> {
    let computer = Computer::new()?;
    let person = computer.person(1000).with_keyring(OLD);
    Some((computer, person))
}

/// Expects that nothing can be done to the keyrings now, and that they are as before.
fn expect_unreachable(anna: &Person, before: &str, what: &str) {
    for (operation, secrets) in [
        ("preflight", &[NEW][..]),
        ("change", &[OLD, NEW]),
        ("may-reset", &[]),
        ("reset", &[NEW]),
    ] {
        let code = anna.refusal(operation, secrets);
        assert_eq!(code, Code::KeychainUnreachable, "{what}: {operation}");
    }
    assert_eq!(anna.keyrings(), before, "{what}");
}

#[test]
fn a_change_in_a_session_outlives_it() {
    let Some((_computer, anna)) = anna() else {
        return;
    };
    anna.log_in(OLD);
    // Within the second of the daemon's own last write, when it wouldn't see another's.
    anna.keep("mail", "before");
    assert_eq!(anna.ask("change", &[OLD, NEW]), Said::Done);
    assert_eq!(
        anna.kept("wifi").as_deref(),
        Some("s3cret"),
        "the session goes on"
    );
    anna.keep("chat", "after");
    assert!(
        anna.opens(NEW) && !anna.opens(OLD),
        "its next write is locked with the new one"
    );
    anna.log_out();
    anna.log_in(NEW);
    for (name, secret) in [("wifi", "s3cret"), ("mail", "before"), ("chat", "after")] {
        assert_eq!(anna.kept(name).as_deref(), Some(secret));
    }
}

#[test]
fn a_change_while_logged_out_is_there_at_the_next_log_in() {
    let Some((_computer, anna)) = anna() else {
        return;
    };
    assert_eq!(anna.ask("change", &[OLD, NEW]), Said::Done);
    assert_eq!(anna.processes(), "");
    assert_eq!(anna.leftovers(), "");
    anna.log_in(NEW);
    assert_eq!(anna.kept("wifi").as_deref(), Some("s3cret"));
}

#[test]
fn a_keyring_that_nobody_opened_yet_is_changed_too() {
    let Some((_computer, anna)) = anna() else {
        return;
    };
    // As after a log-in by fingerprint: the daemon runs, and has no password.
    anna.begin_session();
    anna.start_daemon(&[], b"");
    assert!(anna.opens(OLD));
    assert_eq!(anna.ask("preflight", &[NEW]), Said::Done);
    assert_eq!(anna.refusal("change", &[WRONG, NEW]), WRONG_CODE);
    assert_eq!(anna.ask("change", &[OLD, NEW]), Said::Done);
    anna.log_out();
    anna.log_in(NEW);
    assert_eq!(anna.kept("wifi").as_deref(), Some("s3cret"));
}

#[test]
fn nobody_is_given_a_keyring() {
    let Some(computer) = Computer::new() else {
        return;
    };
    let bert = computer.person(1000);
    let code = Code::KeychainUnreachable;
    for logged_in in [false, true] {
        if logged_in {
            bert.begin_session();
            bert.start_daemon(&[], b"");
        }
        assert_eq!(bert.ask("exists", &[]), Said::Told(false));
        for (operation, secrets) in [
            ("preflight", &[NEW][..]),
            ("probe", &[OLD]),
            ("change", &[OLD, NEW]),
            ("change", &[OLD, OLD]),
            ("may-reset", &[]),
            ("reset", &[NEW]),
        ] {
            assert_eq!(bert.refusal(operation, secrets), code, "{operation}");
        }
        assert_eq!(bert.keyrings(), "", "logged in: {logged_in}");
    }
}

#[test]
fn a_wrong_old_password_changes_no_byte() {
    let Some((_computer, anna)) = anna() else {
        return;
    };
    for logged_in in [false, true] {
        if logged_in {
            anna.log_in(OLD);
        }
        let before = anna.keyrings();
        assert!(before.contains("login.keyring"));
        for (from, to) in [(WRONG, NEW), (NEW, NEW), (WRONG, OLD)] {
            assert_eq!(anna.refusal("change", &[from, to]), WRONG_CODE);
        }
        assert!(!anna.opens(WRONG) && anna.opens(OLD));
        assert_eq!(anna.ask("change", &[OLD, OLD]), Said::Done);
        assert_eq!(anna.ask("preflight", &[NEW]), Said::Done);
        assert_eq!(anna.ask("may-reset", &[]), Said::Done);
        assert_eq!(anna.keyrings(), before, "logged in: {logged_in}");
    }
}

#[test]
fn a_daemon_that_hangs_is_asked_nothing() {
    let Some((computer, anna)) = anna() else {
        return;
    };
    anna.log_in(OLD);
    let before = anna.keyrings();
    computer.shell("pkill -STOP -u 1000 gnome-keyring-d");
    for (operation, secrets) in [
        ("preflight", &[NEW][..]),
        ("change", &[OLD, NEW]),
        ("may-reset", &[]),
        ("reset", &[NEW]),
    ] {
        let started = Instant::now();
        assert_eq!(anna.refusal(operation, secrets), Code::KeychainUnreachable);
        let taken = started.elapsed();
        assert!(taken < Duration::from_secs(8), "{operation}: {taken:?}");
    }
    assert!(anna.opens(OLD), "a copy needs nobody's daemon");
    computer.shell("pkill -CONT -u 1000 gnome-keyring-d");
    // What it was asked meanwhile it would do now.
    assert_eq!(anna.kept("wifi").as_deref(), Some("s3cret"));
    assert!(anna.opens(OLD) && !anna.opens(NEW));
    assert_eq!(anna.keyrings(), before);
    assert_eq!(anna.ask("change", &[OLD, NEW]), Said::Done);
}

#[test]
fn a_daemon_that_cannot_be_asked_is_left_alone() {
    let Some((computer, anna)) = anna() else {
        return;
    };
    let before = anna.keyrings();
    let refused = |what: &str| expect_unreachable(&anna, &before, what);
    anna.begin_session();
    anna.start_daemon(&["--control-directory=/run/user/1000/elsewhere"], OLD);
    assert_eq!(anna.kept("wifi").as_deref(), Some("s3cret"));
    refused("its socket is elsewhere");
    anna.log_out();
    anna.log_in(OLD);
    assert_eq!(anna.kept("wifi").as_deref(), Some("s3cret"));
    computer.shell("mv /run/user/1000/keyring/control /run/user/1000/keyring/away");
    refused("its socket is gone");
    computer.shell("mv /run/user/1000/keyring/away /run/user/1000/keyring/control");
    assert_eq!(anna.ask("preflight", &[NEW]), Said::Done);
    anna.start_daemon(&["--control-directory=/run/user/1000/elsewhere"], OLD);
    refused("there are two");
    computer.shell("pkill -KILL -u 1000 -f elsewhere");
    assert_eq!(anna.ask("change", &[OLD, NEW]), Said::Done);
}

#[test]
fn a_daemon_that_is_hidden_is_not_taken_for_none() {
    let Some((computer, anna)) = anna() else {
        return;
    };
    anna.log_in(OLD);
    assert_eq!(anna.kept("wifi").as_deref(), Some("s3cret"));
    let before = anna.keyrings();
    // The device's own /proc; its keyring daemon isn't dumpable, and hidden from its own person.
    let hide = |how: &str| computer.shell(&format!("mount -o remount,hidepid={how} /proc"));
    for how in ["noaccess", "invisible"] {
        hide(how);
        for socket in ["control", "away"] {
            expect_unreachable(&anna, &before, how);
            assert!(anna.opens(OLD), "a copy needs nobody's daemon");
            let other = if socket == "control" {
                "away"
            } else {
                "control"
            };
            computer.shell(&format!("cd /run/user/1000/keyring; mv {socket} {other}"));
        }
    }
    hide("off");
    assert_eq!(anna.ask("change", &[OLD, NEW]), Said::Done);
}

#[test]
fn a_socket_of_somebody_else_gets_no_password() {
    let Some((computer, anna)) = anna() else {
        return;
    };
    let bert = computer.person(1001);
    bert.log_in(WRONG);
    let before = bert.keyrings();
    anna.begin_session();
    computer.shell(
        "mkdir -m 711 /run/user/1000/keyring; chmod 711 /run/user/1001 /run/user/1001/keyring; \
         chmod 666 /run/user/1001/keyring/control; \
         ln -s /run/user/1001/keyring/control /run/user/1000/keyring/control",
    );
    let said = anna.ask("change", &[OLD, NEW]);
    assert!(
        matches!(&said, Said::Refused(Code::KeychainUnreachable, detail)
            if detail.contains("belongs to uid 1001")),
        "{said:?}"
    );
    assert!(anna.opens(OLD));
    assert_eq!(bert.keyrings(), before);
}

#[test]
fn a_damaged_keyring_opens_with_nothing() {
    let Some((computer, anna)) = anna() else {
        return;
    };
    let code = Code::KeychainUnreachable;
    let keyring = "/home/user1000/.local/share/keyrings/login.keyring";
    computer.shell(&format!("truncate -s 200 {keyring}"));
    let before = anna.keyrings();
    for logged_in in [false, true] {
        if logged_in {
            anna.begin_session();
            anna.start_daemon(&[], b"");
        }
        for (operation, secrets) in [
            ("probe", &[OLD][..]),
            ("probe", &[WRONG]),
            ("change", &[OLD, NEW]),
            ("change", &[OLD, OLD]),
        ] {
            assert_eq!(anna.refusal(operation, secrets), code, "{operation}");
        }
        assert_eq!(
            anna.keyrings(),
            before,
            "no other keyring is made beside it"
        );
    }
    // It can be set aside, for what it is worth.
    assert_eq!(anna.ask("reset", &[NEW]), Said::Done);
    assert!(anna.opens(NEW) && !anna.opens(WRONG));
    assert!(!anna.keyrings().contains("login_1"), "{}", anna.keyrings());
}

#[test]
fn a_keyring_without_a_password_is_none_of_ours() {
    let Some((computer, anna)) = anna() else {
        return;
    };
    let text = "[keyring]\\ndisplay-name=Login\\nctime=0\\nmtime=1\\nlock-on-idle=false\\n\
                lock-after=false\\n\\n[1]\\nitem-type=0\\ndisplay-name=wifi\\nsecret=abc\\n";
    let keyring = "/home/user1000/.local/share/keyrings/login.keyring";
    for (content, told) in [(text, true), ("", false)] {
        computer.shell(&format!("printf '{content}' >{keyring}"));
        let before = anna.keyrings();
        assert_eq!(anna.ask("exists", &[]), Said::Told(false));
        if told {
            assert_eq!(anna.ask("probe", &[OLD]), Said::Told(false));
        } else {
            assert_eq!(anna.refusal("probe", &[OLD]), Code::KeychainUnreachable);
        }
        for (operation, secrets) in [
            ("preflight", &[NEW][..]),
            ("change", &[OLD, NEW]),
            ("may-reset", &[]),
            ("reset", &[NEW]),
        ] {
            assert_eq!(anna.refusal(operation, secrets), Code::KeychainUnreachable);
        }
        assert_eq!(anna.keyrings(), before);
    }
}

#[test]
fn a_session_that_begins_meanwhile_loses_nothing() {
    let Some((_computer, anna)) = anna() else {
        return;
    };
    // Held up before the copy is changed, and where it is put in place.
    for (call, writes) in [
        ("kill", false),
        ("kill", true),
        ("renameat2", false),
        ("renameat2", true),
    ] {
        let said = thread::scope(|scope| {
            let mut strace = anna.command("strace");
            strace.args(["-qq", "-o", "/dev/null", "-e"]);
            strace.arg(format!("inject={call}:delay_enter=1500000:when=1"));
            let change = scope.spawn(|| anna.ask_by(strace, "change", &[OLD, NEW]));
            thread::sleep(Duration::from_millis(500));
            anna.log_in(OLD);
            if writes {
                anna.keep(call, "kept meanwhile");
            }
            change.join().unwrap()
        });
        println!("{call}: {said:?}");
        match (call, writes) {
            ("renameat2", false) => assert!(matches!(said, Said::Unknown(_)), "{said:?}"),
            _ => assert!(
                matches!(said, Said::Refused(Code::KeychainUnreachable, _)),
                "{said:?}"
            ),
        }
        anna.log_out();
        let opens = if matches!(said, Said::Unknown(_)) {
            NEW
        } else {
            OLD
        };
        assert!(anna.opens(opens));
        anna.log_in(opens);
        assert_eq!(anna.kept("wifi").as_deref(), Some("s3cret"), "{call}");
        if writes {
            assert_eq!(anna.kept(call).as_deref(), Some("kept meanwhile"));
        }
        anna.log_out();
        if opens == NEW {
            assert_eq!(anna.ask("change", &[NEW, OLD]), Said::Done);
        }
    }
}

#[test]
fn what_a_session_wrote_and_cannot_be_put_back_is_set_aside() {
    let Some((computer, anna)) = anna() else {
        return;
    };
    // Held up before the copy is put in place, which then can't be taken out of it again.
    let said = thread::scope(|scope| {
        let mut strace = anna.command("strace");
        strace.args(["-qq", "-o", "/dev/null"]);
        strace.args(["-e", "inject=fsync:delay_enter=1500000:when=1"]);
        strace.args(["-e", "inject=renameat2:error=EIO:when=2"]);
        let change = scope.spawn(|| anna.ask_by(strace, "change", &[OLD, NEW]));
        thread::sleep(Duration::from_millis(500));
        anna.log_in(OLD);
        anna.keep("mail", "kept meanwhile");
        change.join().unwrap()
    });
    assert!(matches!(said, Said::Unknown(_)), "{said:?}");
    anna.log_out();
    let folder = "/home/user1000/.local/share/keyrings";
    computer.shell(&format!(
        "cd {folder}; mv login.keyring.set-aside-* login.keyring"
    ));
    anna.log_in(OLD);
    for (name, secret) in [("wifi", "s3cret"), ("mail", "kept meanwhile")] {
        assert_eq!(anna.kept(name).as_deref(), Some(secret));
    }
}

#[test]
fn a_password_goes_through_the_socket_only() {
    let Some((computer, anna)) = anna() else {
        return;
    };
    let mut strace = anna.command("strace");
    strace.args(["-f", "-qq", "-v", "-s", "10000", "-o", "/tmp/calls"]);
    assert_eq!(anna.ask_by(strace, "change", &[OLD, NEW]), Said::Done);
    let calls = computer
        .shell("grep -c execve /tmp/calls; grep -e 'the old pass' -e 'the new pass' /tmp/calls");
    let (programs, shown) = calls.split_once('\n').unwrap();
    // env, the store, and a daemon each for the old one, the change and the new one.
    assert!(programs.parse::<u32>().unwrap() >= 5, "{programs}");
    assert!(!shown.is_empty());
    for line in shown.lines() {
        let passes = ["read", "write", "sendto", "recvfrom", "recvmsg"];
        let is = |call: &&str| {
            let [whole, resumed] = [format!("{call}("), format!("<... {call} resumed>")];
            line.contains(&whole) || line.contains(&resumed)
        };
        assert!(passes.iter().any(is), "{line}");
        assert!(
            !line.contains("write(1") && !line.contains("write(2"),
            "{line}"
        );
    }
}

#[test]
fn what_changed_is_durable_before_it_is_said() {
    let Some((computer, anna)) = anna() else {
        return;
    };
    // The last step before it is flushed, by the store itself or by the session's daemon.
    let calls = "trace=renameat2,rename,fsync,write,sendto,recvfrom";
    for (logged_in, operation, done) in [
        (false, "change", "renameat2("),
        (true, "change", "recvfrom("),
        (false, "reset", "renameat2("),
        (true, "reset", "recvfrom("),
    ] {
        if logged_in {
            anna.log_in(OLD);
        }
        let mut strace = anna.command("strace");
        strace.args(["-qq", "-y", "-s", "4", "-e", calls, "-o", "/tmp/calls"]);
        let secrets = if operation == "change" {
            &[OLD, NEW][..]
        } else {
            &[NEW]
        };
        assert_eq!(anna.ask_by(strace, operation, secrets), Said::Done);
        let calls = computer.shell("cat /tmp/calls; rm /tmp/calls");
        let lines: Vec<&str> = calls.lines().collect();
        let place = |what: &str| {
            let found = lines
                .iter()
                .rposition(|line| line.contains(what) && !line.contains("= -1"));
            found.unwrap_or_else(|| panic!("no {what}: {calls}"))
        };
        let folder = "keyrings>) ";
        let told = place("write(1");
        if logged_in {
            // The proof comes between; a keyring that was flushed before it is as good.
            let flushed = lines
                .iter()
                .position(|line| line.contains("login.keyring>)"));
            assert!(flushed.is_some_and(|at| at < place(folder)), "{calls}");
            assert!(place(folder) < told, "{calls}");
            assert!(
                lines[..flushed.unwrap_or(0)]
                    .iter()
                    .any(|line| line.contains(done)),
                "{calls}"
            );
        } else {
            let content = place("login.keyring.lockstep>)");
            assert!(
                content < place(done) && place(done) < place(folder),
                "{calls}"
            );
            assert!(place(folder) < told, "{calls}");
        }
        anna.log_out();
        assert_eq!(anna.ask("change", &[NEW, OLD]), Said::Done);
    }
}

#[test]
fn without_a_daemon_to_ask_nothing_happens_in_bounded_time() {
    let Some((computer, anna)) = anna() else {
        return;
    };
    let before = anna.keyrings();
    for broken in [
        "rm -f /usr/bin/gnome-keyring-daemon",
        "printf '#!/bin/sh\\nexit 1\\n' >/usr/bin/gnome-keyring-daemon",
        "printf '#!/bin/sh\\nexec sleep 1000\\n' >/usr/bin/gnome-keyring-daemon",
        "printf '#!/bin/sh\\nexec sleep 1000 >&-\\n' >/usr/bin/gnome-keyring-daemon",
    ] {
        computer.shell(&format!(
            "{broken}; chmod 755 /usr/bin/gnome-keyring-daemon || true"
        ));
        for (operation, secrets) in [
            ("probe", &[OLD][..]),
            ("change", &[OLD, NEW]),
            ("reset", &[NEW]),
        ] {
            let started = Instant::now();
            assert_eq!(
                anna.refusal(operation, secrets),
                Code::KeychainUnreachable,
                "{broken}"
            );
            assert!(started.elapsed() < Duration::from_secs(8), "{broken}");
        }
        assert_eq!(anna.processes(), "", "{broken}");
        assert_eq!(anna.leftovers(), "", "{broken}");
        assert_eq!(anna.keyrings(), before, "{broken}");
    }
}
