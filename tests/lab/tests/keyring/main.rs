//! The keyring store on devices with GNOME's real keyring daemon.
#![expect(clippy::unwrap_used, reason = "a test")]

mod deaths;
mod reopen;
mod resets;
mod store;
mod support;
mod traps;

use lockstep_model::Code;

const OLD: &[u8] = b"the old password";
const NEW: &[u8] = b"the new password";
const WRONG: &[u8] = b"not the password";
const WRONG_CODE: Code = Code::NotTheComputersPassword;
