//! What command and app share of the person's side: the line to the agent, keyrings that were set
//! aside, and times as people say them.
//!
//! | module | holds |
//! |---|---|
//! | [`agent`] | the agent's socket: one request, what it needs on the way, one end |
//! | [`keyring`] | `lockstep-keyring`, started as whoever asks |
//! | [`when`] | "today at 14:32" |
#![forbid(unsafe_code)]

pub mod agent;
pub mod keyring;
mod platform;
pub mod when;
