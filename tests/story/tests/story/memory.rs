//! Where the programs hold secrets: locked, left out of dumps, and shown to nobody.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

use std::fs;
use std::io::Read as _;
use std::os::unix::net::UnixStream;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use lockstep_lab::Daemon;
use lockstep_model::{BindingId, Secret, StoreKind};
use lockstep_protocol::frame::Frame;
use lockstep_protocol::helper::{Operation, Request, VERSION};
use lockstep_story::{Computer, World};

const FIRST: &str = "violet harbour at dawn";

fn pid(daemon: Option<&mut Daemon>) -> u32 {
    let pid = daemon.unwrap().pid().unwrap();
    pid.as_raw_nonzero().get().try_into().unwrap()
}

/// How much of a process is both locked and left out of dumps, in KiB.
fn locked_kib(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps")).unwrap();
    let mut size = 0;
    let mut locked = 0;
    for line in text.lines() {
        if let Some(figure) = line.strip_prefix("Size:") {
            size = figure.trim().trim_end_matches(" kB").parse().unwrap();
        } else if let Some(flags) = line.strip_prefix("VmFlags:") {
            let has = |flag: &str| flags.split_whitespace().any(|word| word == flag);
            if has("lo") {
                assert!(has("dd") && has("wf"), "{flags}");
                locked += size;
            }
        }
    }
    locked
}

fn dumps_nothing(pid: u32) -> bool {
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max core file"));
    line.unwrap()
        .split_whitespace()
        .skip(4)
        .take(2)
        .eq(["0", "0"])
}

/// Whether another process of the same account may look into one (ptrace(2), access checks).
fn shows_itself(computer: &Computer, account: &str, program: &str) -> bool {
    // What was just started may not be the program yet.
    let found = format!("until found=$(pidof {program}); do sleep 0.02; done; echo $found");
    let look = format!("exec cat /proc/$(timeout 10 sh -c '{found}')/environ");
    let mut shell = computer.device.command_as(account, "sh").unwrap();
    let done = shell.args(["-c", &look]).output().unwrap();
    let denied = String::from_utf8_lossy(&done.stderr).contains("Permission denied");
    assert_ne!(done.status.success(), denied, "{done:?}");
    done.status.success()
}

fn eventually<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match look() {
            Some(found) => return found,
            None if Instant::now() > deadline => panic!("never came: {what}"),
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

/// A command of the person that runs for as long as it is not told to end.
fn running(computer: &Computer, command: &str) -> Child {
    let mut script = computer.device.command_as("anna", "script").unwrap();
    script.args(["--quiet", "--command", command, "/dev/null"]);
    let script = script.stdin(Stdio::piped()).stdout(Stdio::piped());
    script.spawn().unwrap()
}

#[test]
fn what_holds_secrets_locks_them_and_lets_nobody_look() {
    let Some(world) = World::for_test().unwrap() else {
        return;
    };
    let mut computer = world.linked("anna", FIRST, "anna-desk").unwrap();

    let agent = pid(computer.device.agent());
    let locked = locked_kib(agent);
    assert!(
        (4..=16).contains(&locked),
        "the idle agent locks {locked} KiB"
    );
    assert!(dumps_nothing(agent));
    assert!(!shows_itself(&computer, "lockstep", "lockstep-agent"));

    let helper = pid(computer.device.helper());
    let socket = computer.device.path("/run/lockstep-helper.sock").unwrap();
    let mut stream = UnixStream::connect(socket).unwrap();
    let operation = Operation::Change {
        binding: BindingId::fresh(),
        store: StoreKind::Account,
        to: None,
    };
    let request = Request {
        version: VERSION,
        operation,
    };
    let said = [
        Frame::json(&request).unwrap(),
        Frame::Secret(Secret::copy_of(
            b"the old one, while the new one is awaited",
        )),
    ];
    for frame in said {
        frame.write_to(&mut stream).unwrap();
    }
    let operating = eventually("an operation that holds a secret", || {
        let children = format!("/proc/{helper}/task/{helper}/children");
        let children = fs::read_to_string(children).unwrap();
        let mut children = children.split_whitespace().map(|pid| pid.parse().unwrap());
        children.find(|pid| locked_kib(*pid) > 0)
    });
    assert!(dumps_nothing(operating));
    drop(stream);

    let mut prompt = running(&computer, "lockstep sync");
    let mut screen = [0_u8; 1];
    let asked = prompt.stdout.as_mut().unwrap().read_exact(&mut screen);
    asked.unwrap();
    assert!(!shows_itself(&computer, "anna", "lockstep"));
    prompt.kill().unwrap();
    prompt.wait().unwrap();
    // Else nothing of this would mean anything.
    let mut other = running(&computer, "echo; sleep 60");
    let asked = other.stdout.as_mut().unwrap().read_exact(&mut screen);
    asked.unwrap();
    assert!(shows_itself(&computer, "anna", "sleep"));
    other.kill().unwrap();
    other.wait().unwrap();
}
