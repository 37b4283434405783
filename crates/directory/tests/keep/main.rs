//! What a directory keeps: through upgrades, backups, lost keys and altered audits.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

mod audit;
mod backup;
mod cast;
#[path = "../attack/computers.rs"]
#[expect(dead_code, reason = "the attacks use all of it")]
mod computers;
mod factors;
mod keys;
#[path = "../attack/people.rs"]
#[expect(dead_code, reason = "the attacks use all of it")]
mod people;
#[path = "../attack/phones.rs"]
mod phones;
mod program;
mod serving;
mod upgrade;
mod upkeep;
#[path = "../attack/world.rs"]
#[expect(dead_code, reason = "the attacks use all of it")]
mod world;
