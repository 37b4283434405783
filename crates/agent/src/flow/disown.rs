//! "This wasn't me": the directory locks the person's sign-in and tells the admins.

use std::rc::Rc;

use lockstep_client::{Fault, From};
use lockstep_model::{Code, Generation};
use lockstep_protocol::api::device::Disown;
use lockstep_protocol::api::public::Reported;
use lockstep_protocol::local::Done;

use super::{Ended, failed};
use crate::agent::Agent;
use crate::local::Caller;

/// Disowns the change of the generation that the caller was shown.
pub(crate) async fn run(agent: &Rc<Agent>, caller: &Caller, shown: Generation) -> Ended {
    disown(agent, caller.uid(), shown).await.map_err(failed)
}

async fn disown(agent: &Rc<Agent>, uid: u32, shown: Generation) -> Result<Done, Fault> {
    let enrolled = agent.enrolled()?;
    let binding = agent.binding_of(uid)?;
    enrolled.reach(agent).await?;
    let stamp = binding.news().map(|(news, _)| news.stamp);
    // A newer change than the one that was shown is another story.
    let stamp = stamp.filter(|stamp| stamp.generation == shown);
    let stamp = stamp.ok_or_else(|| Fault::new(Code::ChangedMeanwhile, "another change"))?;
    let disown = Disown {
        binding: binding.file.binding,
        stamp,
    };
    let from = From::Device(&enrolled.identity.key);
    let reported: Reported = enrolled
        .client
        .post(from, "/device/not-me", &disown)
        .await?;
    Ok(Done::Disowned {
        at: reported.at,
        locked: reported.locked,
    })
}
