//! Plans in plain words, for `lockstep explain`.

use std::fmt;

use super::{End, Plan, Step};
use crate::state::Operation;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in (1_u32..).zip(&self.steps) {
            writeln!(f, "{number}. {step}")?;
        }
        self.end.fmt(f)
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Idle => f.write_str("Nothing to do until the current password is proved."),
            Self::InSync(stamp) => write!(f, "Then everything is in step with {stamp}."),
            Self::Stopped(code) => write!(f, "Then stop with {code}."),
        }
    }
}

/// An operation under way reads as the step that it belongs to.
impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Probe { store, with } => write!(f, "Open the {store} with {with}"),
            Self::Preflight { store, .. } => Step::Preflight(store).fmt(f),
            Self::Seal { stamp } => Step::Seal(stamp).fmt(f),
            Self::Change { store, from, to } => Step::Change { store, from, to }.fmt(f),
            Self::Reset { store, to } => Step::Reset { store, to }.fmt(f),
            Self::RemoveOld { store, keep } => Step::RemoveOld { store, keep }.fmt(f),
            Self::Retire { keep } => Step::Retire(keep).fmt(f),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { store, candidates } => {
                write!(f, "Open the {store} with ")?;
                for (place, secret) in candidates.iter().enumerate() {
                    write!(f, "{}{secret}", if place == 0 { "" } else { ", else " })?;
                }
                f.write_str(", changing nothing")
            }
            Self::Ask { stores, .. } => {
                f.write_str("Ask for the old password of the ")?;
                for (place, store) in stores.iter().enumerate() {
                    write!(f, "{}{store}", if place == 0 { "" } else { " and the " })?;
                }
                Ok(())
            }
            Self::Preflight(store) => {
                write!(f, "Check that the {store} could take the new password")
            }
            Self::Seal(stamp) => write!(f, "Seal the password of {stamp} and open the copy"),
            Self::Change { store, from, to } => {
                write!(f, "Move the {store} from {from} to the password of {to}")
            }
            Self::Reset { store, to } => {
                write!(
                    f,
                    "Give the {store} the password of {to} without its old one"
                )
            }
            Self::Verify { store, with } => {
                write!(f, "Open the {store} with the password of {with}")
            }
            Self::RemoveOld { store, keep } => write!(
                f,
                "Remove what former passwords still open in the {store}, keeping the password of \
                 {keep}"
            ),
            Self::Retire(keep) => write!(f, "Drop every envelope but that of {keep}"),
        }
    }
}
