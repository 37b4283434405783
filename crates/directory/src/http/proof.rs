//! Proofs made on a device: they link, release shares, and open the way to a change.

use std::time::Instant;

use axum::Json;
use lockstep_model::{Channel, Code, Provenance, Timestamp};
use lockstep_opaque::seal::shares;
use lockstep_protocol::Bytes;
use lockstep_protocol::api::Problem;
use lockstep_protocol::api::device::{
    ChangeCommit, MAX_ENVELOPES, ProofFinish, ProofStart, ProofStarted, Proved, Purpose,
    proof_context,
};
use lockstep_protocol::api::me::{PasswordChanged, Recovered};

use super::actor::Origin;
use super::assertion::FromDevice;
use super::change::{Change, commit_change, topics};
use super::door::Door;
use super::problem::{Answer, Refusal};
use super::public::identifiers;
use super::release::{Releasing, Sorted};
use super::{now, order};
use crate::attempts::{Attempt, DeviceProof, Whom};
use crate::core::credential::{Command, next_stamp};
use crate::core::names::UserName;
use crate::core::throttle::Lane;
use crate::storage::audit::{self, Action, Entry};
use crate::storage::devices::{self, BindingRecord, DeviceRecord};
use crate::storage::people::{self, Found, Person};
use crate::storage::{StorageFault, Write, commit, factors};

/// First step of a proof made on a device.
#[utoipa::path(post, operation_id = "start_proof", path = "/device/proof/start", request_body = ProofStart,
    responses((status = 200, body = ProofStarted), (status = "4XX", body = Problem)))]
pub(super) async fn start(
    Door(directory, FromDevice { device, body: ask }): Door<FromDevice<ProofStart>>,
) -> Answer<ProofStarted> {
    let mut db = directory.storage.read().await?;
    let bound = devices::binding(&mut db, ask.binding).await?;
    let (name, pseudo, found) = match (ask.purpose, &ask.user_name, &bound) {
        (Purpose::Link, Some(name), None) => {
            let name = UserName::as_typed(name);
            let pseudo = directory.keys.pseudo_person(name.as_str());
            let found = people::for_proof(&mut db, &name, pseudo).await?;
            (name, pseudo, found)
        }
        (Purpose::Sync | Purpose::Change, None, Some(bound)) if bound.device == device.id => {
            let person = people::by_id(&mut db, bound.person)
                .await?
                .ok_or(Code::NotLinked)?;
            let (name, id) = (UserName::as_typed(&person.user_name), person.id);
            let known = true;
            (name, id, Some(Found { person, known }))
        }
        (Purpose::Sync | Purpose::Change, None, _) => return Err(Code::NotLinked.into()),
        (Purpose::Link, Some(_), Some(_)) => return Err(Code::AlreadyLinked.into()),
        (Purpose::Link, None, _) | (Purpose::Sync | Purpose::Change, Some(_), _) => {
            return Err(Code::BadRequest.into());
        }
    };
    drop(db);
    let lanes = match ask.purpose {
        Purpose::Link => vec![
            Lane::Device(device.id),
            Lane::Name(name.as_str().to_owned()),
        ],
        // Neither strangers nor others at the same computer fill it.
        Purpose::Sync | Purpose::Change => vec![Lane::Binding(ask.binding)],
    };
    directory.charge(&lanes)?;
    let (credential, record) = directory.credential_of(found.as_ref(), pseudo);
    let context = proof_context(ask.purpose, device.id, ask.binding);
    let keys = &directory.keys.opaque;
    let (pending, response) = keys
        .prove(
            record,
            ask.request.as_slice(),
            identifiers(&credential),
            Some(&context),
        )
        .map_err(|_| Code::BadRequest)?;
    let id = &credential.client_identifier;
    let registration = match (ask.purpose, &ask.registration_request) {
        (Purpose::Change, Some(request)) => Some(Bytes(
            keys.register(id, request.as_slice())
                .map_err(|_| Code::BadRequest)?,
        )),
        (Purpose::Link | Purpose::Sync, None) => None,
        (Purpose::Change, None) | (Purpose::Link | Purpose::Sync, Some(_)) => {
            return Err(Code::BadRequest.into());
        }
    };
    let new_credential = registration
        .as_ref()
        .map(|_| directory.new_credential(id.clone()));
    let proof = DeviceProof {
        purpose: ask.purpose,
        device: device.id,
        binding: ask.binding,
    };
    let whom = found.and_then(Whom::of);
    let attempt = Attempt::Device {
        pending: Box::new(pending),
        proof,
        whom,
        lanes,
    };
    Ok(Json(ProofStarted {
        attempt: directory.attempts.keep(attempt, Instant::now()),
        response: Bytes(response),
        credential,
        registration_response: registration,
        new_credential,
    }))
}

/// Second step of a proof made on a device: what it opens is decided and stored in one transaction.
#[utoipa::path(post, operation_id = "finish_proof", path = "/device/proof/finish", request_body = ProofFinish,
    responses((status = 200, body = Proved), (status = "4XX", body = Problem)))]
pub(super) async fn finish(
    origin: Origin,
    Door(directory, FromDevice { device, body: ask }): Door<FromDevice<ProofFinish>>,
) -> Answer<Proved> {
    if ask.envelopes.len() > MAX_ENVELOPES {
        return Err(Code::BadRequest.into());
    }
    let attempt = directory.attempts.take(&ask.attempt, Instant::now());
    let Some(Attempt::Device {
        pending,
        proof,
        whom,
        lanes,
    }) = attempt
    else {
        return Err(Code::AttemptExpired.into());
    };
    if proof.device != device.id {
        return Err(Code::AttemptExpired.into());
    }
    if ask.factor.is_some() && proof.purpose != Purpose::Sync {
        return Err(Code::BadRequest.into());
    }
    let at = now();
    let mut write = directory.storage.write().await?;
    let note = Note {
        device: &device,
        origin: &origin,
        at,
    };
    let proved = pending.finish(ask.finish.as_slice());
    let (Ok(session_key), Some(Whom { person, stamp, .. })) =
        (proved, whom.filter(|whom| whom.known))
    else {
        let (action, code) = (tried(proof.purpose), proof.purpose.refusal());
        let whom = match whom {
            Some(whom) => people::by_id(&mut write, whom.person)
                .await?
                .filter(|_| whom.known)
                .map(|person| person.user_name),
            None => None,
        };
        let whom = whom.as_deref().unwrap_or("an unknown name");
        note.audit(&mut write, action, whom, Err(code)).await?;
        commit(write).await?;
        return Err(code.into());
    };
    let person = people::by_id(&mut write, person)
        .await?
        .ok_or(Code::NotLinked)?;
    let credential = person.credential.clone().ok_or(Code::NotLinked)?;
    if credential.stamp != stamp {
        directory.refund(&lanes);
        return Err(Code::ChangedMeanwhile.into());
    }
    if let Err(code) = in_good_standing(&mut write, &proof, &person).await? {
        // Not refunded: who is kept out gains nothing by the right password, however often.
        let (action, whom) = (tried(proof.purpose), &person.user_name);
        note.audit(&mut write, action, whom, Err(code)).await?;
        commit(write).await?;
        return Err(code.into());
    }
    directory.refund(&lanes);
    if proof.purpose == Purpose::Link && credential.temporary {
        // The first sync would move the account to a password that an admin knows.
        let (code, whom) = (Code::OwnPasswordNeeded, &person.user_name);
        note.audit(&mut write, Action::DeviceLinked, whom, Err(code))
            .await?;
        commit(write).await?;
        return Err(code.into());
    }
    if proof.purpose == Purpose::Link {
        let account = ask.account.as_deref().ok_or(Code::BadRequest)?;
        link(&mut write, &proof, &person, account, at).await?;
        note.audit(&mut write, Action::DeviceLinked, &person.user_name, Ok(()))
            .await?;
    } else {
        note.audit(&mut write, Action::DeviceProof, &person.user_name, Ok(()))
            .await?;
    }
    let releasing = Releasing {
        directory: &directory,
        binding: proof.binding,
        person: person.id,
        credential: &credential,
        at,
    };
    let asked = releasing.look_up(&mut write, &ask.envelopes).await?;
    let judged = releasing
        .judge(&mut write, &asked, ask.factor.as_ref())
        .await?;
    let vouched_from = match judged.factor {
        Ok(vouched_from) => vouched_from,
        Err(refused) => {
            let (action, whom) = (Action::SharesReleasedAfterIssue, &person.user_name);
            note.audit(&mut write, action, whom, Err(refused.code()))
                .await?;
            commit(write).await?;
            return Err(refused);
        }
    };
    let Sorted {
        mut released,
        withheld,
        closed,
        older,
    } = releasing.sort(asked, vouched_from);
    // So it looks when the disk was stolen and the password issued to whoever stole it.
    let refused = closed.then_some(Err(Code::OldPasswordNeeded));
    let granted = (!released.is_empty()).then_some(Ok(()));
    for result in refused.into_iter().chain(granted) {
        let (action, whom) = (Action::SharesReleased, &person.user_name);
        note.audit(&mut write, action, whom, result).await?;
    }
    if older {
        let (action, whom) = (Action::SharesReleasedAfterIssue, &person.user_name);
        note.audit(&mut write, action, whom, Ok(())).await?;
        let recovered = Recovered {
            at,
            computer: device.name.clone(),
            address: origin.address.clone(),
        };
        factors::note_recovery(&mut write, person.id, &recovered).await?;
    }
    if let Some(envelope) = ask.new_envelope {
        let of = if proof.purpose == Purpose::Change {
            next_stamp(stamp, directory.storage.epoch())
        } else {
            stamp
        };
        released.push((envelope, releasing.make(&mut write, envelope, of).await?));
    }
    let order = match ask.reset {
        Some(challenge) => {
            let order = order::order(&directory, &mut write, &proof, &credential, challenge);
            let order = order.await?;
            let action = Action::AccountResetOrdered;
            note.audit(&mut write, action, &person.user_name, Ok(()))
                .await?;
            Some(order)
        }
        None => None,
    };
    let context = proof_context(proof.purpose, proof.device, proof.binding);
    let sealed = shares::seal(&session_key, &released, &context).map_err(|_| Code::Internal)?;
    let concerned = if proof.purpose == Purpose::Link || older {
        topics(&mut write, person.id).await?
    } else {
        Vec::new()
    };
    directory.commit_and_tell(write, concerned).await?;
    if proof.purpose == Purpose::Change {
        let next = Attempt::ProvedChange {
            proof,
            person: person.id,
            stamp,
        };
        directory
            .attempts
            .keep_as(ask.attempt, next, Instant::now());
    }
    Ok(Json(Proved {
        person: person.id,
        stamp,
        changed: credential.changed,
        temporary: credential.temporary,
        shares: Bytes(sealed),
        withheld,
        order,
        factor_wanted: judged.wanted,
    }))
}

/// Commits a change that a proof has opened; every session of the person ends.
#[utoipa::path(post, operation_id = "commit_change", path = "/device/password", request_body = ChangeCommit,
    responses((status = 200, body = PasswordChanged), (status = "4XX", body = Problem)))]
pub(super) async fn commit_change_from_device(
    origin: Origin,
    Door(directory, FromDevice { device, body: ask }): Door<FromDevice<ChangeCommit>>,
) -> Answer<PasswordChanged> {
    let attempt = directory.attempts.take(&ask.attempt, Instant::now());
    let Some(Attempt::ProvedChange {
        proof,
        person,
        stamp,
    }) = attempt
    else {
        return Err(Code::AttemptExpired.into());
    };
    if proof.device != device.id {
        return Err(Code::AttemptExpired.into());
    }
    let at = now();
    let verifier = directory.new_verifier(ask.registration_record.as_slice())?;
    let mut write = directory.storage.write().await?;
    let person = people::by_id(&mut write, person)
        .await?
        .ok_or(Code::NotLinked)?;
    if let Err(code) = in_good_standing(&mut write, &proof, &person).await? {
        let note = Note {
            device: &device,
            origin: &origin,
            at,
        };
        let (action, whom) = (Action::PasswordChange, &person.user_name);
        note.audit(&mut write, action, whom, Err(code)).await?;
        commit(write).await?;
        return Err(code.into());
    }
    // Altered on the way, it would make a password that never proves.
    if ask.made_with != directory.new_credential(person.id.to_string()) {
        return Err(Code::DirectoryNotTrusted.into());
    }
    let command = Command::Change {
        proved: stamp,
        from: ask.from,
        epoch: directory.storage.epoch(),
        verifier,
        changed: Provenance {
            at,
            channel: Channel::Computer,
            client: device.name.clone(),
            address: origin.address.clone(),
        },
    };
    let change = Change {
        person: &person,
        command,
        action: Action::PasswordChange,
        keep_session: &[],
        actor: &device.actor(),
        address: &origin.address,
        at,
    };
    let credential = commit_change(&directory, write, change).await?;
    Ok(Json(PasswordChanged {
        stamp: credential.stamp,
    }))
}

/// Whether nobody was suspended, locked, revoked or unlinked since the proof began.
async fn in_good_standing(
    write: &mut Write,
    proof: &DeviceProof,
    person: &Person,
) -> Result<Result<(), Code>, StorageFault> {
    let device = devices::by_id(write, proof.device).await?;
    if device.is_none_or(|device| device.revoked) {
        return Ok(Err(Code::DeviceRefused));
    }
    let bound = devices::binding(write, proof.binding).await?;
    let linked = match (proof.purpose, bound) {
        // Made in this very transaction; the database refuses a second one.
        (Purpose::Link, _) => Ok(()),
        (Purpose::Sync | Purpose::Change, Some(bound))
            if bound.device == proof.device && bound.person == person.id =>
        {
            Ok(())
        }
        (Purpose::Sync | Purpose::Change, _) => Err(Code::NotLinked),
    };
    Ok(linked.and_then(|()| person.access.admit()))
}

async fn link(
    write: &mut Write,
    proof: &DeviceProof,
    person: &Person,
    account: &str,
    at: Timestamp,
) -> Result<(), Refusal> {
    if account.is_empty() || account.len() > 256 || account.chars().any(char::is_control) {
        return Err(Code::BadRequest.into());
    }
    let binding = BindingRecord {
        id: proof.binding,
        person: person.id,
        device: proof.device,
        account: account.to_owned(),
        problem: None,
    };
    if devices::bind(write, &binding, at).await? {
        Ok(())
    } else {
        Err(Code::AlreadyLinked.into())
    }
}

/// What a proof is in the audit when it was refused.
const fn tried(purpose: Purpose) -> Action {
    match purpose {
        Purpose::Link => Action::DeviceLinked,
        Purpose::Sync | Purpose::Change => Action::DeviceProof,
    }
}

/// What the audit entries of one request share.
struct Note<'a> {
    device: &'a DeviceRecord,
    origin: &'a Origin,
    at: Timestamp,
}

impl Note<'_> {
    async fn audit(
        &self,
        write: &mut Write,
        action: Action,
        subject: &str,
        result: Result<(), Code>,
    ) -> Result<(), Refusal> {
        let entry = Entry {
            at: self.at,
            actor: &self.device.actor(),
            action,
            subject,
            address: &self.origin.address,
            result,
        };
        Ok(audit::append(write, entry).await?)
    }
}
