//! Load on the real programs, and what they cost.
//!
//! | module | holds |
//! |---|---|
//! | [`directory`] | the directory as a process, filled through its own endpoints |
//! | [`sign_ins`] | sign-ins per second and per second of the directory's CPU |
//! | [`wake_ups`] | how soon a computer knows of a change, and what a connected computer costs |
//! | [`agent`] | what an agent costs that has nothing to do |
//! | [`app`] | what the app costs while its window is hidden |
//! | [`sync`], [`floor`] | what bringing a computer in step costs, and what it can't do without |
//! | [`wire`] | HTTP/1.1 and events over one TLS connection |
//! | [`person`], [`device`] | who asks: OPAQUE without stretching, signed requests |
//! | [`measure`] | percentiles, `/proc` |
//!
//! The generators share the machine with what they measure, so they are lean: a fixed first OPAQUE
//! message for each person, no key stretching, no HTTP library.
#![forbid(unsafe_code)]

pub mod agent;
pub mod app;
pub mod device;
pub mod directory;
pub mod floor;
pub mod measure;
pub mod person;
pub mod sign_ins;
pub mod sync;
pub mod wake_ups;
pub mod wire;
