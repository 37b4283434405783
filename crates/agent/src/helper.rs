//! The root helper: one connection, one operation, one answer.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lockstep_client::Fault;
use lockstep_model::{BindingId, Code, PersonId, Secret, Stamp, StoreKind};
use lockstep_protocol::Bytes;
use lockstep_protocol::frame::{Frame, FrameFault};
use lockstep_protocol::helper::{
    Account, Adoption, Health, Operation, Realm, Reply, Request, VERSION,
};
use lockstep_protocol::order::SignedOrder;
use lockstep_sync::Outcome;
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::wire;

/// Longer than the helper lets any operation take, its queue included: what has not answered by
/// then does nothing any more.
const PATIENCE: Duration = Duration::from_secs(90);

/// The way to the helper.
#[derive(Clone, Debug)]
pub(crate) struct Helper {
    socket: PathBuf,
}

impl Helper {
    /// The helper behind a socket.
    pub(crate) fn new(socket: &Path) -> Self {
        Self {
            socket: socket.to_owned(),
        }
    }

    /// Describes the account of a uid.
    pub(crate) async fn inspect(&self, uid: u32) -> Result<Account, Fault> {
        match self.ask(Operation::Inspect { uid }, &[]).await? {
            Reply::Account(account) => Ok(account),
            other @ (Reply::Done
            | Reply::Opened { .. }
            | Reply::Health(_)
            | Reply::Adopted(_)
            | Reply::Compared { .. }
            | Reply::Disk { .. }
            | Reply::Challenge { .. }
            | Reply::Refused { .. }) => Err(refusal(other)),
        }
    }

    /// Describes the helper itself.
    pub(crate) async fn examine(&self) -> Result<Health, Fault> {
        match self.ask(Operation::Examine, &[]).await? {
            Reply::Health(health) => Ok(health),
            other @ (Reply::Done
            | Reply::Opened { .. }
            | Reply::Account(_)
            | Reply::Adopted(_)
            | Reply::Compared { .. }
            | Reply::Disk { .. }
            | Reply::Challenge { .. }
            | Reply::Refused { .. }) => Err(refusal(other)),
        }
    }

    /// Whether something opens a binding's disk beside the passwords that are kept in step.
    pub(crate) async fn disk_has_another_way(&self, binding: BindingId) -> Result<bool, Fault> {
        match self.ask(Operation::ExamineDisk { binding }, &[]).await? {
            Reply::Disk { other_way } => Ok(other_way),
            other @ (Reply::Done
            | Reply::Opened { .. }
            | Reply::Account(_)
            | Reply::Health(_)
            | Reply::Adopted(_)
            | Reply::Compared { .. }
            | Reply::Challenge { .. }
            | Reply::Refused { .. }) => Err(refusal(other)),
        }
    }

    /// Asks for a challenge for a reset order, if the account could be reset now.
    pub(crate) async fn reset_challenge(&self, binding: BindingId) -> Result<Bytes, Fault> {
        match self.ask(Operation::ResetChallenge { binding }, &[]).await? {
            Reply::Challenge { challenge } => Ok(challenge),
            other @ (Reply::Done
            | Reply::Disk { .. }
            | Reply::Opened { .. }
            | Reply::Account(_)
            | Reply::Adopted(_)
            | Reply::Compared { .. }
            | Reply::Health(_)
            | Reply::Refused { .. }) => Err(refusal(other)),
        }
    }

    /// Sets an account's password without its old one, by the realm's order.
    pub(crate) async fn reset(&self, order: SignedOrder, new: &Secret) -> Outcome {
        outcome(self.ask(Operation::Reset { order }, &[new]).await)
    }

    /// Records a binding, if the secret opens the account.
    pub(crate) async fn link(
        &self,
        binding: BindingId,
        person: PersonId,
        uid: u32,
        realm: Realm,
        secret: &Secret,
    ) -> Result<(), Fault> {
        let operation = Operation::Link {
            binding,
            person,
            uid,
            realm: Some(realm),
        };
        done(self.ask(operation, &[secret]).await?)
    }

    /// Forgets a binding.
    pub(crate) async fn unlink(&self, binding: BindingId) -> Result<(), Fault> {
        done(self.ask(Operation::Unlink { binding }, &[]).await?)
    }

    /// Opens a store with a secret.
    pub(crate) async fn probe(
        &self,
        binding: BindingId,
        store: StoreKind,
        secret: &Secret,
    ) -> Outcome {
        outcome(
            self.ask(Operation::Probe { binding, store }, &[secret])
                .await,
        )
    }

    /// Judges whether a store could take a new password.
    pub(crate) async fn preflight(
        &self,
        binding: BindingId,
        store: StoreKind,
        new: &Secret,
    ) -> Outcome {
        outcome(
            self.ask(Operation::Preflight { binding, store }, &[new])
                .await,
        )
    }

    /// Moves a store.
    pub(crate) async fn change(
        &self,
        binding: BindingId,
        store: StoreKind,
        old: &Secret,
        (to, new): (Stamp, &Secret),
    ) -> Outcome {
        let to = Some(to);
        let operation = Operation::Change { binding, store, to };
        outcome(self.ask(operation, &[old, new]).await)
    }

    /// Has a store follow a binding, if it opens with the account's password.
    pub(crate) async fn adopt(
        &self,
        binding: BindingId,
        store: StoreKind,
        secret: &Secret,
    ) -> Result<Adoption, Fault> {
        match self
            .ask(Operation::Adopt { binding, store }, &[secret])
            .await?
        {
            Reply::Adopted(adoption) => Ok(adoption),
            other @ (Reply::Done
            | Reply::Opened { .. }
            | Reply::Compared { .. }
            | Reply::Account(_)
            | Reply::Health(_)
            | Reply::Disk { .. }
            | Reply::Challenge { .. }
            | Reply::Refused { .. }) => Err(refusal(other)),
        }
    }

    /// Whether somebody else changed the account's password since the helper opened it last.
    pub(crate) async fn changed(&self, binding: BindingId) -> Result<bool, Fault> {
        match self.ask(Operation::Compare { binding }, &[]).await? {
            Reply::Compared { changed } => Ok(changed),
            other @ (Reply::Done
            | Reply::Opened { .. }
            | Reply::Adopted(_)
            | Reply::Account(_)
            | Reply::Health(_)
            | Reply::Disk { .. }
            | Reply::Challenge { .. }
            | Reply::Refused { .. }) => Err(refusal(other)),
        }
    }

    /// Notes that the computer was started with this password since the disk got it.
    pub(crate) async fn confirm_restart(
        &self,
        binding: BindingId,
        current: &Secret,
    ) -> Result<(), Fault> {
        let operation = Operation::ConfirmRestart { binding };
        done(self.ask(operation, &[current]).await?)
    }

    /// Sets a keychain aside for an empty one with the new password.
    pub(crate) async fn set_aside(&self, binding: BindingId, new: &Secret) -> Outcome {
        outcome(self.ask(Operation::SetAside { binding }, &[new]).await)
    }

    /// Removes what former passwords still open in a store.
    pub(crate) async fn remove_old(
        &self,
        binding: BindingId,
        store: StoreKind,
        current: &Secret,
    ) -> Outcome {
        outcome(
            self.ask(Operation::RemoveOld { binding, store }, &[current])
                .await,
        )
    }

    async fn ask(&self, operation: Operation, secrets: &[&Secret]) -> Result<Reply, Fault> {
        let exchange = async {
            let mut stream = UnixStream::connect(&self.socket).await?;
            // Only root may be the helper: it is about to be handed passwords.
            if stream.peer_cred()?.uid() != 0 {
                return Err(FrameFault::Io(std::io::ErrorKind::PermissionDenied.into()));
            }
            let request = Request {
                version: VERSION,
                operation,
            };
            wire::send(&mut stream, &Frame::json(&request)?).await?;
            for secret in secrets {
                wire::send(&mut stream, &Frame::Secret(secret.duplicate())).await?;
            }
            wire::receive(&mut stream, PATIENCE)
                .await?
                .message::<Reply>()
        };
        timeout(PATIENCE, exchange)
            .await
            .map_err(|_| Fault::new(Code::HelperUnavailable, "no answer in time"))?
            .map_err(|fault| Fault::new(Code::HelperUnavailable, fault))
    }
}

/// What an answer means to the sync core. No answer means that nobody knows.
fn outcome(answer: Result<Reply, Fault>) -> Outcome {
    match answer {
        Ok(Reply::Done) => Outcome::Applied,
        Ok(Reply::Opened { opens }) => Outcome::Opened(opens),
        Ok(Reply::Refused { code, detail }) => {
            tracing::warn!(error.code = %code, detail, "the helper refused");
            Outcome::NotApplied(code)
        }
        Ok(
            Reply::Adopted(_)
            | Reply::Compared { .. }
            | Reply::Account(_)
            | Reply::Health(_)
            | Reply::Disk { .. }
            | Reply::Challenge { .. },
        ) => Outcome::Indeterminate,
        Err(fault) => {
            tracing::warn!(error = %fault, "the helper did not answer");
            Outcome::Indeterminate
        }
    }
}

/// That something was done, or why not.
fn done(reply: Reply) -> Result<(), Fault> {
    if reply == Reply::Done {
        Ok(())
    } else {
        Err(refusal(reply))
    }
}

fn refusal(reply: Reply) -> Fault {
    match reply {
        Reply::Refused { code, detail } => Fault { code, detail },
        Reply::Done
        | Reply::Opened { .. }
        | Reply::Adopted(_)
        | Reply::Compared { .. }
        | Reply::Account(_)
        | Reply::Health(_)
        | Reply::Disk { .. }
        | Reply::Challenge { .. } => {
            Fault::new(Code::Internal, "the helper answered another question")
        }
    }
}
