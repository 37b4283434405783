//! The endpoints, and the document that describes them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use lockstep_model::{Code, PersonId, Timestamp};
use lockstep_protocol::api::{MAX_BODY, MAX_LOGO_BODY};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::attempts::Attempts;
use crate::config::Config;
use crate::core::names::UserName;
use crate::core::throttle::{Lane, Throttle};
use crate::keys::Keys;
use crate::live::Live;
use crate::metrics::metrics;
use crate::storage::{Group, Storage};

mod accounts;
mod activation;
mod actor;
mod admin;
mod assertion;
mod change;
mod device;
mod disown;
mod door;
mod events;
mod factors;
mod health;
mod leave;
mod me;
mod observe;
mod order;
mod organisation;
mod password;
mod problem;
mod proof;
mod public;
mod release;
mod sessions;
mod sign_in;
mod web;

pub(crate) use accounts::{RESET_LINK_MS, reset_link_of};
pub(crate) use actor::PeerAddress;
pub(crate) use admin::{INVITATION_MS, activation_link};
pub use assertion::Nonces;
use device::Contacts;
use door::{Admins, Behind, Computers, People};
pub use health::Health;
pub use problem::Refusal;
pub(crate) use problem::error_chain;
use sign_in::SignIns;

/// What every handler may reach.
pub struct Directory {
    /// The configuration.
    pub config: Config,
    /// The certificate authority that devices pin (DER).
    pub authority: Option<Vec<u8>>,
    /// The long-term keys.
    pub keys: Keys,
    /// The database.
    pub storage: Storage,
    /// Sign-ins that wait to be written.
    pub(crate) sign_ins: Group<SignIns>,
    /// Computers whose coming or going waits to be written.
    pub(crate) contacts: Group<Contacts>,
    /// Proofs under way.
    pub attempts: Attempts,
    /// Who listens.
    pub live: Live,
    /// Nonces and spent assertions of devices.
    pub nonces: Nonces,
    /// Whether the database can be written.
    pub health: Health,
    /// How many proofs may be begun.
    pub throttle: Mutex<Throttle>,
    /// Becomes true when the directory stops, which ends every stream.
    pub stop: tokio::sync::watch::Sender<bool>,
}

impl Directory {
    /// Charges for the start of a proof.
    fn charge(&self, lanes: &[Lane]) -> Result<(), Refusal> {
        let mut throttle = self.throttle.lock().unwrap_or_else(PoisonError::into_inner);
        throttle.charge(lanes, now()).map_err(|full| {
            metrics().throttled();
            Refusal::from(full)
        })
    }

    /// Gives back what the start of a finished proof was charged.
    fn refund(&self, lanes: &[Lane]) {
        self.throttle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .refund(lanes, now());
    }

    /// Forgives the tries made under a person's name, and their own.
    fn forgive(&self, name: &UserName, person: PersonId) {
        let lanes = [Lane::Name(name.as_str().to_owned()), Lane::Session(person)];
        self.throttle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .forgive(&lanes);
    }

    /// Tells a stream when to end.
    fn stopping(&self) -> tokio::sync::watch::Receiver<bool> {
        self.stop.subscribe()
    }
}

type Shared = Arc<Directory>;

/// Under which address the interface is.
const API: &str = "/api/v1";

/// The present by the directory's clock, the only one that counts.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Every endpoint and page.
pub fn router(directory: Directory) -> Router {
    routers(Arc::new(directory)).0
}

/// Every endpoint and page; and those of the monitor's own listener.
pub(crate) fn routers(shared: Arc<Directory>) -> (Router, Router) {
    let monitor = health::monitor(Arc::clone(&shared));
    let api = Router::new()
        .merge(Router::from(public()).with_state(Arc::clone(&shared)))
        .merge(Router::from(people()).with_state(Behind::new(&shared)))
        .merge(Router::from(admins()).with_state(Behind::new(&shared)))
        .merge(Router::from(computers()).with_state(Behind::new(&shared)));
    let public = Router::new()
        .nest(API, api)
        .merge(health::router().with_state(Arc::clone(&shared)))
        .fallback(web::serve)
        .method_not_allowed_fallback(async || Refusal::from(Code::BadRequest))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&shared),
            problem::describe,
        ))
        .layer(middleware::from_fn(web::harden))
        .layer(middleware::from_fn(observe::observe))
        .with_state(shared);
    (public, monitor)
}

/// The OpenAPI document, as JSON with a final newline.
///
/// # Errors
///
/// Never for a document that was generated.
pub fn openapi() -> Result<String, serde_json::Error> {
    let mut api = public().into_openapi();
    api.merge(people().into_openapi());
    api.merge(admins().into_openapi());
    api.merge(computers().into_openapi());
    let document = Document::openapi().nest(API, api);
    document.to_pretty_json().map(|text| text + "\n")
}

#[derive(OpenApi)]
#[openapi(info(
    title = "Lockstep directory",
    description = "Every request that fails answers a Problem with a code of docs/errors.md.",
    version = "1",
    license(name = "Apache-2.0 OR MIT")
))]
struct Document;

/// What is for anybody.
fn public() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(public::organisation))
        .routes(routes!(public::logo))
        .routes(routes!(activation::open))
        .routes(routes!(activation::start))
        .routes(routes!(activation::finish))
        .routes(routes!(public::sign_in_start))
        .routes(routes!(public::sign_in_finish))
}

fn people() -> OpenApiRouter<Behind<People>> {
    OpenApiRouter::new()
        .routes(routes!(me::sign_out))
        .routes(routes!(disown::from_session))
        .routes(routes!(me::show))
        .routes(routes!(me::watch))
        .routes(routes!(me::enrol))
        .routes(routes!(sessions::list, sessions::end_others))
        .routes(routes!(sessions::watch))
        .routes(routes!(sessions::end))
        .routes(routes!(password::start))
        .routes(routes!(password::finish))
        .routes(routes!(factors::begin))
        .routes(routes!(factors::confirm))
        .routes(routes!(factors::remove))
}

fn admins() -> OpenApiRouter<Behind<Admins>> {
    OpenApiRouter::new()
        .routes(routes!(admin::people, admin::invite))
        .routes(routes!(accounts::issue_start))
        .routes(routes!(accounts::issue_finish))
        .routes(routes!(accounts::reset_link))
        .routes(routes!(accounts::reset_factor))
        .routes(routes!(accounts::unlock))
        .routes(routes!(accounts::suspend))
        .routes(routes!(accounts::resume))
        .routes(routes!(admin::computers))
        .routes(routes!(admin::revoke))
        .routes(routes!(admin::enrol))
        .routes(routes!(admin::audit))
        .routes(routes!(
            organisation::show_policy,
            organisation::change_policy
        ))
        .routes(routes!(organisation::remove_logo))
        .merge(with_a_picture())
}

/// What takes more than other bodies hold.
fn with_a_picture() -> OpenApiRouter<Behind<Admins>> {
    OpenApiRouter::new()
        .routes(routes!(organisation::set_logo))
        .layer(DefaultBodyLimit::max(MAX_LOGO_BODY))
}

fn computers() -> OpenApiRouter<Behind<Computers>> {
    OpenApiRouter::new()
        .routes(routes!(device::enrol))
        .routes(routes!(device::check_in))
        .routes(routes!(device::watch))
        .routes(routes!(organisation::fetch_logo))
        .routes(routes!(device::list_others))
        .routes(routes!(device::report))
        .routes(routes!(device::retire))
        .routes(routes!(device::unlink))
        .routes(routes!(leave::leave))
        .routes(routes!(disown::from_device))
        .routes(routes!(proof::start))
        .routes(routes!(proof::finish))
        .routes(routes!(proof::commit_change_from_device))
}
