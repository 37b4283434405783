//! Proofs made on a computer: none stands in for another.

use std::time::Duration;

use lockstep_model::{BindingId, Code, EnvelopeId};
use lockstep_opaque::client::ClientFault;
use lockstep_protocol::api::device::{ProofStarted, Proved};
use lockstep_protocol::api::me::PasswordChanged;
use lockstep_protocol::api::public::SessionOpened;

use crate::computers::{Computer, For};
use crate::held_back::revoke;
use crate::people::{BEA, CARL, finish};
use crate::world::{OWNER, OWNERS, World};

#[tokio::test]
async fn a_computer_cannot_finish_the_proof_of_another() {
    let world = World::new().await;
    let (own, other) = (
        Computer::enrolled(&world).await,
        Computer::enrolled(&world).await,
    );
    let (binding, envelope) = own.link(OWNER, OWNERS, "u").await;
    let mut sync = own.prepare(For::Sync, binding, OWNERS).await;
    sync.finish.envelopes = vec![envelope];
    assert_eq!(other.finish(&sync).await.refusal(), Code::AttemptExpired);
    let change = own.prepare(For::Change(CARL), binding, OWNERS).await;
    let commit = change.commit(&own.finish(&change).await.said());
    let answer = other.post("/device/password", &commit).await;
    assert_eq!(answer.refusal(), Code::AttemptExpired);
    assert_eq!(world.generation(&world.owner).await, 1);
}

#[tokio::test]
async fn a_computer_cannot_prove_on_the_binding_of_another() {
    let world = World::new().await;
    let (own, other) = (
        Computer::enrolled(&world).await,
        Computer::enrolled(&world).await,
    );
    let (binding, _) = own.link(OWNER, OWNERS, "u").await;
    for what in [For::Sync, For::Change(CARL)] {
        let (answer, _, _) = other.start(what, binding, OWNERS).await;
        assert_eq!(answer.refusal(), Code::NotLinked);
        let unknown = BindingId::fresh();
        let (answer, _, _) = own.start(what, unknown, OWNERS).await;
        assert_eq!(answer.refusal(), Code::NotLinked);
    }
    other.unlink(binding).await;
    assert_eq!(world.me(&world.owner).await.computers.len(), 1);
}

#[tokio::test]
async fn a_proof_made_in_a_browser_is_none_on_a_computer() {
    let world = World::new().await;
    let computer = Computer::enrolled(&world).await;
    let (binding, _) = computer.link(OWNER, OWNERS, "u").await;
    // A browser finishes without a context, so it takes the computer's KE2 for a false one.
    let (answer, proof, _) = computer.start(For::Sync, binding, OWNERS).await;
    let started: ProofStarted = answer.said();
    let browser = finish(&started.credential, None, |terms| {
        proof.finish(started.response.as_slice(), terms)
    });
    assert_eq!(browser.err(), Some(ClientFault::Refused));
    // A browser's KE3 under the computer's attempt, and the other way round.
    let sign_in = world.signing_in(OWNER, OWNERS).await;
    let mut sync = computer.prepare(For::Sync, binding, OWNERS).await;
    let own = std::mem::replace(&mut sync.finish.finish, sign_in.finish.clone());
    let answer = computer.finish(&sync).await;
    assert_eq!(answer.refusal(), Code::NotTheNewPassword);
    let mut foreign = sign_in.clone();
    foreign.finish = own;
    let answer = world.post("", "/sign-in/finish", &foreign).await;
    assert_eq!(answer.refusal(), Code::SignInRefused);
    // The attempts themselves.
    let sign_in = world.signing_in(OWNER, OWNERS).await;
    sync.finish.attempt.clone_from(&sign_in.attempt);
    let answer = computer.finish(&sync).await;
    assert_eq!(answer.refusal(), Code::AttemptExpired);
    let sync = computer.prepare(For::Sync, binding, OWNERS).await;
    let mut foreign = sign_in;
    foreign.attempt.clone_from(&sync.finish.attempt);
    let answer = world.post("", "/sign-in/finish", &foreign).await;
    assert_eq!(answer.refusal(), Code::AttemptExpired);
}

#[tokio::test]
async fn a_proof_for_a_sync_opens_no_change() {
    let world = World::new().await;
    let computer = Computer::enrolled(&world).await;
    let (binding, _) = computer.link(OWNER, OWNERS, "u").await;
    let change = computer.prepare(For::Change(CARL), binding, OWNERS).await;
    let sync = computer.prepare(For::Sync, binding, OWNERS).await;
    let proved: Proved = computer.finish(&sync).await.said();
    let mut commit = change.commit(&proved);
    let answer = computer.post("/device/password", &commit).await;
    assert_eq!(answer.refusal(), Code::AttemptExpired, "not proved yet");
    commit.attempt.clone_from(&sync.finish.attempt);
    let answer = computer.post("/device/password", &commit).await;
    assert_eq!(answer.refusal(), Code::AttemptExpired);
    assert_eq!(world.generation(&world.owner).await, 1);
}

#[tokio::test]
async fn a_proof_ends_with_its_binding_its_computer_and_its_password() {
    let world = World::new().await;
    let computer = Computer::enrolled(&world).await;
    let (binding, _) = computer.link(OWNER, OWNERS, "u").await;
    let sync = computer.prepare(For::Sync, binding, OWNERS).await;
    let change = computer.prepare(For::Change(CARL), binding, OWNERS).await;
    let proved = computer.prepare(For::Change(CARL), binding, OWNERS).await;
    let commit = proved.commit(&computer.finish(&proved).await.said());
    computer.unlink(binding).await;
    assert_eq!(computer.finish(&sync).await.refusal(), Code::NotLinked);
    assert_eq!(computer.finish(&change).await.refusal(), Code::NotLinked);
    let answer = computer.post("/device/password", &commit).await;
    assert_eq!(answer.refusal(), Code::NotLinked);
    assert_eq!(world.generation(&world.owner).await, 1);

    let (binding, _) = computer.link(OWNER, OWNERS, "u").await;
    let late = computer.prepare(For::Sync, binding, OWNERS).await;
    let revoked = computer.prepare(For::Sync, binding, OWNERS).await;
    let change = world.changing(&world.owner, OWNERS, CARL).await;
    let changed = world.change(&world.owner, &change).await;
    changed.said::<PasswordChanged>();
    let answer = computer.finish(&late).await;
    assert_eq!(answer.refusal(), Code::ChangedMeanwhile);
    revoke(&world, &computer).await;
    let answer = computer.finish(&revoked).await;
    assert_eq!(answer.refusal(), Code::DeviceRefused);
}

#[tokio::test]
async fn a_proof_that_waits_while_its_computer_is_revoked_is_refused() {
    let world = World::new().await;
    let computer = Computer::enrolled(&world).await;
    let (binding, _) = computer.link(OWNER, OWNERS, "u").await;
    let sync = computer.prepare(For::Sync, binding, OWNERS).await;
    let mut write = world.storage.write().await.unwrap();
    let revoking = async move {
        // Until the finish has passed the first check and waits for the one writer.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let revoke = sqlx::query("UPDATE devices SET revoked_at = 1");
        revoke.execute(&mut *write).await.unwrap();
        write.commit().await.unwrap();
    };
    let (answer, ()) = tokio::join!(computer.finish(&sync), revoking);
    assert_eq!(answer.refusal(), Code::DeviceRefused);
}

#[tokio::test]
async fn a_go_between_cannot_alter_what_a_change_was_made_with() {
    let world = World::new().await;
    let computer = Computer::enrolled(&world).await;
    let (binding, _) = computer.link(OWNER, OWNERS, "u").await;
    for altered in 0..6 {
        let change = computer.prepare(For::Change(CARL), binding, OWNERS).await;
        let mut commit = change.commit(&computer.finish(&change).await.said());
        let made_with = &mut commit.made_with;
        let refusal = match altered {
            0 => {
                made_with.suite += 1;
                Code::DirectoryNotTrusted
            }
            1 => {
                made_with.normalisation += 1;
                Code::DirectoryNotTrusted
            }
            2 => {
                made_with.ksf.iterations += 1;
                Code::DirectoryNotTrusted
            }
            3 => {
                made_with.client_identifier = binding.to_string();
                Code::DirectoryNotTrusted
            }
            4 => {
                made_with.server_identifier.push('x');
                Code::DirectoryNotTrusted
            }
            _ => {
                commit.from = commit.from.next();
                Code::ChangedMeanwhile
            }
        };
        let answer = computer.post("/device/password", &commit).await;
        assert_eq!(answer.refusal(), refusal, "{altered}");
    }
    assert_eq!(world.generation(&world.owner).await, 1);
}

#[tokio::test]
async fn a_change_on_a_computer_is_made_once_and_ends_every_session() {
    let world = World::new().await;
    let computer = Computer::enrolled(&world).await;
    let (binding, _) = computer.link(OWNER, OWNERS, "u").await;
    let change = computer.prepare(For::Change(CARL), binding, OWNERS).await;
    let commit = change.commit(&computer.finish(&change).await.said());
    let answer = computer.post("/device/password", &commit).await;
    answer.said::<PasswordChanged>();
    let again = computer.post("/device/password", &commit).await;
    assert_eq!(again.refusal(), Code::AttemptExpired);
    let answer = world.ask(&world.owner, "GET", "/me").await;
    assert_eq!(answer.refusal(), Code::SignedOut);
    let sign_in = world.signing_in(OWNER, CARL).await;
    let answer = world.post("", "/sign-in/finish", &sign_in).await;
    answer.said::<SessionOpened>();
}

#[tokio::test]
async fn an_account_and_a_binding_are_linked_once() {
    let world = World::new().await;
    world.person("bea", BEA).await;
    let (own, other) = (
        Computer::enrolled(&world).await,
        Computer::enrolled(&world).await,
    );
    let (binding, envelope) = own.link(OWNER, OWNERS, "u").await;
    for computer in [&own, &other] {
        let (answer, _, _) = computer.start(For::Link("bea"), binding, BEA).await;
        assert_eq!(answer.refusal(), Code::AlreadyLinked);
    }
    let mut same_account = own.prepare(For::Link("bea"), BindingId::fresh(), BEA).await;
    same_account.finish.account = Some("u".into());
    let answer = own.finish(&same_account).await;
    assert_eq!(answer.refusal(), Code::AlreadyLinked);

    // Two computers race for one binding's id; the loser gets nothing.
    let raced = BindingId::fresh();
    let mut first = own.prepare(For::Link(OWNER), raced, OWNERS).await;
    first.finish.account = Some("first".into());
    let mut second = other.prepare(For::Link("bea"), raced, BEA).await;
    second.finish.account = Some("second".into());
    second.finish.envelopes = vec![envelope];
    second.finish.new_envelope = Some(EnvelopeId::fresh());
    own.finish(&first).await.said::<Proved>();
    let answer = other.finish(&second).await;
    assert_eq!(answer.refusal(), Code::AlreadyLinked);
    assert_eq!(world.me(&world.owner).await.computers.len(), 2);
}
