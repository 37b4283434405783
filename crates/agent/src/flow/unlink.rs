//! Giving a binding up: the account keeps the password that it has.

use std::rc::Rc;

use lockstep_client::{Fault, From};
use lockstep_model::Code;
use lockstep_protocol::api::device::Unlink;
use lockstep_protocol::local::Done;

use super::{Ended, failed, link};
use crate::agent::Agent;
use crate::local::Caller;

/// Gives the caller's binding up.
pub(crate) async fn run(agent: &Rc<Agent>, caller: &Caller) -> Ended {
    let enrolled = agent.enrolled().map_err(failed)?;
    let _joining = agent.join(caller.uid()).map_err(failed)?;
    let binding = agent.binding_of(caller.uid()).map_err(failed)?;
    let busy = |_| failed(Fault::new(Code::Busy, "another flow holds the binding"));
    let core = binding.core.try_lock().map_err(busy)?;
    let unlink = Unlink {
        binding: binding.file.binding,
    };
    let from = From::Device(&enrolled.identity.key);
    // The directory first: while it still shows the computer, nothing here has changed.
    let unlinked = enrolled.client.ask(from, "/device/unlink", &unlink).await;
    let () = unlinked.map_err(failed)?;
    let given_up = binding.file.clone().given_up();
    given_up
        .save(&agent.places.state)
        .map_err(|fault| failed(fault.into()))?;
    agent.drop_binding(binding.file.binding);
    drop(core);
    link::undo(agent, &enrolled, binding.file.binding).await;
    let account = binding.file.account.clone();
    tracing::info!(account, "unlinked");
    Ok(Done::Unlinked { account })
}
