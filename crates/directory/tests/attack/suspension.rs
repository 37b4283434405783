//! Somebody whom an admin has suspended, and what they had begun before.

use lockstep_model::{BindingId, Code, EnvelopeId};
use lockstep_protocol::api::admin::PersonStatus;
use lockstep_protocol::api::device::Proved;
use serde_json::Value;

use crate::computers::{Computer, For};
use crate::people::{BEA, CARL};
use crate::world::{OWNER, World};

#[tokio::test]
async fn a_suspended_person_keeps_no_session_stream_or_link() {
    let world = World::new().await;
    let bea = world.person("bea", BEA).await;
    let second = world.signed_in("bea", BEA).await;
    let link = world.reset_link("bea").await;
    let opened = world.activating(&link, CARL).await;
    let bearer = format!("Bearer {bea}");
    let headers = [("authorization", bearer.as_str())];
    let mut line = world.listen("/me/events", &headers).await;
    assert!(line.next().await.is_some());
    world.decided("bea", "suspend").await;
    assert_eq!(line.next().await, None);
    for session in [bea, second] {
        let problem = world.ask(&session, "GET", "/me").await.problem();
        assert_eq!((problem.code, problem.ended_by), (Code::SignedOut, None));
    }
    let answer = world.post("", "/activation/finish", &opened).await;
    assert_eq!(answer.refusal(), Code::InvitationSpent);
    assert_eq!(world.row("bea").await.status, PersonStatus::Suspended);
    // Again, it is what it was.
    world.decided("bea", "suspend").await;
    let ok = [OWNER, "bea", "ok"].map(String::from);
    assert_eq!(world.audited("person.suspended").await, [ok]);
}

#[tokio::test]
async fn a_stranger_who_does_not_know_the_password_cannot_tell_who_is_suspended() {
    let world = World::new().await;
    world.person("bea", BEA).await;
    world.person("carl", CARL).await;
    world.decided("bea", "suspend").await;
    let mut seen = Vec::new();
    for name in ["bea", "carl", "nobody"] {
        let started = world.signing_in_as(name).await;
        let started = serde_json::to_value(&started).unwrap();
        let lengths = |value: &Value| value.to_string().len();
        let wrong = world.sign_in(name, "not the password at all").await;
        seen.push((lengths(&started), wrong));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
    assert_eq!(seen[0].1, Err(Code::SignInRefused));
    let right = world.sign_in("bea", BEA).await;
    assert_eq!(right, Err(Code::Suspended));
    assert_eq!(world.sign_in("carl", CARL).await.err(), None);
}

#[tokio::test]
async fn a_suspended_person_who_tries_the_right_password_again_and_again_is_slowed() {
    let world = World::new().await;
    world.person("bea", BEA).await;
    world.decided("bea", "suspend").await;
    let mut tries = 0;
    while world.sign_in("bea", BEA).await == Err(Code::Suspended) {
        tries += 1;
        assert!(tries < 50);
    }
    let sign_ins = world.audited("session.sign_in").await;
    let kept_out = ["bea", "bea", "LS-2014"].map(String::from);
    assert_eq!(
        sign_ins.iter().filter(|row| **row == kept_out).count(),
        tries
    );
    world.decided("bea", "resume").await;
    world.sign_in("bea", BEA).await.unwrap();
}

#[tokio::test]
async fn a_person_who_is_suspended_between_the_steps_of_a_proof_gets_nothing_by_it() {
    let world = World::new().await;
    let bea = world.person("bea", BEA).await;
    let computer = Computer::enrolled(&world).await;
    let (binding, envelope) = computer.link("bea", BEA, "bea").await;
    let sign_in = world.signing_in("bea", BEA).await;
    let portal = world.changing(&bea, BEA, CARL).await;
    let mut sync = computer.prepare(For::Sync, binding, BEA).await;
    sync.finish.envelopes = vec![envelope];
    sync.finish.new_envelope = Some(EnvelopeId::fresh());
    let mut link = computer
        .prepare(For::Link("bea"), BindingId::fresh(), BEA)
        .await;
    link.finish.account = Some("other".into());
    let change = computer.prepare(For::Change(CARL), binding, BEA).await;
    let open = computer.prepare(For::Change(CARL), binding, BEA).await;
    let commit = open.commit(&computer.finish(&open).await.said());
    let shares = world.number("SELECT count(*) FROM shares").await;

    world.decided("bea", "suspend").await;
    let answer = world.post("", "/sign-in/finish", &sign_in).await;
    assert_eq!(answer.refusal(), Code::Suspended);
    let answer = world.change(&bea, &portal).await;
    assert_eq!(answer.refusal(), Code::SignedOut);
    for proof in [&sync, &link, &change] {
        assert_eq!(computer.finish(proof).await.refusal(), Code::Suspended);
    }
    let answer = computer.post("/device/password", &commit).await;
    assert_eq!(answer.refusal(), Code::Suspended);
    // Nor by one that begins now.
    let mut late = computer.prepare(For::Sync, binding, BEA).await;
    late.finish.envelopes = vec![envelope];
    assert_eq!(computer.finish(&late).await.refusal(), Code::Suspended);

    assert_eq!(world.row("bea").await.generation.unwrap().0, 1);
    assert_eq!(world.number("SELECT count(*) FROM bindings").await, 1);
    assert_eq!(world.number("SELECT count(*) FROM sessions").await, 1);
    assert_eq!(world.number("SELECT count(*) FROM shares").await, shares);
    assert_eq!(
        world.audited("shares.released").await,
        [] as [[String; 3]; 0]
    );
    let refused = |rows: Vec<[String; 3]>| {
        rows.iter()
            .filter(|row| row[1] == "bea" && row[2] == "LS-2014")
            .count()
    };
    assert_eq!(refused(world.audited("device.proof").await), 3);
    assert_eq!(refused(world.audited("device.linked").await), 1);
    assert_eq!(refused(world.audited("password.change").await), 1);
}

#[tokio::test]
async fn a_computer_of_a_suspended_person_is_told_at_once_and_goes_on_once_they_are_back() {
    let world = World::new().await;
    world.person("bea", BEA).await;
    let computer = Computer::enrolled(&world).await;
    let (binding, envelope) = computer.link("bea", BEA, "bea").await;
    let mut line = computer.listen().await;
    assert!(line.next().await.unwrap().contains("\"held\":null"));
    world.decided("bea", "suspend").await;
    assert!(line.next().await.unwrap().contains("\"held\":\"LS-2014\""));
    world.decided("bea", "resume").await;
    assert!(line.next().await.unwrap().contains("\"held\":null"));
    world.sign_in("bea", BEA).await.unwrap();
    let mut sync = computer.prepare(For::Sync, binding, BEA).await;
    sync.finish.envelopes = vec![envelope];
    let proved: Proved = computer.finish(&sync).await.said();
    assert_eq!(sync.shares(&proved), [envelope]);
}

#[tokio::test]
async fn a_suspended_person_who_is_issued_a_password_stays_suspended() {
    let world = World::new().await;
    world.person("bea", BEA).await;
    world.decided("bea", "suspend").await;
    world.issued("bea", CARL).await;
    assert_eq!(world.sign_in("bea", CARL).await, Err(Code::Suspended));
    world.decided("bea", "unlock").await;
    assert_eq!(world.sign_in("bea", CARL).await, Err(Code::Suspended));
    world.decided("bea", "resume").await;
    world.sign_in("bea", CARL).await.unwrap();
}
