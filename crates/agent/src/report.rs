//! Telling the directory how a binding's stores stand: the latest, whenever it can be told.

use std::rc::Rc;
use std::time::Duration;

use lockstep_client::{Fault, From};
use lockstep_model::StoreState;
use lockstep_protocol::api::device::{Report, Reported};
use lockstep_protocol::api::me::StoreRow;

use crate::agent::{Agent, Enrolled};
use crate::binding::{Binding, Standing};

/// After how long a report that was not delivered is tried again.
const AGAIN: Duration = Duration::from_secs(30);

/// Reports every change of a binding's standing, and again when the line comes back.
pub(crate) async fn keep(agent: Rc<Agent>, binding: Rc<Binding>) {
    let Ok(enrolled) = agent.enrolled() else {
        return;
    };
    let mut standing = binding.standing.subscribe();
    let mut online = agent.online.subscribe();
    let mut told: Option<Standing> = None;
    loop {
        let present = standing.borrow_and_update().clone();
        if *online.borrow_and_update() && told.as_ref() != Some(&present) {
            match tell(&enrolled, &binding, &present).await {
                Ok(()) => told = Some(present),
                Err(fault) => tracing::warn!(error = %fault, "a report was not delivered"),
            }
        }
        let again = if *online.borrow() && told.as_ref() != Some(&standing.borrow().clone()) {
            AGAIN
        } else {
            Duration::MAX
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
    let rows = standing.status.stores.iter();
    let stores: Vec<StoreRow> = rows
        .map(|(kind, state)| StoreRow {
            kind: *kind,
            state: state.clone(),
        })
        .collect();
    let in_sync = stores
        .iter()
        .all(|row| matches!(row.state, StoreState::InSync { .. }));
    let report = Report {
        binding: binding.file.binding,
        stamp: standing.known,
        stores,
        problem: standing.problem.filter(|_| !in_sync),
    };
    let from = From::Device(&enrolled.identity.key);
    let reported: Reported = enrolled.client.ask(from, "/device/report", &report).await?;
    binding.hear_of_others(reported.other_computers);
    Ok(())
}
