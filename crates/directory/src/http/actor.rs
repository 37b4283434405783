//! Who asks: a type for each kind of actor who is let in by [`super::door`].

use std::net::SocketAddr;
use std::ops::Deref;
use std::time::Duration;

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use http::request::Parts;
use http::{HeaderMap, Method, header};
use lockstep_model::{Code, PersonId, Timestamp};
use lockstep_protocol::Token;
use lockstep_protocol::api::public::{Carry, SessionOpened};
use serde::de::DeserializeOwned;
use sqlx::SqliteConnection;

use super::door::{Actor, Admins, People};
use super::problem::Refusal;
use super::{Directory, now};
use crate::core::access::{self, DISOWN_MS};
use crate::core::names::UserName;
use crate::core::throttle::Lane;
use crate::storage::people::Person;
use crate::storage::sessions::NewSession;
use crate::storage::{StorageFault, Write, people, sessions};
use crate::tokens;

/// The session cookie. The prefix makes browsers insist on TLS, this host, and the root path.
const COOKIE: &str = "__Host-lockstep";
/// How long a session lasts.
const SESSION_MS: i64 = 12 * 60 * 60 * 1000;

/// How long a body may take to arrive.
pub(super) const BODY: Duration = Duration::from_secs(15);

/// The network address of the other side, put into each request by the accept loop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PeerAddress(pub(crate) SocketAddr);

/// From where and by what a request comes; for people to read, never to decide by.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// The network address.
    pub(super) address: String,
    /// "Firefox on Linux".
    pub(super) client: String,
}

impl Origin {
    /// What a request from here is charged to.
    pub(super) fn source(&self) -> Option<Lane> {
        self.address.parse().ok().map(Lane::Source)
    }

    /// What a proof under a name from here is charged to.
    pub(super) fn lanes(&self, name: &UserName) -> Vec<Lane> {
        self.source()
            .into_iter()
            .chain([Lane::Name(name.as_str().to_owned())])
            .collect()
    }
}

impl<S: Sync> FromRequestParts<S> for Origin {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let address = parts
            .extensions
            .get::<PeerAddress>()
            .map(|peer| peer.0.ip().to_string());
        let agent = parts
            .headers
            .get(header::USER_AGENT)
            .and_then(|value| value.to_str().ok());
        Ok(Self {
            address: address.unwrap_or_else(|| "local socket".to_owned()),
            client: describe_client(agent.unwrap_or_default()),
        })
    }
}

/// Somebody with a session.
pub(super) struct SignedIn {
    pub(super) person: Person,
    pub(super) token_hash: Vec<u8>,
    /// When they signed in.
    since: Timestamp,
}

impl Actor for SignedIn {
    type Side = People;

    async fn judge(parts: &Parts, directory: &Directory) -> Result<Self, Refusal> {
        let hash = token_hash(parts, &directory.config.url)?;
        let mut db = directory.storage.read().await?;
        let Some(session) = sessions::of_token(&mut db, &hash, now()).await? else {
            return Err(why_ended(&mut db, &hash).await?);
        };
        let person = people::by_id(&mut db, session.person).await?;
        Ok(Self {
            person: person.ok_or(Code::SignedOut)?,
            token_hash: hash,
            since: session.since,
        })
    }
}

/// Says which change of the password ended a session, if that is what ended it.
async fn why_ended(db: &mut SqliteConnection, token_hash: &[u8]) -> Result<Refusal, StorageFault> {
    let ended = sessions::ended(db, token_hash, disownable_since()).await?;
    Ok(Refusal::signed_out(ended.map(|ended| ended.by)))
}

fn disownable_since() -> Timestamp {
    Timestamp(now().0 - DISOWN_MS)
}

impl SignedIn {
    /// Begins a write in this person's name, if their session has not ended since the request came:
    /// a body that is held back must not outlive the session.
    pub(super) async fn write(&self, directory: &Directory) -> Result<Write, Refusal> {
        let mut write = directory.storage.write().await?;
        let still = sessions::of_token(&mut write, &self.token_hash, now()).await?;
        if still.is_some_and(|session| session.person == self.person.id) {
            Ok(write)
        } else {
            Err(Code::SignedOut.into())
        }
    }
}

/// Somebody who has signed in a short while ago: for what is risky.
pub(super) struct FreshlySignedIn(SignedIn);

impl Actor for FreshlySignedIn {
    type Side = People;

    async fn judge(parts: &Parts, directory: &Directory) -> Result<Self, Refusal> {
        let signed_in = SignedIn::judge(parts, directory).await?;
        access::is_fresh(signed_in.since, now())?;
        Ok(Self(signed_in))
    }
}

impl FreshlySignedIn {
    /// Begins a write in this person's name, if the session still stands; gives the person as they
    /// are now.
    pub(super) async fn write(&self, directory: &Directory) -> Result<(Write, Person), Refusal> {
        let mut write = self.0.write(directory).await?;
        let person = people::by_id(&mut write, self.0.person.id).await?;
        Ok((write, person.ok_or(Code::SignedOut)?))
    }
}

/// Somebody whose session a change of the password has ended: all they can do is to disown it.
pub(super) struct Ended {
    token_hash: Vec<u8>,
}

impl Actor for Ended {
    type Side = People;

    async fn judge(parts: &Parts, directory: &Directory) -> Result<Self, Refusal> {
        let token_hash = token_hash(parts, &directory.config.url)?;
        // Strangers never get as far as the one writer.
        let mut db = directory.storage.read().await?;
        let ended = sessions::ended(&mut db, &token_hash, disownable_since()).await?;
        ended.ok_or(Code::SignedOut)?;
        Ok(Self { token_hash })
    }
}

impl Ended {
    /// Begins a write in this person's name, if the change can still be disowned.
    pub(super) async fn write(&self, directory: &Directory) -> Result<(Write, Person), Refusal> {
        let mut write = directory.storage.write().await?;
        let ended = sessions::ended(&mut write, &self.token_hash, disownable_since()).await?;
        let person = ended.ok_or(Code::SignedOut)?.person;
        let person = people::by_id(&mut write, person).await?;
        Ok((write, person.ok_or(Code::SignedOut)?))
    }
}

/// Somebody with a session who may administer the directory, under a password of their own.
pub(super) struct Administrator(SignedIn);

impl Actor for Administrator {
    type Side = Admins;

    async fn judge(parts: &Parts, directory: &Directory) -> Result<Self, Refusal> {
        let signed_in = SignedIn::judge(parts, directory).await?;
        may_administer(&signed_in.person)?;
        Ok(Self(signed_in))
    }
}

impl Administrator {
    /// Who it is.
    pub(super) const fn person(&self) -> &Person {
        &self.0.person
    }

    /// Begins a write in this admin's name, if session and role still stand.
    pub(super) async fn write(&self, directory: &Directory) -> Result<Write, Refusal> {
        Ok(self.write_as(directory).await?.0)
    }

    /// The same, with the admin as they are now: to judge a decision by.
    pub(super) async fn write_as(&self, directory: &Directory) -> Result<(Write, Person), Refusal> {
        let mut write = self.0.write(directory).await?;
        let person = people::by_id(&mut write, self.0.person.id).await?;
        let person = person.ok_or(Code::SignedOut)?;
        may_administer(&person)?;
        Ok((write, person))
    }
}

fn may_administer(person: &Person) -> Result<(), Code> {
    let temporary = person
        .credential
        .as_ref()
        .is_some_and(|kept| kept.temporary);
    access::may_administer(person.role, temporary)
}

/// An [`Administrator`] who has signed in a short while ago: for what is risky.
pub(super) struct FreshAdministrator(Administrator);

impl Actor for FreshAdministrator {
    type Side = Admins;

    async fn judge(parts: &Parts, directory: &Directory) -> Result<Self, Refusal> {
        let admin = Administrator::judge(parts, directory).await?;
        access::is_fresh(admin.0.since, now())?;
        Ok(Self(admin))
    }
}

impl Deref for FreshAdministrator {
    type Target = Administrator;

    fn deref(&self) -> &Administrator {
        &self.0
    }
}

/// A JSON body whose every fault is [`Code::BadRequest`].
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let json = tokio::time::timeout(BODY, Json::from_request(request, state)).await;
        match json {
            Ok(Ok(json)) => Ok(Self(json.0)),
            Ok(Err(_)) | Err(_) => Err(Code::BadRequest.into()),
        }
    }
}

/// A part of the address whose every fault is [`Code::BadRequest`].
pub(super) struct Named<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Named<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|path| Self(path.0))
            .map_err(|_| Code::BadRequest.into())
    }
}

/// Opens a session inside a write: its answer, and the cookie if it is to be carried as one.
pub(super) async fn open_session(
    write: &mut Write,
    person: PersonId,
    carry: Carry,
    origin: &Origin,
    now: Timestamp,
) -> Result<(HeaderMap, SessionOpened), StorageFault> {
    let token = NewToken::draw();
    sessions::open(write, &new_session(&token.hash, person, origin, now)).await?;
    Ok(token.hand_out(person, carry))
}

/// The token of a session that is about to be opened.
pub(super) struct NewToken {
    token: String,
    hash: Vec<u8>,
}

impl NewToken {
    pub(super) fn draw() -> Self {
        let token = tokens::fresh();
        Self {
            hash: tokens::hash(&token),
            token,
        }
    }

    /// What is stored of the token.
    pub(super) fn hash(&self) -> &[u8] {
        &self.hash
    }

    /// What the client gets: the cookie, or the token itself.
    pub(super) fn hand_out(self, person: PersonId, carry: Carry) -> (HeaderMap, SessionOpened) {
        let mut headers = HeaderMap::new();
        let token = match carry {
            Carry::Bearer => Some(Token(self.token)),
            Carry::Cookie => {
                set_cookie(&mut headers, &self.token, SESSION_MS / 1000);
                None
            }
        };
        (headers, SessionOpened { person, token })
    }
}

/// What is stored of a session.
pub(super) fn new_session<'a>(
    token_hash: &'a [u8],
    person: PersonId,
    origin: &'a Origin,
    now: Timestamp,
) -> NewSession<'a> {
    NewSession {
        token_hash,
        person,
        created_at: now,
        expires_at: Timestamp(now.0 + SESSION_MS),
        client: &origin.client,
        address: &origin.address,
    }
}

/// The header that makes a browser forget its session.
pub(super) fn forget_cookie() -> HeaderMap {
    let mut headers = HeaderMap::new();
    set_cookie(&mut headers, "", 0);
    headers
}

/// What is stored of the token that a request brings, in a cookie from our own pages or in a
/// header: [`Code::SignedOut`] without one, [`Code::NotAllowed`] for a cookie that another page sent.
fn token_hash(parts: &Parts, url: &str) -> Result<Vec<u8>, Code> {
    let token = match cookie(&parts.headers) {
        Some(token) => {
            check_origin(parts, url)?;
            token
        }
        None => bearer(&parts.headers).ok_or(Code::SignedOut)?,
    };
    Ok(tokens::hash(token))
}

fn set_cookie(headers: &mut HeaderMap, token: &str, seconds: i64) {
    let cookie =
        format!("{COOKIE}={token}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={seconds}");
    if let Ok(value) = header::HeaderValue::from_str(&cookie) {
        headers.insert(header::SET_COOKIE, value);
    }
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Bearer ")
}

/// A cookie comes along with whatever page asks, so the page must be ours.
fn check_origin(parts: &Parts, url: &str) -> Result<(), Code> {
    if parts.method == Method::GET {
        return Ok(());
    }
    let origin = parts
        .headers
        .get(header::ORIGIN)
        .and_then(|value| value.to_str().ok());
    if origin == Some(url) {
        Ok(())
    } else {
        Err(Code::NotAllowed)
    }
}

fn describe_client(agent: &str) -> String {
    let first = |names: &[(&str, &str)]| {
        names
            .iter()
            .find(|(mark, _)| agent.contains(mark))
            .map(|(_, name)| (*name).to_owned())
    };
    let browser = first(&[
        ("lockstep/", "lockstep"),
        ("Firefox/", "Firefox"),
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Mac OS X", "macOS"),
        ("Windows", "Windows"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => "an unknown program".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_named_as_people_know_them() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
        assert_eq!(describe_client(firefox), "Firefox on Linux");
        let safari = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 \
                      (KHTML, like Gecko) Version/17.4 Safari/605.1.15";
        assert_eq!(describe_client(safari), "Safari on macOS");
        assert_eq!(describe_client(""), "an unknown program");
    }
}
