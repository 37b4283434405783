//! The stores of this computer.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use lockstep_model::{Code, Secret, Stamp, StoreKind};
use lockstep_protocol::Bytes;
use lockstep_protocol::helper::{Account, Confinement, Files, Health};
use lockstep_stores::linux::account::{self, AccountStore, Identity};
use lockstep_stores::linux::etc::Etc;
use lockstep_stores::linux::keyring::{self, KeyringStore, Owner};
use lockstep_stores::linux::luks::{self, LuksStore, Mark};
use lockstep_stores::{Refusal, Store};

use crate::bindings::{Disk, Record};
use crate::fingerprint::Fingerprints;
use crate::operate::{Found, Stores};
use crate::sandbox::{self, SandboxFault};

/// The real ones.
///
/// **Architecture invariant:** whatever leads to a store narrows the sandbox to that kind of store
/// first. An operation is about one kind, so it never needs more than that.
pub(crate) struct ThisComputer {
    state: PathBuf,
    hardware: Option<String>,
    /// Set once the sandbox leaves accounts and nothing else.
    narrowed: Cell<Option<Confinement>>,
}

impl ThisComputer {
    /// The stores beside the records in a folder, and the hardware's own identity.
    pub(crate) fn new(state: &Path, hardware: Option<String>) -> Self {
        Self {
            state: state.to_owned(),
            hardware,
            narrowed: Cell::new(None),
        }
    }

    fn narrow_to_account(&self) -> Result<Confinement, Refusal> {
        if let Some(confinement) = self.narrowed.get() {
            return Ok(confinement);
        }
        let confinement = sandbox::narrow_to_account(&self.state).map_err(not_shut_in)?;
        self.narrowed.set(Some(confinement));
        if confinement.files == Files::Open {
            eprintln!("this kernel has no Landlock: files of no concern are not out of reach");
        }
        if !confinement.calls {
            eprintln!("no system call filter for this processor");
        }
        Ok(confinement)
    }

    /// The recorded disk.
    fn disk(&self, record: &Record, to: Option<Stamp>) -> Result<LuksStore, Refusal> {
        let none = || Refusal::new(Code::HelperRefused, "no disk is recorded");
        let Disk { device, uuid } = record.disk.clone().ok_or_else(none)?;
        sandbox::narrow_to_disks(&self.state, &[&device]).map_err(not_shut_in)?;
        let disk = luks::Disk { device, uuid };
        Ok(LuksStore::of(disk, mark(record, to), &self.state))
    }

    /// Becomes the owner of the recorded account, if that still is the one that was recorded.
    fn become_owner(record: &Record) -> Result<Owner, Refusal> {
        let line = account_of(record).recorded()?;
        sandbox::become_owner(&line).map_err(not_shut_in)?;
        Ok(Owner {
            uid: line.uid,
            home: line.home,
        })
    }
}

/// The recorded account.
fn account_of(record: &Record) -> AccountStore {
    AccountStore::of(Identity {
        name: record.account.clone(),
        uid: record.uid,
    })
}

/// What our slot on a disk is marked with.
const fn mark(record: &Record, stamp: Option<Stamp>) -> Mark {
    Mark {
        binding: record.binding,
        stamp,
    }
}

fn not_shut_in(fault: SandboxFault) -> Refusal {
    Refusal::new(Code::HelperRefused, fault.to_string())
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
    fn examine(&self) -> Result<Health, Refusal> {
        Ok(Health {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            confinement: self.narrow_to_account()?,
            hardware: self.hardware.clone(),
        })
    }

    fn describe(&self, uid: u32) -> Result<Account, Refusal> {
        // Asked for while the disks' headers can still be read; none that can't be could follow.
        let disks = luks::disks(&Etc::default());
        self.narrow_to_account()?;
        let found = account::describe(&Etc::default(), uid)?;
        let disk = disks.is_ok_and(|disks| !disks.is_empty());
        Ok(Account {
            name: found.identity.name,
            uid: found.identity.uid,
            obstacle: found.obstacle.map(|obstacle| obstacle.code),
            disk,
        })
    }

    fn open(
        &self,
        kind: StoreKind,
        record: &Record,
        to: Option<Stamp>,
    ) -> Result<Box<dyn Store>, Refusal> {
        match kind {
            StoreKind::Account => {
                self.narrow_to_account()?;
                Ok(Box::new(account_of(record)))
            }
            StoreKind::Keychain => Ok(Box::new(KeyringStore::of(Self::become_owner(record)?))),
            StoreKind::Disk => self.disk(record, to).map(|disk| Box::new(disk) as _),
        }
    }

    fn fingerprint(&self, record: &Record) -> Result<Bytes, Refusal> {
        self.narrow_to_account()?;
        let field = account_of(record).shadow_field()?;
        Ok(Fingerprints::open(&self.state)?.of(&record.account, &field))
    }

    fn keychain(&self, record: &Record) -> Result<Option<Box<dyn Store>>, Refusal> {
        let owner = Self::become_owner(record)?;
        Ok(if keyring::exists(&owner)? {
            Some(Box::new(KeyringStore::of(owner)))
        } else {
            None
        })
    }

    fn disks(&self, record: &Record) -> Result<Found, Refusal> {
        // Its own table says which disks there are, before they are all that is left.
        let disks = luks::disks(&Etc::default())?;
        let devices: Vec<&Path> = disks.iter().map(|disk| disk.device.as_path()).collect();
        sandbox::narrow_to_disks(&self.state, &devices).map_err(not_shut_in)?;
        let found = disks.into_iter().map(|disk| {
            let kept = Disk {
                device: disk.device.clone(),
                uuid: disk.uuid.clone(),
            };
            let store = LuksStore::of(disk, mark(record, None), &self.state);
            (kept, Box::new(store) as Box<dyn Store>)
        });
        Ok(found.collect())
    }

    fn release(&self, record: &Record) -> Result<(), Refusal> {
        self.disk(record, None)?.forget()
    }

    fn has_another_way(&self, record: &Record) -> Result<bool, Refusal> {
        self.disk(record, None)?.has_another_way()
    }

    fn forget_all(&self) -> Result<(), Refusal> {
        Fingerprints::erase(&self.state)
    }

    fn confirm_restart(&self, record: &Record, current: &Secret) -> Result<(), Refusal> {
        self.disk(record, None)?.confirm_restart(current)
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
