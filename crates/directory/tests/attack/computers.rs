//! Computers: signed requests and proofs, each stopping where an attack may begin.

use lockstep_model::{BindingId, DeviceId, EnvelopeId};
use lockstep_opaque::SessionKey;
use lockstep_opaque::client::{Proof, Registration};
use lockstep_opaque::seal::shares;
use lockstep_protocol::api::Credential;
use lockstep_protocol::api::device::{
    ChangeCommit, Enrol, Enrolled, ProofFinish, ProofStart, ProofStarted, Proved, Purpose, Unlink,
    proof_context,
};
use lockstep_protocol::assertion::{Claims, HEADER, NONCE_HEADER};
use lockstep_protocol::{Bytes, Token};
use p256::ecdsa::SigningKey;
use serde::Serialize;

use crate::people::{finish, proof, record, registration};
use crate::world::{Answer, Line, URL, World};

/// A computer: a key, and an id once it is enrolled.
pub(crate) struct Computer<'a> {
    pub(crate) world: &'a World,
    pub(crate) key: SigningKey,
    pub(crate) id: Option<DeviceId>,
}

/// What a proof is for.
#[derive(Clone, Copy)]
pub(crate) enum For<'a> {
    /// A new binding of the person of that name.
    Link(&'a str),
    Sync,
    /// A change to that password.
    Change(&'a str),
}

/// A proof that waits to be finished.
pub(crate) struct Prepared {
    pub(crate) finish: ProofFinish,
    key: SessionKey,
    context: Vec<u8>,
    /// For a change: the record, and what it was made with.
    record: Option<(Bytes, Credential)>,
}

impl<'a> Computer<'a> {
    pub(crate) fn stranger(world: &'a World) -> Self {
        Self {
            world,
            key: SigningKey::random(&mut rand::rngs::OsRng),
            id: None,
        }
    }

    pub(crate) async fn enrolled(world: &'a World) -> Self {
        let mut computer = Self::stranger(world);
        let token = world.enrolment(1).await;
        let enrolled: Enrolled = computer.enrol(&token).await.said();
        computer.id = Some(enrolled.device);
        computer
    }

    pub(crate) async fn enrol(&self, token: &Token) -> Answer {
        self.enrol_as(token, "desk").await
    }

    pub(crate) async fn enrol_as(&self, token: &Token, name: &str) -> Answer {
        let ask = Enrol {
            token: token.clone(),
            name: name.into(),
            system: "Debian 12".into(),
            agent_version: "1".into(),
        };
        self.post("/device/enrol", &ask).await
    }

    /// The directory's present nonce, which anybody may know.
    pub(crate) async fn nonce(&self) -> String {
        let claims = self.claims("GET", "/device/check-in", "", "");
        let answer = self.present(&claims, "GET", "/device/check-in", "").await;
        answer.header(NONCE_HEADER).unwrap().to_owned()
    }

    pub(crate) fn claims(&self, method: &str, path: &str, body: &str, nonce: &str) -> Claims {
        let url = format!("{URL}/api/v1{path}");
        Claims::new(self.id, method, &url, body.as_bytes(), nonce)
    }

    /// Signs claims, whatever they say, and sends a request with them.
    pub(crate) async fn present(
        &self,
        claims: &Claims,
        method: &str,
        path: &str,
        body: &str,
    ) -> Answer {
        let headers = [(HEADER, claims.sign(&self.key))];
        let headers = headers.each_ref().map(|(name, value)| (*name, &**value));
        self.world
            .send(method, path, &headers, body.to_owned())
            .await
    }

    /// Asks as an honest computer.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        let claims = self.claims(method, path, body, &self.nonce().await);
        self.present(&claims, method, path, body).await
    }

    pub(crate) async fn post(&self, path: &str, message: &impl Serialize) -> Answer {
        let body = serde_json::to_string(message).unwrap();
        self.ask("POST", path, &body).await
    }

    pub(crate) async fn check_in(&self) -> Answer {
        self.ask("GET", "/device/check-in", "").await
    }

    pub(crate) async fn listen(&self) -> Line {
        let claims = self.claims("GET", "/device/events", "", &self.nonce().await);
        let assertion = claims.sign(&self.key);
        let headers = [(HEADER, assertion.as_str())];
        self.world.listen("/device/events", &headers).await
    }

    /// A proof's first step, and what the client keeps for the second.
    pub(crate) async fn start(
        &self,
        what: For<'_>,
        binding: BindingId,
        text: &str,
    ) -> (Answer, Proof, Option<Registration>) {
        let (proving, request) = proof(text);
        let (user_name, new) = match what {
            For::Link(name) => (Some(name.to_owned()), None),
            For::Sync => (None, None),
            For::Change(to) => (None, Some(registration(to))),
        };
        let (registering, registration_request) = new.unzip();
        let ask = ProofStart {
            purpose: what.purpose(),
            binding,
            user_name,
            request,
            registration_request,
        };
        let answer = self.post("/device/proof/start", &ask).await;
        (answer, proving, registering)
    }

    /// A proof of the right password, up to its second step.
    pub(crate) async fn prepare(&self, what: For<'_>, binding: BindingId, text: &str) -> Prepared {
        let (answer, proving, registering) = self.start(what, binding, text).await;
        let started: ProofStarted = answer.said();
        let context = proof_context(what.purpose(), self.id.unwrap(), binding);
        let proved = finish(&started.credential, Some(&context), |terms| {
            proving.finish(started.response.as_slice(), terms)
        });
        let proved = proved.unwrap();
        let record = registering.map(|registering| {
            let made_with = started.new_credential.unwrap();
            let answer = started.registration_response.unwrap();
            (record(registering, &answer, &made_with), made_with)
        });
        Prepared {
            finish: ProofFinish {
                attempt: started.attempt,
                finish: Bytes(proved.message),
                account: None,
                new_envelope: None,
                envelopes: Vec::new(),
                reset: None,
                factor: None,
            },
            key: proved.session_key,
            context,
            record,
        }
    }

    pub(crate) async fn finish(&self, prepared: &Prepared) -> Answer {
        self.post("/device/proof/finish", &prepared.finish).await
    }

    /// Links an account; gives the binding, and an envelope that has a share.
    pub(crate) async fn link(
        &self,
        name: &str,
        text: &str,
        account: &str,
    ) -> (BindingId, EnvelopeId) {
        let (binding, envelope) = (BindingId::fresh(), EnvelopeId::fresh());
        let mut prepared = self.prepare(For::Link(name), binding, text).await;
        prepared.finish.account = Some(account.into());
        prepared.finish.new_envelope = Some(envelope);
        self.finish(&prepared).await.said::<Proved>();
        (binding, envelope)
    }

    pub(crate) async fn unlink(&self, binding: BindingId) {
        let answer = self.post("/device/unlink", &Unlink { binding }).await;
        answer.said::<()>();
    }
}

impl For<'_> {
    const fn purpose(self) -> Purpose {
        match self {
            Self::Link(_) => Purpose::Link,
            Self::Sync => Purpose::Sync,
            Self::Change(_) => Purpose::Change,
        }
    }
}

impl Prepared {
    /// The envelopes whose shares were handed out.
    pub(crate) fn shares(&self, proved: &Proved) -> Vec<EnvelopeId> {
        let shares = shares::open(&self.key, proved.shares.as_slice(), &self.context);
        shares.unwrap().into_iter().map(|(id, _)| id).collect()
    }

    /// The commit that a proved change has opened.
    pub(crate) fn commit(&self, proved: &Proved) -> ChangeCommit {
        let (registration_record, made_with) = self.record.clone().unwrap();
        ChangeCommit {
            attempt: self.finish.attempt.clone(),
            registration_record,
            from: proved.stamp,
            made_with,
        }
    }
}
