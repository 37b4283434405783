//! What an admin decides about a person: issue a password, make a reset link, end their second
//! factors, unlock, suspend.
//!
//! All of it is risky, so [`Deciding`] asks for a [`FreshAdministrator`], and judges who may decide
//! about whom inside the transaction that stores the decision.

use std::time::Instant;

use axum::Json;
use http::StatusCode;
use lockstep_model::{Channel, Code, PersonId, Provenance, Timestamp};
use lockstep_protocol::api::Problem;
use lockstep_protocol::api::admin::{IssueFinish, IssueStart, IssueStarted, Issued, ResetLink};
use lockstep_protocol::api::me::Standing;
use lockstep_protocol::api::public::LinkKind;
use lockstep_protocol::{Bytes, Token};

use super::actor::{Body, FreshAdministrator, Named, Origin};
use super::change::{Change, set_password, topics};
use super::door::Door;
use super::problem::{Answer, Refusal};
use super::{Directory, now};
use crate::attempts::Attempt;
use crate::core::access::may_decide;
use crate::core::credential::Command;
use crate::core::names::UserName;
use crate::core::throttle::Lane;
use crate::storage::audit::{self, Action, Entry};
use crate::storage::people::{self, Person};
use crate::storage::{Write, commit, devices, factors, reports, sessions};
use crate::tokens;

/// How long a reset link works.
pub(crate) const RESET_LINK_MS: i64 = 24 * 60 * 60 * 1000;

/// First step of issuing a password, which the admin's own program draws.
#[utoipa::path(post, operation_id = "start_issue", path = "/admin/people/{person}/password/start",
    params(("person" = PersonId, Path, description = "The person")), request_body = IssueStart,
    responses((status = 200, body = IssueStarted), (status = "4XX", body = Problem)))]
pub(super) async fn issue_start(
    Door(directory, admin): Door<FreshAdministrator>,
    origin: Origin,
    Named(id): Named<PersonId>,
    Body(ask): Body<IssueStart>,
) -> Answer<IssueStarted> {
    let by = admin.person().id;
    // Attempts without a finish would push those of others out.
    let lanes: Vec<Lane> = origin
        .source()
        .into_iter()
        .chain([Lane::Session(by)])
        .collect();
    directory.charge(&lanes)?;
    let issuing = Action::PasswordIssued;
    let Deciding { write, person, .. } =
        Deciding::about(id, &directory, &admin, &origin, issuing).await?;
    drop(write);
    let answer = directory
        .keys
        .opaque
        .register(&id.to_string(), ask.registration_request.as_slice());
    let attempt = Attempt::Issue {
        admin: by,
        person: id,
        from: person.credential.map(|kept| kept.stamp),
        lanes,
    };
    Ok(Json(IssueStarted {
        registration_response: Bytes(answer.map_err(|_| Code::BadRequest)?),
        attempt: directory.attempts.keep(attempt, Instant::now()),
        credential: directory.new_credential(id.to_string()),
    }))
}

/// Second step: puts the issued password in force, ends every session and link of the person, and
/// lifts a lock, because the password that was reported is no more.
#[utoipa::path(post, operation_id = "finish_issue", path = "/admin/people/{person}/password/finish",
    params(("person" = PersonId, Path, description = "The person")), request_body = IssueFinish,
    responses((status = 200, body = Issued), (status = "4XX", body = Problem)))]
pub(super) async fn issue_finish(
    Door(directory, admin): Door<FreshAdministrator>,
    origin: Origin,
    Named(id): Named<PersonId>,
    Body(ask): Body<IssueFinish>,
) -> Answer<Issued> {
    let attempt = directory.attempts.take(&ask.attempt, Instant::now());
    let Some(Attempt::Issue {
        admin: by,
        person,
        from,
        lanes,
    }) = attempt
    else {
        return Err(Code::AttemptExpired.into());
    };
    if by != admin.person().id || person != id {
        return Err(Code::AttemptExpired.into());
    }
    directory.refund(&lanes);
    let verifier = directory.new_verifier(ask.registration_record.as_slice())?;
    let issuing = Action::PasswordIssued;
    let mut deciding = Deciding::about(id, &directory, &admin, &origin, issuing).await?;
    let changed = Provenance {
        at: deciding.at,
        channel: Channel::Admin,
        client: admin.person().display_name.clone(),
        address: origin.address.clone(),
    };
    let change = Change {
        person: &deciding.person,
        command: Command::Issue {
            from,
            epoch: directory.storage.epoch(),
            verifier,
            changed,
            temporary: ask.temporary,
        },
        action: issuing,
        keep_session: &[],
        actor: deciding.actor,
        address: &origin.address,
        at: deciding.at,
    };
    let (credential, concerned) = match set_password(&mut deciding.write, change).await? {
        Ok(set) => set,
        Err(code) => {
            commit(deciding.write).await?;
            return Err(code.into());
        }
    };
    let mut behind = Vec::new();
    for binding in devices::bindings_of_person(&mut deciding.write, id).await? {
        let computer = directory
            .computer(&mut deciding.write, &binding, credential.stamp)
            .await?;
        if computer.standing != Standing::InSync {
            behind.push(computer);
        }
    }
    let name = UserName::as_typed(&deciding.person.user_name);
    directory.commit_and_tell(deciding.write, concerned).await?;
    // Who had forgotten the former one has likely tried.
    directory.forgive(&name, id);
    Ok(Json(Issued {
        generation: credential.stamp.generation,
        behind,
    }))
}

/// Makes a reset link; the person's former links end.
#[utoipa::path(post, operation_id = "make_reset_link", path = "/admin/people/{person}/reset-link",
    params(("person" = PersonId, Path, description = "The person")),
    responses((status = 200, body = ResetLink), (status = "4XX", body = Problem)))]
pub(super) async fn reset_link(
    Door(directory, admin): Door<FreshAdministrator>,
    origin: Origin,
    Named(id): Named<PersonId>,
) -> Answer<ResetLink> {
    let making = Action::ResetLinkMade;
    let mut deciding = Deciding::about(id, &directory, &admin, &origin, making).await?;
    if deciding.person.credential.is_none() {
        // Who has no password yet gets an invitation.
        return Err(Code::BadRequest.into());
    }
    let token = tokens::fresh();
    let expires_at = Timestamp(deciding.at.0 + RESET_LINK_MS);
    people::end_links(&mut deciding.write, id).await?;
    let hash = tokens::hash(&token);
    people::add_link(&mut deciding.write, id, &hash, LinkKind::Reset, expires_at).await?;
    deciding.write_down(making, Ok(())).await?;
    commit(deciding.write).await?;
    Ok(Json(ResetLink {
        reset_link: reset_link_of(&directory.config.url, &token),
        expires_at,
    }))
}

/// Ends every second factor of a person. It counts like an issued password: a factor that is enrolled
/// afterwards releases nothing that was sealed up to now.
#[utoipa::path(post, operation_id = "reset_factor", path = "/admin/people/{person}/reset-factor",
    params(("person" = PersonId, Path, description = "The person")),
    responses((status = 204), (status = "4XX", body = Problem)))]
pub(super) async fn reset_factor(
    Door(directory, admin): Door<FreshAdministrator>,
    origin: Origin,
    Named(id): Named<PersonId>,
) -> Result<StatusCode, Refusal> {
    let resetting = Action::FactorReset;
    let mut deciding = Deciding::about(id, &directory, &admin, &origin, resetting).await?;
    let credential = deciding.person.credential.as_ref();
    // Who has no password yet has no factor either.
    let generation = credential.ok_or(Code::NoFactor)?.stamp.generation;
    factors::reset(&mut deciding.write, id, generation).await?;
    deciding.write_down(resetting, Ok(())).await?;
    deciding.tell(&directory).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Resolves a person's "This wasn't me", and forgives the tries made under their name.
#[utoipa::path(post, operation_id = "unlock_person", path = "/admin/people/{person}/unlock",
    params(("person" = PersonId, Path, description = "The person")),
    responses((status = 204), (status = "4XX", body = Problem)))]
pub(super) async fn unlock(
    Door(directory, admin): Door<FreshAdministrator>,
    origin: Origin,
    Named(id): Named<PersonId>,
) -> Result<StatusCode, Refusal> {
    let unlocking = Action::PersonUnlocked;
    let mut deciding = Deciding::about(id, &directory, &admin, &origin, unlocking).await?;
    reports::resolve(&mut deciding.write, id).await?;
    deciding.write_down(unlocking, Ok(())).await?;
    let name = UserName::as_typed(&deciding.person.user_name);
    deciding.tell(&directory).await?;
    directory.forgive(&name, id);
    Ok(StatusCode::NO_CONTENT)
}

/// Suspends a person: sessions end, and no proof of theirs is accepted. Their computers keep their
/// passwords.
#[utoipa::path(post, operation_id = "suspend_person", path = "/admin/people/{person}/suspend",
    params(("person" = PersonId, Path, description = "The person")),
    responses((status = 204), (status = "4XX", body = Problem)))]
pub(super) async fn suspend(
    Door(directory, admin): Door<FreshAdministrator>,
    origin: Origin,
    Named(id): Named<PersonId>,
) -> Result<StatusCode, Refusal> {
    let suspending = Action::PersonSuspended;
    let mut deciding = Deciding::about(id, &directory, &admin, &origin, suspending).await?;
    let at = deciding.at;
    if people::set_suspended(&mut deciding.write, id, Some(at)).await? {
        sessions::end_others(&mut deciding.write, id, &[], at).await?;
        people::end_links(&mut deciding.write, id).await?;
        deciding.write_down(suspending, Ok(())).await?;
    }
    deciding.tell(&directory).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a suspended person be again.
#[utoipa::path(post, operation_id = "resume_person", path = "/admin/people/{person}/resume",
    params(("person" = PersonId, Path, description = "The person")),
    responses((status = 204), (status = "4XX", body = Problem)))]
pub(super) async fn resume(
    Door(directory, admin): Door<FreshAdministrator>,
    origin: Origin,
    Named(id): Named<PersonId>,
) -> Result<StatusCode, Refusal> {
    let resuming = Action::PersonResumed;
    let mut deciding = Deciding::about(id, &directory, &admin, &origin, resuming).await?;
    if people::set_suspended(&mut deciding.write, id, None).await? {
        deciding.write_down(resuming, Ok(())).await?;
    }
    let name = UserName::as_typed(&deciding.person.user_name);
    deciding.tell(&directory).await?;
    // What they tried while they were kept out is no guess.
    directory.forgive(&name, id);
    Ok(StatusCode::NO_CONTENT)
}

/// The link that a person opens who forgot the password; the token is in the fragment, which no
/// server sees.
pub(crate) fn reset_link_of(url: &str, token: &str) -> Token {
    Token(format!("{url}/reset#{token}"))
}

/// A decision of an admin about a person, inside the transaction that stores it.
struct Deciding<'a> {
    write: Write,
    person: Person,
    actor: &'a str,
    address: &'a str,
    at: Timestamp,
}

impl<'a> Deciding<'a> {
    /// Begins it, by what admin and person are now; that it was not theirs to decide is written down.
    async fn about(
        id: PersonId,
        directory: &Directory,
        admin: &'a FreshAdministrator,
        origin: &'a Origin,
        action: Action,
    ) -> Result<Self, Refusal> {
        let (mut write, by) = admin.write_as(directory).await?;
        let person = people::by_id(&mut write, id).await?;
        let person = person.ok_or(Code::NoSuchPerson)?;
        let judged = may_decide((by.id, by.role), (person.id, person.role));
        let mut deciding = Self {
            write,
            person,
            actor: &admin.person().user_name,
            address: &origin.address,
            at: now(),
        };
        if let Err(code) = judged {
            deciding.write_down(action, Err(code)).await?;
            commit(deciding.write).await?;
            return Err(code.into());
        }
        Ok(deciding)
    }

    async fn write_down(
        &mut self,
        action: Action,
        result: Result<(), Code>,
    ) -> Result<(), Refusal> {
        let entry = Entry {
            at: self.at,
            actor: self.actor,
            action,
            subject: &self.person.user_name,
            address: self.address,
            result,
        };
        Ok(audit::append(&mut self.write, entry).await?)
    }

    async fn tell(mut self, directory: &Directory) -> Result<(), Refusal> {
        let concerned = topics(&mut self.write, self.person.id).await?;
        directory.commit_and_tell(self.write, concerned).await
    }
}
