//! Doing what the sync core says: one effect at a time.

use lockstep_client::Fault;
use lockstep_client::proof::Ordered;
use lockstep_model::{Code, Secret, Stamp, StoreKind};
use lockstep_sync::{Effect, Input, Look, OpId, Outcome, SecretRef, Verdict};

use super::recall::Recall;
use super::{Core, OldPassword, Person};

/// What came of an effect.
pub(super) enum Came {
    Nothing,
    Input(Input),
    News,
    End(Verdict),
}

impl Core {
    /// Does one effect.
    pub(super) async fn perform(
        &mut self,
        effect: Effect,
        person: &mut impl Person,
    ) -> Result<Came, Fault> {
        let finished = |op: OpId, outcome| Ok(Came::Input(Input::Finished { op, outcome }));
        match effect {
            Effect::Persist(record) => {
                self.journal.append(&record)?;
                Ok(Came::Nothing)
            }
            Effect::Report => Ok(Came::News),
            Effect::Finish(verdict) => Ok(Came::End(verdict)),
            Effect::Probe { op, store, with } => {
                let outcome = self.look(Look::Probe { store, with }).await;
                match self.adopt_late(store, outcome).await? {
                    Some(input) => Ok(Came::Input(input)),
                    None => finished(op, outcome),
                }
            }
            Effect::Preflight { op, store, with } => {
                finished(op, self.look(Look::Preflight { store, with }).await)
            }
            Effect::Change {
                op,
                store,
                from,
                to,
            } => {
                let target = SecretRef::Generation(to);
                let outcome = match (self.secrets.get(&from), self.secrets.get(&target)) {
                    (Some(old), Some(new)) => {
                        tracing::info!(binding = %self.binding, store = %store, "changing");
                        let helper = &self.helper;
                        helper.change(self.binding, store, old, (to, new)).await
                    }
                    (None, _) | (_, None) => Outcome::Indeterminate,
                };
                finished(op, outcome)
            }
            Effect::RemoveOld { op, store, keep } => {
                let outcome = match self.secrets.get(&SecretRef::Generation(keep)) {
                    Some(current) => {
                        tracing::info!(binding = %self.binding, store = %store, "removing what is old");
                        self.helper.remove_old(self.binding, store, current).await
                    }
                    None => Outcome::Indeterminate,
                };
                finished(op, outcome)
            }
            Effect::Seal { op, stamp } => {
                let secret = self.secrets.get(&SecretRef::Generation(stamp));
                let outcome = match secret.map(Secret::duplicate) {
                    Some(secret) => match self.seal(stamp, &secret) {
                        Ok(()) => Outcome::Applied,
                        Err(fault) => {
                            tracing::warn!(error = %fault, "not sealed");
                            Outcome::NotApplied(fault.code)
                        }
                    },
                    None => Outcome::Indeterminate,
                };
                finished(op, outcome)
            }
            Effect::Retire { op, keep } => {
                let outcome = match self.envelopes.retire(keep, self.enrolled.grace()) {
                    Ok(()) => Outcome::Applied,
                    Err(fault) => {
                        tracing::warn!(error = %fault, "not retired");
                        Outcome::NotApplied(Code::StateUnreadable)
                    }
                };
                finished(op, outcome)
            }
            Effect::Reset { op, store, to } => {
                tracing::info!(binding = %self.binding, store = %store, "resetting");
                let outcome = self.reset(store, to).await;
                finished(op, outcome)
            }
            Effect::AskOld {
                stores: _,
                answer,
                again,
            } => {
                let mut fault = again.then_some(Code::NotTheComputersPassword);
                match self.recall(person).await {
                    Recall::Recovered(input) => return Ok(Came::Input(input)),
                    Recall::GaveUp => {
                        let declined = Input::Declined(Code::OldPasswordNeeded);
                        return Ok(Came::Input(declined));
                    }
                    Recall::Nothing => {}
                    Recall::Refused(code) => fault = Some(code),
                }
                let asked = person.ask_old(fault, self.unrecovered).await;
                let input = match asked.unwrap_or(OldPassword::GaveUp) {
                    OldPassword::Typed(secret) if !secret.is_blank() => {
                        self.hold(answer, secret);
                        self.late = true;
                        Input::OldTyped
                    }
                    // A blank secret may be a slip; to have none is said, not left out.
                    OldPassword::Typed(_) | OldPassword::GaveUp => {
                        Input::Declined(Code::OldPasswordNeeded)
                    }
                    OldPassword::Forgotten => self.without_old(person).await,
                };
                Ok(Came::Input(input))
            }
        }
    }

    /// Gives a store the new password without its old one, as the person agreed.
    async fn reset(&mut self, store: StoreKind, to: Stamp) -> Outcome {
        let Some(new) = self.secrets.get(&SecretRef::Generation(to)) else {
            return Outcome::Indeterminate;
        };
        match store {
            StoreKind::Account => match self.order.take().filter(|order| order.stamp == to) {
                Some(Ordered { order, .. }) => self.helper.reset(order, new).await,
                None => Outcome::NotApplied(Code::OldPasswordNeeded),
            },
            StoreKind::Keychain => self.helper.set_aside(self.binding, new).await,
            StoreKind::Disk => Outcome::NotApplied(Code::StaysShut),
        }
    }
}
