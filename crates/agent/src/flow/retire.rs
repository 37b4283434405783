//! Taking Lockstep off this computer: every account keeps the password that it has.

use std::rc::Rc;

use lockstep_client::{Fault, From};
use lockstep_model::Code;
use lockstep_protocol::local::Done;

use super::{Ended, failed, kept};
use crate::agent::Agent;
use crate::keep::{bindings, identity};
use crate::local::Caller;

/// Gives every binding up, tells the directory, and erases what is kept; only root may.
pub(crate) async fn run(agent: &Rc<Agent>, caller: &Caller) -> Ended {
    retire(agent, caller.uid()).await.map_err(failed)
}

async fn retire(agent: &Rc<Agent>, uid: u32) -> Result<Done, Fault> {
    if uid != 0 {
        return Err(Fault::new(Code::AdministratorNeeded, "retire"));
    }
    let enrolled = match agent.enrolled() {
        Ok(enrolled) => Some(enrolled),
        // A copy must not take the computer that it was copied from along.
        Err(fault) if fault.code == Code::DeviceCopied => None,
        Err(fault) => return Err(fault),
    };
    // Its records go with ours: without it nothing is begun.
    agent.helper.examine().await?;
    let all = agent.all();
    let mut cores = Vec::new();
    for binding in &all {
        let busy = |_| Fault::new(Code::Busy, "a flow holds a binding");
        cores.push(binding.core.try_lock().map_err(busy)?);
    }
    let kept = all.iter().map(|binding| kept(binding)).collect();
    let told = match &enrolled {
        Some(enrolled) => {
            let from = From::Device(&enrolled.identity.key);
            let answer: Result<(), Fault> = enrolled.client.post(from, "/device/leave", &()).await;
            match answer {
                Ok(()) => true,
                // It knows already: revoked, or told before something was cut here.
                Err(fault) if fault.code == Code::DeviceRefused => true,
                Err(fault) => {
                    tracing::warn!(error = %fault, "the directory was not told");
                    false
                }
            }
        }
        None => false,
    };
    erase(agent).await?;
    drop(cores);
    agent.forget();
    tracing::info!(told, "retired");
    Ok(Done::Retired { told, kept })
}

/// Has the helper forget every binding, and erases bindings, envelopes and identity here. What was
/// cut in the middle is begun again by asking again.
pub(super) async fn erase(agent: &Agent) -> Result<(), Fault> {
    let state = &agent.places.state;
    for id in bindings::ids(state)? {
        agent.helper.unlink(id).await?;
        bindings::remove(state, id)?;
    }
    Ok(identity::erase(state)?)
}
