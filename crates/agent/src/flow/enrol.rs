//! Enrolling the device: the string says whom to trust, and nobody else is.

use std::rc::Rc;

use lockstep_client::proof::vouched_key;
use lockstep_client::transport::Trust;
use lockstep_client::{Client, DeviceKey, Fault, From};
use lockstep_model::Code;
use lockstep_protocol::api::device::{Enrol, Enrolled};
use lockstep_protocol::enrolment::EnrolmentString;
use lockstep_protocol::local::{Done, Failure, Need};

use super::{Ended, failed};
use crate::agent::Agent;
use crate::keep::identity::{self, DirectoryWords, Identity};
use crate::local::Caller;
use crate::platform;

/// Enrols the device; only root may.
pub(crate) async fn run(agent: &Rc<Agent>, caller: &mut Caller, name: Option<String>) -> Ended {
    if caller.uid() != 0 {
        return Err(refused(Code::AdministratorNeeded));
    }
    let copied = match agent.enrolled() {
        Ok(_) => return Err(refused(Code::AlreadyEnrolled)),
        Err(fault) if fault.code == Code::NotEnrolled => false,
        Err(fault) if fault.code == Code::DeviceCopied => true,
        // Of a newer Lockstep, or damaged: not ours to write over.
        Err(fault) => return Err(failed(fault)),
    };
    let string = caller.need(Need::EnrolmentString).await.map_err(failed)?;
    let said = std::str::from_utf8(string.expose())
        .map_err(|fault| Fault::new(Code::EnrolmentUnreadable, fault))
        .and_then(|text| {
            EnrolmentString::decode(text)
                .map_err(|fault| Fault::new(Code::EnrolmentUnreadable, fault))
        })
        .map_err(failed)?;
    if copied {
        // What was copied is another machine's: the directory is not asked in its name.
        super::retire::erase(agent).await.map_err(failed)?;
    }
    enrol(agent, &said, name).await.map_err(failed)
}

async fn enrol(
    agent: &Rc<Agent>,
    said: &EnrolmentString,
    name: Option<String>,
) -> Result<Done, Fault> {
    let trust = said
        .ca
        .clone()
        .map_or(Trust::System, |ca| Trust::Pinned(ca.0));
    let client = Client::through(&said.url, &trust, &agent.settings.proxy()?)?;
    // Kept until the answer is there: if that is lost, the same key asks again.
    let key = DeviceKey {
        key: identity::drawn_key(&agent.places.state)?,
        device: None,
    };
    let ask = Enrol {
        token: said.token.clone(),
        name: name.unwrap_or_else(platform::host_name),
        system: platform::system(),
        agent_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let answer: Enrolled = client
        .post(From::Device(&key), "/device/enrol", &ask)
        .await?;
    let foreign = |what| Fault::new(Code::DirectoryNotTrusted, what);
    if answer.realm != said.realm {
        return Err(foreign("the directory names another realm"));
    }
    vouched_key(&answer.vouch, &said.realm, said.realm_key.as_slice())?;
    let organisation = answer.organisation.name.clone();
    let identity = Identity::new(said, key.key, answer.device, agent.machine().await);
    let words = DirectoryWords {
        organisation: answer.organisation,
        vouch: answer.vouch,
        // Nothing is kept yet, and the first check-in says it.
        keep_former_days: 0,
    };
    // The identity comes last: without it the device is not enrolled.
    words.save(&agent.places.state)?;
    identity.save(&agent.places.state)?;
    identity::forget_drawn_key(&agent.places.state)?;
    agent.enrol(identity, words)?;
    Rc::clone(agent).start();
    tracing::info!(organisation, "enrolled");
    Ok(Done::Enrolled { organisation })
}

fn refused(code: Code) -> Failure {
    failed(Fault::new(code, "enrol"))
}
