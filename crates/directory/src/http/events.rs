//! Server-sent events: the whole truth of the moment on connecting and at every touch.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use serde::Serialize;

use super::problem::Refusal;
use crate::live::Listener;

/// How often an idle line says that it is alive: below the usual 30 s of proxies.
const HEARTBEAT: Duration = Duration::from_secs(25);

/// Streams what `read` answers, now and whenever the listener is touched.
///
/// A refusal ends the stream; the client comes back and is told why. `keep` lives as long as the
/// stream does.
pub(super) fn stream<T, F, K>(
    name: &'static str,
    listener: Listener,
    keep: K,
    read: impl Fn() -> F + Send + 'static,
) -> Sse<impl Stream<Item = Result<Event, Infallible>> + Send>
where
    T: Serialize + Send,
    F: Future<Output = Result<T, Refusal>> + Send,
    K: Send + 'static,
{
    let state = (true, listener, keep, read);
    let events = stream::unfold(state, move |(first, mut listener, keep, read)| async move {
        if !first {
            listener.touched().await;
        }
        let truth = read().await.ok()?;
        let event = Event::default().event(name).json_data(truth).ok()?;
        Some((Ok(event), (false, listener, keep, read)))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT))
}
