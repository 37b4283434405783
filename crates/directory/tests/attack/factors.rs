//! Second factors: what they open, for whom, and how often.

use data_encoding::BASE32_NOPAD;
use lockstep_directory::http::now;
use lockstep_model::{BindingId, Code, EnvelopeId};
use lockstep_protocol::Token;
use lockstep_protocol::api::device::{FactorAnswer, Proved};
use lockstep_protocol::api::me::{FactorKind, PasswordChanged};

use crate::admins::ISSUED;
use crate::computers::{Computer, For};
use crate::people::{BEA, CARL};
use crate::phones::BEGIN;
use crate::world::{OWNER, World};

/// A sync that asks for one envelope, with a code or without.
async fn sync(
    computer: &Computer<'_>,
    binding: BindingId,
    text: &str,
    envelope: EnvelopeId,
    code: Option<Token>,
) -> Result<(Proved, Vec<EnvelopeId>), Code> {
    let mut sync = computer.prepare(For::Sync, binding, text).await;
    sync.finish.envelopes = vec![envelope];
    sync.finish.factor = code.map(|code| FactorAnswer::Totp { code });
    let answer = computer.finish(&sync).await;
    if !answer.status.is_success() {
        return Err(answer.refusal());
    }
    let proved: Proved = answer.said();
    let shares = sync.shares(&proved);
    assert_eq!(shares.is_empty(), proved.withheld == [envelope]);
    Ok((proved, shares))
}

/// Bea and her computer, in sync at her first password.
async fn bea(world: &World) -> (String, Computer<'_>, BindingId, EnvelopeId) {
    let session = world.person("bea", BEA).await;
    let computer = Computer::enrolled(world).await;
    let (binding, envelope) = computer.link("bea", BEA, "bea").await;
    (session, computer, binding, envelope)
}

/// Bea replaces an issued password by an own one; gives her session.
async fn replaced(world: &World, issued: &str, own: &str) -> String {
    let session = world.sign_in("bea", issued).await.unwrap();
    let change = world.changing(&session, issued, own).await;
    world
        .change(&session, &change)
        .await
        .said::<PasswordChanged>();
    session
}

fn wrong() -> Token {
    Token("000000".into())
}

#[tokio::test]
async fn a_rogue_admin_with_a_stolen_computer_needs_the_phone_too_and_its_person_is_told() {
    let world = World::new().await;
    let (session, computer, binding, former) = bea(&world).await;
    let phone = world.phone(&session).await;
    world.issued("bea", ISSUED).await;

    let (proved, shares) = sync(&computer, binding, ISSUED, former, None)
        .await
        .unwrap();
    assert_eq!(shares, []);
    assert_eq!(proved.factor_wanted, Some(FactorKind::Totp));
    let refused = sync(&computer, binding, ISSUED, former, Some(wrong())).await;
    assert_eq!(refused.unwrap_err(), Code::FactorRefused);
    let anna = world.sign_in("bea", ISSUED).await.unwrap();
    assert_eq!(world.me(&anna).await.recovered, None);

    let code = Some(phone.code(0).await);
    let (proved, shares) = sync(&computer, binding, ISSUED, former, code)
        .await
        .unwrap();
    assert_eq!(shares, [former]);
    assert_eq!(proved.factor_wanted, None);
    let recovered = world.me(&anna).await.recovered.unwrap();
    assert_eq!(recovered.computer, "desk");
    let row = |result: &str| ["computer desk", "bea", result].map(String::from);
    let seen = world.audited("shares.released_after_issue").await;
    assert_eq!(seen, [row("LS-2018"), row("ok")]);
    // A month later it is old news.
    let month = now().0 - 31 * 24 * 60 * 60 * 1000;
    let aged = "UPDATE recoveries SET at = CAST($1 AS INTEGER)";
    world.sql(aged, &month.to_string()).await;
    assert_eq!(world.me(&anna).await.recovered, None);
}

#[tokio::test]
async fn a_factor_still_helps_once_the_person_has_an_own_password_again() {
    let world = World::new().await;
    let (session, computer, binding, former) = bea(&world).await;
    let phone = world.phone(&session).await;
    world.issued("bea", ISSUED).await;
    replaced(&world, ISSUED, CARL).await;
    let code = Some(phone.code(0).await);
    let (_, shares) = sync(&computer, binding, CARL, former, code).await.unwrap();
    assert_eq!(shares, [former]);
}

#[tokio::test]
async fn who_looks_over_a_shoulder_uses_no_code_again() {
    let world = World::new().await;
    let (session, computer, binding, former) = bea(&world).await;
    let phone = world.beginning(&session).await;
    let first = phone.code(-1).await;
    let confirmed = world.says(&session, phone.factor, "confirm", first.clone());
    confirmed.await.said::<()>();
    world.issued("bea", ISSUED).await;
    let asked = async |code| sync(&computer, binding, ISSUED, former, Some(code)).await;
    let refused = asked(first.clone()).await;
    assert_eq!(refused.unwrap_err(), Code::FactorRefused);
    let second = phone.code(0).await;
    let (_, shares) = asked(second.clone()).await.unwrap();
    assert_eq!(shares, [former]);
    for used in [second, first] {
        assert_eq!(asked(used).await.unwrap_err(), Code::FactorRefused);
    }
    let (_, shares) = asked(phone.code(1).await).await.unwrap();
    assert_eq!(shares, [former]);
}

#[tokio::test]
async fn a_factor_that_whoever_issued_the_password_enrols_opens_nothing_older() {
    let world = World::new().await;
    let (_, computer, binding, former) = bea(&world).await;
    world.issued("bea", ISSUED).await;
    let rogue = replaced(&world, ISSUED, CARL).await;
    let phone = world.phone(&rogue).await;
    for issued_again in [false, true] {
        let text = if issued_again { ISSUED } else { CARL };
        if issued_again {
            // A second issue makes nothing older than the first any newer.
            world.issued("bea", ISSUED).await;
        }
        let (proved, shares) = sync(&computer, binding, text, former, None).await.unwrap();
        assert_eq!((shares, proved.factor_wanted), (vec![], None));
        let code = Some(phone.code(0).await);
        let (_, shares) = sync(&computer, binding, text, former, code).await.unwrap();
        assert_eq!(shares, []);
    }
    assert!(
        world
            .audited("shares.released_after_issue")
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn a_factor_that_an_admin_has_reset_opens_nothing_and_its_successor_nothing_of_before() {
    let world = World::new().await;
    let (session, computer, binding, former) = bea(&world).await;
    let lost = world.phone(&session).await;
    world.decided("bea", "reset-factor").await;
    assert_eq!(world.me(&session).await.factors, []);
    let gone = world.says(&session, lost.factor, "remove", lost.code(0).await);
    assert_eq!(gone.await.refusal(), Code::NoFactor);
    let next = world.phone(&session).await;
    world.issued("bea", ISSUED).await;
    for phone in [&lost, &next] {
        let code = Some(phone.code(1).await);
        let (proved, shares) = sync(&computer, binding, ISSUED, former, code)
            .await
            .unwrap();
        assert_eq!((shares, proved.factor_wanted), (vec![], None));
    }
    // What is sealed after the reset, the next one stands for.
    replaced(&world, ISSUED, CARL).await;
    let envelope = EnvelopeId::fresh();
    let mut seal = computer.prepare(For::Sync, binding, CARL).await;
    seal.finish.new_envelope = Some(envelope);
    computer.finish(&seal).await.said::<Proved>();
    world.issued("bea", ISSUED).await;
    let code = Some(next.code(0).await);
    let (_, shares) = sync(&computer, binding, ISSUED, envelope, code)
        .await
        .unwrap();
    assert_eq!(shares, [envelope]);
    let ok = [OWNER, "bea", "ok"].map(String::from);
    assert_eq!(world.audited("factor.reset").await, [ok]);
}

#[tokio::test]
async fn the_other_rules_ask_for_no_factor() {
    for (rule, opens) in [("always", true), ("never", false)] {
        let world = World::new().await;
        let default = r#"release_after_issue = "factor""#;
        let rule = format!(r#"release_after_issue = "{rule}""#);
        let world = world.under(default, &rule).await;
        let (session, computer, binding, former) = bea(&world).await;
        let phone = world.phone(&session).await;
        world.issued("bea", ISSUED).await;
        for code in [None, Some(wrong()), Some(phone.code(0).await)] {
            let (proved, shares) = sync(&computer, binding, ISSUED, former, code)
                .await
                .unwrap();
            assert_eq!(
                (!shares.is_empty(), proved.factor_wanted),
                (opens, None),
                "{rule}"
            );
        }
        let told = world.audited("shares.released_after_issue").await.len();
        assert_eq!(told, if opens { 3 } else { 0 }, "{rule}");
    }
}

#[tokio::test]
async fn a_code_where_nothing_is_kept_closed_is_not_spent() {
    let world = World::new().await;
    let (session, computer, binding, former) = bea(&world).await;
    let phone = world.phone(&session).await;
    let code = phone.code(0).await;
    let (proved, shares) = sync(&computer, binding, BEA, former, Some(code.clone()))
        .await
        .unwrap();
    assert_eq!((shares, proved.factor_wanted), (vec![former], None));
    world.issued("bea", ISSUED).await;
    let (_, shares) = sync(&computer, binding, ISSUED, former, Some(code))
        .await
        .unwrap();
    assert_eq!(shares, [former]);
}

#[tokio::test]
async fn who_guesses_codes_is_stopped_and_the_right_one_comes_too_late() {
    let world = World::new().await;
    let (session, computer, binding, former) = bea(&world).await;
    let phone = world.phone(&session).await;
    world.issued("bea", ISSUED).await;
    for _ in 0..5 {
        let refused = sync(&computer, binding, ISSUED, former, Some(wrong())).await;
        assert_eq!(refused.unwrap_err(), Code::FactorRefused);
    }
    let code = phone.code(0).await;
    let mut last = computer.prepare(For::Sync, binding, ISSUED).await;
    last.finish.envelopes = vec![former];
    last.finish.factor = Some(FactorAnswer::Totp { code });
    let answer = computer.finish(&last).await;
    assert_eq!(answer.refusal(), Code::TooManyAttempts);
    assert!(answer.header("retry-after").is_some());
    // The computer goes on without.
    let (proved, _) = sync(&computer, binding, ISSUED, former, None)
        .await
        .unwrap();
    assert_eq!(proved.factor_wanted, Some(FactorKind::Totp));
    let seen = world.audited("shares.released_after_issue").await;
    assert_eq!(seen.len(), 6);
    assert_eq!(seen[5][2], "LS-2012");
}

#[tokio::test]
async fn who_shows_codes_that_are_right_is_never_slowed() {
    let world = World::new().await;
    let session = world.person("bea", BEA).await;
    for _ in 0..7 {
        let phone = world.phone(&session).await;
        let code = phone.code(0).await;
        let removed = world.says(&session, phone.factor, "remove", code).await;
        removed.said::<()>();
    }
}

#[tokio::test]
async fn a_guesser_without_the_password_learns_nothing_of_a_factor() {
    let world = World::new().await;
    let (session, computer, binding, former) = bea(&world).await;
    let phone = world.phone(&session).await;
    world.issued("bea", ISSUED).await;
    let code = phone.code(0).await;
    let mut guess = computer.prepare(For::Sync, binding, ISSUED).await;
    guess.finish.finish.0.fill(0);
    guess.finish.envelopes = vec![former];
    guess.finish.factor = Some(FactorAnswer::Totp { code: code.clone() });
    let answer = computer.finish(&guess).await;
    assert_eq!(answer.refusal(), Code::NotTheNewPassword);
    // It was not even looked at.
    let (_, shares) = sync(&computer, binding, ISSUED, former, Some(code))
        .await
        .unwrap();
    assert_eq!(shares, [former]);
}

#[tokio::test]
async fn a_code_stands_beside_no_proof_but_a_syncs() {
    let world = World::new().await;
    let (session, computer, binding, former) = bea(&world).await;
    let phone = world.phone(&session).await;
    world.issued("bea", ISSUED).await;
    let mut change = computer.prepare(For::Change(CARL), binding, ISSUED).await;
    change.finish.envelopes = vec![former];
    change.finish.factor = Some(FactorAnswer::Totp {
        code: phone.code(0).await,
    });
    assert_eq!(computer.finish(&change).await.refusal(), Code::BadRequest);
}

#[tokio::test]
async fn a_thief_of_a_session_enrols_and_removes_nothing_a_quarter_of_an_hour_after_the_sign_in() {
    let world = World::new().await;
    let session = world.person("bea", BEA).await;
    let phone = world.phone(&session).await;
    let other = world.person("carl", CARL).await;
    let pending = world.beginning(&other).await;
    let quarter = now().0 - 15 * 60 * 1000 - 1;
    let signed_in = "UPDATE sessions SET created_at = CAST($1 AS INTEGER)";
    world.sql(signed_in, &quarter.to_string()).await;
    let begun = world.post(&session, "/me/factors", &BEGIN).await;
    assert_eq!(begun.refusal(), Code::SignInAgain);
    for (session, phone, act) in [(&session, &phone, "remove"), (&other, &pending, "confirm")] {
        let answer = world.says(session, phone.factor, act, phone.code(0).await);
        assert_eq!(answer.await.refusal(), Code::SignInAgain, "{act}");
    }
}

#[tokio::test]
async fn whoever_issued_a_temporary_password_enrols_no_factor_with_it() {
    let world = World::new().await;
    let (session, ..) = bea(&world).await;
    let pending = world.beginning(&session).await;
    world.issued("bea", ISSUED).await;
    let rogue = world.sign_in("bea", ISSUED).await.unwrap();
    let begun = world.post(&rogue, "/me/factors", &BEGIN).await;
    assert_eq!(begun.refusal(), Code::OwnPasswordNeeded);
    let code = pending.code(0).await;
    let confirmed = world.says(&rogue, pending.factor, "confirm", code).await;
    assert_eq!(confirmed.refusal(), Code::OwnPasswordNeeded);
    assert_eq!(world.me(&rogue).await.factors, []);
}

#[tokio::test]
async fn a_person_removes_their_own_factor_by_a_code_and_nobody_elses() {
    let world = World::new().await;
    let session = world.person("bea", BEA).await;
    let other = world.person("carl", CARL).await;
    let phone = world.phone(&session).await;
    let again = world.post(&session, "/me/factors", &BEGIN).await;
    assert_eq!(again.refusal(), Code::FactorThere);
    let code = phone.code(0).await;
    let answer = world
        .says(&other, phone.factor, "remove", code.clone())
        .await;
    assert_eq!(answer.refusal(), Code::NoFactor);
    let answer = world.says(&session, phone.factor, "remove", wrong()).await;
    assert_eq!(answer.refusal(), Code::FactorRefused);
    assert_eq!(world.me(&session).await.factors.len(), 1);
    let answer = world.says(&session, phone.factor, "remove", code).await;
    answer.said::<()>();
    assert_eq!(world.me(&session).await.factors, []);
    let row = |result: &str| ["bea", "bea", result].map(String::from);
    assert_eq!(world.audited("factor.enrolled").await, [row("ok")]);
    let removed = world.audited("factor.removed").await;
    assert_eq!(removed, [row("LS-2018"), row("ok")]);
}

#[tokio::test]
async fn an_enrolment_counts_from_its_first_code_and_waits_a_quarter_of_an_hour() {
    let world = World::new().await;
    let session = world.person("bea", BEA).await;
    let first = world.beginning(&session).await;
    let second = world.beginning(&session).await;
    let code = first.code(0).await;
    let answer = world.says(&session, first.factor, "confirm", code).await;
    assert_eq!(answer.refusal(), Code::NoFactor, "it was begun anew");
    let code = first.code(0).await;
    let answer = world.says(&session, second.factor, "confirm", code).await;
    assert_eq!(answer.refusal(), Code::FactorRefused, "the other's code");
    assert_eq!(world.me(&session).await.factors, []);
    let quarter = now().0 - 15 * 60 * 1000 - 1;
    let begun = "UPDATE factors SET begun_at = CAST($1 AS INTEGER)";
    world.sql(begun, &quarter.to_string()).await;
    let code = second.code(0).await;
    let answer = world.says(&session, second.factor, "confirm", code).await;
    assert_eq!(answer.refusal(), Code::NoFactor);
}

#[tokio::test]
async fn a_thief_of_the_database_has_no_code_and_one_who_writes_it_swaps_no_factor() {
    let world = World::new().await;
    let (session, computer, binding, former) = bea(&world).await;
    let phone = world.phone(&session).await;
    let kept = world.kept();
    let holds = |bytes: &[u8]| kept.windows(bytes.len()).any(|window| window == bytes);
    assert!(
        holds(phone.factor.to_string().as_bytes()),
        "looks at the right files"
    );
    assert!(!holds(phone.secret.expose()));
    assert!(!holds(
        BASE32_NOPAD.encode(phone.secret.expose()).as_bytes()
    ));

    let carl = world.person("carl", CARL).await;
    let own = world.phone(&carl).await;
    let swap = "UPDATE factors SET sealed = (SELECT sealed FROM factors WHERE id = $1)";
    world.sql(swap, &own.factor.to_string()).await;
    world.issued("bea", ISSUED).await;
    let code = Some(own.code(0).await);
    let refused = sync(&computer, binding, ISSUED, former, code).await;
    assert_eq!(refused.unwrap_err(), Code::Internal);
}
