//! Shares of envelopes, sealed under the key file.

use lockstep_model::{BindingId, EnvelopeId, Epoch, Generation, PersonId, Stamp, Timestamp};
use sqlx::Row as _;

use super::{Connection, StorageFault, number, parse};

/// A stored share.
#[derive(Clone, Debug)]
pub struct StoredShare {
    /// The binding it was handed out to.
    pub binding: BindingId,
    /// The generation that its envelope holds.
    pub stamp: Stamp,
    /// The share, sealed.
    pub sealed: Vec<u8>,
}

/// Stores a share; false if that envelope has one already.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn add(
    db: &mut Connection,
    envelope: EnvelopeId,
    share: &StoredShare,
    now: Timestamp,
) -> Result<bool, StorageFault> {
    let done = sqlx::query(
        "INSERT INTO shares (envelope, binding, epoch, generation, sealed, created_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (envelope) DO NOTHING",
    )
    .bind(envelope.to_string())
    .bind(share.binding.to_string())
    .bind(share.stamp.epoch.0.to_string())
    .bind(i64::from(share.stamp.generation.0))
    .bind(&share.sealed)
    .bind(now.0)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Reads a share.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn get(
    db: &mut Connection,
    envelope: EnvelopeId,
) -> Result<Option<StoredShare>, StorageFault> {
    let query =
        sqlx::query("SELECT binding, epoch, generation, sealed FROM shares WHERE envelope = $1");
    let Some(row) = query.bind(envelope.to_string()).fetch_optional(db).await? else {
        return Ok(None);
    };
    Ok(Some(StoredShare {
        binding: parse(&row, "binding")?,
        stamp: Stamp {
            epoch: Epoch(parse(&row, "epoch")?),
            generation: Generation(number(&row, "generation")?),
        },
        sealed: row.try_get("sealed")?,
    }))
}

/// Deletes a share of a binding: what was sealed with it is dead.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn delete(
    db: &mut Connection,
    binding: BindingId,
    envelope: EnvelopeId,
) -> Result<(), StorageFault> {
    sqlx::query("DELETE FROM shares WHERE envelope = $1 AND binding = $2")
        .bind(envelope.to_string())
        .bind(binding.to_string())
        .execute(db)
        .await?;
    Ok(())
}

/// Deletes the shares that were handed out for changes to a person's `generation` which were never
/// committed. No store has moved to what was sealed with them.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn delete_uncommitted(
    db: &mut Connection,
    person: PersonId,
    generation: Generation,
) -> Result<(), StorageFault> {
    sqlx::query(
        "DELETE FROM shares WHERE generation >= $2
             AND binding IN (SELECT id FROM bindings WHERE person = $1)",
    )
    .bind(person.to_string())
    .bind(i64::from(generation.0))
    .execute(db)
    .await?;
    Ok(())
}
