//! How keychain and disk come to follow: by opening with the password that the account has.
//!
//! A store that never used the login password is left alone, which is no error. One that comes to
//! be later, at a first graphical log-in for instance, is found by the next flow, before the
//! account moves away from what opens it.

use lockstep_client::Fault;
use lockstep_model::password::Password;
use lockstep_model::{Secret, StoreKind};
use lockstep_protocol::helper::Adoption;

use super::{Core, restarted};

impl Core {
    /// Notes that the person agreed that the disk follows, too.
    pub(crate) fn allow_disk(&mut self) -> Result<(), Fault> {
        self.followed.disk_allowed = true;
        Ok(self.followed.save(&self.folder)?)
    }

    /// Tries what does not follow yet with each secret at hand, outside of any run.
    ///
    /// Tells whether one was found. A store that can't be tried now stays as it is; the next flow
    /// tries it again.
    pub(crate) async fn adopt(&mut self) -> Result<bool, Fault> {
        let mut found = Vec::new();
        for store in self.followed.missing() {
            for secret in self.secrets.values() {
                match self.tried(store, secret).await {
                    Some(Adoption::Follows) => {
                        found.push(store);
                        break;
                    }
                    Some(Adoption::OwnPassword) => {}
                    Some(Adoption::NotThere) | None => break,
                }
            }
        }
        if found.is_empty() {
            return Ok(false);
        }
        self.followed.stores.extend(found);
        self.followed.save(&self.folder)?;
        // The ledger stays; only what it is about grows.
        self.state = restarted(&self.followed, &[self.state.snapshot()]);
        Ok(true)
    }

    /// Has the helper note that the computer was started with this password; nothing, where no disk
    /// follows.
    pub(crate) async fn confirm_restart(&self, typed: &Secret) -> Result<(), Fault> {
        if !self.followed.stores.contains(&StoreKind::Disk) {
            return Ok(());
        }
        let password = Password::normalise(typed).map_err(|code| Fault::new(code, "typed"))?;
        self.helper
            .confirm_restart(self.binding, password.secret())
            .await
    }

    async fn tried(&self, store: StoreKind, secret: &Secret) -> Option<Adoption> {
        match self.helper.adopt(self.binding, store, secret).await {
            Ok(adoption) => {
                if adoption == Adoption::Follows {
                    tracing::info!(binding = %self.binding, store = %store, "follows from now on");
                }
                Some(adoption)
            }
            Err(fault) => {
                let binding = self.binding;
                tracing::warn!(%binding, store = %store, error = %fault, "could not be tried");
                None
            }
        }
    }
}
