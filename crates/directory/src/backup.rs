//! Backups: a consistent copy while the directory runs, checked before it counts.
//!
//! A backup holds no key unless asked for: a copy of the database alone opens nothing and lets nobody
//! guess, so it may lie where backups lie. The keys hardly ever change and belong elsewhere.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use sqlx::Connection as _;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::care::check_keys;
use crate::certificate::key_of;
use crate::config::{Config, Files};
use crate::keys::Keys;
use crate::place;
use crate::storage::chain::Head;
use crate::storage::{copy, look};

/// What a backup says of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// When it was made: 20261123T211604Z.
    pub made_at: String,
    /// The version that made it.
    pub program: String,
    /// The realm it is of.
    pub realm: String,
    /// The audit's newest entry: `NUMBER:HASH`.
    pub audit: String,
}

/// A backup that was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// The folder.
    pub folder: PathBuf,
    /// The audit's head in it.
    pub head: Head,
}

/// Backs a directory up into a new folder, or into a new one inside a folder that is there.
///
/// # Errors
///
/// Whatever keeps the copy from being whole; nothing is left behind then.
pub async fn backup(files: &Files, to: &Path, with_keys: bool) -> anyhow::Result<Made> {
    let config = Config::load(files)?;
    let made_at = stamp()?;
    let folder = if to.is_dir() {
        to.join(format!("lockstep-directory-{made_at}"))
    } else {
        to.to_owned()
    };
    if folder.exists() {
        bail!(
            "{} is there already: nothing is ever overwritten",
            folder.display()
        );
    }
    let name = folder.file_name().context("--to names no folder")?;
    let parent = folder
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    // Made beside its place and moved there whole: a folder of that name is a backup that was checked.
    let making = parent.join(format!(".{}.{}", name.display(), std::process::id()));
    place::new_folder(&making)?;
    let filled = fill(
        files,
        &config,
        &Files {
            folder: making.clone(),
        },
        made_at,
        with_keys,
    )
    .await;
    let head = match filled {
        Ok(head) => head,
        Err(fault) => {
            std::fs::remove_dir_all(&making)?;
            return Err(fault);
        }
    };
    std::fs::rename(&making, &folder)
        .with_context(|| format!("can't make {}", folder.display()))?;
    place::sync_folder(parent)?;
    Ok(Made { folder, head })
}

async fn fill(
    files: &Files,
    config: &Config,
    into: &Files,
    made_at: String,
    with_keys: bool,
) -> anyhow::Result<Head> {
    // SQLite would leave the mode to the umask.
    place::new_file(&into.database(), &[], 0o600)?;
    let mut db = look(&files.database())
        .await
        .context("can't open the database")?;
    copy::copy_into(&mut db, &into.database())
        .await
        .context("can't copy the database")?;
    db.close().await?;
    File::open(into.database())?.sync_all()?;

    let mut copied = look(&into.database()).await?;
    let checked = copy::check(&mut copied, None).await;
    let head = checked.context("the copy was written, and is of no use")?;
    copied.close().await?;
    if let Ok(keys) = Keys::load(&files.keys()) {
        check_keys(&into.database(), &keys, &config.realm).await?;
    }
    for name in kept(config, with_keys) {
        let bytes = std::fs::read(files.named(&name));
        let bytes = zeroize::Zeroizing::new(
            bytes.with_context(|| format!("can't read {}", name.display()))?,
        );
        place::new_file(&into.named(&name), &bytes, 0o600)?;
    }
    let label = Label {
        made_at,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        realm: config.realm.clone(),
        audit: head.to_string(),
    };
    place::new_file(
        &label_of(&into.folder),
        toml::to_string(&label)?.as_bytes(),
        0o600,
    )?;
    place::sync_folder(&into.folder)?;
    Ok(head)
}

/// The files beside the database that a backup holds. Those that the configuration names elsewhere
/// are somebody else's to keep.
pub(crate) fn kept(config: &Config, with_keys: bool) -> Vec<PathBuf> {
    let authority = config.tls.authority.as_ref();
    let mut names = vec![
        PathBuf::from("directory.toml"),
        config.tls.certificate.clone(),
    ];
    names.extend(authority.cloned());
    if with_keys {
        names.extend([PathBuf::from("directory.key"), config.tls.key.clone()]);
        names.extend(authority.map(|authority| key_of(authority)));
    }
    names.retain(|name| name.components().count() == 1);
    names
}

/// Where a backup's label is.
pub(crate) fn label_of(folder: &Path) -> PathBuf {
    folder.join("backup.toml")
}

/// The present, as a part of a file's name.
pub(crate) fn stamp() -> anyhow::Result<String> {
    let form = format_description!("[year][month][day]T[hour][minute][second]Z");
    Ok(OffsetDateTime::now_utc().format(form)?)
}
