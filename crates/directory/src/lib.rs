//! The directory: people, credentials, devices, shares, audit, and the web portal.
//!
//! | module | holds |
//! |---|---|
//! | [`core`] | every decision, pure: state and command in, events or a code out |
//! | [`storage`] | SQL, and nothing but SQL |
//! | [`http`] | the endpoints: who asks, what is decided, what is stored, who is told |
//! | [`live`] | who listens to what: wake-ups without polling |
//! | [`attempts`] | proofs under way, in memory, each good once |
//! | [`metrics`], [`log`] | what is measured, what is written down |
//! | [`limits`] | how many connections are served, and of whom |
//! | [`keys`], [`config`], [`place`], [`init`] | files and set-up |
//! | [`certificate`], [`tls`], [`serve`] | certificate, sockets, a graceful stop |
//! | [`backup`], [`restore`], [`rescue`], [`care`] | what an operator does, and what is done every day |
//!
//! **Architecture invariants.** No password and no key that opens a computer ever reaches this
//! program. Handlers name their actor by an extractor type, so a forgotten check does not compile.
//! Nothing in [`core`] reads a clock, a socket or the database.
#![forbid(unsafe_code)]

pub mod attempts;
pub mod backup;
pub mod care;
pub mod certificate;
pub mod config;
pub mod core;
pub mod http;
pub mod init;
pub mod keys;
pub mod limits;
pub mod live;
pub mod log;
pub mod metrics;
pub mod place;
pub mod rescue;
pub mod restore;
pub mod serve;
pub mod storage;
pub mod tls;
mod tokens;
