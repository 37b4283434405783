//! "This wasn't me": one open report for each person, until an admin resolves it.

use lockstep_model::PersonId;
use lockstep_protocol::api::admin::ReportRow;
use sqlx::Row as _;

use super::{Connection, StorageFault, time};

/// Stores a report; one that was open before stays as it is, but may come to lock.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn open(
    db: &mut Connection,
    person: PersonId,
    report: &ReportRow,
    locks: bool,
) -> Result<(), StorageFault> {
    sqlx::query(
        "INSERT INTO reports (person, at, client, address, locks) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (person) DO UPDATE SET locks = max(locks, excluded.locks)",
    )
    .bind(person.to_string())
    .bind(report.at.0)
    .bind(&report.client)
    .bind(&report.address)
    .bind(locks)
    .execute(db)
    .await?;
    Ok(())
}

/// A person's open report.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn of(db: &mut Connection, person: PersonId) -> Result<Option<ReportRow>, StorageFault> {
    let query = sqlx::query("SELECT at, client, address FROM reports WHERE person = $1");
    let row = query.bind(person.to_string()).fetch_optional(db).await?;
    row.map(|row| {
        Ok(ReportRow {
            at: time(&row, "at")?,
            client: row.try_get("client")?,
            address: row.try_get("address")?,
        })
    })
    .transpose()
}

/// Resolves a person's report; false if there was none.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn resolve(db: &mut Connection, person: PersonId) -> Result<bool, StorageFault> {
    let query = sqlx::query("DELETE FROM reports WHERE person = $1");
    let done = query.bind(person.to_string()).execute(db).await?;
    Ok(done.rows_affected() == 1)
}
