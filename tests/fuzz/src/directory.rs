//! The whole directory behind its router: every endpoint of the OpenAPI document, any body, from
//! every kind of actor.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use lockstep_directory::config::{Config, Files};
use lockstep_directory::http::{openapi, router};
use lockstep_directory::serve;
use lockstep_protocol::api::Problem;
use lockstep_protocol::assertion::{Claims, HEADER, NONCE_HEADER};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower_service::Service as _;

mod template;

use crate::named;
use template::{Template, URL};

/// After so many requests the directory is as it was at first: what one input did is not the next
/// one's fault, and throttles are empty again.
const LIFE: usize = 64;
/// No request takes longer, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(20);

/// A directory and what it takes to ask it anything.
struct World {
    runtime: Runtime,
    template: Template,
    endpoints: Vec<(String, String)>,
    names: Vec<String>,
    living: Option<Living>,
}

struct Living {
    router: Router,
    nonce: String,
    attempt: String,
    asked: usize,
    _folder: TempDir,
}

thread_local! {
    static WORLD: RefCell<World> = RefCell::new(World::new());
}

/// The first line names the endpoint, the next byte says who asks and how; the rest is the body.
///
/// `@binding@`, `@device@`, `@person@` and `@attempt@` in it stand for ids that exist.
pub(crate) fn directory(data: &[u8]) {
    WORLD.with_borrow_mut(|world| {
        let (endpoint, rest) = named(data, &world.names);
        if let Some((how, body)) = rest.split_first() {
            world.ask(endpoint, *how, body);
        }
    });
}

/// Every endpoint of the document, with the methods' names in capitals.
fn endpoints() -> Vec<(String, String)> {
    type Paths = BTreeMap<String, BTreeMap<String, serde_json::Value>>;
    let document = openapi().expect("it is generated");
    let mut document: serde_json::Value = serde_json::from_str(&document).expect("it is JSON");
    let paths: Paths = serde_json::from_value(document["paths"].take()).expect("it has paths");
    let each = paths.into_iter().flat_map(|(path, methods)| {
        let methods = methods.into_keys();
        methods.map(move |method| (method.to_uppercase(), path.clone()))
    });
    each.collect()
}

impl World {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let template = runtime.block_on(Template::make());
        let endpoints = endpoints();
        Self {
            runtime,
            template,
            names: endpoints
                .iter()
                .map(|(method, path)| format!("{method} {path}"))
                .collect(),
            endpoints,
            living: None,
        }
    }

    fn ask(&mut self, endpoint: usize, how: u8, body: &[u8]) {
        let Self {
            runtime,
            template,
            endpoints,
            living,
            ..
        } = self;
        let (method, path) = &endpoints[endpoint];
        runtime.block_on(async {
            if living.as_ref().is_none_or(|living| living.asked >= LIFE) {
                *living = Some(Living::begin(template).await);
            }
            let living = living.as_mut().expect("it was begun");
            living.asked += 1;
            let path = template.fill_path(path);
            let body = template.fill(body, &living.attempt);
            let request = living.request(template, method, &path, how, body);
            let began = Instant::now();
            let answer = living.send(request).await;
            assert!(began.elapsed() < PATIENCE, "{method} {path}");
            if let Some((status, body)) = answer {
                judge(status, &body, &format!("{method} {path}"));
                living.note_attempt(&body);
            }
        });
    }
}

/// A refusal is a problem in words and never the directory's own fault.
fn judge(status: StatusCode, body: &[u8], what: &str) {
    let text = String::from_utf8_lossy(body);
    assert!(!status.is_server_error(), "{what}: {status}: {text}");
    if !status.is_success() {
        let problem: Problem = serde_json::from_slice(body).expect("a problem");
        assert!(!problem.sentence.is_empty(), "{what}: {status}");
    }
}

impl Living {
    async fn begin(template: &Template) -> Self {
        let folder = crate::state::scratch();
        let data = folder.path().join("data");
        copy(&template.data(), &data);
        let files = Files { folder: data };
        let config = Config::load(&files).expect("init wrote it");
        let directory = serve::open(&files, config).await.expect("init made it");
        let mut living = Self {
            router: router(directory),
            nonce: String::new(),
            attempt: String::new(),
            asked: 0,
            _folder: folder,
        };
        let path = "/api/v1/device/check-in";
        let request = living.request(template, "GET", path, 2, Vec::new());
        let response = living.router.call(request).await.expect("it answers");
        living.nonce = nonce(response.headers()).expect("a nonce is asked for");
        living
    }

    /// Three in four bodies come as JSON; actors in turns: nobody, a session, a cookie, a device.
    fn request(
        &self,
        template: &Template,
        method: &str,
        path: &str,
        how: u8,
        body: Vec<u8>,
    ) -> Request<Body> {
        let mut request = Request::builder().method(method).uri(path);
        if how & 0x0c != 0x0c {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        request = match how & 0x03 {
            0 => request,
            1 => request.header(
                header::AUTHORIZATION,
                format!("Bearer {}", template.session),
            ),
            2 => {
                let url = format!("{URL}{path}");
                let device = Some(template.device);
                let claims = Claims::new(device, method, &url, &body, &self.nonce);
                request.header(HEADER, claims.sign(&template.key))
            }
            _ => request
                .header(
                    header::COOKIE,
                    format!("__Host-lockstep={}", template.session),
                )
                .header(header::ORIGIN, URL),
        };
        let body = if how & 0x10 == 0 {
            Body::from(body)
        } else {
            Body::from_stream(Pieces(body))
        };
        request.body(body).expect("headers of our own")
    }

    /// Sends a request; none for a stream, which would not end.
    async fn send(&mut self, request: Request<Body>) -> Option<(StatusCode, Bytes)> {
        let response = self.router.call(request).await.expect("it answers");
        let (parts, body) = response.into_parts();
        if let Some(nonce) = nonce(&parts.headers) {
            self.nonce = nonce;
        }
        let kind = parts.headers.get(header::CONTENT_TYPE);
        if kind.is_some_and(|kind| kind == "text/event-stream") {
            return None;
        }
        let body = body.collect().await.expect("a body of its own");
        Some((parts.status, body.to_bytes()))
    }

    fn note_attempt(&mut self, body: &[u8]) {
        let said: Option<serde_json::Value> = serde_json::from_slice(body).ok();
        let attempt = said.and_then(|said| Some(said.get("attempt")?.as_str()?.to_owned()));
        if let Some(attempt) = attempt {
            self.attempt = attempt;
        }
    }
}

/// A body in pieces, without a length in front.
struct Pieces(Vec<u8>);

impl futures_util::Stream for Pieces {
    type Item = std::io::Result<Bytes>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        if self.0.is_empty() {
            return std::task::Poll::Ready(None);
        }
        let length = self.0.len().min(100);
        let piece: Vec<u8> = self.0.drain(..length).collect();
        std::task::Poll::Ready(Some(Ok(piece.into())))
    }
}

fn nonce(headers: &HeaderMap) -> Option<String> {
    headers.get(NONCE_HEADER)?.to_str().ok().map(str::to_owned)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("scratch");
    for entry in std::fs::read_dir(from).expect("scratch") {
        let entry = entry.expect("scratch");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("scratch");
    }
}
