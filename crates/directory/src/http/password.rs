//! Changing the password in the portal: a fresh proof of the current one, and compare-and-set.

use std::time::Instant;

use axum::Json;
use lockstep_model::{Channel, Code, Provenance};
use lockstep_protocol::Bytes;
use lockstep_protocol::api::Problem;
use lockstep_protocol::api::me::{PasswordChanged, PasswordFinish, PasswordStart, PasswordStarted};

use super::actor::{Body, Origin, SignedIn};
use super::change::{Change, commit_change};
use super::door::Door;
use super::now;
use super::problem::Answer;
use super::public::identifiers;
use crate::attempts::Attempt;
use crate::core::credential::Command;
use crate::core::throttle::Lane;
use crate::storage::audit::{self, Action, Entry};
use crate::storage::people::Found;
use crate::storage::{commit, people};

/// First step: answers the proof of the current password and the registration of the new one.
#[utoipa::path(post, operation_id = "start_password_change", path = "/me/password/start", request_body = PasswordStart,
    responses((status = 200, body = PasswordStarted), (status = "4XX", body = Problem)))]
pub(super) async fn start(
    Door(directory, SignedIn { person, .. }): Door<SignedIn>,
    origin: Origin,
    Body(ask): Body<PasswordStart>,
) -> Answer<PasswordStarted> {
    let found = Found {
        person: person.clone(),
        known: true,
    };
    // Strangers who guess under the name keep nobody who is signed in from changing it.
    let session = Lane::Session(person.id);
    let lanes: Vec<Lane> = origin.source().into_iter().chain([session]).collect();
    directory.charge(&lanes)?;
    let (credential, record) = directory.credential_of(Some(&found), person.id);
    let (pending, response) = directory
        .keys
        .opaque
        .prove(
            record,
            ask.request.as_slice(),
            identifiers(&credential),
            None,
        )
        .map_err(|_| Code::BadRequest)?;
    let id = person.id.to_string();
    let registration = directory
        .keys
        .opaque
        .register(&id, ask.registration_request.as_slice());
    let from = person.credential.as_ref().ok_or(Code::SignedOut)?.stamp;
    let attempt = Attempt::PortalChange {
        pending: Box::new(pending),
        person: person.id,
        from,
        lanes,
    };
    Ok(Json(PasswordStarted {
        attempt: directory.attempts.keep(attempt, Instant::now()),
        response: Bytes(response),
        credential,
        registration_response: Bytes(registration.map_err(|_| Code::BadRequest)?),
        new_credential: directory.new_credential(id),
        from,
    }))
}

/// Second step: sets the new password and ends every other session.
#[utoipa::path(post, operation_id = "finish_password_change", path = "/me/password/finish", request_body = PasswordFinish,
    responses((status = 200, body = PasswordChanged), (status = "4XX", body = Problem)))]
pub(super) async fn finish(
    Door(directory, signed_in): Door<SignedIn>,
    origin: Origin,
    Body(ask): Body<PasswordFinish>,
) -> Answer<PasswordChanged> {
    let attempt = directory.attempts.take(&ask.attempt, Instant::now());
    let Some(Attempt::PortalChange {
        pending,
        person: proving,
        from,
        lanes,
    }) = attempt
    else {
        return Err(Code::AttemptExpired.into());
    };
    if proving != signed_in.person.id {
        return Err(Code::AttemptExpired.into());
    }
    let at = now();
    let mut write = signed_in.write(&directory).await?;
    let SignedIn {
        person, token_hash, ..
    } = signed_in;
    if pending.finish(ask.finish.as_slice()).is_err() {
        let entry = Entry {
            at,
            actor: &person.user_name,
            action: Action::PasswordChange,
            subject: &person.user_name,
            address: &origin.address,
            result: Err(Code::NotTheCurrentPassword),
        };
        audit::append(&mut write, entry).await?;
        commit(write).await?;
        return Err(Code::NotTheCurrentPassword.into());
    }
    directory.refund(&lanes);
    let verifier = directory.new_verifier(ask.registration_record.as_slice())?;
    // Read again inside the transaction: what was true at the start may be so no more.
    let person = people::by_id(&mut write, person.id)
        .await?
        .ok_or(Code::SignedOut)?;
    person.access.admit()?;
    let command = Command::Change {
        proved: from,
        from,
        epoch: directory.storage.epoch(),
        verifier,
        changed: Provenance {
            at,
            channel: Channel::Portal,
            client: origin.client.clone(),
            address: origin.address.clone(),
        },
    };
    let change = Change {
        person: &person,
        command,
        action: Action::PasswordChange,
        keep_session: &token_hash,
        actor: &person.user_name,
        address: &origin.address,
        at,
    };
    let credential = commit_change(&directory, write, change).await?;
    Ok(Json(PasswordChanged {
        stamp: credential.stamp,
    }))
}
