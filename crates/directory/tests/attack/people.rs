//! People: the honest client's steps, each stopping where an attack may begin.

use lockstep_model::password::Password;
use lockstep_model::{Ksf, Secret};
use lockstep_opaque::Identifiers;
use lockstep_opaque::client::{Proof, Registration, Terms};
use lockstep_opaque::stretch::{Place, Stretch};
use lockstep_protocol::api::Credential;
use lockstep_protocol::api::admin::{Audit, AuditRow, Enrolment, Invited, NewEnrolment, NewPerson};
use lockstep_protocol::api::me::{Me, PasswordFinish, PasswordStart, PasswordStarted};
use lockstep_protocol::api::public::{
    ActivationFinish, ActivationStart, ActivationStarted, Carry, SessionOpened, SignInFinish,
    SignInStart, SignInStarted,
};
use lockstep_protocol::enrolment::EnrolmentString;
use lockstep_protocol::{Bytes, Token};

use crate::world::{Answer, World, fragment};

/// Two people with nothing in common.
pub(crate) const BEA: &str = "maple bridge in the rain";
pub(crate) const CARL: &str = "eleven copper kettles";

pub(crate) fn password(text: &str) -> Password {
    Password::normalise(&Secret::copy_of(text.as_bytes())).unwrap()
}

/// OPAQUE's KE1.
pub(crate) fn proof(text: &str) -> (Proof, Bytes) {
    let (proof, request) = Proof::start(password(text)).unwrap();
    (proof, Bytes(request))
}

pub(crate) fn registration(text: &str) -> (Registration, Bytes) {
    let (registration, request) = Registration::start(password(text)).unwrap();
    (registration, Bytes(request))
}

/// Runs a client's last step as the directory said.
pub(crate) fn finish<T>(
    credential: &Credential,
    context: Option<&[u8]>,
    step: impl FnOnce(&Terms<'_>) -> T,
) -> T {
    assert_eq!(credential.ksf, Ksf::FLOOR);
    let stretch = Stretch::new(credential.ksf, Place::Here).unwrap();
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

pub(crate) fn record(registration: Registration, answer: &Bytes, made_with: &Credential) -> Bytes {
    let record = finish(made_with, None, |terms| {
        registration.finish(answer.as_slice(), terms)
    });
    Bytes(record.unwrap())
}

impl World {
    /// Adds a person who has yet to activate; gives the invitation.
    pub(crate) async fn invited(&self, name: &str) -> String {
        let ask = NewPerson {
            user_name: name.into(),
            display_name: name.into(),
        };
        let answer = self.post(&self.owner, "/admin/people", &ask).await;
        fragment(answer.said::<Invited>().activation_link.expose()).to_owned()
    }

    pub(crate) async fn activating(&self, invitation: &str, text: &str) -> ActivationFinish {
        let token = Token(invitation.to_owned());
        let (registering, registration_request) = registration(text);
        let ask = ActivationStart {
            token: token.clone(),
            registration_request,
        };
        let answer = self.post("", "/activation/start", &ask).await;
        let started: ActivationStarted = answer.said();
        ActivationFinish {
            token,
            registration_record: record(
                registering,
                &started.registration_response,
                &started.credential,
            ),
            carry: Carry::Bearer,
        }
    }

    pub(crate) async fn activated(&self, invitation: &str, text: &str) -> String {
        let finish = self.activating(invitation, text).await;
        session(&self.post("", "/activation/finish", &finish).await)
    }

    /// Adds a person; gives their session.
    pub(crate) async fn person(&self, name: &str, text: &str) -> String {
        let invitation = self.invited(name).await;
        self.activated(&invitation, text).await
    }

    pub(crate) async fn signing_in_as(&self, name: &str) -> SignInStarted {
        let (_, request) = proof("whatever");
        let ask = SignInStart {
            user_name: name.into(),
            request,
        };
        self.post("", "/sign-in/start", &ask).await.said()
    }

    pub(crate) async fn signing_in(&self, name: &str, text: &str) -> SignInFinish {
        let (proving, request) = proof(text);
        let ask = SignInStart {
            user_name: name.into(),
            request,
        };
        let answer = self.post("", "/sign-in/start", &ask).await;
        let started: SignInStarted = answer.said();
        let proved = finish(&started.credential, None, |terms| {
            proving.finish(started.response.as_slice(), terms)
        });
        SignInFinish {
            attempt: started.attempt,
            finish: Bytes(proved.unwrap().message),
            carry: Carry::Bearer,
        }
    }

    pub(crate) async fn signed_in(&self, name: &str, text: &str) -> String {
        let finish = self.signing_in(name, text).await;
        session(&self.post("", "/sign-in/finish", &finish).await)
    }

    pub(crate) async fn changing(&self, session: &str, from: &str, to: &str) -> PasswordFinish {
        let (proving, request) = proof(from);
        let (registering, registration_request) = registration(to);
        let ask = PasswordStart {
            request,
            registration_request,
        };
        let answer = self.post(session, "/me/password/start", &ask).await;
        let started: PasswordStarted = answer.said();
        let proved = finish(&started.credential, None, |terms| {
            proving.finish(started.response.as_slice(), terms)
        });
        PasswordFinish {
            attempt: started.attempt,
            finish: Bytes(proved.unwrap().message),
            registration_record: record(
                registering,
                &started.registration_response,
                &started.new_credential,
            ),
        }
    }

    pub(crate) async fn change(&self, session: &str, prepared: &PasswordFinish) -> Answer {
        self.post(session, "/me/password/finish", prepared).await
    }

    pub(crate) async fn me(&self, session: &str) -> Me {
        self.ask(session, "GET", "/me").await.said()
    }

    pub(crate) async fn generation(&self, session: &str) -> u32 {
        self.me(session).await.stamp.generation.0
    }

    /// An enrolment string's token.
    pub(crate) async fn enrolment(&self, uses: u32) -> Token {
        let ask = NewEnrolment {
            uses,
            valid_for_s: 60,
        };
        let answer = self.post(&self.owner, "/admin/enrolments", &ask).await;
        let said: Enrolment = answer.said();
        EnrolmentString::decode(said.enrolment.expose())
            .unwrap()
            .token
    }

    pub(crate) async fn audit(&self) -> Vec<AuditRow> {
        let answer = self.ask(&self.owner, "GET", "/admin/audit").await;
        answer.said::<Audit>().entries
    }
}

pub(crate) fn session(answer: &Answer) -> String {
    answer.said::<SessionOpened>().token.unwrap().0
}
