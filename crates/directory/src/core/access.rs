//! Whether a person may prove anything now, and who may decide about whom.

use lockstep_model::{Code, PersonId, Timestamp};
use lockstep_protocol::api::me::Role;

/// How long after signing in an admin may do what is risky.
pub const FRESH_MS: i64 = 15 * 60 * 1000;
/// How long a session that a change has ended may say "This wasn't me" of it.
pub const DISOWN_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// What keeps a person out, if anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// When an admin suspended them.
    pub suspended_at: Option<Timestamp>,
    /// When a "This wasn't me" locked them.
    pub locked_at: Option<Timestamp>,
}

impl Access {
    /// What keeps the person out. It is told only to who has proved the password, or holds a link.
    #[must_use]
    pub fn held(self) -> Option<Code> {
        match (self.suspended_at, self.locked_at) {
            (Some(_), _) => Some(Code::Suspended),
            (None, Some(_)) => Some(Code::SignInLocked),
            (None, None) => None,
        }
    }

    /// The same as a judgement.
    ///
    /// # Errors
    ///
    /// What keeps the person out.
    pub fn admit(self) -> Result<(), Code> {
        self.held().map_or(Ok(()), Err)
    }
}

/// Whether somebody may administer the directory.
///
/// Whoever issued a password for one use knows it: nobody administers before they have replaced it,
/// so that its use by somebody else comes to light.
///
/// # Errors
///
/// [`Code::NotAllowed`], [`Code::OwnPasswordNeeded`].
pub fn may_administer(role: Role, temporary: bool) -> Result<(), Code> {
    match (role, temporary) {
        (Role::Person, _) => Err(Code::NotAllowed),
        (Role::Owner, true) => Err(Code::OwnPasswordNeeded),
        (Role::Owner, false) => Ok(()),
    }
}

/// Whether an admin may decide about somebody's password or standing.
///
/// Nobody resets someone with more rights, who would then be lent to them; and about oneself nobody
/// decides: a password is changed by proving it, and a directory needs an admin who can sign in.
///
/// # Errors
///
/// [`Code::NotAllowed`].
pub fn may_decide(admin: (PersonId, Role), about: (PersonId, Role)) -> Result<(), Code> {
    if about.1 <= admin.1 && about.0 != admin.0 {
        Ok(())
    } else {
        Err(Code::NotAllowed)
    }
}

/// Whether a session is young enough for what is risky.
///
/// # Errors
///
/// [`Code::SignInAgain`].
pub fn is_fresh(signed_in_at: Timestamp, now: Timestamp) -> Result<(), Code> {
    if now.0 - signed_in_at.0 <= FRESH_MS {
        Ok(())
    } else {
        Err(Code::SignInAgain)
    }
}

/// What "This wasn't me" does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DisownRule {
    /// Locks the person's sign-in until an admin resolves it, and tells the admins.
    #[default]
    Lock,
    /// Only tells the admins.
    Notice,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suspended_outweighs_locked_and_either_keeps_out() {
        let now = Some(Timestamp(1));
        let held = |suspended_at, locked_at| {
            Access {
                suspended_at,
                locked_at,
            }
            .held()
        };
        assert_eq!(held(None, None), None);
        assert_eq!(held(now, now), Some(Code::Suspended));
        assert_eq!(held(None, now), Some(Code::SignInLocked));
    }

    #[test]
    fn nobody_decides_about_more_rights_or_about_themselves() {
        let (anna, sam) = (PersonId::fresh(), PersonId::fresh());
        let (person, owner) = (Role::Person, Role::Owner);
        assert_eq!(may_decide((sam, owner), (anna, person)), Ok(()));
        assert_eq!(may_decide((sam, owner), (anna, owner)), Ok(()));
        let no = Err(Code::NotAllowed);
        assert_eq!(may_decide((sam, person), (anna, owner)), no);
        assert_eq!(may_decide((sam, owner), (sam, owner)), no);
    }

    #[test]
    fn an_owner_administers_under_a_password_of_their_own() {
        assert_eq!(may_administer(Role::Owner, false), Ok(()));
        let own = Err(Code::OwnPasswordNeeded);
        assert_eq!(may_administer(Role::Owner, true), own);
        for temporary in [false, true] {
            let no = Err(Code::NotAllowed);
            assert_eq!(may_administer(Role::Person, temporary), no);
        }
    }

    #[test]
    fn a_risky_action_needs_a_sign_in_of_the_last_quarter_of_an_hour() {
        assert_eq!(is_fresh(Timestamp(0), Timestamp(FRESH_MS)), Ok(()));
        let late = is_fresh(Timestamp(0), Timestamp(FRESH_MS + 1));
        assert_eq!(late, Err(Code::SignInAgain));
    }
}
