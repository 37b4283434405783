//! The directory is set back to an older copy: its devices say so and wait for their people.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

use std::path::Path;

use lockstep_model::{Code, Generation, StoreState};
use lockstep_protocol::api::me::Standing;
use lockstep_protocol::local::BindingStatus;
use lockstep_story::play::{expect_opens, expect_row};
use lockstep_story::portal::Visitor;
use lockstep_story::{Computer, World};

const FIRST: &str = "violet harbour at dawn";
const SECOND: &str = "seven quiet lanterns";
const THIRD: &str = "maple bridge in the rain";
const DESK: &str = "anna-desk";

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

fn change(world: &World, from: &str, to: &str) {
    block_on(async {
        let portal = Visitor::sign_in(&world.directory, "anna", from)
            .await
            .unwrap();
        portal.change(from, to).await.unwrap();
    });
}

/// What Anna's portal shows of her computer.
fn shown(world: &World, password: &str) -> Standing {
    block_on(async {
        let portal = Visitor::sign_in(&world.directory, "anna", password)
            .await
            .unwrap();
        portal.me().await.unwrap().computers[0].standing
    })
}

fn restore(world: &mut World, backup: &Path) {
    let backup = backup.to_str().unwrap();
    world.directory.stop().unwrap();
    world
        .directory
        .operate(&["restore", "--from", backup])
        .unwrap();
    world.directory.start(&world.lab).unwrap();
    world
        .sign_in("admin", lockstep_story::world::ADMIN_PASSWORD)
        .unwrap()
        .ok()
        .unwrap();
}

fn says_restored(computer: &Computer) -> BindingStatus {
    computer
        .wait_for(
            "it says that the directory was restored",
            |status, binding| status.online && binding.problem == Some(Code::DirectoryRestored),
        )
        .unwrap()
}

#[test]
fn a_restored_directory_is_reported_and_never_obeyed_until_the_person_has_proved() {
    let Some(mut world) = World::for_test().unwrap() else {
        return;
    };
    let computer = world.linked("anna", FIRST, DESK).unwrap();
    let backup = world.folder().join("backup");
    world
        .directory
        .operate(&["backup", "--to", backup.to_str().unwrap()])
        .unwrap();
    change(&world, FIRST, SECOND);
    computer
        .wait_for("generation 2", |_, binding| {
            binding.generation == Some(Generation(2))
        })
        .unwrap();
    computer.sync(SECOND).unwrap().ok().unwrap();
    expect_row(&world, DESK, Generation(2), Standing::InSync).unwrap();

    restore(&mut world, &backup);
    let status = says_restored(&computer);
    assert!(!status.in_sync, "{status:?}");
    assert_eq!(status.generation, Some(Generation(1)));
    expect_opens(&computer, SECOND, FIRST).unwrap();
    assert_eq!(shown(&world, FIRST), Standing::AsksNow);
    let text = computer
        .device
        .command_as("anna", "lockstep")
        .unwrap()
        .arg("status")
        .output()
        .unwrap();
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(
        text.contains("(LS-1011)") && text.contains("Next: lockstep sync"),
        "{text}"
    );

    // The password of after the backup is the directory's no more; nothing moves by it.
    let refused = computer.sync(SECOND).unwrap();
    assert!(refused.code().is_some(), "{refused:?}");
    expect_opens(&computer, SECOND, FIRST).unwrap();
    // The share of what the account has was made after the backup: it is asked for.
    let refused = computer.sync(FIRST).unwrap();
    assert!(refused.err.contains("Old password"), "{refused:?}");
    expect_opens(&computer, SECOND, FIRST).unwrap();

    let secrets = [("--password-fd", FIRST), ("--old-password-fd", SECOND)];
    computer
        .lockstep(&["sync"], &secrets)
        .unwrap()
        .ok()
        .unwrap();
    expect_opens(&computer, FIRST, SECOND).unwrap();
    let status = computer.status().unwrap().binding.unwrap();
    assert_eq!((status.in_sync, status.problem), (true, None), "{status:?}");
    assert_eq!(shown(&world, FIRST), Standing::InSync);
    expect_row(&world, DESK, Generation(1), Standing::InSync).unwrap();

    // The envelope was sealed again: the next change asks for one password only.
    change(&world, FIRST, THIRD);
    computer
        .wait_for("generation 2 of the new epoch", |_, binding| {
            binding.generation == Some(Generation(2)) && binding.problem.is_none()
        })
        .unwrap();
    computer.sync(THIRD).unwrap().ok().unwrap();
    expect_opens(&computer, THIRD, FIRST).unwrap();
    expect_row(&world, DESK, Generation(2), Standing::InSync).unwrap();
}

#[test]
fn a_computer_that_missed_nothing_moves_without_the_old_password() {
    let Some(mut world) = World::for_test().unwrap() else {
        return;
    };
    let computer = world.linked("anna", FIRST, DESK).unwrap();
    let backup = world.folder().join("backup");
    world
        .directory
        .operate(&["backup", "--to", backup.to_str().unwrap()])
        .unwrap();
    restore(&mut world, &backup);
    says_restored(&computer);
    // Changed before it was ever settled: the share of before the backup is released all the same.
    change(&world, FIRST, SECOND);
    let heard = computer
        .wait_for("the next number of another epoch", |_, binding| {
            binding.generation == Some(Generation(2))
        })
        .unwrap();
    assert_eq!(heard.problem, Some(Code::DirectoryRestored), "{heard:?}");
    expect_opens(&computer, FIRST, SECOND).unwrap();
    computer.sync(SECOND).unwrap().ok().unwrap();
    expect_opens(&computer, SECOND, FIRST).unwrap();
    let status = computer.status().unwrap().binding.unwrap();
    let in_sync = |state: &StoreState| matches!(state, StoreState::InSync { .. });
    assert!(
        status.stores.iter().all(|row| in_sync(&row.state)),
        "{status:?}"
    );
    expect_row(&world, DESK, Generation(2), Standing::InSync).unwrap();
}
