//! A computer that enrols, links its person and listens, signing each request.

use anyhow::bail;
use lockstep_model::{BindingId, DeviceId};
use lockstep_protocol::Token;
use lockstep_protocol::api::device::{
    Enrol, Enrolled, ProofFinish, ProofStart, ProofStarted, Proved, Purpose, proof_context,
};
use lockstep_protocol::assertion::{Claims, HEADER};
use p256::ecdsa::SigningKey;
use rand::rngs::OsRng;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::person::Person;
use crate::wire::{Connection, Events, Place};

/// An enrolled computer with one binding.
pub struct Device {
    key: SigningKey,
    /// Its id.
    pub id: DeviceId,
    /// Its one binding.
    pub binding: BindingId,
}

/// The directory's present nonce, good for every computer alike.
#[derive(Default)]
pub struct Nonce(String);

impl Device {
    /// Enrols a new computer and links an account of it to a person.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub async fn enrol(
        line: &mut Connection,
        nonce: &mut Nonce,
        url: &str,
        token: &str,
        person: &Person,
    ) -> anyhow::Result<Self> {
        let mut device = Self {
            key: SigningKey::random(&mut OsRng),
            id: DeviceId::fresh(),
            binding: BindingId::fresh(),
        };
        let enrol = Enrol {
            token: Token(token.to_owned()),
            name: format!("{}'s computer", person.user_name),
            system: "Debian GNU/Linux 12 (bookworm)".to_owned(),
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let path = "/device/enrol";
        let enrolled: Enrolled = device.post(line, nonce, url, None, path, &enrol).await?;
        device.id = enrolled.device;
        let start = ProofStart {
            purpose: Purpose::Link,
            binding: device.binding,
            user_name: Some(person.user_name.clone()),
            request: person.request(),
            registration_request: None,
        };
        let own = Some(device.id);
        let path = "/device/proof/start";
        let started: ProofStarted = device.post(line, nonce, url, own, path, &start).await?;
        let context = proof_context(Purpose::Link, device.id, device.binding);
        let finish = ProofFinish {
            attempt: started.attempt,
            finish: person.prove(&started.response, &started.credential, Some(&context))?,
            account: Some(person.user_name.clone()),
            new_envelope: None,
            envelopes: Vec::new(),
            reset: None,
            factor: None,
        };
        let path = "/device/proof/finish";
        let _proved: Proved = device.post(line, nonce, url, own, path, &finish).await?;
        Ok(device)
    }

    /// Opens the computer's stream.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub async fn listen(&self, place: &Place, nonce: &mut Nonce) -> anyhow::Result<Events> {
        let path = "/device/events";
        let mut connection = place.connect().await?;
        let url = place.url();
        let sign = |nonce: &Nonce| self.sign("GET", &url, path, Some(self.id), &[], nonce);
        // With a nonce at hand the first request is the stream itself.
        if nonce.0.is_empty() {
            let headers = [(HEADER, sign(nonce))];
            let headers = headers
                .each_ref()
                .map(|(name, value)| (*name, value.as_str()));
            let refused = connection.send("GET", path, &headers, &[]).await?;
            nonce.renew(refused.nonce())?;
        }
        let assertion = sign(nonce);
        connection.events(path, &[(HEADER, &assertion)]).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        line: &mut Connection,
        nonce: &mut Nonce,
        url: &str,
        device: Option<DeviceId>,
        path: &str,
        message: &impl Serialize,
    ) -> anyhow::Result<T> {
        let body = serde_json::to_vec(message)?;
        for _ in 0..2 {
            let assertion = self.sign("POST", url, path, device, &body, nonce);
            let headers = [(HEADER, assertion.as_str())];
            let answer = line.send("POST", path, &headers, &body).await?;
            match answer.nonce() {
                Some(fresh) if answer.status == 401 => nonce.renew(Some(fresh))?,
                Some(_) | None => return answer.read(),
            }
        }
        bail!("the directory accepts none of its own nonces")
    }

    fn sign(
        &self,
        method: &str,
        url: &str,
        path: &str,
        device: Option<DeviceId>,
        body: &[u8],
        nonce: &Nonce,
    ) -> String {
        let url = format!("{url}/api/v1{path}");
        Claims::new(device, method, &url, body, &nonce.0).sign(&self.key)
    }
}

impl Nonce {
    /// Forgets the nonce, so that the next request asks for a new one.
    pub fn forget(&mut self) {
        self.0.clear();
    }

    fn renew(&mut self, fresh: Option<&str>) -> anyhow::Result<()> {
        let Some(fresh) = fresh else {
            bail!("the directory gave no nonce");
        };
        fresh.clone_into(&mut self.0);
        Ok(())
    }
}
