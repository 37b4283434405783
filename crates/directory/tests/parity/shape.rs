//! What a stranger is shown for a name says nothing about whether anybody has it.

use lockstep_model::{Code, Ksf};
use lockstep_protocol::api::Credential;
use lockstep_protocol::api::device::{ProofStart, ProofStarted, Purpose};
use lockstep_protocol::api::public::{Carry, SignInFinish, SignInStart};
use uuid::Uuid;

use crate::computers::Computer;
use crate::people::{BEA, CARL, proof};
use crate::world::{Answer, World};

/// A known, a pending, a suspended and an unknown name of one length.
const NAMES: [&str; 4] = ["beatrice", "penelope", "theodora", "nobodyat"];

async fn world() -> World {
    let world = World::new().await;
    world.person(NAMES[0], BEA).await;
    world.invited(NAMES[1]).await;
    world.person(NAMES[2], CARL).await;
    let suspended = "UPDATE people SET suspended_at = 1 WHERE user_name = $1";
    world.sql(suspended, NAMES[2]).await;
    world
}

async fn start(world: &World, name: &str) -> Answer {
    let (_, request) = proof("a guess");
    let ask = SignInStart {
        user_name: name.into(),
        request,
    };
    world.post("", "/sign-in/start", &ask).await
}

/// Status, headers, length, and the length of each field.
type Shape = (u16, Vec<(String, String)>, usize, Vec<(String, usize)>);

/// The answer without what is random in it, and every header; each request has an id of its own.
fn shape(answer: &Answer) -> Shape {
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .map(|(name, value)| match name.as_str() {
            "x-request-id" => (name, value.len().to_string()),
            _ => (name, value),
        })
        .collect();
    headers.sort();
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let mut fields = Vec::new();
    flatten("", &body, &mut fields);
    (answer.status.as_u16(), headers, answer.body.len(), fields)
}

fn flatten(path: &str, value: &serde_json::Value, into: &mut Vec<(String, usize)>) {
    let Some(fields) = value.as_object() else {
        return into.push((path.to_owned(), value.to_string().len()));
    };
    for (name, field) in fields {
        flatten(&format!("{path}/{name}"), field, into);
    }
}

async fn credential(world: &World, name: &str) -> Credential {
    world.signing_in_as(name).await.credential
}

#[tokio::test]
async fn the_first_answer_has_one_shape() {
    let world = world().await;
    let known = shape(&start(&world, NAMES[0]).await);
    assert_eq!(known.0, 200);
    for name in &NAMES[1..] {
        assert_eq!(shape(&start(&world, name).await), known, "{name}");
    }
}

#[tokio::test]
async fn the_refusal_has_one_shape() {
    let world = world().await;
    let mut shapes = Vec::new();
    for name in NAMES {
        let finish = SignInFinish {
            attempt: world.signing_in_as(name).await.attempt,
            finish: vec![7; 64].into(),
            carry: Carry::Bearer,
        };
        let answer = world.post("", "/sign-in/finish", &finish).await;
        assert_eq!(answer.refusal(), Code::SignInRefused);
        shapes.push(shape(&answer));
    }
    assert!(shapes.iter().all(|shape| *shape == shapes[0]), "{shapes:?}");
}

#[tokio::test]
async fn a_computer_that_links_is_shown_one_shape_too() {
    let world = world().await;
    let computer = Computer::enrolled(&world).await;
    let mut shapes = Vec::new();
    for name in NAMES {
        let (_, request) = proof("a guess");
        let ask = ProofStart {
            purpose: Purpose::Link,
            binding: lockstep_model::BindingId::fresh(),
            user_name: Some(name.into()),
            request,
            registration_request: None,
        };
        let answer = computer.post("/device/proof/start", &ask).await;
        answer.said::<ProofStarted>();
        shapes.push(shape(&answer));
    }
    assert!(shapes.iter().all(|shape| *shape == shapes[0]), "{shapes:?}");
}

#[tokio::test]
async fn ids_look_alike_and_asking_again_shows_the_same() {
    let world = world().await.restarted().await;
    let mut ids = Vec::new();
    for name in NAMES {
        let first = credential(&world, name).await;
        let id = Uuid::parse_str(&first.client_identifier).unwrap();
        assert_eq!(id.get_version_num(), 4, "{name}");
        assert_eq!(id.get_variant(), uuid::Variant::RFC4122, "{name}");
        assert_eq!(credential(&world, name).await, first, "{name}");
        ids.push((name, first));
    }
    // A made-up id that changed with a restart would be known as one.
    let world = world.restarted().await;
    for (name, first) in ids {
        assert_eq!(credential(&world, name).await, first, "{name}");
    }
}

#[tokio::test]
async fn neither_an_invitation_nor_an_activation_shows() {
    let world = world().await;
    let unknown = credential(&world, "newcomer").await;
    let invitation = world.invited("newcomer").await;
    assert_eq!(credential(&world, "newcomer").await, unknown);
    let again = world.invited("newcomer").await;
    assert_eq!(credential(&world, "newcomer").await, unknown);
    assert_ne!(invitation, again);
    world.activated(&again, CARL).await;
    assert_eq!(credential(&world, "newcomer").await, unknown);
    world.signed_in("newcomer", CARL).await;
}

#[tokio::test]
async fn a_new_setting_of_the_stretching_shows_nobodys_name() {
    let world = world().await;
    // Everybody's password was registered under another setting than the present one.
    let statement = "UPDATE credentials SET ksf_memory_kib = 20000 WHERE person <> $1";
    world.sql(statement, "nobody").await;
    let former = Ksf {
        memory_kib: 20_000,
        ..Ksf::FLOOR
    };
    for name in NAMES.iter().chain(&["another", "somebody"]) {
        assert_eq!(credential(&world, name).await.ksf, former, "{name}");
    }
    // Some have: unknown names show the same mix, each always the same of it.
    let statement = "UPDATE credentials SET ksf_memory_kib = 65536, ksf_iterations = 3, \
                     ksf_parallelism = 4 WHERE person = (SELECT id FROM people WHERE user_name = $1)";
    for number in 0..10 {
        let name = format!("person{number}");
        world.person(&name, BEA).await;
        if number < 5 {
            world.sql(statement, &name).await;
        }
    }
    world.sql("UPDATE credentials SET ksf_memory_kib = 20000 WHERE ksf_memory_kib < 65536 AND person <> $1", "nobody").await;
    let mut strong = 0;
    for number in 0..64 {
        let name = format!("unknown{number}");
        let ksf = credential(&world, &name).await.ksf;
        assert_eq!(credential(&world, &name).await.ksf, ksf);
        assert!([former, Ksf::DEFAULT].contains(&ksf));
        strong += u32::from(ksf == Ksf::DEFAULT);
    }
    assert!(
        (1..64).contains(&strong),
        "{strong} of 64 show the new setting"
    );
}

#[tokio::test]
async fn who_stands_in_for_a_name_signs_nobody_in() {
    let world = world().await;
    // The stand-in's password under the unknown name.
    let (proving, request) = proof(BEA);
    let ask = SignInStart {
        user_name: NAMES[3].into(),
        request,
    };
    let answer = world.post("", "/sign-in/start", &ask).await;
    let started: lockstep_protocol::api::public::SignInStarted = answer.said();
    let proved = crate::people::finish(&started.credential, None, |terms| {
        proving.finish(started.response.as_slice(), terms)
    });
    assert!(proved.is_err());
}
