//! People, their credentials and one-time links.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_model::{Epoch, Generation, Ksf, PersonId, Provenance, Stamp, Timestamp};
use lockstep_protocol::api::me::Role;
use lockstep_protocol::api::public::LinkKind;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _};

use super::{Connection, StorageFault, as_word, maybe_time, number, parse, time, word};
use crate::core::access::Access;
use crate::core::credential::{Credential, Verifier};
use crate::core::names::UserName;

/// A person, with their credential once activated.
#[derive(Clone, Debug)]
pub struct Person {
    /// The immutable id.
    pub id: PersonId,
    /// The user name.
    pub user_name: String,
    /// The name shown.
    pub display_name: String,
    /// What they may do.
    pub role: Role,
    /// What keeps them out, if anything.
    pub access: Access,
    /// Their password's standing.
    pub credential: Option<Credential>,
}

/// What every look-up reads.
macro_rules! select_people {
    ($rest:literal) => {
        concat!(
            "SELECT p.*, c.*, r.at AS locked_at FROM people p
             LEFT JOIN credentials c ON c.person = p.id
             LEFT JOIN reports r ON r.person = p.id AND r.locks = 1 ",
            $rest
        )
    };
}

/// Adds a person; false if the name is taken.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn add(
    db: &mut Connection,
    person: PersonId,
    user_name: &UserName,
    display_name: &str,
    role: Role,
    now: Timestamp,
) -> Result<bool, StorageFault> {
    let done = sqlx::query(
        "INSERT INTO people (id, user_name, display_name, role, created_at)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (user_name) DO NOTHING",
    )
    .bind(person.to_string())
    .bind(user_name.as_str())
    .bind(display_name)
    .bind(as_word(&role))
    .bind(now.0)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Looks a person up by id.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn by_id(db: &mut Connection, id: PersonId) -> Result<Option<Person>, StorageFault> {
    let query = sqlx::query(select_people!("WHERE p.id = $1"));
    let row = query.bind(id.to_string()).fetch_optional(db).await?;
    row.as_ref().map(person).transpose()
}

/// Where a person's password stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The user name.
    pub user_name: String,
    /// The present stamp, once activated.
    pub stamp: Option<Stamp>,
    /// What keeps them out, if anything.
    pub access: Access,
}

/// Where the passwords of some people stand, by one statement.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn standings(
    db: &mut Connection,
    people: &BTreeSet<PersonId>,
) -> Result<BTreeMap<PersonId, Standing>, StorageFault> {
    if people.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut select = QueryBuilder::new(
        "SELECT p.id, p.user_name, p.suspended_at, c.person, c.epoch, c.generation,
             r.at AS locked_at FROM people p
         LEFT JOIN credentials c ON c.person = p.id
         LEFT JOIN reports r ON r.person = p.id AND r.locks = 1 WHERE p.id IN ",
    );
    select.push_tuples(people, |mut tuple, person| {
        tuple.push_bind(person.to_string());
    });
    let rows = select.build().fetch_all(db).await?;
    let standing = |row: &SqliteRow| {
        let activated: Option<String> = row.try_get("person")?;
        let standing = Standing {
            user_name: row.try_get("user_name")?,
            stamp: activated.map(|_| stamp(row)).transpose()?,
            access: access(row)?,
        };
        Ok((parse(row, "id")?, standing))
    };
    rows.iter().map(standing).collect()
}

/// Looks a person up by user name.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn by_name(db: &mut Connection, name: &UserName) -> Result<Option<Person>, StorageFault> {
    let query = sqlx::query(select_people!("WHERE p.user_name = $1"));
    let row = query.bind(name.as_str()).fetch_optional(db).await?;
    row.as_ref().map(person).transpose()
}

/// Whom a proof is made against.
#[derive(Clone, Debug)]
pub struct Found {
    /// The person; for a name that nobody can sign in with, whoever stands in for it.
    pub person: Person,
    /// Whether it is the person who was asked for, and not a stand-in.
    pub known: bool,
}

/// Looks up whom a proof under a name is made against; none only in a directory without anybody.
///
/// Names that nobody can sign in with get somebody else's row, always the same while `pseudo`, the
/// id that they are given, and people stay: so that they cost one statement and one row like any
/// other, and show key stretching as mixed as it is in use.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn for_proof(
    db: &mut Connection,
    name: &UserName,
    pseudo: PersonId,
) -> Result<Option<Found>, StorageFault> {
    let query = sqlx::query(
        "SELECT p.*, c.*, r.at AS locked_at, named.id IS NOT NULL AND own.person IS NOT NULL AS known
         FROM (SELECT COALESCE(
                 (SELECT person FROM credentials WHERE person >= $2 ORDER BY person LIMIT 1),
                 (SELECT person FROM credentials ORDER BY person LIMIT 1)) AS person) AS other
         LEFT JOIN people AS named ON named.user_name = $1
         LEFT JOIN credentials AS own ON own.person = COALESCE(named.id, $2)
         JOIN people AS p ON p.id = CASE WHEN named.id IS NOT NULL AND own.person IS NOT NULL
             THEN own.person ELSE other.person END
         JOIN credentials AS c ON c.person = p.id
         LEFT JOIN reports AS r ON r.person = p.id AND r.locks = 1",
    );
    let query = query.bind(name.as_str()).bind(pseudo.to_string());
    let Some(row) = query.fetch_optional(db).await? else {
        return Ok(None);
    };
    Ok(Some(Found {
        person: person(&row)?,
        known: row.try_get("known")?,
    }))
}

/// Everybody, by user name.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn all(db: &mut Connection) -> Result<Vec<Person>, StorageFault> {
    let query = sqlx::query(select_people!("ORDER BY p.user_name"));
    query.fetch_all(db).await?.iter().map(person).collect()
}

/// Stores a credential in place of the former one.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn set_credential(
    db: &mut Connection,
    person: PersonId,
    credential: &Credential,
) -> Result<(), StorageFault> {
    let Credential {
        stamp,
        issued,
        origin,
        temporary,
        changed,
        verifier,
    } = credential;
    sqlx::query(
        "INSERT OR REPLACE INTO credentials (person, epoch, generation, issued, origin, suite,
             normalisation, ksf_memory_kib, ksf_iterations, ksf_parallelism, record, changed_at,
             channel, client, address, temporary)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
    )
    .bind(person.to_string())
    .bind(stamp.epoch.0.to_string())
    .bind(i64::from(stamp.generation.0))
    .bind(i64::from(issued.0))
    .bind(as_word(origin))
    .bind(i64::from(verifier.suite))
    .bind(i64::from(verifier.normalisation))
    .bind(i64::from(verifier.ksf.memory_kib))
    .bind(i64::from(verifier.ksf.iterations))
    .bind(i64::from(verifier.ksf.parallelism))
    .bind(&verifier.record)
    .bind(changed.at.0)
    .bind(as_word(&changed.channel))
    .bind(&changed.client)
    .bind(&changed.address)
    .bind(temporary)
    .execute(db)
    .await?;
    Ok(())
}

/// Stores a one-time link.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn add_link(
    db: &mut Connection,
    person: PersonId,
    token_hash: &[u8],
    kind: LinkKind,
    expires_at: Timestamp,
) -> Result<(), StorageFault> {
    sqlx::query(
        "INSERT INTO invitations (token_hash, person, expires_at, kind) VALUES ($1, $2, $3, $4)",
    )
    .bind(token_hash)
    .bind(person.to_string())
    .bind(expires_at.0)
    .bind(as_word(&kind))
    .execute(db)
    .await?;
    Ok(())
}

/// A one-time link that still works.
#[derive(Debug)]
pub struct Link {
    /// Whom it is for.
    pub person: Person,
    /// What it does.
    pub kind: LinkKind,
    /// Until when.
    pub expires_at: Timestamp,
}

/// What a good link is for.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn link(
    db: &mut Connection,
    token_hash: &[u8],
    now: Timestamp,
) -> Result<Option<Link>, StorageFault> {
    let query = sqlx::query(
        "SELECT person, kind, expires_at FROM invitations
         WHERE token_hash = $1 AND expires_at > $2",
    );
    let query = query.bind(token_hash).bind(now.0);
    let Some(row) = query.fetch_optional(&mut *db).await? else {
        return Ok(None);
    };
    let kind = word(&row, "kind")?;
    let expires_at = time(&row, "expires_at")?;
    let person = by_id(db, parse(&row, "person")?).await?;
    Ok(person.map(|person| Link {
        person,
        kind,
        expires_at,
    }))
}

/// Ends every link of a person.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn end_links(db: &mut Connection, person: PersonId) -> Result<(), StorageFault> {
    let query = sqlx::query("DELETE FROM invitations WHERE person = $1");
    query.bind(person.to_string()).execute(db).await?;
    Ok(())
}

/// Suspends a person, or lets them be again; false if they were so already.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn set_suspended(
    db: &mut Connection,
    person: PersonId,
    at: Option<Timestamp>,
) -> Result<bool, StorageFault> {
    let done = sqlx::query(
        "UPDATE people SET suspended_at = $2
         WHERE id = $1 AND (suspended_at IS NULL) <> ($2 IS NULL)",
    )
    .bind(person.to_string())
    .bind(at.map(|at| at.0))
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

fn person(row: &SqliteRow) -> Result<Person, StorageFault> {
    let activated: Option<String> = row.try_get("person")?;
    Ok(Person {
        id: parse(row, "id")?,
        user_name: row.try_get("user_name")?,
        display_name: row.try_get("display_name")?,
        role: word(row, "role")?,
        access: access(row)?,
        credential: activated.map(|_| credential(row)).transpose()?,
    })
}

fn access(row: &SqliteRow) -> Result<Access, StorageFault> {
    Ok(Access {
        suspended_at: maybe_time(row, "suspended_at")?,
        locked_at: maybe_time(row, "locked_at")?,
    })
}

fn credential(row: &SqliteRow) -> Result<Credential, StorageFault> {
    Ok(Credential {
        stamp: stamp(row)?,
        issued: Generation(number(row, "issued")?),
        origin: word(row, "origin")?,
        temporary: row.try_get("temporary")?,
        changed: Provenance {
            at: time(row, "changed_at")?,
            channel: word(row, "channel")?,
            client: row.try_get("client")?,
            address: row.try_get("address")?,
        },
        verifier: Verifier {
            suite: number(row, "suite")?,
            normalisation: number(row, "normalisation")?,
            ksf: Ksf {
                memory_kib: number(row, "ksf_memory_kib")?,
                iterations: number(row, "ksf_iterations")?,
                parallelism: number(row, "ksf_parallelism")?,
            },
            record: row.try_get("record")?,
        },
    })
}

fn stamp(row: &SqliteRow) -> Result<Stamp, StorageFault> {
    Ok(Stamp {
        epoch: Epoch(parse(row, "epoch")?),
        generation: Generation(number(row, "generation")?),
    })
}
