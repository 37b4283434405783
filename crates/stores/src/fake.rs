//! A store in memory that fails on demand.
//!
//! It passes the same suite as the real ones, and is only ever used beside them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use lockstep_model::{Code, Secret, StoreKind};

use crate::{Capabilities, ChangeFault, Refusal, Store, rules};

/// What the next change runs into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is refused, and nothing is changed.
    Refuse(Refusal),
    /// Nothing is changed, but nobody says so.
    VanishBefore,
    /// It is changed, but nobody says so.
    VanishAfter,
    /// It takes this long, then succeeds or fails by itself.
    Delay(Duration),
}

/// A store in memory; clones are handles of the same store.
#[derive(Clone)]
pub struct FakeStore {
    kind: StoreKind,
    capabilities: Capabilities,
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    /// What opens it; one, or the old ones and the newest where it has several slots.
    slots: Vec<Secret>,
    fault: Option<Fault>,
    changes: u32,
}

impl FakeStore {
    /// Makes a store that opens with `password`.
    #[must_use]
    pub fn new(kind: StoreKind, capabilities: Capabilities, password: &Secret) -> Self {
        let inner = Inner {
            slots: vec![password.duplicate()],
            fault: None,
            changes: 0,
        };
        Self {
            kind,
            capabilities,
            inner: Arc::new(Mutex::new(inner)),
        }
    }

    /// Lets the next change, and only that one, run into a fault.
    pub fn inject(&self, fault: Fault) {
        self.lock().fault = Some(fault);
    }

    /// How often the password was really replaced.
    #[must_use]
    pub fn changes(&self) -> u32 {
        self.lock().changes
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic of another test's thread leaves the store as it was before or after a change.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for FakeStore {
    fn kind(&self) -> StoreKind {
        self.kind
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    fn preflight(&self, new: &Secret) -> Result<(), Refusal> {
        rules::check_new(new)
    }

    fn probe(&self, secret: &Secret) -> Result<bool, Refusal> {
        let could_open = rules::could_open(secret)?;
        Ok(could_open && self.lock().slots.iter().any(|slot| slot.same_as(secret)))
    }

    fn change(&mut self, old: &Secret, new: &Secret) -> Result<(), ChangeFault> {
        rules::check_new(new)?;
        let fault = self.lock().fault.take();
        match &fault {
            Some(Fault::Refuse(refusal)) => return Err(refusal.clone().into()),
            Some(Fault::VanishBefore) => return Err(vanished()),
            Some(Fault::Delay(time)) => thread::sleep(*time),
            Some(Fault::VanishAfter) | None => {}
        }
        if !self.probe(old)? {
            if self.capabilities.change_opens_first {
                return Err(ChangeFault::Shut);
            }
            let detail = "the old password doesn't open it";
            return Err(Refusal::new(Code::NotTheComputersPassword, detail).into());
        }
        if !old.same_as(new) {
            let mut inner = self.lock();
            if !self.capabilities.several_slots {
                inner.slots.clear();
            }
            inner.slots.push(new.duplicate());
            inner.changes += 1;
        }
        if fault == Some(Fault::VanishAfter) {
            Err(vanished())
        } else {
            Ok(())
        }
    }

    fn may_reset(&self) -> Result<(), Refusal> {
        if self.capabilities.can_be_reset {
            Ok(())
        } else {
            Err(Refusal::new(Code::StaysShut, "it needs its old password"))
        }
    }

    fn reset(&mut self, new: &Secret) -> Result<(), ChangeFault> {
        rules::check_new(new)?;
        self.may_reset()?;
        let old = self.lock().slots[0].duplicate();
        self.change(&old, new)
    }

    fn remove_old(&mut self, current: &Secret) -> Result<(), ChangeFault> {
        if !self.probe(current)? {
            let detail = "what is to stay doesn't open it";
            return Err(Refusal::new(Code::NotTheComputersPassword, detail).into());
        }
        self.lock().slots.retain(|slot| slot.same_as(current));
        Ok(())
    }
}

fn vanished() -> ChangeFault {
    ChangeFault::Unknown {
        detail: "no answer came".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{CASES, Harness};

    const CAPABILITIES: Capabilities = Capabilities {
        needs_old_password: true,
        several_slots: false,
        needs_session: false,
        verify_without_change: true,
        counts_attempts: false,
        change_opens_first: false,
        can_be_reset: true,
    };

    const DISK: Capabilities = Capabilities {
        several_slots: true,
        change_opens_first: true,
        can_be_reset: false,
        ..CAPABILITIES
    };

    struct Fakes(StoreKind, Capabilities);

    impl Harness for Fakes {
        fn fresh(&mut self, password: &Secret) -> Box<dyn Store> {
            Box::new(FakeStore::new(self.0, self.1, password))
        }
    }

    #[test]
    fn the_fake_conforms_as_every_kind() {
        for (kind, capabilities) in [
            (StoreKind::Account, CAPABILITIES),
            (StoreKind::Keychain, CAPABILITIES),
            (StoreKind::Disk, DISK),
        ] {
            for case in CASES {
                (case.run)(&mut Fakes(kind, capabilities));
            }
        }
    }

    #[test]
    fn faults_strike_once_and_leave_the_store_as_they_say() {
        let (old, new) = (Secret::copy_of(b"old one"), Secret::copy_of(b"new one"));
        let refusal = Refusal::new(Code::AccountBusy, "held");
        for (fault, moved) in [
            (Fault::Refuse(refusal), false),
            (Fault::VanishBefore, false),
            (Fault::VanishAfter, true),
        ] {
            let mut store = FakeStore::new(StoreKind::Account, CAPABILITIES, &old);
            store.inject(fault.clone());
            assert!(store.change(&old, &new).is_err(), "{fault:?}");
            assert_eq!(store.probe(&new), Ok(moved), "{fault:?}");
            let opens = if moved { &new } else { &old };
            assert_eq!(store.change(opens, &new), Ok(()), "{fault:?}");
            assert_eq!(store.changes(), 1, "{fault:?}");
        }
    }

    #[test]
    fn a_delay_only_delays() {
        let (old, new) = (Secret::copy_of(b"old one"), Secret::copy_of(b"new one"));
        let mut store = FakeStore::new(StoreKind::Keychain, CAPABILITIES, &old);
        store.inject(Fault::Delay(Duration::from_millis(1)));
        assert_eq!(store.change(&old, &new), Ok(()));
        assert_eq!(store.probe(&new), Ok(true));
    }
}
