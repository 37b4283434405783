//! The helper's sandbox bites: a hostile module, planted in its PAM stack, gets nowhere.

use std::path::{Path, PathBuf};
use std::process::Command;

use lockstep_model::{Code, StoreKind};
use lockstep_protocol::helper::{Confinement, Files, Operation, Reply};

use crate::support::{Computer, change, probe};
use crate::{NEW, OLD};

/// What the module tries, and what it meets inside. Outside it does all of them.
const TRIES: &[(&str, &str)] = &[
    ("read a file in /root", "refused"),
    ("read a person's file", "refused"),
    ("list /var/lib/lockstep", "refused"),
    ("read another process's environment", "refused"),
    ("write below /usr", "refused"),
    ("write to /tmp", "refused"),
    ("write to /run", "refused"),
    ("make a folder in /etc", "refused"),
    ("make a link in /etc", "refused"),
    ("make a program run as its owner", "done"),
    ("give a file away", "done"),
    ("move a file out of /etc", "refused"),
    ("start a program", "refused"),
    ("connect to a network", "refused"),
    ("open a raw socket", "refused"),
    ("signal another process", "refused"),
    ("change a file of somebody else", "refused"),
    ("write to the account files", "done"),
];

#[test]
fn a_module_planted_in_the_helper_gets_nowhere_while_the_account_still_moves() {
    let Some(computer) = Computer::new() else {
        return;
    };
    computer.add_account("anna", 1000, OLD);
    let binding = computer.link(1000, OLD);
    plant(&computer);

    // Outside the sandbox the module does everything: else the test could not fail.
    computer.shell(
        "printf '%s\n' 'auth optional /usr/lib/planted.so' 'auth required pam_permit.so' \
         >/etc/pam.d/outside; pamtester outside anna authenticate",
    );
    let outside = computer.shell("cat /etc/planted");
    for (what, _) in TRIES {
        assert!(outside.contains(&format!("{what}: done\n")), "{outside}");
    }

    plant(&computer);
    computer.shell(
        "{ echo 'auth optional /usr/lib/planted.so'; cat /etc/pam.d/lockstep; } >/etc/pam.d/new; \
         mv /etc/pam.d/new /etc/pam.d/lockstep",
    );
    assert_eq!(
        computer.ask(probe(binding), &[OLD]),
        Some(Reply::Opened { opens: true })
    );
    let inside = computer.shell("cat /etc/planted");
    for (what, met) in TRIES {
        assert!(
            inside.contains(&format!("{what}: {met}")),
            "{what}: {inside}"
        );
    }
    assert_eq!(
        computer.ask(change(binding), &[OLD, NEW]),
        Some(Reply::MOVED)
    );
    assert!(computer.opens("anna", NEW));
}

#[test]
fn the_helper_says_what_its_sandbox_is_worth_here() {
    let Some(computer) = Computer::new() else {
        return;
    };
    let Some(Reply::Health(health)) = computer.ask(Operation::Examine, &[]) else {
        panic!("no health");
    };
    // A kernel with less than the newest right tested still shuts files off.
    assert_ne!(health.confinement.files, Files::Open, "{health:?}");
    assert!(health.confinement.calls, "{health:?}");
    assert_eq!(health.version, env!("CARGO_PKG_VERSION"));
}

#[test]
fn without_landlock_the_helper_works_and_says_so() {
    let Some(computer) = Computer::new() else {
        return;
    };
    computer.add_account("anna", 1000, OLD);
    let binding = computer.link(1000, OLD);
    // A kernel that was built without it answers ENOSYS.
    let bare = || {
        let mut helper = computer.device().command("strace").unwrap();
        helper.args(["-f", "-qq", "-o", "/dev/null"]);
        helper.args(["-e", "inject=landlock_create_ruleset:error=ENOSYS"]);
        helper.args(["/usr/bin/lockstep-helper", "op"]);
        helper
    };
    assert_eq!(
        computer.ask_by(bare(), change(binding), &[OLD, NEW]),
        Some(Reply::MOVED)
    );
    match computer.ask_by(bare(), Operation::Examine, &[]) {
        Some(Reply::Health(health)) => assert_eq!(
            health.confinement,
            Confinement {
                files: Files::Open,
                calls: true
            }
        ),
        other => panic!("{other:?}"),
    }
    assert!(computer.log().contains("no Landlock"), "{}", computer.log());
}

/// What a program in the place of the keyring's daemon tries, and what it meets.
const DAEMON_TRIES: &[(&str, &str, &str)] = &[
    (
        "is the owner in every way",
        "grep -Eq '^[UG]id:(.1000){4}$' /proc/self/status && [ \"$(grep -Ec '^[UG]id:(.1000){4}$' /proc/self/status)\" = 2 ]",
        "done",
    ),
    ("has no group of root", "[ \"$(id -G)\" = 1000 ]", "done"),
    (
        "has no power of root",
        "[ \"$(grep -c '^Cap[A-Z][a-z]*:.0*$' /proc/self/status)\" -ge 4 ]",
        "done",
    ),
    (
        "writes beside the keyring",
        "true >/home/anna/.local/share/keyrings/own",
        "done",
    ),
    (
        "reads other files of the owner",
        "cat /home/anna/own",
        "refused",
    ),
    ("writes into the home", "true >/home/anna/new", "refused"),
    (
        "reads the records",
        "ls /var/lib/lockstep-helper",
        "refused",
    ),
    (
        "reads a keyring of somebody else",
        "cat /home/lars/.local/share/keyrings/login.keyring",
        "refused",
    ),
    ("writes to /etc", "true >/etc/planted-by-daemon", "refused"),
    ("becomes root", "setpriv --reuid 0 true", "refused"),
    ("makes a namespace", "unshare --user true", "refused"),
    (
        "reaches a network",
        "bash -c 'true >/dev/tcp/127.0.0.1/9'",
        "refused",
    ),
];

#[test]
fn a_program_in_the_place_of_the_keyrings_daemon_is_the_owner_and_no_more() {
    let Some(computer) = Computer::new() else {
        return;
    };
    for (name, uid) in [("anna", 1000), ("lars", 1001)] {
        computer.add_account(name, uid, OLD);
        computer.shell(&format!(
            "install -d -o {name} -g {name} /home/{name}/.local /home/{name}/.local/share \
             /home/{name}/.local/share/keyrings; cd /home/{name}/.local/share/keyrings; \
             printf 'GnomeKeyring\\n\\r\\0\\nrest' >login.keyring; chmod 644 login.keyring; \
             chown {name}: login.keyring; chmod 755 /home/{name}; \
             install -o {name} -m 0644 /dev/null /home/{name}/own"
        ));
    }
    let binding = computer.link(1000, OLD);
    let mut program = "#!/bin/sh\nout=/home/anna/.local/share/keyrings/planted\n".to_owned();
    for (what, how, _) in DAEMON_TRIES {
        program += &format!(
            "if {how} >/dev/null 2>&1; then echo '{what}: done'; else echo '{what}: refused'; fi >>$out\n"
        );
    }
    let place = computer.device().path("/usr/bin/gnome-keyring-daemon");
    let place = place.unwrap();
    std::fs::remove_file(&place).unwrap();
    std::fs::write(&place, program).unwrap();
    computer.shell("chmod 755 /usr/bin/gnome-keyring-daemon");
    let probe = Operation::Probe {
        binding,
        store: StoreKind::Keychain,
    };
    assert_eq!(computer.refusal(probe, &[OLD]), Code::KeychainUnreachable);
    let met = computer.shell("cat /home/anna/.local/share/keyrings/planted");
    for (what, _, wanted) in DAEMON_TRIES {
        assert!(
            met.contains(&format!("{what}: {wanted}\n")),
            "{what}: {met}"
        );
    }
}

/// Puts the module and what it goes for into the device.
fn plant(computer: &Computer) {
    let module = module();
    let device = computer.device();
    let place = device.path("/usr/lib/planted.so").unwrap();
    std::fs::copy(&module, place).unwrap();
    let prepare = "rm -rf /etc/planted* /usr/planted /tmp/planted /run/planted /root/moved; \
        echo secret >/root/secret; echo secret >/home/anna/secret; \
        install -m 0644 -o anna /dev/null /home/anna/own; \
        { nohup sleep 1000 >/dev/null 2>&1 & echo $! >/etc/planted-victim; }";
    device.shell(prepare).unwrap();
}

/// Compiles the module, once per test program.
fn module() -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/account/planted/sys.rs");
    let module = Path::new(env!("CARGO_TARGET_TMPDIR")).join("planted.so");
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let done = Command::new(compiler)
        .args(["--edition", "2024", "--crate-type", "cdylib", "-o"])
        .arg(&module)
        .arg(source)
        .status()
        .unwrap();
    assert!(done.success());
    module
}
