//! Plans in plain words, for `lockstep explain`.

use std::fmt;

use super::{End, Plan, Step};

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in (1_u32..).zip(&self.steps) {
            writeln!(f, "{number}. {step}")?;
        }
        match self.end {
            End::Idle => f.write_str("Nothing to do until the current password is proved."),
            End::InSync(stamp) => write!(f, "Then everything is in step with {stamp}."),
            End::Stopped(code) => write!(f, "Then stop with {code}."),
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
