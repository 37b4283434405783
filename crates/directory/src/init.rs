//! Setting a directory up: keys, certificate, configuration, database, and the first admin.

use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use lockstep_model::password::Policy;
use lockstep_model::{Ksf, Timestamp};
use lockstep_protocol::api::ItContact;
use lockstep_protocol::api::me::Role;
use lockstep_protocol::api::public::LinkKind;

use crate::config::{Config, Files, Rules, Tls, Words, host};
use crate::core::names::{self, UserName};
use crate::http::{INVITATION_MS, activation_link, now};
use crate::keys::Keys;
use crate::storage::audit::{self, Action, Entry};
use crate::storage::{Storage, commit, people, upkeep};
use crate::{certificate, place, tokens};

/// What an admin has to say.
#[derive(Clone, Debug)]
pub struct Answers {
    /// The one public address.
    pub url: String,
    /// Where to listen.
    pub listen: Vec<SocketAddr>,
    /// The organisation's name.
    pub organisation: String,
    /// Whom people ask for help.
    pub it_contact: ItContact,
    /// The first admin's user name.
    pub admin: String,
    /// The key stretching of new passwords.
    pub ksf: Ksf,
}

/// Sets a directory up in an empty or new folder and gives the first admin's activation link.
///
/// # Errors
///
/// Any fault ends it and leaves nothing behind; a folder that isn't empty is refused untouched.
pub async fn init(files: &Files, answers: Answers) -> anyhow::Result<String> {
    if host(&answers.url).is_none() {
        bail!("--url must be https://host[:port], without a path");
    }
    let admin = UserName::choose(&answers.admin)
        .map_err(|_| anyhow::anyhow!("--admin: a user name has only a-z, 0-9, dot, dash, _"))?;
    if std::fs::read_dir(&files.folder).is_ok_and(|mut inside| inside.next().is_some()) {
        bail!(
            "{} is not empty: is there a directory already?",
            files.folder.display()
        );
    }
    let config = Config {
        url: answers.url.clone(),
        realm: uuid::Uuid::new_v4().to_string(),
        listen: answers.listen,
        tls: Tls {
            certificate: PathBuf::from("tls.pem"),
            key: PathBuf::from("tls.key"),
            authority: Some(PathBuf::from("ca.pem")),
        },
        ksf: answers.ksf,
        organisation: Words {
            name: names::display_name(&answers.organisation)
                .map_err(|_| anyhow::anyhow!("--organisation: 1 to 128 characters"))?
                .to_owned(),
            it_contact: answers.it_contact,
            policy: Policy::default(),
        },
        rules: Rules::default(),
        metrics: None,
    };
    config.check()?;
    // Made beside its place and moved there whole: after any failure `init` can be run again.
    let making = Files {
        folder: beside(&files.folder)?,
    };
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&making.folder)
        .with_context(|| format!("can't make {}", making.folder.display()))?;
    // A folder that stands ready for an account of its own stays that account's.
    let ready = std::fs::metadata(&files.folder).ok();
    let made = fill(&making, &config, &admin).await;
    let made = made.and_then(|link| give_to(&making.folder, ready.as_ref()).map(|()| link));
    let moved = match &made {
        Ok(_) => std::fs::rename(&making.folder, &files.folder)
            .with_context(|| format!("can't make {}", files.folder.display())),
        Err(_) => Ok(()),
    };
    if made.is_err() || moved.is_err() {
        std::fs::remove_dir_all(&making.folder)?;
    }
    moved?;
    made
}

async fn fill(files: &Files, config: &Config, admin: &UserName) -> anyhow::Result<String> {
    certificate::make(files, config)?;
    place::new_file(
        &files.config(),
        toml::to_string_pretty(config)?.as_bytes(),
        0o600,
    )?;
    let keys = Keys::fresh()?;
    keys.save(&files.keys())?;
    let link = first_admin(files, config, admin, &keys).await?;
    place::sync_folder(&files.folder)?;
    Ok(link)
}

/// Gives a new folder and its files to the owner of the one that it will replace.
fn give_to(folder: &Path, ready: Option<&std::fs::Metadata>) -> anyhow::Result<()> {
    let Some(ready) = ready.filter(|_| rustix::process::geteuid().is_root()) else {
        return Ok(());
    };
    let give = |path: &Path| std::os::unix::fs::chown(path, Some(ready.uid()), Some(ready.gid()));
    for file in std::fs::read_dir(folder)? {
        give(&file?.path())?;
    }
    Ok(give(folder)?)
}

/// A name in the same folder, so that moving is one step.
fn beside(folder: &Path) -> anyhow::Result<PathBuf> {
    let name = folder
        .file_name()
        .context("--data names no folder")?
        .to_string_lossy();
    let parent = folder
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    Ok(parent
        .unwrap_or(Path::new("."))
        .join(format!(".{name}.{}", std::process::id())))
}

async fn first_admin(
    files: &Files,
    config: &Config,
    admin: &UserName,
    keys: &Keys,
) -> anyhow::Result<String> {
    let storage = Storage::create(&files.database()).await?;
    let at = now();
    let person = keys.pseudo_person(admin.as_str());
    let token = tokens::fresh();
    let mut write = storage.write().await?;
    upkeep::set_key_check(&mut write, &keys.check(&config.realm)).await?;
    people::add(&mut write, person, admin, admin.as_str(), Role::Owner, at).await?;
    let expires_at = Timestamp(at.0 + INVITATION_MS);
    let hash = tokens::hash(&token);
    people::add_link(&mut write, person, &hash, LinkKind::Invitation, expires_at).await?;
    let entry = Entry {
        at,
        actor: "directory",
        action: Action::DirectoryInitialised,
        subject: admin.as_str(),
        address: "local",
        result: Ok(()),
    };
    audit::append(&mut write, entry).await?;
    commit(write).await?;
    storage.close().await;
    Ok(activation_link(&config.url, &token).0)
}
