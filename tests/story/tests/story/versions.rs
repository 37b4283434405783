//! What a newer Lockstep wrote or says is refused by this one, politely, and left as it is.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::process::Stdio;

use lockstep_model::Code;
use lockstep_protocol::doctor::{About, Finding};
use lockstep_protocol::frame::Frame;
use lockstep_protocol::helper::Reply;
use lockstep_protocol::local::{Event, Status};
use lockstep_story::command::run_with;
use lockstep_story::{Computer, Outcome, World};
use serde_json::json;

const ANNA: &str = "violet harbour at dawn";
const BERT: &str = "seven quiet lanterns";
const HELPER: &str = "/run/lockstep-helper.sock";

/// Anna's and Bert's accounts on one computer, both linked.
fn two() -> Option<(World, Computer)> {
    let world = World::for_test().unwrap()?;
    let computer = world.linked("anna", ANNA, "desk").unwrap();
    let old = b"what bert had before";
    computer.device.add_account("bert", 1001, old).unwrap();
    let link = world.invite("bert", "Bert Klee").unwrap();
    world.activate("bert", &link, BERT).unwrap();
    let secrets = [
        ("--password-fd", BERT),
        ("--computer-password-fd", "what bert had before"),
    ];
    by(&computer, "bert", &["link"], &secrets).ok().unwrap();
    Some((world, computer))
}

fn by(computer: &Computer, account: &str, arguments: &[&str], secrets: &[(&str, &str)]) -> Outcome {
    let mut command = computer.device.command_as(account, "lockstep").unwrap();
    command.arg("--json").args(arguments);
    run_with(command, secrets).unwrap()
}

fn status(computer: &Computer, account: &str) -> Status {
    by(computer, account, &["status"], &[]).json().unwrap()
}

/// Stops the agent, which puts its files in order by itself after an answer, too.
fn stop(computer: &mut Computer) {
    computer.device.agent().unwrap().stop().unwrap();
}

fn start(computer: &mut Computer) {
    computer.device.start_agent().unwrap();
    computer.device.shell("sleep 0.2").unwrap();
}

/// Every file that is kept of a binding, with its sum.
fn kept(computer: &Computer, id: &str) -> String {
    let files = format!(
        "cd /var/lib; sha256sum $(find lockstep/bindings/{id} lockstep-helper/bindings/{id}.json -type f | sort)"
    );
    computer.device.shell(&files).unwrap()
}

#[test]
fn what_a_newer_one_keeps_of_a_binding_is_left_alone_and_the_others_are_served() {
    let Some((_world, mut computer)) = two() else {
        return;
    };
    let find = "cd /var/lib/lockstep/bindings; grep -l '\"account\": \"anna\"' */binding.json";
    let anna = computer.device.shell(find).unwrap();
    let anna = anna.trim().trim_end_matches("/binding.json").to_owned();
    let json = "s/\"version\": [0-9]*/\"version\": 99/";
    for (file, newer) in [
        (format!("lockstep/bindings/{anna}/binding.json"), json),
        (format!("lockstep/bindings/{anna}/stores.json"), json),
        (format!("lockstep/bindings/{anna}/phrase.json"), json),
        (
            format!("lockstep/bindings/{anna}/journal"),
            "1s/journal 1/journal 2/",
        ),
        (format!("lockstep-helper/bindings/{anna}.json"), json),
    ] {
        stop(&mut computer);
        let path = format!("/var/lib/{file}");
        let made = format!(
            "test -e {path} || echo '{{\"version\": 1, \"stores\": [\"account\"], \"disk_allowed\": false}}' >{path}; \
             cp -a {path} /root/kept; sed -i '{newer}' {path}; ! cmp -s {path} /root/kept"
        );
        computer.device.shell(&made).unwrap();
        computer
            .device
            .shell(&format!("chown --reference=/root/kept {path}"))
            .unwrap();
        let spoilt = kept(&computer, &anna);
        start(&mut computer);

        let refused = by(&computer, "anna", &["sync"], &[("--password-fd", ANNA)]);
        assert_eq!(
            refused.code(),
            Some(Code::StateNewer),
            "{file}: {refused:?}"
        );
        if !file.contains("helper") {
            assert_eq!(status(&computer, "anna").problem, Some(Code::StateNewer));
            for ask in ["link", "unlink", "explain"] {
                let refused = by(&computer, "anna", &[ask], &[]);
                assert_eq!(refused.code(), Some(Code::StateNewer), "{file}: {ask}");
            }
        }
        let bert = by(&computer, "bert", &["sync"], &[("--password-fd", BERT)]);
        bert.ok().unwrap();
        assert!(status(&computer, "bert").binding.unwrap().in_sync);
        if !file.contains("helper") {
            assert_eq!(kept(&computer, &anna), spoilt, "{file}: touched");
        }

        stop(&mut computer);
        computer
            .device
            .shell(&format!("cp -a /root/kept {path}"))
            .unwrap();
        start(&mut computer);
        let done = by(&computer, "anna", &["sync"], &[("--password-fd", ANNA)]);
        done.ok().unwrap();
    }
}

#[test]
fn an_identity_of_a_newer_one_serves_nobody_and_is_not_written_over() {
    let Some((world, mut computer)) = two() else {
        return;
    };
    let sums = "cd /var/lib/lockstep; sha256sum $(find . -type f | sort)";
    for file in ["device.json", "directory.json"] {
        let path = format!("/var/lib/lockstep/{file}");
        let newer = format!(
            "cp -a {path} /root/kept; sed -i 's/\"version\": [0-9]*/\"version\": 99/' {path}; ! cmp -s {path} /root/kept; \
             chown --reference=/root/kept {path}"
        );
        stop(&mut computer);
        computer.device.shell(&newer).unwrap();
        let before = computer.device.shell(sums).unwrap();
        start(&mut computer);
        assert_eq!(status(&computer, "anna").problem, Some(Code::StateNewer));
        let refused = by(&computer, "bert", &["sync"], &[("--password-fd", BERT)]);
        assert_eq!(refused.code(), Some(Code::StateNewer), "{refused:?}");
        let string = world.enrolment(1, 3600).unwrap();
        let refused = computer.enrol(&string).unwrap();
        assert_eq!(refused.code(), Some(Code::StateNewer), "{refused:?}");
        let mut command = computer.device.command("lockstep").unwrap();
        command.args(["--json", "uninstall", "--yes"]);
        let refused = run_with(command, &[]).unwrap();
        assert_eq!(refused.code(), Some(Code::StateNewer), "{refused:?}");
        assert_eq!(computer.device.shell(sums).unwrap(), before, "{file}");
        stop(&mut computer);
        computer
            .device
            .shell(&format!("cp -a /root/kept {path}"))
            .unwrap();
        start(&mut computer);
        let done = by(&computer, "bert", &["sync"], &[("--password-fd", BERT)]);
        done.ok().unwrap();
    }
}

#[test]
fn programs_of_other_versions_are_told_so() {
    lockstep_lab::build(&["lockstep-lab"]).unwrap();
    let Some(world) = World::for_test().unwrap() else {
        return;
    };
    let mut computer = world.linked("anna", ANNA, "desk").unwrap();
    // A client of another version, with a question that this one has or has not.
    for said in [
        json!({"version": 2, "ask": {"ask": "status"}}),
        json!({"version": 2, "ask": {"ask": "teleport"}, "why": 1}),
        json!({"version": 0, "ask": {"ask": "status"}}),
    ] {
        let mut knock = computer
            .device
            .command_as("anna", "/x/lockstep-lab")
            .unwrap();
        knock.args(["knock", "/run/lockstep/agent.sock"]);
        let knock = knock.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut knock = knock.spawn().unwrap();
        let mut bytes = Vec::new();
        Frame::json(&said).unwrap().write_to(&mut bytes).unwrap();
        knock.stdin.take().unwrap().write_all(&bytes).unwrap();
        let heard = knock.wait_with_output().unwrap().stdout;
        let event = Frame::read_from(&mut heard.as_slice()).unwrap();
        let event: Event = event.message().unwrap();
        let Event::Failed(failure) = event else {
            panic!("{said}: {event:?}")
        };
        assert_eq!(failure.code, Code::VersionRefused, "{said}");
    }
    // A helper of another version, which refuses this agent as this one's refuses others.
    computer.device.helper().unwrap().stop().unwrap();
    let socket = computer.device.path(HELPER).unwrap();
    // One that is gone already is as good.
    let _gone = std::fs::remove_file(&socket);
    let listener = UnixListener::bind(&socket).unwrap();
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o666)).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            Frame::read_from(&mut stream).unwrap();
            let reply = Reply::Refused {
                code: Code::VersionRefused,
                detail: "this helper speaks version 2, not 1".into(),
            };
            Frame::json(&reply).unwrap().write_to(&mut stream).unwrap();
            // Until it has hung up: to close with unread bytes would be no answer.
            while Frame::read_from(&mut stream).is_ok() {}
        }
    });
    let refused = computer.sync(ANNA).unwrap();
    assert_eq!(refused.code(), Some(Code::VersionRefused), "{refused:?}");
    let found = computer.lockstep(&["doctor"], &[]).unwrap();
    let found: serde_json::Value = found.json().unwrap();
    let found: Vec<Finding> = serde_json::from_value(found["findings"].clone()).unwrap();
    let helper = found.iter().find(|found| found.about == About::Helper);
    assert_eq!(helper.unwrap().code, Some(Code::VersionRefused));
    std::fs::remove_file(&socket).unwrap();
    computer.device.start_helper().unwrap();
    computer.sync(ANNA).unwrap().ok().unwrap();
}
