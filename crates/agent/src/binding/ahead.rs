//! Looks that the plan is about to take, begun early: they change nothing, and most of the time that
//! one takes is spent waiting for another program.
//!
//! **Architecture invariant:** nothing is begun that comes after the plan's next mutation, so every
//! answer that the core takes was found out after the last change of its store.

use lockstep_model::Secret;
use lockstep_sync::{Look, Outcome, looks};
use tokio::task::JoinHandle;

use super::Core;

/// Looks under way that nobody has asked for yet; dropped, they are given up.
#[derive(Default)]
pub(super) struct Ahead(Vec<(Look, JoinHandle<Outcome>)>);

impl Core {
    /// Takes a look, and begins those that come next.
    pub(super) async fn look(&mut self, look: Look) -> Outcome {
        let Some(taken) = self.ahead.take(look).or_else(|| self.begin(look)) else {
            return Outcome::Indeterminate;
        };
        for next in looks(&self.state) {
            if next != look
                && !self.ahead.has(next)
                && let Some(begun) = self.begin(next)
            {
                self.ahead.0.push((next, begun));
            }
        }
        taken.await.unwrap_or(Outcome::Indeterminate)
    }

    fn begin(&self, look: Look) -> Option<JoinHandle<Outcome>> {
        let (Look::Probe { with, .. } | Look::Preflight { with, .. }) = look;
        let secret = self.secrets.get(&with).map(Secret::duplicate)?;
        let (helper, binding) = (self.helper.clone(), self.binding);
        Some(tokio::task::spawn_local(async move {
            match look {
                Look::Probe { store, .. } => helper.probe(binding, store, &secret).await,
                Look::Preflight { store, .. } => helper.preflight(binding, store, &secret).await,
            }
        }))
    }
}

impl Ahead {
    fn has(&self, look: Look) -> bool {
        self.0.iter().any(|(begun, _)| *begun == look)
    }

    fn take(&mut self, look: Look) -> Option<JoinHandle<Outcome>> {
        let place = self.0.iter().position(|(begun, _)| *begun == look)?;
        Some(self.0.swap_remove(place).1)
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        for (_, begun) in &self.0 {
            begun.abort();
        }
    }
}
