//! Executes one operation against the recorded bindings and the stores of this computer.

use lockstep_model::{Code, Secret, StoreKind};
use lockstep_protocol::helper::{Account, Health, Operation, Reply};
use lockstep_stores::{ChangeFault, Refusal, Store};

use crate::bindings::{Bindings, BindingsFault, Record, Recorded};
use crate::clock::Moment;
use crate::reset;

/// The stores of this computer.
pub(crate) trait Stores {
    /// Describes the helper itself.
    fn examine(&self) -> Health;

    /// Describes the account of a uid.
    fn describe(&self, uid: u32) -> Result<Account, Refusal>;

    /// Opens a store of the account that was recorded with this name and uid.
    fn open(&self, kind: StoreKind, account: &str, uid: u32) -> Result<Box<dyn Store>, Refusal>;
}

/// What is said to the agent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// This.
    Say(Reply),
    /// Nothing: only a probe can tell what was done, and an end without a reply says just that.
    SayNothing {
        /// Why, for the log.
        detail: String,
    },
}

/// Executes an operation with its secrets, of which there are as many as it names.
pub(crate) fn operate(
    bindings: &Bindings,
    stores: &impl Stores,
    operation: &Operation,
    secrets: &[Secret],
) -> Outcome {
    let replied = match (operation, secrets) {
        (Operation::Inspect { uid }, []) => stores.describe(*uid).map(Reply::Account),
        (Operation::Examine, []) => Ok(Reply::Health(stores.examine())),
        (Operation::Unlink { binding }, []) => bindings
            .forget(*binding)
            .map(|()| Reply::Done)
            .map_err(|fault| no_record(&fault)),
        (
            Operation::Link {
                binding,
                person,
                uid,
                realm,
            },
            [password],
        ) => reset::check_realm(realm.as_ref()).and_then(|()| {
            let made = |account| Record::new(*binding, *person, account, *uid, realm.clone());
            link(bindings, stores, *uid, made, password)
        }),
        (Operation::ResetChallenge { binding }, []) => {
            reset::challenge(bindings, stores, *binding, Moment::now())
        }
        (Operation::Reset { order }, [new]) => {
            let moved = reset::reset(bindings, stores, order, new, Moment::now());
            match reply_of(moved) {
                Ok(reply) => reply,
                Err(unknown) => return unknown,
            }
        }
        (Operation::Preflight { binding, store }, [new]) => recorded(bindings, *binding)
            .and_then(|record| stores.open(*store, &record.account, record.uid))
            .and_then(|store| store.preflight(new))
            .map(|()| Reply::Done),
        (Operation::Probe { binding, store }, [secret]) => recorded(bindings, *binding)
            .and_then(|record| stores.open(*store, &record.account, record.uid))
            .and_then(|store| store.probe(secret))
            .map(|opens| Reply::Opened { opens }),
        (Operation::Change { binding, store }, [old, new]) => {
            let store = recorded(bindings, *binding)
                .and_then(|record| stores.open(*store, &record.account, record.uid));
            let moved = store
                .map_err(ChangeFault::from)
                .and_then(|mut store| store.change(old, new));
            match reply_of(moved) {
                Ok(reply) => reply,
                Err(unknown) => return unknown,
            }
        }
        (
            Operation::Inspect { .. }
            | Operation::Examine
            | Operation::Unlink { .. }
            | Operation::Link { .. }
            | Operation::ResetChallenge { .. }
            | Operation::Reset { .. }
            | Operation::Preflight { .. }
            | Operation::Probe { .. }
            | Operation::Change { .. },
            _,
        ) => Err(Refusal::new(
            Code::BadRequest,
            "not as many secrets as the operation names",
        )),
    };
    Outcome::Say(replied.unwrap_or_else(refused))
}

/// What is said of a move; nothing where only a probe can tell.
fn reply_of(moved: Result<(), ChangeFault>) -> Result<Result<Reply, Refusal>, Outcome> {
    match moved {
        Ok(()) => Ok(Ok(Reply::Done)),
        Err(ChangeFault::Refused(refusal)) => Ok(Err(refusal)),
        Err(ChangeFault::Unknown { detail }) => Err(Outcome::SayNothing { detail }),
    }
}

/// Says a refusal over the wire.
pub(crate) fn refused(refusal: Refusal) -> Reply {
    Reply::Refused {
        code: refusal.code,
        detail: refusal.detail,
    }
}

fn link(
    bindings: &Bindings,
    stores: &impl Stores,
    uid: u32,
    made: impl FnOnce(String) -> Record,
    password: &Secret,
) -> Result<Reply, Refusal> {
    if password.is_blank() {
        return Err(Refusal::new(
            Code::Blank,
            "the account's password is needed",
        ));
    }
    let account = stores.describe(uid)?;
    if let Some(code) = account.obstacle {
        return Err(Refusal::new(code, "the account can't be linked"));
    }
    let record = made(account.name);
    let taken = || {
        Refusal::new(
            Code::AlreadyLinked,
            "the account or the binding has a record",
        )
    };
    // Before the password is tried, so that a link that can't be made costs no attempt.
    if bindings.judge(&record).map_err(|fault| no_record(&fault))? == Recorded::Taken {
        return Err(taken());
    }
    let store = stores.open(StoreKind::Account, &record.account, record.uid)?;
    if !store.probe(password)? {
        let detail = "the password doesn't open the account";
        return Err(Refusal::new(Code::NotTheComputersPassword, detail));
    }
    match bindings
        .record(&record)
        .map_err(|fault| no_record(&fault))?
    {
        Recorded::Done => Ok(Reply::Done),
        Recorded::Taken => Err(taken()),
    }
}

fn recorded(bindings: &Bindings, binding: lockstep_model::BindingId) -> Result<Record, Refusal> {
    bindings
        .find(binding)
        .map_err(|fault| no_record(&fault))?
        .ok_or_else(|| {
            Refusal::new(
                Code::HelperRefused,
                format!("no binding {binding} recorded"),
            )
        })
}

pub(crate) fn no_record(fault: &BindingsFault) -> Refusal {
    Refusal::new(Code::StateUnreadable, fault.to_string())
}

#[cfg(test)]
pub(crate) mod tests {
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
        can_be_reset: true,
    };

    /// One account, anna, uid 1000, on a computer in memory.
    pub(crate) struct OneAccount {
        pub(crate) store: FakeStore,
        pub(crate) uid: Mutex<u32>,
        obstacle: Option<Code>,
    }

    impl OneAccount {
        pub(crate) fn with_password(password: &[u8]) -> Self {
            let password = Secret::copy_of(password);
            let store = FakeStore::new(StoreKind::Account, CAPABILITIES, &password);
            Self {
                store,
                uid: Mutex::new(1000),
                obstacle: None,
            }
        }
    }

    impl Stores for OneAccount {
        fn examine(&self) -> Health {
            Health {
                version: "of a test".into(),
                confinement: Confinement {
                    files: Files::Open,
                    calls: false,
                },
                hardware: None,
            }
        }

        fn describe(&self, uid: u32) -> Result<Account, Refusal> {
            if uid != *self.uid.lock().unwrap() {
                return Err(Refusal::new(Code::AccountElsewhere, "no such uid"));
            }
            Ok(Account {
                name: "anna".into(),
                uid,
                obstacle: self.obstacle,
            })
        }

        fn open(
            &self,
            kind: StoreKind,
            account: &str,
            uid: u32,
        ) -> Result<Box<dyn Store>, Refusal> {
            if kind != StoreKind::Account {
                return Err(Refusal::new(Code::HelperRefused, "no such store"));
            }
            if account != "anna" || uid != *self.uid.lock().unwrap() {
                return Err(Refusal::new(Code::AccountChanged, "somebody else"));
            }
            Ok(Box::new(self.store.clone()))
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
                | Reply::Account(_)
                | Reply::Health(_)
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
        };
        assert_eq!(
            code(&desk.ask(change(), &[b"wrong", b"new one"])),
            Some(Code::NotTheComputersPassword)
        );
        assert_eq!(
            desk.ask(change(), &[b"old one", b"new one"]),
            Outcome::Say(Reply::Done)
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
    fn an_unknown_outcome_is_not_put_into_words() {
        for (fault, moved) in [(Fault::VanishBefore, false), (Fault::VanishAfter, true)] {
            let desk = Desk::new();
            let binding = desk.link();
            desk.stores.store.inject(fault);
            let change = Operation::Change {
                binding,
                store: STORE,
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
    fn another_account_under_the_name_is_not_touched() {
        let desk = Desk::new();
        let binding = desk.link();
        *desk.stores.uid.lock().unwrap() = 1001;
        let change = Operation::Change {
            binding,
            store: STORE,
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
        };
        assert_eq!(
            code(&desk.ask(change, &[b"old one"])),
            Some(Code::BadRequest)
        );
    }
}
