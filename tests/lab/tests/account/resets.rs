//! Resets without the old password, on real accounts: by the realm's order only.

use std::thread;
use std::time::Duration;

use lockstep_model::{BindingId, Code, DeviceId, PersonId};
use lockstep_protocol::Bytes;
use lockstep_protocol::helper::{Operation, Reply};
use lockstep_protocol::order::{ResetOrder, SignedOrder};
use p256::ecdsa::SigningKey;

use crate::support::{Computer, change, link, order, probe, realm_key, reset};
use crate::{NEW, OLD, WRONG};

fn anna() -> Option<(Computer, BindingId)> {
    let computer = Computer::new()?;
    computer.add_account("anna", 1000, OLD);
    let binding = computer.link(1000, OLD);
    Some((computer, binding))
}

/// A right order for Anna's account, with a fresh challenge.
fn ordered(computer: &Computer, binding: BindingId) -> ResetOrder {
    order(binding, "anna", computer.challenge(binding).unwrap())
}

/// Every account's line, byte for byte.
fn accounts(computer: &Computer) -> String {
    computer.shell("cat /etc/passwd /etc/shadow; stat -c '%i %Y %a %U:%G' /etc/shadow")
}

#[track_caller]
fn refused(computer: &Computer, order: SignedOrder, want: Code) {
    let before = accounts(computer);
    assert_eq!(computer.refusal(reset(order), &[NEW]), want);
    assert_eq!(accounts(computer), before);
}

#[test]
fn an_order_sets_the_password_once() {
    let Some((computer, binding)) = anna() else {
        return;
    };
    let order = ordered(&computer, binding).sign(&realm_key());
    let mode = "stat -c '%a %U:%G' /etc/shadow";
    let before = computer.shell(mode);
    assert_eq!(
        computer.ask(reset(order.clone()), &[NEW]),
        Some(Reply::MOVED)
    );
    assert!(computer.opens("anna", NEW) && !computer.opens("anna", OLD));
    assert!(computer.shadow("anna").starts_with("anna:$y$"));
    assert_eq!(computer.shell(mode), before);
    refused(&computer, order, Code::OrderSpent);
    // From here on it is an account as any other.
    assert_eq!(
        computer.ask(change(binding), &[NEW, OLD]),
        Some(Reply::MOVED)
    );
    let mut device = computer.device();
    device.kill().unwrap();
    device.boot().unwrap();
    assert!(
        device.pam_accepts("anna", OLD).unwrap(),
        "also after a power cut"
    );
}

#[test]
fn a_forged_order_or_one_for_something_else_is_refused() {
    let Some((computer, binding)) = anna() else {
        return;
    };
    computer.add_account("bert", 1001, WRONG);
    let berts = computer.link(1001, WRONG);
    let good = ordered(&computer, binding);
    let forger = SigningKey::from_slice(&[2; 32]).unwrap();
    refused(&computer, good.sign(&forger), Code::OrderRefused);
    let mut altered = good.sign(&realm_key());
    let text = String::from_utf8(altered.claims.0).unwrap();
    altered.claims = Bytes(text.replace("anna", "bert").into_bytes());
    refused(&computer, altered, Code::OrderRefused);
    let changes: [fn(&mut ResetOrder); 3] = [
        |order| order.account = "bert".into(),
        |order| order.device = DeviceId::fresh(),
        |order| order.realm = "another".into(),
    ];
    for change in changes {
        let mut other = good.clone();
        change(&mut other);
        refused(&computer, other.sign(&realm_key()), Code::OrderRefused);
    }
    // Another's binding has another account, and another challenge.
    let mut other = good.clone();
    other.binding = berts;
    refused(&computer, other.sign(&realm_key()), Code::OrderRefused);
    other.account = "bert".into();
    refused(&computer, other.sign(&realm_key()), Code::OrderSpent);
    other.binding = BindingId::fresh();
    refused(&computer, other.sign(&realm_key()), Code::HelperRefused);
    let good = good.sign(&realm_key());
    assert_eq!(computer.ask(reset(good), &[NEW]), Some(Reply::MOVED));
    assert!(computer.opens("bert", WRONG));
}

#[test]
fn a_stale_or_replaced_challenge_is_refused() {
    let Some((computer, binding)) = anna() else {
        return;
    };
    let replaced = ordered(&computer, binding).sign(&realm_key());
    let stale = ordered(&computer, binding).sign(&realm_key());
    refused(&computer, replaced, Code::OrderSpent);
    // Six minutes ago by the calendar; and before the computer was started anew.
    let record = format!("/var/lib/lockstep-helper/bindings/{binding}.json");
    let kept = computer.shell(&format!("cat {record}"));
    for (clock, by) in [("calendar_ms", "-360000"), ("up_ms", "+360000")] {
        computer.shell(&format!(
            r#"perl -pi -e 's/(?<="{clock}": )(\d+)/$1{by}/e' {record}"#
        ));
        assert_ne!(computer.shell(&format!("cat {record}")), kept);
        refused(&computer, stale.clone(), Code::OrderSpent);
        computer.shell(&format!("cat >{record} <<'END'\n{kept}\nEND"));
    }
    assert_eq!(computer.ask(reset(stale), &[NEW]), Some(Reply::MOVED));
}

#[test]
fn a_locked_account_is_not_unlocked_by_an_order() {
    let Some((computer, binding)) = anna() else {
        return;
    };
    for lock in [
        "usermod -L anna",
        "passwd -q -l anna",
        "usermod -p '*' anna",
        "usermod -p '!!' anna",
    ] {
        let field = computer.shadow("anna");
        let order = ordered(&computer, binding).sign(&realm_key());
        computer.shell(lock);
        refused(&computer, order, Code::AccountLocked);
        let code = computer.challenge(binding).unwrap_err().code;
        assert_eq!(code, Code::AccountLocked, "{lock}");
        let hash = field.split(':').nth(1).unwrap();
        computer.shell(&format!("usermod -p '{hash}' anna"));
    }
    assert!(computer.opens("anna", OLD));
}

#[test]
fn an_expired_account_is_not_extended_by_an_order() {
    let Some((computer, binding)) = anna() else {
        return;
    };
    for end in [
        "chage -E 2020-01-01 anna",
        "chage -M 10 -I 5 -d 2020-01-01 anna",
    ] {
        let order = ordered(&computer, binding).sign(&realm_key());
        computer.shell(end);
        refused(&computer, order, Code::AccountExpired);
        let code = computer.challenge(binding).unwrap_err().code;
        assert_eq!(code, Code::AccountExpired, "{end}");
        computer.shell("chage -E -1 -I -1 -M 99999 -d $(date +%F) anna");
    }
}

#[test]
fn an_account_that_is_another_by_now_is_not_reset() {
    let Some((computer, binding)) = anna() else {
        return;
    };
    let order = ordered(&computer, binding).sign(&realm_key());
    // The order is spent by each try: the record is put back to where it was.
    let record = format!("/var/lib/lockstep-helper/bindings/{binding}.json");
    let last = computer.shell(&format!("cat {record}"));
    let again = || computer.shell(&format!("cat >{record} <<'END'\n{last}\nEND"));
    computer.shell("userdel --remove anna 2>/dev/null");
    refused(&computer, order.clone(), Code::AccountChanged);
    computer.add_account("anna", 1001, OLD);
    again();
    refused(&computer, order.clone(), Code::AccountChanged);
    computer.shell("userdel --remove anna 2>/dev/null");
    computer.add_account("bert", 1000, OLD);
    again();
    refused(&computer, order.clone(), Code::AccountChanged);
    assert!(computer.opens("bert", OLD));
    // Not in the local files any more, as where another system manages it.
    computer.shell(
        "userdel --remove bert 2>/dev/null; echo 'anna:x:1000:1000::/:/bin/sh' >>/etc/passwd",
    );
    again();
    refused(&computer, order.clone(), Code::AccountElsewhere);
    computer.shell("echo 'anna::1:0:99999:7:::' >>/etc/shadow");
    again();
    refused(&computer, order, Code::AccountChanged);
}

#[test]
fn an_account_is_not_reset_where_its_home_would_stay_shut() {
    let Some((computer, binding)) = anna() else {
        return;
    };
    let order = ordered(&computer, binding).sign(&realm_key());
    computer.shell("echo 'auth optional pam_fscrypt.so' >>/etc/pam.d/common-auth");
    let code = computer.challenge(binding).unwrap_err().code;
    assert_eq!(code, Code::StaysShut);
    refused(&computer, order, Code::StaysShut);
}

#[test]
fn a_binding_of_an_older_version_believes_no_order_and_still_works() {
    let Some((computer, binding)) = anna() else {
        return;
    };
    let record = format!("/var/lib/lockstep-helper/bindings/{binding}.json");
    let person = PersonId::fresh();
    computer.shell(&format!(
        "cat >{record} <<'END'\n{{\"version\":1,\"binding\":\"{binding}\",\
         \"person\":\"{person}\",\"account\":\"anna\",\"uid\":1000}}\nEND"
    ));
    let code = computer.challenge(binding).unwrap_err().code;
    assert_eq!(code, Code::LinkedBeforeOrders);
    let guessed = order(binding, "anna", Bytes(vec![0; 32])).sign(&realm_key());
    refused(&computer, guessed, Code::LinkedBeforeOrders);
    let opens = Some(Reply::Opened { opens: true });
    assert_eq!(computer.ask(probe(binding), &[OLD]), opens);
    assert_eq!(
        computer.ask(change(binding), &[OLD, NEW]),
        Some(Reply::MOVED)
    );
    // Another binding can't name another realm for the account.
    let second = link(BindingId::fresh(), 1000);
    assert_eq!(computer.refusal(second, &[NEW]), Code::AlreadyLinked);
    assert_eq!(
        computer.ask(Operation::Unlink { binding }, &[]),
        Some(Reply::Done)
    );
    let binding = computer.link(1000, NEW);
    let order = ordered(&computer, binding).sign(&realm_key());
    assert_eq!(computer.ask(reset(order), &[OLD]), Some(Reply::MOVED));
}

#[test]
fn a_power_cut_during_a_reset_leaves_one_of_both_passwords_and_no_open_challenge() {
    let Some((computer, binding)) = anna() else {
        return;
    };
    let (mut from, mut to) = (OLD, NEW);
    let (mut moved, mut open) = (0, 0);
    for step in 0..10 {
        let order = ordered(&computer, binding).sign(&realm_key());
        let mut helper = computer
            .device()
            .command("/usr/bin/lockstep-helper")
            .unwrap();
        helper.arg("op");
        thread::scope(|scope| {
            let asked = scope.spawn(|| computer.ask_by(helper, reset(order.clone()), &[to]));
            // The first cuts come before anything is written, the last after everything.
            thread::sleep(Duration::from_millis(15 * step));
            computer.device().kill().unwrap();
            // The reply may have come before the cut.
            let _reply = asked.join().unwrap();
        });
        computer.device().boot().unwrap();
        let is_new = match (computer.opens("anna", from), computer.opens("anna", to)) {
            (true, false) => false,
            (false, true) => true,
            other => panic!("old and new open: {other:?}"),
        };
        // Sent once more, the order works only if it had not been taken up at all.
        match computer.ask(reset(order), &[to]) {
            Some(Reply::MOVED) => {
                assert!(!is_new, "an order was good twice");
                open += 1;
            }
            Some(Reply::Refused {
                code: Code::OrderSpent,
                ..
            }) => {}
            other => panic!("{other:?}"),
        }
        if computer.opens("anna", to) {
            std::mem::swap(&mut from, &mut to);
            moved += 1;
        }
    }
    println!("{moved} of 10 resets were made, {open} of them by the second try");
}
