//! The device's decision core: how one person's stores on one device follow their password.
//!
//! Outside it is a Mealy machine: [`step`] takes the state, the time and one [`Input`], and returns
//! the next state and the ordered [`Effect`]s. Inside it is a reconciler: after every input
//! [`plan`] makes the list of what is still to be done, and the machine does the first step of it.
//!
//! ```text
//!  Proved            +---------------------------------------------------------------+
//!     |              |                        one run                                |
//!     v              v                                                               |
//!  verifying --> preflighting --> (asking) --> sealing --> changing --> opening --> removing,
//!  which secret   could each      only if      new pass-   disk slot    each with    retiring
//!  opens what     store take      nothing at   word, and   (tested at   the new      old slots,
//!     |           the new one?    hand opens   open the    once), then  password     envelopes
//!     |              |            a store      copy        account,     |            |
//!     |              |               |            |        keychain     |            v
//!     +--------------+---------------+------------+           |         |     Finish(InSync)
//!                    v                                        v         v
//!      refused: Finish(Stopped), nothing changed     a store refuses: it waits, named, and the
//!                                                    others go on; then Finish(Stopped)
//! ```
//!
//! Asked, the person may also say to have no old password. [`weigh`] tells beforehand what that
//! costs; [`Input::Forgotten`] accepts it, and the stores that were asked about are reset where
//! they would have been changed. Beside a store that would stay shut for good none is.
//!
//! No phase is stored: it follows from what was found out in the run, so that a newer password in
//! the middle, a crash, or an operation that never answered just gives another plan.
//!
//! # Invariants
//!
//! - Only opening a store raises a [`Belief`]: a probe, or a change that opened it afterwards in the
//!   same operation. That a change reports success decides nothing but the next probe.
//! - At most one operation is under way. Every mutation follows a durable [`Record::Intent`] of the
//!   same operation, and is allowed by [`check`], which shares no code with the planner.
//! - The new password is sealed before the first change, and no older envelope is dropped before
//!   every store was opened with the new password after its last change. The same goes for old
//!   slots, and to remove one is itself a change, after which the store counts as opened only if
//!   it was opened once more. One that has to stay is a [`Status::notices`] and keeps nothing from being in sync.
//! - Evidence of an earlier run orders the candidates and is not relied on: every run opens every
//!   store anew before anything is changed. The first change may open its store itself, if it does so
//!   before it writes ([`Capabilities::change_opens_first`]) and nothing speaks against what opened it
//!   last; where that does not open it any more, nothing was changed, and the plan is made afresh.
//! - Where guesses count, what was guessed in vain within the hour is not guessed again, but for the
//!   target: else whoever has more envelopes than guesses would never come to be asked. A change from
//!   outside makes it worth a guess again.
//! - A store is changed or reset at most once in a run.
//! - A store is reset only after every secret at hand was tried on it, and the person agreed to
//!   just that in the same run.
//! - Nothing goes towards another stamp than the newest one known, proved by the person.
//! - Every run ends with exactly one [`Effect::Finish`]. A proof that was overtaken on the way gets
//!   one too, unless a run is under way.
//!
//! **Architecture invariant:** no clock, randomness, file, socket or runtime; and no secret, only
//! the names of secrets ([`SecretRef`]), so that everything here can be printed, hashed, written
//! down and model-checked.
//!
//! # The shell's part
//!
//! Before any input, announce the directory's last word if it overtakes what is known
//! ([`State::overtaken_by`]). Run the effects in order. [`Effect::Persist`] is a barrier; if it fails, run nothing after it
//! and go on as after a crash: [`replay`] what is durable, and feed [`Input::Restarted`]. Keep
//! secrets by their [`SecretRef`] from [`Input::Proved`] or [`Input::OldTyped`] until
//! [`Effect::Finish`]. Answer every operation once with [`Input::Finished`]; a time-out is
//! [`Outcome::Indeterminate`].
#![forbid(unsafe_code)]

mod capabilities;
mod check;
#[cfg(test)]
mod drift;
mod explain;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod flows;
#[cfg(test)]
mod forgotten;
#[cfg(test)]
mod found_out;
mod journal;
mod look;
mod message;
mod plan;
#[cfg(test)]
mod removal;
mod secret_ref;
#[cfg(test)]
mod simulation;
mod state;
mod step;
mod weigh;

pub use capabilities::{Budget, Capabilities, Config};
pub use check::{Violation, check};
pub use explain::{Evidence, Explanation, explain};
pub use journal::{Ledger, Mutation, Record, replay};
pub use look::{Look, looks};
pub use message::{Belief, Effect, Input, OpId, Outcome, Verdict};
pub use plan::{End, Plan, Step, plan};
pub use secret_ref::SecretRef;
pub use state::{State, Status};
pub use step::step;
pub use weigh::{Weighing, weigh};
