//! The whole product on one machine: a directory, devices of the lab, a browser.
//!
//! [`World`] holds them together; the demo plays on it, and the tests break it.
//!
//! | module | holds |
//! |---|---|
//! | [`directory`] | the real server as a process: start, stop, kill |
//! | [`command`] | the `lockstep` command with secrets on descriptors |
//! | [`world`] | people, computers, and what they run |
//! | [`faults`] | kills in the middle of everything |
//! | [`locked`] | what else a password locks: keyring and disk |
//! | [`terminal`] | somebody who types |
//! | [`portal`] | the portal, in a real browser or by its interface |
//! | [`play`], [`encore`] | the story, step by step |
//! | [`phone`] | an authenticator app |
//! | [`canary`] | a mark in every password, and a search for it |
//! | [`desk`] | somebody who uses the app |
//! | [`display`] | the app on this machine's own display |
#![forbid(unsafe_code)]

pub mod canary;
pub mod command;
pub mod desk;
pub mod directory;
pub mod display;
pub mod encore;
pub mod faults;
pub mod locked;
pub mod phone;
pub mod play;
pub mod portal;
pub mod terminal;
pub mod world;

pub use command::Outcome;
pub use directory::Directory;
pub use world::{Computer, World};

/// Where the repository is, for what is not compiled: the browser's driver.
#[must_use]
pub fn repository() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Where this build's programs are.
#[must_use]
pub fn binaries() -> std::path::PathBuf {
    lockstep_lab::Options::default().binaries
}
