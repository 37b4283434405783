//! When, how, from where and by whom a generation came to be; shown to the person.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What stood behind a change of the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The former password was proved.
    Proved,
    /// Somebody or something issued it: an admin, a reset link, an invitation, an import.
    Issued,
}

/// Through what a change of the password came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// An invitation was opened and a first password chosen.
    Invitation,
    /// The portal, in a browser.
    Portal,
    /// The app or `lockstep passwd` on one of the person's computers.
    Computer,
    /// A reset link that an admin made was opened and a password chosen.
    ResetLink,
    /// An admin issued it; the client is the admin's name.
    Admin,
}

/// The story of one generation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Provenance {
    /// When the directory took it, by the directory's clock.
    pub at: Timestamp,
    /// Through what.
    pub channel: Channel,
    /// The browser and system ("Firefox on Linux"), the computer's name, or the admin's.
    pub client: String,
    /// The network address it came from.
    pub address: String,
}
