//! The way without the old password: what it costs is said first, and the realm has to order it.

use lockstep_client::Fault;
use lockstep_client::proof::Ordered;
use lockstep_model::password::Password;
use lockstep_model::{Code, Secret, Stamp, StoreKind};
use lockstep_protocol::local::StoreCost;
use lockstep_sync::{Input, SecretRef, weigh};

use super::{Core, Person};

impl Core {
    /// Tells the person what it costs to go on, and gets the realm's order if they agree.
    ///
    /// Up to here everything can be refused: nothing has been changed.
    pub(super) async fn without_old(&mut self, person: &mut impl Person) -> Input {
        match self.agree(person).await {
            Ok(()) => Input::Forgotten,
            Err(fault) => {
                tracing::info!(binding = %self.binding, error = %fault, "no reset");
                Input::Declined(fault.code)
            }
        }
    }

    async fn agree(&mut self, person: &mut impl Person) -> Result<(), Fault> {
        let nobody_asks = || Fault::new(Code::Internal, "nobody is being asked");
        let weighing = weigh(&self.state).ok_or_else(nobody_asks)?;
        if let Some(code) = weighing.refused {
            return Err(Fault::new(code, "the plan without the old password"));
        }
        let stores = weighing.stores.into_iter();
        let cost: Vec<StoreCost> = stores
            .map(|(kind, becomes)| StoreCost { kind, becomes })
            .collect();
        let resets_account = cost.iter().any(|cost| cost.kind == StoreKind::Account);
        if resets_account {
            // Nobody is asked to agree to what the helper would refuse.
            self.helper.reset_challenge(self.binding).await?;
        }
        if !person.accepts(cost).await? {
            return Err(Fault::new(
                Code::OldPasswordNeeded,
                "the person did not agree",
            ));
        }
        if resets_account {
            self.order = Some(self.order_reset().await?);
        }
        Ok(())
    }

    /// Proves the new password once more, for an order that answers a fresh challenge.
    async fn order_reset(&self) -> Result<Ordered, Fault> {
        let (target, password) = self.proved()?;
        let challenge = self.helper.reset_challenge(self.binding).await?;
        let server_key = self.enrolled.server_key();
        let prover = self.enrolled.prover(&server_key);
        let ordered = prover.order_reset(self.binding, password, challenge).await;
        match ordered {
            Ok(ordered) if ordered.stamp == target => Ok(ordered),
            Ok(_) => Err(overtaken()),
            Err(fault) => Err(as_overtaken(fault)),
        }
    }

    /// The password that this run was started with, to be proved once more.
    pub(super) fn proved(&self) -> Result<(Stamp, Password), Fault> {
        let target = self.state.target().ok_or_else(overtaken)?;
        let new = self.secrets.get(&SecretRef::Generation(target));
        let new = new.map(Secret::duplicate).ok_or_else(overtaken)?;
        let password = Password::normalise(&new).map_err(|code| Fault::new(code, "held"))?;
        Ok((target, password))
    }
}

/// The password was changed since the run began.
pub(super) fn overtaken() -> Fault {
    Fault::new(Code::ChangedMeanwhile, "the password was changed again")
}

/// What it means that the password of this run is refused: it was the right one when it began.
pub(super) fn as_overtaken(fault: Fault) -> Fault {
    if fault.code == Code::NotTheNewPassword {
        overtaken()
    } else {
        fault
    }
}
