//! Requests in a computer's name.

use lockstep_directory::live::Topic;
use lockstep_model::Code;
use lockstep_protocol::Bytes;
use lockstep_protocol::api::device::{CheckIn, Enrolled};
use lockstep_protocol::assertion::NONCE_HEADER;

use crate::computers::Computer;
use crate::held_back::revoke;
use crate::world::{OWNER, OWNERS, World};

const CHECK_IN: &str = "/device/check-in";

#[tokio::test]
async fn a_stranger_does_not_pass_for_a_computer_with_a_key_of_their_own() {
    let world = World::new().await;
    let honest = Computer::enrolled(&world).await;
    let mut stranger = Computer::stranger(&world);
    for id in [None, Some(lockstep_model::DeviceId::fresh()), honest.id] {
        stranger.id = id;
        assert_eq!(stranger.check_in().await.refusal(), Code::DeviceRefused);
    }
    honest.check_in().await.said::<CheckIn>();
}

#[tokio::test]
async fn a_go_between_cannot_put_a_computers_signature_on_another_request() {
    let world = World::new().await;
    let computer = Computer::enrolled(&world).await;
    let (binding, _) = computer.link(OWNER, OWNERS, "u").await;
    let body = format!(r#"{{"binding":"{binding}"}}"#);
    let unlink = ("POST", "/device/unlink", body.as_str());
    let altered = [
        ("GET", unlink.1, unlink.2),
        (unlink.0, "/device/report", unlink.2),
        (unlink.0, unlink.1, ""),
        (unlink.0, unlink.1, "{}"),
    ];
    for (method, path, body) in altered {
        let claims = computer.claims(method, path, body, &computer.nonce().await);
        let answer = computer
            .present(&claims, unlink.0, unlink.1, unlink.2)
            .await;
        assert_eq!(answer.refusal(), Code::DeviceRefused, "{method} {path}");
    }
    let mut elsewhere = computer.claims(unlink.0, unlink.1, unlink.2, &computer.nonce().await);
    elsewhere.url = elsewhere.url.replace("localhost", "other.example");
    let answer = computer
        .present(&elsewhere, unlink.0, unlink.1, unlink.2)
        .await;
    assert_eq!(answer.refusal(), Code::DeviceRefused);
    assert_eq!(world.me(&world.owner).await.computers.len(), 1);
}

#[tokio::test]
async fn an_eavesdropper_cannot_replay_a_computers_request() {
    let world = World::new().await;
    let computer = Computer::enrolled(&world).await;
    let mut claims = computer.claims("GET", CHECK_IN, "", &computer.nonce().await);
    let first = computer.present(&claims, "GET", CHECK_IN, "").await;
    first.said::<CheckIn>();
    let again = computer.present(&claims, "GET", CHECK_IN, "").await;
    assert_eq!(again.refusal(), Code::DeviceRefused);
    assert_eq!(again.header(NONCE_HEADER), None);
    claims.id = Bytes(vec![9; 16]);
    let other = computer.present(&claims, "GET", CHECK_IN, "").await;
    other.said::<CheckIn>();
}

#[tokio::test]
async fn a_computer_with_a_stale_or_made_up_nonce_is_given_the_present_one() {
    let world = World::new().await;
    let computer = Computer::enrolled(&world).await;
    let stale = computer.nonce().await;
    let (key, id) = (computer.key.clone(), computer.id);
    let world = world.restarted().await;
    let mut computer = Computer::stranger(&world);
    (computer.key, computer.id) = (key, id);
    for nonce in ["", "made up", &stale] {
        let claims = computer.claims("GET", CHECK_IN, "", nonce);
        let answer = computer.present(&claims, "GET", CHECK_IN, "").await;
        assert_eq!(answer.refusal(), Code::DeviceRefused);
        assert_eq!(answer.status, http::StatusCode::UNAUTHORIZED);
        let fresh = answer.header(NONCE_HEADER).unwrap();
        let claims = computer.claims("GET", CHECK_IN, "", fresh);
        let answer = computer.present(&claims, "GET", CHECK_IN, "").await;
        answer.said::<CheckIn>();
    }
}

#[tokio::test]
async fn a_computer_cannot_fill_the_memory_with_long_ids() {
    let world = World::new().await;
    let computer = Computer::enrolled(&world).await;
    for length in [0, 1, 15, 17, 256, 4096] {
        let mut claims = computer.claims("GET", CHECK_IN, "", &computer.nonce().await);
        claims.id = Bytes(vec![7; length]);
        let answer = computer.present(&claims, "GET", CHECK_IN, "").await;
        assert_eq!(answer.refusal(), Code::DeviceRefused, "{length}");
    }
}

#[tokio::test]
async fn a_computer_whose_answer_was_lost_enrols_again_as_itself() {
    let world = World::new().await;
    let token = world.enrolment(1).await;
    let computer = Computer::stranger(&world);
    let first: Enrolled = computer.enrol(&token).await.said();
    let again: Enrolled = computer.enrol(&token).await.said();
    assert_eq!(first, again);
    let other = Computer::stranger(&world);
    assert_eq!(other.enrol(&token).await.refusal(), Code::EnrolmentSpent);
}

#[tokio::test]
async fn a_computer_spends_a_second_token_on_nothing() {
    let world = World::new().await;
    let (first, second) = (world.enrolment(1).await, world.enrolment(1).await);
    let computer = Computer::stranger(&world);
    computer.enrol(&first).await.said::<Enrolled>();
    let answer = computer.enrol(&second).await;
    assert_eq!(answer.refusal(), Code::AlreadyEnrolled);
    let other = Computer::stranger(&world);
    other.enrol(&second).await.said::<Enrolled>();
}

#[tokio::test]
async fn a_stranger_does_not_enrol_with_an_expired_or_made_up_token() {
    let world = World::new().await;
    let token = world.enrolment(1).await;
    let expired = "UPDATE enrolments SET expires_at = CAST($1 AS INTEGER)";
    world.sql(expired, "1").await;
    let stranger = Computer::stranger(&world);
    let answer = stranger.enrol(&token).await;
    assert_eq!(answer.refusal(), Code::EnrolmentExpired);
    let made_up = lockstep_protocol::Token("made up".into());
    let answer = stranger.enrol(&made_up).await;
    assert_eq!(answer.refusal(), Code::EnrolmentSpent);
}

#[tokio::test]
async fn a_thief_of_a_revoked_computer_is_refused_and_its_stream_ends_at_the_next_touch() {
    let world = World::new().await;
    let token = world.enrolment(2).await;
    let mut computer = Computer::stranger(&world);
    let enrolled: Enrolled = computer.enrol(&token).await.said();
    computer.id = Some(enrolled.device);
    let mut line = computer.listen().await;
    assert!(line.next().await.unwrap().contains("check_in"));
    revoke(&world, &computer).await;
    assert_eq!(computer.check_in().await.refusal(), Code::DeviceRefused);
    world.live.touch(Topic::Device(enrolled.device));
    assert_eq!(line.next().await, None);
    let answer = computer.enrol(&token).await;
    assert_eq!(answer.refusal(), Code::AlreadyEnrolled);
}

#[tokio::test]
async fn a_thief_of_a_computer_that_an_owner_revokes_keeps_no_stream_binding_or_share() {
    let world = World::new().await;
    let computer = Computer::enrolled(&world).await;
    computer.link(OWNER, OWNERS, "u").await;
    let mut line = computer.listen().await;
    assert!(line.next().await.is_some());
    let revoke = format!("/admin/computers/{}/revoke", computer.id.unwrap());
    let answer = world.ask(&world.owner, "POST", &revoke).await;
    answer.said::<()>();
    assert_eq!(line.next().await, None);
    assert_eq!(computer.check_in().await.refusal(), Code::DeviceRefused);
    assert_eq!(world.me(&world.owner).await.computers, []);
    let mut db = world.storage.read().await.unwrap();
    let shares = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM shares");
    assert_eq!(shares.fetch_one(&mut *db).await.unwrap(), 0);
    let again = world.ask(&world.owner, "POST", &revoke).await;
    assert_eq!(again.refusal(), Code::NotLinked);
}

#[tokio::test]
async fn a_thief_of_a_computer_that_left_keeps_no_stream_binding_or_share() {
    let world = World::new().await;
    let computer = Computer::enrolled(&world).await;
    let staying = Computer::enrolled(&world).await;
    computer.link(OWNER, OWNERS, "u").await;
    staying.link(OWNER, OWNERS, "u").await;
    let mut line = computer.listen().await;
    assert!(line.next().await.is_some());
    computer.post("/device/leave", &()).await.said::<()>();
    assert_eq!(line.next().await, None);
    assert_eq!(computer.check_in().await.refusal(), Code::DeviceRefused);
    let again = computer.post("/device/leave", &()).await;
    assert_eq!(again.refusal(), Code::DeviceRefused);
    staying.check_in().await.said::<CheckIn>();
    assert_eq!(world.me(&world.owner).await.computers.len(), 1);
    let mut db = world.storage.read().await.unwrap();
    let shares = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM shares");
    assert_eq!(shares.fetch_one(&mut *db).await.unwrap(), 1);
}
