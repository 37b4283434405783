//! The program as an operator runs it, on a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tempfile::TempDir;

use crate::cast::Cast;
use crate::world::World;

/// Runs `lockstep-directory`; what does not end by itself is killed, and fails whoever waits.
pub(crate) fn run(arguments: &[&str], data: &Path) -> Output {
    let mut command = Command::new("timeout");
    command.args(["--signal=KILL", "30"]);
    command.arg(env!("CARGO_BIN_EXE_lockstep-directory"));
    command.env("LOCKSTEP_LOG", "warn");
    command.args(arguments).arg("--data").arg(data);
    command.output().unwrap()
}

/// What it printed, when it went well.
#[track_caller]
pub(crate) fn said(arguments: &[&str], data: &Path) -> String {
    let output = run(arguments, data);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What it said on standard error, when it refused with exit code 1.
#[track_caller]
pub(crate) fn refused(arguments: &[&str], data: &Path) -> String {
    let output = run(arguments, data);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    String::from_utf8(output.stderr).unwrap()
}

/// Runs SQL on a database behind the directory's back, as somebody with access to the file would.
pub(crate) async fn sql(database: &Path, statements: &str) -> Result<(), sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(database)
        .create_if_missing(true)
        .foreign_keys(false);
    let mut db = options.connect().await?;
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))
        .execute(&mut db)
        .await?;
    db.close().await
}

/// A directory in use that was stopped: its folder, and what people and computers hold.
pub(crate) async fn stopped() -> (TempDir, PathBuf, Cast) {
    let world = World::new().await;
    let cast = Cast::play(&world).await;
    world.storage.close().await;
    let data = world.folder.path().join("data");
    (world.folder, data, cast)
}
