//! What a signed-in person sees.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::response::sse::{Event, Sse};
use futures_util::stream::Stream;
use http::HeaderMap;
use lockstep_model::{Code, PersonId, Stamp, Timestamp};
use lockstep_protocol::Token;
use lockstep_protocol::api::Problem;
use lockstep_protocol::api::me::{Computer, Me, OwnEnrolment};
use lockstep_protocol::enrolment::EnrolmentString;
use sqlx::SqliteConnection;

use super::actor::{Origin, SignedIn, forget_cookie};
use super::door::Door;
use super::events::Line;
use super::problem::{Answer, Refusal};
use super::{Directory, events, now};
use crate::core::enrolment::EnrolmentToken;
use crate::core::standing::standing;
use crate::live::Topic;
use crate::storage::audit::{self, Action, Entry};
use crate::storage::devices::BindingRecord;
use crate::storage::people::Person;
use crate::storage::{StorageFault, Write, commit, devices, factors, people, sessions};
use crate::tokens;

/// How long a person's own enrolment string works.
const OWN_ENROLMENT_MS: i64 = 60 * 60 * 1000;

/// The person, their password's standing, and their computers.
#[utoipa::path(get, operation_id = "show_me", path = "/me",
    responses((status = 200, body = Me), (status = "4XX", body = Problem)))]
pub(super) async fn show(Door(directory, SignedIn { person, .. }): Door<SignedIn>) -> Answer<Me> {
    Ok(Json(directory.me(person.id).await?))
}

/// The same, as a stream of `me` events: now and at every change.
#[utoipa::path(get, operation_id = "watch_me", path = "/me/events",
    responses((status = 200, body = Me, content_type = "text/event-stream"),
        (status = "4XX", body = Problem)))]
pub(super) async fn watch(
    Door(
        directory,
        SignedIn {
            person, token_hash, ..
        },
    ): Door<SignedIn>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>> + Send> {
    let listener = directory.live.listen(Topic::Person(person.id));
    let id = person.id;
    let token_hash = Arc::new(token_hash);
    let line = Line {
        name: "me",
        listener,
        stopping: directory.stopping(),
        _keep: (),
    };
    events::stream(line, move || {
        let (directory, token_hash) = (Arc::clone(&directory), Arc::clone(&token_hash));
        async move {
            let mut db = directory.storage.read().await?;
            let still = sessions::of_token(&mut db, &token_hash, now()).await?;
            drop(db);
            still.ok_or(Code::SignedOut)?;
            directory.me(id).await
        }
    })
}

/// Ends the session.
#[utoipa::path(delete, path = "/session",
    responses((status = 204), (status = "4XX", body = Problem)))]
pub(super) async fn sign_out(
    Door(directory, signed_in): Door<SignedIn>,
    origin: Origin,
) -> Result<(http::StatusCode, HeaderMap), Refusal> {
    let mut write = signed_in.write(&directory).await?;
    let SignedIn {
        person, token_hash, ..
    } = signed_in;
    sessions::end(&mut write, &token_hash).await?;
    let entry = Entry {
        at: now(),
        actor: &person.user_name,
        action: Action::SignOut,
        subject: &person.user_name,
        address: &origin.address,
        result: Ok(()),
    };
    audit::append(&mut write, entry).await?;
    directory
        .commit_and_tell(write, vec![Topic::Person(person.id)])
        .await?;
    Ok((http::StatusCode::NO_CONTENT, forget_cookie()))
}

/// Makes an enrolment string for one computer of the person's own.
#[utoipa::path(post, operation_id = "make_own_enrolment", path = "/me/enrolments",
    responses((status = 200, body = OwnEnrolment), (status = "4XX", body = Problem)))]
pub(super) async fn enrol(
    Door(directory, signed_in): Door<SignedIn>,
    origin: Origin,
) -> Answer<OwnEnrolment> {
    let token = EnrolmentToken {
        uses_left: 1,
        expires_at: Timestamp(now().0 + OWN_ENROLMENT_MS),
    };
    let write = signed_in.write(&directory).await?;
    let enrolment = directory
        .make_enrolment(&signed_in.person, write, token, &origin)
        .await?;
    Ok(Json(OwnEnrolment {
        enrolment,
        expires_at: token.expires_at,
    }))
}

impl Directory {
    /// Makes an enrolment string, whoever may ask for it.
    pub(super) async fn make_enrolment(
        &self,
        by: &Person,
        mut write: Write,
        token: EnrolmentToken,
        origin: &Origin,
    ) -> Result<Token, Refusal> {
        let secret = tokens::fresh();
        devices::add_enrolment(&mut write, &tokens::hash(&secret), by.id, token).await?;
        let entry = Entry {
            at: now(),
            actor: &by.user_name,
            action: Action::EnrolmentMade,
            subject: &format!("{} computers", token.uses_left),
            address: &origin.address,
            result: Ok(()),
        };
        audit::append(&mut write, entry).await?;
        commit(write).await?;
        let said = EnrolmentString {
            url: self.config.url.clone(),
            realm: self.config.realm.clone(),
            realm_key: self.keys.realm_key(),
            ca: self.authority.clone().map(lockstep_protocol::Bytes),
            token: Token(secret),
        };
        Ok(Token(said.encode()))
    }

    /// The present view of one person.
    pub(super) async fn me(&self, id: PersonId) -> Result<Me, Refusal> {
        let mut db = self.storage.read().await?;
        let person = people::by_id(&mut db, id).await?.ok_or(Code::SignedOut)?;
        let credential = person.credential.ok_or(Code::SignedOut)?;
        let bindings = devices::bindings_of_person(&mut db, id).await?;
        let mut computers = Vec::with_capacity(bindings.len());
        for binding in &bindings {
            computers.push(self.computer(&mut db, binding, credential.stamp).await?);
        }
        let factors = factors::shown(&mut db, id).await?;
        let recovered = factors::recovery(&mut db, id, now()).await?;
        computers.sort_by(|a, b| a.name.cmp(&b.name).then(a.device.cmp(&b.device)));
        Ok(Me {
            person: person.id,
            user_name: person.user_name,
            display_name: person.display_name,
            role: person.role,
            stamp: credential.stamp,
            changed: credential.changed,
            temporary: credential.temporary,
            computers,
            factors,
            asks_for_factor: self.config.rules.may_ask_for_factor(),
            recovered,
        })
    }

    /// The present view of one binding.
    pub(super) async fn computer(
        &self,
        db: &mut SqliteConnection,
        binding: &BindingRecord,
        stamp: Stamp,
    ) -> Result<Computer, StorageFault> {
        let device = devices::by_id(db, binding.device).await?;
        let device = device.ok_or(StorageFault::Value("device"))?;
        let stores = devices::stores(db, binding.id).await?;
        let online = self.live.is_heard(Topic::Device(device.id));
        Ok(Computer {
            device: device.id,
            name: device.name,
            system: device.system,
            account: binding.account.clone(),
            standing: standing(&stores, stamp, online),
            stores: stores.into_iter().map(|store| store.row).collect(),
            last_contact: device.last_contact,
            online,
        })
    }
}
