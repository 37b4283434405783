//! Changes of a password in the portal.

use lockstep_model::Code;
use lockstep_protocol::api::me::PasswordChanged;

use crate::people::{BEA, CARL};
use crate::world::{OWNER, OWNERS, World};

#[tokio::test]
async fn an_eavesdropper_who_sends_a_commit_again_changes_nothing() {
    let world = World::new().await;
    let change = world.changing(&world.owner, OWNERS, BEA).await;
    let changed: PasswordChanged = world.change(&world.owner, &change).await.said();
    let again = world.change(&world.owner, &change).await;
    assert_eq!(again.refusal(), Code::AttemptExpired);
    assert_eq!(world.me(&world.owner).await.stamp, changed.stamp);
}

#[tokio::test]
async fn two_changes_of_one_person_are_never_both_made() {
    let world = World::new().await;
    let first = world.changing(&world.owner, OWNERS, BEA).await;
    let second = world.changing(&world.owner, OWNERS, CARL).await;
    let changed = world.change(&world.owner, &first).await;
    changed.said::<PasswordChanged>();
    let late = world.change(&world.owner, &second).await;
    assert_eq!(late.refusal(), Code::ChangedMeanwhile);
    assert_eq!(world.generation(&world.owner).await, 2);
    world.signed_in(OWNER, BEA).await;
}

#[tokio::test]
async fn a_thief_of_another_session_is_out_after_a_change_and_their_stream_ends() {
    let world = World::new().await;
    let stolen = world.signed_in(OWNER, OWNERS).await;
    let bea = world.person("bea", BEA).await;
    let bearer = format!("Bearer {stolen}");
    let headers = [("authorization", bearer.as_str())];
    let mut line = world.listen("/me/events", &headers).await;
    assert!(line.next().await.unwrap().contains("\"generation\":1"));
    let change = world.changing(&world.owner, OWNERS, CARL).await;
    assert!(
        world
            .change(&world.owner, &change)
            .await
            .status
            .is_success()
    );
    assert_eq!(line.next().await, None);
    let answer = world.ask(&stolen, "GET", "/me").await;
    assert_eq!(answer.refusal(), Code::SignedOut);
    assert_eq!(world.generation(&world.owner).await, 2);
    assert_eq!(world.generation(&bea).await, 1);
}

#[tokio::test]
async fn a_person_who_signs_out_ends_their_own_stream() {
    let world = World::new().await;
    let bearer = format!("Bearer {}", world.owner);
    let headers = [("authorization", bearer.as_str())];
    let mut line = world.listen("/me/events", &headers).await;
    assert!(line.next().await.is_some());
    let out = world.ask(&world.owner, "DELETE", "/session").await;
    out.said::<()>();
    assert_eq!(line.next().await, None);
}

#[tokio::test]
async fn a_person_cannot_finish_the_change_of_another() {
    let world = World::new().await;
    let bea = world.person("bea", BEA).await;
    let change = world.changing(&world.owner, OWNERS, CARL).await;
    let answer = world.change(&bea, &change).await;
    assert_eq!(answer.refusal(), Code::AttemptExpired);
    assert_eq!(world.generation(&world.owner).await, 1);
    assert_eq!(world.generation(&bea).await, 1);
}

#[tokio::test]
async fn a_thief_of_a_session_changes_nothing_with_a_sign_in_or_a_made_up_proof() {
    let world = World::new().await;
    let change = world.changing(&world.owner, OWNERS, CARL).await;
    let sign_in = world.signing_in(OWNER, OWNERS).await;
    let mut other = change.clone();
    other.attempt = sign_in.attempt;
    other.finish = sign_in.finish;
    let answer = world.change(&world.owner, &other).await;
    assert_eq!(answer.refusal(), Code::AttemptExpired);
    let mut wrong = change;
    wrong.finish = lockstep_protocol::Bytes(vec![0; 64]);
    let answer = world.change(&world.owner, &wrong).await;
    assert_eq!(answer.refusal(), Code::NotTheCurrentPassword);
    assert_eq!(world.generation(&world.owner).await, 1);
}

#[tokio::test]
async fn an_invitation_is_good_for_one_person_once() {
    let world = World::new().await;
    let former = world.invited("bea").await;
    let invitation = world.invited("bea").await;
    let (first, second) = (
        world.activating(&invitation, BEA).await,
        world.activating(&invitation, CARL).await,
    );
    let answer = world.post("", "/activation/finish", &first).await;
    assert!(answer.status.is_success());
    let mut older = first.clone();
    older.token = lockstep_protocol::Token(former);
    for finish in [first, second, older] {
        let answer = world.post("", "/activation/finish", &finish).await;
        assert_eq!(answer.refusal(), Code::InvitationSpent);
    }
    world.signed_in("bea", BEA).await;
}
