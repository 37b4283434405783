//! A client that sends its body only once what allowed the request is over.

use axum::body::{Body, Bytes};
use http::Method;
use lockstep_directory::http::now;
use lockstep_model::{BindingId, Code, PersonId};
use lockstep_protocol::api::device::Unlink;
use serde::Serialize;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower_service::Service as _;

use crate::admins::ISSUED;
use crate::computers::Computer;
use crate::people::{BEA, CARL, registration};
use crate::phones::BEGIN;
use crate::world::{Answer, OWNER, OWNERS, World};

/// A request whose head was read and whose body is yet to come.
struct HeldBack {
    release: oneshot::Sender<()>,
    answer: JoinHandle<Answer>,
}

impl HeldBack {
    async fn send(world: &World, path: &str, header: (&str, &str), body: String) -> Self {
        let (release, released) = oneshot::channel::<()>();
        let (reading, is_read) = oneshot::channel::<()>();
        let body = Body::from_stream(futures_util::stream::once(async move {
            reading.send(()).unwrap();
            released.await.unwrap();
            Ok::<_, std::io::Error>(Bytes::from(body))
        }));
        let request = http::Request::builder()
            .method(Method::POST)
            .uri(format!("/api/v1{path}"))
            .header("content-type", "application/json")
            .header(header.0, header.1)
            .body(body)
            .unwrap();
        let mut router = world.router.clone();
        let answer = tokio::spawn(async move {
            let (parts, body) = router.call(request).await.unwrap().into_parts();
            Answer {
                status: parts.status,
                headers: parts.headers,
                body: axum::body::to_bytes(body, usize::MAX)
                    .await
                    .unwrap()
                    .to_vec(),
            }
        });
        is_read.await.unwrap();
        Self { release, answer }
    }

    async fn in_session(
        world: &World,
        session: &str,
        path: &str,
        message: &impl Serialize,
    ) -> Self {
        let bearer = format!("Bearer {session}");
        let body = serde_json::to_string(message).unwrap();
        Self::send(world, path, ("authorization", &bearer), body).await
    }

    async fn released(self) -> Answer {
        self.release.send(()).unwrap();
        self.answer.await.unwrap()
    }
}

fn person() -> serde_json::Value {
    serde_json::json!({"user_name": "mallory", "display_name": "Mallory"})
}

fn enrolment() -> serde_json::Value {
    serde_json::json!({"uses": 10, "valid_for_s": 60})
}

#[tokio::test]
async fn a_thief_of_a_session_does_nothing_after_its_person_signed_out() {
    let world = World::new().await;
    let stolen = world.signed_in(OWNER, OWNERS).await;
    let change = world.changing(&stolen, OWNERS, CARL).await;
    let held = [
        HeldBack::in_session(&world, &stolen, "/admin/people", &person()).await,
        HeldBack::in_session(&world, &stolen, "/admin/enrolments", &enrolment()).await,
        HeldBack::in_session(&world, &stolen, "/me/password/finish", &change).await,
        HeldBack::in_session(&world, &stolen, "/me/factors", &BEGIN).await,
    ];
    world.ask(&stolen, "DELETE", "/session").await.said::<()>();
    let before = world.audit().await;
    for held in held {
        assert_eq!(held.released().await.refusal(), Code::SignedOut);
    }
    assert_eq!(world.audit().await, before);
    assert_eq!(world.generation(&world.owner).await, 1);
}

#[tokio::test]
async fn a_thief_of_a_session_does_nothing_after_its_person_changed_the_password() {
    let world = World::new().await;
    let stolen = world.signed_in(OWNER, OWNERS).await;
    let held = [
        HeldBack::in_session(&world, &stolen, "/admin/people", &person()).await,
        HeldBack::in_session(&world, &stolen, "/admin/enrolments", &enrolment()).await,
    ];
    let change = world.changing(&world.owner, OWNERS, BEA).await;
    assert!(
        world
            .change(&world.owner, &change)
            .await
            .status
            .is_success()
    );
    let before = world.audit().await;
    for held in held {
        assert_eq!(held.released().await.refusal(), Code::SignedOut);
    }
    assert_eq!(world.audit().await, before);
}

#[tokio::test]
async fn a_thief_of_a_computer_does_nothing_after_it_was_revoked() {
    let world = World::new().await;
    let computer = Computer::enrolled(&world).await;
    let (binding, _) = computer.link(OWNER, OWNERS, "u").await;
    let body = serde_json::to_string(&Unlink { binding }).unwrap();
    let claims = computer.claims("POST", "/device/unlink", &body, &computer.nonce().await);
    let assertion = claims.sign(&computer.key);
    let held = HeldBack::send(&world, "/device/unlink", ("dpop", &assertion), body).await;
    revoke(&world, &computer).await;
    assert_eq!(held.released().await.refusal(), Code::DeviceRefused);
    assert_eq!(world.me(&world.owner).await.computers.len(), 1);
}

/// Bodies of everything that an admin may send, about somebody.
async fn held_back(world: &World, session: &str, about: PersonId) -> Vec<HeldBack> {
    let issue = world.issuing(session, about, ISSUED).await;
    let finish = format!("/admin/people/{about}/password/finish");
    let start = format!("/admin/people/{about}/password/start");
    let request = serde_json::json!({"registration_request": registration(ISSUED).1});
    vec![
        HeldBack::in_session(world, session, "/admin/people", &person()).await,
        HeldBack::in_session(world, session, "/admin/enrolments", &enrolment()).await,
        HeldBack::in_session(world, session, &start, &request).await,
        HeldBack::in_session(world, session, &finish, &issue).await,
    ]
}

#[tokio::test]
async fn an_admin_does_nothing_after_the_role_was_taken_away() {
    let world = World::new().await;
    let sam = world.second_owner("sam", CARL).await;
    let bea = world.person("bea", BEA).await;
    let id = world.id("bea").await;
    let held = held_back(&world, &sam, id).await;
    let demote = "UPDATE people SET role = 'person' WHERE user_name = $1";
    world.sql(demote, "sam").await;
    let before = world.audit().await;
    for held in held {
        assert_eq!(held.released().await.refusal(), Code::NotAllowed);
    }
    assert_eq!(world.audit().await, before);
    assert_eq!(world.generation(&bea).await, 1);
}

#[tokio::test]
async fn an_admin_does_nothing_after_another_suspended_them() {
    let world = World::new().await;
    let sam = world.second_owner("sam", CARL).await;
    let bea = world.person("bea", BEA).await;
    let id = world.id("bea").await;
    let held = held_back(&world, &sam, id).await;
    world.decided("sam", "suspend").await;
    let before = world.audit().await;
    for held in held {
        assert_eq!(held.released().await.refusal(), Code::SignedOut);
    }
    assert_eq!(world.audit().await, before);
    assert_eq!(world.generation(&bea).await, 1);
}

#[tokio::test]
async fn an_admin_does_nothing_after_another_issued_them_a_password() {
    let world = World::new().await;
    let sam = world.second_owner("sam", CARL).await;
    world.person("bea", BEA).await;
    let id = world.id("bea").await;
    let held = held_back(&world, &sam, id).await;
    world.issued("sam", ISSUED).await;
    for held in held {
        assert_eq!(held.released().await.refusal(), Code::SignedOut);
    }
    assert_eq!(world.row("bea").await.generation.unwrap().0, 1);
}

#[tokio::test]
async fn an_honest_person_with_a_slow_line_is_served() {
    let world = World::new().await;
    let held = HeldBack::in_session(&world, &world.owner, "/admin/people", &person()).await;
    assert!(held.released().await.status.is_success());
    let computer = Computer::enrolled(&world).await;
    let body = serde_json::to_string(&Unlink {
        binding: BindingId::fresh(),
    });
    let body = body.unwrap();
    let claims = computer.claims("POST", "/device/unlink", &body, &computer.nonce().await);
    let assertion = claims.sign(&computer.key);
    let held = HeldBack::send(&world, "/device/unlink", ("dpop", &assertion), body).await;
    held.released().await.said::<()>();
}

/// Revokes a computer, as an admin will.
pub(crate) async fn revoke(world: &World, computer: &Computer<'_>) {
    let revoke = format!("{}|{}", computer.id.unwrap(), now().0);
    let statement = "UPDATE devices SET revoked_at = CAST(substr($1, 38) AS INTEGER)
        WHERE id = substr($1, 1, 36)";
    world.sql(statement, &revoke).await;
}
