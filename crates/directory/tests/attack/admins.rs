//! What an admin decides about people: the honest steps, each stopping where an attack may begin.

use lockstep_model::{Code, PersonId};
use lockstep_protocol::api::admin::{
    IssueFinish, IssueStart, IssueStarted, Issued, People, PersonRow, ResetLink,
};

use lockstep_protocol::Bytes;
use lockstep_protocol::api::public::{Carry, SignInFinish, SignInStart, SignInStarted};

use crate::people::{finish, proof, record, registration, session};
use crate::world::{Answer, World, fragment};

/// A password that is issued.
pub(crate) const ISSUED: &str = "k7m2p-q4rst-9abcd-efgh3";

/// What is decided by one message without a body.
pub(crate) const DECISIONS: [&str; 5] =
    ["reset-link", "reset-factor", "unlock", "suspend", "resume"];

impl World {
    /// The line of a person in the list of people.
    pub(crate) async fn row(&self, name: &str) -> PersonRow {
        let answer = self.ask(&self.owner, "GET", "/admin/people").await;
        let rows = answer.said::<People>().people;
        rows.into_iter().find(|row| row.user_name == name).unwrap()
    }

    pub(crate) async fn id(&self, name: &str) -> PersonId {
        self.row(name).await.person
    }

    /// A second owner; gives their session.
    pub(crate) async fn second_owner(&self, name: &str, text: &str) -> String {
        let session = self.person(name, text).await;
        let promote = "UPDATE people SET role = 'owner' WHERE user_name = $1";
        self.sql(promote, name).await;
        session
    }

    /// Decides about somebody, in anybody's session.
    pub(crate) async fn decide(&self, session: &str, about: PersonId, decision: &str) -> Answer {
        let path = format!("/admin/people/{about}/{decision}");
        self.ask(session, "POST", &path).await
    }

    /// The owner's decision about a person.
    pub(crate) async fn decided(&self, name: &str, decision: &str) {
        let answer = self
            .decide(&self.owner, self.id(name).await, decision)
            .await;
        answer.said::<()>();
    }

    pub(crate) async fn issue_started(&self, session: &str, about: PersonId) -> Answer {
        let ask = IssueStart {
            registration_request: registration(ISSUED).1,
        };
        let path = format!("/admin/people/{about}/password/start");
        self.post(session, &path, &ask).await
    }

    /// A temporary password, up to its second step.
    pub(crate) async fn issuing(&self, session: &str, about: PersonId, text: &str) -> IssueFinish {
        let (registering, registration_request) = registration(text);
        let ask = IssueStart {
            registration_request,
        };
        let path = format!("/admin/people/{about}/password/start");
        let started: IssueStarted = self.post(session, &path, &ask).await.said();
        IssueFinish {
            attempt: started.attempt,
            registration_record: record(
                registering,
                &started.registration_response,
                &started.credential,
            ),
            temporary: true,
        }
    }

    pub(crate) async fn issue(
        &self,
        session: &str,
        about: PersonId,
        prepared: &IssueFinish,
    ) -> Answer {
        let path = format!("/admin/people/{about}/password/finish");
        self.post(session, &path, prepared).await
    }

    /// The owner issues a temporary password.
    pub(crate) async fn issued(&self, name: &str, text: &str) -> Issued {
        let about = self.id(name).await;
        let prepared = self.issuing(&self.owner, about, text).await;
        self.issue(&self.owner, about, &prepared).await.said()
    }

    /// A reset link's token.
    pub(crate) async fn reset_link(&self, name: &str) -> String {
        let about = self.id(name).await;
        let answer = self.decide(&self.owner, about, "reset-link").await;
        let link: ResetLink = answer.said();
        assert!(link.reset_link.expose().contains("/reset#"));
        fragment(link.reset_link.expose()).to_owned()
    }

    /// What came of a sign-in, by a client that goes on though the password is wrong.
    pub(crate) async fn sign_in(&self, name: &str, text: &str) -> Result<String, Code> {
        let (proving, request) = proof(text);
        let ask = SignInStart {
            user_name: name.into(),
            request,
        };
        let answer = self.post("", "/sign-in/start", &ask).await;
        if !answer.status.is_success() {
            return Err(answer.refusal());
        }
        let started: SignInStarted = answer.said();
        let proved = finish(&started.credential, None, |terms| {
            proving.finish(started.response.as_slice(), terms)
        });
        let finish = SignInFinish {
            attempt: started.attempt,
            finish: Bytes(proved.map_or(vec![0; 64], |proved| proved.message)),
            carry: Carry::Bearer,
        };
        let answer = self.post("", "/sign-in/finish", &finish).await;
        if answer.status.is_success() {
            Ok(session(&answer))
        } else {
            Err(answer.refusal())
        }
    }

    /// The audit's entries of one action, oldest first: who, about whom, and how it ended.
    pub(crate) async fn audited(&self, action: &str) -> Vec<[String; 3]> {
        let rows = self.audit().await.into_iter().rev();
        rows.filter(|row| row.action == action)
            .map(|row| [row.actor, row.subject, row.result])
            .collect()
    }
}
