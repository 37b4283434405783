//! The sockets of agent and helper, crowded by accounts of the device.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use lockstep_lab::Device;
use lockstep_protocol::frame::Frame;
use lockstep_protocol::helper::{Operation, Reply, Request, VERSION};
use lockstep_story::World;

use crate::{memory, served};

const AGENT: &str = "/run/lockstep/agent.sock";
const HELPER: &str = "/run/lockstep-helper.sock";
/// What a crowd may cost agent or helper.
const GROWTH_KIB: u64 = 24 * 1024;
/// Request time-outs are 10 s; the helper's operations come in turns of 16.
const LET_GO: Duration = Duration::from_secs(45);

/// Arguments: socket, number of connections, what each says: nothing, garbage, one byte a second, a
/// frame's header and nothing, or far too long a frame. Prints a line when all stand, and one with
/// how many are still open in the end, when none is or standard input has ended.
const CROWD: &str = r#"
use strict; use IO::Socket::UNIX; use IO::Select; use Errno qw(EAGAIN);
$SIG{PIPE} = 'IGNORE'; $| = 1;
my ($path, $number, $kind) = @ARGV;
my $all = IO::Select->new; my $refused = 0;
for (1..$number) {
    my $s = IO::Socket::UNIX->new(Peer => $path) or do { $refused++; next };
    $s->blocking(0);
    syswrite $s, "\xff" x 5000 if $kind eq 'garbage';
    syswrite $s, "\0\0\1\0\0" if $kind eq 'header' or $kind eq 'dribble';
    syswrite $s, "\0\0\xff\xff\0" . ("x" x 60000) if $kind eq 'long';
    $all->add($s);
}
print "standing $refused\n";
$all->add(\*STDIN);
while ($all->count > 1) {
    for my $s ($all->can_read(1)) {
        my $n = sysread $s, my $buffer, 65536;
        next if !defined $n && $! == EAGAIN;
        if (!$n) { if (fileno($s) == 0) { print "left ", $all->count - 1, "\n"; exit } $all->remove($s); close $s }
    }
    next if $kind ne 'dribble';
    for my $s ($all->handles) { syswrite $s, "x" if fileno($s) != 0 }
}
print "left 0\n";
"#;

struct Crowd {
    child: Child,
    said: BufReader<ChildStdout>,
    refused: usize,
}

impl Crowd {
    fn of(device: &Device, account: &str, socket: &str, number: usize, kind: &str) -> Self {
        let mut command = device.command_as(account, "perl").unwrap();
        command.args(["-e", CROWD, socket, &number.to_string(), kind]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let mut crowd = Self {
            child,
            said,
            refused: 0,
        };
        crowd.refused = crowd.number("standing");
        crowd
    }

    /// Waits until every connection is closed, or the time is up; how many are left.
    fn wait(mut self) -> usize {
        let mut stdin = self.child.stdin.take().unwrap();
        let ended = std::thread::spawn(move || {
            let deadline = Instant::now() + LET_GO;
            // Fails as soon as the other side has gone; the byte itself means nothing.
            while Instant::now() < deadline && stdin.write_all(b"\n").is_ok() {
                std::thread::sleep(Duration::from_millis(200));
            }
        });
        let left = self.number("left");
        self.child.wait().unwrap();
        ended.join().unwrap();
        left
    }

    fn number(&mut self, word: &str) -> usize {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        let number = line.trim().strip_prefix(word);
        number
            .unwrap_or_else(|| panic!("the crowd said {line:?}"))
            .trim()
            .parse()
            .unwrap()
    }
}

fn pid(daemon: Option<&mut lockstep_lab::Daemon>) -> u32 {
    daemon
        .unwrap()
        .pid()
        .unwrap()
        .as_raw_nonzero()
        .get()
        .unsigned_abs()
}

#[test]
fn a_crowd_at_the_agents_socket_keeps_no_other_account_waiting() {
    let Some(world) = World::for_test().unwrap() else {
        return;
    };
    let mut computer = world
        .linked("anna", "violet harbour at dawn", "anna-desk")
        .unwrap();
    let agent = pid(computer.device.agent());
    computer
        .device
        .add_account("mallory", 1001, b"whatever")
        .unwrap();
    let before = memory(agent);
    let mut most = before;
    for kind in ["silent", "garbage", "dribble", "header", "long"] {
        let crowd = Crowd::of(&computer.device, "mallory", AGENT, 1000, kind);
        assert_eq!(crowd.refused, 0, "everybody may connect");
        let status = served(&format!("status beside 1000 {kind}"), || {
            computer.status().unwrap()
        });
        assert!(status.binding.unwrap().in_sync);
        most = most.max(memory(agent));
        assert_eq!(crowd.wait(), 0, "{kind}: not let go");
    }
    eprintln!("memory of the agent: {before} KiB, at most {most} KiB");
    assert!(
        most - before < GROWTH_KIB,
        "{before} KiB grew to {most} KiB"
    );
    let lines = computer.device.agent().unwrap().log().lines().count();
    assert!(lines < 200, "{lines} lines were logged");
}

#[test]
fn a_crowd_at_the_helpers_socket_keeps_neither_root_nor_the_agent_waiting() {
    let Some(world) = World::for_test().unwrap() else {
        return;
    };
    let password = "violet harbour at dawn";
    let mut computer = world.linked("anna", password, "anna-desk").unwrap();
    computer
        .device
        .add_account("mallory", 1001, b"whatever")
        .unwrap();
    let mallory = Crowd::of(&computer.device, "mallory", HELPER, 100, "silent");
    assert_eq!(mallory.refused, 100, "only root and the agent may connect");
    assert_eq!(mallory.wait(), 0);

    let helper = pid(computer.device.helper());
    let before = memory(helper);
    let socket = computer.device.path(HELPER).unwrap();
    let silent = Crowd::of(&computer.device, "lockstep", HELPER, 1000, "silent");
    let verdict = served("a sync beside 1000 silent", || {
        computer.sync(password).unwrap()
    });
    verdict.ok().unwrap();
    assert_eq!(silent.wait(), 0, "not let go");
    for (kind, number) in [
        ("garbage", 100),
        ("dribble", 24),
        ("header", 24),
        ("long", 24),
    ] {
        let crowd = Crowd::of(&computer.device, "lockstep", HELPER, number, kind);
        let reply = served(&format!("root beside {number} {kind}"), || inspect(&socket));
        assert!(matches!(reply, Reply::Account(account) if account.name == "anna"));
        assert!(
            children(helper) <= 17,
            "{} operations at once",
            children(helper)
        );
        assert_eq!(crowd.wait(), 0, "{kind}: not let go");
    }
    let after = memory(helper);
    eprintln!("memory of the helper: {before} KiB, then {after} KiB");
    assert!(after.saturating_sub(before) < GROWTH_KIB);
    served("a sync afterwards", || computer.sync(password).unwrap())
        .ok()
        .unwrap();
}

fn inspect(socket: &std::path::Path) -> Reply {
    let mut stream = UnixStream::connect(socket).unwrap();
    let request = Request {
        version: VERSION,
        operation: Operation::Inspect { uid: 1000 },
    };
    Frame::json(&request)
        .unwrap()
        .write_to(&mut stream)
        .unwrap();
    Frame::read_from(&mut stream).unwrap().message().unwrap()
}

/// How many processes another has started that still run.
fn children(parent: u32) -> usize {
    let task = format!("/proc/{parent}/task/{parent}/children");
    let children = std::fs::read_to_string(task).unwrap_or_default();
    children.split_whitespace().count()
}
