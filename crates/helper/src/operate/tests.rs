//! Operations on a computer in memory.

use std::sync::Mutex;

use lockstep_model::{BindingId, PersonId};
use lockstep_protocol::helper::{Confinement, Files};
use lockstep_stores::Capabilities;
use lockstep_stores::fake::{FakeStore, Fault};

use super::*;

const CAPABILITIES: Capabilities = Capabilities {
    needs_old_password: true,
    several_slots: false,
    needs_session: false,
    verify_without_change: true,
    counts_attempts: false,
    change_opens_first: false,
    can_be_reset: true,
};

/// One account, anna, uid 1000, on a computer in memory.
pub(crate) struct OneAccount {
    pub(crate) store: FakeStore,
    pub(crate) keychain: FakeStore,
    pub(crate) disk: FakeStore,
    pub(crate) uid: Mutex<u32>,
    obstacle: Option<Code>,
}

impl OneAccount {
    pub(crate) fn with_password(password: &[u8]) -> Self {
        let password = Secret::copy_of(password);
        let disk = Capabilities {
            several_slots: true,
            change_opens_first: true,
            can_be_reset: false,
            ..CAPABILITIES
        };
        let of = |kind, capabilities| FakeStore::new(kind, capabilities, &password);
        Self {
            store: of(StoreKind::Account, CAPABILITIES),
            keychain: of(StoreKind::Keychain, CAPABILITIES),
            disk: of(StoreKind::Disk, disk),
            uid: Mutex::new(1000),
            obstacle: None,
        }
    }
}

impl Stores for OneAccount {
    fn examine(&self) -> Result<Health, Refusal> {
        Ok(Health {
            version: "of a test".into(),
            confinement: Confinement {
                files: Files::Open,
                calls: false,
            },
            hardware: None,
        })
    }

    fn describe(&self, uid: u32) -> Result<Account, Refusal> {
        if uid != *self.uid.lock().unwrap() {
            return Err(Refusal::new(Code::AccountElsewhere, "no such uid"));
        }
        Ok(Account {
            name: "anna".into(),
            uid,
            obstacle: self.obstacle,
            disk: false,
        })
    }

    fn open(
        &self,
        kind: StoreKind,
        record: &Record,
        _to: Option<Stamp>,
    ) -> Result<Box<dyn Store>, Refusal> {
        if record.account != "anna" || record.uid != *self.uid.lock().unwrap() {
            return Err(Refusal::new(Code::AccountChanged, "somebody else"));
        }
        match (kind, &record.disk) {
            (StoreKind::Account, _) => Ok(Box::new(self.store.clone())),
            (StoreKind::Keychain, _) => Ok(Box::new(self.keychain.clone())),
            (StoreKind::Disk, Some(_)) => Ok(Box::new(self.disk.clone())),
            (StoreKind::Disk, None) => Err(Refusal::new(Code::HelperRefused, "not recorded")),
        }
    }

    fn fingerprint(&self, _record: &Record) -> Result<Bytes, Refusal> {
        Ok(Bytes(self.store.changes().to_be_bytes().to_vec()))
    }

    fn keychain(&self, record: &Record) -> Result<Option<Box<dyn Store>>, Refusal> {
        self.open(StoreKind::Keychain, record, None).map(Some)
    }

    fn release(&self, _record: &Record) -> Result<(), Refusal> {
        Ok(())
    }

    fn has_another_way(&self, record: &Record) -> Result<bool, Refusal> {
        let none = || Refusal::new(Code::HelperRefused, "no disk is recorded");
        record.disk.as_ref().map(|_| true).ok_or_else(none)
    }

    fn forget_all(&self) -> Result<(), Refusal> {
        Ok(())
    }

    fn confirm_restart(&self, _record: &Record, _current: &Secret) -> Result<(), Refusal> {
        Err(Refusal::new(Code::HelperRefused, "no slot waits for one"))
    }

    fn disks(&self, _record: &Record) -> Result<Found, Refusal> {
        let disk = Disk {
            device: "/dev/disk".into(),
            uuid: "of a test".to_owned(),
        };
        Ok(vec![(disk, Box::new(self.disk.clone()))])
    }
}

pub(crate) struct Desk {
    _state: tempfile::TempDir,
    pub(crate) bindings: Bindings,
    pub(crate) stores: OneAccount,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let state = tempfile::tempdir().unwrap();
        let bindings = Bindings::open(state.path()).unwrap();
        Self {
            _state: state,
            bindings,
            stores: OneAccount::with_password(b"old one"),
        }
    }

    pub(crate) fn ask(&self, operation: Operation, secrets: &[&[u8]]) -> Outcome {
        let secrets: Vec<Secret> = secrets.iter().map(|s| Secret::copy_of(s)).collect();
        operate(&self.bindings, &self.stores, &operation, &secrets)
    }

    fn link(&self) -> BindingId {
        let binding = BindingId::fresh();
        let link = Operation::Link {
            binding,
            person: PersonId::fresh(),
            uid: 1000,
            realm: None,
        };
        assert_eq!(self.ask(link, &[b"old one"]), Outcome::Say(Reply::Done));
        binding
    }
}

pub(crate) fn code(outcome: &Outcome) -> Option<Code> {
    match outcome {
        Outcome::Say(Reply::Refused { code, .. }) => Some(*code),
        Outcome::Say(
            Reply::Done
            | Reply::Opened { .. }
            | Reply::Adopted(_)
            | Reply::Compared { .. }
            | Reply::Account(_)
            | Reply::Health(_)
            | Reply::Disk { .. }
            | Reply::Challenge { .. },
        )
        | Outcome::SayNothing { .. } => None,
    }
}

const STORE: StoreKind = StoreKind::Account;

#[test]
fn a_link_needs_the_password_and_is_made_once() {
    let desk = Desk::new();
    let (binding, person) = (BindingId::fresh(), PersonId::fresh());
    let link = || Operation::Link {
        binding,
        person,
        uid: 1000,
        realm: None,
    };
    let wrong = Some(Code::NotTheComputersPassword);
    assert_eq!(code(&desk.ask(link(), &[b""])), Some(Code::Blank));
    assert_eq!(code(&desk.ask(link(), &[b"wrong"])), wrong);
    let probe = Operation::Probe {
        binding,
        store: STORE,
    };
    assert_eq!(
        code(&desk.ask(probe, &[b"old one"])),
        Some(Code::HelperRefused)
    );
    assert_eq!(desk.ask(link(), &[b"old one"]), Outcome::Say(Reply::Done));
    assert_eq!(desk.ask(link(), &[b"old one"]), Outcome::Say(Reply::Done));
    assert_eq!(code(&desk.ask(link(), &[b"wrong"])), wrong);
    let other = Operation::Link {
        binding: BindingId::fresh(),
        person,
        uid: 1000,
        realm: None,
    };
    assert_eq!(
        code(&desk.ask(other, &[b"old one"])),
        Some(Code::AlreadyLinked)
    );
    let nobody = Operation::Link {
        binding: BindingId::fresh(),
        person,
        uid: 4711,
        realm: None,
    };
    assert_eq!(
        code(&desk.ask(nobody, &[b"old one"])),
        Some(Code::AccountElsewhere)
    );
}

#[test]
fn an_account_with_an_obstacle_is_not_linked() {
    let mut desk = Desk::new();
    desk.stores.obstacle = Some(Code::AccountLocked);
    let link = Operation::Link {
        binding: BindingId::fresh(),
        person: PersonId::fresh(),
        uid: 1000,
        realm: None,
    };
    assert_eq!(
        code(&desk.ask(link, &[b"old one"])),
        Some(Code::AccountLocked)
    );
}

#[test]
fn a_linked_account_moves() {
    let desk = Desk::new();
    let binding = desk.link();
    let probe = |secret: &[u8]| {
        desk.ask(
            Operation::Probe {
                binding,
                store: STORE,
            },
            &[secret],
        )
    };
    let opened = |opens| Outcome::Say(Reply::Opened { opens });
    assert_eq!(probe(b"old one"), opened(true));
    let preflight = Operation::Preflight {
        binding,
        store: STORE,
    };
    assert_eq!(
        desk.ask(preflight, &[b"new one"]),
        Outcome::Say(Reply::Done)
    );
    let change = || Operation::Change {
        binding,
        store: STORE,
        to: None,
    };
    assert_eq!(
        code(&desk.ask(change(), &[b"wrong", b"new one"])),
        Some(Code::NotTheComputersPassword)
    );
    assert_eq!(
        desk.ask(change(), &[b"old one", b"new one"]),
        Outcome::Say(Reply::MOVED)
    );
    assert_eq!(probe(b"old one"), opened(false));
    assert_eq!(probe(b"new one"), opened(true));
    assert_eq!(
        desk.ask(Operation::Unlink { binding }, &[]),
        Outcome::Say(Reply::Done)
    );
    assert_eq!(code(&probe(b"new one")), Some(Code::HelperRefused));
}

#[test]
fn a_change_by_somebody_else_is_told_until_the_account_is_opened_again() {
    let mut desk = Desk::new();
    let binding = desk.link();
    let compare = || Operation::Compare { binding };
    let told = |changed| Outcome::Say(Reply::Compared { changed });
    assert_eq!(desk.ask(compare(), &[]), told(false));
    let (old, new) = (Secret::copy_of(b"old one"), Secret::copy_of(b"by passwd"));
    desk.stores.store.change(&old, &new).unwrap();
    assert_eq!(desk.ask(compare(), &[]), told(true));
    let probe = || Operation::Probe {
        binding,
        store: STORE,
    };
    desk.ask(probe(), &[b"old one"]);
    assert_eq!(desk.ask(compare(), &[]), told(true), "it did not open");
    desk.ask(probe(), &[b"by passwd"]);
    assert_eq!(desk.ask(compare(), &[]), told(false));
}

#[test]
fn keychain_and_disk_follow_if_they_open_with_the_accounts_password() {
    let desk = Desk::new();
    let binding = desk.link();
    for store in [StoreKind::Keychain, StoreKind::Disk] {
        let adopt = || Operation::Adopt { binding, store };
        let adopted = |adoption| Outcome::Say(Reply::Adopted(adoption));
        let own = adopted(Adoption::OwnPassword);
        assert_eq!(desk.ask(adopt(), &[b"another"]), own);
        assert_eq!(desk.ask(adopt(), &[b"old one"]), adopted(Adoption::Follows));
    }
    let disk = desk.bindings.find(binding).unwrap().unwrap().disk;
    assert_eq!(disk.unwrap().uuid, "of a test");
    let examined = desk.ask(Operation::ExamineDisk { binding }, &[]);
    assert_eq!(examined, Outcome::Say(Reply::Disk { other_way: true }));
}

#[test]
fn a_disk_that_nobody_adopted_is_not_touched() {
    let desk = Desk::new();
    let binding = desk.link();
    let change = Operation::Change {
        binding,
        store: StoreKind::Disk,
        to: None,
    };
    let outcome = desk.ask(change, &[b"old one", b"new one"]);
    assert_eq!(code(&outcome), Some(Code::HelperRefused));
    assert_eq!(desk.stores.disk.changes(), 0);
    let examined = desk.ask(Operation::ExamineDisk { binding }, &[]);
    assert_eq!(code(&examined), Some(Code::HelperRefused));
}

#[test]
fn a_disk_that_the_old_password_does_not_open_is_told_as_a_probe_tells_it() {
    let desk = Desk::new();
    let binding = desk.link();
    let store = StoreKind::Disk;
    desk.ask(Operation::Adopt { binding, store }, &[b"old one"]);
    let change = || Operation::Change {
        binding,
        store,
        to: None,
    };
    let shut = Outcome::Say(Reply::Opened { opens: false });
    assert_eq!(desk.ask(change(), &[b"wrong", b"new one"]), shut);
    assert_eq!(desk.stores.disk.changes(), 0);
    let moved = Outcome::Say(Reply::MOVED);
    assert_eq!(desk.ask(change(), &[b"old one", b"new one"]), moved);
}

#[test]
fn an_unknown_outcome_is_not_put_into_words() {
    for (fault, moved) in [(Fault::VanishBefore, false), (Fault::VanishAfter, true)] {
        let desk = Desk::new();
        let binding = desk.link();
        desk.stores.store.inject(fault);
        let change = Operation::Change {
            binding,
            store: STORE,
            to: None,
        };
        let outcome = desk.ask(change, &[b"old one", b"new one"]);
        assert!(matches!(outcome, Outcome::SayNothing { .. }), "{outcome:?}");
        let probe = desk.ask(
            Operation::Probe {
                binding,
                store: STORE,
            },
            &[b"new one"],
        );
        assert_eq!(probe, Outcome::Say(Reply::Opened { opens: moved }));
    }
}

#[test]
fn what_is_old_goes_beside_the_password_that_opens_it_and_only_then() {
    let desk = Desk::new();
    let (binding, store) = (desk.link(), StoreKind::Disk);
    desk.ask(Operation::Adopt { binding, store }, &[b"old one"]);
    let to = None;
    let change = Operation::Change { binding, store, to };
    let done = Outcome::Say(Reply::MOVED);
    assert_eq!(desk.ask(change, &[b"old one", b"new one"]), done);
    let opens = |secret: &[u8]| {
        let probe = Operation::Probe { binding, store };
        desk.ask(probe, &[secret]) == Outcome::Say(Reply::Opened { opens: true })
    };
    let remove = |secrets: &[&[u8]]| desk.ask(Operation::RemoveOld { binding, store }, secrets);
    assert_eq!(code(&remove(&[])), Some(Code::BadRequest));
    let wrong = Some(Code::NotTheComputersPassword);
    assert_eq!(code(&remove(&[b"wrong"])), wrong);
    assert!(opens(b"old one") && opens(b"new one"));
    assert_eq!(remove(&[b"new one"]), done);
    assert!(!opens(b"old one") && opens(b"new one"));
}

#[test]
fn another_account_under_the_name_is_not_touched() {
    let desk = Desk::new();
    let binding = desk.link();
    *desk.stores.uid.lock().unwrap() = 1001;
    let change = Operation::Change {
        binding,
        store: STORE,
        to: None,
    };
    let outcome = desk.ask(change, &[b"old one", b"new one"]);
    assert_eq!(code(&outcome), Some(Code::AccountChanged));
    assert_eq!(desk.stores.store.changes(), 0);
}

#[test]
fn stores_that_this_computer_lacks_and_missing_secrets_are_refused() {
    let desk = Desk::new();
    let binding = desk.link();
    let probe = Operation::Probe {
        binding,
        store: StoreKind::Disk,
    };
    assert_eq!(
        code(&desk.ask(probe, &[b"old one"])),
        Some(Code::HelperRefused)
    );
    let change = Operation::Change {
        binding,
        store: STORE,
        to: None,
    };
    assert_eq!(
        code(&desk.ask(change, &[b"old one"])),
        Some(Code::BadRequest)
    );
}
