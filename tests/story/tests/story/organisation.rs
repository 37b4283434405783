//! What the organisation shows and says on its people's computers, and the words by which they know
//! that it is Lockstep.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use lockstep_model::{Code, Secret};
use lockstep_protocol::api::admin::PolicyRules;
use lockstep_protocol::api::me::{Computer as Row, Standing};
use lockstep_protocol::frame::Frame;
use lockstep_protocol::local::{Ask, BindingStatus, Done, Event, Need, Request, SOCKET, Status};
use lockstep_story::command::run_with;
use lockstep_story::play::expect_opens;
use lockstep_story::{Computer, World};
use serde_json::{Value, json};

const FIRST: &str = "violet harbour at dawn";
const SECOND: &str = "seven quiet lanterns";
const PHRASE: &str = "copper teapot Tuesday";
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn anna() -> Option<(World, Computer)> {
    lockstep_lab::build(&["lockstep-lab"]).unwrap();
    let world = World::for_test().unwrap()?;
    let computer = world.linked("anna", FIRST, "anna-desk").unwrap();
    Some((world, computer))
}

/// Writes a PNG of so many bytes, which nothing here has to decode; gives where, and what.
fn picture(world: &World, bytes: usize) -> (PathBuf, Vec<u8>) {
    let part = |kind: &[u8], data: &[u8]| {
        let length = u32::try_from(data.len()).unwrap().to_be_bytes();
        [&length, kind, data, &[0; 4]].concat()
    };
    let header = [0, 0, 0, 64, 0, 0, 0, 64, 8, 6, 0, 0, 0];
    let head = [b"\x89PNG\r\n\x1a\n".as_slice(), &part(b"IHDR", &header)].concat();
    let filling = vec![7; bytes - head.len() - 24];
    let png = [head, part(b"IDAT", &filling), part(b"IEND", b"")].concat();
    let path = world.folder().join(format!("{bytes}.png"));
    std::fs::write(&path, &png).unwrap();
    (path, png)
}

/// Says something to the agent as an account, with the secrets that it will need; everything that it
/// answers.
fn tell(computer: &Computer, account: &str, ask: Ask, secrets: &[&str]) -> Vec<Event> {
    let mut bytes = Vec::new();
    let request = Frame::json(&Request::new(ask)).unwrap();
    request.write_to(&mut bytes).unwrap();
    for secret in secrets {
        let secret = Frame::Secret(Secret::copy_of(secret.as_bytes()));
        secret.write_to(&mut bytes).unwrap();
    }
    let mut knock = computer
        .device
        .command_as(account, "/x/lockstep-lab")
        .unwrap();
    knock.args(["knock", SOCKET]);
    let knock = knock.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut knock = knock.spawn().unwrap();
    knock.stdin.take().unwrap().write_all(&bytes).unwrap();
    let heard = knock.wait_with_output().unwrap().stdout;
    let mut heard = heard.as_slice();
    let mut events = Vec::new();
    while !heard.is_empty() {
        let frame = Frame::read_from(&mut heard).unwrap();
        events.push(frame.message().unwrap());
    }
    events
}

/// The logo as the agent gives it, whole.
fn logo(computer: &Computer) -> Vec<u8> {
    let mut png = Vec::new();
    let events = tell(computer, computer.account(), Ask::Logo, &[]);
    let count = events.len();
    for (number, event) in events.into_iter().enumerate() {
        let Event::Logo { part, last } = event else {
            panic!("{event:?}")
        };
        assert_eq!(last, number + 1 == count);
        png.extend(part.0);
    }
    png
}

fn has_logo(status: &Status) -> bool {
    let organisation = status.organisation.as_ref();
    organisation.is_some_and(|known| known.logo.is_some())
}

/// A watch of an account that stays open: arguments are the socket and the request in hexadecimal.
const WATCH: &str = r#"
use strict; use IO::Socket::UNIX; $| = 1;
my ($path, $request) = @ARGV;
my $s = IO::Socket::UNIX->new(Peer => $path) or die;
syswrite $s, pack 'H*', $request;
my $heard; print $heard while sysread $s, $heard, 65536;
"#;

struct Watch {
    child: Child,
    events: Receiver<Event>,
}

impl Watch {
    fn open(computer: &Computer) -> Self {
        let mut bytes = Vec::new();
        let request = Frame::json(&Request::new(Ask::Watch)).unwrap();
        request.write_to(&mut bytes).unwrap();
        let request: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut command = computer
            .device
            .command_as(computer.account(), "perl")
            .unwrap();
        command.args(["-e", WATCH, SOCKET, &request]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut said = child.stdout.take().unwrap();
        let (heard, events) = channel();
        std::thread::spawn(move || {
            while let Ok(frame) = Frame::read_from(&mut said) {
                if heard.send(frame.message().unwrap()).is_err() {
                    return;
                }
            }
        });
        Self { child, events }
    }

    /// Waits until it tells of this.
    fn until(&self, what: &str, wanted: impl Fn(&Status, &BindingStatus) -> bool) {
        loop {
            let event = self.events.recv_timeout(Duration::from_secs(15));
            let event = event.unwrap_or_else(|_| panic!("the watch never told of {what}"));
            let Event::Status(status) = event else {
                panic!("{event:?}")
            };
            let binding = status.binding.as_ref().unwrap();
            if wanted(&status, binding) {
                return;
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

#[test]
fn the_logo_is_on_every_computer_and_stays_there_without_the_directory() {
    let Some((mut world, mut computer)) = anna() else {
        return;
    };
    let none = tell(&computer, "anna", Ask::Logo, &[]);
    assert_eq!(none.len(), 1);
    assert_eq!(logo(&computer), b"");
    for bytes in [100, 200_000, 70_000] {
        let (path, png) = picture(&world, bytes);
        let before = computer.status().unwrap().organisation.unwrap().logo;
        let set = world.admin(&["logo", "set", path.to_str().unwrap()]);
        set.unwrap().ok().unwrap();
        computer
            .wait_for("another logo", |status, _| {
                has_logo(status) && status.organisation.as_ref().unwrap().logo != before
            })
            .unwrap();
        assert_eq!(logo(&computer), png, "{bytes}");
    }
    let (too_large, _) = picture(&world, 200_001);
    for (file, code) in [
        (too_large.to_str().unwrap(), Code::LogoUnusable),
        ("/etc/passwd", Code::LogoUnusable),
        ("/nonexistent", Code::LogoUnusable),
    ] {
        let refused = world.admin(&["logo", "set", file]).unwrap();
        assert_eq!(refused.code(), Some(code), "{file}");
    }
    world.directory.stop().unwrap();
    computer.device.agent().unwrap().stop().unwrap();
    computer.device.start_agent().unwrap();
    computer
        .wait_for("the logo of before", |status, _| has_logo(status))
        .unwrap();
    assert_eq!(logo(&computer).len(), 70_000);
    world.directory.start(&world.lab).unwrap();
    world.admin(&["logo", "remove"]).unwrap().ok().unwrap();
    computer
        .wait_for("no logo", |status, _| status.online && !has_logo(status))
        .unwrap();
    assert_eq!(logo(&computer), b"");
    let left = "ls /var/lib/lockstep | grep -c logo || true";
    assert_eq!(computer.device.shell(left).unwrap().trim(), "0");
}

#[test]
fn a_phrase_is_its_persons_alone_outlives_the_agent_and_goes_with_the_binding() {
    let Some((world, mut computer)) = anna() else {
        return;
    };
    computer
        .device
        .add_account("mallory", 1001, b"whatever")
        .unwrap();
    let shown = |computer: &Computer| {
        let shown: Value = computer.lockstep(&["phrase"], &[]).unwrap().json().unwrap();
        shown
    };
    assert_eq!(shown(&computer), json!({ "phrase": null }));
    let spaced = format!("  {PHRASE} ");
    let set = computer.lockstep(&["phrase", "--set", &spaced], &[]);
    set.unwrap().ok().unwrap();
    assert_eq!(shown(&computer), json!({ "phrase": PHRASE }));
    let long = "x".repeat(81);
    for unusable in ["", "  ", "two\nlines", long.as_str()] {
        let refused = computer.lockstep(&["phrase", "--set", unusable], &[]);
        let refused = refused.unwrap();
        assert_eq!(refused.code(), Some(Code::PhraseUnusable), "{unusable:?}");
    }
    computer.device.agent().unwrap().stop().unwrap();
    computer.device.start_agent().unwrap();
    computer
        .wait_for("the phrase of before", |_, binding| {
            binding.phrase.as_deref() == Some(PHRASE)
        })
        .unwrap();

    // Somebody else on this computer is told nothing, and finds nothing; nor does the directory.
    let words = PHRASE.to_owned();
    for ask in [Ask::Status, Ask::Explain, Ask::ChoosePhrase { words }] {
        let told = tell(&computer, "mallory", ask, &[]);
        assert!(!format!("{told:?}").contains("copper"), "{told:?}");
    }
    let mut stat = computer.device.command_as("mallory", "sh").unwrap();
    stat.args(["-c", "cat /var/lib/lockstep/bindings/*/phrase.json"]);
    assert_ne!(run_with(stat, &[]).unwrap().exit, 0);
    let kept = computer.device.shell("grep -rl copper /var/lib/lockstep");
    let kept = kept.unwrap();
    assert!(
        kept.lines().count() == 1 && kept.contains("phrase.json"),
        "{kept}"
    );
    assert!(!computer.device.agent().unwrap().log().contains("copper"));
    assert!(!world.directory.log().contains("copper"));
    for file in std::fs::read_dir(world.directory.data()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("copper"));
    }

    computer.lockstep(&["unlink"], &[]).unwrap().ok().unwrap();
    let refused = computer.lockstep(&["phrase"], &[]).unwrap();
    assert_eq!(refused.code(), Some(Code::NotLinked));
    let left = "grep -rl copper /var/lib/lockstep | wc -l";
    assert_eq!(computer.device.shell(left).unwrap().trim(), "0");
    computer.link(FIRST, FIRST).unwrap().ok().unwrap();
    assert_eq!(shown(&computer), json!({ "phrase": null }));
}

#[test]
fn whoever_watches_is_told_of_phrase_expiry_words_and_logo() {
    let Some((world, computer)) = anna() else {
        return;
    };
    let watch = Watch::open(&computer);
    watch.until("how it stands", |status, binding| {
        let hours = status.organisation.as_ref().unwrap().reminder_hours;
        binding.phrase.is_none() && binding.expires_at.is_none() && hours == 4
    });
    let set = computer.lockstep(&["phrase", "--set", PHRASE], &[]);
    set.unwrap().ok().unwrap();
    watch.until("the phrase", |_, binding| {
        binding.phrase.as_deref() == Some(PHRASE)
    });
    let policy = ["policy", "--expiry-days", "10"];
    let rules: PolicyRules = world.admin(&policy).unwrap().json().unwrap();
    assert_eq!((rules.reminder_hours, rules.expiry_days), (4, 10));
    watch.until("the expiry", |_, binding| {
        let changed_at = binding.changed.as_ref().unwrap().at.0;
        binding.expires_at.map(|at| at.0) == Some(changed_at + 10 * DAY_MS)
    });
    let policy = ["policy", "--reminder-hours", "1"];
    world.admin(&policy).unwrap().ok().unwrap();
    watch.until("the rule", |status, _| {
        status.organisation.as_ref().unwrap().reminder_hours == 1
    });
    let (path, _) = picture(&world, 40_000);
    let set = world.admin(&["logo", "set", path.to_str().unwrap()]);
    set.unwrap().ok().unwrap();
    watch.until("the logo", |status, _| has_logo(status));
    assert_eq!(logo(&computer).len(), 40_000);
    for wrong in [["--reminder-hours", "0"], ["--expiry-days", "3651"]] {
        let refused = world.admin(&["policy", wrong[0], wrong[1]]).unwrap();
        assert_eq!(refused.exit, 2, "{wrong:?}");
    }
    let rules: PolicyRules = world.admin(&["policy"]).unwrap().json().unwrap();
    assert_eq!((rules.reminder_hours, rules.expiry_days), (1, 10));
    // An expiry locks nobody out.
    computer.sync(FIRST).unwrap().ok().unwrap();
}

#[test]
fn a_person_sees_their_other_computers_as_last_known_where_the_directory_is_away() {
    let Some((mut world, desk)) = anna() else {
        return;
    };
    let listed = |computer: &Computer| {
        let mut events = tell(computer, "anna", Ask::Computers, &[]);
        assert_eq!(events.len(), 1, "{events:?}");
        events.pop().unwrap()
    };
    let of = |event: Event| {
        let Event::Computers { computers, as_of } = event else {
            panic!("{event:?}")
        };
        (computers, as_of)
    };
    let (none, _) = of(listed(&desk));
    assert_eq!(none, []);
    let laptop = world.computer("anna-laptop", "anna", SECOND).unwrap();
    let string = world.enrolment(1, 3600).unwrap();
    laptop.enrol(&string).unwrap().ok().unwrap();
    laptop.link(FIRST, SECOND).unwrap().ok().unwrap();
    let (others, as_of) = of(listed(&desk));
    let [Row { name, standing, .. }] = others.as_slice() else {
        panic!("{others:?}")
    };
    assert_eq!(
        (name.as_str(), *standing),
        ("anna-laptop", Standing::InSync)
    );
    world.directory.stop().unwrap();
    for computer in [&desk, &laptop] {
        computer
            .wait_for("offline", |status, _| !status.online)
            .unwrap();
    }
    assert_eq!(of(listed(&desk)), (others, as_of));
    let Event::Failed(failure) = listed(&laptop) else {
        panic!("it never asked before")
    };
    assert_eq!(failure.code, Code::DirectoryUnreachable);
}

#[test]
fn a_new_password_is_tried_on_this_computer_and_nothing_is_changed() {
    let Some((_world, computer)) = anna() else {
        return;
    };
    let tried = |password: &str| {
        let mut events = tell(&computer, "anna", Ask::TryPassword, &[password]);
        let needed = matches!(
            events.first(),
            Some(Event::Need {
                what: Need::NewPassword,
                ..
            })
        );
        assert!(needed && events.len() == 2, "{events:?}");
        let last = events.pop().unwrap();
        if let Event::Failed(failure) = last {
            return Some(failure.code);
        }
        assert_eq!(last, Event::Done(Done::Acceptable));
        None
    };
    assert_eq!(tried(SECOND), None);
    assert_eq!(tried("too short"), Some(Code::TooShort));
    assert_eq!(tried("password password"), Some(Code::Common));
    assert_eq!(tried("all of anna's horses"), Some(Code::ContainsName));
    let today = "chage -m 7 -d $(date -u +%F) anna";
    computer.device.shell(today).unwrap();
    assert_eq!(tried(SECOND), Some(Code::AccountChangedLately));
    computer.device.shell("chage -m 0 anna").unwrap();
    computer.device.shell("usermod -L anna").unwrap();
    assert_eq!(tried(SECOND), Some(Code::AccountLocked));
    computer.device.shell("usermod -U anna").unwrap();
    assert_eq!(tried(SECOND), None);
    expect_opens(&computer, FIRST, SECOND).unwrap();
    computer.passwd(FIRST, SECOND).unwrap().ok().unwrap();
}
