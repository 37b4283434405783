//! Sessions of browsers and of the CLI.

use lockstep_model::{PersonId, Provenance, Timestamp};
use lockstep_protocol::api::me::SessionRow;

use sqlx::{QueryBuilder, Row as _};

use super::{Connection, StorageFault, as_word, parse, time, word};
use crate::core::access::DISOWN_MS;

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

/// A session that is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Whose it is.
    pub person: PersonId,
    /// When they signed in.
    pub since: Timestamp,
}

/// The session of a token.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn of_token(
    db: &mut Connection,
    token_hash: &[u8],
    now: Timestamp,
) -> Result<Option<Session>, StorageFault> {
    let query = sqlx::query(
        "SELECT person, created_at FROM sessions WHERE token_hash = $1 AND expires_at > $2",
    );
    let query = query.bind(token_hash).bind(now.0);
    let row = query.fetch_optional(db).await?;
    row.map(|row| {
        Ok(Session {
            person: parse(&row, "person")?,
            since: time(&row, "created_at")?,
        })
    })
    .transpose()
}

/// A session that a change of the password has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Whose it was.
    pub person: PersonId,
    /// The change.
    pub by: Provenance,
}

/// The session of a token, if a change of the password ended it since `after`.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn ended(
    db: &mut Connection,
    token_hash: &[u8],
    after: Timestamp,
) -> Result<Option<Ended>, StorageFault> {
    let query = sqlx::query("SELECT * FROM ended_sessions WHERE token_hash = $1 AND ended_at > $2");
    let query = query.bind(token_hash).bind(after.0);
    let row = query.fetch_optional(db).await?;
    row.map(|row| {
        Ok(Ended {
            person: parse(&row, "person")?,
            by: Provenance {
                at: time(&row, "ended_at")?,
                channel: word(&row, "channel")?,
                client: row.try_get("client")?,
                address: row.try_get("address")?,
            },
        })
    })
    .transpose()
}

/// Forgets the ended sessions of a person: none of them says "This wasn't me" any more.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn forget_ended(db: &mut Connection, person: PersonId) -> Result<(), StorageFault> {
    let query = sqlx::query("DELETE FROM ended_sessions WHERE person = $1");
    query.bind(person.to_string()).execute(db).await?;
    Ok(())
}

/// The sessions of a person that are in force: the one that asks first, then the newest.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn of_person(
    db: &mut Connection,
    person: PersonId,
    asking: &[u8],
    now: Timestamp,
) -> Result<Vec<SessionRow>, StorageFault> {
    let query = sqlx::query(
        "SELECT * FROM sessions WHERE person = $1 AND expires_at > $3
         ORDER BY token_hash <> $2, created_at DESC, token_hash",
    );
    let query = query.bind(person.to_string()).bind(asking).bind(now.0);
    let rows = query.fetch_all(db).await?;
    rows.iter()
        .map(|row| {
            let token_hash: Vec<u8> = row.try_get("token_hash")?;
            Ok(SessionRow {
                session: name_of(&token_hash),
                client: row.try_get("client")?,
                address: row.try_get("address")?,
                since: time(row, "created_at")?,
                expires_at: time(row, "expires_at")?,
                this_one: token_hash == asking,
            })
        })
        .collect()
}

/// Ends the session of a person that has this name; false if there is none.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn end_named(
    db: &mut Connection,
    person: PersonId,
    name: &str,
) -> Result<bool, StorageFault> {
    let query = sqlx::query(
        "DELETE FROM sessions WHERE person = $1 AND lower(hex(substr(token_hash, 1, 8))) = $2",
    );
    let query = query.bind(person.to_string()).bind(name);
    Ok(query.execute(db).await?.rows_affected() > 0)
}

/// What a session is called before its person: a part of the hash, so it opens nothing.
fn name_of(token_hash: &[u8]) -> String {
    token_hash
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
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

/// Ends every session of a person but one, and all that have expired; false if that person had no
/// other one in force.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn end_others(
    db: &mut Connection,
    person: PersonId,
    keep: &[u8],
    now: Timestamp,
) -> Result<bool, StorageFault> {
    let expired = sqlx::query("DELETE FROM sessions WHERE expires_at <= $1");
    expired.bind(now.0).execute(&mut *db).await?;
    let others = sqlx::query("DELETE FROM sessions WHERE person = $1 AND token_hash <> $2");
    let done = others.bind(person.to_string()).bind(keep).execute(db);
    Ok(done.await?.rows_affected() > 0)
}

/// The same because the password was changed: what is ended may say "This wasn't me" for a while.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn end_by_change(
    db: &mut Connection,
    person: PersonId,
    keep: &[u8],
    change: &Provenance,
) -> Result<(), StorageFault> {
    sqlx::query("DELETE FROM ended_sessions WHERE ended_at <= $1")
        .bind(change.at.0 - DISOWN_MS)
        .execute(&mut *db)
        .await?;
    sqlx::query(
        "INSERT INTO ended_sessions (token_hash, person, ended_at, channel, client, address)
         SELECT token_hash, person, $3, $4, $5, $6 FROM sessions
         WHERE person = $1 AND token_hash <> $2 AND expires_at > $3",
    )
    .bind(person.to_string())
    .bind(keep)
    .bind(change.at.0)
    .bind(as_word(&change.channel))
    .bind(&change.client)
    .bind(&change.address)
    .execute(&mut *db)
    .await?;
    end_others(db, person, keep, change.at).await?;
    Ok(())
}
