//! Executes one operation against the recorded bindings and the stores of this computer.

use lockstep_model::{BindingId, Code, Secret, Stamp, StoreKind};
use lockstep_protocol::Bytes;
use lockstep_protocol::helper::{Account, Adoption, Health, Operation, Reply};
use lockstep_stores::{ChangeFault, Refusal, Store};

use crate::bindings::{Bindings, BindingsFault, Disk, Record, Recorded};
use crate::clock::Moment;
use crate::reset;

/// The stores of this computer.
pub(crate) trait Stores {
    /// Describes the helper itself.
    fn examine(&self) -> Result<Health, Refusal>;

    /// Describes the account of a uid.
    fn describe(&self, uid: u32) -> Result<Account, Refusal>;

    /// A store of a recorded binding. From then on the process is good for this kind of store only,
    /// and for a keychain it is its owner's.
    fn open(
        &self,
        kind: StoreKind,
        record: &Record,
        to: Option<Stamp>,
    ) -> Result<Box<dyn Store>, Refusal>;

    /// The fingerprint of a recorded account's shadow field.
    fn fingerprint(&self, record: &Record) -> Result<Bytes, Refusal>;

    /// The keychain of a recorded binding, if there is one.
    fn keychain(&self, record: &Record) -> Result<Option<Box<dyn Store>>, Refusal>;

    /// Every disk that asks for a password at the start.
    fn disks(&self, record: &Record) -> Result<Found, Refusal>;

    /// Takes our marks off a recorded disk, so that they protect nothing any more; its passwords
    /// stay.
    fn release(&self, record: &Record) -> Result<(), Refusal>;

    /// Whether something else opens the recorded disk than the passwords that are kept in step.
    fn has_another_way(&self, record: &Record) -> Result<bool, Refusal>;

    /// Erases what is kept for all bindings: there is none any more.
    fn forget_all(&self) -> Result<(), Refusal>;

    /// Notes that the computer was started with this password since the recorded disk got it.
    fn confirm_restart(&self, record: &Record, current: &Secret) -> Result<(), Refusal>;
}

/// Disks, each with the store that it is.
pub(crate) type Found = Vec<(Disk, Box<dyn Store>)>;

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
        (Operation::Examine, []) => stores.examine().map(Reply::Health),
        (Operation::ExamineDisk { binding }, []) => recorded(bindings, *binding)
            .and_then(|record| stores.has_another_way(&record))
            .map(|other_way| Reply::Disk { other_way }),
        (Operation::Unlink { binding }, []) => unlink(bindings, stores, *binding),
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
            return reply_of(reset::reset(bindings, stores, order, new, Moment::now()));
        }
        (Operation::Adopt { binding, store }, [password]) => recorded(bindings, *binding)
            .and_then(|record| adopt(bindings, stores, *store, &record, password))
            .map(Reply::Adopted),
        (Operation::Preflight { binding, store }, [new]) => recorded(bindings, *binding)
            .and_then(|record| stores.open(*store, &record, None))
            .and_then(|store| store.preflight(new))
            .map(|()| Reply::Done),
        (Operation::Probe { binding, store }, [secret]) => recorded(bindings, *binding)
            .and_then(|record| probe(bindings, stores, *store, &record, secret))
            .map(|opens| Reply::Opened { opens }),
        (Operation::Compare { binding }, []) => recorded(bindings, *binding)
            .and_then(|record| changed(stores, &record))
            .map(|changed| Reply::Compared { changed }),
        (Operation::Change { binding, store, to }, [old, new]) => {
            let opened = opened(bindings, stores, *binding, *store, *to);
            let moved = opened.and_then(|(record, mut opened)| {
                opened.change(old, new)?;
                if *store == StoreKind::Account {
                    note(bindings, stores, &record);
                }
                Ok(())
            });
            return reply_of(moved);
        }
        (Operation::SetAside { binding }, [new]) => {
            let store = opened(bindings, stores, *binding, StoreKind::Keychain, None);
            return reply_of(store.and_then(|(_, mut store)| store.reset(new)));
        }
        (Operation::RemoveOld { binding, store }, [current]) => {
            let store = opened(bindings, stores, *binding, *store, None);
            return reply_of(store.and_then(|(_, mut store)| store.remove_old(current)));
        }
        (Operation::ConfirmRestart { binding }, [current]) => recorded(bindings, *binding)
            .and_then(|record| stores.confirm_restart(&record, current))
            .map(|()| Reply::Done),
        (
            Operation::Inspect { .. }
            | Operation::Examine
            | Operation::ExamineDisk { .. }
            | Operation::Unlink { .. }
            | Operation::Link { .. }
            | Operation::ResetChallenge { .. }
            | Operation::Reset { .. }
            | Operation::Adopt { .. }
            | Operation::SetAside { .. }
            | Operation::ConfirmRestart { .. }
            | Operation::Compare { .. }
            | Operation::Preflight { .. }
            | Operation::Probe { .. }
            | Operation::Change { .. }
            | Operation::RemoveOld { .. },
            _,
        ) => Err(Refusal::new(
            Code::BadRequest,
            "not as many secrets as the operation names",
        )),
    };
    Outcome::Say(replied.unwrap_or_else(refused))
}

/// Forgets a binding. A disk that is out of reach is no reason to keep it.
fn unlink(bindings: &Bindings, stores: &impl Stores, binding: BindingId) -> Result<Reply, Refusal> {
    let found = bindings.find(binding).map_err(|fault| no_record(&fault))?;
    if let Some(record) = found.filter(|record| record.disk.is_some())
        && let Err(refusal) = stores.release(&record)
    {
        eprintln!("the disk keeps the marks of {binding}: {refusal}");
    }
    bindings
        .forget(binding)
        .map_err(|fault| no_record(&fault))?;
    if bindings.is_empty().map_err(|fault| no_record(&fault))? {
        stores.forget_all()?;
    }
    Ok(Reply::Done)
}

/// What is said of a move, which opens the store with what it has now, or finds that the old
/// password doesn't open it; nothing where only a probe can tell.
fn reply_of(moved: Result<(), ChangeFault>) -> Outcome {
    match moved {
        Ok(()) => Outcome::Say(Reply::MOVED),
        Err(ChangeFault::Refused(refusal)) => Outcome::Say(refused(refusal)),
        Err(ChangeFault::Shut) => Outcome::Say(Reply::Opened { opens: false }),
        Err(ChangeFault::Unknown { detail }) => Outcome::SayNothing { detail },
    }
}

/// A store of a recorded binding, to be moved.
fn opened(
    bindings: &Bindings,
    stores: &impl Stores,
    binding: BindingId,
    kind: StoreKind,
    to: Option<Stamp>,
) -> Result<(Record, Box<dyn Store>), ChangeFault> {
    let record = recorded(bindings, binding)?;
    let store = stores.open(kind, &record, to)?;
    Ok((record, store))
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
    let store = stores.open(StoreKind::Account, &record, None)?;
    if !store.probe(password)? {
        let detail = "the password doesn't open the account";
        return Err(Refusal::new(Code::NotTheComputersPassword, detail));
    }
    match bindings
        .record(&record)
        .map_err(|fault| no_record(&fault))?
    {
        Recorded::Done => {
            note(bindings, stores, &record);
            Ok(Reply::Done)
        }
        Recorded::Taken => Err(taken()),
    }
}

/// Opens a store; of an account it is kept what it was like then.
fn probe(
    bindings: &Bindings,
    stores: &impl Stores,
    kind: StoreKind,
    record: &Record,
    secret: &Secret,
) -> Result<bool, Refusal> {
    let opens = stores.open(kind, record, None)?.probe(secret)?;
    if opens && kind == StoreKind::Account {
        note(bindings, stores, record);
    }
    Ok(opens)
}

/// Notes what an account is like that was opened just now. Without the note somebody is asked once
/// too often; what was found out is true all the same.
pub(crate) fn note(bindings: &Bindings, stores: &impl Stores, record: &Record) {
    if let Err(refusal) = try_to_note(bindings, stores, record) {
        eprintln!("what the account is like was not noted: {refusal}");
    }
}

fn try_to_note(bindings: &Bindings, stores: &impl Stores, record: &Record) -> Result<(), Refusal> {
    let fingerprint = Some(stores.fingerprint(record)?);
    if record.fingerprint == fingerprint {
        return Ok(());
    }
    let noted = bindings.alter(record.binding, |record| {
        // It may have been forgotten meanwhile.
        if let Some(record) = record {
            record.fingerprint = fingerprint;
        }
        Ok::<(), BindingsFault>(())
    });
    noted.map_err(|fault| no_record(&fault))
}

fn changed(stores: &impl Stores, record: &Record) -> Result<bool, Refusal> {
    let Some(known) = &record.fingerprint else {
        return Ok(false);
    };
    Ok(stores.fingerprint(record)? != *known)
}

/// Has a store follow, if it is there and opens with the account's password.
fn adopt(
    bindings: &Bindings,
    stores: &impl Stores,
    kind: StoreKind,
    record: &Record,
    password: &Secret,
) -> Result<Adoption, Refusal> {
    match kind {
        StoreKind::Account => {
            let detail = "the account follows from the start";
            Err(Refusal::new(Code::BadRequest, detail))
        }
        // It is the owner's own, and known by that: there is nothing to write down.
        StoreKind::Keychain => match stores.keychain(record)? {
            None => Ok(Adoption::NotThere),
            Some(keychain) if keychain.probe(password)? => Ok(Adoption::Follows),
            Some(_) => Ok(Adoption::OwnPassword),
        },
        StoreKind::Disk => {
            let disks = stores.disks(record)?;
            if disks.is_empty() {
                return Ok(Adoption::NotThere);
            }
            for (disk, store) in disks {
                if store.probe(password)? {
                    let follows = bindings.alter(record.binding, |record| {
                        let found = record.map(|record| record.disk = Some(disk));
                        Ok::<_, BindingsFault>(found)
                    });
                    let found = follows.map_err(|fault| no_record(&fault))?;
                    return found
                        .map(|()| Adoption::Follows)
                        .ok_or_else(|| unknown(record.binding));
                }
            }
            Ok(Adoption::OwnPassword)
        }
    }
}

/// The record of a binding.
pub(crate) fn recorded(bindings: &Bindings, binding: BindingId) -> Result<Record, Refusal> {
    bindings
        .find(binding)
        .map_err(|fault| no_record(&fault))?
        .ok_or_else(|| unknown(binding))
}

pub(crate) fn unknown(binding: BindingId) -> Refusal {
    Refusal::new(
        Code::HelperRefused,
        format!("no binding {binding} recorded"),
    )
}

pub(crate) fn no_record(fault: &BindingsFault) -> Refusal {
    let code = match fault {
        BindingsFault::Newer(_) => Code::StateNewer,
        BindingsFault::Io { .. }
        | BindingsFault::Exposed(_)
        | BindingsFault::Unreadable(_)
        | BindingsFault::TooMany => Code::StateUnreadable,
    };
    Refusal::new(code, fault.to_string())
}

#[cfg(test)]
pub(crate) mod tests;
