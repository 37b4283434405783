//! Every window in every state, drawn without a display.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

mod contrast;
mod drawn;
mod field;
mod grown;
mod keyboard;
mod logo;
mod pictures;
mod scenes;
mod within;
