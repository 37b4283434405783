//! How a binding stands, as its core says: judged in one place.

use lockstep_model::{Code, Stamp, StoreState};
use lockstep_protocol::api::me::StoreRow;
use lockstep_protocol::local::StoreNotice;
use lockstep_sync::Status;

/// What the core says of itself whenever it has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Each store, and what is pending.
    pub(crate) status: Status,
    /// The newest stamp heard of.
    pub(crate) known: Option<Stamp>,
    /// Why the last run stopped.
    pub(crate) problem: Option<Code>,
    /// Why the last proof did not recover the password that this computer has.
    pub(crate) unrecovered: Option<Code>,
}

impl Standing {
    /// Each store, in the order in which they move.
    pub(crate) fn rows(&self) -> Vec<StoreRow> {
        let stores = self.status.stores.iter();
        stores
            .map(|(kind, state)| StoreRow {
                kind: *kind,
                state: state.clone(),
            })
            .collect()
    }

    /// What is to be known of stores that are in sync all the same.
    pub(crate) fn notices(&self) -> Vec<StoreNotice> {
        let notices = self.status.notices.iter();
        notices
            .map(|(kind, code)| StoreNotice {
                kind: *kind,
                code: *code,
            })
            .collect()
    }

    /// Whether every store was opened with the password of the newest stamp heard of.
    pub(crate) fn is_in_sync(&self) -> bool {
        let mut states = self.status.stores.values();
        self.known.is_some() && states.all(|state| matches!(state, StoreState::InSync { .. }))
    }

    /// Why the last run stopped, unless that is over; or that the directory counts otherwise than
    /// this device, which only a proof settles.
    pub(crate) fn open_problem(&self) -> Option<Code> {
        let restored = self.status.odd.map(|_| Code::DirectoryRestored);
        restored.or_else(|| self.problem.filter(|_| !self.is_in_sync()))
    }
}
