//! Authenticator apps: the honest steps of a person's second factor.

use std::time::Duration;

use data_encoding::BASE32_NOPAD;
use lockstep_directory::core::factor::totp;
use lockstep_directory::http::now;
use lockstep_model::{FactorId, Secret};
use lockstep_protocol::Token;
use lockstep_protocol::api::me::{FactorKind, FactorProof, FactorStart, FactorStarted};

use crate::world::{Answer, World};

/// What begins an enrolment.
pub(crate) const BEGIN: FactorStart = FactorStart {
    kind: FactorKind::Totp,
};

/// An authenticator app that holds one secret.
pub(crate) struct Phone {
    pub(crate) factor: FactorId,
    pub(crate) secret: Secret,
}

impl Phone {
    pub(crate) fn of(started: &FactorStarted) -> Self {
        let secret = started.secret.expose().as_bytes();
        let phone = Self {
            factor: started.factor,
            secret: Secret::new(BASE32_NOPAD.decode(secret).unwrap()),
        };
        assert!(started.uri.expose().contains(started.secret.expose()));
        phone
    }

    /// The code that it shows now, or showed or will show so many steps away; never in the last
    /// moments of a step, so that it is the same when it arrives.
    pub(crate) async fn code(&self, steps: i64) -> Token {
        while now().0 % 30_000 > 27_000 {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Token(totp::code(&self.secret, totp::step(now()) + steps))
    }
}

impl World {
    pub(crate) async fn beginning(&self, session: &str) -> Phone {
        Phone::of(&self.post(session, "/me/factors", &BEGIN).await.said())
    }

    /// Confirms or removes a factor by a code.
    pub(crate) async fn says(
        &self,
        session: &str,
        factor: FactorId,
        act: &str,
        code: Token,
    ) -> Answer {
        let path = format!("/me/factors/{factor}/{act}");
        self.post(session, &path, &FactorProof { code }).await
    }

    /// Enrols a factor; the code of the step before is spent for it.
    pub(crate) async fn phone(&self, session: &str) -> Phone {
        let phone = self.beginning(session).await;
        let code = phone.code(-1).await;
        let answer = self.says(session, phone.factor, "confirm", code).await;
        answer.said::<()>();
        phone
    }
}
