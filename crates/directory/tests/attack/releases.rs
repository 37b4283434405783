//! Shares go to the binding that they were made for, and to no other.

use lockstep_model::{Code, EnvelopeId};
use lockstep_protocol::api::device::{Proved, RetireEnvelopes};
use lockstep_protocol::api::me::PasswordChanged;

use crate::admins::ISSUED;
use crate::computers::{Computer, For};
use crate::people::{BEA, CARL};
use crate::world::{OWNER, OWNERS, World};

#[tokio::test]
async fn a_person_gets_no_share_of_another_binding_not_even_on_the_same_computer() {
    let world = World::new().await;
    world.person("bea", BEA).await;
    let computer = Computer::enrolled(&world).await;
    let elsewhere = Computer::enrolled(&world).await;
    let (_, beas) = computer.link("bea", BEA, "bea").await;
    let (_, second) = computer.link(OWNER, OWNERS, "second").await;
    let (_, remote) = elsewhere.link(OWNER, OWNERS, "remote").await;
    let (binding, own) = computer.link(OWNER, OWNERS, "own").await;
    let foreign = vec![beas, second, remote, EnvelopeId::fresh()];
    let mut sync = computer.prepare(For::Sync, binding, OWNERS).await;
    sync.finish.envelopes = [vec![own], foreign.clone()].concat();
    let proved: Proved = computer.finish(&sync).await.said();
    assert_eq!(sync.shares(&proved), [own]);
    assert_eq!(proved.withheld, foreign);
}

#[tokio::test]
async fn a_person_whose_binding_went_to_another_gets_no_share_of_theirs() {
    let world = World::new().await;
    world.person("bea", BEA).await;
    let computer = Computer::enrolled(&world).await;
    let (binding, _) = computer.link(OWNER, OWNERS, "u").await;
    let mut stale = computer.prepare(For::Sync, binding, OWNERS).await;
    let mut stale_change = computer.prepare(For::Change(CARL), binding, OWNERS).await;
    computer.unlink(binding).await;
    let envelope = EnvelopeId::fresh();
    let mut link = computer.prepare(For::Link("bea"), binding, BEA).await;
    link.finish.account = Some("u".into());
    link.finish.new_envelope = Some(envelope);
    let proved: Proved = computer.finish(&link).await.said();
    assert_eq!(link.shares(&proved), [envelope]);
    for stale in [&mut stale, &mut stale_change] {
        stale.finish.envelopes = vec![envelope];
        stale.finish.new_envelope = Some(EnvelopeId::fresh());
        assert_eq!(computer.finish(stale).await.refusal(), Code::NotLinked);
    }
}

#[tokio::test]
async fn an_admin_who_issues_a_password_opens_no_older_envelope() {
    let world = World::new().await;
    let computer = Computer::enrolled(&world).await;
    let (binding, first) = computer.link(OWNER, OWNERS, "u").await;
    let change = world.changing(&world.owner, OWNERS, CARL).await;
    let changed = world.change(&world.owner, &change).await;
    changed.said::<PasswordChanged>();
    let second = EnvelopeId::fresh();
    let mut sync = computer.prepare(For::Sync, binding, CARL).await;
    sync.finish.envelopes = vec![first];
    sync.finish.new_envelope = Some(second);
    let proved: Proved = computer.finish(&sync).await.said();
    assert_eq!(sync.shares(&proved), [first, second], "proved, not issued");

    let issued = "UPDATE credentials SET issued = CAST($1 AS INTEGER) WHERE generation = 2";
    world.sql(issued, "2").await;
    let mut sync = computer.prepare(For::Sync, binding, CARL).await;
    sync.finish.envelopes = vec![first, second];
    let proved: Proved = computer.finish(&sync).await.said();
    assert_eq!(sync.shares(&proved), [second]);
    assert_eq!(proved.withheld, [first]);
}

/// What a computer gets of an envelope of before, once an admin has issued a password, and once the
/// person has replaced that.
async fn after_an_issue(world: &World) -> [Vec<EnvelopeId>; 2] {
    world.person("bea", BEA).await;
    let computer = Computer::enrolled(world).await;
    let (binding, former) = computer.link("bea", BEA, "bea").await;
    let asked = async |text| {
        let mut sync = computer.prepare(For::Sync, binding, text).await;
        sync.finish.envelopes = vec![former];
        let proved: Proved = computer.finish(&sync).await.said();
        let shares = sync.shares(&proved);
        assert_eq!(shares.is_empty(), proved.withheld == [former]);
        shares
    };
    assert_eq!(asked(BEA).await, [former]);
    world.issued("bea", ISSUED).await;
    let issued = asked(ISSUED).await;
    let bea = world.sign_in("bea", ISSUED).await.unwrap();
    let change = world.changing(&bea, ISSUED, CARL).await;
    world.change(&bea, &change).await.said::<PasswordChanged>();
    [issued, asked(CARL).await]
}

#[tokio::test]
async fn a_rogue_admin_with_a_stolen_computer_gets_no_former_password_and_is_seen_trying() {
    for rule in ["factor", "never"] {
        let world = World::new().await;
        let default = r#"release_after_issue = "factor""#;
        let rule = format!(r#"release_after_issue = "{rule}""#);
        let world = world.under(default, &rule).await;
        assert_eq!(after_an_issue(&world).await, [vec![], vec![]], "{rule}");
        let row = |result: &str| ["computer desk", "bea", result].map(String::from);
        let seen = [row("ok"), row("LS-2010"), row("LS-2010")];
        assert_eq!(world.audited("shares.released").await, seen);
    }
}

#[tokio::test]
async fn an_organisation_that_trusts_its_admins_gets_every_release_into_the_audit() {
    let world = World::new().await;
    let default = r#"release_after_issue = "factor""#;
    let always = r#"release_after_issue = "always""#;
    let world = world.under(default, always).await;
    let [issued, replaced] = after_an_issue(&world).await;
    assert_eq!((issued.len(), replaced.len()), (1, 1));
    let ok = ["computer desk", "bea", "ok"].map(String::from);
    let seen = world.audited("shares.released").await;
    assert_eq!(seen, [ok.clone(), ok.clone(), ok]);
}

#[tokio::test]
async fn a_rogue_admin_gets_no_password_that_a_person_was_about_to_choose() {
    let world = World::new().await;
    world.person("bea", BEA).await;
    let computer = Computer::enrolled(&world).await;
    let (binding, _) = computer.link("bea", BEA, "bea").await;
    // Sealed for generation 2; the commit never came.
    let envelope = EnvelopeId::fresh();
    let mut change = computer.prepare(For::Change(CARL), binding, BEA).await;
    change.finish.new_envelope = Some(envelope);
    let proved: Proved = computer.finish(&change).await.said();
    assert_eq!(change.shares(&proved), [envelope]);
    world.issued("bea", ISSUED).await;
    let mut sync = computer.prepare(For::Sync, binding, ISSUED).await;
    sync.finish.envelopes = vec![envelope];
    let proved: Proved = computer.finish(&sync).await.said();
    assert_eq!(proved.stamp.generation.0, 2);
    assert_eq!(sync.shares(&proved), []);
}

#[tokio::test]
async fn a_computer_cannot_take_over_retire_or_ask_again_for_what_is_not_its_own() {
    let world = World::new().await;
    let (own, other) = (
        Computer::enrolled(&world).await,
        Computer::enrolled(&world).await,
    );
    let (binding, envelope) = own.link(OWNER, OWNERS, "u").await;
    let (others, _) = other.link(OWNER, OWNERS, "u").await;
    let mut taken = other.prepare(For::Sync, others, OWNERS).await;
    taken.finish.new_envelope = Some(envelope);
    assert_eq!(other.finish(&taken).await.refusal(), Code::BadRequest);
    let retire = |binding| RetireEnvelopes {
        binding,
        envelopes: vec![envelope],
    };
    let path = "/device/envelopes/retire";
    let answer = other.post(path, &retire(binding)).await;
    assert_eq!(answer.refusal(), Code::NotLinked);
    other.post(path, &retire(others)).await.said::<()>();
    let released = async || {
        let mut sync = own.prepare(For::Sync, binding, OWNERS).await;
        sync.finish.envelopes = vec![envelope];
        sync.shares(&own.finish(&sync).await.said())
    };
    assert_eq!(released().await, [envelope]);
    own.post(path, &retire(binding)).await.said::<()>();
    assert_eq!(released().await, []);
}

#[tokio::test]
async fn a_computer_asks_for_no_more_shares_than_it_may() {
    let world = World::new().await;
    let computer = Computer::enrolled(&world).await;
    let (binding, _) = computer.link(OWNER, OWNERS, "u").await;
    let mut sync = computer.prepare(For::Sync, binding, OWNERS).await;
    sync.finish.envelopes = vec![EnvelopeId::fresh(); 33];
    assert_eq!(computer.finish(&sync).await.refusal(), Code::BadRequest);
}
