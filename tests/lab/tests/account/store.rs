//! The account store, asked as the agent asks.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lockstep_model::{BindingId, Code, Secret};
use lockstep_protocol::helper::{Operation, Reply};
use lockstep_stores::Store;
use lockstep_stores::conformance::{CASES, Harness};

use crate::support::{Computer, change, link, preflight, probe};
use crate::{NEW, OLD, WRONG, WRONG_CODE};

/// Makes a fresh account for every case.
struct Accounts {
    computer: Computer,
    next_uid: u32,
}

impl Harness for Accounts {
    fn fresh(&mut self, password: &Secret) -> Box<dyn Store> {
        let uid = self.next_uid;
        self.next_uid += 1;
        let account = format!("user{uid}");
        self.computer.add_account(&account, uid, password.expose());
        let binding = self.computer.link(uid, password.expose());
        Box::new(self.computer.store(binding, &account))
    }
}

#[test]
fn the_account_store_conforms() {
    let Some(computer) = Computer::new() else {
        return;
    };
    let mut accounts = Accounts {
        computer,
        next_uid: 1000,
    };
    for case in CASES {
        let started = Instant::now();
        (case.run)(&mut accounts);
        println!("{} ({:?})", case.name, started.elapsed());
    }
}

#[test]
fn a_login_follows_the_change() {
    let Some(computer) = Computer::new() else {
        return;
    };
    computer.add_account("anna", 1000, OLD);
    let binding = computer.link(1000, OLD);
    assert_eq!(
        computer.ask(change(binding), &[OLD, NEW]),
        Some(Reply::MOVED)
    );
    assert!(computer.opens("anna", NEW));
    assert!(!computer.opens("anna", OLD));
    assert!(computer.shadow("anna").starts_with("anna:$y$"));
    let mut device = computer.device();
    device.kill().unwrap();
    device.boot().unwrap();
    assert!(
        device.pam_accepts("anna", NEW).unwrap(),
        "also after a power cut"
    );
}

#[test]
fn a_wrong_old_password_changes_nothing() {
    let Some(computer) = Computer::new() else {
        return;
    };
    computer.add_account("anna", 1000, OLD);
    assert_eq!(
        computer.refusal(link(BindingId::fresh(), 1000), &[WRONG]),
        WRONG_CODE
    );
    assert_eq!(
        computer.refusal(link(BindingId::fresh(), 1000), &[b""]),
        Code::Blank
    );
    let binding = computer.link(1000, OLD);
    let before = computer.shadow("anna");
    assert_eq!(computer.refusal(change(binding), &[WRONG, NEW]), WRONG_CODE);
    assert_eq!(computer.shadow("anna"), before);
    assert!(computer.opens("anna", OLD));
}

#[test]
fn a_locked_account_is_never_unlocked() {
    let Some(computer) = Computer::new() else {
        return;
    };
    computer.add_account("anna", 1000, OLD);
    let binding = computer.link(1000, OLD);
    for lock in [
        "usermod -L anna",
        "passwd -q -l anna",
        "usermod -p '*' anna",
    ] {
        computer.shell(lock);
        let before = computer.shadow("anna");
        let code = Code::AccountLocked;
        assert_eq!(
            computer.refusal(change(binding), &[OLD, NEW]),
            code,
            "{lock}"
        );
        assert_eq!(computer.refusal(preflight(binding), &[NEW]), code, "{lock}");
        assert_eq!(computer.refusal(probe(binding), &[OLD]), code, "{lock}");
        assert_eq!(obstacle(&computer, 1000), Some(code), "{lock}");
        let fresh = BindingId::fresh();
        assert_eq!(computer.refusal(link(fresh, 1000), &[OLD]), code, "{lock}");
        assert_eq!(computer.shadow("anna"), before, "{lock}");
    }
}

#[test]
fn an_expired_or_inactive_account_is_refused() {
    let Some(computer) = Computer::new() else {
        return;
    };
    computer.add_account("anna", 1000, OLD);
    let binding = computer.link(1000, OLD);
    let alive = "chage -E -1 -I -1 -M 99999 -d $(date +%F) anna";
    for end in [
        "chage -E 2020-01-01 anna",
        "chage -M 10 -I 5 -d 2020-01-01 anna",
    ] {
        computer.shell(end);
        let before = computer.shadow("anna");
        let code = Code::AccountExpired;
        assert_eq!(
            computer.refusal(change(binding), &[OLD, NEW]),
            code,
            "{end}"
        );
        assert_eq!(computer.refusal(preflight(binding), &[NEW]), code, "{end}");
        assert_eq!(
            computer.refusal(link(BindingId::fresh(), 1000), &[OLD]),
            code,
            "{end}"
        );
        assert_eq!(obstacle(&computer, 1000), Some(code), "{end}");
        assert_eq!(computer.shadow("anna"), before, "{end}");
        computer.shell(alive);
    }
    // A password that has to be changed is no obstacle: changing it is what this is for.
    computer.shell("chage -d 0 anna");
    assert_eq!(obstacle(&computer, 1000), None);
    assert_eq!(
        computer.ask(change(binding), &[OLD, NEW]),
        Some(Reply::MOVED)
    );
    assert!(computer.opens("anna", NEW));
}

#[test]
fn accounts_of_nobody_are_refused() {
    let Some(computer) = Computer::new() else {
        return;
    };
    computer.shell("useradd --system --uid 321 service; echo service:sys | chpasswd");
    computer.shell("echo root:root | chpasswd");
    computer.shell("useradd --no-create-home --uid 1001 open; passwd -q -d open");
    computer.shell("echo 'legacy:$1$a$b:1002:1002::/:/bin/sh' >>/etc/passwd");
    computer.shell("echo 'ghost:x:1003:1003::/:/bin/sh' >>/etc/passwd");
    for (uid, password, code) in [
        (0, &b"root"[..], Code::AccountNotForPeople),
        (321, b"sys", Code::AccountNotForPeople),
        (65_534, b"x", Code::AccountNotForPeople),
        (u32::MAX, b"x", Code::AccountNotForPeople),
        (4711, b"x", Code::AccountElsewhere),
        (1001, b"x", WRONG_CODE),
        (1002, b"x", Code::AccountElsewhere),
        (1003, b"x", Code::AccountElsewhere),
    ] {
        let operation = link(BindingId::fresh(), uid);
        assert_eq!(computer.refusal(operation, &[password]), code, "uid {uid}");
    }
    assert_eq!(
        computer.shell("ls -A /var/lib/lockstep-helper/bindings"),
        ""
    );
}

#[test]
fn an_account_that_lost_its_password_is_not_given_one() {
    let Some(computer) = Computer::new() else {
        return;
    };
    computer.add_account("anna", 1000, OLD);
    let binding = computer.link(1000, OLD);
    computer.shell("passwd -q -d anna");
    let before = computer.shadow("anna");
    assert_eq!(computer.refusal(change(binding), &[OLD, NEW]), WRONG_CODE);
    assert_eq!(computer.shadow("anna"), before);
}

#[test]
fn an_account_made_anew_is_another_one() {
    let Some(computer) = Computer::new() else {
        return;
    };
    computer.add_account("anna", 1000, OLD);
    let binding = computer.link(1000, OLD);
    let refused = |what: &str| {
        for (operation, secrets) in [
            (change(binding), &[OLD, NEW][..]),
            (probe(binding), &[OLD]),
            (preflight(binding), &[NEW]),
        ] {
            assert_eq!(
                computer.refusal(operation, secrets),
                Code::AccountChanged,
                "{what}"
            );
        }
    };
    computer.shell("userdel --remove anna 2>/dev/null");
    refused("deleted");
    computer.add_account("anna", 1001, OLD);
    refused("same name, other uid");
    computer.shell("userdel --remove anna 2>/dev/null");
    computer.add_account("bert", 1000, OLD);
    refused("same uid, other name");
    assert!(computer.opens("bert", OLD));
    // The new account may be linked: the old record is of somebody else.
    computer.link(1000, OLD);
}

#[test]
fn a_change_waits_for_whoever_holds_the_lock() {
    let Some(computer) = Computer::new() else {
        return;
    };
    computer.add_account("anna", 1000, OLD);
    let binding = computer.link(1000, OLD);
    let mut holder = hold_lock(&computer, 3);
    let started = Instant::now();
    assert_eq!(
        computer.ask(change(binding), &[OLD, NEW]),
        Some(Reply::MOVED)
    );
    let waited = started.elapsed();
    assert!(
        waited > Duration::from_secs(2),
        "it did not wait: {waited:?}"
    );
    assert!(computer.opens("anna", NEW));
    holder.wait().unwrap();
}

#[test]
fn a_lock_that_stays_is_said() {
    let Some(computer) = Computer::new() else {
        return;
    };
    computer.add_account("anna", 1000, OLD);
    let binding = computer.link(1000, OLD);
    let mut holder = hold_lock(&computer, 60);
    let started = Instant::now();
    assert_eq!(
        computer.refusal(change(binding), &[OLD, NEW]),
        Code::AccountBusy
    );
    println!("gave up after {:?}", started.elapsed());
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(computer.opens("anna", OLD));
}

#[test]
fn a_rule_that_an_admin_adds_is_obeyed_and_told() {
    let Some(computer) = Computer::new() else {
        return;
    };
    computer.add_account("anna", 1000, OLD);
    let binding = computer.link(1000, OLD);
    computer.shell(
        "printf '%s\n' 'auth required pam_unix.so nodelay' 'account required pam_unix.so' \
         'password requisite pam_pwhistory.so remember=3 enforce_for_root' \
         'password required pam_unix.so yescrypt use_authtok' >/etc/pam.d/lockstep",
    );
    assert_eq!(
        computer.ask(change(binding), &[OLD, NEW]),
        Some(Reply::MOVED)
    );
    let before = computer.shadow("anna");
    match computer.ask(change(binding), &[NEW, OLD]) {
        Some(Reply::Refused {
            code: Code::RefusedByComputer,
            detail,
        }) => {
            assert!(detail.contains("already used"), "{detail}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(computer.shadow("anna"), before);
}

fn obstacle(computer: &Computer, uid: u32) -> Option<Code> {
    match computer.ask(Operation::Inspect { uid }, &[]) {
        Some(Reply::Account(account)) => account.obstacle,
        other => panic!("{other:?}"),
    }
}

/// Holds the lock that lckpwdf(3) takes, from when this returns.
fn hold_lock(computer: &Computer, seconds: u32) -> std::process::Child {
    // fcntl(2) locks, which flock(1) doesn't make; perl is part of the base.
    let script = r#"
        use Fcntl;
        open(my $file, '+>', '/etc/.pwd.lock') or die;
        my $lock = pack('s s x4 q q l x4', F_WRLCK, 0, 0, 0, 0);
        fcntl($file, F_SETLKW, $lock) or die "lock: $!";
        $| = 1;
        print "held\n";
        sleep($ARGV[0]);
    "#;
    let mut command: Command = computer.device().command("perl").unwrap();
    command
        .args(["-e", script, &seconds.to_string()])
        .stdout(Stdio::piped());
    let mut holder = command.spawn().unwrap();
    let mut word = [0; 5];
    holder
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut word)
        .unwrap();
    holder
}
