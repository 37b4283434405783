//! "This wasn't me": who may say it, of what, and what comes of it.

use std::time::Duration;

use lockstep_directory::http::now;
use lockstep_model::{BindingId, Channel, Code, Stamp};
use lockstep_protocol::api::admin::{PersonRow, PersonStatus};
use lockstep_protocol::api::device::{CheckIn, Disown, Proved};
use lockstep_protocol::api::me::PasswordChanged;
use lockstep_protocol::api::public::{Carry, Reported};
use serde_json::Value;

use crate::admins::ISSUED;
use crate::computers::{Computer, For};
use crate::held_back::revoke;
use crate::people::{BEA, CARL};
use crate::world::{Answer, OWNER, OWNERS, URL, World};

const NOT_ME: &str = "/session/not-me";

/// Says it in a session.
async fn disown(world: &World, session: &str) -> Answer {
    world.ask(session, "POST", NOT_ME).await
}

/// Says it of the present password on a computer.
async fn disown_on(computer: &Computer<'_>, binding: BindingId, stamp: Stamp) -> Answer {
    let ask = Disown { binding, stamp };
    computer.post("/device/not-me", &ask).await
}

async fn present(computer: &Computer<'_>) -> Stamp {
    let news = computer.check_in().await.said::<CheckIn>().bindings;
    news[0].stamp
}

/// A person who has said it of the present password.
pub(crate) async fn locked(world: &World, name: &str, text: &str) {
    let computer = Computer::enrolled(world).await;
    let (binding, _) = computer.link(name, text, name).await;
    let answer = disown_on(&computer, binding, present(&computer).await).await;
    assert!(answer.said::<Reported>().locked);
}

/// A thief who knows a person's password changes it; gives the thief's session, and the person's
/// that has ended by it.
async fn robbed(world: &World, name: &str, from: &str, to: &str) -> (String, String) {
    let persons = world.sign_in(name, from).await.unwrap();
    let thiefs = world.sign_in(name, from).await.unwrap();
    let change = world.changing(&thiefs, from, to).await;
    world
        .change(&thiefs, &change)
        .await
        .said::<PasswordChanged>();
    (thiefs, persons)
}

#[tokio::test]
async fn a_person_whose_session_a_thiefs_change_has_ended_locks_the_thief_out_with_it() {
    let world = World::new().await;
    world.person("bea", BEA).await;
    let computer = Computer::enrolled(&world).await;
    computer.link("bea", BEA, "bea").await;
    let link = world.reset_link("bea").await;
    let (thiefs, persons) = robbed(&world, "bea", BEA, CARL).await;
    let problem = world.ask(&persons, "GET", "/me").await.problem();
    assert_eq!(problem.ended_by.unwrap().channel, Channel::Portal);
    let bearer = format!("Bearer {thiefs}");
    let headers = [("authorization", bearer.as_str())];
    let mut portal = world.listen("/me/events", &headers).await;
    let mut line = computer.listen().await;
    assert!(portal.next().await.is_some());
    assert!(line.next().await.unwrap().contains("\"held\":null"));

    let reported: Reported = disown(&world, &persons).await.said();
    assert!(reported.locked);
    assert_eq!(portal.next().await, None);
    assert!(line.next().await.unwrap().contains("\"held\":\"LS-2013\""));
    let problem = world.ask(&thiefs, "GET", "/me").await.problem();
    assert_eq!((problem.code, problem.ended_by), (Code::SignedOut, None));
    assert_eq!(disown(&world, &thiefs).await.refusal(), Code::SignedOut);
    for (text, code) in [
        (CARL, Code::SignInLocked),
        (BEA, Code::SignInRefused),
        ("a guess of a stranger", Code::SignInRefused),
    ] {
        assert_eq!(world.sign_in("bea", text).await, Err(code), "{text}");
    }
    let opened = world
        .post(
            "",
            "/activation/open",
            &serde_json::json!({ "token": link }),
        )
        .await;
    assert_eq!(opened.refusal(), Code::InvitationSpent);
    let row = world.row("bea").await;
    assert_eq!(row.status, PersonStatus::Locked);
    assert_eq!(row.report.unwrap().at, reported.at);
    let said = ["bea", "bea", "ok"].map(String::from);
    assert_eq!(world.audited("person.reported").await, [said]);

    world.decided("bea", "unlock").await;
    assert!(line.next().await.unwrap().contains("\"held\":null"));
    world.sign_in("bea", CARL).await.unwrap();
    let row = world.row("bea").await;
    assert_eq!((row.status, row.report), (PersonStatus::Active, None));
    let done = [OWNER, "bea", "ok"].map(String::from);
    assert_eq!(world.audited("person.unlocked").await, [done]);
}

#[tokio::test]
async fn nobody_says_it_but_a_session_that_a_change_ended_less_than_a_week_ago() {
    let world = World::new().await;
    let signed_out = world.person("bea", BEA).await;
    world
        .ask(&signed_out, "DELETE", "/session")
        .await
        .said::<()>();
    let thrown_out = world.signed_in("bea", BEA).await;
    let live = world.signed_in("bea", BEA).await;
    world
        .ask(&live, "DELETE", "/me/sessions")
        .await
        .said::<()>();
    let expired = world.signed_in("bea", BEA).await;
    let expiry = "UPDATE sessions SET expires_at = CAST($1 AS INTEGER)
        WHERE person = (SELECT id FROM people WHERE user_name = 'bea')";
    world.sql(expiry, &now().0.to_string()).await;
    let (thiefs, old) = robbed(&world, "bea", BEA, CARL).await;
    let week = 7 * 24 * 60 * 60 * 1000;
    let long_ago = "UPDATE ended_sessions SET ended_at = CAST($1 AS INTEGER)";
    world.sql(long_ago, &(now().0 - week).to_string()).await;
    let problem = world.ask(&old, "GET", "/me").await.problem();
    assert_eq!(problem.ended_by, None, "a week is over");
    for (which, session) in [
        ("signed out", signed_out.as_str()),
        ("expired", &expired),
        ("thrown out", &thrown_out),
        ("live", &thiefs),
        ("too old", &old),
        ("made up", "made-up"),
        ("none", ""),
    ] {
        let answer = disown(&world, session).await;
        assert_eq!(answer.refusal(), Code::SignedOut, "{which}");
    }
    assert_eq!(world.number("SELECT count(*) FROM reports").await, 0);
    world.sign_in("bea", CARL).await.unwrap();
    let in_time = now().0 - week + 60_000;
    world.sql(long_ago, &in_time.to_string()).await;
    let answer = disown(&world, &expired).await;
    assert_eq!(answer.refusal(), Code::SignedOut);
    disown(&world, &old).await.said::<Reported>();
}

#[tokio::test]
async fn a_foreign_page_does_not_say_it_with_a_persons_cookie() {
    let world = World::new().await;
    let mut finish = world.signing_in(OWNER, OWNERS).await;
    finish.carry = Carry::Cookie;
    let opened = world.post("", "/sign-in/finish", &finish).await;
    let cookie = opened.header("set-cookie").unwrap();
    let cookie = cookie.split_once(';').unwrap().0;
    let change = world.changing(&world.owner, OWNERS, CARL).await;
    world
        .change(&world.owner, &change)
        .await
        .said::<PasswordChanged>();
    for origin in [None, Some("null"), Some("https://evil.example")] {
        let mut headers = vec![("cookie", cookie)];
        headers.extend(origin.map(|origin| ("origin", origin)));
        let answer = world.send("POST", NOT_ME, &headers, "").await;
        assert_eq!(answer.refusal(), Code::NotAllowed, "{origin:?}");
    }
    assert_eq!(world.row(OWNER).await.report, None);
    let own = [("cookie", cookie), ("origin", URL)];
    let answer = world.send("POST", NOT_ME, &own, "").await;
    assert!(answer.said::<Reported>().locked);
}

#[tokio::test]
async fn a_computer_says_it_only_of_the_present_password_of_its_own_person() {
    let world = World::new().await;
    let bea = world.person("bea", BEA).await;
    let (own, other) = (
        Computer::enrolled(&world).await,
        Computer::enrolled(&world).await,
    );
    let (binding, _) = own.link("bea", BEA, "bea").await;
    other.link(OWNER, OWNERS, "u").await;
    let first = present(&own).await;
    let change = world.changing(&bea, BEA, CARL).await;
    world.change(&bea, &change).await.said::<PasswordChanged>();
    let second = present(&own).await;
    let elsewhere = Stamp {
        epoch: lockstep_model::Epoch::fresh(),
        ..second
    };
    for stale in [first, second.next(), elsewhere] {
        let answer = disown_on(&own, binding, stale).await;
        assert_eq!(answer.refusal(), Code::ChangedMeanwhile);
    }
    let answer = disown_on(&other, binding, second).await;
    assert_eq!(answer.refusal(), Code::NotLinked);
    let answer = disown_on(&own, BindingId::fresh(), second).await;
    assert_eq!(answer.refusal(), Code::NotLinked);
    assert_eq!(world.row("bea").await.report, None);
    assert_eq!(world.generation(&bea).await, 2);

    let answer = disown_on(&own, binding, second).await;
    assert!(answer.said::<Reported>().locked);
    let answer = world.ask(&bea, "GET", "/me").await;
    assert_eq!(answer.refusal(), Code::SignedOut);
    assert_eq!(world.row("bea").await.report.unwrap().client, "desk");
    let said = ["computer desk", "bea", "ok"].map(String::from);
    assert_eq!(world.audited("person.reported").await, [said]);

    world.decided("bea", "unlock").await;
    revoke(&world, &own).await;
    let answer = disown_on(&other, binding, second).await;
    assert_eq!(answer.refusal(), Code::NotLinked);
    let ask = serde_json::to_string(&Disown {
        binding,
        stamp: second,
    })
    .unwrap();
    let claims = own.claims("POST", "/device/not-me", &ask, &other.nonce().await);
    let answer = own.present(&claims, "POST", "/device/not-me", &ask).await;
    assert_eq!(answer.refusal(), Code::DeviceRefused);
    assert_eq!(world.row("bea").await.report, None);
}

#[tokio::test]
async fn a_thief_of_a_computer_that_is_revoked_meanwhile_does_not_say_it() {
    let world = World::new().await;
    let computer = Computer::enrolled(&world).await;
    let (binding, _) = computer.link(OWNER, OWNERS, "u").await;
    let stamp = present(&computer).await;
    let mut write = world.storage.write().await.unwrap();
    let revoking = async move {
        // Until it has passed the first check and waits for the one writer.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let revoke = sqlx::query("UPDATE devices SET revoked_at = 1");
        revoke.execute(&mut *write).await.unwrap();
        write.commit().await.unwrap();
    };
    let (answer, ()) = tokio::join!(disown_on(&computer, binding, stamp), revoking);
    assert_eq!(answer.refusal(), Code::DeviceRefused);
    assert_eq!(world.row(OWNER).await.report, None);
}

#[tokio::test]
async fn an_organisation_that_only_wants_to_be_told_is_told() {
    let world = World::new().await;
    let locking = r#"this_was_not_me = "lock""#;
    let world = world.under(locking, r#"this_was_not_me = "notice""#).await;
    world.person("bea", BEA).await;
    let (thiefs, persons) = robbed(&world, "bea", BEA, CARL).await;
    let reported: Reported = disown(&world, &persons).await.said();
    assert!(!reported.locked);
    assert_eq!(world.generation(&thiefs).await, 2);
    world.sign_in("bea", CARL).await.unwrap();
    let row = world.row("bea").await;
    assert_eq!(row.status, PersonStatus::Active);
    assert_eq!(row.report.unwrap().at, reported.at);
    assert_eq!(world.audited("person.reported").await.len(), 1);
    // The rule is made stricter; said again, it locks.
    let noticing = r#"this_was_not_me = "notice""#;
    let world = world.under(noticing, locking).await;
    let again: Reported = disown(&world, &persons).await.said();
    assert!(again.locked);
    assert_eq!(world.sign_in("bea", CARL).await, Err(Code::SignInLocked));
    assert_eq!(world.audited("person.reported").await.len(), 2);
}

#[tokio::test]
async fn a_person_who_says_it_twice_has_said_it_once() {
    let world = World::new().await;
    world.person("bea", BEA).await;
    let computer = Computer::enrolled(&world).await;
    let (binding, _) = computer.link("bea", BEA, "bea").await;
    let (_, persons) = robbed(&world, "bea", BEA, CARL).await;
    let first: Reported = disown(&world, &persons).await.said();
    let stamp = present(&computer).await;
    for _ in 0..3 {
        let again: Reported = disown(&world, &persons).await.said();
        assert_eq!(again, first);
        let again = disown_on(&computer, binding, stamp).await;
        assert_eq!(again.said::<Reported>(), first);
    }
    assert_eq!(world.row("bea").await.report.unwrap().at, first.at);
    assert_eq!(world.audited("person.reported").await.len(), 1);
}

#[tokio::test]
async fn a_thief_of_an_ended_session_does_not_lock_again_what_was_resolved() {
    let world = World::new().await;
    world.person("bea", BEA).await;
    let mut present = BEA;
    for resolved in ["unlock", "issue", "reset"] {
        let next = if present == CARL { BEA } else { CARL };
        // Here it is the person who changes the password, and the thief who held the other session.
        let (_, thiefs) = robbed(&world, "bea", present, next).await;
        disown(&world, &thiefs).await.said::<Reported>();
        present = match resolved {
            "unlock" => {
                world.decided("bea", "unlock").await;
                next
            }
            "issue" => {
                world.issued("bea", ISSUED).await;
                ISSUED
            }
            _ => {
                let link = world.reset_link("bea").await;
                world.activated(&link, OWNERS).await;
                OWNERS
            }
        };
        let again = disown(&world, &thiefs).await;
        assert_eq!(again.refusal(), Code::SignedOut, "{resolved}");
        assert_eq!(world.row("bea").await.status, PersonStatus::Active);
        world.sign_in("bea", present).await.unwrap();
    }
}

#[tokio::test]
async fn a_rogue_admin_who_issues_twice_is_reported_all_the_same() {
    let world = World::new().await;
    let bea = world.person("bea", BEA).await;
    world.issued("bea", ISSUED).await;
    world.issued("bea", CARL).await;
    let reported: Reported = disown(&world, &bea).await.said();
    assert!(reported.locked);
}

#[tokio::test]
async fn a_thief_of_an_ended_session_is_told_of_the_change_that_ended_it_and_of_none_since() {
    let world = World::new().await;
    world.person("bea", BEA).await;
    let (bea, thiefs) = robbed(&world, "bea", BEA, CARL).await;
    let told = world.ask(&thiefs, "GET", "/me").await.problem().ended_by;
    let change = world.changing(&bea, CARL, BEA).await;
    world.change(&bea, &change).await.said::<PasswordChanged>();
    let again = world.ask(&thiefs, "GET", "/me").await.problem().ended_by;
    assert_eq!(again, told);
    let me = world.me(&bea).await;
    assert_ne!(told, Some(me.changed));
    world.issued("bea", ISSUED).await;
    let again = world.ask(&thiefs, "GET", "/me").await.problem().ended_by;
    assert_eq!(again, told);
}

#[tokio::test]
async fn a_thief_whose_proofs_are_under_way_when_the_person_says_it_gets_nothing_by_them() {
    let world = World::new().await;
    world.person("bea", BEA).await;
    let (persons, thiefs) = (
        Computer::enrolled(&world).await,
        Computer::enrolled(&world).await,
    );
    let (binding, _) = persons.link("bea", BEA, "bea").await;
    let (stolen, envelope) = thiefs.link("bea", BEA, "bea").await;
    let mut sync = thiefs.prepare(For::Sync, stolen, BEA).await;
    sync.finish.envelopes = vec![envelope];
    let open = thiefs.prepare(For::Change(CARL), stolen, BEA).await;
    let commit = open.commit(&thiefs.finish(&open).await.said::<Proved>());
    let sign_in = world.signing_in("bea", BEA).await;
    let answer = disown_on(&persons, binding, present(&persons).await).await;
    assert!(answer.said::<Reported>().locked);
    assert_eq!(thiefs.finish(&sync).await.refusal(), Code::SignInLocked);
    let answer = thiefs.post("/device/password", &commit).await;
    assert_eq!(answer.refusal(), Code::SignInLocked);
    let answer = world.post("", "/sign-in/finish", &sign_in).await;
    assert_eq!(answer.refusal(), Code::SignInLocked);
    let PersonRow { generation, .. } = world.row("bea").await;
    assert_eq!(generation.unwrap().0, 1);
    assert_eq!(world.audited("shares.released").await.len(), 0);
}

#[tokio::test]
async fn a_locked_person_is_let_in_by_an_issued_password() {
    let world = World::new().await;
    world.person("bea", BEA).await;
    locked(&world, "bea", BEA).await;
    let issued: Value = {
        let issued = world.issued("bea", ISSUED).await;
        serde_json::to_value(&issued).unwrap()
    };
    assert_eq!(issued["generation"], 2);
    world.sign_in("bea", ISSUED).await.unwrap();
    assert_eq!(world.row("bea").await.report, None);
}
