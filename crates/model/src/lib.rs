//! The vocabulary that every other part of Lockstep shares.
//!
//! **Architecture invariant:** nothing here does input or output, reads a clock or draws a random
//! number (except [`uuid`]-based ids, whose `fresh` constructors say so). Every other crate may
//! depend on this one; it depends on none of them.
#![forbid(unsafe_code)]

pub mod code;
pub mod fault;
pub mod ids;
pub mod ksf;
pub mod password;
pub mod phrase;
pub mod provenance;
pub mod secret;
pub mod stamp;
pub mod store;

pub use code::Code;
pub use fault::Fault;
pub use ids::{BindingId, DeviceId, EnvelopeId, FactorId, PersonId};
pub use ksf::Ksf;
pub use provenance::{Channel, Origin, Provenance};
pub use secret::Secret;
pub use stamp::{Epoch, Generation, Stamp, Timestamp};
pub use store::{StoreKind, StoreState, WithoutOld};
