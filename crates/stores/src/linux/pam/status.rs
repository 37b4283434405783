//! PAM's return values, those that are told apart (pam(3)).

use std::ffi::c_int;

/// A return value of libpam.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Status(pub(super) c_int);

impl Status {
    pub(super) const SUCCESS: Self = Self(0);
    pub(super) const BUFFER: Self = Self(5);
    pub(super) const PERMISSION_DENIED: Self = Self(6);
    pub(super) const AUTHENTICATION: Self = Self(7);
    pub(super) const USER_UNKNOWN: Self = Self(10);
    pub(super) const MAX_TRIES: Self = Self(11);
    pub(super) const NEW_TOKEN_REQUIRED: Self = Self(12);
    pub(super) const ACCOUNT_EXPIRED: Self = Self(13);
    pub(super) const CONVERSATION: Self = Self(19);
    pub(super) const TOKEN: Self = Self(20);
    pub(super) const TOKEN_LOCK_BUSY: Self = Self(22);
    pub(super) const TOKEN_EXPIRED: Self = Self(27);
}
