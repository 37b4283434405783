//! Issuing a password: the admin's program draws and registers it, so that the directory never sees
//! it.

use lockstep_model::password::{Names, Policy};
use lockstep_model::{Code, PersonId, Secret};
use lockstep_opaque::client::Registration;
use lockstep_opaque::stretch::Place;
use lockstep_protocol::Bytes;
use lockstep_protocol::api::admin::{IssueFinish, IssueStart, IssueStarted, Issued};
use rand::Rng as _;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

use crate::sign_in::{choose, finish, opaque};
use crate::{Client, Fault, From};

/// What no keyboard puts elsewhere and nobody mistakes for another: no y and z, no 0, o, 1, l, i.
const LETTERS: &[u8] = b"23456789abcdefghjkmnpqrstuvwx";
/// In groups of five, for reading aloud.
const GROUP: usize = 5;
/// 97 bits.
const SHORTEST: usize = 20;

/// A password to be issued.
pub struct Issue<'a> {
    /// Whom to.
    pub person: PersonId,
    /// The person's names, which the password must not hold.
    pub names: Names<'a>,
    /// The organisation's rules.
    pub policy: &'a Policy,
    /// The password.
    pub password: &'a Secret,
    /// Whether the person has to choose an own one at the first use.
    pub temporary: bool,
}

impl Client {
    /// Issues a password; `session` is an admin's.
    ///
    /// # Errors
    ///
    /// The first rule that the password breaks, [`Code::ChangedMeanwhile`] when the person changed
    /// it at the same time, or what kept the directory from doing it.
    pub async fn issue(&self, session: &Secret, issue: Issue<'_>) -> Result<Issued, Fault> {
        let password = choose(issue.password, issue.policy, &issue.names)?;
        let (registration, request) =
            Registration::start(password).map_err(|fault| opaque(fault, Code::Internal))?;
        let path = |step| format!("/admin/people/{}/password/{step}", issue.person);
        let start = IssueStart {
            registration_request: Bytes(request),
        };
        let from = From::Session(session);
        let started: IssueStarted = self.ask(from, &path("start"), &start).await?;
        let response = started.registration_response;
        let record = finish(&started.credential, Place::Here, move |terms| {
            registration.finish(response.as_slice(), terms)
        })
        .await?
        .map_err(|fault| opaque(fault, Code::DirectoryFault))?;
        let finish = IssueFinish {
            attempt: started.attempt,
            registration_record: Bytes(record),
            temporary: issue.temporary,
        };
        self.post(from, &path("finish"), &finish).await
    }
}

/// Draws a password that can be read aloud and typed on any keyboard.
#[must_use]
pub fn draw(policy: &Policy) -> Secret {
    let least = usize::from(policy.min_length);
    let mut text = Zeroizing::new(String::with_capacity(2 * least.max(SHORTEST)));
    for number in 0..least.max(SHORTEST) {
        if number > 0 && number % GROUP == 0 {
            text.push('-');
        }
        let letter = LETTERS[OsRng.gen_range(0..LETTERS.len())];
        text.push(char::from(letter));
    }
    Secret::copy_of(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use lockstep_model::password::Password;

    use super::*;

    #[test]
    fn what_is_drawn_keeps_every_rule_and_never_repeats() {
        let names = Names {
            user_name: "anna",
            display_name: "Anna",
        };
        let mut seen = std::collections::BTreeSet::new();
        for min_length in [8, 15, 64] {
            let policy = Policy { min_length };
            for _ in 0..50 {
                let drawn = draw(&policy);
                assert!(Password::choose(&drawn, &policy, &names).is_ok());
                assert!(seen.insert(drawn.expose().to_vec()));
            }
        }
    }
}
