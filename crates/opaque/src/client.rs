//! The client's side: a native program proves or registers a password.

use lockstep_model::password::Password;
use opaque_ke::errors::{InternalError, ProtocolError};
use opaque_ke::{
    ClientLogin, ClientLoginFinishParameters, ClientRegistration,
    ClientRegistrationFinishParameters, CredentialResponse, RegistrationResponse,
};
use rand::rngs::OsRng;

use crate::stretch::Stretch;
use crate::suite::Suite;
use crate::{Identifiers, SessionKey};

/// Why the client's side could not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientFault {
    /// The server's message is malformed.
    #[error("the directory's message is malformed")]
    Malformed,
    /// The password is wrong, or the server isn't the one that was registered with.
    #[error("the password does not open the credential")]
    Refused,
    /// The password could not be stretched: no memory, or no child. It says nothing of the password.
    #[error("the password could not be stretched")]
    NotStretched,
    /// The server has another OPAQUE key than the one that was vouched for.
    #[error("the directory's OPAQUE key is not the pinned one")]
    ForeignServer,
}

/// A proof under way; holds the password until the server has answered.
pub struct Proof {
    state: ClientLogin<Suite>,
    password: Password,
}

/// A proof, ready to be sent.
pub struct Proved {
    /// OPAQUE KE3.
    pub message: Vec<u8>,
    /// What both sides now share.
    pub session_key: SessionKey,
}

/// What both sides must agree on.
pub struct Terms<'a> {
    /// Who is who.
    pub identifiers: Identifiers<'a>,
    /// How the password is stretched.
    pub stretch: &'a Stretch,
    /// What the proof is for; none in a browser.
    pub context: Option<&'a [u8]>,
    /// The server key to insist on.
    pub server_key: Option<&'a [u8]>,
}

impl Proof {
    /// Begins a proof; the bytes are OPAQUE KE1.
    ///
    /// # Errors
    ///
    /// [`ClientFault::Malformed`] only if the password cannot be blinded, which its limits exclude.
    pub fn start(password: Password) -> Result<(Self, Vec<u8>), ClientFault> {
        let started = ClientLogin::start(&mut OsRng, password.secret().expose())
            .map_err(|_| ClientFault::Malformed)?;
        let message = started.message.serialize().to_vec();
        Ok((
            Self {
                state: started.state,
                password,
            },
            message,
        ))
    }

    /// Judges the server's answer (OPAQUE KE2) and finishes the proof.
    ///
    /// # Errors
    ///
    /// [`ClientFault::Refused`] when the password is wrong; the server learns nothing of it.
    /// [`ClientFault::NotStretched`] when that could not be found out.
    pub fn finish(self, response: &[u8], terms: &Terms<'_>) -> Result<Proved, ClientFault> {
        let response =
            CredentialResponse::deserialize(response).map_err(|_| ClientFault::Malformed)?;
        let parameters = ClientLoginFinishParameters::new(
            terms.context,
            terms.identifiers.as_opaque(),
            Some(terms.stretch),
        );
        let done = self
            .state
            .finish(
                &mut OsRng,
                self.password.secret().expose(),
                response,
                parameters,
            )
            .map_err(|fault| judge(&fault, ClientFault::Refused))?;
        if terms
            .server_key
            .is_some_and(|pinned| pinned != done.server_s_pk.serialize().as_slice())
        {
            return Err(ClientFault::ForeignServer);
        }
        Ok(Proved {
            message: done.message.serialize().to_vec(),
            session_key: SessionKey::take(done.session_key),
        })
    }
}

/// A registration under way; holds the new password until the server has answered.
pub struct Registration {
    state: ClientRegistration<Suite>,
    password: Password,
}

impl Registration {
    /// Begins a registration; the bytes are OPAQUE's `RegistrationRequest`.
    ///
    /// # Errors
    ///
    /// [`ClientFault::Malformed`] only if the password cannot be blinded, which its limits exclude.
    pub fn start(password: Password) -> Result<(Self, Vec<u8>), ClientFault> {
        let started = ClientRegistration::start(&mut OsRng, password.secret().expose())
            .map_err(|_| ClientFault::Malformed)?;
        let message = started.message.serialize().to_vec();
        Ok((
            Self {
                state: started.state,
                password,
            },
            message,
        ))
    }

    /// Makes the record that the server will keep.
    ///
    /// # Errors
    ///
    /// [`ClientFault::Malformed`] or [`ClientFault::ForeignServer`].
    pub fn finish(self, response: &[u8], terms: &Terms<'_>) -> Result<Vec<u8>, ClientFault> {
        let response =
            RegistrationResponse::deserialize(response).map_err(|_| ClientFault::Malformed)?;
        let parameters = ClientRegistrationFinishParameters::new(
            terms.identifiers.as_opaque(),
            Some(terms.stretch),
        );
        let done = self
            .state
            .finish(
                &mut OsRng,
                self.password.secret().expose(),
                response,
                parameters,
            )
            .map_err(|fault| judge(&fault, ClientFault::Malformed))?;
        if terms
            .server_key
            .is_some_and(|pinned| pinned != done.server_s_pk.serialize().as_slice())
        {
            return Err(ClientFault::ForeignServer);
        }
        Ok(done.message.serialize().to_vec())
    }
}

/// Tells a stretching that failed here from what the server's message is to blame for.
fn judge(fault: &ProtocolError, otherwise: ClientFault) -> ClientFault {
    match fault {
        ProtocolError::LibraryError(InternalError::KsfError) => ClientFault::NotStretched,
        ProtocolError::LibraryError(_)
        | ProtocolError::InvalidLoginError
        | ProtocolError::SerializationError
        | ProtocolError::SizeError { .. }
        | ProtocolError::ReflectedValueError
        | ProtocolError::Custom(_) => otherwise,
    }
}
