//! Giving a binding up: the account keeps the password that it has.

use std::rc::Rc;

use lockstep_client::{Fault, From};
use lockstep_protocol::api::device::Unlink;
use lockstep_protocol::local::{Done, KeptPassword};

use super::{Ended, failed, link};
use crate::agent::{Agent, Enrolled};
use crate::binding::Binding;
use crate::local::Caller;

/// Gives the caller's binding up.
pub(crate) async fn run(agent: &Rc<Agent>, caller: &Caller) -> Ended {
    let enrolled = agent.enrolled().map_err(failed)?;
    let _joining = agent.join(caller.uid()).map_err(failed)?;
    let binding = agent.binding_of(caller.uid()).map_err(failed)?;
    let kept = give_up(agent, &enrolled, &binding).await.map_err(failed)?;
    Ok(Done::Unlinked { kept })
}

/// Gives a binding up, and says which password its account keeps.
pub(super) async fn give_up(
    agent: &Rc<Agent>,
    enrolled: &Enrolled,
    binding: &Binding,
) -> Result<KeptPassword, Fault> {
    let core = super::take(binding).await?;
    let id = binding.file.binding;
    let kept = super::kept(binding);
    let from = From::Device(&enrolled.identity.key);
    // The directory first: while it still shows the computer, nothing here has changed.
    let unlink = Unlink { binding: id };
    let () = enrolled.client.ask(from, "/device/unlink", &unlink).await?;
    binding.file.clone().given_up().save(&agent.places.state)?;
    agent.drop_binding(id);
    drop(core);
    link::undo(agent, enrolled, id).await;
    tracing::info!(account = kept.account, "unlinked");
    Ok(kept)
}
