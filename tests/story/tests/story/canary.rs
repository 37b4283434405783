//! A password is nowhere afterwards: no log, no file, no command line, no environment, no memory.
//!
//! Every password of the play holds one mark, drawn for this run, at both ends: the allocator writes
//! over the beginning of what is given back and nothing else, so that a forgotten copy still shows.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use lockstep_model::{Code, Generation};
use lockstep_story::World;
use lockstep_story::canary::Mark;
use lockstep_story::canary::places::{self, Sampler};
use lockstep_story::portal::Visitor;

const DESK: &str = "anna-desk";

/// The form in which a store has a password of the directory's (NFC).
fn as_stored(password: &str) -> String {
    password.replace("e\u{301}", "\u{e9}")
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

#[test]
fn a_password_is_found_nowhere_after_it_was_used() {
    let Some(world) = World::for_test().unwrap() else {
        return;
    };
    let mark = Mark::draw().unwrap();
    let sampler = Sampler::start(&mark);
    let [before, first, second, third, fourth] =
        ["before", "first", "second", "third", "fourth"].map(|name| mark.password(name));
    let wrong = [
        "at link",
        "of the computer",
        "at sync",
        "at passwd",
        "at sign-in",
        "of the old keyring",
    ];
    let wrong = wrong.map(|name| mark.password(name));

    let mut computer = world.computer(DESK, "anna", &before).unwrap();
    let link = world.invite("anna", "Anna Bergström").unwrap();
    world.activate("anna", &link, &first).unwrap();
    let enrolment = world.enrolment(1, 3600).unwrap();
    computer.enrol(&enrolment).unwrap().ok().unwrap();
    assert!(computer.link(&wrong[0], &before).unwrap().code().is_some());
    assert!(computer.link(&first, &wrong[1]).unwrap().code().is_some());
    computer.make_keyring(&before).unwrap();
    computer.link(&first, &before).unwrap().ok().unwrap();

    block_on(async {
        let portal = Visitor::sign_in(&world.directory, "anna", &first).await;
        portal.unwrap().change(&first, &second).await.unwrap();
    });
    let heard = |generation| {
        computer
            .wait_for("the generation", |_, b| {
                b.generation == Some(Generation(generation))
            })
            .unwrap();
    };
    heard(2);
    let refused = computer.sync(&wrong[2]).unwrap();
    assert_eq!(refused.code(), Some(Code::NotTheNewPassword));
    let old = computer.sync(&first).unwrap();
    assert!(old.code().is_some());
    computer.sync(&second).unwrap().ok().unwrap();
    let refused = computer.passwd(&wrong[3], &third).unwrap();
    assert_eq!(refused.code(), Some(Code::NotTheCurrentPassword));
    computer.passwd(&second, &third).unwrap().ok().unwrap();
    let refused = world.sign_in("anna", &wrong[4]).unwrap();
    assert_eq!(refused.code(), Some(Code::SignInRefused));
    world.sign_in("anna", &third).unwrap().ok().unwrap();
    let status = computer.status().unwrap();
    assert!(status.binding.unwrap().in_sync);

    block_on(async {
        let portal = Visitor::sign_in(&world.directory, "anna", &third).await;
        portal.unwrap().change(&third, &fourth).await.unwrap();
    });
    heard(4);
    computer.lose_envelopes().unwrap();
    let without = ["sync", "--without-old-password"];
    let synced = computer.lockstep(&without, &[("--password-fd", &fourth)]);
    synced.unwrap().ok().unwrap();
    let reopen = |password: &str| {
        let words = "keyring reopen --password-fd 10";
        let session = computer.lockstep_in_session(&as_stored(&fourth), words, password);
        session.unwrap()
    };
    assert_eq!(reopen(&wrong[5]).code(), Some(Code::NotTheOldKeyrings));
    reopen(&third).ok().unwrap();

    let mut found = sampler.stop();
    let agent = computer.device.agent().unwrap().pid().unwrap();
    let helper = computer.device.helper().unwrap().pid().unwrap();
    let running = [
        ("the agent", agent.as_raw_nonzero().get().unsigned_abs()),
        ("the helper", helper.as_raw_nonzero().get().unsigned_abs()),
        ("the directory", world.directory.pid().unwrap()),
    ];
    for (name, pid) in running {
        let searched = places::memory(&mark, pid, &mut found).unwrap();
        assert!(
            searched > 500_000,
            "{name}: only {searched} bytes were searched"
        );
    }
    assert!(
        places::dumps_nothing(running[0].1),
        "the agent may dump core"
    );
    let root = computer.device.path("/").unwrap();
    let mut searched = 0;
    for folder in [
        world.folder().to_owned(),
        world.lab.work().to_owned(),
        root.join("tmp"),
        root.join("run"),
        root.join("dev/shm"),
        root.join("etc"),
        root.join("var"),
        root.join("home"),
    ] {
        searched += places::files(&mark, &folder, &mut found).unwrap();
    }
    assert!(searched > 100, "only {searched} files were searched");
    for file in [
        world.directory.log_file().to_owned(),
        world.directory.data().join("directory.db"),
        root.join("var/lib/lockstep/device.json"),
    ] {
        assert!(
            places::was_searched(&file),
            "{} was not there",
            file.display()
        );
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn what_is_planted_is_found() {
    let mark = Mark::draw().unwrap();
    let password = mark.password("planted");
    let folder = tempfile::tempdir().unwrap();
    let mut found = Vec::new();
    places::files(&mark, folder.path(), &mut found).unwrap();
    assert!(found.is_empty());
    for (form, text) in mark.forms(&password) {
        std::fs::write(
            folder.path().join("log"),
            [b"line: ", &text[..], b"\n"].concat(),
        )
        .unwrap();
        places::files(&mark, folder.path(), &mut found).unwrap();
        assert_eq!(std::mem::take(&mut found).len(), 1, "{form} in a log");
    }
    // In the memory of a program that read it from a pipe, and in a command line and environment.
    let sampler = Sampler::start(&mark);
    let mut holder = Command::new("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    holder
        .stdin
        .as_mut()
        .unwrap()
        .write_all(password.as_bytes())
        .unwrap();
    let mut echo = vec![0; password.len()];
    holder
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut echo)
        .unwrap();
    places::memory(&mark, holder.id(), &mut found).unwrap();
    assert!(!found.is_empty(), "a program's memory");
    drop(holder.stdin.take());
    holder.wait().unwrap();
    let mut careless = Command::new("sleep")
        .arg("0.5")
        .env("PASSWORD", &password)
        .spawn()
        .unwrap();
    let mut loud = Command::new("sh")
        .args(["-c", "sleep 0.5; :", &password])
        .spawn()
        .unwrap();
    careless.wait().unwrap();
    loud.wait().unwrap();
    let seen = sampler.stop();
    for place in ["environ", "cmdline"] {
        assert!(
            seen.iter().any(|place_of| place_of.contains(place)),
            "{seen:?}"
        );
    }
}
