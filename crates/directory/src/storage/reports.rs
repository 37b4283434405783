//! "This wasn't me": one open report for each person, until an admin resolves it.

use lockstep_model::PersonId;
use lockstep_protocol::api::admin::ReportRow;
use sqlx::Row as _;

use super::{Connection, StorageFault, sessions, time};

/// Stores a report; one that was open before stays as it is, but may come to lock. False if nothing
/// came of it.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn open(
    db: &mut Connection,
    person: PersonId,
    report: &ReportRow,
    locks: bool,
) -> Result<bool, StorageFault> {
    let done = sqlx::query(
        "INSERT INTO reports (person, at, client, address, locks) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (person) DO UPDATE SET locks = excluded.locks WHERE excluded.locks > locks",
    )
    .bind(person.to_string())
    .bind(report.at.0)
    .bind(&report.client)
    .bind(&report.address)
    .bind(locks)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
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

/// Resolves a person's report, if there is one. The sessions that could have said the same have no
/// say after it: whoever holds one, a thief perhaps, could else lock the person out again and again.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn resolve(db: &mut Connection, person: PersonId) -> Result<(), StorageFault> {
    let query = sqlx::query("DELETE FROM reports WHERE person = $1");
    let done = query.bind(person.to_string()).execute(&mut *db).await?;
    if done.rows_affected() > 0 {
        sessions::forget_ended(db, person).await?;
    }
    Ok(())
}
