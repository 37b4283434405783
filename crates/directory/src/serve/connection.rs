//! One connection: requests until it ends, or until it becomes a line.
//!
//! Most connections are lines: a computer that listens for days and is told something now and then.
//! hyper keeps two buffers of 8 KiB for each, which can't be made smaller. So hyper serves the
//! request and writes the head of the answer; then it hands the connection over, and what is left
//! is to write the answer's chunks (RFC 9112 section 7.1) and to notice the end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::Response;
use http::{HeaderValue, Method, Version, header};
use http_body_util::BodyExt as _;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::sync::watch;
use tower_service::Service as _;

use crate::http::PeerAddress;

/// A client that says nothing is not waited for.
const HEADERS: Duration = Duration::from_secs(15);
/// The smallest that hyper takes.
const BUFFER: usize = 8 * 1024;

/// Serves a connection to its end, or to the beginning of a line, which goes on by itself; `kept` is
/// dropped at the end of either.
pub(super) async fn serve<S>(
    stream: S,
    address: SocketAddr,
    app: Router,
    mut stop: watch::Receiver<bool>,
    kept: impl Send + 'static,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let turning = Arc::new(Turning::default());
    let service = hyper::service::service_fn({
        let turning = Arc::clone(&turning);
        move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(PeerAddress(address));
            // Only such an answer comes in chunks.
            let may_turn = request.method() == Method::GET && request.version() == Version::HTTP_11;
            let (answer, turning) = (app.clone().call(request), Arc::clone(&turning));
            Box::pin(async move {
                let response = answer.await?;
                Ok::<_, Infallible>(if may_turn {
                    turning.keep_line(response)
                } else {
                    response
                })
            })
        }
    });
    let watched = Watched {
        stream,
        turning: Arc::clone(&turning),
    };
    let mut connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(watched), service);
    let ended = {
        let mut stopping = pin!(stop.wait_for(|stop| *stop));
        let mut told = false;
        std::future::poll_fn(|context| {
            if !told && stopping.as_mut().poll(context).is_ready() {
                told = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
            let polled = connection.poll_without_shutdown(context);
            if polled.is_pending() && turning.is_done() {
                return Poll::Ready(Ok(()));
            }
            polled
        })
        .await
    };
    if let Err(fault) = ended {
        tracing::debug!(error = %fault, "connection ended");
    }
    let mut stream = connection.into_parts().io.into_inner().stream;
    match turning.take_line() {
        // A task of its own, so that all of this one's memory is given back.
        Some(body) => drop(tokio::spawn(line(stream, body, (stop, kept)))),
        None => drop(stream.shutdown().await),
    }
}

/// Writes what a line is told, until either side ends it.
async fn line<S>(mut stream: S, mut body: Body, _kept: impl Send)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let mut unexpected = [0; 1];
        let told = tokio::select! {
            told = body.frame() => told,
            // The client has left, or says something out of turn.
            _ = stream.read(&mut unexpected) => return,
        };
        let Some(Ok(frame)) = told else { break };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if data.is_empty() {
            continue;
        }
        if stream.write_all(&chunk(&data)).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
    if stream.write_all(b"0\r\n\r\n").await.is_ok() {
        drop(stream.shutdown().await);
    }
}

/// In one piece, so that it is one TLS record.
fn chunk(data: &[u8]) -> Vec<u8> {
    let mut chunk = format!("{:x}\r\n", data.len()).into_bytes();
    chunk.reserve_exact(data.len() + 2);
    chunk.extend_from_slice(data);
    chunk.extend_from_slice(b"\r\n");
    chunk
}

/// How far a connection has turned into a line.
#[derive(Default)]
struct Turning {
    /// What the line will be told.
    line: Mutex<Option<Body>>,
    /// The head of its answer was given to hyper's buffer.
    begun: AtomicBool,
    /// Everything that was written has gone out.
    settled: AtomicBool,
}

impl Turning {
    /// Keeps the body of a line's answer, and leaves one that never says anything in its place.
    fn keep_line(self: &Arc<Self>, response: Response) -> Response {
        let events = HeaderValue::from_static("text/event-stream");
        if response.headers().get(header::CONTENT_TYPE) != Some(&events) {
            return response;
        }
        response.map(|body| {
            *self.line.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
            Body::new(Silent(Arc::clone(self)))
        })
    }

    fn take_line(&self) -> Option<Body> {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.take().filter(|_| self.is_done())
    }

    fn is_done(&self) -> bool {
        self.begun.load(Ordering::Acquire) && self.settled.load(Ordering::Acquire)
    }
}

/// The body that hyper has of a line: asked for the first time when the head is in the buffer.
struct Silent(Arc<Turning>);

impl hyper::body::Body for Silent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        // hyper flushes after it has asked; the connection is watched until that is done.
        self.0.begun.store(true, Ordering::Release);
        Poll::Pending
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

/// A stream that notes whether everything written to it has gone out.
struct Watched<S> {
    stream: S,
    turning: Arc<Turning>,
}

impl<S> Watched<S> {
    fn note<T>(&self, settled: bool, done: Poll<std::io::Result<T>>) -> Poll<std::io::Result<T>> {
        let settled = settled && matches!(done, Poll::Ready(Ok(_)));
        self.turning.settled.store(settled, Ordering::Release);
        done
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.note(false, done)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.note(false, done)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        let done = Pin::new(&mut self.stream).poll_flush(context);
        self.note(true, done)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
