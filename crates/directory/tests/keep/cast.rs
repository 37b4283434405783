//! A directory that is in use: people in every state, a computer in step, secrets that still work.

use std::path::Path;

use lockstep_directory::config::{Config, Files};
use lockstep_directory::http::router;
use lockstep_directory::serve;
use lockstep_model::{BindingId, Code, DeviceId, EnvelopeId};
use lockstep_protocol::api::device::{Proved, RetireEnvelopes};
use lockstep_protocol::api::me::PasswordChanged;
use lockstep_protocol::api::public::ActivationOpen;
use lockstep_protocol::{Bytes, Token};
use p256::ecdsa::SigningKey;
use serde::{Deserialize, Serialize};

use crate::computers::{Computer, For};
use crate::people::{BEA, CARL};
use crate::world::{Answer, World};

/// What Bea changed her password to: generation 2.
pub(crate) const BEAS_SECOND: &str = "seven quiet lanterns";

/// What is held by people and computers, not by the directory.
#[derive(Serialize, Deserialize)]
pub(crate) struct Cast {
    /// Bea's session.
    pub(crate) session: String,
    /// Dora's invitation: she has yet to choose a password.
    pub(crate) invitation: String,
    /// An enrolment token with a use left.
    pub(crate) enrolment: String,
    /// The key of Bea's computer.
    pub(crate) key: Bytes,
    /// Bea's computer.
    pub(crate) device: DeviceId,
    /// Bea's account on it.
    pub(crate) binding: BindingId,
    /// Her envelopes: of generation 1, of 2, and of a change to 3 that she never committed.
    pub(crate) envelopes: [EnvelopeId; 3],
}

impl Cast {
    /// Fills a new directory.
    pub(crate) async fn play(world: &World) -> Self {
        let session = world.person("bea", BEA).await;
        world.person("carl", CARL).await;
        let invitation = world.invited("dora").await;
        let enrolment = world.enrolment(1).await;

        let computer = Computer::enrolled(world).await;
        let (binding, first) = computer.link("bea", BEA, "bea").await;
        let change = world.changing(&session, BEA, BEAS_SECOND).await;
        let changed = world.change(&session, &change).await;
        changed.said::<PasswordChanged>();
        let (second, third) = (EnvelopeId::fresh(), EnvelopeId::fresh());
        let mut sync = computer.prepare(For::Sync, binding, BEAS_SECOND).await;
        sync.finish.new_envelope = Some(second);
        computer.finish(&sync).await.said::<Proved>();
        let never = For::Change("never committed at all");
        let mut change = computer.prepare(never, binding, BEAS_SECOND).await;
        change.finish.new_envelope = Some(third);
        computer.finish(&change).await.said::<Proved>();

        // A guess is no reason to forget anything.
        let mut guess = world.signing_in("carl", CARL).await;
        guess.finish.0.fill(0);
        let refused = world.post("", "/sign-in/finish", &guess).await;
        assert_eq!(refused.refusal(), Code::SignInRefused);
        Self {
            session,
            invitation,
            enrolment: enrolment.0,
            key: Bytes(computer.key.to_bytes().to_vec()),
            device: computer.id.unwrap(),
            binding,
            envelopes: [first, second, third],
        }
    }

    /// Bea's computer, in that directory or a later state of it.
    pub(crate) fn computer<'a>(&self, world: &'a World) -> Computer<'a> {
        Computer {
            key: SigningKey::from_slice(self.key.as_slice()).unwrap(),
            id: Some(self.device),
            ..Computer::stranger(world)
        }
    }

    pub(crate) fn load(file: &Path) -> Self {
        serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
    }
}

impl World {
    /// A directory that is there, opened in place; nobody is signed in.
    pub(crate) async fn open_in(data: &Path) -> Self {
        let files = Files {
            folder: data.to_owned(),
        };
        let config = Config::load(&files).unwrap();
        let directory = serve::open(&files, config).await.unwrap();
        Self {
            live: directory.live.clone(),
            storage: directory.storage.clone(),
            router: router(directory),
            owner: String::new(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Retires Bea's oldest envelope; gives its name.
    pub(crate) async fn envelope_retired(&self, cast: &Cast) -> EnvelopeId {
        let retire = RetireEnvelopes {
            binding: cast.binding,
            envelopes: vec![cast.envelopes[0]],
        };
        let computer = cast.computer(self);
        let answer = computer.post("/device/envelopes/retire", &retire).await;
        answer.said::<()>();
        cast.envelopes[0]
    }

    /// Opens an invitation, as the page behind its link does.
    pub(crate) async fn activation(&self, invitation: &str) -> Answer {
        let token = Token(invitation.to_owned());
        self.post("", "/activation/open", &ActivationOpen { token })
            .await
    }
}
