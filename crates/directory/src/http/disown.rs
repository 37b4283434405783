//! "This wasn't me": said on a computer, or by a session that the change has ended.

use axum::Json;
use lockstep_model::Code;
use lockstep_protocol::api::Problem;
use lockstep_protocol::api::admin::ReportRow;
use lockstep_protocol::api::device::Disown;
use lockstep_protocol::api::public::Reported;

use super::actor::{Ended, Origin};
use super::assertion::FromDevice;
use super::change::topics;
use super::device::still_enrolled;
use super::door::Door;
use super::problem::Answer;
use super::{Directory, now};
use crate::core::access::DisownRule;
use crate::storage::audit::{self, Action, Entry};
use crate::storage::people::{self, Person};
use crate::storage::{Write, devices, reports, sessions};

/// Disowns the change that has ended the session which asks.
#[utoipa::path(post, operation_id = "disown_from_session", path = "/session/not-me",
    responses((status = 200, body = Reported), (status = "4XX", body = Problem)))]
pub(super) async fn from_session(
    Door(directory, ended): Door<Ended>,
    origin: Origin,
) -> Answer<Reported> {
    let (write, person) = ended.write(&directory).await?;
    let said = Said {
        actor: &person.user_name,
        client: &origin.client,
        address: &origin.address,
    };
    directory.disowned(write, &person, said).await
}

/// Disowns the present change on a computer that knows of it.
#[utoipa::path(post, operation_id = "disown_from_device", path = "/device/not-me", request_body = Disown,
    responses((status = 200, body = Reported), (status = "4XX", body = Problem)))]
pub(super) async fn from_device(
    origin: Origin,
    Door(directory, FromDevice { device, body: ask }): Door<FromDevice<Disown>>,
) -> Answer<Reported> {
    let mut write = directory.storage.write().await?;
    let bound = devices::binding(&mut write, ask.binding).await?;
    let bound = bound.filter(|bound| bound.device == device.id);
    still_enrolled(&mut write, device.id).await?;
    let person = bound.ok_or(Code::NotLinked)?.person;
    let person = people::by_id(&mut write, person).await?;
    let person = person.ok_or(Code::NotLinked)?;
    let present = person.credential.as_ref().map(|kept| kept.stamp);
    if present != Some(ask.stamp) {
        return Err(Code::ChangedMeanwhile.into());
    }
    let said = Said {
        actor: &device.actor(),
        client: &device.name,
        address: &origin.address,
    };
    directory.disowned(write, &person, said).await
}

/// By whom and from where it was said.
struct Said<'a> {
    actor: &'a str,
    client: &'a str,
    address: &'a str,
}

impl Directory {
    /// Opens a report. Said again, by whomever, it is the same one: nobody fills the audit, or ends
    /// what an admin has done about it meanwhile.
    async fn disowned(
        &self,
        mut write: Write,
        person: &Person,
        said: Said<'_>,
    ) -> Answer<Reported> {
        let at = now();
        let locked = match self.config.rules.this_was_not_me {
            DisownRule::Lock => true,
            DisownRule::Notice => false,
        };
        let report = ReportRow {
            at,
            client: said.client.to_owned(),
            address: said.address.to_owned(),
        };
        if !reports::open(&mut write, person.id, &report, locked).await? {
            let open = reports::of(&mut write, person.id).await?;
            return Ok(Json(Reported {
                at: open.map_or(at, |open| open.at),
                locked: person.access.locked_at.is_some(),
            }));
        }
        if locked {
            sessions::end_others(&mut write, person.id, &[], at).await?;
            people::end_links(&mut write, person.id).await?;
        }
        let entry = Entry {
            at,
            actor: said.actor,
            action: Action::PersonReported,
            subject: &person.user_name,
            address: said.address,
            result: Ok(()),
        };
        audit::append(&mut write, entry).await?;
        let concerned = topics(&mut write, person.id).await?;
        self.commit_and_tell(write, concerned).await?;
        tracing::warn!(person = %person.user_name, locked, "a person said \"This wasn't me\"");
        Ok(Json(Reported { at, locked }))
    }
}
