//! Second factors of a signed-in person: enrolled, confirmed by a first code, removed.
//!
//! A factor lets go what an issued password keeps closed, so all of it is risky and asks for a fresh
//! sign-in.

use axum::Json;
use data_encoding::BASE32_NOPAD;
use http::StatusCode;
use lockstep_model::{Code, FactorId, Secret};
use lockstep_protocol::Token;
use lockstep_protocol::api::Problem;
use lockstep_protocol::api::me::{FactorKind, FactorProof, FactorStart, FactorStarted};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rand::RngCore as _;

use super::actor::{Body, FreshlySignedIn, Named, Origin};
use super::door::Door;
use super::problem::{Answer, Refusal};
use super::{Directory, now};
use crate::core::factor::{self, Circumstances, Factor, totp};
use crate::core::throttle::Lane;
use crate::keys::factor_name;
use crate::live::Topic;
use crate::storage::audit::{self, Action, Entry};
use crate::storage::factors::{self, StoredFactor};
use crate::storage::people::Person;
use crate::storage::{Write, commit};

/// Begins to enrol a second factor; it counts once its first code came.
#[utoipa::path(post, operation_id = "begin_factor", path = "/me/factors", request_body = FactorStart,
    responses((status = 200, body = FactorStarted), (status = "4XX", body = Problem)))]
pub(super) async fn begin(
    Door(directory, signed_in): Door<FreshlySignedIn>,
    Body(FactorStart { kind }): Body<FactorStart>,
) -> Answer<FactorStarted> {
    let (mut write, person) = signed_in.write(&directory).await?;
    let present = factors::of(&mut write, person.id).await?;
    let present: Vec<Factor> = present.into_iter().map(|stored| stored.factor).collect();
    factor::may_begin(&present, kind, is_temporary(&person))?;
    let factor = Factor::begun(FactorId::fresh(), kind, now());
    let (id, expires_at) = (factor.id, factor.expires_at());
    let secret = match kind {
        FactorKind::Totp => draw(totp::SECRET),
    };
    let name = factor_name(person.id, id);
    let sealed = directory.keys.factor_key().seal(&secret, &name);
    let sealed = sealed.map_err(|_| Code::Internal)?;
    factors::begin(&mut write, person.id, &StoredFactor { factor, sealed }).await?;
    commit(write).await?;
    let secret = BASE32_NOPAD.encode(secret.expose());
    Ok(Json(FactorStarted {
        factor: id,
        uri: Token(uri(
            &directory.config.organisation.name,
            &person.user_name,
            &secret,
        )),
        secret: Token(secret),
        expires_at,
    }))
}

/// Enrols a factor by its first code.
#[utoipa::path(post, operation_id = "confirm_factor", path = "/me/factors/{factor}/confirm",
    params(("factor" = FactorId, Path, description = "The factor")), request_body = FactorProof,
    responses((status = 204), (status = "4XX", body = Problem)))]
pub(super) async fn confirm(
    Door(directory, signed_in): Door<FreshlySignedIn>,
    origin: Origin,
    Named(id): Named<FactorId>,
    Body(FactorProof { code }): Body<FactorProof>,
) -> Result<StatusCode, Refusal> {
    let mut asking = Asking::about(id, &directory, &signed_in, &origin).await?;
    let credential = asking.person.credential.as_ref();
    let by = Circumstances {
        issued: credential.ok_or(Code::SignedOut)?.issued,
        reset: factors::last_reset(&mut asking.write, asking.person.id).await?,
    };
    let at = now();
    let taken = asking.take(|factor, secret| factor.confirm(secret, code.expose(), at, by));
    if let Ok(enrolled) = &taken {
        factors::update(&mut asking.write, enrolled).await?;
    }
    asking.end(Action::FactorEnrolled, taken).await
}

/// Removes a factor, by a code of it; who has lost it asks an admin to reset it.
#[utoipa::path(post, operation_id = "remove_factor", path = "/me/factors/{factor}/remove",
    params(("factor" = FactorId, Path, description = "The factor")), request_body = FactorProof,
    responses((status = 204), (status = "4XX", body = Problem)))]
pub(super) async fn remove(
    Door(directory, signed_in): Door<FreshlySignedIn>,
    origin: Origin,
    Named(id): Named<FactorId>,
    Body(FactorProof { code }): Body<FactorProof>,
) -> Result<StatusCode, Refusal> {
    let mut asking = Asking::about(id, &directory, &signed_in, &origin).await?;
    let at = now();
    let taken = asking.take(|factor, secret| factor.verify(secret, code.expose(), at));
    if taken.is_ok() {
        factors::delete(&mut asking.write, id).await?;
    }
    asking.end(Action::FactorRemoved, taken).await
}

/// What a person asks about one factor of theirs, inside the transaction that stores it.
struct Asking<'a> {
    directory: &'a Directory,
    origin: &'a Origin,
    write: Write,
    person: Person,
    stored: StoredFactor,
}

impl<'a> Asking<'a> {
    async fn about(
        id: FactorId,
        directory: &'a Directory,
        signed_in: &FreshlySignedIn,
        origin: &'a Origin,
    ) -> Result<Self, Refusal> {
        let (mut write, person) = signed_in.write(directory).await?;
        if is_temporary(&person) {
            return Err(Code::OwnPasswordNeeded.into());
        }
        let mut own = factors::of(&mut write, person.id).await?.into_iter();
        let stored = own.find(|stored| stored.factor.id == id);
        Ok(Self {
            directory,
            origin,
            write,
            person,
            stored: stored.ok_or(Code::NoFactor)?,
        })
    }

    /// Has a code judged: charged first, since a guess is known to be wrong at once.
    fn take(
        &self,
        judge: impl FnOnce(Factor, &Secret) -> Result<Factor, Code>,
    ) -> Result<Factor, Refusal> {
        let lanes = [Lane::Factor(self.person.id)];
        self.directory.charge(&lanes)?;
        let StoredFactor { factor, sealed } = self.stored.clone();
        let name = factor_name(self.person.id, factor.id);
        let secret = self.directory.keys.factor_key().open(&sealed, &name);
        let judged = judge(factor, &secret.map_err(|_| Code::Internal)?)?;
        self.directory.refund(&lanes);
        Ok(judged)
    }

    /// Writes it down, and tells the person's other windows.
    async fn end(
        mut self,
        action: Action,
        ended: Result<Factor, Refusal>,
    ) -> Result<StatusCode, Refusal> {
        let entry = Entry {
            at: now(),
            actor: &self.person.user_name,
            action,
            subject: &self.person.user_name,
            address: &self.origin.address,
            result: ended.as_ref().map(|_| ()).map_err(Refusal::code),
        };
        audit::append(&mut self.write, entry).await?;
        let concerned = vec![Topic::Person(self.person.id)];
        self.directory
            .commit_and_tell(self.write, concerned)
            .await?;
        ended.map(|_| StatusCode::NO_CONTENT)
    }
}

fn is_temporary(person: &Person) -> bool {
    person
        .credential
        .as_ref()
        .is_some_and(|kept| kept.temporary)
}

fn draw(bytes: usize) -> Secret {
    let mut secret = vec![0_u8; bytes];
    rand::rngs::OsRng.fill_bytes(&mut secret);
    Secret::new(secret)
}

/// What an app reads from a QR code (Google Authenticator's Key Uri Format, which all of them take).
fn uri(organisation: &str, user_name: &str, secret: &str) -> String {
    let issuer = utf8_percent_encode(organisation, NON_ALPHANUMERIC);
    let label = utf8_percent_encode(user_name, NON_ALPHANUMERIC);
    format!("otpauth://totp/{issuer}:{label}?secret={secret}&issuer={issuer}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_reads_whose_it_is_whatever_the_organisation_is_called() {
        assert_eq!(
            uri("Müller & Söhne: IT", "anna", "GEZDGNBV"),
            "otpauth://totp/M%C3%BCller%20%26%20S%C3%B6hne%3A%20IT:anna?secret=GEZDGNBV\
             &issuer=M%C3%BCller%20%26%20S%C3%B6hne%3A%20IT"
        );
    }
}
