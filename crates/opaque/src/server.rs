//! The server's side: it answers proofs and registrations, and never sees a password.

use lockstep_model::Secret;
use opaque_ke::{
    ClientRegistration, ClientRegistrationFinishParameters, CredentialFinalization,
    CredentialRequest, RegistrationRequest, RegistrationUpload, ServerLogin, ServerLoginParameters,
    ServerRegistration, ServerSetup,
};
use rand::rngs::OsRng;

use crate::stretch::Stretch;
use crate::suite::Suite;
use crate::{Identifiers, SessionKey};

/// The server's long-term keys. They live in the key file: whoever has them and the database can
/// guess passwords offline, whoever has the database alone can not.
pub struct ServerKeys {
    setup: ServerSetup<Suite>,
    /// A record that is decoded when there is none, so that unknown people cost the same work.
    stock_record: Vec<u8>,
}

/// Why the server's side refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServerFault {
    /// A message, record or key is malformed.
    #[error("malformed OPAQUE message")]
    Malformed,
    /// The proof doesn't hold.
    #[error("the proof does not hold")]
    Refused,
}

impl ServerKeys {
    /// Draws new keys.
    ///
    /// # Errors
    ///
    /// [`ServerFault::Malformed`] never for keys of our own making.
    pub fn fresh() -> Result<Self, ServerFault> {
        Self::with(ServerSetup::new(&mut OsRng))
    }

    /// Reads keys.
    ///
    /// # Errors
    ///
    /// [`ServerFault::Malformed`].
    pub fn from_secret(bytes: &Secret) -> Result<Self, ServerFault> {
        Self::with(ServerSetup::deserialize(bytes.expose()).map_err(|_| ServerFault::Malformed)?)
    }

    /// Writes keys.
    #[must_use]
    pub fn to_secret(&self) -> Secret {
        Secret::copy_of(&self.setup.serialize())
    }

    /// The public key that clients pin.
    #[must_use]
    pub fn public_key(&self) -> Vec<u8> {
        self.setup.keypair().public().serialize().to_vec()
    }

    /// Answers a `RegistrationRequest` for a person.
    ///
    /// # Errors
    ///
    /// [`ServerFault::Malformed`].
    pub fn register(&self, client: &str, request: &[u8]) -> Result<Vec<u8>, ServerFault> {
        let request =
            RegistrationRequest::deserialize(request).map_err(|_| ServerFault::Malformed)?;
        let answer = ServerRegistration::<Suite>::start(&self.setup, request, client.as_bytes())
            .map_err(|_| ServerFault::Malformed)?;
        Ok(answer.message.serialize().to_vec())
    }

    /// Checks that an uploaded registration is well formed and gives the record to keep.
    ///
    /// # Errors
    ///
    /// [`ServerFault::Malformed`].
    pub fn record(upload: &[u8]) -> Result<Vec<u8>, ServerFault> {
        let upload =
            RegistrationUpload::<Suite>::deserialize(upload).map_err(|_| ServerFault::Malformed)?;
        Ok(ServerRegistration::finish(upload).serialize().to_vec())
    }

    /// Answers KE1 with KE2. Without a record the answer looks the same and can't be finished.
    ///
    /// # Errors
    ///
    /// [`ServerFault::Malformed`].
    pub fn prove(
        &self,
        record: Option<&[u8]>,
        request: &[u8],
        identifiers: Identifiers<'_>,
        context: Option<&[u8]>,
    ) -> Result<(Pending, Vec<u8>), ServerFault> {
        let request =
            CredentialRequest::deserialize(request).map_err(|_| ServerFault::Malformed)?;
        let decoded =
            ServerRegistration::<Suite>::deserialize(record.unwrap_or(&self.stock_record))
                .map_err(|_| ServerFault::Malformed)?;
        let started = ServerLogin::start(
            &mut OsRng,
            &self.setup,
            record.is_some().then_some(decoded),
            request,
            identifiers.client.as_bytes(),
            ServerLoginParameters {
                context,
                identifiers: identifiers.as_opaque(),
            },
        )
        .map_err(|_| ServerFault::Malformed)?;
        let pending = Pending {
            state: started.state,
            client: identifiers.client.to_owned(),
            server: identifiers.server.to_owned(),
            context: context.map(<[u8]>::to_vec),
        };
        Ok((pending, started.message.serialize().to_vec()))
    }

    fn with(setup: ServerSetup<Suite>) -> Result<Self, ServerFault> {
        let stock_record = stock_record(&setup).map_err(|_| ServerFault::Malformed)?;
        Ok(Self {
            setup,
            stock_record,
        })
    }
}

/// A proof that waits for KE3; good for one finish, which consumes it.
pub struct Pending {
    state: ServerLogin<Suite>,
    client: String,
    server: String,
    context: Option<Vec<u8>>,
}

impl Pending {
    /// Judges KE3.
    ///
    /// # Errors
    ///
    /// [`ServerFault::Refused`] when the proof doesn't hold.
    pub fn finish(self, finish: &[u8]) -> Result<SessionKey, ServerFault> {
        let finish =
            CredentialFinalization::deserialize(finish).map_err(|_| ServerFault::Malformed)?;
        let identifiers = Identifiers {
            client: &self.client,
            server: &self.server,
        };
        let parameters = ServerLoginParameters {
            context: self.context.as_deref(),
            identifiers: identifiers.as_opaque(),
        };
        let done = self
            .state
            .finish(finish, parameters)
            .map_err(|_| ServerFault::Refused)?;
        Ok(SessionKey::take(done.session_key))
    }
}

fn stock_record(setup: &ServerSetup<Suite>) -> Result<Vec<u8>, opaque_ke::errors::ProtocolError> {
    let password = b"stock record, never logged in with";
    let client = ClientRegistration::<Suite>::start(&mut OsRng, password)?;
    let answer = ServerRegistration::start(setup, client.message, b"stock")?;
    let stretch = Stretch::for_stock_record();
    let parameters = ClientRegistrationFinishParameters {
        identifiers: opaque_ke::Identifiers::default(),
        ksf: Some(&stretch),
    };
    let upload = client
        .state
        .finish(&mut OsRng, password, answer.message, parameters)?;
    Ok(ServerRegistration::finish(upload.message)
        .serialize()
        .to_vec())
}
