//! What Lockstep's parts say to each other, and nothing about how it travels.
//!
//! | module | between |
//! |---|---|
//! | [`api`] | directory and browser, CLI or agent, over HTTPS |
//! | [`assertion`] | the device's signature on each of its requests |
//! | [`doctor`] | agent and whoever asks how a computer stands |
//! | [`enrolment`] | the string an admin hands to a new computer |
//! | [`frame`] | the framing of both local sockets |
//! | [`local`] | app or CLI and agent |
//! | [`helper`] | agent and root helper |
//! | [`keyring`] | app or CLI and the program that opens what was set aside |
//! | [`order`] | directory and root helper, through the agent |
#![forbid(unsafe_code)]

pub mod api;
#[cfg(feature = "assertion")]
pub mod assertion;
pub mod bytes;
pub mod doctor;
pub mod enrolment;
pub mod frame;
pub mod helper;
pub mod keyring;
pub mod local;
pub mod order;
mod token;

pub use bytes::Bytes;
pub use token::Token;
