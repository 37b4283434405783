//! What a person's password locks on a device, behind one trait.
//!
//! **Architecture invariants:** a [`Store`] blocks and knows nothing of networks, runtimes or other
//! stores. Every real store passes [`conformance`], as does [`fake::FakeStore`], which therefore
//! may stand in for one wherever faults are to be injected. `unsafe` lives in modules named `sys`.
#![deny(unsafe_code)]

pub mod conformance;
pub mod fake;
#[cfg(target_os = "linux")]
pub mod linux;
mod rules;
mod store;

pub use store::{Capabilities, ChangeFault, Refusal, Store};
