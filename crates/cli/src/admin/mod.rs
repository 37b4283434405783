//! `lockstep admin`: administers the directory over HTTPS.

use std::collections::BTreeSet;

use lockstep_client::transport::Trust;
use lockstep_client::{Client, Fault, From};
use lockstep_model::{Code, DeviceId};
use lockstep_protocol::api::admin::{
    Audit, Computers, Enrolment, Invited, NewEnrolment, NewPerson, People, PolicyChange,
};

use crate::arguments::{Admin, AdminCommand};
use crate::show::Show;
use crate::{Stopped, secret};

mod accounts;
mod factor;
mod organisation;
mod session;
mod text;

use session::Session;

/// Runs one admin command.
pub(crate) async fn run(admin: Admin, show: &Show) -> Result<(), Stopped> {
    let file = session::file(admin.session)?;
    match admin.command {
        AdminCommand::Activate {
            trust,
            link_fd,
            password_fd,
        } => {
            let link = secret::read_token("Activation or reset link", link_fd)?;
            let (url, invitation) = split_link(link.expose())?;
            let ca = trust
                .ca
                .as_deref()
                .map(session::read_authority)
                .transpose()?;
            let client = Client::new(url, &believed(ca.as_deref()))?;
            let password = secret::read("Choose your password", password_fd)?;
            let token = client.activate(invitation, &password).await?;
            Session::new(url, ca, &token).save(&file)?;
            show.note("Your password is set, and you are signed in.");
        }
        AdminCommand::SignIn {
            url,
            trust,
            user_name,
            password_fd,
        } => {
            let ca = trust
                .ca
                .as_deref()
                .map(session::read_authority)
                .transpose()?;
            let client = Client::new(&url, &believed(ca.as_deref()))?;
            let password = secret::read("Password", password_fd)?;
            let token = client.sign_in(&user_name, &password).await?;
            Session::new(&url, ca, &token).save(&file)?;
            show.note("Signed in.");
        }
        AdminCommand::SignOut => {
            let (client, session) = open(&file)?;
            let token = session.token();
            let () = client.delete(From::Session(&token), "/session").await?;
            session::forget(&file)?;
            show.note("Signed out.");
        }
        AdminCommand::People => {
            let people: People = get(&file, "/admin/people").await?;
            show.value(&people, text::people);
        }
        AdminCommand::Invite {
            user_name,
            display_name,
        } => {
            let display_name = display_name.unwrap_or_else(|| user_name.clone());
            let person = NewPerson {
                user_name,
                display_name,
            };
            let invited: Invited = post(&file, "/admin/people", &person).await?;
            show.value(&invited, |invited| invited.activation_link.0.clone());
            show.note("The link works once. Hand it to the person, and to nobody else.");
        }
        AdminCommand::Decide(decision) => {
            accounts::decide(&decision, admin.admin_password_fd, &file, show).await?;
        }
        AdminCommand::Factor(command) => {
            factor::run(&command, admin.admin_password_fd, &file, show).await?;
        }
        AdminCommand::Computers => {
            let computers: Computers = get(&file, "/admin/computers").await?;
            show.value(&computers, text::computers);
        }
        AdminCommand::Revoke { computer } => {
            let all: Computers = get(&file, "/admin/computers").await?;
            let device = find(&all, &computer)?;
            let path = format!("/admin/computers/{device}/revoke");
            let () = accounts::risky(&file, admin.admin_password_fd, &path, &()).await?;
            show.note(
                "Revoked. Its accounts keep their passwords; its sealed copies are unreadable.",
            );
        }
        AdminCommand::Enrolment { uses, valid_for } => {
            let ask = NewEnrolment {
                uses,
                valid_for_s: valid_for,
            };
            let enrolment: Enrolment = post(&file, "/admin/enrolments", &ask).await?;
            show.value(&enrolment, |enrolment| enrolment.enrolment.0.clone());
            show.note("On the computer: sudo lockstep enrol, then paste the line above.");
        }
        AdminCommand::Logo(command) => {
            organisation::logo(&command, admin.admin_password_fd, &file, show).await?;
        }
        AdminCommand::Policy {
            reminder_hours,
            expiry_days,
        } => {
            let change = PolicyChange {
                reminder_hours,
                expiry_days,
            };
            organisation::policy(&change, admin.admin_password_fd, &file, show).await?;
        }
        AdminCommand::Audit => {
            let audit: Audit = get(&file, "/admin/audit").await?;
            show.value(&audit, text::audit);
        }
    }
    Ok(())
}

/// The one computer of a name or id.
fn find(all: &Computers, wanted: &str) -> Result<DeviceId, Fault> {
    let linked = all
        .computers
        .iter()
        .map(|row| (row.computer.device, &row.computer.name));
    let unlinked = all
        .unlinked
        .iter()
        .map(|device| (device.device, &device.name));
    let found: BTreeSet<DeviceId> = linked
        .chain(unlinked)
        .filter(|(device, name)| name.as_str() == wanted || device.to_string() == wanted)
        .map(|(device, _)| device)
        .collect();
    match (found.first(), found.len()) {
        (Some(device), 1) => Ok(*device),
        (_, 0) => Err(Fault::new(Code::NotLinked, format!("no computer {wanted}"))),
        (_, _) => Err(Fault::new(
            Code::BadRequest,
            format!("several are named {wanted}: give the id"),
        )),
    }
}

async fn get<T: serde::de::DeserializeOwned>(
    file: &std::path::Path,
    path: &str,
) -> Result<T, Fault> {
    let (client, session) = open(file)?;
    client.get(From::Session(&session.token()), path).await
}

async fn post<T: serde::de::DeserializeOwned>(
    file: &std::path::Path,
    path: &str,
    message: &impl serde::Serialize,
) -> Result<T, Fault> {
    let (client, session) = open(file)?;
    client
        .post(From::Session(&session.token()), path, message)
        .await
}

fn open(file: &std::path::Path) -> Result<(Client, Session), Fault> {
    let session = Session::load(file)?;
    let client = Client::new(session.url(), &believed(session.authority()?.as_deref()))?;
    Ok((client, session))
}

fn believed(ca: Option<&[u8]>) -> Trust {
    ca.map_or(Trust::System, |ca| Trust::Pinned(ca.to_vec()))
}

/// The address and token of an activation or reset link.
fn split_link(link: &[u8]) -> Result<(&str, &str), Fault> {
    let bad = || Fault::new(Code::InvitationSpent, "that is no link of a directory");
    let link = std::str::from_utf8(link).map_err(|_| bad())?.trim();
    link.split_once("/activate#")
        .or_else(|| link.split_once("/reset#"))
        .filter(|(_, token)| !token.is_empty())
        .ok_or_else(bad)
}
