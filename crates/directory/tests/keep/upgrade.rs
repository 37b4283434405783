//! Directories of released versions go on with this one.
//!
//! `released/NUMBER` is a directory as the version with that newest migration left it: made by
//! [`Cast::play`] there, its database as `sqlite3 .dump` prints it, with every expiry moved to 2100.
//! A release that adds a migration adds a folder.

use std::path::{Path, PathBuf};

use lockstep_directory::config::Files;
use lockstep_directory::storage::{Storage, StorageFault};
use lockstep_model::Generation;
use lockstep_protocol::api::device::{Enrolled, Proved};
use lockstep_protocol::api::me::PasswordChanged;
use tempfile::TempDir;

use crate::cast::{BEAS_SECOND, Cast};
use crate::computers::{Computer, For};
use crate::people::CARL;
use crate::program::{refused, said, sql};
use crate::world::{OWNER, OWNERS, World};

const RELEASED: &[&str] = &["0001"];

async fn released(version: &str) -> (TempDir, PathBuf, Cast) {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/keep/released")
        .join(version);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    for name in ["directory.key", "directory.toml", "ca.pem"] {
        std::fs::copy(kept.join(name), data.join(name)).unwrap();
    }
    let dump = std::fs::read_to_string(kept.join("directory.sql")).unwrap();
    sql(&data.join("directory.db"), &dump).await.unwrap();
    (folder, data, Cast::load(&kept.join("cast.json")))
}

async fn open_alone(data: &Path) -> Result<Storage, StorageFault> {
    let folder = data.to_owned();
    Storage::open(&Files { folder }.database()).await
}

#[tokio::test]
async fn everybody_goes_on_where_they_were() {
    for version in RELEASED {
        let (_folder, data, cast) = released(version).await;
        let mut world = World::open_in(&data).await;
        world.owner = world.signed_in(OWNER, OWNERS).await;

        // Her session, her password, her computer with its envelopes, a change.
        assert_eq!(world.generation(&cast.session).await, 2);
        let computer = cast.computer(&world);
        let [first, second, _] = cast.envelopes;
        let mut sync = computer.prepare(For::Sync, cast.binding, BEAS_SECOND).await;
        sync.finish.envelopes = vec![first, second];
        let proved: Proved = computer.finish(&sync).await.said();
        assert_eq!(sync.shares(&proved), [first, second]);
        let session = world.signed_in("bea", BEAS_SECOND).await;
        let change = world
            .changing(&session, BEAS_SECOND, "an owl over the old mill")
            .await;
        let changed: PasswordChanged = world.change(&session, &change).await.said();
        assert_eq!(changed.stamp.generation, Generation(3));

        // An invitation, an enrolment string, and somebody else.
        world.activated(&cast.invitation, "twelve grey geese").await;
        let fresh = Computer::stranger(&world);
        let token = lockstep_protocol::Token(cast.enrolment.clone());
        fresh.enrol(&token).await.said::<Enrolled>();
        world.signed_in("carl", CARL).await;

        // What was written before is in the chain.
        let entries = world.audit().await;
        assert_eq!(entries.last().unwrap().action, "directory.initialised");
        world.storage.close().await;
        let head = said(&["audit", "verify"], &data);
        assert_eq!(
            head.split(':').next().unwrap(),
            entries[0].sequence.to_string()
        );
    }
}

#[tokio::test]
async fn an_upgrade_that_was_cut_before_the_chain_was_made_is_finished() {
    let (_folder, data, _) = released("0001").await;
    open_alone(&data).await.unwrap().close().await;
    let whole = said(&["audit", "verify"], &data);
    // What the crash leaves: the new schema, and not one hash.
    let cut = "DROP TRIGGER audit_is_not_altered; UPDATE audit SET hash = NULL;";
    sql(&data.join("directory.db"), cut).await.unwrap();
    open_alone(&data).await.unwrap().close().await;
    assert_eq!(said(&["audit", "verify"], &data), whole);
}

#[tokio::test]
async fn a_chain_that_has_begun_is_never_made_again() {
    let (_folder, data, _) = released("0001").await;
    open_alone(&data).await.unwrap().close().await;
    let cut = "DROP TRIGGER audit_is_not_altered; UPDATE audit SET hash = NULL WHERE sequence = 9;";
    sql(&data.join("directory.db"), cut).await.unwrap();
    open_alone(&data).await.unwrap().close().await;
    let found = refused(&["audit", "verify"], &data);
    assert!(found.contains("entry 9 is not what was written"), "{found}");
}

#[tokio::test]
async fn an_audit_that_is_not_chained_yet_is_not_called_anything() {
    let (_folder, data, _) = released("0001").await;
    let found = refused(&["audit", "verify"], &data);
    assert!(found.contains("of an older version"), "{found}");
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_untouched() {
    let (_folder, data, _) = released("0001").await;
    let newer = "INSERT INTO _sqlx_migrations VALUES \
        (9999, 'later', '2030-01-01 00:00:00', 1, zeroblob(48), 1);";
    sql(&data.join("directory.db"), newer).await.unwrap();
    let before = std::fs::read(data.join("directory.db")).unwrap();
    let found = refused(&["admin-link"], &data);
    assert!(found.contains("of a newer version (schema 9999"), "{found}");
    assert!(found.contains("Nothing was changed"), "{found}");
    assert_eq!(std::fs::read(data.join("directory.db")).unwrap(), before);
    let fault = open_alone(&data).await.err().unwrap();
    assert!(
        matches!(fault, StorageFault::Newer { found: 9999, .. }),
        "{fault:?}"
    );
}

#[tokio::test]
async fn a_migration_that_was_edited_after_its_release_is_refused() {
    let (_folder, data, _) = released("0001").await;
    let edited = "UPDATE _sqlx_migrations SET checksum = zeroblob(48) WHERE version = 1;";
    sql(&data.join("directory.db"), edited).await.unwrap();
    let fault = open_alone(&data).await.err().unwrap();
    assert!(matches!(fault, StorageFault::Edited(1)), "{fault:?}");
}
