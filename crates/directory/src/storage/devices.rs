//! Devices, bindings, the reports of their stores, and enrolment tokens.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_model::{BindingId, Code, DeviceId, Epoch, PersonId, StoreKind, Timestamp};
use lockstep_protocol::api::me::StoreRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _};

use super::{Connection, StorageFault, as_word, number, parse, time, word};
use crate::core::enrolment::EnrolmentToken;
use crate::core::standing::ReportedStore;

/// An enrolled computer.
#[derive(Clone, Debug)]
pub struct DeviceRecord {
    /// Its id.
    pub id: DeviceId,
    /// Its name.
    pub name: String,
    /// Its operating system.
    pub system: String,
    /// The key that it signs with (SEC1).
    pub public_key: Vec<u8>,
    /// When the directory last heard from it.
    pub last_contact: Option<Timestamp>,
    /// Whether it was revoked.
    pub revoked: bool,
}

impl DeviceRecord {
    /// What the audit calls it: no person can have a name with a space in it.
    #[must_use]
    pub fn actor(&self) -> String {
        format!("computer {}", self.name)
    }
}

/// A person's account on a device.
#[derive(Clone, Debug)]
pub struct BindingRecord {
    /// Its id.
    pub id: BindingId,
    /// Whose it is.
    pub person: PersonId,
    /// On which device.
    pub device: DeviceId,
    /// The local account's name.
    pub account: String,
    /// Why the last sync stopped.
    pub problem: Option<Code>,
}

/// Stores an enrolment token.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn add_enrolment(
    db: &mut Connection,
    token_hash: &[u8],
    created_by: PersonId,
    token: EnrolmentToken,
) -> Result<(), StorageFault> {
    sqlx::query(
        "INSERT INTO enrolments (token_hash, created_by, uses_left, expires_at)
         VALUES ($1, $2, $3, $4)",
    )
    .bind(token_hash)
    .bind(created_by.to_string())
    .bind(i64::from(token.uses_left))
    .bind(token.expires_at.0)
    .execute(db)
    .await?;
    Ok(())
}

/// Reads an enrolment token.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn enrolment(
    db: &mut Connection,
    token_hash: &[u8],
) -> Result<Option<EnrolmentToken>, StorageFault> {
    let query = sqlx::query("SELECT uses_left, expires_at FROM enrolments WHERE token_hash = $1");
    let Some(row) = query.bind(token_hash).fetch_optional(db).await? else {
        return Ok(None);
    };
    Ok(Some(EnrolmentToken {
        uses_left: number(&row, "uses_left")?,
        expires_at: time(&row, "expires_at")?,
    }))
}

/// Stores how many uses a token has left.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn set_enrolment(
    db: &mut Connection,
    token_hash: &[u8],
    token: EnrolmentToken,
) -> Result<(), StorageFault> {
    sqlx::query("UPDATE enrolments SET uses_left = $1 WHERE token_hash = $2")
        .bind(i64::from(token.uses_left))
        .bind(token_hash)
        .execute(db)
        .await?;
    Ok(())
}

/// Adds a device; false if its key is known already.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn add(
    db: &mut Connection,
    device: &DeviceRecord,
    agent_version: &str,
    enrolled_with: &[u8],
    now: Timestamp,
) -> Result<bool, StorageFault> {
    let done = sqlx::query(
        "INSERT INTO devices (id, name, system, agent_version, public_key, enrolled_with,
             enrolled_at, last_contact)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (public_key) DO NOTHING",
    )
    .bind(device.id.to_string())
    .bind(&device.name)
    .bind(&device.system)
    .bind(agent_version)
    .bind(&device.public_key)
    .bind(enrolled_with)
    .bind(now.0)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Looks a device up.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn by_id(
    db: &mut Connection,
    id: DeviceId,
) -> Result<Option<DeviceRecord>, StorageFault> {
    let query = sqlx::query("SELECT * FROM devices WHERE id = $1");
    let row = query.bind(id.to_string()).fetch_optional(db).await?;
    row.as_ref().map(device).transpose()
}

/// Looks a device up by its key and the token that it enrolled with.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn enrolled_with(
    db: &mut Connection,
    public_key: &[u8],
    token_hash: &[u8],
) -> Result<Option<DeviceRecord>, StorageFault> {
    let query = sqlx::query(
        "SELECT * FROM devices WHERE public_key = $1 AND enrolled_with = $2
             AND revoked_at IS NULL",
    );
    let row = query
        .bind(public_key)
        .bind(token_hash)
        .fetch_optional(db)
        .await?;
    row.as_ref().map(device).transpose()
}

/// Devices that nobody is linked to, by name.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn unlinked(db: &mut Connection) -> Result<Vec<DeviceRecord>, StorageFault> {
    let query = sqlx::query(
        "SELECT * FROM devices WHERE revoked_at IS NULL
             AND id NOT IN (SELECT device FROM bindings) ORDER BY name",
    );
    query.fetch_all(db).await?.iter().map(device).collect()
}

/// Revokes a device and removes its bindings with their stores and shares; gives whose they were, or
/// none if there is no such device in good standing.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn revoke(
    db: &mut Connection,
    id: DeviceId,
    now: Timestamp,
) -> Result<Option<Vec<PersonId>>, StorageFault> {
    let done =
        sqlx::query("UPDATE devices SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL")
            .bind(now.0)
            .bind(id.to_string())
            .execute(&mut *db)
            .await?;
    if done.rows_affected() == 0 {
        return Ok(None);
    }
    let people = bindings_of_device(db, id)
        .await?
        .into_iter()
        .map(|bound| bound.person)
        .collect();
    let query = sqlx::query("DELETE FROM bindings WHERE device = $1");
    query.bind(id.to_string()).execute(db).await?;
    Ok(Some(people))
}

/// Notes that a device was heard from.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn heard_from(
    db: &mut Connection,
    id: DeviceId,
    now: Timestamp,
) -> Result<(), StorageFault> {
    sqlx::query("UPDATE devices SET last_contact = $1 WHERE id = $2")
        .bind(now.0)
        .bind(id.to_string())
        .execute(db)
        .await?;
    Ok(())
}

/// Notes that devices were heard from, by one statement.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn all_heard_from(
    db: &mut Connection,
    devices: &BTreeSet<DeviceId>,
    now: Timestamp,
) -> Result<(), StorageFault> {
    let mut update = QueryBuilder::new("UPDATE devices SET last_contact = ");
    update.push_bind(now.0).push(" WHERE id IN ");
    update.push_tuples(devices, |mut tuple, device| {
        tuple.push_bind(device.to_string());
    });
    update.build().execute(db).await?;
    Ok(())
}

/// The people on each of some devices, by one statement.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn people_on(
    db: &mut Connection,
    devices: &BTreeSet<DeviceId>,
) -> Result<BTreeMap<DeviceId, Vec<PersonId>>, StorageFault> {
    let mut select = QueryBuilder::new("SELECT device, person FROM bindings WHERE device IN ");
    select.push_tuples(devices, |mut tuple, device| {
        tuple.push_bind(device.to_string());
    });
    let mut people = BTreeMap::<DeviceId, Vec<PersonId>>::new();
    for row in select.build().fetch_all(db).await? {
        let on = people.entry(parse(&row, "device")?).or_default();
        on.push(parse(&row, "person")?);
    }
    Ok(people)
}

/// Adds a binding; false if that account of that device has one already.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn bind(
    db: &mut Connection,
    binding: &BindingRecord,
    now: Timestamp,
) -> Result<bool, StorageFault> {
    let done = sqlx::query(
        "INSERT INTO bindings (id, person, device, account, created_at)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
    )
    .bind(binding.id.to_string())
    .bind(binding.person.to_string())
    .bind(binding.device.to_string())
    .bind(&binding.account)
    .bind(now.0)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes a binding with its stores and shares; false if that device has no such binding.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn unbind(
    db: &mut Connection,
    device: DeviceId,
    binding: BindingId,
) -> Result<bool, StorageFault> {
    let done = sqlx::query("DELETE FROM bindings WHERE id = $1 AND device = $2")
        .bind(binding.to_string())
        .bind(device.to_string())
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Looks a binding up.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn binding(
    db: &mut Connection,
    id: BindingId,
) -> Result<Option<BindingRecord>, StorageFault> {
    let query = sqlx::query("SELECT * FROM bindings WHERE id = $1");
    let row = query.bind(id.to_string()).fetch_optional(db).await?;
    row.as_ref().map(binding_record).transpose()
}

/// A device's bindings.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn bindings_of_device(
    db: &mut Connection,
    device: DeviceId,
) -> Result<Vec<BindingRecord>, StorageFault> {
    let query = sqlx::query("SELECT * FROM bindings WHERE device = $1 ORDER BY id");
    let rows = query.bind(device.to_string()).fetch_all(db).await?;
    rows.iter().map(binding_record).collect()
}

/// A person's bindings, oldest first.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn bindings_of_person(
    db: &mut Connection,
    person: PersonId,
) -> Result<Vec<BindingRecord>, StorageFault> {
    let query = sqlx::query("SELECT * FROM bindings WHERE person = $1 ORDER BY created_at, id");
    let rows = query.bind(person.to_string()).fetch_all(db).await?;
    rows.iter().map(binding_record).collect()
}

/// Stores a report: every store of a binding, and why the last sync stopped.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn report(
    db: &mut Connection,
    binding: BindingId,
    stores: &[ReportedStore],
    problem: Option<Code>,
    now: Timestamp,
) -> Result<(), StorageFault> {
    sqlx::query("UPDATE bindings SET problem = $1 WHERE id = $2")
        .bind(problem.map(|code| code.to_string()))
        .bind(binding.to_string())
        .execute(&mut *db)
        .await?;
    for store in stores {
        let state =
            serde_json::to_string(&store.row.state).map_err(|_| StorageFault::Value("state"))?;
        sqlx::query(
            "INSERT OR REPLACE INTO stores (binding, kind, epoch, state, reported_at)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(binding.to_string())
        .bind(as_word(&store.row.kind))
        .bind(store.epoch.map(|epoch| epoch.0.to_string()))
        .bind(state)
        .bind(now.0)
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

/// The stores of a binding as last reported, in the order in which they move.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn stores(
    db: &mut Connection,
    binding: BindingId,
) -> Result<Vec<ReportedStore>, StorageFault> {
    let query = sqlx::query("SELECT kind, epoch, state FROM stores WHERE binding = $1");
    let rows = query.bind(binding.to_string()).fetch_all(db).await?;
    let mut stores = rows
        .iter()
        .map(reported_store)
        .collect::<Result<Vec<_>, _>>()?;
    stores.sort_by_key(|store| store.row.kind);
    Ok(stores)
}

fn device(row: &SqliteRow) -> Result<DeviceRecord, StorageFault> {
    let last_contact: Option<i64> = row.try_get("last_contact")?;
    let revoked_at: Option<i64> = row.try_get("revoked_at")?;
    Ok(DeviceRecord {
        id: parse(row, "id")?,
        name: row.try_get("name")?,
        system: row.try_get("system")?,
        public_key: row.try_get("public_key")?,
        last_contact: last_contact.map(Timestamp),
        revoked: revoked_at.is_some(),
    })
}

fn binding_record(row: &SqliteRow) -> Result<BindingRecord, StorageFault> {
    let problem: Option<String> = row.try_get("problem")?;
    Ok(BindingRecord {
        id: parse(row, "id")?,
        person: parse(row, "person")?,
        device: parse(row, "device")?,
        account: row.try_get("account")?,
        // A code of a newer version says nothing to this one.
        problem: problem.and_then(|code| code.parse().ok()),
    })
}

fn reported_store(row: &SqliteRow) -> Result<ReportedStore, StorageFault> {
    let state: String = row.try_get("state")?;
    let epoch: Option<String> = row.try_get("epoch")?;
    let kind: StoreKind = word(row, "kind")?;
    Ok(ReportedStore {
        row: StoreRow {
            kind,
            state: serde_json::from_str(&state).map_err(|_| StorageFault::Value("state"))?,
        },
        epoch: epoch
            .map(|epoch| {
                epoch
                    .parse()
                    .map(Epoch)
                    .map_err(|_| StorageFault::Value("epoch"))
            })
            .transpose()?,
    })
}
