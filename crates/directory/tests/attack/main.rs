//! Attacks on the directory, in process, over the very router that it serves.
//!
//! Each test names its actor and says what holds. [`world`], [`people`], [`phones`] and [`computers`] play the
//! honest part of each exchange, and [`admins`] what an admin decides; the other modules are the
//! attacks.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

mod accounts;
mod admins;
mod assertions;
mod changes;
mod computers;
mod cookies;
mod disown;
mod doors;
mod factors;
mod hang_up;
mod held_back;
mod limits;
mod links;
mod orders;
mod organisation;
mod people;
mod phones;
mod proofs;
mod releases;
mod sessions;
mod sign_in;
mod suspension;
mod world;
