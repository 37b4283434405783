//! Somebody at the sign-in page.

use lockstep_model::{BindingId, Code};
use lockstep_protocol::Bytes;
use lockstep_protocol::api::admin::NewPerson;
use lockstep_protocol::api::public::{Carry, SessionOpened, SignInFinish};
use serde_json::Value;

use crate::computers::{Computer, For};
use crate::people::BEA;
use crate::world::{Answer, OWNER, OWNERS, World};

/// As long as a true KE3, and false.
fn made_up(attempt: String) -> SignInFinish {
    SignInFinish {
        attempt,
        finish: Bytes(vec![0; 64]),
        carry: Carry::Bearer,
    }
}

async fn fails(world: &World, name: &str) -> Answer {
    let started = world.signing_in_as(name).await;
    let finish = made_up(started.attempt);
    world.post("", "/sign-in/finish", &finish).await
}

/// A message with every text replaced by its length.
fn shape(message: &Value) -> Value {
    match message {
        Value::String(text) => text.len().into(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), shape(value)))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => message.clone(),
    }
}

#[tokio::test]
async fn a_thief_of_the_former_password_signs_in_no_more_once_it_is_changed() {
    let world = World::new().await;
    let stale = world.signing_in(OWNER, OWNERS).await;
    let change = world.changing(&world.owner, OWNERS, BEA).await;
    assert!(
        world
            .change(&world.owner, &change)
            .await
            .status
            .is_success()
    );
    let answer = world.post("", "/sign-in/finish", &stale).await;
    assert_eq!(answer.refusal(), Code::SignInRefused);
    world.signed_in(OWNER, BEA).await;
}

#[tokio::test]
async fn an_eavesdropper_who_sends_a_finish_again_signs_in_once_at_most() {
    let world = World::new().await;
    let finish = world.signing_in(OWNER, OWNERS).await;
    let first = world.post("", "/sign-in/finish", &finish).await;
    first.said::<SessionOpened>();
    let again = world.post("", "/sign-in/finish", &finish).await;
    assert_eq!(again.refusal(), Code::AttemptExpired);
}

#[tokio::test]
async fn a_guesser_has_one_guess_for_each_attempt() {
    let world = World::new().await;
    let finish = world.signing_in(OWNER, OWNERS).await;
    let wrong = made_up(finish.attempt.clone());
    let answer = world.post("", "/sign-in/finish", &wrong).await;
    assert_eq!(answer.refusal(), Code::SignInRefused);
    let answer = world.post("", "/sign-in/finish", &finish).await;
    assert_eq!(answer.refusal(), Code::AttemptExpired);
}

#[tokio::test]
async fn a_stranger_cannot_tell_unknown_pending_and_known_people_apart() {
    let world = World::new().await;
    world.invited("bea").await;
    let mut shapes = Vec::new();
    for name in ["nobody", "bea", OWNER] {
        let started = world.signing_in_as(name).await;
        let finish = made_up(started.attempt.clone());
        let refused = world.post("", "/sign-in/finish", &finish).await;
        let mut said: Value = serde_json::from_slice(&refused.body).unwrap();
        // Drawn for each request.
        assert_eq!(said["request_id"].take().as_str().unwrap().len(), 16);
        let headers: Vec<_> = refused.headers.keys().cloned().collect();
        let started = shape(&serde_json::to_value(&started).unwrap());
        shapes.push((started, refused.status, headers, said));
    }
    assert_eq!(shapes[0], shapes[2]);
    assert_eq!(shapes[1], shapes[2]);
}

#[tokio::test]
async fn a_stranger_sees_one_and_the_same_id_for_an_unknown_name_even_after_a_restart() {
    let world = World::new().await;
    let id = async |world: &World, name| {
        let started = world.signing_in_as(name).await;
        started.credential.client_identifier
    };
    let first = id(&world, "nobody").await;
    assert_eq!(id(&world, " NoBody\u{7} ").await, first);
    assert_ne!(id(&world, "nobody2").await, first);
    let world = world.restarted().await;
    assert_eq!(id(&world, "nobody").await, first);
}

#[tokio::test]
async fn a_person_who_types_the_password_as_the_user_name_leaves_it_nowhere() {
    let world = World::new().await;
    let typed = "my own Secret Words 1";
    let answer = fails(&world, typed).await;
    assert_eq!(answer.refusal(), Code::SignInRefused);
    let computer = Computer::enrolled(&world).await;
    let binding = BindingId::fresh();
    let (started, _, _) = computer.start(For::Link(typed), binding, "x").await;
    let finish = serde_json::json!({
        "attempt": started.said::<Value>()["attempt"],
        "finish": Bytes(vec![0; 64]),
        "account": "u",
        "envelopes": [],
    });
    let answer = computer.post("/device/proof/finish", &finish).await;
    assert_eq!(answer.refusal(), Code::SignInRefused);
    let kept = String::from_utf8_lossy(&world.kept()).to_lowercase();
    assert!(kept.contains("an unknown name"));
    assert!(!kept.contains("secret words"));
}

#[tokio::test]
async fn nobody_brings_control_characters_into_the_audit() {
    let world = World::new().await;
    let nasty = "x\n99 admin session.sign_in ok\u{1b}[8m\u{9b}8m";
    fails(&world, nasty).await;
    let ask = |user_name: &str, display_name: &str| NewPerson {
        user_name: user_name.into(),
        display_name: display_name.into(),
    };
    for ask in [ask(nasty, "Bea"), ask("bea", nasty)] {
        let answer = world.post(&world.owner, "/admin/people", &ask).await;
        assert_eq!(answer.refusal(), Code::NameTaken);
    }
    let token = world.enrolment(1).await;
    let answer = Computer::stranger(&world).enrol_as(&token, nasty).await;
    assert_eq!(answer.refusal(), Code::BadRequest);
    let computer = Computer::enrolled(&world).await;
    let binding = BindingId::fresh();
    let mut link = computer.prepare(For::Link(OWNER), binding, OWNERS).await;
    link.finish.account = Some(nasty.into());
    assert_eq!(computer.finish(&link).await.refusal(), Code::BadRequest);
    for row in world.audit().await {
        let text = [row.actor, row.action, row.subject, row.address, row.result].concat();
        assert!(!text.chars().any(char::is_control), "{text:?}");
        assert!(!text.contains("99 admin"), "{text:?}");
    }
}
