//! Sign-in, and what anybody may read.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use lockstep_model::password::NORMALISATION;
use lockstep_model::{Code, PersonId};
use lockstep_opaque::server::ServerKeys;
use lockstep_opaque::{Identifiers, SUITE};
use lockstep_protocol::Bytes;
use lockstep_protocol::api::public::{SessionOpened, SignInFinish, SignInStart, SignInStarted};
use lockstep_protocol::api::{Credential, Organisation, Problem};

use super::actor::{Body, NewToken, Origin};
use super::problem::{Answer, Refusal};
use super::sign_in::Finish;
use super::{Directory, now, web};
use crate::attempts::{Attempt, Whom};
use crate::core::credential::Verifier;
use crate::core::names::UserName;
use crate::live::Topic;
use crate::storage::StorageFault;
use crate::storage::people::{self, Found};
use crate::storage::settings::{self, StoredLogo};

/// The organisation's words and rules.
#[utoipa::path(get, path = "/organisation",
    responses((status = 200, body = Organisation)))]
pub(super) async fn organisation(State(directory): State<Arc<Directory>>) -> Answer<Organisation> {
    let mut db = directory.storage.read().await?;
    let settings = settings::all(&mut db).await?;
    Ok(Json(directory.organisation(&settings)))
}

/// The organisation's logo, for pages; nothing where there is none.
#[utoipa::path(get, operation_id = "show_logo", path = "/logo",
    responses((status = 200, body = String, content_type = "image/png"),
        (status = 204, description = "There is no logo"),
        (status = 304, description = "The logo that the client has")))]
pub(super) async fn logo(
    State(directory): State<Arc<Directory>>,
    asked: HeaderMap,
) -> Result<Response, Refusal> {
    let mut db = directory.storage.read().await?;
    let Some(StoredLogo { digest, png }) = settings::logo(&mut db).await? else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let tag = format!("\"{digest}\"");
    let value = HeaderValue::from_str(&tag).map_err(|_| StorageFault::Value("digest"))?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::ETAG, value);
    if web::has(&asked, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/png"));
    Ok((headers, png).into_response())
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
    let pseudo = directory.keys.pseudo_person(name.as_str());
    let found = people::for_proof(&mut db, &name, pseudo).await?;
    let (credential, record) = directory.credential_of(found.as_ref(), pseudo);
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
        whom: found.and_then(Whom::of),
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
        whom,
        lanes,
    }) = attempt
    else {
        return Err(Code::AttemptExpired.into());
    };
    let token = NewToken::draw();
    let finish = Finish {
        whom,
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

    /// What a client needs to prove a password, and the record to prove it against; under a name
    /// that nobody can sign in with, under which `pseudo` goes, what can't be told from it.
    pub(super) fn credential_of<'a>(
        &self,
        found: Option<&'a Found>,
        pseudo: PersonId,
    ) -> (Credential, Option<&'a [u8]>) {
        let kept = found.and_then(|found| Some((found, found.person.credential.as_ref()?)));
        let Some((found, kept)) = kept else {
            return (self.new_credential(pseudo.to_string()), None);
        };
        let Verifier {
            suite,
            normalisation,
            ksf,
            record,
        } = &kept.verifier;
        let id = if found.known { found.person.id } else { pseudo };
        let credential = Credential {
            suite: *suite,
            normalisation: *normalisation,
            ksf: *ksf,
            client_identifier: id.to_string(),
            server_identifier: self.config.realm.clone(),
        };
        (credential, found.known.then_some(record))
    }
}

/// OPAQUE's identifiers of a credential.
pub(super) fn identifiers(credential: &Credential) -> Identifiers<'_> {
    Identifiers {
        client: &credential.client_identifier,
        server: &credential.server_identifier,
    }
}
