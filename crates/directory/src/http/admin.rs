//! What an admin sees and does. Every handler takes an [`Administrator`].

use axum::Json;
use http::StatusCode;
use lockstep_model::{Code, DeviceId, PersonId, Timestamp};
use lockstep_protocol::Token;
use lockstep_protocol::api::Problem;
use lockstep_protocol::api::admin::{
    Audit, ComputerRow, Computers, Enrolment, Invited, NewEnrolment, NewPerson, People, PersonRow,
    PersonStatus, UnlinkedDevice,
};
use lockstep_protocol::api::me::{Role, Standing};
use lockstep_protocol::api::public::LinkKind;

use super::actor::{Administrator, Body, FreshAdministrator, Named, Origin};
use super::door::Door;
use super::now;
use super::problem::{Answer, Refusal};
use crate::core::access::may_decide;
use crate::core::enrolment::EnrolmentToken;
use crate::core::names::{self, UserName};
use crate::live::Topic;
use crate::storage::audit::{self, Action, Entry};
use crate::storage::people::Person;
use crate::storage::{Write, commit, devices, people, reports};
use crate::tokens;

/// How long an invitation works.
pub(crate) const INVITATION_MS: i64 = 7 * 24 * 60 * 60 * 1000;
const AUDIT_LINES: u32 = 200;

/// Everybody, by user name.
#[utoipa::path(get, operation_id = "list_people", path = "/admin/people",
    responses((status = 200, body = People), (status = "4XX", body = Problem)))]
pub(super) async fn people(Door(directory, _): Door<Administrator>) -> Answer<People> {
    let mut db = directory.storage.read().await?;
    let mut rows = Vec::new();
    for person in people::all(&mut db).await? {
        let bindings = devices::bindings_of_person(&mut db, person.id).await?;
        let stamp = person
            .credential
            .as_ref()
            .map(|credential| credential.stamp);
        let mut in_sync = 0;
        for binding in &bindings {
            let Some(stamp) = stamp else { continue };
            let computer = directory.computer(&mut db, binding, stamp).await?;
            in_sync += u32::from(computer.standing == Standing::InSync);
        }
        rows.push(PersonRow {
            person: person.id,
            status: status(&person),
            report: reports::of(&mut db, person.id).await?,
            temporary: person
                .credential
                .as_ref()
                .is_some_and(|kept| kept.temporary),
            user_name: person.user_name,
            display_name: person.display_name,
            role: person.role,
            generation: stamp.map(|stamp| stamp.generation),
            changed_at: person.credential.map(|credential| credential.changed.at),
            computers_in_sync: in_sync,
            computers: u32::try_from(bindings.len()).unwrap_or(u32::MAX),
        });
    }
    Ok(Json(People { people: rows }))
}

/// Adds a person and invites them.
#[utoipa::path(post, operation_id = "invite_person", path = "/admin/people", request_body = NewPerson,
    responses((status = 200, body = Invited), (status = "4XX", body = Problem)))]
pub(super) async fn invite(
    Door(directory, admin): Door<Administrator>,
    origin: Origin,
    Body(ask): Body<NewPerson>,
) -> Answer<Invited> {
    let at = now();
    let name = UserName::choose(&ask.user_name)?;
    let display_name = names::display_name(&ask.display_name)?;
    let token = tokens::fresh();
    let expires_at = Timestamp(at.0 + INVITATION_MS);
    let (mut write, by) = admin.write_as(&directory).await?;
    let id = directory.keys.pseudo_person(name.as_str());
    let person = invitee(&mut write, &by, id, &name, display_name, at).await?;
    people::add_link(
        &mut write,
        person,
        &tokens::hash(&token),
        LinkKind::Invitation,
        expires_at,
    )
    .await?;
    let entry = Entry {
        at,
        actor: &admin.person().user_name,
        action: Action::PersonInvited,
        subject: name.as_str(),
        address: &origin.address,
        result: Ok(()),
    };
    audit::append(&mut write, entry).await?;
    commit(write).await?;
    let activation_link = activation_link(&directory.config.url, &token);
    Ok(Json(Invited {
        person,
        activation_link,
        expires_at,
    }))
}

/// Every computer.
#[utoipa::path(get, operation_id = "list_computers", path = "/admin/computers",
    responses((status = 200, body = Computers), (status = "4XX", body = Problem)))]
pub(super) async fn computers(Door(directory, _): Door<Administrator>) -> Answer<Computers> {
    let mut db = directory.storage.read().await?;
    let mut computers = Vec::new();
    for person in people::all(&mut db).await? {
        let Some(credential) = person.credential else {
            continue;
        };
        for binding in devices::bindings_of_person(&mut db, person.id).await? {
            computers.push(ComputerRow {
                user_name: person.user_name.clone(),
                generation: credential.stamp.generation,
                computer: directory
                    .computer(&mut db, &binding, credential.stamp)
                    .await?,
            });
        }
    }
    let unlinked = devices::unlinked(&mut db).await?;
    let unlinked = unlinked
        .into_iter()
        .map(|d| UnlinkedDevice {
            device: d.id,
            name: d.name,
        })
        .collect();
    Ok(Json(Computers {
        computers,
        unlinked,
    }))
}

/// Revokes a computer: its stream ends, its shares are deleted, and it may ask for nothing more. Its
/// accounts keep their passwords.
#[utoipa::path(post, operation_id = "revoke_computer", path = "/admin/computers/{device}/revoke",
    params(("device" = DeviceId, Path, description = "The computer")),
    responses((status = 204), (status = "4XX", body = Problem)))]
pub(super) async fn revoke(
    Door(directory, admin): Door<FreshAdministrator>,
    origin: Origin,
    Named(device): Named<DeviceId>,
) -> Result<StatusCode, Refusal> {
    let at = now();
    let mut write = admin.write(&directory).await?;
    let record = devices::by_id(&mut write, device)
        .await?
        .ok_or(Code::NotLinked)?;
    let people = devices::revoke(&mut write, device, at)
        .await?
        .ok_or(Code::NotLinked)?;
    let entry = Entry {
        at,
        actor: &admin.person().user_name,
        action: Action::DeviceRevoked,
        subject: &record.name,
        address: &origin.address,
        result: Ok(()),
    };
    audit::append(&mut write, entry).await?;
    let concerned = people
        .into_iter()
        .map(Topic::Person)
        .chain([Topic::Device(device)]);
    directory
        .commit_and_tell(write, concerned.collect())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes an enrolment string.
#[utoipa::path(post, operation_id = "make_enrolment", path = "/admin/enrolments", request_body = NewEnrolment,
    responses((status = 200, body = Enrolment), (status = "4XX", body = Problem)))]
pub(super) async fn enrol(
    Door(directory, admin): Door<Administrator>,
    origin: Origin,
    Body(ask): Body<NewEnrolment>,
) -> Answer<Enrolment> {
    let month = 30 * 24 * 60 * 60;
    if !(1..=10_000).contains(&ask.uses) || !(1..=month).contains(&ask.valid_for_s) {
        return Err(Code::BadRequest.into());
    }
    let expires_at = Timestamp(now().0 + i64::from(ask.valid_for_s) * 1000);
    let token = EnrolmentToken {
        uses_left: ask.uses,
        expires_at,
    };
    let write = admin.write(&directory).await?;
    let enrolment = directory
        .make_enrolment(admin.person(), write, token, &origin)
        .await?;
    Ok(Json(Enrolment {
        enrolment,
        expires_at,
    }))
}

/// The newest part of the audit.
#[utoipa::path(get, operation_id = "list_audit", path = "/admin/audit",
    responses((status = 200, body = Audit), (status = "4XX", body = Problem)))]
pub(super) async fn audit(Door(directory, _): Door<Administrator>) -> Answer<Audit> {
    let mut db = directory.storage.read().await?;
    Ok(Json(Audit {
        entries: audit::newest(&mut db, AUDIT_LINES).await?,
    }))
}

fn status(person: &Person) -> PersonStatus {
    match (person.access.held(), &person.credential) {
        (Some(Code::Suspended), _) => PersonStatus::Suspended,
        (Some(_), _) => PersonStatus::Locked,
        (None, Some(_)) => PersonStatus::Active,
        (None, None) => PersonStatus::Pending,
    }
}

/// Adds a person, or takes one who has yet to activate: their former links end.
///
/// They get the id that was shown for their name before there was anybody, unless that is somebody's
/// already: neither an invitation nor an activation changes what a stranger is shown.
async fn invitee(
    write: &mut Write,
    by: &Person,
    pseudo: PersonId,
    name: &UserName,
    display_name: &str,
    at: Timestamp,
) -> Result<PersonId, Refusal> {
    let taken = people::by_id(write, pseudo).await?.is_some();
    let person = if taken { PersonId::fresh() } else { pseudo };
    if people::add(write, person, name, display_name, Role::Person, at).await? {
        return Ok(person);
    }
    let pending = people::by_name(write, name).await?;
    let pending = pending
        .filter(|person| person.credential.is_none())
        .ok_or(Code::NameTaken)?;
    // Whoever opens the new link becomes that person.
    may_decide((by.id, by.role), (pending.id, pending.role))?;
    people::end_links(write, pending.id).await?;
    Ok(pending.id)
}

/// The link that an invited person opens; the token is in the fragment, which no server sees.
pub(crate) fn activation_link(url: &str, token: &str) -> Token {
    Token(format!("{url}/activate#{token}"))
}
