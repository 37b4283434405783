//! Bringing a backup back: a new epoch begins, and nothing that was replaced is deleted.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use lockstep_model::Epoch;
use sqlx::Connection as _;

use crate::backup::{Label, kept, label_of, stamp};
use crate::care::check_keys;
use crate::config::{Config, Files};
use crate::http::now;
use crate::keys::Keys;
use crate::place;
use crate::storage::audit::{self, Action, Entry};
use crate::storage::chain::Head;
use crate::storage::copy::{self, Renewed};
use crate::storage::{Storage, commit, look};

/// What a restore has done.
#[derive(Clone, Debug)]
pub struct Restored {
    /// When the backup was made.
    pub made_at: String,
    /// Where the replaced database is; none if there was none.
    pub replaced: Option<PathBuf>,
    /// What the new epoch has ended.
    pub renewed: Renewed,
}

/// Restores a backup into a data directory: the one that it was made of, or a new one if the backup
/// holds its keys.
///
/// # Errors
///
/// A backup that is not whole or another directory's, a server that runs, or files that can't be
/// written. The database in place is touched last, and only moved.
pub async fn restore(files: &Files, from: &Path) -> anyhow::Result<Restored> {
    let from = Files {
        folder: from.to_owned(),
    };
    let label = std::fs::read_to_string(label_of(&from.folder));
    let label = label.with_context(|| format!("{} is no backup", from.folder.display()))?;
    let label: Label = toml::from_str(&label).context("backup.toml has a mistake")?;
    let kept_config = Config::load(&from)?;
    if !files.folder.exists() {
        place::new_folder(&files.folder)?;
    }
    let _lock = place::lock(files)?;
    let config = if files.config().exists() {
        Config::load(files)?
    } else {
        kept_config.clone()
    };
    if config.realm != label.realm {
        bail!(
            "the backup is of another directory (realm {}, here {}). Nothing was changed",
            label.realm,
            config.realm
        );
    }
    let key_file = [files, &from]
        .into_iter()
        .map(Files::keys)
        .find(|file| file.exists());
    let key_file = key_file.with_context(|| {
        format!(
            "neither {} nor the backup has the key file directory.key. Put it there from where you \
             keep it: without it the database is of no use. Nothing was changed",
            files.folder.display()
        )
    })?;
    let keys = Keys::load(&key_file)?;

    let restoring = files
        .folder
        .join(format!(".restoring-{}.db", std::process::id()));
    let prepared = prepare(&from, &restoring, &keys, &label).await;
    let renewed = match prepared {
        Ok(renewed) => renewed,
        Err(fault) => {
            remove(&restoring)?;
            return Err(fault.context("nothing was changed"));
        }
    };
    place::give_to_owner(&std::fs::File::open(&restoring)?, &files.folder)?;
    for name in kept(&kept_config, true) {
        let (there, here) = (from.named(&name), files.named(&name));
        if there.exists() && !here.exists() {
            let public = name.extension().is_some_and(|kind| kind == "pem");
            let bytes = zeroize::Zeroizing::new(std::fs::read(&there)?);
            place::replace_file(&here, &bytes, if public { 0o644 } else { 0o600 })?;
        }
    }
    let replaced = put_aside(files)?;
    std::fs::rename(&restoring, files.database())?;
    place::sync_folder(&files.folder)?;
    Ok(Restored {
        made_at: label.made_at,
        replaced,
        renewed,
    })
}

/// Makes the database that will be put in place: checked, migrated, in its new epoch.
async fn prepare(
    from: &Files,
    restoring: &Path,
    keys: &Keys,
    label: &Label,
) -> anyhow::Result<Renewed> {
    let noted: Head = label
        .audit
        .parse()
        .map_err(anyhow::Error::msg)
        .context("backup.toml: audit")?;
    place::new_file(restoring, &[], 0o600)?;
    std::fs::copy(from.database(), restoring).context("can't copy the backup's database")?;
    check_keys(restoring, keys, &label.realm).await?;
    let storage = Storage::open(restoring)
        .await
        .context("can't open the backup's database")?;
    let mut db = look(restoring).await?;
    copy::check(&mut db, Some(noted))
        .await
        .context("the backup is of no use")?;
    db.close().await?;

    let mut write = storage.write().await?;
    let renewed = copy::begin_epoch(&mut write, Epoch::fresh(), now()).await?;
    let entry = Entry {
        at: now(),
        actor: "directory",
        action: Action::DirectoryRestored,
        subject: &format!("backup of {}", label.made_at),
        address: "local",
        result: Ok(()),
    };
    audit::append(&mut write, entry).await?;
    commit(write).await?;
    // The last connection folds the write-ahead log into the file.
    storage.close().await;
    std::fs::File::open(restoring)?.sync_all()?;
    Ok(renewed)
}

/// Moves the database in place into a folder of its own, if there is one. The file goes before its
/// log: whatever cuts this short, no server starts on a part of it.
fn put_aside(files: &Files) -> anyhow::Result<Option<PathBuf>> {
    if !files.database().exists() {
        return Ok(None);
    }
    let aside = files
        .folder
        .join(format!("replaced-{}-{}", stamp()?, std::process::id()));
    place::new_folder(&aside)?;
    place::give_to_owner(&std::fs::File::open(&aside)?, &files.folder)?;
    let [log, index] = files.beside_database();
    for file in [files.database(), log, index] {
        let name = file.file_name().context("no file name")?;
        if file.exists() {
            std::fs::rename(&file, aside.join(name))?;
        }
    }
    place::sync_folder(&aside)?;
    Ok(Some(aside))
}

fn remove(restoring: &Path) -> anyhow::Result<()> {
    for end in ["", "-wal", "-shm"] {
        let mut name = restoring.as_os_str().to_owned();
        name.push(end);
        match std::fs::remove_file(&name) {
            Ok(()) => {}
            Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    Ok(())
}
