//! How the agent and `lockstep admin` reach the directory.
//!
//! | module | holds |
//! |---|---|
//! | [`proxy`] | the way out of the network: directly, or through a proxy |
//! | [`examine`] | how far the way goes, for whoever has to mend it |
//! | [`transport`] | TLS with the authority that was pinned, one kept connection, time-outs |
//! | [`request`] | typed requests, who they are from, and what a refusal means |
//! | [`stream`] | server-sent events |
//! | [`sign_in`] | activation and sign-in of a person |
//! | [`proof`] | proofs made on a device, and the changes that they open |
#![forbid(unsafe_code)]

pub mod examine;
pub mod issue;
pub mod proof;
pub mod proxy;
pub mod request;
pub mod sign_in;
pub mod stream;
pub mod transport;

pub use proxy::Proxy;
pub use request::{Client, DeviceKey, From};

pub use lockstep_model::Fault;
