//! The audit: who did what to whom, appended in the transaction that did it.

use lockstep_model::{Code, Timestamp};
use lockstep_protocol::api::admin::AuditRow;

use super::{Connection, StorageFault, chain};
use crate::metrics::metrics;

/// The closed list of audited actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The directory was set up.
    DirectoryInitialised,
    /// The directory was restored from a backup: a new epoch began.
    DirectoryRestored,
    /// Somebody with access to the directory's files made a new link for the first admin.
    AdminLinkMade,
    /// A person was added and invited.
    PersonInvited,
    /// A person chose a first password.
    PersonActivated,
    /// Somebody signed in, or tried to.
    SignIn,
    /// A session was ended by its person.
    SignOut,
    /// A password was changed, or that was tried.
    PasswordChange,
    /// An admin issued a password.
    PasswordIssued,
    /// An admin made a reset link.
    ResetLinkMade,
    /// A reset link was used.
    PasswordReset,
    /// A person said "This wasn't me".
    PersonReported,
    /// An admin unlocked a person: a report was resolved, or tries forgiven.
    PersonUnlocked,
    /// An admin suspended a person.
    PersonSuspended,
    /// An admin let a suspended person be again.
    PersonResumed,
    /// An enrolment string was made.
    EnrolmentMade,
    /// A computer enrolled, or tried to.
    DeviceEnrolled,
    /// A computer was linked to a person, or that was tried.
    DeviceLinked,
    /// A person proved the password on a computer, or tried to.
    DeviceProof,
    /// A computer was ordered to reset an account, because its person lost the old password.
    AccountResetOrdered,
    /// A computer was unlinked.
    DeviceUnlinked,
    /// A computer was revoked.
    DeviceRevoked,
    /// A computer said that Lockstep is being removed from it.
    DeviceLeft,
    /// Shares were released to a computer.
    SharesReleased,
    /// A share was released though a password had been issued since, or a second factor was refused
    /// for that.
    SharesReleasedAfterIssue,
    /// Shares were deleted.
    SharesRetired,
    /// A person enrolled a second factor, or tried to.
    FactorEnrolled,
    /// A person removed a second factor, or tried to.
    FactorRemoved,
    /// An admin ended a person's second factors.
    FactorReset,
    /// An admin set the organisation's logo.
    LogoSet,
    /// An admin removed the organisation's logo.
    LogoRemoved,
    /// An admin set when people are reminded, and when passwords expire.
    PolicyChanged,
}

impl Action {
    const fn word(self) -> &'static str {
        match self {
            Self::DirectoryInitialised => "directory.initialised",
            Self::DirectoryRestored => "directory.restored",
            Self::AdminLinkMade => "directory.admin_link_made",
            Self::PersonInvited => "person.invited",
            Self::PersonActivated => "person.activated",
            Self::SignIn => "session.sign_in",
            Self::SignOut => "session.sign_out",
            Self::PasswordChange => "password.change",
            Self::PasswordIssued => "password.issued",
            Self::ResetLinkMade => "password.reset_link_made",
            Self::PasswordReset => "password.reset",
            Self::PersonReported => "person.reported",
            Self::PersonUnlocked => "person.unlocked",
            Self::PersonSuspended => "person.suspended",
            Self::PersonResumed => "person.resumed",
            Self::EnrolmentMade => "enrolment.made",
            Self::DeviceEnrolled => "device.enrolled",
            Self::DeviceLinked => "device.linked",
            Self::DeviceProof => "device.proof",
            Self::AccountResetOrdered => "account.reset_ordered",
            Self::DeviceUnlinked => "device.unlinked",
            Self::DeviceRevoked => "device.revoked",
            Self::DeviceLeft => "device.left",
            Self::SharesReleased => "shares.released",
            Self::SharesReleasedAfterIssue => "shares.released_after_issue",
            Self::SharesRetired => "shares.retired",
            Self::FactorEnrolled => "factor.enrolled",
            Self::FactorRemoved => "factor.removed",
            Self::FactorReset => "factor.reset",
            Self::LogoSet => "organisation.logo_set",
            Self::LogoRemoved => "organisation.logo_removed",
            Self::PolicyChanged => "organisation.policy_changed",
        }
    }
}

/// One entry, before it has a number.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// When.
    pub at: Timestamp,
    /// Who: a user name, a computer's name, "directory" or "somebody".
    pub actor: &'a str,
    /// What.
    pub action: Action,
    /// Whom or what it concerned.
    pub subject: &'a str,
    /// From which address.
    pub address: &'a str,
    /// How it ended.
    pub result: Result<(), Code>,
}

/// Appends an entry to the chain.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn append(db: &mut Connection, entry: Entry<'_>) -> Result<(), StorageFault> {
    append_all(db, &[entry]).await
}

/// Appends entries to the chain in this order, at least one, by one statement.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn append_all(db: &mut Connection, entries: &[Entry<'_>]) -> Result<(), StorageFault> {
    chain::append(db, entries.iter().map(row).collect()).await
}

/// The newest entries, newest first.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn newest(db: &mut Connection, limit: u32) -> Result<Vec<AuditRow>, StorageFault> {
    let query = sqlx::query("SELECT * FROM audit ORDER BY sequence DESC LIMIT $1");
    let rows = query.bind(i64::from(limit)).fetch_all(db).await?;
    rows.iter().map(chain::row).collect()
}

fn row(entry: &Entry<'_>) -> AuditRow {
    let result = match entry.result {
        Ok(()) => "ok".to_owned(),
        Err(code) => code.to_string(),
    };
    metrics().audited(entry.action.word(), &result);
    AuditRow {
        // Numbered where the entry before is known.
        sequence: 0,
        at: entry.at,
        actor: entry.actor.to_owned(),
        action: entry.action.word().to_owned(),
        subject: entry.subject.to_owned(),
        address: entry.address.to_owned(),
        result,
    }
}
