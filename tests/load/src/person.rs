//! A person whose client doesn't stretch: the directory can't tell, and has the same work.

use anyhow::Context as _;
use lockstep_model::Stamp;
use lockstep_protocol::api::Credential;
use lockstep_protocol::api::me::{PasswordChanged, PasswordFinish, PasswordStart, PasswordStarted};
use lockstep_protocol::api::public::{
    ActivationFinish, ActivationStart, ActivationStarted, Carry, SessionOpened, SignInFinish,
    SignInStart, SignInStarted,
};
use lockstep_protocol::{Bytes, Token};
use opaque_ke::ksf::Identity;
use opaque_ke::{
    ClientLogin, ClientLoginFinishParameters, ClientRegistration,
    ClientRegistrationFinishParameters, CredentialResponse, Identifiers, RegistrationResponse,
    Ristretto255, TripleDh,
};
use rand::rngs::OsRng;

use crate::wire::Connection;

/// The product's suite but for the stretching, which is the client's alone (RFC 9807 section 3).
struct Unstretched;

impl opaque_ke::CipherSuite for Unstretched {
    type OprfCs = Ristretto255;
    type KeyExchange = TripleDh<Ristretto255, sha2::Sha512>;
    type Ksf = Identity;
}

/// Somebody with a password.
pub struct Person {
    /// The user name.
    pub user_name: String,
    password: Vec<u8>,
    /// The session's token.
    pub session: String,
    prepared: Prepared,
}

/// The first message of a proof, drawn once: only the second depends on the directory's answer.
struct Prepared {
    state: ClientLogin<Unstretched>,
    message: Bytes,
}

/// A change that is ready to be sent.
pub struct ReadyChange {
    finish: PasswordFinish,
    /// What the password will be.
    next: Vec<u8>,
    /// What it replaces.
    pub from: Stamp,
}

impl Person {
    /// Spends an activation token.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub async fn activate(
        line: &mut Connection,
        user_name: &str,
        token: &str,
    ) -> anyhow::Result<Self> {
        let password = format!("the first of {user_name}").into_bytes();
        let started = ClientRegistration::<Unstretched>::start(&mut OsRng, &password)?;
        let start = ActivationStart {
            token: Token(token.to_owned()),
            registration_request: Bytes(started.message.serialize().to_vec()),
        };
        let answer: ActivationStarted = line.post(None, "/activation/start", &start).await?;
        let finish = ActivationFinish {
            token: Token(token.to_owned()),
            registration_record: record(
                started.state,
                &password,
                &answer.registration_response,
                &answer.credential,
            )?,
            carry: Carry::Bearer,
        };
        let opened: SessionOpened = line.post(None, "/activation/finish", &finish).await?;
        Ok(Self {
            user_name: user_name.to_owned(),
            prepared: Prepared::new(&password)?,
            password,
            session: opened.token.context("no session")?.0,
        })
    }

    /// Signs in, in two requests with a proof between them that holds.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub async fn sign_in(&self, line: &mut Connection) -> anyhow::Result<SignInTimes> {
        let start = SignInStart {
            user_name: self.user_name.clone(),
            request: self.prepared.message.clone(),
        };
        let began = std::time::Instant::now();
        let started: SignInStarted = line.post(None, "/sign-in/start", &start).await?;
        let start_took = began.elapsed();
        let finish = SignInFinish {
            attempt: started.attempt,
            finish: self.prove(&started.response, &started.credential, None)?,
            carry: Carry::Bearer,
        };
        let began = std::time::Instant::now();
        let opened: SessionOpened = line.post(None, "/sign-in/finish", &finish).await?;
        let finish_took = began.elapsed();
        opened.token.context("no session")?;
        Ok(SignInTimes {
            start: start_took,
            finish: finish_took,
        })
    }

    /// Does everything of a change but its last request.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub async fn prepare_change(&self, line: &mut Connection) -> anyhow::Result<ReadyChange> {
        let next = [self.password.as_slice(), b"+"].concat();
        let started = ClientRegistration::<Unstretched>::start(&mut OsRng, &next)?;
        let start = PasswordStart {
            request: self.prepared.message.clone(),
            registration_request: Bytes(started.message.serialize().to_vec()),
        };
        let session = Some(self.session.as_str());
        let answer: PasswordStarted = line.post(session, "/me/password/start", &start).await?;
        let record = record(
            started.state,
            &next,
            &answer.registration_response,
            &answer.new_credential,
        )?;
        Ok(ReadyChange {
            finish: PasswordFinish {
                attempt: answer.attempt,
                finish: self.prove(&answer.response, &answer.credential, None)?,
                registration_record: record,
            },
            next,
            from: answer.from,
        })
    }

    /// Sends a change's last request.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub async fn change(
        &mut self,
        line: &mut Connection,
        change: ReadyChange,
    ) -> anyhow::Result<Stamp> {
        let session = Some(self.session.as_str());
        let path = "/me/password/finish";
        let changed: PasswordChanged = line.post(session, path, &change.finish).await?;
        self.prepared = Prepared::new(&change.next)?;
        self.password = change.next;
        Ok(changed.stamp)
    }

    /// KE1 of this person's next proof.
    #[must_use]
    pub fn request(&self) -> Bytes {
        self.prepared.message.clone()
    }

    /// Answers KE2 with KE3.
    ///
    /// # Errors
    ///
    /// When the answer isn't the directory's.
    pub fn prove(
        &self,
        response: &Bytes,
        credential: &Credential,
        context: Option<&[u8]>,
    ) -> anyhow::Result<Bytes> {
        let parameters = ClientLoginFinishParameters::new(context, identifiers(credential), None);
        let done = self.prepared.state.clone().finish(
            &mut OsRng,
            &self.password,
            CredentialResponse::deserialize(response.as_slice())?,
            parameters,
        )?;
        Ok(Bytes(done.message.serialize().to_vec()))
    }
}

/// How long the two requests of a sign-in took.
#[derive(Clone, Copy, Debug)]
pub struct SignInTimes {
    /// The first.
    pub start: std::time::Duration,
    /// The second, which writes.
    pub finish: std::time::Duration,
}

impl Prepared {
    fn new(password: &[u8]) -> anyhow::Result<Self> {
        let started = ClientLogin::start(&mut OsRng, password)?;
        Ok(Self {
            message: Bytes(started.message.serialize().to_vec()),
            state: started.state,
        })
    }
}

fn record(
    state: ClientRegistration<Unstretched>,
    password: &[u8],
    response: &Bytes,
    credential: &Credential,
) -> anyhow::Result<Bytes> {
    let done = state.finish(
        &mut OsRng,
        password,
        RegistrationResponse::deserialize(response.as_slice())?,
        ClientRegistrationFinishParameters::new(identifiers(credential), None),
    )?;
    Ok(Bytes(done.message.serialize().to_vec()))
}

fn identifiers(credential: &Credential) -> Identifiers<'_> {
    Identifiers {
        client: Some(credential.client_identifier.as_bytes()),
        server: Some(credential.server_identifier.as_bytes()),
    }
}
