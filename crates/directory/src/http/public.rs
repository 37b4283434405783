//! Sign-in, and what anybody may read.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use http::HeaderMap;
use lockstep_model::Code;
use lockstep_model::password::NORMALISATION;
use lockstep_opaque::server::ServerKeys;
use lockstep_opaque::{Identifiers, SUITE};
use lockstep_protocol::Bytes;
use lockstep_protocol::api::public::{SessionOpened, SignInFinish, SignInStart, SignInStarted};
use lockstep_protocol::api::{Credential, Organisation, Problem};

use super::actor::{Body, NewToken, Origin};
use super::problem::{Answer, Refusal};
use super::sign_in::Finish;
use super::{Directory, now};
use crate::attempts::Attempt;
use crate::core::credential::Verifier;
use crate::core::names::UserName;
use crate::live::Topic;
use crate::storage::people::{self, Person};

/// The organisation's words and rules.
#[utoipa::path(get, path = "/organisation", responses((status = 200, body = Organisation)))]
pub(super) async fn organisation(State(directory): State<Arc<Directory>>) -> Json<Organisation> {
    Json(directory.config.organisation.clone())
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
    let judged = directory.sign_ins.write(finish).await?;
    // Who is kept out gains nothing by the right password, trying it again and again included.
    if judged.is_ok() {
        directory.refund(&lanes);
    }
    let (headers, opened) = token.hand_out(judged?, ask.carry);
    // Whoever watches where they are signed in sees it come.
    directory.live.touch(Topic::Person(opened.person));
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
