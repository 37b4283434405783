//! The endpoints, and the document that describes them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use lockstep_model::{Code, Timestamp};
use lockstep_protocol::api::MAX_BODY;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::attempts::Attempts;
use crate::config::Config;
use crate::core::throttle::{Lane, Throttle};
use crate::keys::Keys;
use crate::live::Live;
use crate::storage::{Group, Storage};

mod actor;
mod admin;
mod assertion;
mod device;
mod events;
mod me;
mod password;
mod problem;
mod proof;
mod public;
mod sign_in;
mod web;

pub(crate) use actor::PeerAddress;
pub(crate) use admin::{INVITATION_MS, activation_link};
pub use assertion::Nonces;
use device::Contacts;
pub use problem::Refusal;
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
    /// How many proofs may be begun.
    pub throttle: Mutex<Throttle>,
    /// Becomes true when the directory stops, which ends every stream.
    pub stop: tokio::sync::watch::Sender<bool>,
}

impl Directory {
    /// Charges for the start of a proof.
    fn charge(&self, lanes: &[Lane]) -> Result<(), Refusal> {
        let mut throttle = self.throttle.lock().unwrap_or_else(PoisonError::into_inner);
        throttle.charge(lanes, now()).map_err(Refusal::from)
    }

    /// Gives back what the start of a finished proof was charged.
    fn refund(&self, lanes: &[Lane]) {
        self.throttle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .refund(lanes, now());
    }

    /// Tells a stream when to end.
    fn stopping(&self) -> tokio::sync::watch::Receiver<bool> {
        self.stop.subscribe()
    }
}

type Shared = Arc<Directory>;

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
    let shared = Arc::new(directory);
    let (api, _) = api().with_state(Arc::clone(&shared)).split_for_parts();
    Router::new()
        .merge(api)
        .fallback(web::serve)
        .method_not_allowed_fallback(async || Refusal::from(Code::BadRequest))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&shared),
            problem::describe,
        ))
        .layer(middleware::from_fn(web::harden))
        .with_state(shared)
}

/// The OpenAPI document, as JSON with a final newline.
///
/// # Errors
///
/// Never for a document that was generated.
pub fn openapi() -> Result<String, serde_json::Error> {
    let (_, document) = api().split_for_parts();
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

fn api() -> OpenApiRouter<Shared> {
    OpenApiRouter::with_openapi(Document::openapi()).nest(
        "/api/v1",
        OpenApiRouter::new()
            .routes(routes!(public::organisation))
            .routes(routes!(public::activation_open))
            .routes(routes!(public::activation_start))
            .routes(routes!(public::activation_finish))
            .routes(routes!(public::sign_in_start))
            .routes(routes!(public::sign_in_finish))
            .routes(routes!(me::sign_out))
            .routes(routes!(me::show))
            .routes(routes!(me::watch))
            .routes(routes!(me::enrol))
            .routes(routes!(password::start))
            .routes(routes!(password::finish))
            .routes(routes!(admin::people, admin::invite))
            .routes(routes!(admin::computers))
            .routes(routes!(admin::revoke))
            .routes(routes!(admin::enrol))
            .routes(routes!(admin::audit))
            .routes(routes!(device::enrol))
            .routes(routes!(device::check_in))
            .routes(routes!(device::watch))
            .routes(routes!(device::report))
            .routes(routes!(device::retire))
            .routes(routes!(device::unlink))
            .routes(routes!(proof::start))
            .routes(routes!(proof::finish))
            .routes(routes!(proof::commit_change_from_device)),
    )
}
