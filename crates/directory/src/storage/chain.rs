//! The audit's chain: each entry holds the hash of the one before and of its own contents.
//!
//! The hash has no key, so that an auditor can check an export without any secret. Whoever may write
//! to the database could therefore make the whole chain afresh; a hash that was noted elsewhere (the
//! log has one at each start and stop and once a day) gives that away.

use std::fmt;
use std::str::FromStr;

use futures_util::TryStreamExt as _;
use lockstep_protocol::api::admin::AuditRow;
use sha2::{Digest as _, Sha256};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _};

use super::{Connection, StorageFault, time};

/// The hash of one entry and, through it, of all before.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash([u8; 32]);

/// The newest entry of a chain, or any that was noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The entry's number; 0 for an empty audit.
    pub sequence: i64,
    /// Its hash.
    pub hash: Hash,
}

/// An entry with its hash.
#[derive(Clone, Debug)]
pub struct Chained {
    /// What it says.
    pub row: AuditRow,
    /// Its hash; none before the chain was made.
    pub hash: Option<Hash>,
}

/// The first entry that does not fit, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A number is missing.
    #[error("entry {0} is missing")]
    Missing(i64),
    /// The hash is not that of the contents and of the entry before.
    #[error("entry {0} is not what was written")]
    Altered(i64),
    /// The audit is shorter than the noted head.
    #[error("entry {0} was noted, and the audit ends before it")]
    CutOff(i64),
    /// The entry that was noted has another hash.
    #[error("entry {0} is not the one that was noted")]
    NotAsNoted(i64),
    /// More entries were numbered than there are.
    #[error("the newest entries are missing: {numbered} were numbered, the last one is {last}")]
    Shortened {
        /// How many entries SQLite has numbered.
        numbered: i64,
        /// The last one that is there.
        last: i64,
    },
}

impl Head {
    /// Before the first entry.
    pub const NONE: Self = Self {
        sequence: 0,
        hash: Hash([0; 32]),
    };

    /// The head after one more entry.
    fn and(self, row: &AuditRow) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(b"lockstep audit 1");
        hasher.update(self.hash.0);
        hasher.update(row.sequence.to_be_bytes());
        hasher.update(row.at.0.to_be_bytes());
        let AuditRow {
            sequence: _,
            at: _,
            actor,
            action,
            subject,
            address,
            result,
        } = row;
        for text in [actor, action, subject, address, result] {
            hasher.update((text.len() as u64).to_be_bytes());
            hasher.update(text.as_bytes());
        }
        Self {
            sequence: row.sequence,
            hash: Hash(hasher.finalize().into()),
        }
    }
}

/// Appends entries in this order, by one statement; each is given its `sequence` here.
///
/// # Errors
///
/// [`StorageFault`].
pub(super) async fn append(
    db: &mut Connection,
    entries: Vec<AuditRow>,
) -> Result<(), StorageFault> {
    let mut head = head(db).await?;
    let mut insert = QueryBuilder::new(
        "INSERT INTO audit (sequence, at, actor, action, subject, address, result, hash) ",
    );
    insert.push_values(entries, |mut row, mut entry| {
        entry.sequence = head.sequence + 1;
        head = head.and(&entry);
        row.push_bind(entry.sequence)
            .push_bind(entry.at.0)
            .push_bind(entry.actor)
            .push_bind(entry.action)
            .push_bind(entry.subject)
            .push_bind(entry.address)
            .push_bind(entry.result)
            .push_bind(head.hash.0.to_vec());
    });
    insert.build().execute(db).await?;
    Ok(())
}

/// The newest entry.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn head(db: &mut Connection) -> Result<Head, StorageFault> {
    let query = sqlx::query("SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1");
    let Some(row) = query.fetch_optional(db).await? else {
        return Ok(Head::NONE);
    };
    Ok(Head {
        sequence: row.try_get("sequence")?,
        hash: hash(&row)?.ok_or(StorageFault::Value("hash"))?,
    })
}

/// Walks the whole chain, one entry at a time; gives its head.
///
/// # Errors
///
/// [`StorageFault`]; within it the first entry that is [`Broken`].
pub async fn verify(
    db: &mut Connection,
    noted: Option<Head>,
) -> Result<Result<Head, Broken>, StorageFault> {
    let mut head = Head::NONE;
    {
        let mut entries = entries(db);
        while let Some(Chained { row, hash }) = entries.try_next().await? {
            if row.sequence != head.sequence + 1 {
                return Ok(Err(Broken::Missing(head.sequence + 1)));
            }
            head = head.and(&row);
            if hash != Some(head.hash) {
                return Ok(Err(Broken::Altered(row.sequence)));
            }
            if noted.is_some_and(|noted| noted.sequence == head.sequence && noted != head) {
                return Ok(Err(Broken::NotAsNoted(row.sequence)));
            }
        }
    }
    if let Some(noted) = noted.filter(|noted| noted.sequence > head.sequence) {
        return Ok(Err(Broken::CutOff(noted.sequence)));
    }
    let query = sqlx::query("SELECT seq FROM sqlite_sequence WHERE name = 'audit'");
    let numbered = match query.fetch_optional(db).await? {
        Some(row) => row.try_get("seq")?,
        None => 0,
    };
    if numbered > head.sequence {
        let last = head.sequence;
        return Ok(Err(Broken::Shortened { numbered, last }));
    }
    Ok(Ok(head))
}

/// Every entry, oldest first, as a stream: an audit may be larger than memory.
pub fn entries(
    db: &mut Connection,
) -> impl futures_util::Stream<Item = Result<Chained, StorageFault>> + Unpin + '_ {
    sqlx::query("SELECT * FROM audit ORDER BY sequence")
        .fetch(db)
        .map_err(StorageFault::from)
        .and_then(|row| std::future::ready(chained(&row)))
}

/// Chains what was written before there was a chain. All or nothing: after a crash none of it has a
/// hash, and an audit that has any is never touched.
///
/// # Errors
///
/// [`StorageFault`].
pub(super) async fn begin(db: &mut Connection) -> Result<(), StorageFault> {
    let has_any = "SELECT EXISTS (SELECT 1 FROM audit WHERE hash IS NOT NULL) AS chained";
    if sqlx::query(has_any)
        .fetch_one(&mut *db)
        .await?
        .try_get("chained")?
    {
        return Ok(());
    }
    let mut head = Head::NONE;
    loop {
        let query =
            sqlx::query("SELECT * FROM audit WHERE sequence > $1 ORDER BY sequence LIMIT 1000");
        let rows = query.bind(head.sequence).fetch_all(&mut *db).await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in &rows {
            head = head.and(&chained(row)?.row);
            sqlx::query("UPDATE audit SET hash = $1 WHERE sequence = $2")
                .bind(head.hash.0.as_slice())
                .bind(head.sequence)
                .execute(&mut *db)
                .await?;
        }
    }
}

/// Reads one row of the table.
pub(super) fn row(row: &SqliteRow) -> Result<AuditRow, StorageFault> {
    Ok(AuditRow {
        sequence: row.try_get("sequence")?,
        at: time(row, "at")?,
        actor: row.try_get("actor")?,
        action: row.try_get("action")?,
        subject: row.try_get("subject")?,
        address: row.try_get("address")?,
        result: row.try_get("result")?,
    })
}

fn chained(of: &SqliteRow) -> Result<Chained, StorageFault> {
    Ok(Chained {
        row: row(of)?,
        hash: hash(of)?,
    })
}

fn hash(row: &SqliteRow) -> Result<Option<Hash>, StorageFault> {
    let bytes: Option<Vec<u8>> = row.try_get("hash")?;
    bytes
        .map(|bytes| bytes.try_into().map(Hash))
        .transpose()
        .map_err(|_| StorageFault::Value("hash"))
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.sequence, self.hash)
    }
}

impl FromStr for Head {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "must be NUMBER:HASH, as `audit verify` prints it";
        let (sequence, hex) = text.split_once(':').ok_or(FORM)?;
        let digits = hex.len() == 64 && hex.bytes().all(|digit| digit.is_ascii_hexdigit());
        let sequence: i64 = sequence.parse().map_err(|_| FORM)?;
        if !digits || sequence < 0 {
            return Err(FORM);
        }
        let mut hash = [0; 32];
        for (byte, at) in hash.iter_mut().zip((0..).step_by(2)) {
            *byte = u8::from_str_radix(&hex[at..at + 2], 16).map_err(|_| FORM)?;
        }
        Ok(Self {
            sequence,
            hash: Hash(hash),
        })
    }
}

#[cfg(test)]
mod tests {
    use lockstep_model::Timestamp;

    use super::*;

    fn entry(actor: &str, action: &str) -> AuditRow {
        AuditRow {
            sequence: 1,
            at: Timestamp(2),
            actor: actor.into(),
            action: action.into(),
            subject: "s".into(),
            address: "a".into(),
            result: "ok".into(),
        }
    }

    #[test]
    fn no_two_entries_have_one_hash_and_the_hash_of_today_stays() {
        let first = Head::NONE.and(&entry("ab", "c"));
        assert_ne!(first.hash, Head::NONE.and(&entry("a", "bc")).hash);
        assert_ne!(first.hash, first.and(&entry("ab", "c")).hash);
        assert_eq!(
            first.to_string(),
            "1:32ea6eb010195a7e5c4dc20645c411568ae6a7a04aeb183ca32dbb134d6a7c3d"
        );
    }

    #[test]
    fn a_head_reads_back_and_nothing_else_does() {
        let head = Head::NONE.and(&entry("a", "b"));
        assert_eq!(head.to_string().parse(), Ok(head));
        let hash = "0".repeat(63);
        for bad in [
            "",
            "1",
            "1:",
            "x:00",
            &format!("1:{hash}"),
            &format!("-1:{hash}0"),
            &format!("1:{hash}é"),
        ] {
            assert!(bad.parse::<Head>().is_err(), "{bad}");
        }
    }
}
