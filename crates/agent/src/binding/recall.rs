//! Recovering the old password with the person's second factor, after another was issued.
//!
//! It is asked for only where the old password itself would be: when nothing at hand opens a store.

use lockstep_client::Fault;
use lockstep_model::{Code, Secret};
use lockstep_protocol::Token;
use lockstep_protocol::api::device::FactorAnswer;
use lockstep_protocol::api::me::FactorKind;
use lockstep_protocol::local::Need;
use lockstep_sync::Input;

use super::forgotten::{as_overtaken, overtaken};
use super::{Core, Person};

/// How often a person may type a code before the old password is asked for instead.
const TRIES: usize = 3;

/// What came of it.
pub(super) enum Recall {
    /// The old password is at hand.
    Recovered(Input),
    /// There is no factor, or the person types the old password instead.
    Nothing,
    /// The person gave up, or is gone: nothing further is asked.
    GaveUp,
    /// The factor was of no use, and this is why: the old password is asked for.
    Refused(Code),
}

impl Core {
    /// Asks for the second factor, once in a run, and holds what it lets go.
    pub(super) async fn recall(&mut self, person: &mut impl Person) -> Recall {
        let Some(kind) = self.factor_wanted.take() else {
            return Recall::Nothing;
        };
        let mut fault = None;
        for _ in 0..TRIES {
            let typed = match person.ask(need(kind), fault).await {
                Ok(Some(typed)) if !typed.is_blank() => typed,
                Ok(Some(_)) => return Recall::Nothing,
                Ok(None) | Err(_) => return Recall::GaveUp,
            };
            match self.show(kind, &typed).await {
                Ok(input) => return Recall::Recovered(input),
                Err(refused) => {
                    tracing::info!(binding = %self.binding, error = %refused, "no recovery");
                    fault = Some(refused.code);
                    if refused.code != Code::FactorRefused {
                        break;
                    }
                }
            }
        }
        fault.map_or(Recall::Nothing, Recall::Refused)
    }

    /// Proves the password once more, together with the factor.
    async fn show(&mut self, kind: FactorKind, typed: &Secret) -> Result<Input, Fault> {
        let no_code = || Fault::new(Code::FactorRefused, "not six digits");
        let answer = match kind {
            FactorKind::Totp => FactorAnswer::Totp {
                code: Token::one_time_code(typed).ok_or_else(no_code)?,
            },
        };
        let (target, password) = self.proved()?;
        let copy = password.secret().duplicate();
        let envelopes = self.wanted()?;
        let server_key = self.enrolled.server_key();
        let prover = self.enrolled.prover(&server_key);
        let accepted = prover.prove_with_factor(self.binding, password, envelopes, answer);
        let accepted = accepted.await.map_err(as_overtaken)?;
        if accepted.proved.stamp != target {
            return Err(overtaken());
        }
        self.recover(&accepted.shares, target, &copy)?;
        self.late = true;
        Ok(Input::Proved {
            stamp: target,
            secrets: self.held(),
        })
    }
}

/// What is asked for.
const fn need(kind: FactorKind) -> Need {
    match kind {
        FactorKind::Totp => Need::FactorCode,
    }
}
