//! Copies of the database: made while it is in use, checked, and brought back to life.

use std::path::Path;

use lockstep_model::{Epoch, Timestamp};
use sqlx::{AssertSqlSafe, Row as _};

use super::chain::{self, Broken, Head};
use super::{Connection, StorageFault, factors};
use crate::core::factor::totp;

/// What is wrong with a copy.
#[derive(Debug, thiserror::Error)]
pub enum CopyFault {
    /// It can't be read.
    #[error(transparent)]
    Storage(#[from] StorageFault),
    /// SQLite finds it damaged.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// Its audit is not whole.
    #[error("the audit is not whole")]
    Audit(#[from] Broken),
}

/// Copies the database as it is at this moment into a new file, without what was deleted from it.
///
/// # Errors
///
/// [`StorageFault`], also when the file holds anything already.
pub async fn copy_into(db: &mut Connection, file: &Path) -> Result<(), StorageFault> {
    let name = file.to_str().ok_or(StorageFault::Value("file name"))?;
    sqlx::query("VACUUM INTO $1").bind(name).execute(db).await?;
    Ok(())
}

/// Checks that a database is whole, its audit included; gives the audit's head.
///
/// # Errors
///
/// [`CopyFault`].
pub async fn check(db: &mut Connection, noted: Option<Head>) -> Result<Head, CopyFault> {
    let said = sqlx::query("PRAGMA integrity_check(1)")
        .fetch_one(&mut *db)
        .await
        .map_err(StorageFault::from)?;
    let said: String = said.try_get(0).map_err(StorageFault::from)?;
    if said != "ok" {
        return Err(CopyFault::Damaged(said));
    }
    let stray = sqlx::query("PRAGMA foreign_key_check")
        .fetch_optional(&mut *db)
        .await
        .map_err(StorageFault::from)?;
    if stray.is_some() {
        return Err(CopyFault::Damaged(
            "a row names one that is not there".into(),
        ));
    }
    Ok(chain::verify(db, noted).await??)
}

/// What a new epoch has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewed {
    /// How many links, strings and sessions were ended.
    pub tokens: u64,
    /// How many shares of changes that were under way were deleted.
    pub shares: u64,
}

/// Begins a new epoch in a restored database.
///
/// What was counted before names the same passwords as ever, so it moves into the new epoch. But a
/// share for a generation to come would name whichever password gets that number next, so it goes.
/// And every one-time token goes: one that was used after the backup would be good again. For that
/// reason no code of a second factor counts that can have been used before now, and what was begun to
/// be enrolled is begun anew.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn begin_epoch(
    db: &mut Connection,
    epoch: Epoch,
    now: Timestamp,
) -> Result<Renewed, StorageFault> {
    let shares = sqlx::query(
        "DELETE FROM shares WHERE generation > (
             SELECT c.generation FROM bindings b JOIN credentials c ON c.person = b.person
             WHERE b.id = shares.binding)",
    );
    let shares = shares.execute(&mut *db).await?.rows_affected();
    for statement in [
        "UPDATE directory SET epoch = $1",
        "UPDATE credentials SET epoch = $1",
        "UPDATE shares SET epoch = $1",
    ] {
        let query = sqlx::query(statement).bind(epoch.0.to_string());
        query.execute(&mut *db).await?;
    }
    factors::spend_codes(db, totp::newest_step(now)).await?;
    let mut tokens = factors::delete_pending(db, now).await?;
    for table in tables_of_tokens(db).await? {
        // Names of our own schema.
        let statement = AssertSqlSafe(format!("DELETE FROM \"{table}\""));
        tokens += sqlx::query(statement)
            .execute(&mut *db)
            .await?
            .rows_affected();
    }
    Ok(Renewed { tokens, shares })
}

/// Every table whose rows are good for whoever holds a token: those with a column of that name, so
/// that a table to come is not forgotten.
async fn tables_of_tokens(db: &mut Connection) -> Result<Vec<String>, StorageFault> {
    let query = sqlx::query(
        "SELECT t.name AS name FROM sqlite_schema t, pragma_table_info(t.name) c
         WHERE t.type = 'table' AND c.name = 'token_hash'",
    );
    let rows = query.fetch_all(db).await?;
    rows.iter().map(|row| Ok(row.try_get("name")?)).collect()
}
