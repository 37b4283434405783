//! Each request gets a number that answer, problem and log have in common, and is counted.

use std::fmt;
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderValue;
use tracing::Instrument as _;

use crate::metrics::metrics;

/// The header of an answer that names its request.
const HEADER: &str = "x-request-id";

/// A request's number. Always drawn here: a client's own would let it write into the log.
#[derive(Clone, Copy, Debug)]
pub(super) struct RequestId(u64);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Names, measures and counts a request.
pub(super) async fn observe(mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = RequestId(rand::random());
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    request.extensions_mut().insert(id);
    let span = tracing::info_span!("request", id = %id);
    let mut response = next.run(request).instrument(span.clone()).await;
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(HEADER, value);
    }
    let route = matched.as_ref().map(MatchedPath::as_str);
    let (status, took) = (response.status().as_u16(), began.elapsed());
    metrics().answered(&method, route, status, took);
    // The template, never the path: what a stranger types is not for the log.
    let (route, took_us) = (route.unwrap_or("other"), took.as_micros());
    tracing::debug!(parent: &span, method = %method, route, status, took_us, "answered");
    response
}
