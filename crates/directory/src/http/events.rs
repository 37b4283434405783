//! Server-sent events: the whole truth of the moment on connecting and at every touch.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;
use tokio::time::timeout;

use super::problem::Refusal;
use crate::live::Listener;
use crate::metrics::metrics;

/// How often an idle line says that it is alive: below the usual 30 s of proxies.
const HEARTBEAT: Duration = Duration::from_secs(25);
/// How often the truth is read though nothing touched it: it bounds what any lost touch, or a
/// session that expired, can do.
const LOOK_AGAIN: Duration = Duration::from_secs(300);

/// One stream of one client.
pub(super) struct Line<K> {
    /// What the events are called.
    pub(super) name: &'static str,
    /// What wakes it.
    pub(super) listener: Listener,
    /// Ends it: the directory stops.
    pub(super) stopping: watch::Receiver<bool>,
    /// Lives as long as the stream does.
    pub(super) _keep: K,
}

/// Streams what `read` answers, now and whenever it has changed.
///
/// A refusal ends the stream; the client comes back and is told why.
pub(super) fn stream<T, F, K>(
    line: Line<K>,
    read: impl Fn() -> F + Send + 'static,
) -> Sse<impl Stream<Item = Result<Event, Infallible>> + Send>
where
    T: Serialize + Send,
    F: Future<Output = Result<T, Refusal>> + Send,
    K: Send + 'static,
{
    // Lines idle for days: the hash of what was told is kept and not the text, and reading takes
    // memory only while it lasts.
    let state = (line, None, read);
    let events = stream::unfold(state, |(mut line, mut told, read)| async move {
        loop {
            let mut touched = None;
            if told.is_some() {
                tokio::select! {
                    woken = timeout(LOOK_AGAIN, line.listener.touched()) => touched = woken.ok(),
                    _ = line.stopping.wait_for(|stopping| *stopping) => return None,
                }
            }
            let truth = match Box::pin(read()).await {
                Ok(truth) => truth,
                Err(refusal) => {
                    refusal.log();
                    return None;
                }
            };
            let truth = serde_json::to_string(&truth).ok()?;
            let hash = Some(Sha256::digest(&truth));
            if hash != told {
                told = hash;
                if let Some(touched) = touched {
                    metrics().woke_up(touched.elapsed());
                }
                let event = Event::default().event(line.name).data(truth);
                return Some((Ok(event), (line, told, read)));
            }
        }
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT))
}
