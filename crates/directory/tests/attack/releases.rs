//! Shares go to the binding that they were made for, and to no other.

use lockstep_model::{Code, EnvelopeId};
use lockstep_protocol::api::device::{Proved, RetireEnvelopes};
use lockstep_protocol::api::me::PasswordChanged;

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
