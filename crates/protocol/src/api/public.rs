//! One-time links, sign-in, and "This wasn't me": what anybody may ask.

use lockstep_model::{PersonId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Credential, message};
use crate::{Bytes, Token};

message! {
    /// Presents an invitation's one-time token.
    pub struct ActivationOpen {
        /// The token, from the link's fragment.
        pub token: Token,
    }

    /// Whom a link is for, and what it does.
    pub struct ActivationOffer {
        /// Whether it gives the first password or replaces a forgotten one.
        pub kind: LinkKind,
        /// The person's user name.
        pub user_name: String,
        /// The name to greet them by.
        pub display_name: String,
        /// When the link stops working.
        pub expires_at: Timestamp,
    }

    /// First step of choosing the first password, or of replacing a forgotten one.
    pub struct ActivationStart {
        /// The invitation's token.
        pub token: Token,
        /// OPAQUE `RegistrationRequest`.
        pub registration_request: Bytes,
    }

    /// Answer to [`ActivationStart`].
    pub struct ActivationStarted {
        /// OPAQUE `RegistrationResponse`.
        pub registration_response: Bytes,
        /// What the client needs beside it.
        pub credential: Credential,
    }

    /// Second step: spends the invitation and signs in.
    pub struct ActivationFinish {
        /// The invitation's token.
        pub token: Token,
        /// OPAQUE `RegistrationRecord`.
        pub registration_record: Bytes,
        /// How the session is to be carried.
        pub carry: Carry,
    }

    /// First step of a sign-in (OPAQUE KE1).
    pub struct SignInStart {
        /// The user name, as typed.
        pub user_name: String,
        /// OPAQUE KE1.
        pub request: Bytes,
    }

    /// Answer to [`SignInStart`] (OPAQUE KE2); of the same shape for unknown people.
    pub struct SignInStarted {
        /// Names this attempt; good for one finish within a minute.
        pub attempt: String,
        /// OPAQUE KE2.
        pub response: Bytes,
        /// What the client needs beside it.
        pub credential: Credential,
    }

    /// Second step of a sign-in (OPAQUE KE3).
    pub struct SignInFinish {
        /// From [`SignInStarted`].
        pub attempt: String,
        /// OPAQUE KE3.
        pub finish: Bytes,
        /// How the session is to be carried.
        pub carry: Carry,
    }

    /// "This wasn't me", said of the change that ended a session; its token is its proof.
    pub struct Reported {
        /// When the directory took it.
        pub at: Timestamp,
        /// Whether it locked the account; if not, the admins were told.
        pub locked: bool,
    }

    /// A session has begun.
    pub struct SessionOpened {
        /// Whose it is.
        pub person: PersonId,
        /// The session's token, only if it is carried by the client itself.
        pub token: Option<Token>,
    }
}

/// What a one-time link does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// An invitation: gives the first password.
    Invitation,
    /// A reset link: replaces a forgotten password.
    Reset,
}

/// How a session's token travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Carry {
    /// As a `__Host-` cookie that scripts can't read: browsers.
    Cookie,
    /// In the `Authorization` header, kept by the client: the CLI.
    Bearer,
}
