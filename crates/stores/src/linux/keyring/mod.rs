//! The login keyring of GNOME, as the keychain store.
//!
//! Runs as the person, with no power of root's. Only the keyring daemon's own code knows the format
//! of the file, so whatever is to be known or done is asked of a daemon: the person's own where one
//! runs, since nothing may change behind its back ([`running`]), else a [`private`] one. That a
//! password opens the keyring is believed only of a private one that sees a copy.

pub mod aside;
mod control;
mod place;
mod private;
mod reset;
mod running;
mod sys;

use std::fs;

use lockstep_model::{Code, Secret, StoreKind};

use self::control::{Answer, Control, ControlFault};
use self::place::{LOGIN, Snapshot};
use self::private::Private;
use self::running::unreachable;
use crate::{Capabilities, ChangeFault, Refusal, Store, rules};

pub use self::place::Owner;

/// The facts about GNOME's login keyring.
pub const CAPABILITIES: Capabilities = Capabilities {
    needs_old_password: true,
    several_slots: false,
    needs_session: false,
    verify_without_change: true,
    counts_attempts: false,
    change_opens_first: false,
    can_be_reset: true,
};

/// What an encrypted keyring begins with; a keyring without a password is a text.
const ENCRYPTED: &[u8] = b"GnomeKeyring\n\r\0\n";

/// Whether a person has a login keyring that a password locks.
///
/// # Errors
///
/// [`Code::KeychainUnreachable`] where it can't be told, or several computers may share it.
pub fn exists(owner: &Owner) -> Result<bool, Refusal> {
    let store = KeyringStore::of(owner.clone());
    match store.snapshot()?.held() {
        Some(bytes) if bytes.starts_with(ENCRYPTED) => store.refuse_shared().map(|()| true),
        Some(_) | None => Ok(false),
    }
}

/// The login keyring of one person.
#[derive(Clone, Debug)]
pub struct KeyringStore {
    owner: Owner,
}

/// What became of an attempt at opening a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opening {
    Opens,
    Shut,
    /// The daemon doesn't take the file for a keyring.
    Damaged,
}

/// What becomes of the keyring that is in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Former {
    /// It holds the same secrets as its successor.
    Replaced,
    SetAside,
}

impl KeyringStore {
    /// The store of a person, who the process already is.
    #[must_use]
    pub const fn of(owner: Owner) -> Self {
        Self { owner }
    }

    fn snapshot(&self) -> Result<Snapshot, Refusal> {
        Snapshot::read(&self.owner.folder())
            .map_err(|fault| unreachable(format!("the keyring can't be read: {fault}")))
    }

    /// What is there, if it is a login keyring that this store may change.
    fn present(&self) -> Result<Snapshot, Refusal> {
        let found = self.snapshot()?;
        match found.held() {
            None => Err(absent()),
            Some(bytes) if !bytes.starts_with(ENCRYPTED) => {
                Err(unreachable("the login keyring is not locked by a password"))
            }
            Some(_) => self.refuse_shared().map(|()| found),
        }
    }

    /// Refuses a keyring that another computer would find with a password it doesn't know.
    fn refuse_shared(&self) -> Result<(), Refusal> {
        match place::is_shared(&self.owner.folder()) {
            Ok(false) => Ok(()),
            Ok(true) => Err(unreachable("the home may be shared with other computers")),
            Err(fault) => Err(unreachable(format!("the keyring's folder: {fault}"))),
        }
    }

    /// Tries a password on a copy.
    fn opening(&self, found: &Snapshot, secret: &Secret) -> Result<Opening, Refusal> {
        // One that isn't encrypted would open with anything.
        if !found
            .held()
            .is_some_and(|bytes| bytes.starts_with(ENCRYPTED))
        {
            return Ok(Opening::Shut);
        }
        let private = Private::with(&self.owner, found)?;
        let answer = private.control().unlock(secret).map_err(silent)?;
        // Beside a file that it doesn't understand the daemon makes a new keyring, and opens that.
        if private
            .has_made_another()
            .map_err(|fault| unreachable(format!("the private keyring daemon's folder: {fault}")))?
        {
            return Ok(Opening::Damaged);
        }
        match answer {
            Answer::Done => Ok(Opening::Opens),
            Answer::Denied => Ok(Opening::Shut),
            Answer::Failed => Err(unreachable("the private keyring daemon failed")),
        }
    }

    /// Refuses unless the old password opens the keyring.
    fn require(&self, found: &Snapshot, old: &Secret) -> Result<(), Refusal> {
        match self.opening(found, old)? {
            Opening::Opens => Ok(()),
            Opening::Shut => Err(wrong_old()),
            Opening::Damaged => Err(damaged()),
        }
    }

    /// Lets the running daemon do it.
    fn change_through(
        &self,
        control: &Control,
        before: &Snapshot,
        old: &Secret,
        new: &Secret,
    ) -> Result<(), ChangeFault> {
        match control.change(old, new) {
            Ok(Answer::Done) => self.prove(new),
            Ok(answer @ (Answer::Denied | Answer::Failed)) => {
                let now = self.snapshot().map_err(|refusal| unknown(refusal.detail))?;
                if now.login == before.login {
                    let detail = format!("the running keyring daemon answered {answer:?}");
                    Err(Refusal::new(Code::KeychainRefused, detail).into())
                } else {
                    Err(unknown(
                        "the keyring daemon refused, but the file has changed",
                    ))
                }
            }
            Err(fault @ ControlFault::Lost(_)) => {
                // It may have died with the work done.
                self.prove(new).map_err(|_| unknown(fault.to_string()))
            }
            Err(fault) => Err(silent(fault).into()),
        }
    }

    /// Does it on a copy, and puts the copy in place once it was opened.
    fn change_alone(
        &self,
        before: &Snapshot,
        old: &Secret,
        new: &Secret,
    ) -> Result<(), ChangeFault> {
        let private = Private::with(&self.owner, before)?;
        match private.control().change(old, new).map_err(silent)? {
            Answer::Done => {}
            answer @ (Answer::Denied | Answer::Failed) => {
                let detail = format!("the private keyring daemon answered {answer:?}");
                return Err(Refusal::new(Code::KeychainRefused, detail).into());
            }
        }
        let after = private
            .snapshot()
            .map_err(|fault| unreachable(format!("the changed copy can't be read: {fault}")))?;
        drop(private);
        self.put(before, &after, new, Former::Replaced)
    }

    /// Puts a keyring in place that opens with `new`, unless somebody else writes there meanwhile.
    fn put(
        &self,
        before: &Snapshot,
        after: &Snapshot,
        new: &Secret,
        former: Former,
    ) -> Result<(), ChangeFault> {
        let (Opening::Opens, Some(login)) = (self.opening(after, new)?, &after.login) else {
            let detail = "the changed copy doesn't open with the new password";
            return Err(Refusal::new(Code::KeychainRefused, detail).into());
        };
        running::nobody(&self.owner)?;
        let folder = self.owner.folder();
        let aside = match former {
            Former::SetAside if before.held().is_some() => {
                Some(place::link_aside(&folder).map_err(reset::not_set_aside)?)
            }
            Former::SetAside | Former::Replaced => None,
        };
        if let Err(fault) = place::replace(&folder, LOGIN, before.login.as_deref(), login) {
            let now = self.snapshot().map_err(|refusal| unknown(refusal.detail))?;
            if now.login.as_ref() == Some(login) {
                return Err(unknown(format!("the keyring was replaced, but: {fault}")));
            }
            // A second name of what is in place is of no use.
            let _kept = aside.map(fs::remove_file);
            return Err(unreachable(format!("the keyring can't be replaced: {fault}")).into());
        }
        // One that has started meanwhile may still write what it read.
        running::nobody(&self.owner).map_err(|refusal| unknown(refusal.detail))
    }

    /// Sees that the keyring in place opens with the new password, durably.
    fn prove(&self, new: &Secret) -> Result<(), ChangeFault> {
        let seen = self
            .snapshot()
            .and_then(|found| self.opening(&found, new))
            .map_err(|refusal| unknown(refusal.to_string()))?;
        if seen != Opening::Opens {
            return Err(unknown("the keyring doesn't open with the new password"));
        }
        self.flush().map_err(|refusal| unknown(refusal.to_string()))
    }

    /// Makes durable what is in place, which a daemon leaves to time.
    fn flush(&self) -> Result<(), Refusal> {
        place::flush(&self.owner.folder())
            .map_err(|fault| unreachable(format!("the keyring can't be made durable: {fault}")))
    }
}

impl Store for KeyringStore {
    fn kind(&self) -> StoreKind {
        StoreKind::Keychain
    }

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn preflight(&self, new: &Secret) -> Result<(), Refusal> {
        rules::check_new(new)?;
        self.present()?;
        running::find(&self.owner).map(drop)
    }

    /// Tries a copy: a keyring that the running daemon holds open would open with anything.
    fn probe(&self, secret: &Secret) -> Result<bool, Refusal> {
        let could_open = rules::could_open(secret)?;
        let found = self.snapshot()?;
        if found.held().is_none() {
            return if self.was_set_aside(&found)? {
                Ok(false)
            } else {
                Err(absent())
            };
        }
        if !could_open {
            return Ok(false);
        }
        match self.opening(&found, secret)? {
            Opening::Opens => self.flush().map(|()| true),
            Opening::Shut => Ok(false),
            Opening::Damaged => Err(damaged()),
        }
    }

    fn change(&mut self, old: &Secret, new: &Secret) -> Result<(), ChangeFault> {
        rules::check_new(new)?;
        let could_open = rules::could_open(old)?;
        let before = self.present()?;
        if !could_open {
            return Err(wrong_old().into());
        }
        let running = running::find(&self.owner)?;
        self.require(&before, old)?;
        if old.same_as(new) {
            return Ok(self.flush()?);
        }
        match running {
            Some(control) => self.change_through(&control, &before, old, new),
            None => self.change_alone(&before, old, new),
        }
    }

    fn may_reset(&self) -> Result<(), Refusal> {
        self.resettable()?;
        running::find(&self.owner).map(drop)
    }

    /// Sets the keyring aside under a dated name, and starts an empty one.
    fn reset(&mut self, new: &Secret) -> Result<(), ChangeFault> {
        rules::check_new(new)?;
        let before = self.resettable()?;
        let running = running::find(&self.owner)?;
        let opening = self.opening(&before, new)?;
        if opening == Opening::Opens {
            return Ok(self.flush()?);
        }
        match running {
            Some(control) => self.start_anew_through(&control, &before, opening, new),
            None => self.start_anew_alone(&before, new),
        }
    }
}

fn wrong_old() -> Refusal {
    Refusal::new(
        Code::NotTheComputersPassword,
        "the old password doesn't open the login keyring",
    )
}

fn absent() -> Refusal {
    unreachable("there is no login keyring")
}

fn damaged() -> Refusal {
    unreachable("the keyring daemon doesn't understand the login keyring's file")
}

// By value, since `map_err` hands it over.
fn silent(fault: ControlFault) -> Refusal {
    unreachable(format!("the keyring daemon: {fault}"))
}

fn unknown(detail: impl Into<String>) -> ChangeFault {
    ChangeFault::Unknown {
        detail: detail.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixListener;
    use std::thread;

    use super::*;

    /// Lets a daemon refuse a change, after this has happened to the folder of keyrings.
    fn refused_while(happens: impl FnOnce(&std::path::Path) + Send) -> ChangeFault {
        let home = tempfile::tempdir().unwrap();
        let owner = Owner {
            uid: rustix::process::getuid().as_raw(),
            home: home.path().to_owned(),
        };
        let store = KeyringStore::of(owner.clone());
        fs::create_dir_all(owner.folder()).unwrap();
        fs::write(owner.folder().join(LOGIN), ENCRYPTED).unwrap();
        let before = store.snapshot().unwrap();
        let socket = home.path().join("control");
        let listener = UnixListener::bind(&socket).unwrap();
        let control = Control::at(&socket, owner.uid);
        thread::scope(|scope| {
            scope.spawn(|| {
                let (mut stream, _) = listener.accept().unwrap();
                assert!(stream.read(&mut [0; 512]).unwrap() > 0);
                happens(&owner.folder());
                stream.write_all(&[0, 0, 0, 8, 0, 0, 0, 1]).unwrap();
            });
            let (old, new) = (Secret::copy_of(b"old"), Secret::copy_of(b"new"));
            store.change_through(&control, &before, &old, &new)
        })
        .unwrap_err()
    }

    #[test]
    fn a_refusal_says_that_nothing_changed_only_where_that_was_seen() {
        let ChangeFault::Refused(refusal) = refused_while(|_| ()) else {
            panic!("nothing has changed");
        };
        assert_eq!(refusal.code, Code::KeychainRefused);
        let changed = refused_while(|folder| fs::write(folder.join(LOGIN), "another").unwrap());
        assert!(
            matches!(changed, ChangeFault::Unknown { .. }),
            "{changed:?}"
        );
        let unreadable = refused_while(|folder| {
            fs::remove_file(folder.join(LOGIN)).unwrap();
            fs::create_dir(folder.join(LOGIN)).unwrap();
        });
        assert!(
            matches!(unreadable, ChangeFault::Unknown { .. }),
            "{unreadable:?}"
        );
    }
}
