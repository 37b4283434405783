//! Orders to reset an account: only by a proof for a sync, and only for its own binding.

use lockstep_model::{BindingId, Code};
use lockstep_protocol::Bytes;
use lockstep_protocol::api::admin::{Enrolment, NewEnrolment};
use lockstep_protocol::api::device::Proved;
use lockstep_protocol::enrolment::EnrolmentString;
use lockstep_protocol::order::{CHALLENGE, OrderFault, Purpose, ResetOrder};

use crate::computers::{Computer, For, Prepared};
use crate::held_back::revoke;
use crate::people::{BEA, CARL};
use crate::world::{OWNER, OWNERS, World};

fn challenge(mark: u8) -> Bytes {
    Bytes(vec![mark; CHALLENGE])
}

/// A proof of the right password that asks for an order, up to its second step.
async fn asking(computer: &Computer<'_>, what: For<'_>, binding: BindingId) -> Prepared {
    let mut prepared = computer.prepare(what, binding, OWNERS).await;
    prepared.finish.reset = Some(challenge(7));
    prepared
}

/// What a computer pins when it enrols.
async fn pinned(world: &World) -> EnrolmentString {
    let ask = NewEnrolment {
        uses: 1,
        valid_for_s: 60,
    };
    let answer = world.post(&world.owner, "/admin/enrolments", &ask).await;
    let said: Enrolment = answer.said();
    EnrolmentString::decode(said.enrolment.expose()).unwrap()
}

/// How many orders the audit tells of.
async fn orders(world: &World) -> usize {
    let audit = world.audit().await;
    let rows = audit.iter();
    rows.filter(|row| row.action == "account.reset_ordered")
        .count()
}

#[tokio::test]
async fn an_order_names_just_what_was_proved_and_is_audited() {
    let world = World::new().await;
    let computer = Computer::enrolled(&world).await;
    let (binding, _) = computer.link(OWNER, OWNERS, "anna").await;
    let sync = asking(&computer, For::Sync, binding).await;
    let proved: Proved = computer.finish(&sync).await.said();
    let signed = proved.order.unwrap();
    let trusted = pinned(&world).await;
    let order = signed.open(trusted.realm_key.as_slice()).unwrap();
    let want = ResetOrder {
        purpose: Purpose::AccountReset,
        realm: trusted.realm,
        device: computer.id.unwrap(),
        binding,
        account: "anna".into(),
        stamp: proved.stamp,
        challenge: challenge(7),
    };
    assert_eq!(order, want);
    let audit = world.audit().await;
    let row = audit
        .iter()
        .find(|row| row.action == "account.reset_ordered");
    let row = row.unwrap();
    assert_eq!(
        (row.actor.as_str(), row.subject.as_str()),
        ("computer desk", OWNER)
    );
    let another = World::new().await;
    let another = pinned(&another).await;
    let opened = signed.open(another.realm_key.as_slice());
    assert_eq!(opened, Err(OrderFault::Signature));
}

#[tokio::test]
async fn a_sync_that_asks_for_no_order_gets_none() {
    let world = World::new().await;
    let computer = Computer::enrolled(&world).await;
    let (binding, _) = computer.link(OWNER, OWNERS, "u").await;
    let sync = computer.prepare(For::Sync, binding, OWNERS).await;
    let proved: Proved = computer.finish(&sync).await.said();
    assert_eq!(proved.order, None);
    assert_eq!(orders(&world).await, 0);
}

#[tokio::test]
async fn without_the_password_nobody_gets_an_order() {
    let world = World::new().await;
    let computer = Computer::enrolled(&world).await;
    let (binding, _) = computer.link(OWNER, OWNERS, "u").await;
    let mut sync = asking(&computer, For::Sync, binding).await;
    sync.finish.finish.0[0] ^= 1;
    let answer = computer.finish(&sync).await;
    assert_eq!(answer.refusal(), Code::NotTheNewPassword);
    // And a proof is good for one finish, with an order or without.
    let mut once = computer.prepare(For::Sync, binding, OWNERS).await;
    computer.finish(&once).await.said::<Proved>();
    once.finish.reset = Some(challenge(7));
    assert_eq!(computer.finish(&once).await.refusal(), Code::AttemptExpired);
    assert_eq!(orders(&world).await, 0);
}

#[tokio::test]
async fn a_proof_for_another_purpose_gets_no_order() {
    let world = World::new().await;
    let computer = Computer::enrolled(&world).await;
    let (binding, _) = computer.link(OWNER, OWNERS, "u").await;
    let change = asking(&computer, For::Change(CARL), binding).await;
    assert_eq!(computer.finish(&change).await.refusal(), Code::BadRequest);
    let fresh = BindingId::fresh();
    let mut link = asking(&computer, For::Link(OWNER), fresh).await;
    link.finish.account = Some("second".into());
    assert_eq!(computer.finish(&link).await.refusal(), Code::BadRequest);
    assert_eq!(
        world.me(&world.owner).await.computers.len(),
        1,
        "not linked"
    );
    assert_eq!(orders(&world).await, 0);
}

#[tokio::test]
async fn a_computer_gets_no_order_for_what_is_not_its_own() {
    let world = World::new().await;
    world.person("bea", BEA).await;
    let own = Computer::enrolled(&world).await;
    let other = Computer::enrolled(&world).await;
    let (binding, _) = own.link(OWNER, OWNERS, "u").await;
    let (beas, _) = own.link("bea", BEA, "bea").await;
    // Another computer can't finish the proof, nor begin one for the binding.
    let sync = asking(&own, For::Sync, binding).await;
    assert_eq!(other.finish(&sync).await.refusal(), Code::AttemptExpired);
    let (answer, _, _) = other.start(For::Sync, binding, OWNERS).await;
    assert_eq!(answer.refusal(), Code::NotLinked);
    // On the same computer one person's password orders nothing for another's account: the proof
    // is of the password of the binding's person, and of no other.
    let beas = own.prepare(For::Sync, beas, BEA).await;
    let mut mixed = asking(&own, For::Sync, binding).await;
    mixed.finish.attempt.clone_from(&beas.finish.attempt);
    let answer = own.finish(&mixed).await;
    assert_eq!(answer.refusal(), Code::NotTheNewPassword);
    assert_eq!(orders(&world).await, 0);
}

#[tokio::test]
async fn whoever_lost_the_right_since_the_proof_began_gets_no_order() {
    let world = World::new().await;
    let computer = Computer::enrolled(&world).await;
    let (binding, _) = computer.link(OWNER, OWNERS, "u").await;
    let unlinked = asking(&computer, For::Sync, binding).await;
    computer.unlink(binding).await;
    assert_eq!(computer.finish(&unlinked).await.refusal(), Code::NotLinked);
    let (binding, _) = computer.link(OWNER, OWNERS, "u").await;
    let suspended = asking(&computer, For::Sync, binding).await;
    let revoked = asking(&computer, For::Sync, binding).await;
    let since = "UPDATE people SET suspended_at = 1 WHERE user_name = $1";
    world.sql(since, OWNER).await;
    assert_eq!(computer.finish(&suspended).await.refusal(), Code::Suspended);
    world
        .sql(
            "UPDATE people SET suspended_at = NULL WHERE user_name = $1",
            OWNER,
        )
        .await;
    revoke(&world, &computer).await;
    assert_eq!(
        computer.finish(&revoked).await.refusal(),
        Code::DeviceRefused
    );
    assert_eq!(orders(&world).await, 0);
}

#[tokio::test]
async fn a_temporary_password_orders_nothing() {
    let world = World::new().await;
    let computer = Computer::enrolled(&world).await;
    let (binding, _) = computer.link(OWNER, OWNERS, "u").await;
    let sync = asking(&computer, For::Sync, binding).await;
    let temporary = "UPDATE credentials SET temporary = CAST($1 AS INTEGER)";
    world.sql(temporary, "1").await;
    let refused = computer.finish(&sync).await.refusal();
    assert_eq!(refused, Code::OwnPasswordNeeded);
    // The audit is not for who signs in with a temporary one either.
    world.sql(temporary, "0").await;
    assert_eq!(orders(&world).await, 0);
}

#[tokio::test]
async fn a_challenge_of_another_length_is_refused() {
    let world = World::new().await;
    let computer = Computer::enrolled(&world).await;
    let (binding, _) = computer.link(OWNER, OWNERS, "u").await;
    for length in [0, CHALLENGE - 1, CHALLENGE + 1, 4096] {
        let mut sync = asking(&computer, For::Sync, binding).await;
        sync.finish.reset = Some(Bytes(vec![7; length]));
        assert_eq!(computer.finish(&sync).await.refusal(), Code::BadRequest);
    }
    assert_eq!(orders(&world).await, 0);
}
