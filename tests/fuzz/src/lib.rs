//! Every parser of outside bytes, and what must hold whatever it is given.
//!
//! Each [`Target`] takes any bytes and panics when a promise is broken: nothing else may panic, no
//! limit is passed, memory stays in proportion, and what was accepted means the same when it is
//! written and read again. `cargo xtask fuzz` mutates; `cargo test -p lockstep-fuzz` replays what is
//! checked in under `corpus/`, one folder a target.
#![forbid(unsafe_code)]
#![expect(clippy::expect_used, reason = "a broken promise is a panic")]

// The helper's records name it as their own.
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "a record holds moments and asks them nothing")
)]
#[path = "../../../crates/helper/src/clock.rs"]
mod clock;
mod directory;
mod frames;
mod messages;
mod opaque;
mod sealed;
mod state;
mod text;

pub use messages::NAMES as MESSAGES;

/// One parser, or a few that read the same bytes.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, and that of its corpus.
    pub name: &'static str,
    /// Gives it any bytes.
    pub run: fn(&[u8]),
    /// The most bytes worth trying.
    pub max_bytes: usize,
}

/// Every target.
pub const TARGETS: &[Target] = &[
    target("frame", frames::frame, 70_000),
    target("local", frames::local, 4096),
    target("helper", frames::helper, 4096),
    target("api", messages::api, 4096),
    target("assertion", messages::assertion, 3000),
    target("order", messages::order, 4096),
    target("enrolment", messages::enrolment, 9000),
    target("directory", directory::directory, 70_000),
    target("opaque", opaque::opaque, 512),
    target("envelope", sealed::envelope, 2048),
    target("shares", sealed::shares, 2048),
    target("journal", state::journal, 16_384),
    target("agent_state", state::agent, 8192),
    target("helper_record", state::helper, 8192),
    target("events", text::events, 8192),
    target("password", text::password, 2048),
    target("names", text::names, 1024),
    target("account_files", text::account_files, 8192),
    target("crypttab", text::crypttab, 8192),
    target("disk_header", text::disk_header, 8192),
    target("configuration", text::configuration, 4096),
    target("key_file", text::key_file, 2048),
];

/// The target of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

const fn target(name: &'static str, run: fn(&[u8]), max_bytes: usize) -> Target {
    Target {
        name,
        run,
        max_bytes,
    }
}

/// Splits an input into what its first line names and the rest; a name that is none stands for any,
/// so that mutation loses nothing.
fn named<'a>(data: &'a [u8], names: &[impl AsRef<str>]) -> (usize, &'a [u8]) {
    let line = data.iter().position(|byte| *byte == b'\n');
    let (name, rest) = line.map_or((data, &data[..0]), |end| (&data[..end], &data[end + 1..]));
    let known = names
        .iter()
        .position(|known| known.as_ref().as_bytes() == name);
    let any = name
        .iter()
        .fold(0_usize, |sum, byte| sum + usize::from(*byte));
    (known.unwrap_or(any % names.len()), rest)
}

/// Runs a parser that may hold no more than so many bytes at once beyond what it was given.
fn within<T>(bytes: usize, parse: impl FnOnce() -> T) -> T {
    let mut parsed = None;
    let held = allocation_counter::measure(|| parsed = Some(parse())).bytes_max;
    assert!(
        held <= bytes as u64,
        "{held} bytes held where {bytes} are allowed"
    );
    parsed.expect("it was run")
}

/// What a parser of JSON may hold: serde's values are larger than their text, by no more than this.
const fn proportion(data: &[u8]) -> usize {
    4096 + 64 * data.len()
}
