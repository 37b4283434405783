//! Many devices and a directory in virtual time.
//!
//! One seed is one run, to the last event: people with computers, the production core of the device
//! over stores that are values, the production core of the directory over a database that is one,
//! and between them a network on which whatever is sent may be late, lost or doubled. Power and
//! agents go at any moment, also between two effects of one step and in the middle of a record; the
//! directory is started again, or restored from a backup; passwords are changed elsewhere, issued,
//! and changed on several computers at once; stores are changed behind our back; people forget.
//! Then the world calms down, and everything must end up in step.
//!
//! | module | holds |
//! |---|---|
//! | [`world`] | the queue of events in virtual time |
//! | [`directory`] | the directory's core over a value, [`network`] what is between it and a device |
//! | [`device`], [`shell`], [`flow`] | the device's shell, as the agent is one; [`stores`], [`journal`] below it |
//! | [`person`], [`misfortune`] | who acts, and what goes wrong |
//! | [`judge`] | the promises, at every event |
//! | [`plant`] | faults on purpose, each of which must be found |
//!
//! What it takes for granted: the helper's operations on one store end in the order in which they
//! began; the person reaches the agent whenever the device is on (`cargo xtask model` has the
//! doors); OPAQUE and the sealing of envelopes do what they promise.
#![forbid(unsafe_code)]

#[macro_use]
mod story;

mod chance;
mod device;
mod directory;
mod flow;
mod happening;
mod journal;
mod judge;
mod misfortune;
mod network;
mod person;
mod plant;
mod shell;
mod stores;
mod world;

pub use happening::{Counts, Happening};
pub use plant::Plant;

use story::Story;
use world::World;

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which.
    pub promise: &'static str,
    /// Where.
    pub detail: String,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The first promise that was not kept.
    pub broken: Option<Broken>,
    /// What happened.
    pub counts: Counts,
    /// How many events there were.
    pub events: u64,
    /// How long it took, in virtual milliseconds.
    pub virtual_ms: i64,
    /// What happened, as text, as far as it was to be told.
    pub story: Vec<String>,
}

/// Runs one seed.
#[must_use]
pub fn run(seed: u64, plant: Option<Plant>) -> Ended {
    World::of(seed, plant, Story::default()).run()
}

/// Runs one seed and tells its last `lines` lines; the run is the same.
#[must_use]
pub fn tell(seed: u64, plant: Option<Plant>, lines: usize) -> Ended {
    World::of(seed, plant, Story::of_last(lines)).run()
}
