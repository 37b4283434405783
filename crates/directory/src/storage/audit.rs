//! The audit: who did what to whom, appended in the transaction that did it.

use lockstep_model::{Code, Timestamp};
use lockstep_protocol::api::admin::AuditRow;
use sqlx::{QueryBuilder, Row as _};

use super::{Connection, StorageFault, time};

/// The closed list of audited actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The directory was set up.
    DirectoryInitialised,
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
    /// An enrolment string was made.
    EnrolmentMade,
    /// A computer enrolled, or tried to.
    DeviceEnrolled,
    /// A computer was linked to a person, or that was tried.
    DeviceLinked,
    /// A person proved the password on a computer, or tried to.
    DeviceProof,
    /// A computer was unlinked.
    DeviceUnlinked,
    /// A computer was revoked.
    DeviceRevoked,
    /// Shares were released to a computer.
    SharesReleased,
    /// Shares were deleted.
    SharesRetired,
}

impl Action {
    const fn word(self) -> &'static str {
        match self {
            Self::DirectoryInitialised => "directory.initialised",
            Self::PersonInvited => "person.invited",
            Self::PersonActivated => "person.activated",
            Self::SignIn => "session.sign_in",
            Self::SignOut => "session.sign_out",
            Self::PasswordChange => "password.change",
            Self::EnrolmentMade => "enrolment.made",
            Self::DeviceEnrolled => "device.enrolled",
            Self::DeviceLinked => "device.linked",
            Self::DeviceProof => "device.proof",
            Self::DeviceUnlinked => "device.unlinked",
            Self::DeviceRevoked => "device.revoked",
            Self::SharesReleased => "shares.released",
            Self::SharesRetired => "shares.retired",
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

/// Appends an entry.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn append(db: &mut Connection, entry: Entry<'_>) -> Result<(), StorageFault> {
    append_all(db, &[entry]).await
}

/// Appends entries in this order, by one statement.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn append_all(db: &mut Connection, entries: &[Entry<'_>]) -> Result<(), StorageFault> {
    let mut insert =
        QueryBuilder::new("INSERT INTO audit (at, actor, action, subject, address, result) ");
    insert.push_values(entries, |mut row, entry| {
        let result = match entry.result {
            Ok(()) => "ok".to_owned(),
            Err(code) => code.to_string(),
        };
        row.push_bind(entry.at.0)
            .push_bind(entry.actor.to_owned())
            .push_bind(entry.action.word())
            .push_bind(entry.subject.to_owned())
            .push_bind(entry.address.to_owned())
            .push_bind(result);
    });
    insert.build().execute(db).await?;
    Ok(())
}

/// The newest entries, newest first.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn newest(db: &mut Connection, limit: u32) -> Result<Vec<AuditRow>, StorageFault> {
    let query = sqlx::query("SELECT * FROM audit ORDER BY sequence DESC LIMIT $1");
    let rows = query.bind(i64::from(limit)).fetch_all(db).await?;
    rows.iter()
        .map(|row| {
            Ok(AuditRow {
                sequence: row.try_get("sequence")?,
                at: time(row, "at")?,
                actor: row.try_get("actor")?,
                action: row.try_get("action")?,
                subject: row.try_get("subject")?,
                address: row.try_get("address")?,
                result: row.try_get("result")?,
            })
        })
        .collect()
}
