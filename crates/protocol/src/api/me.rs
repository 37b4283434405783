//! What a signed-in person sees and changes.

use lockstep_model::{
    DeviceId, FactorId, PersonId, Provenance, Stamp, StoreKind, StoreState, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::{Credential, message};
use crate::{Bytes, Token};

message! {
    /// The person, their password's standing, and their computers; also each event of `me/events`.
    pub struct Me {
        /// The person's id.
        pub person: PersonId,
        /// The user name.
        pub user_name: String,
        /// The name to greet them by.
        pub display_name: String,
        /// What else they may do here.
        pub role: Role,
        /// Their password's stamp.
        pub stamp: Stamp,
        /// How that password came to be.
        pub changed: Provenance,
        /// Whether an admin issued that password for one use: the person chooses an own one first.
        pub temporary: bool,
        /// Their computers, by name.
        pub computers: Vec<Computer>,
        /// Their second factors that are enrolled.
        pub factors: Vec<FactorRow>,
        /// Whether their computers ask for one after an issued password, by the organisation's rule.
        pub asks_for_factor: bool,
        /// The last time that a former password was recovered though another had been issued since,
        /// of the last 30 days.
        pub recovered: Option<Recovered>,
    }

    /// One second factor that is enrolled.
    pub struct FactorRow {
        /// The factor.
        pub factor: FactorId,
        /// What it is.
        pub kind: FactorKind,
        /// Since when.
        pub since: Timestamp,
    }

    /// A former password was recovered on a computer though another had been issued since.
    pub struct Recovered {
        /// When.
        pub at: Timestamp,
        /// The computer's name.
        pub computer: String,
        /// The network address.
        pub address: String,
    }

    /// Begins to enrol a second factor; what was begun before and not confirmed is forgotten.
    pub struct FactorStart {
        /// Which kind.
        pub kind: FactorKind,
    }

    /// A factor that is enrolled once its first code came. What it holds is shown once.
    pub struct FactorStarted {
        /// The factor.
        pub factor: FactorId,
        /// What an authenticator app reads from a QR code: `otpauth://totp/...`.
        pub uri: Token,
        /// The secret alone, in base32, to be typed into an app.
        pub secret: Token,
        /// Until when the first code can come.
        pub expires_at: Timestamp,
    }

    /// Shows that the person holds a factor.
    pub struct FactorProof {
        /// The code that the app shows now; spaces are passed over.
        pub code: Token,
    }

    /// One of a person's computers.
    pub struct Computer {
        /// The device.
        pub device: DeviceId,
        /// Its name.
        pub name: String,
        /// Its operating system, for people: "Debian 12".
        pub system: String,
        /// The local account that is linked.
        pub account: String,
        /// Where it stands as a whole.
        pub standing: Standing,
        /// Each store, in the order in which they move.
        pub stores: Vec<StoreRow>,
        /// When the directory last heard from it.
        pub last_contact: Option<Timestamp>,
        /// Whether it is connected now.
        pub online: bool,
    }

    /// One store of a computer.
    pub struct StoreRow {
        /// Which store.
        pub kind: StoreKind,
        /// How it stands.
        #[serde(flatten)]
        pub state: StoreState,
    }

    /// First step of a change: a fresh proof of the current password and a new registration.
    pub struct PasswordStart {
        /// OPAQUE KE1 with the current password.
        pub request: Bytes,
        /// OPAQUE `RegistrationRequest` with the new one.
        pub registration_request: Bytes,
    }

    /// Answer to [`PasswordStart`].
    pub struct PasswordStarted {
        /// Names this attempt; good for one finish within a minute.
        pub attempt: String,
        /// OPAQUE KE2.
        pub response: Bytes,
        /// What the client needs for the current password.
        pub credential: Credential,
        /// OPAQUE `RegistrationResponse`.
        pub registration_response: Bytes,
        /// What the client needs for the new password.
        pub new_credential: Credential,
        /// The stamp that this change would replace.
        pub from: Stamp,
    }

    /// Second step of a change. Every other session of the person ends.
    pub struct PasswordFinish {
        /// From [`PasswordStarted`].
        pub attempt: String,
        /// OPAQUE KE3: the proof of the current password.
        pub finish: Bytes,
        /// OPAQUE `RegistrationRecord` of the new one.
        pub registration_record: Bytes,
    }

    /// One place where the person is signed in.
    pub struct SessionRow {
        /// Names the session; good for ending it, not for using it.
        pub session: String,
        /// The browser and system.
        pub client: String,
        /// The network address.
        pub address: String,
        /// When it began.
        pub since: Timestamp,
        /// When it ends by itself.
        pub expires_at: Timestamp,
        /// Whether it is the one that asks.
        pub this_one: bool,
    }

    /// Where the person is signed in: this session first, then the newest.
    pub struct Sessions {
        /// The sessions.
        pub sessions: Vec<SessionRow>,
    }

    /// An enrolment string for a computer of the person's own; shown once, works once.
    pub struct OwnEnrolment {
        /// The string, to be pasted into `lockstep enrol`.
        pub enrolment: Token,
        /// When it stops working.
        pub expires_at: Timestamp,
    }

    /// The new standing after a change.
    pub struct PasswordChanged {
        /// The new password's stamp.
        pub stamp: Stamp,
    }
}

/// What a second factor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FactorKind {
    /// An authenticator app with one-time codes (RFC 6238).
    Totp,
}

/// Where a computer stands as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Every store was opened with the password of the present generation.
    InSync,
    /// It asks the person now: connected, and some store is behind.
    AsksNow,
    /// It asks when it is back: not connected, and some store is behind.
    AsksWhenOnline,
    /// A sync runs.
    Working,
    /// Some store could not follow.
    Problem,
}

/// What a person may do beyond their own affairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Nothing.
    Person,
    /// Everything; the first admin.
    Owner,
}
