//! The way back for an admin whom no other admin can let in: it takes the directory's files.
//!
//! Only owners: whoever has the files has everything, but people's links are for admins to make, whose
//! names stand in the audit.

use anyhow::{Context as _, bail};
use lockstep_model::Timestamp;
use lockstep_protocol::api::me::Role;
use lockstep_protocol::api::public::LinkKind;

use crate::care;
use crate::config::{Config, Files};
use crate::core::names::UserName;
use crate::http::{RESET_LINK_MS, now, reset_link_of};
use crate::storage::audit::{self, Action, Entry};
use crate::storage::{Storage, commit, people};
use crate::tokens;

/// Makes a reset link for an owner: for the only one who forgot the password, or whom a "This wasn't
/// me" has locked. It resolves that report when it is used. The directory may be running.
///
/// # Errors
///
/// There is no such owner, they have no password yet or are suspended, or the files are unreadable.
pub async fn reset_link(files: &Files, user_name: &str) -> anyhow::Result<String> {
    let config = Config::load(files)?;
    let storage = care::open_storage(files, &config).await?.1;
    let made = make(&storage, &config, user_name).await;
    storage.close().await;
    made
}

async fn make(storage: &Storage, config: &Config, user_name: &str) -> anyhow::Result<String> {
    let at = now();
    let mut write = storage.write().await?;
    let owner = people::by_name(&mut write, &UserName::as_typed(user_name)).await?;
    let owner = owner.filter(|person| person.role == Role::Owner);
    let owner = owner.with_context(|| format!("{user_name} is no admin of this directory"))?;
    if owner.credential.is_none() {
        bail!("{user_name} has yet to open the first link");
    }
    if owner.access.suspended_at.is_some() {
        bail!("{user_name} is suspended: another admin can resume them");
    }
    let token = tokens::fresh();
    let expires_at = Timestamp(at.0 + RESET_LINK_MS);
    people::end_links(&mut write, owner.id).await?;
    let hash = tokens::hash(&token);
    people::add_link(&mut write, owner.id, &hash, LinkKind::Reset, expires_at).await?;
    let entry = Entry {
        at,
        actor: "directory",
        action: Action::ResetLinkMade,
        subject: &owner.user_name,
        address: "local",
        result: Ok(()),
    };
    audit::append(&mut write, entry).await?;
    commit(write).await?;
    Ok(reset_link_of(&config.url, &token).0)
}
