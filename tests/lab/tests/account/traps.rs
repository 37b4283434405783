//! Every trap of PAM and shadow that was met before, one after the other.
//!
//! | trap | test |
//! |---|---|
//! | root's tools unlock a locked account | [`a_locked_account_is_never_unlocked`](crate::store) and [`every_mark_of_a_lock_is_one`] |
//! | an expired account authenticates | `an_expired_or_inactive_account_is_refused` |
//! | a password that must be changed, or mustn't yet | the same, [`a_minimum_age_is_told_before_anything_changes`] |
//! | an empty field opens with anything | `an_account_that_lost_its_password_is_not_given_one` |
//! | names that other systems know | `accounts_of_nobody_are_refused`, [`an_account_of_another_system_is_refused`] |
//! | another account under name or uid | `an_account_made_anew_is_another_one`, [`the_same_name_and_uid_with_another_password_is_not_taken_over`] |
//! | three rounds of prompts, and delays | [`a_refused_password_is_offered_once`], [`a_wrong_password_costs_no_delay`] |
//! | locks held, locks left behind | `a_change_waits_...`, `a_lock_that_stays_is_said`, [`locks_left_behind_by_others_are_harmless`] |
//! | death in the middle | [`death_at_any_call_leaves_the_account_files_whole`], `a_power_cut_...` |
//! | renames that are not durable | [`the_folder_is_flushed_after_the_rename`] |
//! | days as the only clock | [`two_changes_in_a_day_are_two_changes`] |
//! | lost updates | [`changes_at_once_lose_nothing`] |
//! | passwords that PAM would cut | [`a_password_that_is_too_long_never_reaches_pam`] |
//! | rules of the distribution's own stack | [`rules_for_typed_passwords_are_not_asked`] |

use std::time::{Duration, Instant};

use lockstep_model::{BindingId, Code};
use lockstep_protocol::helper::{Operation, Reply};

use crate::support::{Computer, change, link, preflight, probe};
use crate::{NEW, OLD, WRONG_CODE};

/// Anna with uid 1000, and her binding.
fn anna() -> Option<(Computer, BindingId)> {
    let computer = Computer::new()?;
    computer.add_account("anna", 1000, OLD);
    let binding = computer.link(1000, OLD);
    Some((computer, binding))
}

#[test]
fn every_mark_of_a_lock_is_one() {
    let Some((computer, binding)) = anna() else {
        return;
    };
    for mark in ["!", "!!", "*", "!*", "*LK*", "!$y$j9T$abc$def"] {
        computer.shell(&format!("usermod -p '{mark}' anna"));
        let before = computer.shadow("anna");
        for (operation, secrets) in [
            (change(binding), &[OLD, NEW][..]),
            (preflight(binding), &[NEW]),
            (probe(binding), &[OLD]),
        ] {
            assert_eq!(
                computer.refusal(operation, secrets),
                Code::AccountLocked,
                "{mark}"
            );
        }
        assert_eq!(computer.shadow("anna"), before, "{mark}");
    }
}

#[test]
fn a_minimum_age_is_told_before_anything_changes() {
    let Some((computer, binding)) = anna() else {
        return;
    };
    let code = Code::AccountChangedLately;
    computer.shell("chage -m 3 -d $(date -u +%F) anna");
    let before = computer.shadow("anna");
    assert_eq!(computer.refusal(preflight(binding), &[NEW]), code);
    assert_eq!(computer.refusal(change(binding), &[OLD, NEW]), code);
    let inspect = Operation::Inspect { uid: 1000 };
    match computer.ask(inspect, &[]) {
        Some(Reply::Account(account)) => assert_eq!(account.obstacle, Some(code)),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        computer.ask(probe(binding), &[OLD]),
        Some(Reply::Opened { opens: true }),
        "trying changes nothing"
    );
    assert_eq!(computer.shadow("anna"), before);
    // The last of the three days, and the first after them, by PAM's own count.
    computer.shell("chage -d $(date -u -d '2 days ago' +%F) anna");
    assert_eq!(computer.refusal(preflight(binding), &[NEW]), code);
    computer.shell("chage -d $(date -u -d '3 days ago' +%F) anna");
    assert_eq!(computer.ask(preflight(binding), &[NEW]), Some(Reply::Done));
    assert_eq!(
        computer.ask(change(binding), &[OLD, NEW]),
        Some(Reply::MOVED)
    );
}

#[test]
fn an_account_of_another_system_is_refused() {
    let Some(computer) = Computer::new() else {
        return;
    };
    computer.shell(
        "sed -i 's/^\\(passwd\\|shadow\\|group\\):.*/& extrausers/' /etc/nsswitch.conf; \
         mkdir -p /var/lib/extrausers; \
         echo 'remote:x:2000:2000::/:/bin/sh' >/var/lib/extrausers/passwd; \
         echo 'remote:x:2000:' >/var/lib/extrausers/group; \
         echo remote:$(perl -e 'print crypt(q(elsewhere), q($6$salt$))'):20000:0:99999:7::: \
             >/var/lib/extrausers/shadow",
    );
    // The system knows the account and its password, as with SSSD or an AD.
    assert_eq!(computer.shell("id -u remote"), "2000\n");
    assert!(computer.opens("remote", b"elsewhere"));
    let asked = link(BindingId::fresh(), 2000);
    assert_eq!(
        computer.refusal(asked, &[b"elsewhere"]),
        Code::AccountElsewhere
    );
    // Nor is one that moved there after it was linked.
    computer.add_account("anna", 1000, OLD);
    let binding = computer.link(1000, OLD);
    computer.shell(
        "grep ^anna: /etc/passwd >>/var/lib/extrausers/passwd; \
         grep ^anna: /etc/shadow >>/var/lib/extrausers/shadow; \
         sed -i /^anna:/d /etc/passwd /etc/shadow",
    );
    assert!(computer.opens("anna", OLD));
    for (operation, secrets) in [
        (change(binding), &[OLD, NEW][..]),
        (preflight(binding), &[NEW]),
        (probe(binding), &[OLD]),
    ] {
        assert_eq!(computer.refusal(operation, secrets), Code::AccountChanged);
    }
    assert!(computer.opens("anna", OLD));
}

#[test]
fn the_same_name_and_uid_with_another_password_is_not_taken_over() {
    let Some((computer, binding)) = anna() else {
        return;
    };
    computer.shell("userdel --remove anna 2>/dev/null");
    computer.add_account("anna", 1000, b"of somebody else");
    let before = computer.shadow("anna");
    assert_eq!(computer.refusal(change(binding), &[OLD, NEW]), WRONG_CODE);
    assert_eq!(
        computer.ask(probe(binding), &[OLD]),
        Some(Reply::Opened { opens: false })
    );
    assert_eq!(computer.shadow("anna"), before);
}

#[test]
fn a_refused_password_is_offered_once() {
    let Some((computer, binding)) = anna() else {
        return;
    };
    computer.shell(
        "printf '%s\n' 'auth required pam_unix.so nodelay' 'account required pam_unix.so' \
         'password requisite pam_pwquality.so retry=3 minlen=40 enforce_for_root' \
         'password required pam_unix.so yescrypt use_authtok' >/etc/pam.d/lockstep",
    );
    let before = computer.shadow("anna");
    match computer.ask(change(binding), &[OLD, NEW]) {
        Some(Reply::Refused {
            code: Code::RefusedByComputer,
            detail,
        }) => {
            assert!(detail.contains("BAD PASSWORD"), "{detail}");
            // Three rounds would end in "Have exhausted maximum number of retries for service".
            assert!(!detail.contains("exhausted"), "{detail}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(computer.shadow("anna"), before);
    assert!(computer.opens("anna", OLD));
}

#[test]
fn a_wrong_password_costs_no_delay() {
    let Some((computer, binding)) = anna() else {
        return;
    };
    let started = Instant::now();
    assert_eq!(
        computer.ask(probe(binding), &[NEW]),
        Some(Reply::Opened { opens: false })
    );
    assert_eq!(computer.refusal(change(binding), &[NEW, OLD]), WRONG_CODE);
    let taken = started.elapsed();
    // FAIL_DELAY is three seconds, spread by PAM to one and a half at least.
    assert!(taken < Duration::from_millis(1200), "{taken:?}");
}

#[test]
fn locks_left_behind_by_others_are_harmless() {
    let Some((computer, binding)) = anna() else {
        return;
    };
    let (mut from, mut to) = (OLD, NEW);
    for left in [
        "printf 1 >/etc/shadow.lock",
        "printf 999999 >/etc/shadow.lock",
        "printf 'garbage\n' >/etc/shadow.lock; : >/etc/passwd.lock",
        "rm -f /etc/shadow.lock /etc/passwd.lock; echo leftover >/etc/nshadow; chmod 600 /etc/nshadow",
        "rm -f /etc/.pwd.lock",
    ] {
        computer.shell(left);
        assert_eq!(
            computer.ask(change(binding), &[from, to]),
            Some(Reply::MOVED),
            "{left}"
        );
        assert!(computer.opens("anna", to), "{left}");
        std::mem::swap(&mut from, &mut to);
    }
}

#[test]
fn death_at_any_call_leaves_the_account_files_whole() {
    let Some((computer, binding)) = anna() else {
        return;
    };
    computer.add_account("bert", 1001, b"of bert");
    let kept = "wc -l </etc/shadow; stat -c '%a %U %G' /etc/shadow; grep -v ^anna: /etc/shadow";
    let before = computer.shell(kept);
    let (mut from, mut to) = (OLD, NEW);
    let mut met = 0;
    for (call, count) in [("openat", 4), ("write", 4), ("fsync", 3), ("rename", 2)] {
        // Counted from the end of what the sandbox opens: only calls about shadow's new copy.
        for nth in 1..=count {
            let filter = if call == "write" {
                "/etc/nshadow"
            } else {
                "/etc"
            };
            let mut helper = computer.device().command("strace").unwrap();
            helper.args([
                "-f",
                "-qq",
                "-o",
                "/dev/null",
                "-P",
                filter,
                "-P",
                "/etc/nshadow",
            ]);
            helper.arg("-P").arg("/etc/shadow");
            helper.args(["-e", &format!("inject={call}:signal=KILL:when={nth}")]);
            helper.args(["/usr/bin/lockstep-helper", "op"]);
            let reply = computer.ask_by(helper, change(binding), &[from, to]);
            let killed = reply.is_none();
            met += u32::from(killed);
            let opened = (computer.opens("anna", from), computer.opens("anna", to));
            match opened {
                (true, false) => assert!(killed, "{call} {nth}: {reply:?}"),
                (false, true) => std::mem::swap(&mut from, &mut to),
                other => panic!("{call} {nth}: old and new open: {other:?}"),
            }
            assert_eq!(computer.shell(kept), before, "{call} {nth}");
        }
    }
    println!("{met} deaths");
    assert!(met >= 6, "only {met} deaths: the calls are others now");
    // The next change finds the leftovers and isn't kept from anything.
    assert_eq!(
        computer.ask(change(binding), &[from, to]),
        Some(Reply::MOVED)
    );
    assert_eq!(computer.shell(kept), before);
    assert_eq!(computer.shell("ls /etc/nshadow 2>/dev/null || true"), "");
}

#[test]
fn the_folder_is_flushed_after_the_rename() {
    let Some((computer, binding)) = anna() else {
        return;
    };
    let mut helper = computer.device().command("strace").unwrap();
    helper.args(["-f", "-qq", "-y", "-o", "/tmp/calls"]);
    helper.args(["-e", "trace=rename,fsync,openat,write,sendto", "-s", "4"]);
    helper.args(["/usr/bin/lockstep-helper", "op"]);
    let reply = computer.ask_by(helper, change(binding), &[OLD, NEW]);
    assert_eq!(reply, Some(Reply::MOVED));
    let calls = computer.shell("cat /tmp/calls");
    let place = |what: &str| {
        let found = calls.lines().position(|line| line.contains(what));
        found.unwrap_or_else(|| panic!("no {what} in {calls}"))
    };
    let renamed = place("rename(\"/etc/nshadow\", \"/etc/shadow\") = 0");
    let flushed = place("</etc>)");
    assert!(flushed > renamed, "{calls}");
    let read_again = calls
        .lines()
        .skip(renamed)
        .any(|line| line.contains("\"/etc/shadow\", O_RDONLY"));
    assert!(read_again, "{calls}");
    let told = calls
        .lines()
        .enumerate()
        .filter(|(_, line)| line.contains("sendto("))
        .map(|(at, _)| at)
        .last();
    assert!(told.is_some_and(|told| told > flushed), "{calls}");
}

#[test]
fn two_changes_in_a_day_are_two_changes() {
    let Some((computer, binding)) = anna() else {
        return;
    };
    for (from, to) in [(OLD, NEW), (NEW, OLD), (OLD, NEW)] {
        assert_eq!(
            computer.ask(change(binding), &[from, to]),
            Some(Reply::MOVED)
        );
        assert!(computer.opens("anna", to) && !computer.opens("anna", from));
    }
}

#[test]
fn changes_at_once_lose_nothing() {
    let Some(computer) = Computer::new() else {
        return;
    };
    let people: Vec<(String, u32)> = (0..6).map(|n| (format!("user{n}"), 1000 + n)).collect();
    let bindings: Vec<BindingId> = people
        .iter()
        .map(|(name, uid)| {
            computer.add_account(name, *uid, OLD);
            computer.link(*uid, OLD)
        })
        .collect();
    std::thread::scope(|scope| {
        for binding in &bindings {
            let asked = change(*binding);
            scope.spawn(|| assert_eq!(computer.ask(asked, &[OLD, NEW]), Some(Reply::MOVED)));
        }
        // An administrator at the same time.
        scope.spawn(|| {
            computer.shell("for n in 0 1 2 3 4 5; do chage -W 11 user$n; done");
        });
    });
    for (name, _) in &people {
        assert!(computer.opens(name, NEW), "{name}");
        assert!(computer.shadow(name).contains(":11:"), "{name}");
    }
}

#[test]
fn a_password_that_is_too_long_never_reaches_pam() {
    let Some((computer, binding)) = anna() else {
        return;
    };
    // Without its service file PAM would answer with another code.
    computer.shell("mv /etc/pam.d/lockstep /etc/pam.d/lockstep.away");
    let long = [b'x'; 256];
    let code = Code::TooLong;
    assert_eq!(computer.refusal(change(binding), &[OLD, &long]), code);
    assert_eq!(computer.refusal(preflight(binding), &[&long]), code);
    computer.shell("mv /etc/pam.d/lockstep.away /etc/pam.d/lockstep");
    let longest = [b'x'; 255];
    assert_eq!(
        computer.ask(change(binding), &[OLD, &longest]),
        Some(Reply::MOVED)
    );
    assert!(computer.opens("anna", &longest));
    assert!(!computer.opens("anna", &longest[..254]));
}

#[test]
fn rules_for_typed_passwords_are_not_asked() {
    let Some((computer, binding)) = anna() else {
        return;
    };
    computer.shell(
        "grep -q pam_pwquality /etc/pam.d/common-password; \
         printf 'minlen = 60\nenforce_for_root\n' >/etc/security/pwquality.conf",
    );
    // The rule is in force for everything that asks the distribution's stack ...
    let refused =
        computer.shell("echo 'anna:far too short' | chpasswd && echo taken || echo refused");
    assert!(refused.contains("refused"), "{refused}");
    // ... which Lockstep doesn't: the directory has the password already.
    assert_eq!(
        computer.ask(change(binding), &[OLD, NEW]),
        Some(Reply::MOVED)
    );
    assert!(computer.opens("anna", NEW));
}
