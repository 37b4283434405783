//! The stores of this computer.

use lockstep_model::{Code, StoreKind};
use lockstep_protocol::helper::Account;
use lockstep_stores::linux::account::{self, AccountStore, Identity};
use lockstep_stores::linux::etc::Etc;
use lockstep_stores::{Refusal, Store};

use crate::operate::Stores;

/// The real ones.
pub(crate) struct ThisComputer;

impl Stores for ThisComputer {
    fn describe(&self, uid: u32) -> Result<Account, Refusal> {
        let found = account::describe(&Etc::default(), uid)?;
        Ok(Account {
            name: found.identity.name,
            uid: found.identity.uid,
            obstacle: found.obstacle.map(|obstacle| obstacle.code),
        })
    }

    fn open(&self, kind: StoreKind, account: &str, uid: u32) -> Result<Box<dyn Store>, Refusal> {
        match kind {
            StoreKind::Account => {
                let identity = Identity {
                    name: account.to_owned(),
                    uid,
                };
                Ok(Box::new(AccountStore::of(identity)))
            }
            StoreKind::Disk | StoreKind::Keychain => Err(Refusal::new(
                Code::HelperRefused,
                format!("no {kind} is recorded"),
            )),
        }
    }
}
