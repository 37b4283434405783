//! Activation and sign-in.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use http::HeaderMap;
use lockstep_model::password::NORMALISATION;
use lockstep_model::{Channel, Code, PersonId, Provenance};
use lockstep_opaque::server::ServerKeys;
use lockstep_opaque::{Identifiers, SUITE};
use lockstep_protocol::Bytes;
use lockstep_protocol::api::public::{
    ActivationFinish, ActivationOffer, ActivationOpen, ActivationStart, ActivationStarted,
    SessionOpened, SignInFinish, SignInStart, SignInStarted,
};
use lockstep_protocol::api::{Credential, Organisation, Problem};
use sqlx::SqliteConnection;

use super::actor::{Body, NewToken, Origin, open_session};
use super::problem::{Answer, Refusal};
use super::sign_in::Finish;
use super::{Directory, now};
use crate::attempts::Attempt;
use crate::core::credential::{self, Command, Event, Verifier};
use crate::core::names::UserName;
use crate::live::Topic;
use crate::storage::audit::{self, Action, Entry};
use crate::storage::people::{self, Person};
use crate::storage::{StorageFault, Write, commit, devices, sessions};
use crate::tokens;

/// The organisation's words and rules.
#[utoipa::path(get, path = "/organisation", responses((status = 200, body = Organisation)))]
pub(super) async fn organisation(State(directory): State<Arc<Directory>>) -> Json<Organisation> {
    Json(directory.config.organisation.clone())
}

/// Tells whom an invitation is for.
#[utoipa::path(post, path = "/activation/open", request_body = ActivationOpen,
    responses((status = 200, body = ActivationOffer), (status = "4XX", body = Problem)))]
pub(super) async fn activation_open(
    State(directory): State<Arc<Directory>>,
    Body(ask): Body<ActivationOpen>,
) -> Answer<ActivationOffer> {
    let mut db = directory.storage.read().await?;
    let invited = people::invited(&mut db, &tokens::hash(ask.token.expose()), now()).await?;
    let (person, expires_at) = invited.ok_or(Code::InvitationSpent)?;
    Ok(Json(ActivationOffer {
        user_name: person.user_name,
        display_name: person.display_name,
        expires_at,
    }))
}

/// First step of choosing the first password.
#[utoipa::path(post, path = "/activation/start", request_body = ActivationStart,
    responses((status = 200, body = ActivationStarted), (status = "4XX", body = Problem)))]
pub(super) async fn activation_start(
    State(directory): State<Arc<Directory>>,
    Body(ask): Body<ActivationStart>,
) -> Answer<ActivationStarted> {
    let mut db = directory.storage.read().await?;
    let invited = people::invited(&mut db, &tokens::hash(ask.token.expose()), now()).await?;
    let (person, _) = invited.ok_or(Code::InvitationSpent)?;
    let id = person.id.to_string();
    let answer = directory
        .keys
        .opaque
        .register(&id, ask.registration_request.as_slice());
    Ok(Json(ActivationStarted {
        registration_response: Bytes(answer.map_err(|_| Code::BadRequest)?),
        credential: directory.new_credential(id),
    }))
}

/// Second step: spends the invitation and signs in.
#[utoipa::path(post, path = "/activation/finish", request_body = ActivationFinish,
    responses((status = 200, body = SessionOpened), (status = "4XX", body = Problem)))]
pub(super) async fn activation_finish(
    State(directory): State<Arc<Directory>>,
    origin: Origin,
    Body(ask): Body<ActivationFinish>,
) -> Result<(HeaderMap, Json<SessionOpened>), Refusal> {
    let now = now();
    let mut write = directory.storage.write().await?;
    let invited = people::invited(&mut write, &tokens::hash(ask.token.expose()), now).await?;
    let (person, _) = invited.ok_or(Code::InvitationSpent)?;
    let command = Command::Activate {
        epoch: directory.storage.epoch(),
        verifier: directory.new_verifier(ask.registration_record.as_slice())?,
        changed: Provenance {
            at: now,
            channel: Channel::Invitation,
            client: origin.client.clone(),
            address: origin.address.clone(),
        },
    };
    let Event::CredentialSet(credential) = credential::decide(person.credential.as_ref(), command)?;
    people::set_credential(&mut write, person.id, &credential).await?;
    people::end_invitations(&mut write, person.id).await?;
    let opened = open_session(&mut write, person.id, ask.carry, &origin, now).await?;
    let entry = Entry {
        at: now,
        actor: &person.user_name,
        action: Action::PersonActivated,
        subject: &person.user_name,
        address: &origin.address,
        result: Ok(()),
    };
    audit::append(&mut write, entry).await?;
    directory
        .commit_and_tell(write, vec![Topic::Person(person.id)])
        .await?;
    Ok((opened.0, Json(opened.1)))
}

/// First step of a sign-in; the same work and the same shape for people who don't exist.
#[utoipa::path(post, path = "/sign-in/start", request_body = SignInStart,
    responses((status = 200, body = SignInStarted), (status = "4XX", body = Problem)))]
pub(super) async fn sign_in_start(
    State(directory): State<Arc<Directory>>,
    origin: Origin,
    Body(ask): Body<SignInStart>,
) -> Answer<SignInStarted> {
    let name = UserName::as_typed(&ask.user_name);
    let lanes = origin.lanes(&name);
    directory.charge(&lanes)?;
    let mut db = directory.storage.read().await?;
    let person = people::by_name(&mut db, &name).await?;
    let (credential, record) = directory.credential_of(person.as_ref(), &name);
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
    let attempt = Attempt::SignIn {
        pending: Box::new(pending),
        person: person.and_then(|person| Some((person.id, person.credential?.stamp))),
        lanes,
    };
    let attempt = directory.attempts.keep(attempt, Instant::now());
    Ok(Json(SignInStarted {
        attempt,
        response: Bytes(response),
        credential,
    }))
}

/// Second step of a sign-in.
#[utoipa::path(post, path = "/sign-in/finish", request_body = SignInFinish,
    responses((status = 200, body = SessionOpened), (status = "4XX", body = Problem)))]
pub(super) async fn sign_in_finish(
    State(directory): State<Arc<Directory>>,
    origin: Origin,
    Body(ask): Body<SignInFinish>,
) -> Result<(HeaderMap, Json<SessionOpened>), Refusal> {
    let attempt = directory.attempts.take(&ask.attempt, Instant::now());
    let Some(Attempt::SignIn {
        pending,
        person,
        lanes,
    }) = attempt
    else {
        return Err(Code::AttemptExpired.into());
    };
    let token = NewToken::draw();
    let finish = Finish {
        person,
        proved: pending.finish(ask.finish.as_slice()).is_ok(),
        token_hash: token.hash().to_vec(),
        origin,
        at: now(),
    };
    let admitted = directory.sign_ins.write(finish).await?;
    let person = admitted.ok_or(Code::SignInRefused)?;
    directory.refund(&lanes);
    let (headers, opened) = token.hand_out(person, ask.carry);
    Ok((headers, Json(opened)))
}

impl Directory {
    /// What a client needs to register a new password.
    pub(super) fn new_credential(&self, client_identifier: String) -> Credential {
        Credential {
            suite: SUITE,
            normalisation: NORMALISATION,
            ksf: self.config.ksf,
            client_identifier,
            server_identifier: self.config.realm.clone(),
        }
    }

    /// Checks an uploaded registration and notes what it was made with.
    pub(super) fn new_verifier(&self, upload: &[u8]) -> Result<Verifier, Code> {
        Ok(Verifier {
            suite: SUITE,
            normalisation: NORMALISATION,
            ksf: self.config.ksf,
            record: ServerKeys::record(upload).map_err(|_| Code::BadRequest)?,
        })
    }

    /// What a client needs to prove a password, and the record to prove it against; for somebody
    /// without one, a stand-in that can't be told from it.
    pub(super) fn credential_of<'a>(
        &self,
        person: Option<&'a Person>,
        name: &UserName,
    ) -> (Credential, Option<&'a [u8]>) {
        let known = person.and_then(|person| Some((person.id, person.credential.as_ref()?)));
        match known {
            Some((id, kept)) => {
                let Verifier {
                    suite,
                    normalisation,
                    ksf,
                    record,
                } = &kept.verifier;
                let credential = Credential {
                    suite: *suite,
                    normalisation: *normalisation,
                    ksf: *ksf,
                    client_identifier: id.to_string(),
                    server_identifier: self.config.realm.clone(),
                };
                (credential, Some(record))
            }
            None => (
                self.new_credential(self.keys.pseudo_person(name.as_str()).to_string()),
                None,
            ),
        }
    }
}

/// OPAQUE's identifiers of a credential.
pub(super) fn identifiers(credential: &Credential) -> Identifiers<'_> {
    Identifiers {
        client: &credential.client_identifier,
        server: &credential.server_identifier,
    }
}

/// Stores a new credential, ends every session but one, writes it down, commits, and tells everybody
/// whom it concerns.
///
/// What every change of a password has in common, whichever door it came through.
pub(super) async fn commit_change(
    directory: &Directory,
    mut write: Write,
    change: Change<'_>,
) -> Result<credential::Credential, Refusal> {
    let Change {
        person,
        command,
        keep_session,
        actor,
        address,
        at,
    } = change;
    let decided = credential::decide(person.credential.as_ref(), command);
    let mut concerned = Vec::new();
    if let Ok(Event::CredentialSet(credential)) = &decided {
        people::set_credential(&mut write, person.id, credential).await?;
        sessions::end_others(&mut write, person.id, keep_session, at).await?;
        concerned = topics(&mut write, person.id).await?;
    }
    let entry = Entry {
        at,
        actor,
        action: Action::PasswordChange,
        subject: &person.user_name,
        address,
        result: decided.as_ref().map(|_| ()).map_err(|code| *code),
    };
    audit::append(&mut write, entry).await?;
    directory.commit_and_tell(write, concerned).await?;
    let Event::CredentialSet(credential) = decided?;
    Ok(credential)
}

/// One change of a password.
pub(super) struct Change<'a> {
    pub(super) person: &'a Person,
    pub(super) command: Command,
    pub(super) keep_session: &'a [u8],
    pub(super) actor: &'a str,
    pub(super) address: &'a str,
    pub(super) at: lockstep_model::Timestamp,
}

/// Everybody who listens to what concerns a person: their portals and their computers.
pub(super) async fn topics(
    db: &mut SqliteConnection,
    person: PersonId,
) -> Result<Vec<Topic>, StorageFault> {
    let bindings = devices::bindings_of_person(db, person).await?;
    let computers = bindings
        .into_iter()
        .map(|binding| Topic::Device(binding.device));
    Ok(computers.chain([Topic::Person(person)]).collect())
}

impl Directory {
    /// Commits a write and wakes whom it concerns, even if the client has hung up meanwhile: a
    /// change that nobody is told of would wait for the next one.
    pub(super) async fn commit_and_tell(
        &self,
        write: Write,
        concerned: Vec<Topic>,
    ) -> Result<(), Refusal> {
        let live = self.live.clone();
        let committing = tokio::spawn(async move {
            commit(write).await?;
            for topic in concerned {
                live.touch(topic);
            }
            Ok::<(), StorageFault>(())
        });
        committing.await.map_err(|_| Code::AnswerLost)??;
        Ok(())
    }
}
