//! Refusals: handlers answer with a code, and one place turns it into words.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use lockstep_model::code::Words;
use lockstep_model::{Code, Provenance};
use lockstep_protocol::api::Problem;

use super::Directory;
use super::observe::RequestId;
use crate::core::throttle::Full;
use crate::storage::StorageFault;

/// Why a request is refused.
#[derive(Debug)]
pub struct Refusal {
    code: Code,
    cause: Option<StorageFault>,
    retry_after_s: Option<u32>,
    ended_by: Option<Box<Provenance>>,
}

/// What a handler answers.
pub(super) type Answer<T> = Result<Json<T>, Refusal>;

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self {
            code,
            cause: None,
            retry_after_s: None,
            ended_by: None,
        }
    }
}

impl From<StorageFault> for Refusal {
    fn from(fault: StorageFault) -> Self {
        Self {
            code: Code::DirectoryFault,
            cause: Some(fault),
            retry_after_s: None,
            ended_by: None,
        }
    }
}

impl Refusal {
    /// There is no such session, or a change of the password has ended it.
    pub(super) fn signed_out(by: Option<Provenance>) -> Self {
        Self {
            ended_by: by.map(Box::new),
            ..Code::SignedOut.into()
        }
    }

    /// The code.
    pub(super) const fn code(&self) -> Code {
        self.code
    }

    /// Writes down what is not the client's fault.
    pub(super) fn log(&self) {
        match (&self.cause, self.code) {
            (Some(cause), code) => {
                let chain = error_chain(cause);
                tracing::error!(error.code = %code, error.chain = chain, "request failed");
            }
            (None, Code::Internal | Code::AnswerLost) => {
                tracing::error!(error.code = %self.code, "request failed");
            }
            (None, _) => {}
        }
    }
}

impl From<Full> for Refusal {
    fn from(full: Full) -> Self {
        Self {
            retry_after_s: Some(full.retry_after_s),
            ..Code::TooManyAttempts.into()
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.log();
        let mut response = status(self.code).into_response();
        response.extensions_mut().insert(Told {
            code: self.code,
            ended_by: self.ended_by.map(|by| *by),
        });
        if let Some(seconds) = self.retry_after_s {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// Puts the code of a refusal into the organisation's words.
pub(super) async fn describe(
    State(directory): State<Arc<Directory>>,
    request: Request,
    next: Next,
) -> Response {
    let id = request.extensions().get::<RequestId>().copied();
    let mut response = next.run(request).await;
    let Some(Told { code, ended_by }) = response.extensions_mut().remove() else {
        return response;
    };
    let organisation = &directory.config.organisation;
    let words = Words {
        org: &organisation.name,
        pc: "computer",
        it: &organisation.it_contact.name,
    };
    let problem = Problem {
        code,
        sentence: code.explain(&words),
        next_step: words.put_into(code.next_step()),
        retry: code.retry(),
        ended_by,
        request_id: id.map(|id| id.to_string()),
    };
    let described = (response.status(), Json(problem)).into_response();
    let headers = std::mem::take(response.headers_mut());
    let mut described = described;
    for (name, value) in headers {
        if let Some(name) = name
            && name != http::header::CONTENT_LENGTH
        {
            described.headers_mut().insert(name, value);
        }
    }
    described
}

/// What a refusal tells, on its way to become words.
#[derive(Clone)]
struct Told {
    code: Code,
    ended_by: Option<Provenance>,
}

fn status(code: Code) -> StatusCode {
    match code {
        Code::SignInRefused
        | Code::SignedOut
        | Code::SignInAgain
        | Code::NotTheNewPassword
        | Code::NotTheCurrentPassword
        | Code::FactorRefused
        | Code::DeviceRefused => StatusCode::UNAUTHORIZED,
        Code::NotAllowed
        | Code::DirectoryNotTrusted
        | Code::OwnPasswordNeeded
        | Code::SignInLocked
        | Code::Suspended => StatusCode::FORBIDDEN,
        Code::ChangedMeanwhile
        | Code::AlreadyLinked
        | Code::AlreadyEnrolled
        | Code::FactorThere
        | Code::NameTaken
        | Code::Busy => StatusCode::CONFLICT,
        Code::AttemptExpired
        | Code::InvitationSpent
        | Code::EnrolmentSpent
        | Code::EnrolmentExpired => StatusCode::GONE,
        Code::TooManyAttempts => StatusCode::TOO_MANY_REQUESTS,
        Code::DirectoryFault | Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Code::NotLinked | Code::NoSuchPerson | Code::NoFactor => StatusCode::NOT_FOUND,
        Code::DirectoryUnreachable
        | Code::AgentUnreachable
        | Code::VersionRefused
        | Code::BadRequest
        | Code::ChangeUncertain
        | Code::AnswerLost
        | Code::ComputerBehind
        | Code::NoTerminal
        | Code::DirectoryRestored
        | Code::ThatIsTheOldPassword
        | Code::NotTheComputersPassword
        | Code::OldPasswordNeeded
        | Code::TooShort
        | Code::TooLong
        | Code::Common
        | Code::ContainsName
        | Code::SameAsCurrent
        | Code::BadCharacters
        | Code::RefusedByComputer
        | Code::RepeatDiffers
        | Code::Blank
        | Code::PhraseUnusable
        | Code::LogoUnusable
        | Code::AccountLocked
        | Code::AccountExpired
        | Code::AccountElsewhere
        | Code::AccountNotForPeople
        | Code::AccountChanged
        | Code::AccountRefused
        | Code::AccountBusy
        | Code::StoreUnverified
        | Code::StoreUnknown
        | Code::StaysShut
        | Code::KeychainRefused
        | Code::KeychainUnreachable
        | Code::DiskRefused
        | Code::DiskUnreachable
        | Code::DiskFull
        | Code::OldOpensDisk
        | Code::NotTheOldKeyrings
        | Code::KeyringLocked
        | Code::NoKeyringSession
        | Code::NothingSetAside
        | Code::SeveralSetAside
        | Code::NotReopened
        | Code::ReopenUnfinished
        | Code::OrderRefused
        | Code::OrderSpent
        | Code::LinkedBeforeOrders
        | Code::NotEnrolled
        | Code::EnrolmentUnreadable
        | Code::AdministratorNeeded
        | Code::HelperUnavailable
        | Code::HelperRefused
        | Code::PlanRefused
        | Code::ProxyRefused
        | Code::AccountChangedLately
        | Code::DeviceCopied
        | Code::StateUnreadable
        | Code::StateNewer
        | Code::NoRecoveryKey
        | Code::CopyLost
        | Code::CopyDamaged
        | Code::CopyOlder
        | Code::CopyUnreleased => StatusCode::BAD_REQUEST,
    }
}

/// An error with all of its causes, outermost first.
pub(crate) fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
