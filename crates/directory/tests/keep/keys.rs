//! The key file is lost, or another's lies in its place.

use std::path::Path;

use lockstep_directory::keys::Keys;

use crate::cast::Cast;
use crate::program::{refused, sql, stopped};
use crate::world::World;

const KEY: &str = "directory.key";

fn put_another(data: &Path) {
    std::fs::remove_file(data.join(KEY)).unwrap();
    Keys::fresh().unwrap().save(&data.join(KEY)).unwrap();
}

/// The database's files, byte by byte.
fn database(data: &Path) -> Vec<u8> {
    std::fs::read(data.join("directory.db")).unwrap()
}

#[tokio::test]
async fn a_lost_key_file_is_named_with_what_it_means_and_nothing_is_made_in_its_place() {
    let (_folder, data, _) = stopped().await;
    let kept = data.join("elsewhere");
    std::fs::rename(data.join(KEY), &kept).unwrap();
    let before = database(&data);
    for command in ["serve", "admin-link"] {
        let words = refused(&[command], &data);
        assert!(words.contains("directory.key is missing"), "{words}");
        assert!(words.contains("no password can be proved"), "{words}");
        assert!(words.contains("Nothing was changed"), "{words}");
    }
    assert!(!data.join(KEY).exists());
    assert_eq!(database(&data), before);
    std::fs::rename(kept, data.join(KEY)).unwrap();
    World::open_in(&data).await.storage.close().await;
}

#[tokio::test]
async fn another_directorys_key_file_is_refused_and_nothing_is_changed() {
    let (_folder, data, _) = stopped().await;
    let own = std::fs::read(data.join(KEY)).unwrap();
    put_another(&data);
    let before = database(&data);
    for command in ["serve", "admin-link"] {
        let words = refused(&[command], &data);
        assert!(
            words.contains("not the key file of this database"),
            "{words}"
        );
    }
    assert_eq!(database(&data), before);
    std::fs::write(data.join(KEY), own).unwrap();
    World::open_in(&data).await.storage.close().await;
}

#[tokio::test]
async fn a_database_of_before_there_was_a_check_is_not_bound_to_a_wrong_key_file() {
    let (_folder, data, cast) = stopped().await;
    sql(
        &data.join("directory.db"),
        "UPDATE directory SET key_check = NULL;",
    )
    .await
    .unwrap();
    let own = std::fs::read(data.join(KEY)).unwrap();
    put_another(&data);
    let words = refused(&["serve"], &data);
    assert!(
        words.contains("not the key file of this database"),
        "{words}"
    );
    std::fs::write(data.join(KEY), own).unwrap();
    let world = World::open_in(&data).await;
    works(&world, &cast).await;
    world.storage.close().await;
    put_another(&data);
    refused(&["serve"], &data);
}

async fn works(world: &World, cast: &Cast) {
    assert_eq!(world.generation(&cast.session).await, 2);
}
