//! What admins set of the organisation: its logo, reminders and expiry.

use axum::Json;
use http::StatusCode;
use lockstep_protocol::Bytes;
use lockstep_protocol::api::admin::{NewLogo, PolicyChange, PolicyRules};
use lockstep_protocol::api::device::Logo;
use lockstep_protocol::api::{Organisation, Problem};

use super::actor::{Administrator, Body, FreshAdministrator, Origin};
use super::assertion::FromDevice;
use super::door::Door;
use super::problem::{Answer, Refusal};
use super::{Directory, now};
use crate::core::{logo, policy};
use crate::storage::Write;
use crate::storage::audit::{self, Action, Entry};
use crate::storage::settings::{self, Settings, StoredLogo};

/// The organisation's logo, for a computer.
#[utoipa::path(get, operation_id = "fetch_logo", path = "/device/logo",
    responses((status = 200, body = Logo), (status = "4XX", body = Problem)))]
pub(super) async fn fetch_logo(
    Door(
        directory,
        FromDevice {
            device: _,
            body: (),
        },
    ): Door<FromDevice<()>>,
) -> Answer<Logo> {
    let mut db = directory.storage.read().await?;
    let logo = settings::logo(&mut db).await?;
    Ok(Json(Logo {
        png: logo.map(|logo| Bytes(logo.png)),
    }))
}

/// Sets the logo, in place of the one before.
#[utoipa::path(post, operation_id = "set_logo", path = "/admin/logo", request_body = NewLogo,
    responses((status = 204), (status = "4XX", body = Problem)))]
pub(super) async fn set_logo(
    Door(directory, admin): Door<FreshAdministrator>,
    origin: Origin,
    Body(ask): Body<NewLogo>,
) -> Result<StatusCode, Refusal> {
    logo::check(ask.png.as_slice())?;
    let logo = StoredLogo {
        digest: logo::digest(ask.png.as_slice()),
        png: ask.png.0,
    };
    let mut write = admin.write(&directory).await?;
    settings::set_logo(&mut write, &logo).await?;
    let about = (Action::LogoSet, logo.digest.as_str());
    write_down(&mut write, &admin, about, &origin).await?;
    directory.commit_and_tell_computers(write).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes the logo. Repeating it is fine.
#[utoipa::path(post, operation_id = "remove_logo", path = "/admin/logo/remove",
    responses((status = 204), (status = "4XX", body = Problem)))]
pub(super) async fn remove_logo(
    Door(directory, admin): Door<FreshAdministrator>,
    origin: Origin,
) -> Result<StatusCode, Refusal> {
    let mut write = admin.write(&directory).await?;
    if settings::remove_logo(&mut write).await? {
        let about = (Action::LogoRemoved, "the logo");
        write_down(&mut write, &admin, about, &origin).await?;
    }
    directory.commit_and_tell_computers(write).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is set of reminders and expiry.
#[utoipa::path(get, operation_id = "show_policy", path = "/admin/policy",
    responses((status = 200, body = PolicyRules), (status = "4XX", body = Problem)))]
pub(super) async fn show_policy(Door(directory, _): Door<Administrator>) -> Answer<PolicyRules> {
    let mut db = directory.storage.read().await?;
    Ok(Json(settings::all(&mut db).await?.rules))
}

/// Sets reminders and expiry; gives what is set now.
#[utoipa::path(post, operation_id = "change_policy", path = "/admin/policy",
    request_body = PolicyChange,
    responses((status = 200, body = PolicyRules), (status = "4XX", body = Problem)))]
pub(super) async fn change_policy(
    Door(directory, admin): Door<FreshAdministrator>,
    origin: Origin,
    Body(ask): Body<PolicyChange>,
) -> Answer<PolicyRules> {
    let mut write = admin.write(&directory).await?;
    let before = settings::all(&mut write).await?.rules;
    let rules = policy::change(&before, &ask)?;
    settings::set_rules(&mut write, &rules).await?;
    let subject = format!(
        "reminder_hours={} expiry_days={}",
        rules.reminder_hours, rules.expiry_days
    );
    let about = (Action::PolicyChanged, subject.as_str());
    write_down(&mut write, &admin, about, &origin).await?;
    directory.commit_and_tell_computers(write).await?;
    Ok(Json(rules))
}

impl Directory {
    /// The organisation, with what admins have set.
    pub(super) fn organisation(&self, settings: &Settings) -> Organisation {
        let words = &self.config.organisation;
        Organisation {
            name: words.name.clone(),
            it_contact: words.it_contact.clone(),
            policy: words.policy,
            logo: settings.logo.clone(),
            reminder_hours: settings.rules.reminder_hours,
        }
    }
}

async fn write_down(
    write: &mut Write,
    admin: &Administrator,
    (action, subject): (Action, &str),
    origin: &Origin,
) -> Result<(), Refusal> {
    let entry = Entry {
        at: now(),
        actor: &admin.person().user_name,
        action,
        subject,
        address: &origin.address,
        result: Ok(()),
    };
    Ok(audit::append(write, entry).await?)
}
