//! The menu-bar program of the person: it shows, asks and explains; the agent does the work.
//!
//! | module | holds |
//! |---|---|
//! | [`core`] | decides: `(state, input) -> effects`, and the [view] of each state; no secret, no clock |
//! | [`view`] | what windows, tray and notifications show: values |
//! | [`words`] | the catalogue: every string, in every language |
//! | [`shell`] | draws views with Slint, keeps what is typed, carries effects out |
//! | [`platform`] | what each desktop does in its own way |
#![deny(unsafe_code)]

pub mod core;
pub mod platform;
pub mod shell;
pub mod view;
pub mod words;
