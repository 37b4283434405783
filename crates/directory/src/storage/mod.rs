//! SQLite, and nothing but SQL: no rule of the directory is decided here.
//!
//! One writer connection and a few readers. Writes run in [`Storage::write`], a transaction that
//! begins IMMEDIATE: what a decision reads there, nobody else changes before it is stored.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lockstep_model::{Code, Epoch, Timestamp};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Row as _, Sqlite, SqliteConnection, Transaction};

pub mod audit;
pub mod devices;
mod group;
pub mod people;
pub mod sessions;
pub mod shares;

/// The database.
#[derive(Clone)]
pub struct Storage {
    writer: SqlitePool,
    readers: SqlitePool,
    epoch: Epoch,
}

pub use group::{Group, Together};

/// Why the database failed; none of it is for people.
#[derive(Debug, thiserror::Error)]
pub enum StorageFault {
    /// The database itself.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the database could not be migrated")]
    Migration(#[from] sqlx::migrate::MigrateError),
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
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(create)
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
        sqlx::migrate!("migrations/sqlite").run(&writer).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .test_before_acquire(false)
            .connect_with(options.read_only(true).create_if_missing(false))
            .await?;
        let epoch = present_epoch(&writer).await?;
        Ok(Self {
            writer,
            readers,
            epoch,
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
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// A connection for reading.
    ///
    /// # Errors
    ///
    /// [`StorageFault`].
    pub async fn read(&self) -> Result<sqlx::pool::PoolConnection<Sqlite>, StorageFault> {
        Ok(self.readers.acquire().await?)
    }

    /// Waits for running statements and closes every connection.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// Ends a write.
///
/// # Errors
///
/// [`StorageFault`]; nothing was stored then.
pub async fn commit(write: Write) -> Result<(), StorageFault> {
    Ok(write.commit().await?)
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

impl From<StorageFault> for Code {
    fn from(_: StorageFault) -> Self {
        Self::DirectoryFault
    }
}

/// What every query function takes: a reader's connection or a write's.
type Connection = SqliteConnection;
