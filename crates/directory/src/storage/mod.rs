//! SQLite, and nothing but SQL: no rule of the directory is decided here.
//!
//! One writer connection and a few readers. Writes run in [`Storage::write`], a transaction that
//! begins IMMEDIATE: what a decision reads there, nobody else changes before it is stored.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lockstep_model::{Code, Epoch, Timestamp};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Row as _, Sqlite, SqliteConnection, Transaction};

use crate::metrics::metrics;

pub mod audit;
pub mod chain;
pub mod copy;
pub mod devices;
pub mod factors;
mod group;
pub mod people;
pub mod reports;
pub mod sessions;
pub mod settings;
pub mod shares;
pub mod upkeep;

/// Every version of the schema. One that was released is never edited.
static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// The database.
#[derive(Clone)]
pub struct Storage {
    writer: SqlitePool,
    readers: SqlitePool,
    epoch: Epoch,
    file: PathBuf,
}

pub use group::{Group, Together};

/// Why the database failed; none of it is for people.
#[derive(Debug, thiserror::Error)]
pub enum StorageFault {
    /// The database itself.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// The file is not there, or can't be made.
    #[error("the database file can't be read or made")]
    File(#[from] std::io::Error),
    /// The schema could not be brought up to date.
    #[error("the database could not be migrated")]
    Migration(#[source] MigrateError),
    /// A newer version of this program has written it.
    #[error(
        "the database is of a newer version (schema {found}; this program knows up to {known}). \
         Nothing was changed: start the newer lockstep-directory, or restore a backup from before"
    )]
    Newer {
        /// The schema's version.
        found: i64,
        /// The newest one of this program.
        known: i64,
    },
    /// A migration was edited after it had been applied.
    #[error(
        "schema version {0} of the database is not the one that this program knows. Nothing was \
         changed: this is no released lockstep-directory"
    )]
    Edited(i64),
    /// The database is of an older version, which only a start brings up to date.
    #[error("the database is of an older version: start `lockstep-directory serve` once")]
    Older,
    /// A stored value is not what this program wrote.
    #[error("a stored value of `{0}` is unreadable")]
    Value(&'static str),
    /// The transaction that this write shared with others failed.
    #[error("a write failed")]
    Together(#[source] Arc<Self>),
}

/// A write transaction: rolled back unless committed.
pub type Write = Transaction<'static, Sqlite>;

impl Storage {
    /// Makes a database in a new file.
    ///
    /// # Errors
    ///
    /// [`StorageFault`].
    pub async fn create(file: &Path) -> Result<Self, StorageFault> {
        Self::open_file(file, true).await
    }

    /// Opens the database in a file and migrates it as needed. A missing file is a fault: an empty
    /// directory would tell every device that it is no longer linked.
    ///
    /// # Errors
    ///
    /// [`StorageFault`].
    pub async fn open(file: &Path) -> Result<Self, StorageFault> {
        Self::open_file(file, false).await
    }

    async fn open_file(file: &Path, create: bool) -> Result<Self, StorageFault> {
        if create {
            // SQLite would leave the mode to the umask; its other files take this one's.
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(file)?;
        }
        let options = SqliteConnectOptions::new()
            .filename(file)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A password change that was acknowledged survives a power cut.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5));
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            // A file does not hang up: asking first would be a round to another thread each time.
            .test_before_acquire(false)
            .connect_with(options.clone())
            .await?;
        MIGRATIONS.run(&writer).await?;
        let mut write = writer.begin_with("BEGIN IMMEDIATE").await?;
        chain::begin(&mut write).await?;
        write.commit().await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .test_before_acquire(false)
            .connect_with(options.read_only(true))
            .await?;
        let epoch = present_epoch(&writer).await?;
        Ok(Self {
            writer,
            readers,
            epoch,
            file: file.to_owned(),
        })
    }

    /// The epoch of this database.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Begins a write. What comes often shares one: see [`Group`].
    ///
    /// # Errors
    ///
    /// [`StorageFault`].
    pub async fn write(&self) -> Result<Write, StorageFault> {
        let asked = Instant::now();
        let write = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        metrics().write_waited(asked.elapsed());
        Ok(write)
    }

    /// A connection for reading.
    ///
    /// # Errors
    ///
    /// [`StorageFault`].
    pub async fn read(&self) -> Result<sqlx::pool::PoolConnection<Sqlite>, StorageFault> {
        Ok(self.readers.acquire().await?)
    }

    /// How many bytes the database takes on disk, its write-ahead log included.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let mut log = self.file.clone().into_os_string();
        log.push("-wal");
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |about| about.len());
        size(&self.file) + size(Path::new(&log))
    }

    /// Waits for running statements and closes every connection.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// Opens a database only to read it, as it is: nothing is migrated.
///
/// # Errors
///
/// [`StorageFault`].
pub async fn look(file: &Path) -> Result<SqliteConnection, StorageFault> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .read_only(true)
        .busy_timeout(Duration::from_secs(5));
    Ok(options.connect().await?)
}

/// Whether the schema is of this program's version.
///
/// # Errors
///
/// [`StorageFault::Newer`], [`StorageFault::Older`], or a fault of the database.
pub async fn is_present(db: &mut Connection) -> Result<(), StorageFault> {
    let query = sqlx::query("SELECT max(version) AS version FROM _sqlx_migrations WHERE success");
    let found: Option<i64> = query.fetch_one(db).await?.try_get("version")?;
    let found = found.unwrap_or_default();
    let known = newest_known();
    match found.cmp(&known) {
        std::cmp::Ordering::Less => Err(StorageFault::Older),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(StorageFault::Newer { found, known }),
    }
}

/// Ends a write.
///
/// # Errors
///
/// [`StorageFault`]; nothing was stored then.
pub async fn commit(write: Write) -> Result<(), StorageFault> {
    let began = Instant::now();
    write.commit().await?;
    metrics().committed(began.elapsed());
    Ok(())
}

async fn present_epoch(writer: &SqlitePool) -> Result<Epoch, StorageFault> {
    sqlx::query("INSERT INTO directory (only_row, epoch) VALUES (1, $1) ON CONFLICT DO NOTHING")
        .bind(Epoch::fresh().0.to_string())
        .execute(writer)
        .await?;
    let row = sqlx::query("SELECT epoch FROM directory")
        .fetch_one(writer)
        .await?;
    parse(&row, "epoch").map(Epoch)
}

/// Reads a text column as anything that parses.
fn parse<T: std::str::FromStr>(
    row: &sqlx::sqlite::SqliteRow,
    column: &'static str,
) -> Result<T, StorageFault> {
    let text: String = row.try_get(column)?;
    text.parse().map_err(|_| StorageFault::Value(column))
}

/// Reads an integer column into a narrower type.
fn number<T: TryFrom<i64>>(
    row: &sqlx::sqlite::SqliteRow,
    column: &'static str,
) -> Result<T, StorageFault> {
    let wide: i64 = row.try_get(column)?;
    T::try_from(wide).map_err(|_| StorageFault::Value(column))
}

fn time(row: &sqlx::sqlite::SqliteRow, column: &'static str) -> Result<Timestamp, StorageFault> {
    Ok(Timestamp(row.try_get(column)?))
}

fn maybe_time(
    row: &sqlx::sqlite::SqliteRow,
    column: &'static str,
) -> Result<Option<Timestamp>, StorageFault> {
    Ok(row.try_get::<Option<i64>, _>(column)?.map(Timestamp))
}

/// Reads a text column that holds a serde-named enum variant.
fn word<T: serde::de::DeserializeOwned>(
    row: &sqlx::sqlite::SqliteRow,
    column: &'static str,
) -> Result<T, StorageFault> {
    let text: String = row.try_get(column)?;
    serde_json::from_value(serde_json::Value::String(text)).map_err(|_| StorageFault::Value(column))
}

/// Writes a serde-named enum variant as its bare word.
fn as_word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(_) | Err(_) => String::new(),
    }
}

impl From<MigrateError> for StorageFault {
    fn from(fault: MigrateError) -> Self {
        if let MigrateError::VersionMissing(found) = fault {
            let known = newest_known();
            return Self::Newer { found, known };
        }
        if let MigrateError::VersionMismatch(version) = fault {
            return Self::Edited(version);
        }
        Self::Migration(fault)
    }
}

fn newest_known() -> i64 {
    let versions = MIGRATIONS.iter().map(|step| step.version);
    versions.max().unwrap_or_default()
}

impl From<StorageFault> for Code {
    fn from(_: StorageFault) -> Self {
        Self::DirectoryFault
    }
}

/// What every query function takes: a reader's connection or a write's.
type Connection = SqliteConnection;
