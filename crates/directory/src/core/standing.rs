//! Where a computer stands as a whole, from what it last reported.

use lockstep_model::{Epoch, Stamp, StoreState};
use lockstep_protocol::api::me::{Standing, StoreRow};

/// One store's report, with the epoch of the generation it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedStore {
    /// What the device said.
    pub row: StoreRow,
    /// The epoch that its generation counts in.
    pub epoch: Option<Epoch>,
}

/// Sums a computer's stores up against the person's present stamp.
///
/// "In sync" needs every store to have been opened with the password of exactly that stamp.
#[must_use]
pub fn standing(stores: &[ReportedStore], stamp: Stamp, online: bool) -> Standing {
    let any = |test: fn(&StoreState) -> bool| stores.iter().any(|store| test(&store.row.state));
    if !stores.is_empty() && stores.iter().all(|store| is_at(store, stamp)) {
        Standing::InSync
    } else if any(|state| matches!(state, StoreState::Changing | StoreState::Testing)) && online {
        Standing::Working
    } else if any(|state| matches!(state, StoreState::Problem { .. })) {
        Standing::Problem
    } else if online {
        Standing::AsksNow
    } else {
        Standing::AsksWhenOnline
    }
}

fn is_at(store: &ReportedStore, stamp: Stamp) -> bool {
    matches!(store.row.state, StoreState::InSync { generation, .. } if generation == stamp.generation)
        && store.epoch == Some(stamp.epoch)
}

#[cfg(test)]
mod tests {
    use lockstep_model::{Code, Generation, StoreKind, Timestamp};

    use super::*;

    #[test]
    fn in_sync_needs_every_store_at_exactly_the_present_stamp() {
        let stamp = Stamp {
            epoch: Epoch::fresh(),
            generation: Generation(2),
        };
        let store = |state, epoch| ReportedStore {
            row: StoreRow {
                kind: StoreKind::Account,
                state,
            },
            epoch,
        };
        let at = |generation| StoreState::InSync {
            generation: Generation(generation),
            tested_at: Timestamp(0),
        };
        let here = Some(stamp.epoch);
        assert_eq!(
            standing(&[store(at(2), here)], stamp, false),
            Standing::InSync
        );
        assert_eq!(
            standing(&[store(at(1), here)], stamp, true),
            Standing::AsksNow
        );
        assert_eq!(
            standing(&[store(at(1), here)], stamp, false),
            Standing::AsksWhenOnline
        );
        assert_eq!(
            standing(&[store(at(2), None)], stamp, true),
            Standing::AsksNow
        );
        assert_eq!(
            standing(&[store(at(2), Some(Epoch::fresh()))], stamp, true),
            Standing::AsksNow
        );
        assert_eq!(standing(&[], stamp, true), Standing::AsksNow);
        let half = [store(at(2), here), store(StoreState::Changing, here)];
        assert_eq!(standing(&half, stamp, true), Standing::Working);
        let problem = StoreState::Problem {
            code: Code::AccountLocked,
        };
        assert_eq!(
            standing(&[store(problem, here)], stamp, true),
            Standing::Problem
        );
    }
}
