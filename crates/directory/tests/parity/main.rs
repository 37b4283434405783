//! People who don't exist can't be told from people who do: by shape, and by what changes.
//!
//! `work.rs` and `time.rs` beside this are programs of their own: nothing may run beside what they
//! measure.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

#[expect(dead_code, reason = "shared with the attacks, which use all of it")]
#[path = "../attack/computers.rs"]
mod computers;
#[expect(dead_code, reason = "shared with the attacks, which use all of it")]
#[path = "../attack/people.rs"]
mod people;
mod shape;
#[expect(dead_code, reason = "shared with the attacks, which use all of it")]
#[path = "../attack/world.rs"]
mod world;
