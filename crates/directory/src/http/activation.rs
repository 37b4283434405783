//! One-time links: an invitation gives the first password, a reset link replaces a forgotten one.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::HeaderMap;
use lockstep_model::{Channel, Code, Provenance, Timestamp};
use lockstep_protocol::Bytes;
use lockstep_protocol::api::Problem;
use lockstep_protocol::api::public::{
    ActivationFinish, ActivationOffer, ActivationOpen, ActivationStart, ActivationStarted,
    LinkKind, SessionOpened,
};

use super::actor::{Body, Origin, open_session};
use super::change::{Change, set_password};
use super::problem::{Answer, Refusal};
use super::{Directory, now};
use crate::core::credential::Command;
use crate::storage::audit::Action;
use crate::storage::commit;
use crate::storage::people::{self, Link};
use crate::tokens;

/// Tells whom a link is for.
#[utoipa::path(post, operation_id = "activation_open", path = "/activation/open", request_body = ActivationOpen,
    responses((status = 200, body = ActivationOffer), (status = "4XX", body = Problem)))]
pub(super) async fn open(
    State(directory): State<Arc<Directory>>,
    Body(ask): Body<ActivationOpen>,
) -> Answer<ActivationOffer> {
    let mut db = directory.storage.read().await?;
    let link = people::link(&mut db, &tokens::hash(ask.token.expose()), now()).await?;
    let link = usable(link)?;
    Ok(Json(ActivationOffer {
        kind: link.kind,
        user_name: link.person.user_name,
        display_name: link.person.display_name,
        expires_at: link.expires_at,
    }))
}

/// First step of choosing a password with a link.
#[utoipa::path(post, operation_id = "activation_start", path = "/activation/start", request_body = ActivationStart,
    responses((status = 200, body = ActivationStarted), (status = "4XX", body = Problem)))]
pub(super) async fn start(
    State(directory): State<Arc<Directory>>,
    Body(ask): Body<ActivationStart>,
) -> Answer<ActivationStarted> {
    let mut db = directory.storage.read().await?;
    let link = people::link(&mut db, &tokens::hash(ask.token.expose()), now()).await?;
    let id = usable(link)?.person.id.to_string();
    let answer = directory
        .keys
        .opaque
        .register(&id, ask.registration_request.as_slice());
    Ok(Json(ActivationStarted {
        registration_response: Bytes(answer.map_err(|_| Code::BadRequest)?),
        credential: directory.new_credential(id),
    }))
}

/// Second step: spends the link, puts the password in force, and signs in.
#[utoipa::path(post, operation_id = "activation_finish", path = "/activation/finish", request_body = ActivationFinish,
    responses((status = 200, body = SessionOpened), (status = "4XX", body = Problem)))]
pub(super) async fn finish(
    State(directory): State<Arc<Directory>>,
    origin: Origin,
    Body(ask): Body<ActivationFinish>,
) -> Result<(HeaderMap, Json<SessionOpened>), Refusal> {
    let at = now();
    let token_hash = tokens::hash(ask.token.expose());
    // Strangers never get as far as the one writer.
    let mut db = directory.storage.read().await?;
    usable(people::link(&mut db, &token_hash, at).await?)?;
    drop(db);
    let mut write = directory.storage.write().await?;
    let link = usable(people::link(&mut write, &token_hash, at).await?)?;
    let (command, action) = directory.by_link(&link, &ask, &origin, at)?;
    let Link { person, .. } = link;
    let change = Change {
        person: &person,
        command,
        action,
        keep_session: &[],
        actor: &person.user_name,
        address: &origin.address,
        at,
    };
    let concerned = match set_password(&mut write, change).await? {
        Ok((_, concerned)) => concerned,
        Err(code) => {
            commit(write).await?;
            return Err(code.into());
        }
    };
    let (headers, opened) = open_session(&mut write, person.id, ask.carry, &origin, at).await?;
    directory.commit_and_tell(write, concerned).await?;
    Ok((headers, Json(opened)))
}

/// A link that was found and may be used now. A locked person's may: an admin made it since.
fn usable(link: Option<Link>) -> Result<Link, Code> {
    let link = link.ok_or(Code::InvitationSpent)?;
    match link.person.access.suspended_at {
        Some(_) => Err(Code::Suspended),
        None => Ok(link),
    }
}

impl Directory {
    fn by_link(
        &self,
        link: &Link,
        ask: &ActivationFinish,
        origin: &Origin,
        at: Timestamp,
    ) -> Result<(Command, Action), Refusal> {
        let verifier = self.new_verifier(ask.registration_record.as_slice())?;
        let epoch = self.storage.epoch();
        let changed = |channel| Provenance {
            at,
            channel,
            client: origin.client.clone(),
            address: origin.address.clone(),
        };
        Ok(match link.kind {
            LinkKind::Invitation => {
                let changed = changed(Channel::Invitation);
                let command = Command::Activate {
                    epoch,
                    verifier,
                    changed,
                };
                (command, Action::PersonActivated)
            }
            LinkKind::Reset => {
                let from = link.person.credential.as_ref().map(|kept| kept.stamp);
                let command = Command::Issue {
                    from,
                    epoch,
                    verifier,
                    changed: changed(Channel::ResetLink),
                    temporary: false,
                };
                (command, Action::PasswordReset)
            }
        })
    }
}
