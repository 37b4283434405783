//! Sessions of browsers and of the CLI.

use lockstep_model::{PersonId, Timestamp};

use sqlx::QueryBuilder;

use super::{Connection, StorageFault, parse};

/// What is kept of a session; its token only as a hash.
#[derive(Clone, Debug)]
pub struct NewSession<'a> {
    /// SHA-256 of the token.
    pub token_hash: &'a [u8],
    /// Whose it is.
    pub person: PersonId,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// The browser and system.
    pub client: &'a str,
    /// The network address.
    pub address: &'a str,
}

/// Stores a session.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn open(db: &mut Connection, session: &NewSession<'_>) -> Result<(), StorageFault> {
    open_all(db, std::slice::from_ref(session)).await
}

/// Stores sessions, by one statement.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn open_all(
    db: &mut Connection,
    sessions: &[NewSession<'_>],
) -> Result<(), StorageFault> {
    if sessions.is_empty() {
        return Ok(());
    }
    let mut insert = QueryBuilder::new(
        "INSERT INTO sessions (token_hash, person, created_at, expires_at, client, address) ",
    );
    insert.push_values(sessions, |mut row, session| {
        row.push_bind(session.token_hash.to_vec())
            .push_bind(session.person.to_string())
            .push_bind(session.created_at.0)
            .push_bind(session.expires_at.0)
            .push_bind(session.client.to_owned())
            .push_bind(session.address.to_owned());
    });
    insert.build().execute(db).await?;
    Ok(())
}

/// Whose session a token is.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn person(
    db: &mut Connection,
    token_hash: &[u8],
    now: Timestamp,
) -> Result<Option<PersonId>, StorageFault> {
    let query =
        sqlx::query("SELECT person FROM sessions WHERE token_hash = $1 AND expires_at > $2");
    let row = query
        .bind(token_hash)
        .bind(now.0)
        .fetch_optional(db)
        .await?;
    row.map(|row| parse(&row, "person")).transpose()
}

/// Ends one session.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn end(db: &mut Connection, token_hash: &[u8]) -> Result<(), StorageFault> {
    let query = sqlx::query("DELETE FROM sessions WHERE token_hash = $1");
    query.bind(token_hash).execute(db).await?;
    Ok(())
}

/// Ends every session of a person but one, and all that have expired.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn end_others(
    db: &mut Connection,
    person: PersonId,
    keep: &[u8],
    now: Timestamp,
) -> Result<(), StorageFault> {
    sqlx::query(
        "DELETE FROM sessions WHERE (person = $1 AND token_hash <> $2) OR expires_at <= $3",
    )
    .bind(person.to_string())
    .bind(keep)
    .bind(now.0)
    .execute(db)
    .await?;
    Ok(())
}
