//! A directory with an owner who is signed in, and a computer of theirs that is linked.

use std::path::PathBuf;

use axum::Router;
use axum::body::Body;
use http::{Request, header};
use http_body_util::BodyExt as _;
use lockstep_directory::config::{Config, Files};
use lockstep_directory::http::router;
use lockstep_directory::init::{Answers, init};
use lockstep_directory::serve;
use lockstep_model::password::Password;
use lockstep_model::{BindingId, DeviceId, EnvelopeId, Ksf, PersonId, Secret};
use lockstep_opaque::Identifiers;
use lockstep_opaque::client::{Proof, Registration, Terms};
use lockstep_opaque::stretch::{Place, Stretch};
use lockstep_protocol::api::admin::{Enrolment, NewEnrolment};
use lockstep_protocol::api::device::{
    Enrol, Enrolled, ProofFinish, ProofStart, ProofStarted, Proved, Purpose, proof_context,
};
use lockstep_protocol::api::public::{
    ActivationFinish, ActivationStart, ActivationStarted, Carry, SessionOpened,
};
use lockstep_protocol::api::{Credential, ItContact};
use lockstep_protocol::assertion::{Claims, HEADER, NONCE_HEADER};
use lockstep_protocol::enrolment::EnrolmentString;
use lockstep_protocol::{Bytes, Token};
use p256::ecdsa::SigningKey;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::TempDir;
use tower_service::Service as _;

/// The public address.
pub(super) const URL: &str = "https://localhost:8443";

/// The data of a directory that nobody serves, and what opens its doors.
pub(super) struct Template {
    pub(super) session: String,
    pub(super) key: SigningKey,
    pub(super) device: DeviceId,
    binding: BindingId,
    person: PersonId,
    folder: TempDir,
}

impl Template {
    pub(super) async fn make() -> Self {
        let folder = crate::state::scratch();
        let files = Files {
            folder: folder.path().join("data"),
        };
        let answers = Answers {
            url: URL.into(),
            listen: vec!["127.0.0.1:1".parse().expect("an address")],
            organisation: "Acme".into(),
            it_contact: ItContact {
                name: "Sam".into(),
                email: String::new(),
                phone: String::new(),
            },
            admin: "admin".into(),
            ksf: Ksf::FLOOR,
        };
        let link = init(&files, answers).await.expect("a new folder");
        let config = Config::load(&files).expect("init wrote it");
        let directory = serve::open(&files, config).await.expect("init made it");
        let storage = directory.storage.clone();
        let mut line = Line {
            router: router(directory),
            key: SigningKey::random(&mut rand::rngs::OsRng),
            device: None,
            session: String::new(),
        };
        let invitation = link.split_once('#').expect("a fragment").1;
        let person = line.activate(invitation).await;
        line.enrol().await;
        let binding = line.link().await;
        let Line {
            key,
            device,
            session,
            ..
        } = line;
        storage.close().await;
        Self {
            session,
            key,
            device: device.expect("it is enrolled"),
            binding,
            person,
            folder,
        }
    }

    pub(super) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Puts ids in place of a path's parameters; those that can exist here, do.
    pub(super) fn fill_path(&self, path: &str) -> String {
        let part = |part: &str| match part {
            "{device}" => self.device.to_string(),
            "{person}" => self.person.to_string(),
            other if other.starts_with('{') => self.binding.to_string(),
            other => other.to_owned(),
        };
        path.split('/').map(part).collect::<Vec<_>>().join("/")
    }

    /// Puts ids that exist in place of their names.
    pub(super) fn fill(&self, body: &[u8], attempt: &str) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(body) else {
            return body.to_vec();
        };
        text.replace("@binding@", &self.binding.to_string())
            .replace("@device@", &self.device.to_string())
            .replace("@person@", &self.person.to_string())
            .replace("@attempt@", attempt)
            .into_bytes()
    }
}

/// An honest client.
struct Line {
    router: Router,
    key: SigningKey,
    device: Option<DeviceId>,
    session: String,
}

impl Line {
    async fn activate(&mut self, invitation: &str) -> PersonId {
        let token = Token(invitation.to_owned());
        let (registration, request) = Registration::start(password()).expect("blinds");
        let start = ActivationStart {
            token: token.clone(),
            registration_request: Bytes(request),
        };
        let started: ActivationStarted = self.post("/activation/start", &start).await;
        let record = with_terms(&started.credential, None, |terms| {
            registration.finish(started.registration_response.as_slice(), terms)
        });
        let finish = ActivationFinish {
            token,
            registration_record: Bytes(record.expect("registers")),
            carry: Carry::Bearer,
        };
        let opened: SessionOpened = self.post("/activation/finish", &finish).await;
        self.session = opened.token.expect("it is carried by us").0;
        opened.person
    }

    async fn enrol(&mut self) {
        let ask = NewEnrolment {
            uses: 1,
            valid_for_s: 60,
        };
        let made: Enrolment = self.post("/admin/enrolments", &ask).await;
        let string = EnrolmentString::decode(made.enrolment.expose()).expect("it is one");
        let ask = Enrol {
            token: string.token,
            name: "desk".into(),
            system: "Debian 12".into(),
            agent_version: "1".into(),
        };
        let enrolled: Enrolled = self.post("/device/enrol", &ask).await;
        self.device = Some(enrolled.device);
    }

    async fn link(&mut self) -> BindingId {
        let binding = BindingId::fresh();
        let (proof, request) = Proof::start(password()).expect("blinds");
        let start = ProofStart {
            purpose: Purpose::Link,
            binding,
            user_name: Some("admin".into()),
            request: Bytes(request),
            registration_request: None,
        };
        let started: ProofStarted = self.post("/device/proof/start", &start).await;
        let device = self.device.expect("it is enrolled");
        let context = proof_context(Purpose::Link, device, binding);
        let proved = with_terms(&started.credential, Some(&context), |terms| {
            proof.finish(started.response.as_slice(), terms)
        });
        let finish = ProofFinish {
            attempt: started.attempt,
            finish: Bytes(proved.expect("proves").message),
            account: Some("admin".into()),
            new_envelope: Some(EnvelopeId::fresh()),
            envelopes: Vec::new(),
            reset: None,
            factor: None,
        };
        let _proved: Proved = self.post("/device/proof/finish", &finish).await;
        binding
    }

    /// Sends a message as whoever the path is for; a device is told its nonce first.
    async fn post<T: DeserializeOwned>(&mut self, path: &str, message: &impl Serialize) -> T {
        let path = format!("/api/v1{path}");
        let body = serde_json::to_vec(message).expect("a message");
        let mut nonce = String::new();
        loop {
            let claims = Claims::new(self.device, "POST", &format!("{URL}{path}"), &body, &nonce);
            let request = Request::post(&path)
                .header(header::CONTENT_TYPE, "application/json")
                .header(header::AUTHORIZATION, format!("Bearer {}", self.session))
                .header(HEADER, claims.sign(&self.key))
                .body(Body::from(body.clone()))
                .expect("headers of our own");
            let response = self.router.call(request).await.expect("it answers");
            let asked = response.headers().get(NONCE_HEADER).cloned();
            if let Some(asked) = asked
                && nonce.is_empty()
            {
                asked.to_str().expect("text").clone_into(&mut nonce);
                continue;
            }
            let said = response
                .into_body()
                .collect()
                .await
                .expect("a body")
                .to_bytes();
            return serde_json::from_slice(&said)
                .unwrap_or_else(|_| panic!("{path}: {}", String::from_utf8_lossy(&said)));
        }
    }
}

fn with_terms<T>(
    credential: &Credential,
    context: Option<&[u8]>,
    step: impl FnOnce(&Terms<'_>) -> T,
) -> T {
    let stretch = Stretch::new(credential.ksf, Place::Here).expect("it is accepted");
    step(&Terms {
        identifiers: Identifiers {
            client: &credential.client_identifier,
            server: &credential.server_identifier,
        },
        stretch: &stretch,
        context,
        server_key: None,
    })
}

fn password() -> Password {
    let typed = Secret::copy_of(b"violet harbour at dawn");
    Password::normalise(&typed).expect("it is normal")
}
