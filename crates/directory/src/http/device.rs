//! A computer enrols, listens, reports, and retires envelopes.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::response::sse::{Event, Sse};
use futures_util::stream::Stream;
use http::StatusCode;
use lockstep_model::{Code, DeviceId, PersonId, Stamp};
use lockstep_protocol::api::Problem;
use lockstep_protocol::api::device::{
    BindingNews, CheckIn, Enrol, Enrolled, ListComputers, OtherComputers, Report, Reported,
    RetireEnvelopes, Unlink,
};
use lockstep_protocol::api::me::Standing;
use sqlx::SqliteConnection;

use super::actor::Origin;
use super::assertion::{Asserted, FromDevice};
use super::change::topics;
use super::door::Door;
use super::events::Line;
use super::problem::{Answer, Refusal};
use super::{Directory, events, now};
use crate::core::throttle::Lane;
use crate::core::{enrolment, names, policy, standing::ReportedStore};
use crate::live::Topic;
use crate::storage::audit::{self, Action, Entry};
use crate::storage::devices::DeviceRecord;
use crate::storage::{StorageFault, Together, Write, commit, devices, people, settings, shares};
use crate::tokens;

/// Enrols a computer: spends one use of an enrolment string.
#[utoipa::path(post, operation_id = "enrol_device", path = "/device/enrol", request_body = Enrol,
    responses((status = 200, body = Enrolled), (status = "4XX", body = Problem)))]
pub(super) async fn enrol(
    origin: Origin,
    Door(
        directory,
        Asserted {
            key,
            body: ask,
            claims: _,
        },
    ): Door<Asserted<Enrol>>,
) -> Answer<Enrolled> {
    let at = now();
    let lanes: Vec<Lane> = origin.source().into_iter().collect();
    directory.charge(&lanes)?;
    let name = names::display_name(&ask.name)
        .map_err(|_| Code::BadRequest)?
        .to_owned();
    let system = names::display_name(&ask.system)
        .map_err(|_| Code::BadRequest)?
        .to_owned();
    let agent = names::display_name(&ask.agent_version).map_err(|_| Code::BadRequest)?;
    let token_hash = tokens::hash(ask.token.expose());
    let public_key = key.to_encoded_point(false).as_bytes().to_vec();
    let mut write = directory.storage.write().await?;
    // The answer to an enrolment may have been lost: the same key with the same token gets it again.
    if let Some(device) = devices::enrolled_with(&mut write, &public_key, &token_hash).await? {
        return Ok(Json(directory.enrolled(&mut write, device.id).await?));
    }
    let token = devices::enrolment(&mut write, &token_hash).await?;
    let spent = enrolment::spend(token, at);
    let entry = Entry {
        at,
        actor: "somebody",
        action: Action::DeviceEnrolled,
        // A stranger's text is not for the audit.
        subject: if spent.is_ok() {
            &name
        } else {
            "an unknown computer"
        },
        address: &origin.address,
        result: spent.map(|_| ()),
    };
    audit::append(&mut write, entry).await?;
    let token = match spent {
        Ok(token) => token,
        Err(code) => {
            commit(write).await?;
            return Err(code.into());
        }
    };
    devices::set_enrolment(&mut write, &token_hash, token).await?;
    let device = DeviceRecord {
        id: DeviceId::fresh(),
        name,
        system,
        public_key,
        last_contact: Some(at),
        revoked: false,
    };
    if !devices::add(&mut write, &device, agent, &token_hash, at).await? {
        return Err(Code::AlreadyEnrolled.into());
    }
    let enrolled = directory.enrolled(&mut write, device.id).await?;
    commit(write).await?;
    directory.refund(&lanes);
    Ok(Json(enrolled))
}

/// Where the device's bindings stand.
#[utoipa::path(get, operation_id = "check_in", path = "/device/check-in",
    responses((status = 200, body = CheckIn), (status = "4XX", body = Problem)))]
pub(super) async fn check_in(
    Door(directory, FromDevice { device, body: () }): Door<FromDevice<()>>,
) -> Answer<CheckIn> {
    Ok(Json(directory.check_in(device.id).await?))
}

/// The same, as a stream of `check_in` events: now and at every change.
#[utoipa::path(get, operation_id = "watch_device", path = "/device/events",
    responses((status = 200, body = CheckIn, content_type = "text/event-stream"),
        (status = "4XX", body = Problem)))]
pub(super) async fn watch(
    Door(directory, FromDevice { device, body: () }): Door<FromDevice<()>>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>> + Send>, Refusal> {
    let listener = directory.live.listen(Topic::Device(device.id));
    directory.contact(device.id).await?;
    let leaving = Leaving {
        directory: Arc::clone(&directory),
        device: device.id,
    };
    let id = device.id;
    let stopping = directory.stopping();
    let line = Line {
        name: "check_in",
        listener,
        stopping,
        _keep: leaving,
    };
    Ok(events::stream(line, move || {
        let directory = Arc::clone(&directory);
        async move { directory.check_in(id).await }
    }))
}

/// Takes a report of how a binding's stores stand.
#[utoipa::path(post, operation_id = "report_stores", path = "/device/report", request_body = Report,
    responses((status = 200, body = Reported), (status = "4XX", body = Problem)))]
pub(super) async fn report(
    Door(directory, FromDevice { device, body: ask }): Door<FromDevice<Report>>,
) -> Answer<Reported> {
    let at = now();
    let mut write = directory.storage.write().await?;
    still_enrolled(&mut write, device.id).await?;
    let binding = devices::binding(&mut write, ask.binding).await?;
    let binding = binding
        .filter(|binding| binding.device == device.id)
        .ok_or(Code::NotLinked)?;
    let epoch = ask.stamp.map(|stamp| stamp.epoch);
    let stores: Vec<ReportedStore> = ask
        .stores
        .into_iter()
        .map(|row| ReportedStore { row, epoch })
        .collect();
    devices::report(&mut write, binding.id, &stores, ask.problem, at).await?;
    devices::heard_from(&mut write, device.id, at).await?;
    let person = people::by_id(&mut write, binding.person)
        .await?
        .ok_or(Code::NotLinked)?;
    let stamp = person.credential.ok_or(Code::NotLinked)?.stamp;
    let others = directory
        .others_behind(&mut write, binding.person, device.id, stamp)
        .await?;
    directory
        .commit_and_tell(write, vec![Topic::Person(binding.person)])
        .await?;
    Ok(Json(Reported {
        other_computers: others,
    }))
}

/// The other computers of a binding's person.
#[utoipa::path(post, operation_id = "list_other_computers", path = "/device/computers",
    request_body = ListComputers,
    responses((status = 200, body = OtherComputers), (status = "4XX", body = Problem)))]
pub(super) async fn list_others(
    Door(directory, FromDevice { device, body: ask }): Door<FromDevice<ListComputers>>,
) -> Answer<OtherComputers> {
    let mut db = directory.storage.read().await?;
    let binding = devices::binding(&mut db, ask.binding).await?;
    let binding = binding
        .filter(|binding| binding.device == device.id)
        .ok_or(Code::NotLinked)?;
    let person = people::by_id(&mut db, binding.person).await?;
    let person = person.ok_or(Code::NotLinked)?;
    let stamp = person.credential.ok_or(Code::NotLinked)?.stamp;
    let mut computers = Vec::new();
    for other in devices::bindings_of_person(&mut db, person.id).await? {
        if other.device != device.id {
            computers.push(directory.computer(&mut db, &other, stamp).await?);
        }
    }
    computers.sort_by(|a, b| a.name.cmp(&b.name).then(a.device.cmp(&b.device)));
    Ok(Json(OtherComputers { computers }))
}

/// Retires envelopes: deletes their shares. Repeating it is fine.
#[utoipa::path(post, operation_id = "retire_envelopes", path = "/device/envelopes/retire", request_body = RetireEnvelopes,
    responses((status = 204), (status = "4XX", body = Problem)))]
pub(super) async fn retire(
    origin: Origin,
    Door(directory, FromDevice { device, body: ask }): Door<FromDevice<RetireEnvelopes>>,
) -> Result<StatusCode, Refusal> {
    let mut write = directory.storage.write().await?;
    still_enrolled(&mut write, device.id).await?;
    let binding = devices::binding(&mut write, ask.binding).await?;
    let binding = binding
        .filter(|binding| binding.device == device.id)
        .ok_or(Code::NotLinked)?;
    for envelope in &ask.envelopes {
        shares::delete(&mut write, binding.id, *envelope).await?;
    }
    write_down(
        &mut write,
        &device,
        Action::SharesRetired,
        &binding.account,
        &origin,
    )
    .await?;
    commit(write).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a binding with its shares: the account keeps its password. Repeating it is fine.
#[utoipa::path(post, operation_id = "unlink_binding", path = "/device/unlink", request_body = Unlink,
    responses((status = 204), (status = "4XX", body = Problem)))]
pub(super) async fn unlink(
    origin: Origin,
    Door(directory, FromDevice { device, body: ask }): Door<FromDevice<Unlink>>,
) -> Result<StatusCode, Refusal> {
    let mut write = directory.storage.write().await?;
    still_enrolled(&mut write, device.id).await?;
    let binding = devices::binding(&mut write, ask.binding).await?;
    if devices::unbind(&mut write, device.id, ask.binding).await? {
        let account = binding
            .as_ref()
            .map_or("", |binding| binding.account.as_str());
        write_down(
            &mut write,
            &device,
            Action::DeviceUnlinked,
            account,
            &origin,
        )
        .await?;
    }
    let concerned = match binding.filter(|binding| binding.device == device.id) {
        Some(binding) => topics(&mut write, binding.person).await?,
        None => Vec::new(),
    };
    directory.commit_and_tell(write, concerned).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Directory {
    async fn enrolled(
        &self,
        db: &mut SqliteConnection,
        device: DeviceId,
    ) -> Result<Enrolled, StorageFault> {
        let settings = settings::all(db).await?;
        Ok(Enrolled {
            device,
            realm: self.config.realm.clone(),
            vouch: self.keys.vouch(&self.config.realm),
            organisation: self.organisation(&settings),
        })
    }

    /// How many of a person's computers, this one aside, have yet to follow.
    async fn others_behind(
        &self,
        db: &mut SqliteConnection,
        person: PersonId,
        device: DeviceId,
        stamp: Stamp,
    ) -> Result<u32, StorageFault> {
        let mut behind = 0;
        for other in devices::bindings_of_person(db, person).await? {
            if other.device != device {
                let computer = self.computer(db, &other, stamp).await?;
                behind += u32::from(computer.standing != Standing::InSync);
            }
        }
        Ok(behind)
    }

    async fn check_in(&self, device: DeviceId) -> Result<CheckIn, Refusal> {
        let mut db = self.storage.read().await?;
        let mut bindings = Vec::new();
        let record = devices::by_id(&mut db, device)
            .await?
            .ok_or(Code::DeviceRefused)?;
        if record.revoked {
            return Err(Code::DeviceRefused.into());
        }
        let settings = settings::all(&mut db).await?;
        for binding in devices::bindings_of_device(&mut db, device).await? {
            let person = people::by_id(&mut db, binding.person).await?;
            let Some(person) = person else { continue };
            let Some(credential) = person.credential else {
                continue;
            };
            let stamp = credential.stamp;
            let others = self
                .others_behind(&mut db, binding.person, device, stamp)
                .await?;
            bindings.push(BindingNews {
                binding: binding.id,
                user_name: person.user_name,
                display_name: person.display_name,
                stamp: credential.stamp,
                expires_at: policy::expires_at(&settings.rules, credential.changed.at),
                changed: credential.changed,
                temporary: credential.temporary,
                held: person.access.held(),
                other_computers: others,
            });
        }
        Ok(CheckIn {
            organisation: self.organisation(&settings),
            vouch: self.keys.vouch(&self.config.realm),
            bindings,
            keep_former_days: self.config.rules.keep_former_days,
        })
    }

    /// Notes that a device's line came up or went down, and tells the people on it.
    async fn contact(&self, device: DeviceId) -> Result<(), Refusal> {
        for person in self.contacts.write(device).await? {
            self.live.touch(Topic::Person(person));
        }
        Ok(())
    }
}

/// Notes when devices were last heard from; answers the people on each. After an outage all come
/// back at once.
pub(crate) struct Contacts;

impl Together for Contacts {
    type Ask = DeviceId;
    type Answer = Vec<PersonId>;

    async fn run(write: &mut Write, asks: &[DeviceId]) -> Result<Vec<Vec<PersonId>>, StorageFault> {
        let heard: BTreeSet<DeviceId> = asks.iter().copied().collect();
        devices::all_heard_from(write, &heard, now()).await?;
        let people = devices::people_on(write, &heard).await?;
        let on = |device| people.get(device).cloned().unwrap_or_default();
        Ok(asks.iter().map(on).collect())
    }
}

/// Lives as long as a device's line; its end is news too.
struct Leaving {
    directory: Arc<Directory>,
    device: DeviceId,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        let (directory, device) = (Arc::clone(&self.directory), self.device);
        // The listener is dropped beside this; the task runs after both.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if directory.contact(device).await.is_err() {
                    tracing::debug!(device = %device, "the end of a line was not noted");
                }
            });
        }
    }
}

/// Checks inside a write that a device was not revoked since its request came.
pub(super) async fn still_enrolled(write: &mut Write, device: DeviceId) -> Result<(), Refusal> {
    let device = devices::by_id(write, device).await?;
    match device {
        Some(device) if !device.revoked => Ok(()),
        Some(_) | None => Err(Code::DeviceRefused.into()),
    }
}

async fn write_down(
    write: &mut Write,
    device: &DeviceRecord,
    action: Action,
    subject: &str,
    origin: &Origin,
) -> Result<(), Refusal> {
    let entry = Entry {
        at: now(),
        actor: &device.actor(),
        action,
        subject,
        address: &origin.address,
        result: Ok(()),
    };
    Ok(audit::append(write, entry).await?)
}
