//! Account, keyring and disk move together, and what moved by itself is noticed.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

use lockstep_model::{Code, Generation, StoreKind, StoreState};
use lockstep_protocol::api::me::Standing;
use lockstep_story::play::{expect_opens, expect_row};
use lockstep_story::{Computer, World, portal};

const FIRST: &str = "violet harbour at dawn";
const SECOND: &str = "seven quiet lanterns";
const THIRD: &str = "maple bridge in the rain";
const BEFORE: &str = "what the computer had before";
const DESK: &str = "anna-desk";

/// Anna, with a computer that is enrolled but not linked.
fn anna() -> Option<(World, Computer)> {
    let world = World::for_test().unwrap()?;
    let link = world.invite("anna", "Anna Bergström").unwrap();
    world.activate("anna", &link, FIRST).unwrap();
    let computer = world.computer(DESK, "anna", BEFORE).unwrap();
    let string = world.enrolment(1, 3600).unwrap();
    computer.enrol(&string).unwrap().ok().unwrap();
    Some((world, computer))
}

fn kinds(computer: &Computer) -> Vec<StoreKind> {
    let binding = computer.status().unwrap().binding.unwrap();
    binding.stores.iter().map(|row| row.kind).collect()
}

#[test]
fn the_keyring_follows_with_one_typed_password_while_nobody_is_logged_in() {
    let Some((world, computer)) = anna() else {
        return;
    };
    computer.make_keyring(BEFORE).unwrap();
    computer.link(FIRST, BEFORE).unwrap().ok().unwrap();
    assert_eq!(kinds(&computer), [StoreKind::Account, StoreKind::Keychain]);
    expect_opens(&computer, FIRST, BEFORE).unwrap();
    assert!(computer.keyring_opens(FIRST).unwrap());
    assert!(!computer.keyring_opens(BEFORE).unwrap());

    portal::change(&world.directory, "anna", FIRST, SECOND).unwrap();
    computer.sync(SECOND).unwrap().ok().unwrap();
    expect_opens(&computer, SECOND, FIRST).unwrap();
    assert!(computer.keyring_opens(SECOND).unwrap());
    assert!(!computer.keyring_opens(FIRST).unwrap());
    expect_row(&world, DESK, Generation(2), Standing::InSync).unwrap();

    computer.passwd(SECOND, THIRD).unwrap().ok().unwrap();
    assert!(computer.keyring_opens(THIRD).unwrap());
}

#[test]
fn a_keyring_of_its_own_password_is_not_linked_and_no_error() {
    let Some((world, computer)) = anna() else {
        return;
    };
    computer.make_keyring("a password of its own").unwrap();
    computer.link(FIRST, BEFORE).unwrap().ok().unwrap();
    assert_eq!(kinds(&computer), [StoreKind::Account]);
    assert!(computer.keyring_opens("a password of its own").unwrap());
    expect_row(&world, DESK, Generation(1), Standing::InSync).unwrap();
}

#[test]
fn a_keyring_that_comes_later_follows_from_the_next_sync_on() {
    let Some((world, computer)) = anna() else {
        return;
    };
    computer.link(FIRST, BEFORE).unwrap().ok().unwrap();
    assert_eq!(kinds(&computer), [StoreKind::Account]);
    computer.make_keyring(FIRST).unwrap();
    portal::change(&world.directory, "anna", FIRST, SECOND).unwrap();
    computer.sync(SECOND).unwrap().ok().unwrap();
    assert_eq!(kinds(&computer), [StoreKind::Account, StoreKind::Keychain]);
    assert!(computer.keyring_opens(SECOND).unwrap());
}

#[test]
fn a_keyring_that_comes_later_follows_with_an_old_password_that_is_typed() {
    let Some((world, computer)) = anna() else {
        return;
    };
    computer.link(FIRST, BEFORE).unwrap().ok().unwrap();
    computer.make_keyring(FIRST).unwrap();
    computer
        .device
        .shell("rm /var/lib/lockstep/bindings/*/envelopes/*.json")
        .unwrap();
    portal::change(&world.directory, "anna", FIRST, SECOND).unwrap();
    let secrets = [("--password-fd", SECOND), ("--old-password-fd", FIRST)];
    let synced = computer.lockstep(&["sync"], &secrets).unwrap();
    synced.ok().unwrap();
    assert_eq!(kinds(&computer), [StoreKind::Account, StoreKind::Keychain]);
    assert!(computer.keyring_opens(SECOND).unwrap());
    expect_opens(&computer, SECOND, FIRST).unwrap();
}

#[test]
fn a_change_by_another_program_is_noticed_shown_and_mended() {
    let Some((world, mut computer)) = anna() else {
        return;
    };
    computer.link(FIRST, BEFORE).unwrap().ok().unwrap();
    let needs_anna = |binding: &lockstep_protocol::local::BindingStatus| {
        let account = &binding.stores[0].state;
        !binding.in_sync && matches!(account, StoreState::NeedsYou { .. })
    };
    computer
        .device
        .set_password("anna", b"set by root")
        .unwrap();
    computer
        .wait_for("noticed", |_, binding| needs_anna(binding))
        .unwrap();
    let secrets = [
        ("--password-fd", FIRST),
        ("--old-password-fd", "set by root"),
    ];
    let mended = computer.lockstep(&["sync"], &secrets).unwrap();
    mended.ok().unwrap();
    expect_opens(&computer, FIRST, "set by root").unwrap();
    expect_row(&world, DESK, Generation(1), Standing::InSync).unwrap();

    // A watch has no memory: what happened while nobody watched is found at the start.
    computer.device.kill().unwrap();
    computer.device.boot().unwrap();
    computer
        .device
        .set_password("anna", b"set by root")
        .unwrap();
    computer.device.start_helper().unwrap();
    computer.device.start_agent().unwrap();
    computer
        .wait_for("noticed at the start", |_, binding| needs_anna(binding))
        .unwrap();
}

#[test]
fn without_the_old_password_the_keyring_is_set_aside_and_still_opens_with_it() {
    let Some((world, computer)) = anna() else {
        return;
    };
    computer.make_keyring(BEFORE).unwrap();
    computer.link(FIRST, BEFORE).unwrap().ok().unwrap();
    portal::change(&world.directory, "anna", FIRST, SECOND).unwrap();
    computer.lose_envelopes().unwrap();
    let new = [("--password-fd", SECOND)];
    let without = ["sync", "--without-old-password"];
    let ended = computer.lockstep(&without, &new).unwrap();
    assert!(
        ended.err.contains("set_aside"),
        "the cost is said: {ended:?}"
    );
    ended.ok().unwrap();
    expect_opens(&computer, SECOND, FIRST).unwrap();
    expect_row(&world, DESK, Generation(2), Standing::InSync).unwrap();

    let folder = "/home/anna/.local/share/keyrings";
    let aside = computer.device.shell(&format!("ls {folder} | grep aside"));
    let aside = aside.unwrap();
    assert_eq!(aside.lines().count(), 1, "{aside}");
    let back = format!(
        "cd {folder}; mv login.keyring new; cp -p '{}' login.keyring",
        aside.trim()
    );
    computer.device.shell(&back).unwrap();
    assert!(computer.keyring_opens(FIRST).unwrap(), "nothing is lost");
    let forth = format!("mv {folder}/new {folder}/login.keyring");
    computer.device.shell(&forth).unwrap();

    // The empty one follows from here on.
    computer.passwd(SECOND, THIRD).unwrap().ok().unwrap();
    expect_row(&world, DESK, Generation(3), Standing::InSync).unwrap();
}

#[test]
fn a_keyring_that_was_set_aside_is_opened_again_once_its_password_is_remembered() {
    let Some((world, computer)) = anna() else {
        return;
    };
    computer.make_keyring(BEFORE).unwrap();
    computer.link(FIRST, BEFORE).unwrap().ok().unwrap();
    portal::change(&world.directory, "anna", FIRST, SECOND).unwrap();
    computer.lose_envelopes().unwrap();
    let new = [("--password-fd", SECOND)];
    let without = ["sync", "--without-old-password"];
    computer.lockstep(&without, &new).unwrap().ok().unwrap();
    let set_aside = || {
        let mut told = Vec::new();
        for words in ["status", "explain"] {
            let said = computer.lockstep(&[words], &[]).unwrap();
            let said: serde_json::Value = said.json().unwrap();
            told.push(said["set_aside"].clone());
        }
        assert_eq!(told[0], told[1]);
        told.remove(0)
    };
    assert!(set_aside()[0]["reopened"].is_null(), "{}", set_aside());
    assert_eq!(set_aside().as_array().unwrap().len(), 1);
    assert!(!computer.keyring_opens(SECOND).unwrap(), "it is empty");

    let reopen = |password| {
        let words = "keyring reopen --password-fd 10";
        let said = computer.lockstep_in_session(SECOND, words, password);
        said.unwrap()
    };
    let refused = reopen(SECOND);
    assert_eq!(refused.code(), Some(Code::NotTheOldKeyrings), "{refused:?}");
    let counts: serde_json::Value = reopen(FIRST).json().unwrap();
    assert_eq!(
        (&counts["added"], &counts["identical"]),
        (&1.into(), &0.into())
    );
    assert!(
        computer.keyring_opens(SECOND).unwrap(),
        "what was in it is back"
    );
    assert!(set_aside()[0]["reopened"].is_i64(), "{}", set_aside());

    let remove = ["keyring", "remove", "--yes"];
    computer.lockstep(&remove, &[]).unwrap().ok().unwrap();
    assert_eq!(set_aside(), serde_json::json!([]));
    let again = computer.lockstep(&remove, &[]).unwrap();
    assert_eq!(again.code(), Some(Code::NothingSetAside));
    // The keyring goes on to follow.
    computer.passwd(SECOND, THIRD).unwrap().ok().unwrap();
    assert!(computer.keyring_opens(THIRD).unwrap());
}

#[test]
fn a_running_session_keeps_its_keyring_through_a_change() {
    let Some((world, computer)) = anna() else {
        return;
    };
    computer.make_keyring(BEFORE).unwrap();
    computer.link(FIRST, BEFORE).unwrap().ok().unwrap();
    let mut session = computer.log_in(FIRST).unwrap();
    portal::change(&world.directory, "anna", FIRST, SECOND).unwrap();
    computer.sync(SECOND).unwrap().ok().unwrap();
    expect_row(&world, DESK, Generation(2), Standing::InSync).unwrap();
    assert!(session.reads_keyring().unwrap(), "what was open stays open");
    drop(session);
    assert!(computer.keyring_opens(SECOND).unwrap());
    assert!(!computer.keyring_opens(FIRST).unwrap());
}

#[test]
fn account_keyring_and_disk_move_with_one_typed_password() {
    let Some((world, computer)) = anna() else {
        return;
    };
    computer.make_keyring(BEFORE).unwrap();
    computer.make_disk(BEFORE).unwrap();
    computer
        .link_with_disk(FIRST, BEFORE)
        .unwrap()
        .ok()
        .unwrap();
    let all = [StoreKind::Disk, StoreKind::Account, StoreKind::Keychain];
    assert_eq!(kinds(&computer), all);
    let moved = |new: &str, old: &str| {
        expect_opens(&computer, new, old).unwrap();
        assert!(computer.keyring_opens(new).unwrap());
        assert!(computer.disk_opens(new).unwrap());
        assert!(!computer.disk_opens(old).unwrap(), "the old slot is gone");
    };
    moved(FIRST, BEFORE);

    portal::change(&world.directory, "anna", FIRST, SECOND).unwrap();
    computer
        .wait_for("generation 2", |_, b| b.generation == Some(Generation(2)))
        .unwrap();
    let explained = computer.lockstep(&["explain"], &[]).unwrap();
    let explained: serde_json::Value = explained.json().unwrap();
    assert_eq!(explained["forecast"], true, "{explained}");
    assert_eq!(explained["stores"].as_object().unwrap().len(), 3);
    let steps = explained["steps"].as_array().unwrap();
    assert!(steps.len() > 10, "{explained}");
    computer.sync(SECOND).unwrap().ok().unwrap();
    moved(SECOND, FIRST);
    computer.passwd(SECOND, THIRD).unwrap().ok().unwrap();
    moved(THIRD, SECOND);
    expect_row(&world, DESK, Generation(3), Standing::InSync).unwrap();

    let marks = || {
        let dump = "cryptsetup luksDump /var/lib/disk.img | grep -c lockstep || true";
        computer.device.shell(dump).unwrap()
    };
    assert_eq!(marks().trim(), "1");
    computer.lockstep(&["unlink"], &[]).unwrap().ok().unwrap();
    assert_eq!(
        marks().trim(),
        "0",
        "nothing of ours protects a slot any more"
    );
    assert!(computer.disk_opens(THIRD).unwrap());
}

#[test]
fn a_disk_follows_only_if_its_person_says_so() {
    let Some((world, computer)) = anna() else {
        return;
    };
    computer.make_disk(BEFORE).unwrap();
    computer.link(FIRST, BEFORE).unwrap().ok().unwrap();
    assert_eq!(kinds(&computer), [StoreKind::Account]);
    assert!(computer.disk_opens(BEFORE).unwrap());
    expect_row(&world, DESK, Generation(1), Standing::InSync).unwrap();
}

#[test]
fn without_the_old_password_no_account_is_reset_beside_a_disk_that_would_stay_shut() {
    let Some((world, computer)) = anna() else {
        return;
    };
    computer.make_disk(BEFORE).unwrap();
    computer
        .link_with_disk(FIRST, BEFORE)
        .unwrap()
        .ok()
        .unwrap();
    portal::change(&world.directory, "anna", FIRST, SECOND).unwrap();
    computer.lose_envelopes().unwrap();
    let new = [("--password-fd", SECOND)];
    let ended = computer.lockstep(&["sync", "--without-old-password"], &new);
    assert_eq!(ended.unwrap().code(), Some(Code::StaysShut));
    expect_opens(&computer, FIRST, SECOND).unwrap();
    assert!(computer.disk_opens(FIRST).unwrap());
    assert!(!computer.disk_opens(SECOND).unwrap());
}
