//! The password of a local account, as the account store.
//!
//! Root's tools unlock a locked account when they set its password, and PAM verifies neither lock
//! nor expiry on a change. So every operation looks at the account first, and refuses.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lockstep_model::{Code, Secret, StoreKind};

use super::etc::{Etc, EtcError, PasswdLine};
use super::{homes, pam};
use crate::{Capabilities, ChangeFault, Refusal, Store, rules};

/// The facts about account stores on Linux.
///
/// Attempts are not counted: the service file names pam_unix alone.
pub const CAPABILITIES: Capabilities = Capabilities {
    needs_old_password: true,
    several_slots: false,
    needs_session: false,
    verify_without_change: true,
    counts_attempts: false,
    change_opens_first: false,
    can_be_reset: true,
};

/// How long to wait for other programs that change accounts; as long as lckpwdf(3) does.
const PATIENCE: Duration = Duration::from_secs(15);

/// The kernel's overflow uid, which `nobody` has on most systems.
const NOBODY: u32 = 65_534;

/// Who an account is: Linux has no more lasting mark of it than name and uid together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The login name.
    pub name: String,
    /// The user id.
    pub uid: u32,
}

/// An account as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Whose it is.
    pub identity: Identity,
    /// Why its password can't be kept in step, if it can't.
    pub obstacle: Option<Refusal>,
}

/// Looks at the account of a uid.
///
/// # Errors
///
/// [`Code::AccountNotForPeople`] for a uid that no person has, [`Code::AccountElsewhere`] for one
/// that the local files don't know, [`Code::StateUnreadable`] when they can't be understood.
pub fn describe(etc: &Etc, uid: u32) -> Result<Described, Refusal> {
    refuse_system(etc, uid)?;
    let line = etc
        .account_by_uid(uid)
        .map_err(unreadable)?
        .ok_or_else(|| {
            Refusal::new(
                Code::AccountElsewhere,
                format!("uid {uid} is not in the local files"),
            )
        })?;
    // A second account of the same name would make the name mean somebody else.
    etc.account_by_name(&line.name).map_err(unreadable)?;
    let obstacle = inspect(etc, &line).err();
    Ok(Described {
        identity: Identity {
            name: line.name,
            uid: line.uid,
        },
        obstacle,
    })
}

/// The password of one local account.
#[derive(Clone, Debug)]
pub struct AccountStore {
    etc: Etc,
    identity: Identity,
}

impl AccountStore {
    /// The store of the account that was recorded as this; each operation checks that it still is.
    #[must_use]
    pub fn of(identity: Identity) -> Self {
        Self {
            etc: Etc::default(),
            identity,
        }
    }

    /// The account's line, if it still is the one that was recorded.
    ///
    /// # Errors
    ///
    /// [`Code::AccountChanged`] when it isn't, [`Code::AccountNotForPeople`],
    /// [`Code::StateUnreadable`].
    pub fn recorded(&self) -> Result<PasswdLine, Refusal> {
        refuse_system(&self.etc, self.identity.uid)?;
        let by_name = self
            .etc
            .account_by_name(&self.identity.name)
            .map_err(unreadable)?;
        let by_uid = self
            .etc
            .account_by_uid(self.identity.uid)
            .map_err(unreadable)?;
        match (by_name, by_uid) {
            (Some(line), Some(same)) if line == same => Ok(line),
            (Some(_), _) | (None, _) => {
                let Identity { name, uid } = &self.identity;
                let detail = format!("no local account has both name {name} and uid {uid} now");
                Err(Refusal::new(Code::AccountChanged, detail))
            }
        }
    }

    /// The account's shadow field: another one means another password.
    ///
    /// # Errors
    ///
    /// As for [`Self::recorded`].
    pub fn shadow_field(&self) -> Result<Secret, Refusal> {
        field(&self.etc, &self.recorded()?.name)
    }

    /// The shadow field of an account that may be reset: root's tools would unlock a locked one.
    fn resettable(&self, line: &PasswdLine) -> Result<Secret, Refusal> {
        inspect(&self.etc, line)?;
        homes::refuse_shut(&self.etc)?;
        let field = field(&self.etc, &line.name)?;
        if field.is_blank() {
            let detail = "the account that was linked had a password";
            return Err(Refusal::new(Code::AccountChanged, detail));
        }
        Ok(field)
    }

    /// Settles what an attempt at changing did, since PAM's word alone doesn't.
    fn settle(&self, before: &Secret, said: Result<(), Refusal>) -> Result<(), ChangeFault> {
        let unknown = |detail: String| ChangeFault::Unknown { detail };
        let moved = match field(&self.etc, &self.identity.name) {
            Ok(after) => !after.same_as(before),
            Err(fault) => return Err(unknown(format!("the account can't be read again: {fault}"))),
        };
        match (said, moved) {
            (Ok(()), true) => self.etc.flush().map_err(|fault| unknown(explain(&fault))),
            (Ok(()), false) => {
                let detail = "PAM reported success, but the shadow field is as before";
                Err(Refusal::new(Code::AccountRefused, detail).into())
            }
            (Err(refusal), false) => Err(refusal.into()),
            (Err(refusal), true) => Err(unknown(format!(
                "PAM refused ({refusal}), but the shadow field has changed"
            ))),
        }
    }
}

impl Store for AccountStore {
    fn kind(&self) -> StoreKind {
        StoreKind::Account
    }

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn preflight(&self, new: &Secret) -> Result<(), Refusal> {
        rules::check_new(new)?;
        inspect(&self.etc, &self.recorded()?)
    }

    /// Also answers for an expired account; a locked one opens with nothing, and says so.
    fn probe(&self, secret: &Secret) -> Result<bool, Refusal> {
        let could_open = rules::could_open(secret)?;
        let line = self.recorded()?;
        refuse_locked(&self.etc, &line)?;
        let opens = could_open && pam::authenticate(&line.name, secret)?;
        if opens {
            self.etc.flush().map_err(unreadable)?;
        }
        Ok(opens)
    }

    fn change(&mut self, old: &Secret, new: &Secret) -> Result<(), ChangeFault> {
        rules::check_new(new)?;
        let could_open = rules::could_open(old)?;
        // From here on nobody else locks, expires or replaces the account.
        let _lock = self.etc.lock(PATIENCE).map_err(unreadable)?;
        let line = self.recorded()?;
        inspect(&self.etc, &line)?;
        // PAM would not ask for the old password where there is none.
        let before = field(&self.etc, &line.name)?;
        if before.is_blank() || !could_open {
            return Err(wrong_old().into());
        }
        if old.same_as(new) {
            let opens = pam::authenticate(&line.name, old)?;
            return if opens {
                Ok(self.etc.flush().map_err(unreadable)?)
            } else {
                Err(wrong_old().into())
            };
        }
        let said = pam::change(&line.name, old, new);
        self.settle(&before, said)?;
        verify(&line, new)
    }

    fn may_reset(&self) -> Result<(), Refusal> {
        let line = self.recorded()?;
        self.resettable(&line).map(|_| ())
    }

    fn reset(&mut self, new: &Secret) -> Result<(), ChangeFault> {
        rules::check_new(new)?;
        // From here on nobody else locks, expires or replaces the account.
        let _lock = self.etc.lock(PATIENCE).map_err(unreadable)?;
        let line = self.recorded()?;
        let before = self.resettable(&line)?;
        if pam::authenticate(&line.name, new)? {
            return Ok(self.etc.flush().map_err(unreadable)?);
        }
        let said = pam::reset(&line.name, new);
        self.settle(&before, said)?;
        verify(&line, new)
    }
}

/// Opens a changed account with its new password.
fn verify(line: &PasswdLine, new: &Secret) -> Result<(), ChangeFault> {
    match pam::authenticate(&line.name, new) {
        Ok(true) => Ok(()),
        Ok(false) => {
            let detail = "the account was changed, but doesn't open with the new password";
            Err(ChangeFault::Unknown {
                detail: detail.into(),
            })
        }
        Err(refusal) => Err(ChangeFault::Unknown {
            detail: refusal.to_string(),
        }),
    }
}

/// Refuses uids that no person has.
fn refuse_system(etc: &Etc, uid: u32) -> Result<(), Refusal> {
    let first = etc.uid_min().map_err(unreadable)?;
    if uid == 0 || uid < first || uid == NOBODY || uid == u32::MAX {
        let detail = format!("uid {uid} is not one of a person (from {first} on)");
        return Err(Refusal::new(Code::AccountNotForPeople, detail));
    }
    Ok(())
}

/// Refuses accounts whose password can't or mustn't be changed now.
fn inspect(etc: &Etc, line: &PasswdLine) -> Result<(), Refusal> {
    refuse_locked(etc, line)?;
    pam::judge(&line.name)?;
    // PAM tells this only when the change itself is asked for.
    if etc.too_soon(&line.name, today()).map_err(unreadable)? {
        let detail = "the account's minimum password age has not passed";
        return Err(Refusal::new(Code::AccountChangedLately, detail));
    }
    Ok(())
}

/// The day that shadow(5) counts, since 1970 in UTC.
fn today() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() / (24 * 60 * 60))
}

/// Refuses accounts that are locked, or whose password isn't kept in shadow(5).
fn refuse_locked(etc: &Etc, line: &PasswdLine) -> Result<(), Refusal> {
    if line.name == "nobody" {
        return Err(Refusal::new(
            Code::AccountNotForPeople,
            "nobody is no person",
        ));
    }
    if !line.shadowed {
        let detail = "the account's password is not in the shadow file";
        return Err(Refusal::new(Code::AccountElsewhere, detail));
    }
    let field = field(etc, &line.name)?;
    if matches!(field.expose().first(), Some(b'!' | b'*')) {
        return Err(Refusal::new(
            Code::AccountLocked,
            "the shadow field is locked",
        ));
    }
    Ok(())
}

fn field(etc: &Etc, name: &str) -> Result<Secret, Refusal> {
    etc.shadow_field(name).map_err(unreadable)?.ok_or_else(|| {
        Refusal::new(
            Code::AccountElsewhere,
            "the account is not in the local shadow file",
        )
    })
}

fn wrong_old() -> Refusal {
    Refusal::new(
        Code::NotTheComputersPassword,
        "the old password doesn't open the account",
    )
}

// By value, since `map_err` hands it over.
fn unreadable(fault: EtcError) -> Refusal {
    let code = match &fault {
        EtcError::Busy { .. } => Code::AccountBusy,
        EtcError::Read { .. }
        | EtcError::TooLarge { .. }
        | EtcError::Malformed { .. }
        | EtcError::Ambiguous { .. } => Code::StateUnreadable,
    };
    Refusal::new(code, explain(&fault))
}

/// The chain of causes on one line.
fn explain(fault: &EtcError) -> String {
    let mut text = fault.to_string();
    let mut cause = std::error::Error::source(fault);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const PASSWD: &str = "root:x:0:0::/root:/bin/sh\n\
        daemon:x:2:2::/:/usr/sbin/nologin\n\
        locked:x:1001:1001::/:/bin/sh\n\
        star:x:1002:1002::/:/bin/sh\n\
        ghost:x:1003:1003::/:/bin/sh\n\
        legacy:$1$a$b:1004:1004::/:/bin/sh\n\
        nobody:x:1005:1005::/:/bin/sh\n";
    const SHADOW: &str = "locked:!$y$j9T$a$b:1:0:99999:7:::\n\
        star:*:1:0:99999:7:::\n\
        legacy:$1$a$b:1:0:99999:7:::\n\
        nobody:$1$a$b:1:0:99999:7:::\n";

    fn etc() -> (tempfile::TempDir, Etc) {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("passwd"), PASSWD).unwrap();
        fs::write(directory.path().join("shadow"), SHADOW).unwrap();
        let etc = Etc::at(directory.path());
        (directory, etc)
    }

    #[test]
    fn accounts_that_must_not_be_touched_say_why() {
        let (_keep, etc) = etc();
        for (uid, code) in [
            (1001, Code::AccountLocked),
            (1002, Code::AccountLocked),
            (1003, Code::AccountElsewhere),
            (1004, Code::AccountElsewhere),
            (1005, Code::AccountNotForPeople),
        ] {
            let described = describe(&etc, uid).unwrap();
            assert_eq!(described.obstacle.map(|o| o.code), Some(code), "{uid}");
        }
        for (uid, code) in [
            (0, Code::AccountNotForPeople),
            (2, Code::AccountNotForPeople),
            (999, Code::AccountNotForPeople),
            (65_534, Code::AccountNotForPeople),
            (u32::MAX, Code::AccountNotForPeople),
            (4711, Code::AccountElsewhere),
        ] {
            assert_eq!(describe(&etc, uid).unwrap_err().code, code, "{uid}");
        }
    }

    #[test]
    fn an_account_is_its_name_and_its_uid() {
        let (_keep, etc) = etc();
        let secret = Secret::copy_of(b"anything at all");
        for (name, uid) in [("locked", 1002), ("renamed", 1001), ("locked", 4711)] {
            let identity = Identity {
                name: name.into(),
                uid,
            };
            let mut store = AccountStore {
                etc: etc.clone(),
                identity,
            };
            let code = Code::AccountChanged;
            assert_eq!(store.probe(&secret).unwrap_err().code, code, "{name} {uid}");
            assert_eq!(
                store.preflight(&secret).unwrap_err().code,
                code,
                "{name} {uid}"
            );
            match store.change(&secret, &Secret::copy_of(b"another")) {
                Err(ChangeFault::Refused(refusal)) => assert_eq!(refusal.code, code),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn unreadable_files_are_said() {
        let directory = tempfile::tempdir().unwrap();
        let refusal = describe(&Etc::at(directory.path()), 1000).unwrap_err();
        assert_eq!(refusal.code, Code::StateUnreadable);
        assert!(refusal.detail.contains("No such file"), "{refusal}");
    }
}
