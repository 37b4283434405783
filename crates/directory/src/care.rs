//! What is done at each start and once a day, and what only an operator at the machine may do.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use lockstep_model::Timestamp;
use lockstep_protocol::api::me::Role;
use lockstep_protocol::api::public::LinkKind;

use crate::certificate;
use crate::config::{Config, Files};
use crate::http::{Directory, INVITATION_MS, activation_link, error_chain, now};
use crate::keys::{KeyFault, Keys};
use crate::storage::audit::{self, Action, Entry};
use crate::storage::{self, Storage, StorageFault, chain, commit, people, upkeep};
use crate::tls::Certificate;
use crate::tokens;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Does what is due every day, for ever.
pub(crate) async fn daily(directory: Arc<Directory>, files: Files, shown: Arc<Certificate>) {
    loop {
        tokio::time::sleep(DAY).await;
        tidy_up(&directory.storage).await;
        let renewed = match certificate::renew_if_due(&files, &directory.config) {
            Ok(true) => shown.reload(&files, &directory.config),
            Ok(false) => Ok(()),
            Err(fault) => Err(fault),
        };
        if let Err(fault) = renewed {
            tracing::error!(
                error.chain = format!("{fault:#}"),
                "the certificate was not renewed"
            );
        }
    }
}

/// Deletes what has expired, and notes the audit's head.
pub(crate) async fn tidy_up(storage: &Storage) {
    if let Err(fault) = sweep(storage).await {
        tracing::error!(
            error.chain = error_chain(&fault),
            "what has expired was not deleted"
        );
    }
    note_head(storage).await;
}

/// Writes the audit's head into the log: whoever keeps the log elsewhere can prove by it that nothing
/// before was altered.
pub(crate) async fn note_head(storage: &Storage) {
    let head = async { chain::head(&mut *storage.read().await?).await };
    match head.await {
        Ok(head) => tracing::info!(%head, "audit"),
        Err(fault) => tracing::error!(
            error.chain = error_chain(&fault),
            "the audit's head is unreadable"
        ),
    }
}

async fn sweep(storage: &Storage) -> Result<(), StorageFault> {
    let mut write = storage.write().await?;
    let swept = upkeep::sweep(&mut write, now()).await?;
    commit(write).await?;
    if swept > 0 {
        tracing::info!(
            swept,
            "expired sessions, invitations and enrolment strings were deleted"
        );
    }
    Ok(())
}

/// Makes a new activation link for the first admin, whose former one has expired.
///
/// # Errors
///
/// The first admin has a password, or the database can't be written.
pub async fn admin_link(files: &Files) -> anyhow::Result<String> {
    let config = Config::load(files)?;
    let storage = open_storage(files, &config).await?.1;
    let made = make_admin_link(&storage, &config).await;
    storage.close().await;
    made
}

async fn make_admin_link(storage: &Storage, config: &Config) -> anyhow::Result<String> {
    let at = now();
    let mut write = storage.write().await?;
    let everybody = people::all(&mut write).await?;
    let mut owners = everybody
        .into_iter()
        .filter(|person| person.role == Role::Owner);
    let owner = owners.next().context("the directory has no admin")?;
    if owner.credential.is_some() || owners.any(|other| other.credential.is_some()) {
        bail!(
            "{} has a password already: sign in with it, or make a `reset-link`",
            owner.user_name
        );
    }
    let token = tokens::fresh();
    people::end_links(&mut write, owner.id).await?;
    let expires_at = Timestamp(at.0 + INVITATION_MS);
    let hash = tokens::hash(&token);
    people::add_link(
        &mut write,
        owner.id,
        &hash,
        LinkKind::Invitation,
        expires_at,
    )
    .await?;
    let entry = Entry {
        at,
        actor: "directory",
        action: Action::AdminLinkMade,
        subject: &owner.user_name,
        address: "local",
        result: Ok(()),
    };
    audit::append(&mut write, entry).await?;
    commit(write).await?;
    Ok(activation_link(&config.url, &token).0)
}

/// Opens the database with the key file that belongs to it. With any other, nothing is changed, not
/// even the schema.
///
/// # Errors
///
/// A key file that is missing or another database's, or a database that can't be opened.
pub async fn open_storage(files: &Files, config: &Config) -> anyhow::Result<(Keys, Storage)> {
    let keys = Keys::load(&files.keys())?;
    let file = files.database();
    if !file.exists() {
        bail!(
            "{} is missing: restore a backup, or `init` a new directory",
            file.display()
        );
    }
    check_keys(&file, &keys, &config.realm).await?;
    let storage = Storage::open(&file)
        .await
        .context("can't open the database")?;
    let mut write = storage.write().await?;
    upkeep::set_key_check(&mut write, &keys.check(&config.realm)).await?;
    commit(write).await?;
    Ok((keys, storage))
}

/// Whether these keys are the database's, without a change to it.
///
/// # Errors
///
/// [`KeyFault::Foreign`], or a database that can't be read.
pub(crate) async fn check_keys(
    file: &std::path::Path,
    keys: &Keys,
    realm: &str,
) -> anyhow::Result<()> {
    let mut db = storage::look(file)
        .await
        .context("can't open the database")?;
    match storage::is_present(&mut db).await {
        Ok(()) | Err(StorageFault::Older) => {}
        Err(fault) => return Err(fault.into()),
    }
    let fits = match upkeep::key_check(&mut db).await? {
        Some(noted) => noted == keys.check(realm),
        // Of before there was a check value: a share tells as much.
        None => upkeep::any_share(&mut db)
            .await?
            .is_none_or(|(envelope, sealed)| keys.made_share(&envelope, &sealed)),
    };
    if fits {
        Ok(())
    } else {
        Err(KeyFault::Foreign.into())
    }
}
