//! Passwords that an admin issues, and who may decide about whom.

use lockstep_directory::http::now;
use lockstep_model::{BindingId, Channel, Code, EnvelopeId, PersonId};
use lockstep_protocol::api::admin::{People, PersonStatus};
use lockstep_protocol::api::device::CheckIn;
use lockstep_protocol::api::me::PasswordChanged;
use serde_json::Value;

use crate::admins::{DECISIONS, ISSUED};
use crate::computers::{Computer, For};
use crate::people::{BEA, CARL};
use crate::world::{Answer, OWNER, OWNERS, World};

#[tokio::test]
async fn an_admin_who_issues_a_password_ends_every_session_and_each_is_told_by_whom() {
    let world = World::new().await;
    let first = world.person("bea", BEA).await;
    let second = world.signed_in("bea", BEA).await;
    let computer = Computer::enrolled(&world).await;
    computer.link("bea", BEA, "bea").await;
    let bearer = format!("Bearer {first}");
    let headers = [("authorization", bearer.as_str())];
    let mut portal = world.listen("/me/events", &headers).await;
    let mut line = computer.listen().await;
    assert!(portal.next().await.is_some() && line.next().await.is_some());

    let issued = world.issued("bea", ISSUED).await;
    assert_eq!(issued.generation.0, 2);
    assert_eq!(issued.behind.len(), 1);
    assert_eq!(portal.next().await, None);
    assert!(line.next().await.unwrap().contains("\"temporary\":true"));
    for session in [&first, &second] {
        let problem = world.ask(session, "GET", "/me").await.problem();
        assert_eq!(problem.code, Code::SignedOut);
        let by = problem.ended_by.unwrap();
        assert_eq!((by.channel, &*by.client), (Channel::Admin, OWNER));
    }
    let refused = world.sign_in("bea", BEA).await;
    assert_eq!(refused, Err(Code::SignInRefused));
    let bea = world.sign_in("bea", ISSUED).await.unwrap();
    let me = world.me(&bea).await;
    assert!(me.temporary && world.row("bea").await.temporary);
    assert_eq!(
        (me.stamp.generation.0, me.changed.channel),
        (2, Channel::Admin)
    );
    assert_eq!(world.number(GENUINE).await, 0);

    let change = world.changing(&bea, ISSUED, CARL).await;
    world.change(&bea, &change).await.said::<PasswordChanged>();
    let me = world.me(&bea).await;
    assert!(!me.temporary && !world.row("bea").await.temporary);
    let news = computer.check_in().await.said::<CheckIn>().bindings;
    assert!(!news[0].temporary);
    assert_eq!(world.number(GENUINE).await, 1);
    let closed = "SELECT issued FROM credentials WHERE generation = 3";
    assert_eq!(world.number(closed).await, 2, "older envelopes stay closed");
    let ok = [OWNER, "bea", "ok"].map(String::from);
    assert_eq!(world.audited("password.issued").await, [ok]);
}

/// How many passwords were proved rather than issued.
const GENUINE: &str = "SELECT count(*) FROM credentials WHERE origin = 'proved'";

#[tokio::test]
async fn an_eavesdropper_who_sends_an_issue_again_issues_once() {
    let world = World::new().await;
    world.person("bea", BEA).await;
    let bea = world.id("bea").await;
    let prepared = world.issuing(&world.owner, bea, ISSUED).await;
    let first = world.issue(&world.owner, bea, &prepared).await;
    first.said::<Value>();
    let again = world.issue(&world.owner, bea, &prepared).await;
    assert_eq!(again.refusal(), Code::AttemptExpired);
    assert_eq!(world.row("bea").await.generation.unwrap().0, 2);
}

#[tokio::test]
async fn an_admin_cannot_finish_the_issue_of_another_or_about_another() {
    let world = World::new().await;
    let sam = world.second_owner("sam", CARL).await;
    world.person("bea", BEA).await;
    world.person("carl", CARL).await;
    let (bea, carl) = (world.id("bea").await, world.id("carl").await);
    for (session, about) in [(&sam, bea), (&world.owner, carl)] {
        let prepared = world.issuing(&world.owner, bea, ISSUED).await;
        let answer = world.issue(session, about, &prepared).await;
        assert_eq!(answer.refusal(), Code::AttemptExpired);
        // It was good once, and is spent.
        let answer = world.issue(&world.owner, bea, &prepared).await;
        assert_eq!(answer.refusal(), Code::AttemptExpired);
    }
    for name in ["bea", "carl"] {
        assert_eq!(world.row(name).await.generation.unwrap().0, 1);
    }
}

#[tokio::test]
async fn an_admin_does_not_overwrite_what_a_person_chose_meanwhile() {
    let world = World::new().await;
    let bea = world.person("bea", BEA).await;
    let id = world.id("bea").await;
    let prepared = world.issuing(&world.owner, id, ISSUED).await;
    let change = world.changing(&bea, BEA, CARL).await;
    world.change(&bea, &change).await.said::<PasswordChanged>();
    let late = world.issue(&world.owner, id, &prepared).await;
    assert_eq!(late.refusal(), Code::ChangedMeanwhile);
    assert_eq!(world.generation(&bea).await, 2);
    world.sign_in("bea", CARL).await.unwrap();
    let refused = [OWNER, "bea", "LS-2006"].map(String::from);
    assert_eq!(world.audited("password.issued").await, [refused]);
}

/// Every decision that there is, tried about somebody.
async fn tried(world: &World, session: &str, about: PersonId) -> Vec<Answer> {
    let mut answers = vec![world.issue_started(session, about).await];
    for decision in DECISIONS {
        answers.push(world.decide(session, about, decision).await);
    }
    answers
}

#[tokio::test]
async fn an_admin_decides_nothing_about_themselves_and_that_they_tried_is_known() {
    let world = World::new().await;
    let myself = world.id(OWNER).await;
    for answer in tried(&world, &world.owner, myself).await {
        assert_eq!(answer.refusal(), Code::NotAllowed);
    }
    let me = world.me(&world.owner).await;
    assert_eq!((me.stamp.generation.0, me.temporary), (1, false));
    assert_eq!(world.row(OWNER).await.status, PersonStatus::Active);
    assert_eq!(world.number("SELECT count(*) FROM invitations").await, 0);
    for action in [
        "password.issued",
        "password.reset_link_made",
        "factor.reset",
        "person.unlocked",
        "person.suspended",
        "person.resumed",
    ] {
        let refused = [OWNER, OWNER, "LS-2011"].map(String::from);
        assert_eq!(world.audited(action).await, [refused], "{action}");
    }
}

#[tokio::test]
async fn an_admin_who_names_nobody_is_told_so() {
    let world = World::new().await;
    for answer in tried(&world, &world.owner, PersonId::fresh()).await {
        assert_eq!(answer.refusal(), Code::NoSuchPerson);
    }
}

#[tokio::test]
async fn a_pending_person_is_issued_a_password_and_their_invitation_ends() {
    let world = World::new().await;
    let invitation = world.invited("bea").await;
    let opened = world.activating(&invitation, BEA).await;
    let issued = world.issued("bea", ISSUED).await;
    assert_eq!(issued.generation.0, 1);
    let answer = world.post("", "/activation/finish", &opened).await;
    assert_eq!(answer.refusal(), Code::InvitationSpent);
    let bea = world.sign_in("bea", ISSUED).await.unwrap();
    assert!(world.me(&bea).await.temporary);
}

#[tokio::test]
async fn an_admin_is_told_when_a_pending_person_chose_a_password_meanwhile() {
    let world = World::new().await;
    let invitation = world.invited("bea").await;
    let id = world.id("bea").await;
    let prepared = world.issuing(&world.owner, id, ISSUED).await;
    let bea = world.activated(&invitation, BEA).await;
    let late = world.issue(&world.owner, id, &prepared).await;
    assert_eq!(late.refusal(), Code::ChangedMeanwhile);
    assert_eq!(world.generation(&bea).await, 1);
}

#[tokio::test]
async fn an_admin_under_a_password_that_another_knows_administers_only_after_replacing_it() {
    let world = World::new().await;
    world.second_owner("sam", BEA).await;
    world.person("bea", BEA).await;
    world.issued("sam", ISSUED).await;
    let sam = world.sign_in("sam", ISSUED).await.unwrap();
    let bea = world.id("bea").await;
    let list = world.ask(&sam, "GET", "/admin/people").await;
    assert_eq!(list.refusal(), Code::OwnPasswordNeeded);
    for answer in tried(&world, &sam, bea).await {
        assert_eq!(answer.refusal(), Code::OwnPasswordNeeded);
    }
    let change = world.changing(&sam, ISSUED, CARL).await;
    world.change(&sam, &change).await.said::<PasswordChanged>();
    world
        .ask(&sam, "GET", "/admin/people")
        .await
        .said::<People>();
}

#[tokio::test]
async fn an_admin_who_issued_a_password_does_not_know_that_of_a_computer_linked_with_it() {
    let world = World::new().await;
    world.invited("bea").await;
    world.issued("bea", ISSUED).await;
    let computer = Computer::enrolled(&world).await;
    let mut link = computer
        .prepare(For::Link("bea"), BindingId::fresh(), ISSUED)
        .await;
    link.finish.account = Some("bea".into());
    link.finish.new_envelope = Some(EnvelopeId::fresh());
    let answer = computer.finish(&link).await;
    assert_eq!(answer.refusal(), Code::OwnPasswordNeeded);
    assert_eq!(world.number("SELECT count(*) FROM bindings").await, 0);
    assert_eq!(world.number("SELECT count(*) FROM shares").await, 0);
    let refused = ["computer desk", "bea", "LS-2016"].map(String::from);
    assert_eq!(world.audited("device.linked").await, [refused]);
    let bea = world.sign_in("bea", ISSUED).await.unwrap();
    let change = world.changing(&bea, ISSUED, BEA).await;
    world.change(&bea, &change).await.said::<PasswordChanged>();
    computer.link("bea", BEA, "bea").await;
}

#[tokio::test]
async fn two_admins_who_suspend_each_other_at_once_never_both_succeed() {
    let world = World::new().await;
    let sam = world.second_owner("sam", CARL).await;
    let (own, sams) = (world.id(OWNER).await, world.id("sam").await);
    let (one, other) = tokio::join!(
        world.decide(&world.owner, sams, "suspend"),
        world.decide(&sam, own, "suspend"),
    );
    let (won, lost) = if one.status.is_success() {
        (one, other)
    } else {
        (other, one)
    };
    won.said::<()>();
    assert_eq!(lost.refusal(), Code::SignedOut);
    let standing = "SELECT count(*) FROM people WHERE role = 'owner' AND suspended_at IS NULL";
    assert_eq!(world.number(standing).await, 1);
}

#[tokio::test]
async fn a_thief_of_an_admins_session_who_begins_without_end_is_slowed() {
    let world = World::new().await;
    world.person("bea", BEA).await;
    let bea = world.id("bea").await;
    let mut starts = 0;
    let full = loop {
        let answer = world.issue_started(&world.owner, bea).await;
        if !answer.status.is_success() {
            break answer;
        }
        starts += 1;
        assert!(starts < 100);
    };
    assert_eq!(full.refusal(), Code::TooManyAttempts);
    assert!(full.header("retry-after").is_some());
}

#[tokio::test]
async fn an_honest_admin_issues_as_many_passwords_as_there_are_people() {
    let world = World::new().await;
    world.person("bea", BEA).await;
    let bea = world.id("bea").await;
    for round in 0..12 {
        let prepared = world.issuing(&world.owner, bea, ISSUED).await;
        let answer = world.issue(&world.owner, bea, &prepared).await;
        assert!(answer.status.is_success(), "{round}: {answer:?}");
    }
}

#[tokio::test]
async fn a_person_whose_name_a_stranger_has_tried_out_is_let_in_by_an_admin() {
    let world = World::new().await;
    world.person("bea", BEA).await;
    let tire = async || {
        while world.sign_in("bea", CARL).await != Err(Code::TooManyAttempts) {}
    };
    tire().await;
    world.decided("bea", "unlock").await;
    world.sign_in("bea", BEA).await.unwrap();
    tire().await;
    world.issued("bea", ISSUED).await;
    world.sign_in("bea", ISSUED).await.unwrap();
    assert_eq!(world.audited("person.unlocked").await.len(), 1);
}

#[tokio::test]
async fn a_thief_of_an_old_session_decides_nothing_about_anybody() {
    let world = World::new().await;
    let bea = world.person("bea", BEA).await;
    let id = world.id("bea").await;
    let prepared = world.issuing(&world.owner, id, ISSUED).await;
    let minutes = 15 * 60 * 1000 + 1;
    let signed_in = "UPDATE sessions SET created_at = CAST($1 AS INTEGER)";
    world.sql(signed_in, &(now().0 - minutes).to_string()).await;
    let before = world.audit().await;
    for answer in tried(&world, &world.owner, id).await {
        assert_eq!(answer.refusal(), Code::SignInAgain);
    }
    let answer = world.issue(&world.owner, id, &prepared).await;
    assert_eq!(answer.refusal(), Code::SignInAgain);
    assert_eq!(world.audit().await, before);
    assert_eq!(world.generation(&bea).await, 1);
    // Whoever knows the password goes on.
    let fresh = world.signed_in(OWNER, OWNERS).await;
    world.issue(&fresh, id, &prepared).await.said::<Value>();
}
