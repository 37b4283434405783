//! The app on a real desktop: by keys, by a screen reader, from the tray.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

mod forgotten;
mod idle;
mod keyboard;
mod life;
mod linking;
mod offline;
mod progress;
mod reader;
mod secrets;
mod stopped;
mod support;
