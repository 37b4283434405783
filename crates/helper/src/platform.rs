//! The stores of this computer.

use lockstep_model::{Code, StoreKind};
use lockstep_protocol::helper::{Account, Confinement, Health};
use lockstep_stores::linux::account::{self, AccountStore, Identity};
use lockstep_stores::linux::etc::Etc;
use lockstep_stores::{Refusal, Store};

use crate::operate::Stores;

/// The real ones.
pub(crate) struct ThisComputer {
    /// What this process is kept from.
    pub(crate) confinement: Confinement,
    /// The hardware's own identity.
    pub(crate) hardware: Option<String>,
}

/// The hardware's own identity (`product_uuid` of DMI, sysfs); root's eyes only. None where the
/// maker left it out, or filled in the same for all.
pub(crate) fn hardware() -> Option<String> {
    let text = std::fs::read_to_string("/sys/class/dmi/id/product_uuid").ok()?;
    identity(&text)
}

fn identity(text: &str) -> Option<String> {
    let uuid = text.trim().to_ascii_lowercase();
    let digits: Vec<char> = uuid.chars().filter(char::is_ascii_hexdigit).collect();
    let told = digits.windows(2).any(|pair| pair[0] != pair[1]);
    (digits.len() == 32 && told).then_some(uuid)
}

impl Stores for ThisComputer {
    fn examine(&self) -> Health {
        Health {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            confinement: self.confinement,
            hardware: self.hardware.clone(),
        }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hardware_that_was_given_no_identity_of_its_own_has_none() {
        let own = "4C4C4544-0051-3610-8052-B4C04F4E3332\n";
        assert_eq!(
            identity(own).as_deref(),
            Some("4c4c4544-0051-3610-8052-b4c04f4e3332")
        );
        for none in [
            "",
            "Not Settable",
            "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
            "4C4C4544",
        ] {
            assert_eq!(identity(none), None, "{none}");
        }
    }
}
