//! How keychain and disk come to follow: by opening with the password that the account has.
//!
//! A store that never used the login password is left alone, which is no error. One that comes to
//! be later, at a first graphical log-in for instance, is found by the next flow, before the
//! account moves away from what opens it: at its beginning, and again when an old password comes up.

use lockstep_client::Fault;
use lockstep_model::password::Password;
use lockstep_model::{Code, Secret, StoreKind};
use lockstep_protocol::helper::Adoption;
use lockstep_sync::{Input, Outcome};

use super::ahead::Ahead;
use super::{Core, restarted};
use crate::keep::stores::Followed;

impl Core {
    /// Notes that the person agreed that the disk follows, too.
    pub(crate) fn allow_disk(&mut self) -> Result<(), Fault> {
        let mut followed = self.followed.clone();
        followed.disk_allowed = true;
        self.follow(followed)
    }

    /// Tries what does not follow yet with each secret at hand, outside of any run.
    ///
    /// Tells whether one was found. A store that can't be tried now stays as it is; the next flow
    /// tries it again.
    ///
    /// # Errors
    ///
    /// When the helper is away: what the account moves away from now, nothing may open later.
    pub(crate) async fn adopt(&mut self) -> Result<bool, Fault> {
        let mut found = Vec::new();
        for store in self.followed.missing() {
            for secret in self.secrets.values() {
                match self.tried(store, secret).await? {
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
        let mut followed = self.followed.clone();
        followed.stores.extend(found);
        self.follow(followed)?;
        // The ledger stays; only what it is about grows.
        self.ahead = Ahead::default();
        self.state = restarted(&self.followed, &[self.state.snapshot()]);
        Ok(true)
    }

    /// The same once an old password that came up in mid-run has opened the account: nothing else at
    /// hand may open what was made while the account had it.
    ///
    /// Gives what begins another run, over all stores, if one was found: the one under way is dropped.
    pub(super) async fn adopt_late(
        &mut self,
        opened: StoreKind,
        outcome: Outcome,
    ) -> Result<Option<Input>, Fault> {
        let opens = opened == StoreKind::Account && outcome == Outcome::Opened(true);
        if !(self.late && opens) {
            return Ok(None);
        }
        self.late = false;
        let (true, Some(stamp)) = (self.adopt().await?, self.state.target()) else {
            return Ok(None);
        };
        let secrets = self.held();
        Ok(Some(Input::Proved { stamp, secrets }))
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

    /// Goes by what follows from now on, once that is written down.
    fn follow(&mut self, followed: Followed) -> Result<(), Fault> {
        followed.save(&self.folder)?;
        self.followed = followed;
        Ok(())
    }

    async fn tried(&self, store: StoreKind, secret: &Secret) -> Result<Option<Adoption>, Fault> {
        match self.helper.adopt(self.binding, store, secret).await {
            Ok(adoption) => {
                if adoption == Adoption::Follows {
                    tracing::info!(binding = %self.binding, store = %store, "follows from now on");
                }
                Ok(Some(adoption))
            }
            Err(fault) if fault.code == Code::HelperUnavailable => Err(fault),
            Err(fault) => {
                let binding = self.binding;
                tracing::warn!(%binding, store = %store, error = %fault, "could not be tried");
                Ok(None)
            }
        }
    }
}
