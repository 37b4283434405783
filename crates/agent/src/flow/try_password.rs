//! Trying a new password on organisation and computer, before anything is changed.

use std::rc::Rc;

use lockstep_client::Fault;
use lockstep_protocol::local::{Done, Need};

use super::{Ended, change, failed, take};
use crate::agent::Agent;
use crate::local::Caller;

/// Judges a password as a change would, before it asks the directory for anything.
pub(crate) async fn run(agent: &Rc<Agent>, caller: &mut Caller) -> Ended {
    try_out(agent, caller).await.map_err(failed)
}

async fn try_out(agent: &Rc<Agent>, caller: &mut Caller) -> Result<Done, Fault> {
    let enrolled = agent.enrolled()?;
    let binding = agent.binding_of(caller.uid())?;
    let typed = caller.need(Need::NewPassword).await?;
    let new = change::choose(&enrolled, &binding, &typed)?;
    take(&binding).await?.preflight(new.secret()).await?;
    Ok(Done::Acceptable)
}
