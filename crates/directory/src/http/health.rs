//! Whether the directory is alive, whether it can serve, and what it measures.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use http::{StatusCode, header};
use tokio::sync::Mutex;

use super::Directory;
use super::problem::{Refusal, error_chain};
use crate::metrics::metrics;
use crate::storage::{StorageFault, chain};

/// How long an answer holds. Anybody may ask, and each trial is a write.
const HOLDS: Duration = Duration::from_secs(5);

/// What the last trial of the database showed.
#[derive(Default)]
pub struct Health {
    tried: Mutex<Option<(Instant, bool)>>,
}

/// The two endpoints for load balancers and monitors, for anybody.
pub(super) fn router() -> Router<Arc<Directory>> {
    Router::new()
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(ready))
}

/// Those and the measurements, for a listener of their own: not every visitor of the portal is to
/// read how busy the organisation is.
pub(super) fn monitor(directory: Arc<Directory>) -> Router {
    router()
        .route("/metrics", get(measurements))
        .with_state(directory)
}

async fn ready(State(directory): State<Arc<Directory>>) -> impl IntoResponse {
    if *directory.stop.borrow() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    if directory.can_store().await {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the database fails\n")
    }
}

async fn measurements(
    State(directory): State<Arc<Directory>>,
) -> Result<impl IntoResponse, Refusal> {
    let mut db = directory.storage.read().await?;
    let head = chain::head(&mut db).await?;
    drop(db);
    let text = metrics()
        .text(head.sequence, directory.storage.bytes())
        .map_err(|_| StorageFault::Value("metrics"))?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text))
}

impl Directory {
    async fn can_store(&self) -> bool {
        let mut tried = self.health.tried.lock().await;
        if let Some((at, well)) = *tried
            && at.elapsed() < HOLDS
        {
            return well;
        }
        let tried_out = self.storage.try_out().await;
        if let Err(fault) = &tried_out {
            tracing::error!(error.chain = error_chain(fault), "the database fails");
        }
        *tried = Some((Instant::now(), tried_out.is_ok()));
        tried_out.is_ok()
    }
}
