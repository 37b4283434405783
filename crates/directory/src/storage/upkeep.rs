//! Sweeping out what has expired, telling the key file's database, and trying the disk.

use lockstep_model::Timestamp;
use sqlx::Row as _;

use super::{Connection, Storage, StorageFault, commit, factors};
use crate::core::access::DISOWN_MS;
use crate::core::factor::PENDING_MS;

/// How long an expired enrolment string is still told from one that never was.
const REMEMBERED_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// Deletes what has expired: sessions, links, enrolment strings, enrolments of factors that were not
/// finished, and what people are no longer told; gives how many.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn sweep(db: &mut Connection, now: Timestamp) -> Result<u64, StorageFault> {
    let begun = Timestamp(now.0 - PENDING_MS);
    let mut swept = factors::delete_pending(db, begun).await?;
    for (statement, before) in [
        ("DELETE FROM sessions WHERE expires_at <= $1", now.0),
        ("DELETE FROM invitations WHERE expires_at <= $1", now.0),
        (
            "DELETE FROM enrolments WHERE expires_at <= $1",
            now.0 - REMEMBERED_MS,
        ),
        (
            "DELETE FROM recoveries WHERE at <= $1",
            now.0 - factors::RECOVERY_TOLD_MS,
        ),
        (
            "DELETE FROM ended_sessions WHERE ended_at <= $1",
            now.0 - DISOWN_MS,
        ),
    ] {
        let done = sqlx::query(statement)
            .bind(before)
            .execute(&mut *db)
            .await?;
        swept += done.rows_affected();
    }
    Ok(swept)
}

/// The check value of the key file that belongs to this database; none if it has none yet, or is of
/// a version that knew none.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn key_check(db: &mut Connection) -> Result<Option<Vec<u8>>, StorageFault> {
    // `*`: the column may not be there yet.
    let row = sqlx::query("SELECT * FROM directory")
        .fetch_optional(db)
        .await?;
    match row.map(|row| row.try_get("key_check")) {
        None | Some(Err(sqlx::Error::ColumnNotFound(_))) => Ok(None),
        Some(check) => Ok(check?),
    }
}

/// Notes which key file belongs to this database, once.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn set_key_check(db: &mut Connection, check: &[u8]) -> Result<(), StorageFault> {
    let query = sqlx::query("UPDATE directory SET key_check = $1 WHERE key_check IS NULL");
    query.bind(check).execute(db).await?;
    Ok(())
}

/// A sealed share of any envelope: its name, and the seal.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn any_share(db: &mut Connection) -> Result<Option<(String, Vec<u8>)>, StorageFault> {
    let query = sqlx::query("SELECT envelope, sealed FROM shares LIMIT 1");
    let row = query.fetch_optional(db).await?;
    row.map(|row| Ok((row.try_get("envelope")?, row.try_get("sealed")?)))
        .transpose()
}

impl Storage {
    /// Whether the database can be read and written, disk included.
    ///
    /// # Errors
    ///
    /// [`StorageFault`].
    pub async fn try_out(&self) -> Result<(), StorageFault> {
        let mut db = self.read().await?;
        sqlx::query("SELECT epoch FROM directory")
            .fetch_one(&mut *db)
            .await?;
        drop(db);
        let mut write = self.write().await?;
        sqlx::query("UPDATE directory SET epoch = epoch")
            .execute(&mut *write)
            .await?;
        commit(write).await
    }
}
