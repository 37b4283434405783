//! Every decision of the directory, pure.
//!
//! `decide(state, command) -> events or a code`, `evolve(state, event) -> state`. The shell reads
//! the state inside a write transaction, stores what the events say, and tells whom they concern.

pub mod access;
pub mod credential;
pub mod enrolment;
pub mod factor;
pub mod logo;
pub mod names;
pub mod policy;
pub mod release;
pub mod standing;
pub mod throttle;
