//! What every new password has in common, whichever door it came through.

use lockstep_model::{Code, Origin, PersonId, Timestamp};
use sqlx::SqliteConnection;

use super::Directory;
use super::problem::Refusal;
use crate::core::credential::{self, Command, Credential, Event};
use crate::live::{Live, Topic};
use crate::storage::audit::{self, Action, Entry};
use crate::storage::people::{self, Person};
use crate::storage::{StorageFault, Write, commit, devices, reports, sessions, shares};

/// One new password.
pub(super) struct Change<'a> {
    pub(super) person: &'a Person,
    pub(super) command: Command,
    pub(super) action: Action,
    pub(super) keep_session: &'a [u8],
    pub(super) actor: &'a str,
    pub(super) address: &'a str,
    pub(super) at: Timestamp,
}

/// Sets a new password, commits, and tells everybody whom it concerns.
pub(super) async fn commit_change(
    directory: &Directory,
    mut write: Write,
    change: Change<'_>,
) -> Result<Credential, Refusal> {
    match set_password(&mut write, change).await? {
        Ok((credential, concerned)) => {
            directory.commit_and_tell(write, concerned).await?;
            Ok(credential)
        }
        Err(code) => {
            commit(write).await?;
            Err(code.into())
        }
    }
}

/// Stores a new credential, ends every session but one and every link, and writes it down; of a
/// refusal it stores the audit's entry alone. Gives the credential, and whom to tell once it is
/// committed.
pub(super) async fn set_password(
    write: &mut Write,
    change: Change<'_>,
) -> Result<Result<(Credential, Vec<Topic>), Code>, StorageFault> {
    let Change {
        person,
        command,
        action,
        keep_session,
        actor,
        address,
        at,
    } = change;
    let decided = credential::decide(person.credential.as_ref(), command);
    let entry = Entry {
        at,
        actor,
        action,
        subject: &person.user_name,
        address,
        result: decided.as_ref().map(|_| ()).map_err(|code| *code),
    };
    audit::append(write, entry).await?;
    match decided {
        Ok(Event::CredentialSet(credential)) => {
            people::set_credential(write, person.id, &credential).await?;
            people::end_links(write, person.id).await?;
            if credential.origin == Origin::Issued {
                // What was reported is the password of before.
                reports::resolve(write, person.id).await?;
                // Under the generation that is now an issued one, they would pass for its own.
                let generation = credential.stamp.generation;
                shares::delete_uncommitted(write, person.id, generation).await?;
            }
            sessions::end_by_change(write, person.id, keep_session, &credential.changed).await?;
            let concerned = topics(write, person.id).await?;
            Ok(Ok((credential, concerned)))
        }
        Err(code) => Ok(Err(code)),
    }
}

/// Everybody who listens to what concerns a person: their portals and their computers.
pub(super) async fn topics(
    db: &mut SqliteConnection,
    person: PersonId,
) -> Result<Vec<Topic>, StorageFault> {
    let bindings = devices::bindings_of_person(db, person).await?;
    let computers = bindings
        .into_iter()
        .map(|binding| Topic::Device(binding.device));
    Ok(computers.chain([Topic::Person(person)]).collect())
}

impl Directory {
    /// Commits a write and wakes whom it concerns, even if the client has hung up meanwhile: a
    /// change that nobody is told of would wait for the next one.
    pub(super) async fn commit_and_tell(
        &self,
        write: Write,
        concerned: Vec<Topic>,
    ) -> Result<(), Refusal> {
        let tell = move |live: &Live| {
            for topic in concerned {
                live.touch(topic);
            }
        };
        self.commit_and(write, tell).await
    }

    /// Commits a write that concerns every computer, and wakes them in the same way.
    pub(super) async fn commit_and_tell_computers(&self, write: Write) -> Result<(), Refusal> {
        self.commit_and(write, Live::touch_devices).await
    }

    async fn commit_and(
        &self,
        write: Write,
        tell: impl FnOnce(&Live) + Send + 'static,
    ) -> Result<(), Refusal> {
        let live = self.live.clone();
        let committing = tokio::spawn(async move {
            commit(write).await?;
            tell(&live);
            Ok::<(), StorageFault>(())
        });
        committing.await.map_err(|_| Code::AnswerLost)??;
        Ok(())
    }
}
