//! A directory in a folder of its own, asked without a socket.

use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use lockstep_directory::config::{Config, Files};
use lockstep_directory::http::router;
use lockstep_directory::init::{Answers, init};
use lockstep_directory::live::Live;
use lockstep_directory::serve;
use lockstep_directory::storage::Storage;
use lockstep_model::{Code, Ksf};
use lockstep_protocol::api::{ItContact, Problem};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::TempDir;
use tokio::time::timeout;
use tower_service::Service as _;

/// The directory's public address.
pub(crate) const URL: &str = "https://localhost:8443";
/// The first admin's user name.
pub(crate) const OWNER: &str = "admin";
/// The first admin's password.
pub(crate) const OWNERS: &str = "violet harbour at dawn";

/// A directory with its owner signed in.
pub(crate) struct World {
    pub(crate) router: Router,
    pub(crate) live: Live,
    pub(crate) storage: Storage,
    /// The owner's session.
    pub(crate) owner: String,
    pub(crate) folder: TempDir,
}

/// What the directory answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// An open stream.
pub(crate) struct Line(Body);

impl World {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let answers = Answers {
            url: URL.into(),
            // Two programs of two tests may listen at once.
            listen: vec!["127.0.0.1:0".parse().unwrap()],
            organisation: "Acme".into(),
            it_contact: ItContact {
                name: "Sam".into(),
                email: String::new(),
                phone: String::new(),
            },
            admin: OWNER.into(),
            ksf: Ksf::FLOOR,
        };
        let link = init(&files(&folder), answers).await.unwrap();
        let mut world = Self::open(folder).await;
        world.owner = world.activated(fragment(&link), OWNERS).await;
        world
    }

    /// The same directory after a restart.
    pub(crate) async fn restarted(self) -> Self {
        let owner = self.owner;
        Self {
            owner,
            ..Self::open(self.folder).await
        }
    }

    /// The same directory after its rules were edited and it was restarted.
    pub(crate) async fn under(self, former: &str, rule: &str) -> Self {
        let file = files(&self.folder).config();
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(former), "{text}");
        std::fs::write(&file, text.replace(former, rule)).unwrap();
        self.restarted().await
    }

    /// Where the directory is.
    pub(crate) fn files(&self) -> Files {
        files(&self.folder)
    }

    async fn open(folder: TempDir) -> Self {
        let files = files(&folder);
        let config = Config::load(&files).unwrap();
        let directory = serve::open(&files, config).await.unwrap();
        Self {
            live: directory.live.clone(),
            storage: directory.storage.clone(),
            router: router(directory),
            owner: String::new(),
            folder,
        }
    }

    /// Sends anything.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let response = self.call(method, path, headers, body.into()).await;
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes().to_vec(),
        }
    }

    /// Sends a message in a session, or in none if that is empty.
    pub(crate) async fn post(&self, session: &str, path: &str, message: &impl Serialize) -> Answer {
        let bearer = format!("Bearer {session}");
        let headers = [
            ("content-type", "application/json"),
            ("authorization", &bearer),
        ];
        let headers = &headers[..if session.is_empty() { 1 } else { 2 }];
        let body = serde_json::to_vec(message).unwrap();
        self.send("POST", path, headers, body).await
    }

    /// Asks in a session.
    pub(crate) async fn ask(&self, session: &str, method: &str, path: &str) -> Answer {
        let bearer = format!("Bearer {session}");
        let headers = [("authorization", bearer.as_str())];
        self.send(method, path, &headers, Body::empty()).await
    }

    /// Opens a stream.
    pub(crate) async fn listen(&self, path: &str, headers: &[(&str, &str)]) -> Line {
        let response = self.call("GET", path, headers, Body::empty()).await;
        assert_eq!(response.status(), StatusCode::OK);
        Line(response.into_body())
    }

    /// Alters the database behind the directory's back.
    pub(crate) async fn sql(&self, statement: &'static str, about: &str) {
        let mut write = self.storage.write().await.unwrap();
        let query = sqlx::query(statement).bind(about);
        let done = query.execute(&mut *write).await.unwrap();
        assert!(done.rows_affected() > 0, "{statement}");
        write.commit().await.unwrap();
    }

    /// Counts or finds a number in the database.
    pub(crate) async fn number(&self, query: &'static str) -> i64 {
        let mut db = self.storage.read().await.unwrap();
        sqlx::query_scalar(query).fetch_one(&mut *db).await.unwrap()
    }

    /// Every byte that the directory keeps.
    pub(crate) fn kept(&self) -> Vec<u8> {
        let kept = std::fs::read_dir(files(&self.folder).folder).unwrap();
        kept.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap())
            .collect()
    }

    async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> http::Response<Body> {
        let request = Request::builder().method(method);
        let request = request.uri(format!("/api/v1{path}"));
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        let request = request.body(body).unwrap();
        self.router.clone().call(request).await.unwrap()
    }
}

impl Answer {
    /// What was said, by somebody who expects no refusal.
    #[track_caller]
    pub(crate) fn said<T: DeserializeOwned>(&self) -> T {
        assert!(self.status.is_success(), "{self:?}");
        let text: &[u8] = if self.body.is_empty() {
            b"null"
        } else {
            &self.body
        };
        serde_json::from_slice(text).unwrap()
    }

    /// The refusal's code; every refusal is a problem in words.
    #[track_caller]
    pub(crate) fn refusal(&self) -> Code {
        self.problem().code
    }

    #[track_caller]
    pub(crate) fn problem(&self) -> Problem {
        assert!(!self.status.is_success(), "{self:?}");
        let problem: Problem = serde_json::from_slice(&self.body).unwrap();
        assert!(!problem.sentence.is_empty());
        problem
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        Some(self.headers.get(name)?.to_str().unwrap())
    }
}

impl Line {
    /// The next event, or none at the end.
    pub(crate) async fn next(&mut self) -> Option<String> {
        let frame = timeout(Duration::from_secs(5), self.0.frame()).await;
        let frame = frame.unwrap()?.unwrap();
        let data = frame.into_data().unwrap();
        Some(String::from_utf8(data.to_vec()).unwrap())
    }
}

/// The token of a link.
pub(crate) fn fragment(link: &str) -> &str {
    link.split_once('#').unwrap().1
}

fn files(folder: &TempDir) -> Files {
    Files {
        folder: PathBuf::from(folder.path()).join("data"),
    }
}
