//! What has expired goes, and a first admin who came too late gets a new link.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::Command;

use lockstep_directory::http::now;
use lockstep_directory::storage::{commit, upkeep};

use crate::cast::Cast;
use crate::program::{refused, said};
use crate::world::{OWNERS, World, fragment};

#[tokio::test]
async fn what_has_expired_is_deleted_and_nothing_else() {
    let world = World::new().await;
    let cast = Cast::play(&world).await;
    let left = async || {
        let mut db = world.storage.read().await.unwrap();
        let count = "SELECT (SELECT count(*) FROM sessions), (SELECT count(*) FROM invitations), \
            (SELECT count(*) FROM enrolments)";
        let row = sqlx::query(count).fetch_one(&mut *db).await.unwrap();
        [0, 1, 2].map(|column| sqlx::Row::get::<i64, _>(&row, column))
    };
    let sweep = async |days: i64| {
        let mut write = world.storage.write().await.unwrap();
        let at = lockstep_model::Timestamp(now().0 + days * 24 * 60 * 60 * 1000);
        upkeep::sweep(&mut write, at).await.unwrap();
        commit(write).await.unwrap();
    };
    sweep(0).await;
    assert_eq!(left().await, [3, 1, 2]);
    assert_eq!(world.generation(&cast.session).await, 2);
    sweep(1).await;
    assert_eq!(left().await, [0, 1, 2]);
    // An enrolment string that is too old is still called that, for a while.
    sweep(8).await;
    assert_eq!(left().await, [0, 0, 2]);
    sweep(31).await;
    assert_eq!(left().await, [0, 0, 0]);
}

#[tokio::test]
async fn a_first_admin_who_came_too_late_gets_a_new_link_and_nobody_else_does() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let init = [
        "init",
        "--url",
        "https://localhost:8443",
        "--organisation",
        "Acme",
        "--it-contact",
        "Sam",
        "--light-stretching",
        "--listen",
        "127.0.0.1:1",
    ];
    let first = said(&init, &data);
    let second = said(&["admin-link"], &data);
    assert_ne!(first, second);
    let mut world = World::open_in(&data).await;
    let spent = world.activation(fragment(first.trim())).await;
    assert_eq!(spent.refusal(), lockstep_model::Code::InvitationSpent);
    world.owner = world.activated(fragment(second.trim()), OWNERS).await;
    let made = world.audit().await;
    assert!(
        made.iter()
            .any(|row| row.action == "directory.admin_link_made")
    );
    let words = refused(&["admin-link"], &data);
    assert!(words.contains("has a password already"), "{words}");
}

#[tokio::test]
async fn what_root_sets_up_in_a_folder_belongs_to_the_folders_owner_and_is_nobody_elses_to_read() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let is_root = rustix::process::geteuid().is_root();
    let owner = if is_root {
        4242
    } else {
        rustix::process::geteuid().as_raw()
    };
    if is_root {
        std::os::unix::fs::chown(&data, Some(owner), Some(owner)).unwrap();
    } else {
        println!("SKIPPED in part: only root can set up a folder of somebody else's");
    }
    let init = [
        "init",
        "--url",
        "https://localhost:8443",
        "--organisation",
        "Acme",
        "--it-contact",
        "Sam",
        "--light-stretching",
        "--listen",
        "127.0.0.1:1",
    ];
    // The service's own umask is not to be relied on.
    let done = Command::new("sh")
        .args([
            "-c",
            "umask 022; exec \"$@\"",
            "sh",
            env!("CARGO_BIN_EXE_lockstep-directory"),
        ])
        .args(init)
        .arg("--data")
        .arg(&data)
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
    said(&["renew-certificate"], &data);
    said(&["admin-link"], &data);
    assert_eq!(
        std::fs::metadata(&data).unwrap().permissions().mode() & 0o777,
        0o700
    );
    let mut seen = 0;
    for file in std::fs::read_dir(&data).unwrap() {
        let file = file.unwrap();
        let (about, name) = (file.metadata().unwrap(), file.file_name());
        assert_eq!(about.uid(), owner, "{name:?}");
        let public = ["ca.pem", "tls.pem"].iter().any(|public| name == *public);
        let most = if public { 0o644 } else { 0o600 };
        assert_eq!(about.permissions().mode() & 0o777, most, "{name:?}");
        seen += 1;
    }
    assert!(seen >= 7, "{seen} files");
}
