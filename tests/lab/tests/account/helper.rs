//! The helper: whom it serves, what it needs, what a power cut leaves.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use lockstep_model::{BindingId, Code, StoreKind};
use lockstep_protocol::frame::Frame;
use lockstep_protocol::helper::{Account, Operation, Reply, Request, VERSION};

use crate::support::{Computer, change, converse, link, preflight, probe};
use crate::{NEW, OLD};

#[test]
fn only_recorded_bindings_are_served() {
    let Some(computer) = Computer::new() else {
        return;
    };
    computer.add_account("anna", 1000, OLD);
    let stranger = BindingId::fresh();
    let code = Code::HelperRefused;
    assert_eq!(computer.refusal(change(stranger), &[OLD, NEW]), code);
    assert_eq!(computer.refusal(probe(stranger), &[OLD]), code);
    assert_eq!(computer.refusal(preflight(stranger), &[NEW]), code);
    let binding = computer.link(1000, OLD);
    let second = link(BindingId::fresh(), 1000);
    assert_eq!(computer.refusal(second, &[OLD]), Code::AlreadyLinked);
    let disk = Operation::Probe {
        binding,
        store: StoreKind::Disk,
    };
    assert_eq!(computer.refusal(disk, &[OLD]), code);
    assert_eq!(
        computer.shell(
            "stat -c '%a %U' /var/lib/lockstep-helper{,/bindings{,/*}} 2>/dev/null || \
            stat -c '%a %U' /var/lib/lockstep-helper /var/lib/lockstep-helper/bindings \
            /var/lib/lockstep-helper/bindings/*"
        ),
        "700 root\n700 root\n600 root\n"
    );
    assert_eq!(
        computer.ask(Operation::Unlink { binding }, &[]),
        Some(Reply::Done)
    );
    assert_eq!(
        computer.ask(Operation::Unlink { binding }, &[]),
        Some(Reply::Done)
    );
    assert_eq!(computer.refusal(probe(binding), &[OLD]), code);
    computer.link(1000, OLD);
}

#[test]
fn the_listener_serves_root_and_the_agent_alone() {
    let Some(computer) = Computer::new() else {
        return;
    };
    computer.add_account("anna", 1000, OLD);
    let path = {
        let mut device = computer.device();
        device.start_helper().unwrap();
        device.path("/run/lockstep-helper.sock").unwrap()
    };
    let mode = computer.shell("stat -c '%a %U %G' /run/lockstep-helper.sock");
    assert_eq!(mode, "660 root lockstep\n");

    let binding = BindingId::fresh();
    let ask = |operation, secrets: &[&[u8]]| {
        converse(&UnixStream::connect(&path).unwrap(), operation, secrets)
    };
    assert_eq!(ask(link(binding, 1000), &[OLD]), Some(Reply::Done));
    assert_eq!(
        ask(probe(binding), &[OLD]),
        Some(Reply::Opened { opens: true })
    );

    let inspect = Request {
        version: VERSION,
        operation: Operation::Inspect { uid: 1000 },
    };
    let mut bytes = Vec::new();
    Frame::json(&inspect).unwrap().write_to(&mut bytes).unwrap();
    let reply = knock(&computer, "lockstep", &bytes).unwrap();
    assert!(matches!(reply, Reply::Account(_)), "{reply:?}");
    assert_eq!(
        knock(&computer, "anna", &bytes),
        None,
        "the socket's mode keeps others out"
    );
    // And were the mode lost, the helper itself would.
    computer.shell("chmod 0666 /run/lockstep-helper.sock");
    match knock(&computer, "anna", &bytes) {
        Some(Reply::Refused {
            code: Code::HelperRefused,
            ..
        }) => {}
        other => panic!("{other:?}"),
    }

    // Bad clients harm nobody: garbage, silence, and more connections than it serves at once.
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 4096], b""] {
        let mut stream = UnixStream::connect(&path).unwrap();
        stream.write_all(garbage).unwrap();
    }
    let mut crowd: Vec<UnixStream> = (0..20)
        .map(|_| UnixStream::connect(&path).unwrap())
        .collect();
    let children = || computer.shell("pgrep -c -f '[l]ockstep-helper op' || true");
    let settled = |wanted: &str| {
        let deadline = Instant::now() + Duration::from_secs(5);
        while children().trim() != wanted {
            assert!(Instant::now() < deadline, "not {wanted}: {}", children());
            thread::sleep(Duration::from_millis(20));
        }
        thread::sleep(Duration::from_millis(200));
        assert_eq!(children().trim(), wanted);
    };
    // The garbage has its processes for a moment; silence has none.
    settled("0");
    for stream in &mut crowd {
        stream.write_all(&[0]).unwrap();
    }
    settled("16");
    drop(crowd);
    assert_eq!(
        ask(probe(binding), &[OLD]),
        Some(Reply::Opened { opens: true })
    );
    let deadline = Instant::now() + Duration::from_secs(5);
    while computer
        .shell("pgrep -c -f '[l]ockstep-helper op' || true")
        .trim()
        != "0"
    {
        assert!(Instant::now() < deadline, "children are left");
        thread::sleep(Duration::from_millis(20));
    }
    let log = computer.device().helper().unwrap().log();
    for secret in [OLD, NEW] {
        assert!(!log.contains(std::str::from_utf8(secret).unwrap()), "{log}");
    }
}

#[test]
fn the_helper_wants_root_and_a_socket() {
    let Some(computer) = Computer::new() else {
        return;
    };
    computer.add_account("anna", 1000, OLD);
    let said = |account: &str| {
        let mut command = computer
            .device()
            .command_as(account, "/usr/bin/lockstep-helper")
            .unwrap();
        let output = command.arg("op").stdin(Stdio::null()).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(said("anna").contains("root"));
    assert!(said("root").contains("socket"));
}

#[test]
fn the_helper_needs_no_more_than_its_unit_grants() {
    let Some(computer) = Computer::new() else {
        return;
    };
    computer.add_account("anna", 1000, OLD);
    let unit = include_str!("../../../../packaging/systemd/lockstep-helper@.service");
    assert!(
        !unit.lines().any(|line| line.starts_with("ProtectProc=")),
        "a person's keyring daemon would be hidden from the helper that became that person"
    );
    let setting = |key: &str| {
        let value = unit
            .lines()
            .find_map(|line| line.strip_prefix(key))
            .unwrap();
        value
            .split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let capabilities: Vec<String> = setting("CapabilityBoundingSet=")
        .iter()
        .map(|name| format!("+{}", name.strip_prefix("CAP_").unwrap().to_lowercase()))
        .collect();
    let bounds = format!("-all,{}", capabilities.join(","));
    let writable = setting("ReadWritePaths=").join(" ");
    let confined = |operation, secrets: &[&[u8]]| {
        let script = format!(
            "for path in {writable} /var/lib/lockstep-helper; do mount --bind $path $path; done; \
             mount -o remount,bind,ro /; \
             exec setpriv --no-new-privs --inh-caps=-all --bounding-set={bounds} \
                 /usr/bin/lockstep-helper op"
        );
        let mut command = computer.device().command("unshare").unwrap();
        command.args(["--mount", "--propagation", "private", "sh", "-euc", &script]);
        computer.ask_by(command, operation, secrets)
    };
    let binding = BindingId::fresh();
    assert_eq!(confined(link(binding, 1000), &[OLD]), Some(Reply::Done));
    let before = computer.shell("stat -c '%a %U %G' /etc/shadow");
    assert_eq!(confined(change(binding), &[OLD, NEW]), Some(Reply::MOVED));
    assert_eq!(computer.shell("stat -c '%a %U %G' /etc/shadow"), before);
    assert_eq!(
        confined(probe(binding), &[NEW]),
        Some(Reply::Opened { opens: true })
    );
}

#[test]
fn a_power_cut_during_a_change_leaves_one_of_both_passwords() {
    let Some(computer) = Computer::new() else {
        return;
    };
    computer.add_account("anna", 1000, OLD);
    let binding = computer.link(1000, OLD);
    let (mut from, mut to) = (OLD, NEW);
    let mut moved = 0;
    for step in 0..12 {
        let mut helper: Command = computer
            .device()
            .command("/usr/bin/lockstep-helper")
            .unwrap();
        helper.arg("op");
        thread::scope(|scope| {
            let asked = scope.spawn(|| computer.ask_by(helper, change(binding), &[from, to]));
            // The first cuts come before anything is written, the last after everything.
            thread::sleep(Duration::from_millis(20 * step));
            computer.device().kill().unwrap();
            // The reply may have come before the cut.
            let _reply = asked.join().unwrap();
        });
        computer.device().boot().unwrap();
        match (computer.opens("anna", from), computer.opens("anna", to)) {
            (true, false) => {}
            (false, true) => {
                std::mem::swap(&mut from, &mut to);
                moved += 1;
            }
            other => panic!("old and new open: {other:?}"),
        }
        assert_eq!(
            computer.ask(probe(binding), &[from]),
            Some(Reply::Opened { opens: true })
        );
    }
    println!("{moved} of 12 changes were made");
    assert_eq!(
        computer.ask(change(binding), &[from, to]),
        Some(Reply::MOVED)
    );
}

#[test]
fn a_missing_service_file_stops_everything() {
    let Some(computer) = Computer::new() else {
        return;
    };
    computer.add_account("anna", 1000, OLD);
    let binding = computer.link(1000, OLD);
    computer.shell("rm /etc/pam.d/lockstep");
    assert_eq!(
        computer.refusal(change(binding), &[OLD, NEW]),
        Code::Internal
    );
    assert_eq!(computer.refusal(probe(binding), &[OLD]), Code::Internal);
    assert!(computer.opens("anna", OLD));
}

#[test]
fn inspection_describes_an_account() {
    let Some(computer) = Computer::new() else {
        return;
    };
    computer.add_account("anna", 1000, OLD);
    let reply = computer.ask(Operation::Inspect { uid: 1000 }, &[]);
    let account = Account {
        name: "anna".into(),
        uid: 1000,
        obstacle: None,
        disk: false,
    };
    assert_eq!(reply, Some(Reply::Account(account)));
    let unknown = Operation::Inspect { uid: 4711 };
    assert_eq!(computer.refusal(unknown, &[]), Code::AccountElsewhere);
}

/// What an account of the device gets to read when it sends bytes to the helper.
fn knock(computer: &Computer, account: &str, bytes: &[u8]) -> Option<Reply> {
    let mut command = computer
        .device()
        .command_as(account, "/x/lockstep-lab")
        .unwrap();
    command.args(["knock", "/run/lockstep-helper.sock"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    Frame::read_from(&mut output.stdout.as_slice())
        .ok()
        .map(|frame| frame.message().unwrap())
}
