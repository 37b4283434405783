//! Activation and sign-in of a person in a native program.

use lockstep_model::password::{NORMALISATION, Names, Password, Policy};
use lockstep_model::{Code, Secret};
use lockstep_opaque::client::{ClientFault, Proof, Registration, Terms};
use lockstep_opaque::stretch::{Place, Stretch};
use lockstep_opaque::{Identifiers, SUITE};
use lockstep_protocol::api::public::{
    ActivationFinish, ActivationOffer, ActivationOpen, ActivationStart, ActivationStarted, Carry,
    SessionOpened, SignInFinish, SignInStart, SignInStarted,
};
use lockstep_protocol::api::{Credential, Organisation};
use lockstep_protocol::{Bytes, Token};

use crate::{Client, Fault, From};

impl Client {
    /// Signs a person in; gives the session's token.
    ///
    /// # Errors
    ///
    /// [`Code::SignInRefused`], or what kept the directory from answering.
    pub async fn sign_in(&self, user_name: &str, typed: &Secret) -> Result<Secret, Fault> {
        let password = Password::normalise(typed).map_err(|code| Fault::new(code, "typed"))?;
        let (proof, request) =
            Proof::start(password).map_err(|fault| opaque(fault, Code::Internal))?;
        let start = SignInStart {
            user_name: user_name.to_owned(),
            request: Bytes(request),
        };
        let started: SignInStarted = self.ask(From::Anybody, "/sign-in/start", &start).await?;
        let SignInStarted {
            attempt,
            response,
            credential,
        } = started;
        let proved = finish(&credential, Place::Here, move |terms| {
            proof.finish(response.as_slice(), terms)
        })
        .await?
        .map_err(|fault| opaque(fault, Code::SignInRefused))?;
        let finish = SignInFinish {
            attempt,
            finish: Bytes(proved.message),
            carry: Carry::Bearer,
        };
        let opened: SessionOpened = self.ask(From::Anybody, "/sign-in/finish", &finish).await?;
        token(opened)
    }

    /// Spends an invitation: chooses the first password and signs in.
    ///
    /// # Errors
    ///
    /// [`Code::InvitationSpent`], the first rule that the password breaks, or what kept the
    /// directory from answering.
    pub async fn activate(&self, invitation: &str, typed: &Secret) -> Result<Secret, Fault> {
        let open = ActivationOpen {
            token: Token(invitation.to_owned()),
        };
        let offer: ActivationOffer = self.ask(From::Anybody, "/activation/open", &open).await?;
        let organisation: Organisation = self.get(From::Anybody, "/organisation").await?;
        let names = Names {
            user_name: &offer.user_name,
            display_name: &offer.display_name,
        };
        let password = choose(typed, &organisation.policy, &names)?;
        let (registration, request) =
            Registration::start(password).map_err(|fault| opaque(fault, Code::Internal))?;
        let start = ActivationStart {
            token: Token(invitation.to_owned()),
            registration_request: Bytes(request),
        };
        let started: ActivationStarted =
            self.ask(From::Anybody, "/activation/start", &start).await?;
        let ActivationStarted {
            registration_response,
            credential,
        } = started;
        let record = finish(&credential, Place::Here, move |terms| {
            registration.finish(registration_response.as_slice(), terms)
        })
        .await?
        .map_err(|fault| opaque(fault, Code::DirectoryFault))?;
        let finish = ActivationFinish {
            token: Token(invitation.to_owned()),
            registration_record: Bytes(record),
            carry: Carry::Bearer,
        };
        let opened: SessionOpened = self
            .post(From::Anybody, "/activation/finish", &finish)
            .await?;
        token(opened)
    }
}

/// Judges a new password.
pub(crate) fn choose(
    typed: &Secret,
    policy: &Policy,
    names: &Names<'_>,
) -> Result<Password, Fault> {
    Password::choose(typed, policy, names)
        .map_err(|code| Fault::new(code, "the new password breaks a rule"))
}

/// Runs a client's last step, whose key stretching takes its time, away from the event loop.
pub(crate) async fn finish<T: Send + 'static>(
    credential: &Credential,
    place: Place,
    step: impl FnOnce(&Terms<'_>) -> Result<T, ClientFault> + Send + 'static,
) -> Result<Result<T, ClientFault>, Fault> {
    let stretch = stretch(credential, place)?;
    let credential = credential.clone();
    tokio::task::spawn_blocking(move || {
        step(&Terms {
            identifiers: identifiers(&credential),
            stretch: &stretch,
            context: None,
            server_key: None,
        })
    })
    .await
    .map_err(|fault| Fault::new(Code::Internal, fault))
}

/// Checks what the directory says a credential was made with.
pub(crate) fn stretch(credential: &Credential, place: Place) -> Result<Stretch, Fault> {
    if credential.suite != SUITE || credential.normalisation != NORMALISATION {
        return Err(Fault::new(
            Code::VersionRefused,
            "unknown cipher suite or normalisation",
        ));
    }
    Stretch::new(credential.ksf, place)
        .map_err(|fault| Fault::new(Code::DirectoryNotTrusted, fault))
}

pub(crate) fn identifiers(credential: &Credential) -> Identifiers<'_> {
    Identifiers {
        client: &credential.client_identifier,
        server: &credential.server_identifier,
    }
}

/// What a fault of OPAQUE means, where a refusal means `refused`.
pub(crate) fn opaque(fault: ClientFault, refused: Code) -> Fault {
    let code = match fault {
        ClientFault::Refused => refused,
        ClientFault::Malformed => Code::DirectoryFault,
        ClientFault::NotStretched => Code::Internal,
        ClientFault::ForeignServer => Code::DirectoryNotTrusted,
    };
    Fault::new(code, fault)
}

fn token(opened: SessionOpened) -> Result<Secret, Fault> {
    opened
        .token
        .map(|token| Secret::from(token.0))
        .ok_or_else(|| Fault::new(Code::DirectoryFault, "a session without a token"))
}
