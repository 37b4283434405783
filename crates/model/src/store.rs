//! What on a device is locked with the person's password, and how it stands.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Code, Generation, Timestamp};

/// A kind of store. The order is the order in which stores move to a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StoreKind {
    /// LUKS, FileVault, fscrypt: gets its new slot first and loses the old one last.
    Disk,
    /// The local account.
    Account,
    /// The login keychain, GNOME keyring or KWallet.
    Keychain,
}

impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Disk => "disk",
            Self::Account => "account",
            Self::Keychain => "keychain",
        })
    }
}

/// What becomes of a store when its old password is lost and the person accepts the cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithoutOld {
    /// It takes the new password all the same, and nothing in it is lost: an account.
    Reset,
    /// It is set aside, for its old password to open later; an empty one takes its place: a
    /// keychain.
    SetAside,
    /// It stays shut, so that no account may be reset beside it: a disk or home whose key is
    /// derived from the password.
    StaysShut,
}

/// How one store stands, as a person is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum StoreState {
    /// Opened with the password of this generation at this time. Nothing else may be called so.
    InSync {
        /// The generation it was opened with.
        generation: Generation,
        /// When it was opened, by the device's clock.
        tested_at: Timestamp,
    },
    /// Its turn has not come yet.
    Waiting,
    /// It is being moved.
    Changing,
    /// It is being opened with the new password.
    Testing,
    /// The person has to type something before it can follow.
    NeedsYou {
        /// Since when.
        since: Timestamp,
    },
    /// It could not follow.
    Problem {
        /// Why.
        code: Code,
    },
    /// Nobody has tried to open it yet.
    NotTested,
}
