//! What an enrolled computer asks.

use lockstep_model::{
    BindingId, Code, DeviceId, EnvelopeId, PersonId, Provenance, Stamp, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::me::{Computer, FactorKind, StoreRow};
use super::{Credential, Organisation, Vouch, message};
use crate::order::SignedOrder;
use crate::{Bytes, Token};

/// The most shares that one proof asks for.
pub const MAX_ENVELOPES: usize = 32;

message! {
    /// Enrols a computer; signed with the key that it brings.
    pub struct Enrol {
        /// The enrolment string's token.
        pub token: Token,
        /// The computer's name.
        pub name: String,
        /// Its operating system, for people: "Debian 12".
        pub system: String,
        /// The agent's version.
        pub agent_version: String,
    }

    /// The computer is enrolled.
    pub struct Enrolled {
        /// Its id from now on.
        pub device: DeviceId,
        /// The realm, which is OPAQUE's server identifier.
        pub realm: String,
        /// The OPAQUE key, vouched for.
        pub vouch: Vouch,
        /// Words and rules.
        pub organisation: Organisation,
    }

    /// What a device learns when it checks in, and as the first event of its stream.
    pub struct CheckIn {
        /// Words and rules.
        pub organisation: Organisation,
        /// The OPAQUE key, vouched for.
        pub vouch: Vouch,
        /// Where each of its bindings stands.
        pub bindings: Vec<BindingNews>,
        /// For how many days a sealed copy is kept after everything was opened with a newer password.
        #[serde(default)]
        pub keep_former_days: u16,
    }

    /// Where one binding's person stands: never a secret, always the whole truth of the moment.
    pub struct BindingNews {
        /// Which binding.
        pub binding: BindingId,
        /// The person's user name.
        pub user_name: String,
        /// The name to greet them by; a new password must not hold it.
        pub display_name: String,
        /// The person's stamp.
        pub stamp: Stamp,
        /// How that password came to be.
        pub changed: Provenance,
        /// Whether an admin issued that password for one use: the person chooses an own one first.
        #[serde(default)]
        pub temporary: bool,
        /// Why the person may prove nothing now: locked or suspended. Nobody is prompted meanwhile.
        #[serde(default)]
        pub held: Option<Code>,
        /// When that password expires, where passwords do. It is only told: nothing is locked then.
        #[serde(default)]
        pub expires_at: Option<Timestamp>,
        /// How many other computers of the person have yet to follow.
        pub other_computers: u32,
    }

    /// The organisation's logo.
    pub struct Logo {
        /// The PNG, or none.
        pub png: Option<Bytes>,
    }

    /// Asks for the other computers of a binding's person.
    pub struct ListComputers {
        /// Which binding.
        pub binding: BindingId,
    }

    /// The other computers of a binding's person.
    pub struct OtherComputers {
        /// The computers, by name.
        pub computers: Vec<Computer>,
    }

    /// "This wasn't me", said on a computer of the change that it knows of.
    pub struct Disown {
        /// Which binding.
        pub binding: BindingId,
        /// The change that is disowned: the present one.
        pub stamp: Stamp,
    }

    /// First step of a proof made on a device.
    ///
    /// OPAQUE runs with the [context](crate::api::device::proof_context) of purpose, device and
    /// binding, so that no other proof can stand in for it.
    pub struct ProofStart {
        /// What the proof is for.
        pub purpose: Purpose,
        /// The binding; drawn by the device when it is about to be made.
        pub binding: BindingId,
        /// Whose password, only when the binding is about to be made.
        pub user_name: Option<String>,
        /// OPAQUE KE1.
        pub request: Bytes,
        /// OPAQUE `RegistrationRequest` of the new password, only for a change.
        pub registration_request: Option<Bytes>,
    }

    /// Answer to [`ProofStart`].
    pub struct ProofStarted {
        /// Names this attempt; good for one finish within a minute.
        pub attempt: String,
        /// OPAQUE KE2.
        pub response: Bytes,
        /// What the client needs beside it.
        pub credential: Credential,
        /// OPAQUE `RegistrationResponse`, only for a change.
        pub registration_response: Option<Bytes>,
        /// What the client needs for the new password, only for a change.
        pub new_credential: Option<Credential>,
    }

    /// Second step of a proof.
    pub struct ProofFinish {
        /// From [`ProofStarted`].
        pub attempt: String,
        /// OPAQUE KE3.
        pub finish: Bytes,
        /// The local account's name, only when the binding is about to be made.
        pub account: Option<String>,
        /// The envelope for which a share is to be made.
        pub new_envelope: Option<EnvelopeId>,
        /// The envelopes whose shares are asked for.
        pub envelopes: Vec<EnvelopeId>,
        /// The helper's challenge, if the person has no old password and wants the account reset.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub reset: Option<Bytes>,
        /// The person's second factor, for envelopes that are older than an issued password; only
        /// for a sync.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub factor: Option<FactorAnswer>,
    }

    /// The proof holds.
    pub struct Proved {
        /// Whose password was proved.
        pub person: PersonId,
        /// The stamp of the password proved.
        pub stamp: Stamp,
        /// How that password came to be.
        pub changed: Provenance,
        /// Whether an admin issued that password for one use.
        #[serde(default)]
        pub temporary: bool,
        /// The shares, sealed under the proof's session key.
        pub shares: Bytes,
        /// Envelopes asked for whose share is gone or not released.
        pub withheld: Vec<EnvelopeId>,
        /// The order that was asked for with a challenge.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub order: Option<SignedOrder>,
        /// The second factor that would release some of the withheld ones, in another proof.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub factor_wanted: Option<FactorKind>,
    }

    /// Commits a change that a proof with [`Purpose::Change`] has opened.
    pub struct ChangeCommit {
        /// The proof's attempt.
        pub attempt: String,
        /// OPAQUE `RegistrationRecord` of the new password.
        pub registration_record: Bytes,
        /// The stamp that is to be replaced.
        pub from: Stamp,
        /// What the record was made with, as the directory had said: if that was altered on the
        /// way, the password would never prove.
        pub made_with: Credential,
    }

    /// How a binding's stores stand.
    pub struct Report {
        /// Which binding.
        pub binding: BindingId,
        /// The stamp that the device knows of.
        pub stamp: Option<Stamp>,
        /// Each store.
        pub stores: Vec<StoreRow>,
        /// The last failure, if the last sync ended in one.
        pub problem: Option<Code>,
    }

    /// What a device learns when it reports.
    pub struct Reported {
        /// How many other computers of the person have yet to follow.
        pub other_computers: u32,
    }

    /// Removes a binding.
    pub struct Unlink {
        /// Which binding.
        pub binding: BindingId,
    }

    /// Retires envelopes; their shares are deleted.
    pub struct RetireEnvelopes {
        /// Which binding.
        pub binding: BindingId,
        /// The envelopes; the device has erased its copies already.
        pub envelopes: Vec<EnvelopeId>,
    }
}

/// What a person shows of their second factor at a proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FactorAnswer {
    /// Of [`FactorKind::Totp`].
    Totp {
        /// The code that the app shows now; spaces are passed over.
        code: Token,
    },
}

/// What a proof made on a device is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Makes a binding.
    Link,
    /// Brings a binding's stores in step.
    Sync,
    /// Changes the password.
    Change,
}

impl Purpose {
    /// What a proof that does not hold means to the person who typed the password.
    #[must_use]
    pub const fn refusal(self) -> Code {
        match self {
            Self::Link => Code::SignInRefused,
            Self::Sync => Code::NotTheNewPassword,
            Self::Change => Code::NotTheCurrentPassword,
        }
    }
}

/// OPAQUE's application context of a proof made on a device (RFC 9807 section 6.4).
///
/// A browser's proof has none, so it can never be mistaken for a device's.
#[must_use]
pub fn proof_context(purpose: Purpose, device: DeviceId, binding: BindingId) -> Vec<u8> {
    let purpose = match purpose {
        Purpose::Link => "link",
        Purpose::Sync => "sync",
        Purpose::Change => "change",
    };
    format!("lockstep proof 1|{purpose}|{device}|{binding}").into_bytes()
}
