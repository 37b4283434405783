//! What was set aside, opened again by `lockstep keyring` in its person's session.

use std::process::Command;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use lockstep_model::Code;
use serde_json::{Value, json};

use crate::support::{Computer, Person, Said, feed};
use crate::{NEW, OLD, WRONG};

const FOLDER: &str = "/home/user1000/.local/share/keyrings";

/// Not text, and long.
const BINARY: &[u8] = b"\xff\0\x80\r\n\xc3\x28 and more than one block";

/// What a command said and how it ended.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    Well(Value),
    Badly(Code),
    /// It was killed.
    Killed,
}

impl Person {
    /// Runs `lockstep keyring` in the session.
    fn keyring(&self, arguments: &[&str], password: &[u8]) -> Ended {
        let mut command = self.command("/x/lockstep");
        keyring(&mut command, arguments);
        ended(command, password)
    }

    fn reopen(&self, password: &[u8]) -> Ended {
        self.keyring(&["reopen", "--password-fd", "0"], password)
    }

    fn keep_as(&self, label: &str, name: &str, secret: &[u8]) {
        let label = format!("--label={label}");
        let words = ["5", "secret-tool", "store", &label, "name", name];
        let kept = self.run("timeout", &words, secret);
        assert!(kept.status.success(), "{kept:?}");
    }

    /// What a search by name finds: labels and secrets, sorted, for the daemon has no order.
    fn found(&self, name: &str) -> String {
        let words = ["5", "secret-tool", "search", "--all", "name", name];
        let found = self.run("timeout", &words, b"");
        let said = String::from_utf8_lossy(&found.stdout).into_owned();
        let mut lines: Vec<&str> = said
            .lines()
            .filter(|line| line.starts_with("label") || line.starts_with("secret"))
            .collect();
        lines.sort_unstable();
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    /// The processes of the session, but for what its bus starts where a daemon is late.
    fn running(&self) -> String {
        let all = self.processes();
        let lines = all.lines().filter(|line| !line.contains("--start"));
        lines.map(|line| format!("{line}\n")).collect()
    }
}

fn keyring(command: &mut Command, arguments: &[&str]) {
    command.args(["--json", "keyring"]).args(arguments);
}

fn ended(command: Command, input: &[u8]) -> Ended {
    let ended = feed(command, input);
    let Some(exit) = ended.status.code() else {
        return Ended::Killed;
    };
    if exit == 0 {
        return Ended::Well(serde_json::from_slice(&ended.stdout).unwrap());
    }
    let said = String::from_utf8(ended.stderr).unwrap();
    let line = said.lines().find(|line| line.starts_with('{'));
    let said: Value = serde_json::from_str(line.unwrap_or_else(|| panic!("{said}"))).unwrap();
    println!("{said}");
    let code = said["failed"]["code"].as_str().unwrap();
    Ended::Badly(code.parse().unwrap())
}

fn counts(added: u32, identical: u32, kept_both: u32) -> Value {
    json!({ "added": added, "identical": identical, "kept_both": kept_both, "unreadable": 0 })
}

/// What was reopened, without which.
#[track_caller]
fn well(ended: Ended) -> Value {
    let Ended::Well(mut value) = ended else {
        panic!("{ended:?}");
    };
    value.as_object_mut().unwrap().remove("which");
    value
}

/// Somebody whose keyring was set aside in their session, and who has saved something since.
fn anna() -> Option<(Computer, Person)> {
    static BUILT: OnceLock<()> = OnceLock::new();
    let computer = Computer::new()?;
    BUILT.get_or_init(|| {
        lockstep_lab::build(&["lockstep-keyring", "lockstep-cli"]).unwrap();
    });
    let anna = computer.person(1000).with_keyring(OLD);
    anna.log_in(OLD);
    anna.keep("mail", "the same");
    anna.keep("chat", "the old one");
    anna.keep_as(
        "B\u{fc}ro \u{2013} \u{43a}\u{43b}\u{44e}\u{447} \u{1f511}",
        "office",
        b"door",
    );
    anna.keep_as("key", "key", BINARY);
    assert_eq!(anna.ask("reset", &[NEW]), Said::Done);
    anna.keep("mail", "the same");
    anna.keep("chat", "the new one");
    computer.shell(&format!(
        "cd {FOLDER}; echo mine >note.txt; echo x >other.keyring.old"
    ));
    Some((computer, anna))
}

/// Everything in the folder but the present keyring.
fn others(anna: &Person) -> String {
    let all = anna.keyrings();
    let others = all.lines().filter(|line| !line.ends_with(" login.keyring"));
    others.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_was_set_aside_is_added_and_nothing_is_replaced() {
    let Some((computer, anna)) = anna() else {
        return;
    };
    let (before, running) = (others(&anna), anna.running());
    let Ended::Well(list) = anna.keyring(&["list"], b"") else {
        panic!("no list");
    };
    let listed = &list["set_aside"][0];
    assert!(
        listed["reopened"].is_null() && listed["bytes"].as_u64() > Some(100),
        "{list}"
    );
    assert!(
        listed["which"].as_str().unwrap().starts_with("20"),
        "{list}"
    );

    assert_eq!(well(anna.reopen(OLD)), counts(3, 1, 1));
    assert_eq!(anna.kept("wifi").as_deref(), Some("s3cret"));
    assert_eq!(anna.kept("mail").as_deref(), Some("the same"));
    let chat = anna.found("chat");
    for wanted in [
        "label = chat\n",
        "label = chat (from ",
        "the old one",
        "the new one",
    ] {
        assert!(chat.contains(wanted), "{wanted}: {chat}");
    }
    let office = anna.found("office");
    assert!(
        office.contains("label = B\u{fc}ro \u{2013} \u{43a}\u{43b}\u{44e}\u{447} \u{1f511}\n"),
        "{office}"
    );
    let key = anna.run(
        "timeout",
        &["5", "secret-tool", "lookup", "name", "key"],
        b"",
    );
    assert_eq!(key.stdout, BINARY);

    // Again, and nothing comes twice.
    assert_eq!(well(anna.reopen(OLD)), counts(0, 5, 0));
    assert_eq!(anna.found("chat"), chat);
    assert_eq!(anna.running(), running);
    assert_eq!(anna.leftovers(), "");
    let after = others(&anna);
    for line in before.lines() {
        assert!(after.contains(line), "{line} is not in {after}");
    }
    assert_eq!(
        after.lines().count(),
        before.lines().count() + 1,
        "a note: {after}"
    );
    let Ended::Well(list) = anna.keyring(&["list"], b"") else {
        panic!("no list");
    };
    assert!(list["set_aside"][0]["reopened"].is_i64(), "{list}");

    // What was added is on the disk, whatever becomes of the daemon.
    computer.shell("pkill -KILL -u 1000 gnome-keyring-d");
    anna.log_out();
    anna.log_in(NEW);
    assert_eq!(anna.kept("wifi").as_deref(), Some("s3cret"));
    assert_eq!(anna.found("chat"), chat);
}

#[test]
fn a_wrong_password_changes_nothing() {
    let Some((_computer, anna)) = anna() else {
        return;
    };
    let (before, running) = (anna.keyrings(), anna.running());
    for wrong in [WRONG, NEW, b""] {
        assert_eq!(anna.reopen(wrong), Ended::Badly(Code::NotTheOldKeyrings));
    }
    assert_eq!(anna.keyrings(), before);
    assert_eq!(anna.running(), running);
    assert_eq!(anna.leftovers(), "");
    assert_eq!(
        anna.keyring(&["remove", "--yes"], b""),
        Ended::Badly(Code::NotReopened)
    );
    assert_eq!(anna.keyrings(), before);
}

#[test]
fn nothing_is_asked_where_the_present_keyring_is_locked_or_nobody_serves_it() {
    let Some((computer, anna)) = anna() else {
        return;
    };
    anna.log_out();
    let before = anna.keyrings();
    assert_eq!(
        anna.reopen(OLD),
        Ended::Badly(Code::NoKeyringSession),
        "no session"
    );
    anna.begin_session();
    // The bus would start a daemon as it does for any program, which is locked.
    let nobody = anna.reopen(OLD);
    assert!(
        matches!(
            nobody,
            Ended::Badly(Code::NoKeyringSession | Code::KeyringLocked)
        ),
        "no daemon: {nobody:?}"
    );
    anna.log_out();
    // As after a log-in by fingerprint.
    anna.begin_session();
    anna.start_daemon(&[], b"");
    let running = anna.running();
    assert_eq!(anna.reopen(OLD), Ended::Badly(Code::KeyringLocked));
    assert_eq!(anna.running(), running, "nobody was asked for it");
    assert_eq!(anna.keyrings(), before);
    anna.log_out();
    computer.shell(&format!("rm {FOLDER}/*set-aside*"));
    assert_eq!(anna.reopen(OLD), Ended::Badly(Code::NothingSetAside));
    assert_eq!(
        anna.keyring(&["list"], b""),
        Ended::Well(json!({ "set_aside": [] }))
    );
}

#[test]
fn what_was_killed_in_the_middle_is_done_again_and_adds_nothing_twice() {
    let Some((computer, anna)) = anna() else {
        return;
    };
    for number in 0..20 {
        anna.keep(&format!("late{number}"), "in the present one");
    }
    let aside = computer.shell(&format!("cd {FOLDER}; md5sum *set-aside*"));
    let running = anna.running();
    computer.shell(&format!("cp -p {FOLDER}/login.keyring /root/kept"));
    let mut met = 0;
    let calls = [
        ("mkdir", 3),
        ("flock", 3),
        ("clone3", 3),
        ("connect", 4),
        ("sendmsg", 60),
        ("fsync", 3),
        ("rename", 1),
        ("unlink", 2),
        ("exit_group", 1),
    ];
    for (call, count) in calls {
        for nth in (1..=count).step_by(if count > 10 { 7 } else { 1 }) {
            let mut strace = anna.command("strace");
            strace.args(["-f", "-qq", "-o", "/dev/null", "-e"]);
            strace.arg(format!("inject={call}:signal=KILL:when={nth}"));
            strace.arg("/x/lockstep");
            keyring(&mut strace, &["reopen", "--password-fd", "0"]);
            let said = ended(strace, OLD);
            println!("{call} {nth}: {said:?}");
            met += u32::from(!matches!(said, Ended::Well(_)));
            assert_nothing_is_left(&anna, &running, call, nth);
            let again = well(anna.reopen(OLD));
            assert_eq!(sum(&again), 5, "{call} {nth}: {again}");
            assert_eq!(well(anna.reopen(OLD)), counts(0, 5, 0), "{call} {nth}");
            assert_eq!(anna.leftovers(), "", "the next one cleans up");
            assert_eq!(
                anna.found("chat").matches("label = ").count(),
                2,
                "{call} {nth}"
            );
            assert_eq!(anna.kept("late19").as_deref(), Some("in the present one"));
            // From the beginning: the daemon looks again after a log-in.
            anna.log_out();
            computer.shell(&format!(
                "cp -p /root/kept {FOLDER}/login.keyring; rm -f {FOLDER}/.lockstep*"
            ));
            anna.log_in(NEW);
        }
    }
    println!("{met} deaths");
    assert!(met >= 15, "only {met} deaths: the calls are others now");
    assert_eq!(
        computer.shell(&format!("cd {FOLDER}; md5sum *set-aside*")),
        aside
    );
}

fn sum(value: &Value) -> u64 {
    let counts = value.as_object().unwrap().values();
    counts.map(|count| count.as_u64().unwrap()).sum()
}

/// Whoever is killed takes the private daemon and its bus along.
fn assert_nothing_is_left(anna: &Person, running: &str, call: &str, nth: u32) {
    for _ in 0..200 {
        if anna.running() == running {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("{call} {nth}: {}", anna.running());
}

#[test]
fn a_password_opens_in_either_form() {
    let Some((computer, anna)) = anna() else {
        return;
    };
    computer.shell(&format!("rm {FOLDER}/*set-aside*"));
    let (composed, typed) = ("caf\u{e9} at noon", "cafe\u{301} at noon");
    for (set, reset_to) in [(composed, OLD), (typed, NEW)] {
        assert_eq!(anna.ask("reset", &[set.as_bytes()]), Said::Done);
        anna.keep(&format!("of {set}"), "inside");
        assert_eq!(anna.ask("reset", &[reset_to]), Said::Done);
        let asides = computer.shell(&format!("cd {FOLDER}; ls -d *set-aside*"));
        let aside = asides.lines().next_back().unwrap();
        let which = aside.strip_prefix("login.keyring.set-aside-").unwrap();
        let reopen = ["reopen", "--which", which, "--password-fd", "0"];
        assert_eq!(
            well(anna.keyring(&reopen, typed.as_bytes())),
            counts(1, 0, 0)
        );
        thread::sleep(Duration::from_millis(1100));
    }
}

#[test]
fn two_at_once_do_not_meet() {
    let Some((_computer, anna)) = anna() else {
        return;
    };
    thread::scope(|scope| {
        let mut strace = anna.command("strace");
        strace.args(["-f", "-qq", "-o", "/dev/null", "-e"]);
        strace.args(["inject=fsync:delay_enter=1500000:when=1", "/x/lockstep"]);
        keyring(&mut strace, &["reopen", "--password-fd", "0"]);
        let first = scope.spawn(|| ended(strace, OLD));
        thread::sleep(Duration::from_millis(900));
        assert_eq!(anna.reopen(OLD), Ended::Badly(Code::Busy));
        assert_eq!(well(first.join().unwrap()), counts(3, 1, 1));
    });
}

#[test]
fn a_copy_is_removed_on_request_and_only_once_nothing_would_be_missed() {
    let Some((computer, anna)) = anna() else {
        return;
    };
    // Another one, later, that took what was added along.
    assert_eq!(well(anna.reopen(OLD)), counts(3, 1, 1));
    thread::sleep(Duration::from_millis(1100));
    assert_eq!(anna.ask("reset", &[WRONG]), Said::Done);
    let names = computer.shell(&format!("cd {FOLDER}; ls -d *set-aside*"));
    let names: Vec<_> = names
        .lines()
        .map(|name| name.strip_prefix("login.keyring.set-aside-").unwrap())
        .collect();
    let [first, second] = names[..] else {
        panic!("{names:?}");
    };
    assert_eq!(anna.reopen(OLD), Ended::Badly(Code::SeveralSetAside));
    let remove = |which: &str, more: &[&str]| {
        let mut words = vec!["remove", "--yes", "--which", which];
        words.extend_from_slice(more);
        anna.keyring(&words, b"")
    };
    for which in [first, second] {
        assert_eq!(remove(which, &[]), Ended::Badly(Code::NotReopened));
    }
    let reopen = ["reopen", "--which", second, "--password-fd", "0"];
    assert_eq!(well(anna.keyring(&reopen, NEW)), counts(6, 0, 0));
    let foreign = computer.shell(&format!(
        "cd {FOLDER}; ls -A | grep -v -e lockstep -e aside"
    ));
    for which in [first, second] {
        assert_eq!(remove(which, &[]), Ended::Well(json!({ "removed": which })));
        assert_eq!(remove(which, &[]), Ended::Badly(Code::NothingSetAside));
    }
    assert_eq!(computer.shell(&format!("ls -A {FOLDER}")), foreign);
    // One that nobody opens is given up only by saying so.
    assert_eq!(anna.ask("reset", &[NEW]), Said::Done);
    assert_eq!(
        anna.keyring(&["remove", "--yes"], b""),
        Ended::Badly(Code::NotReopened)
    );
    let lost = anna.keyring(&["remove", "--yes", "--unopened"], b"");
    assert!(matches!(lost, Ended::Well(_)), "{lost:?}");
    assert_eq!(computer.shell(&format!("ls -A {FOLDER}")), foreign);
}

#[test]
fn hundreds_are_added_in_seconds() {
    let Some((computer, anna)) = anna() else {
        return;
    };
    computer.shell(&format!("rm {FOLDER}/*set-aside*"));
    let many = "for n in $(seq 400); do printf %s \"secret $n\" | \
        secret-tool store --label=\"Site $n\" xdg:schema org.example.Site site \"$n\"; done";
    let kept = anna.run("sh", &["-c", many], b"");
    assert!(kept.status.success(), "{kept:?}");
    assert_eq!(anna.ask("reset", &[OLD]), Said::Done);
    let began = std::time::Instant::now();
    assert_eq!(well(anna.reopen(NEW)), counts(402, 0, 0));
    println!("402 in {:?}", began.elapsed());
    assert_eq!(well(anna.reopen(NEW)), counts(0, 402, 0));
}

#[test]
fn the_old_password_is_read_past_every_buffer_but_its_own() {
    let Some((computer, anna)) = anna() else {
        return;
    };
    let mut command = anna.command("strace");
    command.args([
        "-f",
        "-qq",
        "-e",
        "trace=read",
        "-o",
        "/tmp/reads",
        "/x/lockstep",
    ]);
    keyring(&mut command, &["reopen", "--password-fd", "0"]);
    assert_eq!(well(ended(command, OLD)), counts(3, 1, 1));
    let calls = computer.shell("cat /tmp/reads; rm /tmp/reads");
    let asks = calls.split_whitespace().next().unwrap();
    let reads: Vec<&str> = calls
        .lines()
        .filter(|line| !line.starts_with(asks))
        .collect();
    // The standard library's buffer is filled from descriptor 0, whole.
    assert!(
        !reads.iter().any(|line| line.contains(" read(0, ")),
        "{calls}"
    );
    let length = format!(" {}) ", OLD.len());
    assert!(reads.iter().any(|line| line.contains(&length)), "{calls}");
}
