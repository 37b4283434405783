//! A person's second factor: what lets an envelope go that is older than an issued password.
//!
//! Whoever issues a password can prove it, so a proof alone must not open what was sealed before. A
//! factor helps only if whoever issued the password does not hold it: it stands for no envelope that
//! is older than the last password that had been issued when it was enrolled, nor for one that is
//! not newer than the last reset of the person's factors by an admin.
//!
//! Each kind is a module that checks a fresh answer against what is stored: [`totp`]. Security keys
//! (WebAuthn) will be another, with a kind, an answer and a state of their own.

use lockstep_model::{Code, FactorId, Generation, Secret, Timestamp};
use lockstep_protocol::api::me::FactorKind;

pub mod totp;

/// How long a person may take between the start of an enrolment and its first code.
pub const PENDING_MS: i64 = 15 * 60 * 1000;

/// One factor, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factor {
    /// Its id.
    pub id: FactorId,
    /// What it is.
    pub kind: FactorKind,
    /// When its enrolment began.
    pub begun_at: Timestamp,
    /// Since when it counts; none until the person has shown that they hold it.
    pub enrolled: Option<Enrolled>,
    /// The newest step whose code was taken: no code is good twice.
    pub used_step: i64,
}

/// The enrolment of a factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enrolled {
    /// When.
    pub at: Timestamp,
    /// The oldest generation whose envelopes it helps to release.
    pub vouches_from: Generation,
}

/// What an enrolment is judged by, as it is when the first code comes.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    /// The newest generation that was issued rather than proved.
    pub issued: Generation,
    /// The generation in force when an admin last reset the person's factors, if ever.
    pub reset: Option<Generation>,
}

/// Whether a person may begin to enrol a factor of a kind, beside those that they have.
///
/// Whoever issued a temporary password knows it, and would enrol a factor of their own.
///
/// # Errors
///
/// [`Code::OwnPasswordNeeded`], [`Code::FactorThere`].
pub fn may_begin(present: &[Factor], kind: FactorKind, temporary: bool) -> Result<(), Code> {
    let there = |factor: &Factor| factor.kind == kind && factor.enrolled.is_some();
    match (temporary, present.iter().any(there)) {
        (true, _) => Err(Code::OwnPasswordNeeded),
        (false, true) => Err(Code::FactorThere),
        (false, false) => Ok(()),
    }
}

impl Factor {
    /// A factor whose enrolment begins.
    #[must_use]
    pub const fn begun(id: FactorId, kind: FactorKind, now: Timestamp) -> Self {
        Self {
            id,
            kind,
            begun_at: now,
            enrolled: None,
            used_step: 0,
        }
    }

    /// When a factor that is not enrolled by then is forgotten.
    #[must_use]
    pub const fn expires_at(&self) -> Timestamp {
        Timestamp(self.begun_at.0 + PENDING_MS)
    }

    /// Enrols it by the first code: it stands for what is sealed from here on, and back to the last
    /// issue or reset.
    ///
    /// # Errors
    ///
    /// [`Code::NoFactor`] when its time is over, [`Code::FactorThere`] when it is enrolled,
    /// [`Code::FactorRefused`] for a wrong code.
    pub fn confirm(
        mut self,
        secret: &Secret,
        code: &str,
        now: Timestamp,
        by: Circumstances,
    ) -> Result<Self, Code> {
        if self.enrolled.is_some() {
            return Err(Code::FactorThere);
        }
        if now > self.expires_at() {
            return Err(Code::NoFactor);
        }
        self.take(secret, code, now)?;
        let after_reset = by.reset.map_or(Generation::FIRST, Generation::next);
        self.enrolled = Some(Enrolled {
            at: now,
            vouches_from: by.issued.max(after_reset),
        });
        Ok(self)
    }

    /// Checks a code of a factor that is enrolled; the code is spent.
    ///
    /// # Errors
    ///
    /// [`Code::NoFactor`] for one that is not enrolled, [`Code::FactorRefused`].
    pub fn verify(mut self, secret: &Secret, code: &str, now: Timestamp) -> Result<Self, Code> {
        self.enrolled.ok_or(Code::NoFactor)?;
        self.take(secret, code, now)?;
        Ok(self)
    }

    fn take(&mut self, secret: &Secret, code: &str, now: Timestamp) -> Result<(), Code> {
        let step = match self.kind {
            FactorKind::Totp => totp::step_of(secret, code, now, self.used_step),
        };
        self.used_step = step.ok_or(Code::FactorRefused)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);
    const NEVER_RESET: Option<Generation> = None;

    fn secret() -> Secret {
        Secret::copy_of(b"12345678901234567890")
    }

    fn code(steps: i64) -> String {
        totp::code(&secret(), totp::step(NOW) + steps)
    }

    fn begun() -> Factor {
        Factor::begun(FactorId::fresh(), FactorKind::Totp, NOW)
    }

    fn enrolled(issued: u32, reset: Option<Generation>) -> Factor {
        let by = Circumstances {
            issued: Generation(issued),
            reset,
        };
        begun().confirm(&secret(), &code(-1), NOW, by).unwrap()
    }

    #[test]
    fn it_vouches_back_to_the_last_issue_before_it_was_enrolled() {
        let from = |issued, reset| enrolled(issued, reset).enrolled.unwrap().vouches_from;
        assert_eq!(from(1, NEVER_RESET), Generation(1));
        assert_eq!(from(4, NEVER_RESET), Generation(4));
        assert_eq!(from(1, Some(Generation(3))), Generation(4));
        assert_eq!(from(5, Some(Generation(3))), Generation(5));
    }

    #[test]
    fn a_code_is_good_once_also_the_one_that_enrolled_it() {
        let factor = enrolled(1, NEVER_RESET);
        let again = factor.clone().verify(&secret(), &code(-1), NOW);
        assert_eq!(again, Err(Code::FactorRefused));
        let factor = factor.verify(&secret(), &code(0), NOW).unwrap();
        let again = factor.clone().verify(&secret(), &code(0), NOW);
        assert_eq!(again, Err(Code::FactorRefused));
        let older = factor.clone().verify(&secret(), &code(-1), NOW);
        assert_eq!(older, Err(Code::FactorRefused));
        assert!(factor.verify(&secret(), &code(1), NOW).is_ok());
    }

    #[test]
    fn before_the_first_code_it_is_worth_nothing_and_waits_a_quarter_of_an_hour() {
        let unproven = begun().verify(&secret(), &code(0), NOW);
        assert_eq!(unproven, Err(Code::NoFactor));
        let by = Circumstances {
            issued: Generation(1),
            reset: None,
        };
        let wrong = begun().confirm(&secret(), "000000", NOW, by);
        assert_eq!(wrong, Err(Code::FactorRefused));
        let late = Timestamp(NOW.0 + PENDING_MS + 1);
        let code = totp::code(&secret(), totp::step(late));
        let late = begun().confirm(&secret(), &code, late, by);
        assert_eq!(late, Err(Code::NoFactor));
        let twice = enrolled(1, None).confirm(&secret(), &self::code(0), NOW, by);
        assert_eq!(twice, Err(Code::FactorThere));
    }

    #[test]
    fn one_of_a_kind_and_none_under_a_password_that_somebody_else_knows() {
        let kind = FactorKind::Totp;
        assert_eq!(may_begin(&[], kind, false), Ok(()));
        assert_eq!(may_begin(&[begun()], kind, false), Ok(()));
        let there = [enrolled(1, None)];
        assert_eq!(may_begin(&there, kind, false), Err(Code::FactorThere));
        let own = Err(Code::OwnPasswordNeeded);
        assert_eq!(may_begin(&[], kind, true), own);
    }
}
