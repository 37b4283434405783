//! An authenticator app, as a person has it on their phone.

use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use data_encoding::BASE32_NOPAD;
use lockstep_directory::core::factor::totp;
use lockstep_model::{Secret, Timestamp};
use lockstep_protocol::api::me::FactorStarted;

use crate::World;

/// One that is enrolled as somebody's second factor.
pub struct Phone(Secret);

impl Phone {
    /// Enrols it in the person's session; the code of the step before is spent for it.
    ///
    /// # Errors
    ///
    /// When the directory refuses it.
    pub fn enrolled(world: &World, user: &str) -> anyhow::Result<Self> {
        let enrol = world.as_user(user, &["factor", "enrol"], &[])?;
        let started: FactorStarted = enrol.json()?;
        let secret = BASE32_NOPAD.decode(started.secret.expose().as_bytes());
        let phone = Self(Secret::new(secret.context("no secret")?));
        let confirm = ["factor", "confirm", &started.factor.to_string()];
        let code = [("--code-fd", &*phone.code(-1))];
        world.as_user(user, &confirm, &code)?.ok()?;
        Ok(phone)
    }

    /// The code that it shows now, or showed or will show so many steps away; early in a step, so
    /// that it is still one of those beside the present one when it arrives.
    #[must_use]
    pub fn code(&self, steps: i64) -> String {
        while steps < 0 && now().0 % 30_000 > 22_000 {
            std::thread::sleep(Duration::from_millis(500));
        }
        totp::code(&self.0, totp::step(now()) + steps)
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
