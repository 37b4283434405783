//! What admins set of the organisation while the directory runs.

use lockstep_protocol::api::admin::PolicyRules;
use sqlx::Row as _;

use super::{Connection, StorageFault, number};

/// Everything that is set, but for the logo's picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Reminders and expiry.
    pub rules: PolicyRules,
    /// The digest of the logo, if there is one.
    pub logo: Option<String>,
}

/// The logo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLogo {
    /// The digest of its picture.
    pub digest: String,
    /// The picture.
    pub png: Vec<u8>,
}

/// What is set.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn all(db: &mut Connection) -> Result<Settings, StorageFault> {
    let query = sqlx::query(
        "SELECT reminder_hours, expiry_days, (SELECT digest FROM logo) AS logo FROM policy",
    );
    let row = query.fetch_one(db).await?;
    Ok(Settings {
        rules: PolicyRules {
            reminder_hours: number(&row, "reminder_hours")?,
            expiry_days: number(&row, "expiry_days")?,
        },
        logo: row.try_get("logo")?,
    })
}

/// Sets reminders and expiry.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn set_rules(db: &mut Connection, rules: &PolicyRules) -> Result<(), StorageFault> {
    sqlx::query("UPDATE policy SET reminder_hours = $1, expiry_days = $2")
        .bind(i64::from(rules.reminder_hours))
        .bind(i64::from(rules.expiry_days))
        .execute(db)
        .await?;
    Ok(())
}

/// The logo, if there is one.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn logo(db: &mut Connection) -> Result<Option<StoredLogo>, StorageFault> {
    let query = sqlx::query("SELECT digest, png FROM logo");
    let Some(row) = query.fetch_optional(db).await? else {
        return Ok(None);
    };
    Ok(Some(StoredLogo {
        digest: row.try_get("digest")?,
        png: row.try_get("png")?,
    }))
}

/// Sets the logo, in place of the one before.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn set_logo(db: &mut Connection, logo: &StoredLogo) -> Result<(), StorageFault> {
    sqlx::query("INSERT OR REPLACE INTO logo (only_row, digest, png) VALUES (1, $1, $2)")
        .bind(&logo.digest)
        .bind(&logo.png)
        .execute(db)
        .await?;
    Ok(())
}

/// Removes the logo; false if there was none.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn remove_logo(db: &mut Connection) -> Result<bool, StorageFault> {
    let done = sqlx::query("DELETE FROM logo").execute(db).await?;
    Ok(done.rows_affected() == 1)
}
