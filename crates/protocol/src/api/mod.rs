//! The directory's HTTP messages, version 1, under `/api/v1`.
//!
//! | module | who asks | proven by |
//! |---|---|---|
//! | [`public`] | anybody: activation and sign-in | a one-time token, or OPAQUE |
//! | [`me`] | a signed-in person | a session |
//! | [`admin`] | a person with a role | a session |
//! | [`device`] | an enrolled computer | an [assertion](crate::assertion) |
//!
//! Times are milliseconds since 1970 by the directory's clock. A failed request answers
//! [`Problem`] with the HTTP status that fits.

use crate::Bytes;
use lockstep_model::code::Retry;
use lockstep_model::{Code, Ksf, Provenance};

pub mod admin;
pub mod device;
pub mod me;
pub mod public;

/// The most bytes of a request body.
pub const MAX_BODY: usize = 64 * 1024;

/// The most bytes of a logo.
pub const MAX_LOGO: usize = 200_000;

/// The most bytes of a request body with a logo in it, in base64url.
pub const MAX_LOGO_BODY: usize = MAX_LOGO.div_ceil(3) * 4 + 1024;

macro_rules! message {
    ($($(#[$doc:meta])* $vis:vis struct $name:ident { $($body:tt)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
            #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
            $vis struct $name { $($body)* }
        )*
    };
}
pub(crate) use message;

message! {
    /// Why a request was refused. Nothing was changed, unless the code says otherwise.
    pub struct Problem {
        /// The code of the closed list.
        pub code: Code,
        /// Its sentence, with the organisation's name in it; the computer is called "computer".
        pub sentence: String,
        /// What to do next.
        pub next_step: String,
        /// Whether trying again can help.
        pub retry: Retry,
        /// The change of the password that ended the session, if that is why.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub ended_by: Option<Provenance>,
        /// The request's number, by which the directory's log is searched.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub request_id: Option<String>,
    }

    /// What a client must know to run OPAQUE for one credential.
    ///
    /// An unknown person gets an answer of the same shape.
    pub struct Credential {
        /// The cipher suite's number.
        pub suite: u16,
        /// The normalisation rule's number.
        pub normalisation: u16,
        /// The key stretching's parameters; clients refuse any below their floor.
        pub ksf: Ksf,
        /// OPAQUE's client identifier: the person's immutable id.
        pub client_identifier: String,
        /// OPAQUE's server identifier: the realm.
        pub server_identifier: String,
    }
}

message! {
    /// The organisation's words and rules, for every window and page.
    pub struct Organisation {
        /// Its name.
        pub name: String,
        /// Whom to ask for help.
        pub it_contact: ItContact,
        /// The rules for a new password.
        pub policy: lockstep_model::password::Policy,
        /// The SHA-256 of its logo in hexadecimal; none without a logo.
        #[serde(default)]
        pub logo: Option<String>,
        /// After how many hours somebody who put their new password off is reminded: 1 to 24.
        #[serde(default = "usual_reminder_hours")]
        pub reminder_hours: u8,
    }

    /// The IT contact, shown beside every error.
    pub struct ItContact {
        /// A person or desk.
        pub name: String,
        /// An e-mail address, or empty.
        pub email: String,
        /// A phone number, or empty.
        pub phone: String,
    }

    /// The directory's vouching for its OPAQUE key, made with the realm key pinned at enrolment.
    ///
    /// Devices check it before they type a password into the protocol, so that the OPAQUE key can
    /// be rotated and no other server can pose as the directory.
    pub struct Vouch {
        /// The OPAQUE server's public key.
        pub opaque_key: Bytes,
        /// The realm key's signature (ECDSA P-256, SHA-256, fixed form) over the key and the realm.
        pub signature: Bytes,
    }
}

/// After how many hours people are reminded where nobody has set it.
const fn usual_reminder_hours() -> u8 {
    4
}

impl Vouch {
    /// The bytes that the realm key signs.
    #[must_use]
    pub fn signed_text(realm: &str, opaque_key: &Bytes) -> Vec<u8> {
        format!("lockstep vouch 1|{}|{realm}", opaque_key.encode()).into_bytes()
    }
}
