//! Where a person is signed in: each sees and ends their own sessions.

use lockstep_model::Code;
use lockstep_protocol::api::me::{SessionRow, Sessions};

use crate::people::{BEA, CARL};
use crate::world::World;

async fn listed(world: &World, session: &str) -> Vec<SessionRow> {
    let answer = world.ask(session, "GET", "/me/sessions").await;
    answer.said::<Sessions>().sessions
}

async fn end(world: &World, session: &str, name: &str) -> crate::world::Answer {
    let path = format!("/me/sessions/{name}");
    world.ask(session, "DELETE", &path).await
}

#[tokio::test]
async fn a_person_sees_their_own_sessions_and_nothing_that_opens_one() {
    let world = World::new().await;
    let first = world.person("bea", BEA).await;
    let second = world.signed_in("bea", BEA).await;
    world.person("carl", CARL).await;
    let rows = listed(&world, &first).await;
    assert_eq!(rows.len(), 2);
    assert!(rows[0].this_one && !rows[1].this_one);
    assert_eq!(listed(&world, &second).await[0].session, rows[1].session);
    for row in rows {
        let answer = world.ask(&row.session, "GET", "/me").await;
        assert_eq!(answer.refusal(), Code::SignedOut);
        assert!(!first.contains(&row.session) && !second.contains(&row.session));
    }
}

#[tokio::test]
async fn a_person_ends_one_session_and_its_stream_ends_with_it() {
    let world = World::new().await;
    let bea = world.person("bea", BEA).await;
    let other = world.signed_in("bea", BEA).await;
    let third = world.signed_in("bea", BEA).await;
    let name = listed(&world, &other).await[0].session.clone();
    let bearer = format!("Bearer {other}");
    let headers = [("authorization", bearer.as_str())];
    let mut line = world.listen("/me/events", &headers).await;
    assert!(line.next().await.is_some());
    end(&world, &bea, &name).await.said::<()>();
    assert_eq!(line.next().await, None);
    let problem = world.ask(&other, "GET", "/me").await.problem();
    assert_eq!((problem.code, problem.ended_by), (Code::SignedOut, None));
    for session in [&bea, &third] {
        assert_eq!(world.generation(session).await, 1);
    }
    // Again, it is what it was.
    end(&world, &bea, &name).await.said::<()>();
    assert_eq!(world.audited("session.sign_out").await.len(), 1);
}

#[tokio::test]
async fn a_person_cannot_end_the_session_of_another_by_its_name() {
    let world = World::new().await;
    let bea = world.person("bea", BEA).await;
    let carl = world.person("carl", CARL).await;
    let beas = listed(&world, &bea).await[0].session.clone();
    end(&world, &carl, &beas).await.said::<()>();
    assert_eq!(world.generation(&bea).await, 1);
    assert_eq!(world.audited("session.sign_out").await.len(), 0);
}

#[tokio::test]
async fn a_person_who_ends_all_others_keeps_this_one() {
    let world = World::new().await;
    let carl = world.person("carl", CARL).await;
    let bea = world.person("bea", BEA).await;
    let mut lines = Vec::new();
    for _ in 0..2 {
        let bearer = format!("Bearer {}", world.signed_in("bea", BEA).await);
        let headers = [("authorization", bearer.as_str())];
        let mut line = world.listen("/me/events", &headers).await;
        assert!(line.next().await.is_some());
        lines.push(line);
    }
    for _ in 0..3 {
        world.ask(&bea, "DELETE", "/me/sessions").await.said::<()>();
    }
    for mut line in lines {
        assert_eq!(line.next().await, None);
    }
    let rows = listed(&world, &bea).await;
    assert!(rows.len() == 1 && rows[0].this_one);
    assert_eq!(world.generation(&carl).await, 1);
    // Nobody fills the audit by doing it again.
    assert_eq!(world.audited("session.sign_out").await.len(), 1);
}

#[tokio::test]
async fn a_name_that_no_session_can_have_is_refused() {
    let world = World::new().await;
    let bea = world.person("bea", BEA).await;
    let name = listed(&world, &bea).await[0].session.clone();
    let long = format!("{name}0");
    let capital = format!("A{}", &name[1..]);
    for wrong in [
        &name[1..],
        &long,
        &capital,
        "0123456789abcdeg",
        "%25%25%25%25%25%25%25%25%25%25%25%25%25%25%25%25",
        "'%20OR%201=1%20--",
    ] {
        let answer = end(&world, &bea, wrong).await;
        assert_eq!(answer.refusal(), Code::BadRequest, "{wrong}");
    }
    assert_eq!(world.generation(&bea).await, 1);
}

#[tokio::test]
async fn a_session_that_has_ended_ends_no_other() {
    let world = World::new().await;
    let bea = world.person("bea", BEA).await;
    let ended = world.signed_in("bea", BEA).await;
    let name = listed(&world, &bea).await[0].session.clone();
    world.ask(&ended, "DELETE", "/session").await.said::<()>();
    let answer = end(&world, &ended, &name).await;
    assert_eq!(answer.refusal(), Code::SignedOut);
    let answer = world.ask(&ended, "DELETE", "/me/sessions").await;
    assert_eq!(answer.refusal(), Code::SignedOut);
    assert_eq!(world.generation(&bea).await, 1);
}
