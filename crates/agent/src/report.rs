//! Telling the directory how a binding's stores stand: the latest, whenever it can be told; and
//! erasing what was retired when its time is over.

use std::rc::Rc;
use std::time::Duration;

use lockstep_client::{Fault, From};
use lockstep_protocol::api::device::{Report, Reported};

use crate::agent::{Agent, Enrolled};
use crate::binding::Binding;
use crate::line;
use crate::standing::Standing;

/// After how long a report that was not delivered is tried again.
const AGAIN: Duration = Duration::from_secs(30);

/// Reports every change of a binding's standing, and again when the line comes back.
pub(crate) async fn keep(agent: Rc<Agent>, binding: Rc<Binding>) {
    let Ok(enrolled) = agent.enrolled() else {
        return;
    };
    let mut standing = binding.standing.subscribe();
    let mut online = agent.online.subscribe();
    loop {
        let present = standing.borrow_and_update().clone();
        let due = |standing: &Standing| binding.told.borrow().as_ref() != Some(standing);
        if *online.borrow_and_update()
            && due(&present)
            && let Err(fault) = tell(&enrolled, &binding, &present).await
        {
            tracing::warn!(error = %fault, "a report was not delivered");
        }
        // Nothing rests on what expires, so that no core has to be asked.
        let expires = match binding.envelopes.expire(enrolled.grace()) {
            Ok(None) => Duration::MAX,
            Ok(Some(left)) => Duration::from_millis(left),
            Err(fault) => {
                tracing::warn!(error = %fault, "former copies were not looked at");
                Duration::MAX
            }
        };
        if *online.borrow() {
            line::bury(&enrolled, &binding).await;
        }
        let again = if *online.borrow() && due(&standing.borrow()) {
            AGAIN
        } else {
            expires
        };
        let woken = tokio::select! {
            () = tokio::time::sleep(again) => Ok(()),
            changed = standing.changed() => changed,
            changed = online.changed() => changed,
        };
        if woken.is_err() || agent.binding(binding.file.binding).is_none() {
            return;
        }
    }
}

/// Reports at once, so that whoever was told "in sync" sees the same everywhere.
pub(crate) async fn tell(
    enrolled: &Enrolled,
    binding: &Binding,
    standing: &Standing,
) -> Result<(), Fault> {
    let report = Report {
        binding: binding.file.binding,
        stamp: standing.known,
        stores: standing.rows(),
        problem: standing.open_problem(),
    };
    let from = From::Device(&enrolled.identity.key);
    let reported: Reported = enrolled.client.ask(from, "/device/report", &report).await?;
    binding.hear_of_others(reported.other_computers);
    *binding.told.borrow_mut() = Some(standing.clone());
    Ok(())
}
