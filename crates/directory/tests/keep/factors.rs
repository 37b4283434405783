//! Second factors through a restore.

use lockstep_model::Code;

use crate::cast::{BEAS_SECOND, Cast};
use crate::people::CARL;
use crate::phones::BEGIN;
use crate::program::said;
use crate::world::World;

#[tokio::test]
async fn after_a_restore_a_factor_is_there_and_no_code_is_good_that_may_have_been_used() {
    let world = World::new().await;
    Cast::play(&world).await;
    let session = world.signed_in("bea", BEAS_SECOND).await;
    let phone = world.phone(&session).await;
    let carl = world.signed_in("carl", CARL).await;
    let pending = world.beginning(&carl).await;
    let data = world.folder.path().join("data");
    let backup = world.folder.path().join("backup");
    // Drawn before: half a minute may end meanwhile.
    let mut codes = Vec::new();
    for steps in [-1, 0, 1] {
        codes.push(phone.code(steps).await);
    }
    said(&["backup", "--to", backup.to_str().unwrap()], &data);
    world.storage.close().await;
    said(&["restore", "--from", backup.to_str().unwrap()], &data);

    let folder = world.folder;
    let world = World::open_in(&data).await;
    let session = world.signed_in("bea", BEAS_SECOND).await;
    assert_eq!(world.me(&session).await.factors[0].factor, phone.factor);
    for code in codes {
        let used = world.says(&session, phone.factor, "remove", code).await;
        assert_eq!(used.refusal(), Code::FactorRefused);
    }
    let carl = world.signed_in("carl", CARL).await;
    let code = pending.code(0).await;
    let gone = world.says(&carl, pending.factor, "confirm", code).await;
    assert_eq!(gone.refusal(), Code::NoFactor);
    // A while later.
    world
        .sql(
            "UPDATE factors SET used_step = used_step - 3 WHERE id = $1",
            &phone.factor.to_string(),
        )
        .await;
    let code = phone.code(0).await;
    let removed = world.says(&session, phone.factor, "remove", code).await;
    removed.said::<()>();
    world
        .post(&session, "/me/factors", &BEGIN)
        .await
        .said::<serde_json::Value>();
    drop(folder);
}
