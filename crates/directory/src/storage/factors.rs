//! Second factors, their secrets sealed under the key file, and what came of them.

use lockstep_model::{FactorId, Generation, PersonId, Timestamp};
use lockstep_protocol::api::me::{FactorRow, Recovered};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Connection, StorageFault, as_word, maybe_time, number, parse, time, word};
use crate::core::factor::{Enrolled, Factor};

/// How long a person is told of a recovery.
pub const RECOVERY_TOLD_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// A factor as it is stored.
#[derive(Clone, Debug)]
pub struct StoredFactor {
    /// What is decided by.
    pub factor: Factor,
    /// Its secret, sealed.
    pub sealed: Vec<u8>,
}

/// Every factor of a person, those that are not enrolled yet included.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn of(db: &mut Connection, person: PersonId) -> Result<Vec<StoredFactor>, StorageFault> {
    let query = sqlx::query("SELECT * FROM factors WHERE person = $1 ORDER BY begun_at");
    let rows = query.bind(person.to_string()).fetch_all(db).await?;
    rows.iter().map(stored).collect()
}

/// A person's enrolled factors, as they are shown.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn shown(db: &mut Connection, person: PersonId) -> Result<Vec<FactorRow>, StorageFault> {
    let factors = of(db, person).await?.into_iter();
    let row = |StoredFactor { factor, .. }| {
        factor.enrolled.map(|enrolled| FactorRow {
            factor: factor.id,
            kind: factor.kind,
            since: enrolled.at,
        })
    };
    Ok(factors.filter_map(row).collect())
}

/// Stores a factor whose enrolment begins, in place of one of its kind that was begun before.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn begin(
    db: &mut Connection,
    person: PersonId,
    begun: &StoredFactor,
) -> Result<(), StorageFault> {
    let StoredFactor { factor, sealed } = begun;
    let kind = as_word(&factor.kind);
    sqlx::query("DELETE FROM factors WHERE person = $1 AND kind = $2 AND enrolled_at IS NULL")
        .bind(person.to_string())
        .bind(&kind)
        .execute(&mut *db)
        .await?;
    sqlx::query(
        "INSERT INTO factors (id, person, kind, sealed, begun_at, used_step)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(factor.id.to_string())
    .bind(person.to_string())
    .bind(&kind)
    .bind(sealed)
    .bind(factor.begun_at.0)
    .bind(factor.used_step)
    .execute(db)
    .await?;
    Ok(())
}

/// Stores what a code has changed of a factor.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn update(db: &mut Connection, factor: &Factor) -> Result<(), StorageFault> {
    let enrolled = factor.enrolled;
    sqlx::query(
        "UPDATE factors SET enrolled_at = $2, vouches_from = $3, used_step = $4 WHERE id = $1",
    )
    .bind(factor.id.to_string())
    .bind(enrolled.map(|enrolled| enrolled.at.0))
    .bind(enrolled.map(|enrolled| i64::from(enrolled.vouches_from.0)))
    .bind(factor.used_step)
    .execute(db)
    .await?;
    Ok(())
}

/// Deletes a factor.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn delete(db: &mut Connection, factor: FactorId) -> Result<(), StorageFault> {
    let query = sqlx::query("DELETE FROM factors WHERE id = $1");
    query.bind(factor.to_string()).execute(db).await?;
    Ok(())
}

/// Deletes every factor of a person, and notes the generation in force.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn reset(
    db: &mut Connection,
    person: PersonId,
    generation: Generation,
) -> Result<(), StorageFault> {
    sqlx::query("DELETE FROM factors WHERE person = $1")
        .bind(person.to_string())
        .execute(&mut *db)
        .await?;
    sqlx::query(
        "INSERT INTO factor_resets (person, generation) VALUES ($1, $2)
         ON CONFLICT (person) DO UPDATE SET generation = excluded.generation",
    )
    .bind(person.to_string())
    .bind(i64::from(generation.0))
    .execute(db)
    .await?;
    Ok(())
}

/// The generation in force at the last reset of a person's factors.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn last_reset(
    db: &mut Connection,
    person: PersonId,
) -> Result<Option<Generation>, StorageFault> {
    let query = sqlx::query("SELECT generation FROM factor_resets WHERE person = $1");
    let row = query.bind(person.to_string()).fetch_optional(db).await?;
    row.map(|row| Ok(Generation(number(&row, "generation")?)))
        .transpose()
}

/// Deletes every factor whose enrolment was begun by then and not finished; gives how many.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn delete_pending(db: &mut Connection, begun: Timestamp) -> Result<u64, StorageFault> {
    let query = sqlx::query("DELETE FROM factors WHERE enrolled_at IS NULL AND begun_at <= $1");
    Ok(query.bind(begun.0).execute(db).await?.rows_affected())
}

/// Spends the codes of every step up to this one.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn spend_codes(db: &mut Connection, step: i64) -> Result<(), StorageFault> {
    let query = sqlx::query("UPDATE factors SET used_step = max(used_step, $1)");
    query.bind(step).execute(db).await?;
    Ok(())
}

/// Notes that a person's former password was recovered, to tell them.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn note_recovery(
    db: &mut Connection,
    person: PersonId,
    recovered: &Recovered,
) -> Result<(), StorageFault> {
    sqlx::query(
        "INSERT OR REPLACE INTO recoveries (person, at, computer, address)
         VALUES ($1, $2, $3, $4)",
    )
    .bind(person.to_string())
    .bind(recovered.at.0)
    .bind(&recovered.computer)
    .bind(&recovered.address)
    .execute(db)
    .await?;
    Ok(())
}

/// The last recovery that a person is told of.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn recovery(
    db: &mut Connection,
    person: PersonId,
    now: Timestamp,
) -> Result<Option<Recovered>, StorageFault> {
    let query = sqlx::query("SELECT * FROM recoveries WHERE person = $1 AND at > $2");
    let query = query.bind(person.to_string());
    let row = query.bind(now.0 - RECOVERY_TOLD_MS).fetch_optional(db);
    row.await?
        .map(|row| {
            Ok(Recovered {
                at: time(&row, "at")?,
                computer: row.try_get("computer")?,
                address: row.try_get("address")?,
            })
        })
        .transpose()
}

fn stored(row: &SqliteRow) -> Result<StoredFactor, StorageFault> {
    let enrolled = match maybe_time(row, "enrolled_at")? {
        Some(at) => Some(Enrolled {
            at,
            vouches_from: Generation(number(row, "vouches_from")?),
        }),
        None => None,
    };
    Ok(StoredFactor {
        factor: Factor {
            id: parse(row, "id")?,
            kind: word(row, "kind")?,
            begun_at: time(row, "begun_at")?,
            enrolled,
            used_step: row.try_get("used_step")?,
        },
        sealed: row.try_get("sealed")?,
    })
}
