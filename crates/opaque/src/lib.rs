//! OPAQUE (RFC 9807) as Lockstep uses it, and the sealing of envelopes.
//!
//! One cipher suite: Ristretto255, TripleDH with SHA-512, Argon2id. It is the suite of
//! `@serenity-kit/opaque`, which runs in the portal, byte for byte. [`SUITE`] is stored with every
//! credential so that another can follow.
//!
//! **Architecture invariant:** nothing here knows HTTP, storage or the time.
#![forbid(unsafe_code)]

#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "envelope")]
pub mod envelope;
pub mod seal;
#[cfg(feature = "server")]
pub mod server;
pub mod stretch;
mod suite;
#[cfg(test)]
mod tests;

/// The number of the cipher suite.
pub const SUITE: u16 = 1;

/// OPAQUE's identifiers of both sides; they must be the same at registration and ever after.
#[derive(Clone, Copy, Debug)]
pub struct Identifiers<'a> {
    /// The person's immutable id, as text.
    pub client: &'a str,
    /// The realm.
    pub server: &'a str,
}

/// The key that both sides share after a proof.
#[derive(Debug)]
pub struct SessionKey(lockstep_model::Secret);

impl SessionKey {
    /// The 64 bytes.
    #[must_use]
    pub const fn secret(&self) -> &lockstep_model::Secret {
        &self.0
    }
}
