//! Where a person is signed in.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::response::sse::{Event, Sse};
use futures_util::stream::Stream;
use http::StatusCode;
use lockstep_model::{Code, PersonId};
use lockstep_protocol::api::Problem;
use lockstep_protocol::api::me::Sessions;

use super::actor::{Named, Origin, SignedIn};
use super::door::Door;
use super::events::Line;
use super::problem::{Answer, Refusal};
use super::{Directory, events, now};
use crate::live::Topic;
use crate::storage::audit::{self, Action, Entry};
use crate::storage::{Write, sessions};

/// Where the person is signed in.
#[utoipa::path(get, operation_id = "list_sessions", path = "/me/sessions",
    responses((status = 200, body = Sessions), (status = "4XX", body = Problem)))]
pub(super) async fn list(Door(directory, signed_in): Door<SignedIn>) -> Answer<Sessions> {
    let (person, asking) = (signed_in.person.id, &signed_in.token_hash);
    Ok(Json(directory.sessions(person, asking).await?))
}

/// The same, as a stream of `sessions` events: now and at every change.
#[utoipa::path(get, operation_id = "watch_sessions", path = "/me/sessions/events",
    responses((status = 200, body = Sessions, content_type = "text/event-stream"),
        (status = "4XX", body = Problem)))]
pub(super) async fn watch(
    Door(
        directory,
        SignedIn {
            person, token_hash, ..
        },
    ): Door<SignedIn>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>> + Send> {
    let line = Line {
        name: "sessions",
        listener: directory.live.listen(Topic::Person(person.id)),
        stopping: directory.stopping(),
        _keep: (),
    };
    let asking = Arc::new(token_hash);
    events::stream(line, move || {
        let (directory, asking) = (Arc::clone(&directory), Arc::clone(&asking));
        async move {
            let sessions = directory.sessions(person.id, &asking).await?;
            if sessions.sessions.iter().any(|row| row.this_one) {
                Ok(sessions)
            } else {
                Err(Code::SignedOut.into())
            }
        }
    })
}

/// Ends one of the person's sessions.
#[utoipa::path(delete, operation_id = "end_session", path = "/me/sessions/{session}",
    params(("session" = String, Path, description = "The session's name")),
    responses((status = 204), (status = "4XX", body = Problem)))]
pub(super) async fn end(
    Door(directory, signed_in): Door<SignedIn>,
    origin: Origin,
    Named(session): Named<String>,
) -> Result<StatusCode, Refusal> {
    let is_digit = |b| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    if session.len() != 16 || !session.bytes().all(is_digit) {
        return Err(Code::BadRequest.into());
    }
    let mut write = signed_in.write(&directory).await?;
    // One that has ended meanwhile is where the person wanted it.
    if sessions::end_named(&mut write, signed_in.person.id, &session).await? {
        write_down(&mut write, &signed_in, &origin).await?;
    }
    directory
        .commit_and_tell(write, vec![Topic::Person(signed_in.person.id)])
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends every session of the person but the one that asks.
#[utoipa::path(delete, operation_id = "end_other_sessions", path = "/me/sessions",
    responses((status = 204), (status = "4XX", body = Problem)))]
pub(super) async fn end_others(
    Door(directory, signed_in): Door<SignedIn>,
    origin: Origin,
) -> Result<StatusCode, Refusal> {
    let mut write = signed_in.write(&directory).await?;
    let (person, asking) = (signed_in.person.id, &signed_in.token_hash);
    if sessions::end_others(&mut write, person, asking, now()).await? {
        write_down(&mut write, &signed_in, &origin).await?;
    }
    directory
        .commit_and_tell(write, vec![Topic::Person(person)])
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Directory {
    /// Where a person is signed in, as the session that asks sees it.
    async fn sessions(&self, person: PersonId, asking: &[u8]) -> Result<Sessions, Refusal> {
        let mut db = self.storage.read().await?;
        let sessions = sessions::of_person(&mut db, person, asking, now()).await?;
        Ok(Sessions { sessions })
    }
}

async fn write_down(write: &mut Write, by: &SignedIn, origin: &Origin) -> Result<(), Refusal> {
    let entry = Entry {
        at: now(),
        actor: &by.person.user_name,
        action: Action::SignOut,
        subject: &by.person.user_name,
        address: &origin.address,
        result: Ok(()),
    };
    Ok(audit::append(write, entry).await?)
}
