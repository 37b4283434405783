//! What an admin decides about a person.

use std::os::fd::RawFd;
use std::path::Path;

use lockstep_client::issue::{Issue, draw};
use lockstep_client::{Client, Fault, From};
use lockstep_model::password::Names;
use lockstep_model::{Code, Secret};
use lockstep_protocol::api::Organisation;
use lockstep_protocol::api::admin::{Issued, People, PersonRow, ResetLink};
use lockstep_protocol::api::me::Me;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::session::Session;
use super::{believed, open};
use crate::arguments::{Decision, IssueOptions};
use crate::show::Show;
use crate::{Stopped, secret};

/// Decides about one person.
pub(super) async fn decide(
    decision: &Decision,
    again: Option<RawFd>,
    file: &Path,
    show: &Show,
) -> Result<(), Stopped> {
    let mut desk = Desk { file, again };
    match decision {
        Decision::Issue(options) => issue(&mut desk, options, show).await?,
        Decision::ResetLink { user_name } => {
            let person = desk.person(user_name).await?;
            let path = format!("/admin/people/{}/reset-link", person.person);
            let link: ResetLink = desk.post(&path).await?;
            show.value(&link, |link| link.reset_link.0.clone());
            show.note("The link works once, for a day. Hand it to the person, and to nobody else.");
        }
        Decision::ResetFactor { user_name } => {
            desk.say(user_name, "reset-factor").await?;
            show.note(
                "Reset: the person can set up another. It stands for no password from before now.",
            );
        }
        Decision::Unlock { user_name } => {
            desk.say(user_name, "unlock").await?;
            show.note("Unlocked: the person can sign in again with the present password.");
        }
        Decision::Suspend { user_name } => {
            desk.say(user_name, "suspend").await?;
            show.note(
                "Suspended: signed out everywhere, and no sign-in or sync is accepted. The \
                 person's computers keep the passwords that they have.",
            );
        }
        Decision::Resume { user_name } => {
            desk.say(user_name, "resume").await?;
            show.note("Resumed: the person can sign in again.");
        }
    }
    Ok(())
}

async fn issue(desk: &mut Desk<'_>, options: &IssueOptions, show: &Show) -> Result<(), Stopped> {
    let person = desk.person(&options.user_name).await?;
    let (client, _) = desk.open()?;
    let organisation: Organisation = client.get(From::Anybody, "/organisation").await?;
    let policy = &organisation.policy;
    let password = match options.password_fd {
        Some(fd) => secret::read("Password to issue", Some(fd))?,
        None => draw(policy),
    };
    let issue = || Issue {
        person: person.person,
        names: Names {
            user_name: &person.user_name,
            display_name: &person.display_name,
        },
        policy,
        password: &password,
        temporary: !options.permanent,
    };
    let issued = match client.issue(&desk.token()?, issue()).await {
        Err(fault) if fault.code == Code::SignInAgain => {
            desk.sign_in_again().await?;
            let (client, _) = desk.open()?;
            client.issue(&desk.token()?, issue()).await
        }
        ended => ended,
    };
    tell(&issued?, options, &password, show);
    Ok(())
}

/// Prints the password once, and which computers the person can't start with it yet.
fn tell(issued: &Issued, options: &IssueOptions, password: &Secret, show: &Show) {
    let said = json!({
        "generation": issued.generation,
        "behind": issued.behind,
        "password": options.password_fd.is_none().then(|| text(password)),
    });
    show.value(&said, |_| match options.password_fd {
        Some(_) => "Issued.".to_owned(),
        None => text(password),
    });
    if !options.permanent {
        show.note("It is for one use: at the first use the person chooses an own one.");
    }
    if !issued.behind.is_empty() {
        let names = issued.behind.iter().map(|computer| computer.name.as_str());
        let names: Vec<&str> = names.collect();
        show.note(&format!(
            "Still opening, and starting, with the old password until the person syncs there: {}.",
            names.join(", ")
        ));
    }
}

fn text(password: &Secret) -> String {
    String::from_utf8_lossy(password.expose()).into_owned()
}

/// The admin's session, signed in again where the directory asks for it.
struct Desk<'a> {
    file: &'a Path,
    again: Option<RawFd>,
}

impl Desk<'_> {
    /// The one person of a user name.
    async fn person(&self, user_name: &str) -> Result<PersonRow, Fault> {
        let (client, session) = self.open()?;
        let from = From::Session(&session.token());
        let all: People = client.get(from, "/admin/people").await?;
        let found = all
            .people
            .into_iter()
            .find(|row| row.user_name == user_name);
        found.ok_or_else(|| Fault::new(Code::NoSuchPerson, user_name))
    }

    async fn say(&mut self, user_name: &str, decision: &str) -> Result<(), Fault> {
        let person = self.person(user_name).await?.person;
        self.post(&format!("/admin/people/{person}/{decision}"))
            .await
    }

    async fn post<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, Fault> {
        risky(self.file, self.again, path, &()).await
    }

    async fn sign_in_again(&mut self) -> Result<(), Fault> {
        sign_in_again(self.file, self.again).await
    }

    fn open(&self) -> Result<(Client, Session), Fault> {
        open(self.file)
    }

    fn token(&self) -> Result<Secret, Fault> {
        Ok(Session::load(self.file)?.token())
    }
}

/// Sends what is risky; where the directory wants the admin's password once more, it is asked for.
pub(super) async fn risky<T: DeserializeOwned>(
    file: &Path,
    again: Option<RawFd>,
    path: &str,
    message: &impl Serialize,
) -> Result<T, Fault> {
    match super::post(file, path, message).await {
        Err(fault) if fault.code == Code::SignInAgain => {
            sign_in_again(file, again).await?;
            super::post(file, path, message).await
        }
        ended => ended,
    }
}

async fn sign_in_again(file: &Path, again: Option<RawFd>) -> Result<(), Fault> {
    let (client, session) = open(file)?;
    let me: Me = client.get(From::Session(&session.token()), "/me").await?;
    let label = format!("That needs your password once more, {}", me.user_name);
    let password = secret::read(&label, again)?;
    let ca = session.authority()?;
    let fresh = Client::new(session.url(), &believed(ca.as_deref()))?;
    let token = fresh.sign_in(&me.user_name, &password).await?;
    Session::new(session.url(), ca, &token).save(file)?;
    // The former session has served; should it not end now, it ends by itself.
    let ended: Result<(), Fault> = client
        .delete(From::Session(&session.token()), "/session")
        .await;
    drop(ended);
    Ok(())
}
