//! Connections over a pipe, with a line that says what it is told to say.

use std::sync::Mutex;

use axum::routing::get;
use futures_util::stream;
use tokio::io::{DuplexStream, duplex};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use super::*;

const SOON: Duration = Duration::from_secs(5);

struct World {
    client: DuplexStream,
    say: UnboundedSender<&'static str>,
    stop: watch::Sender<bool>,
}

impl World {
    /// A connection whose pipe holds so many bytes.
    fn new(pipe: usize) -> Self {
        let (say, said) = unbounded_channel();
        let said = Arc::new(Mutex::new(Some(said)));
        let app = Router::new().route("/plain", get(async || "plain")).route(
            "/events",
            get(async move || events(said.lock().unwrap().take())),
        );
        let (client, server) = duplex(pipe);
        let stop = watch::Sender::new(false);
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        tokio::spawn(serve(server, address, app, stop.subscribe(), ()));
        Self { client, say, stop }
    }

    async fn send(&mut self, request: &str) {
        self.client.write_all(request.as_bytes()).await.unwrap();
    }

    /// Reads until what has come ends so.
    async fn until(&mut self, end: &str) -> String {
        let mut come = Vec::new();
        let reading = async {
            while !come.ends_with(end.as_bytes()) {
                let byte = self.client.read_u8().await;
                come.push(byte.expect("the connection ended"));
            }
        };
        let done = timeout(SOON, reading).await;
        let come = String::from_utf8(come).unwrap();
        assert!(done.is_ok(), "no {end:?} after {come:?}");
        come
    }

    async fn ends(&mut self) {
        let mut rest = Vec::new();
        let read = timeout(SOON, self.client.read_to_end(&mut rest)).await;
        assert_eq!(read.unwrap().unwrap(), 0, "{rest:?}");
    }
}

fn events(said: Option<UnboundedReceiver<&'static str>>) -> Response {
    let said = stream::unfold(said.unwrap(), |mut said| async {
        let next = said.recv().await?;
        Some((Ok::<_, Infallible>(next), said))
    });
    let mut response = Response::new(Body::from_stream(said));
    let kind = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

const PLAIN: &str = "GET /plain HTTP/1.1\r\nhost: a\r\n\r\n";
const EVENTS: &str = "GET /events HTTP/1.1\r\nhost: a\r\n\r\n";

#[tokio::test]
async fn a_connection_serves_requests_and_then_becomes_a_line() {
    let mut world = World::new(4096);
    for _ in 0..2 {
        world.send(PLAIN).await;
        assert!(
            world
                .until("\r\n\r\nplain")
                .await
                .starts_with("HTTP/1.1 200")
        );
    }
    world.send(EVENTS).await;
    let head = world.until("\r\n\r\n").await;
    assert!(head.contains("transfer-encoding: chunked"), "{head}");
    world.say.send("data: 1\n\n").unwrap();
    assert_eq!(world.until("\n\r\n").await, "9\r\ndata: 1\n\n\r\n");
    world.say.send("data: 20\n\n").unwrap();
    assert_eq!(world.until("\n\r\n").await, "a\r\ndata: 20\n\n\r\n");
}

#[tokio::test]
async fn the_head_comes_whole_though_the_client_reads_slowly() {
    for pipe in 1..40 {
        let world = World::new(pipe);
        world.say.send("data: 1\n\n").unwrap();
        let (mut reading, mut writing) = tokio::io::split(world.client);
        let sending = tokio::spawn(async move {
            writing.write_all(EVENTS.as_bytes()).await.unwrap();
            writing
        });
        let mut come = Vec::new();
        let whole = async {
            while !come.ends_with(b"data: 1\n\n\r\n") {
                // The server finds the pipe full more often than not.
                tokio::task::yield_now().await;
                come.push(reading.read_u8().await.unwrap());
            }
        };
        assert!(timeout(SOON, whole).await.is_ok(), "a pipe of {pipe}");
        let come = String::from_utf8(come).unwrap();
        let (head, body) = come.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert_eq!(body, "9\r\ndata: 1\n\n\r\n");
        drop(sending.await.unwrap());
    }
}

#[tokio::test]
async fn a_line_ends_when_the_client_leaves() {
    let mut world = World::new(4096);
    world.send(EVENTS).await;
    world.until("\r\n\r\n").await;
    drop(world.client);
    let gone = timeout(SOON, world.say.closed()).await;
    assert!(gone.is_ok(), "what the line listened to is still there");
    assert!(timeout(SOON, world.stop.closed()).await.is_ok());
}

#[tokio::test]
async fn a_line_ends_when_the_client_speaks_out_of_turn() {
    let mut world = World::new(4096);
    world.send(EVENTS).await;
    world.until("\r\n\r\n").await;
    world.send(PLAIN).await;
    assert!(timeout(SOON, world.say.closed()).await.is_ok());
    world.ends().await;
}

#[tokio::test]
async fn a_line_that_has_nothing_more_to_say_ends_in_order() {
    let mut world = World::new(4096);
    world.send(EVENTS).await;
    world.until("\r\n\r\n").await;
    let (say, _none) = unbounded_channel();
    drop(std::mem::replace(&mut world.say, say));
    assert_eq!(world.until("\r\n\r\n").await, "0\r\n\r\n");
    world.ends().await;
    assert!(timeout(SOON, world.stop.closed()).await.is_ok());
}

#[tokio::test]
async fn a_stop_ends_idle_connections_and_is_waited_for_by_lines() {
    let mut idle = World::new(4096);
    idle.send(PLAIN).await;
    idle.until("\r\n\r\nplain").await;
    idle.stop.send_replace(true);
    idle.ends().await;
    assert!(timeout(SOON, idle.stop.closed()).await.is_ok());

    let mut line = World::new(4096);
    line.send(EVENTS).await;
    line.until("\r\n\r\n").await;
    let still_there = timeout(Duration::from_millis(50), line.stop.closed()).await;
    assert!(still_there.is_err(), "nobody waits for the line");
}

#[tokio::test]
async fn only_an_answer_in_chunks_becomes_a_line() {
    let mut old = World::new(4096);
    old.send("GET /events HTTP/1.0\r\nhost: a\r\n\r\n").await;
    old.until("\r\n\r\n").await;
    old.say.send("data: 1\n\n").unwrap();
    assert_eq!(old.until("\n\n").await, "data: 1\n\n");

    let mut head = World::new(4096);
    head.send("HEAD /events HTTP/1.1\r\nhost: a\r\n\r\n").await;
    head.until("\r\n\r\n").await;
    assert!(timeout(SOON, head.say.closed()).await.is_ok(), "it listens");
    head.send(PLAIN).await;
    head.until("\r\n\r\nplain").await;
}
