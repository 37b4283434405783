//! At every door: who says nothing, dribbles, sends garbage or far too much keeps nobody else
//! waiting, costs a bounded piece of memory, and is let go.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]
#![expect(clippy::print_stderr, reason = "what was measured")]

mod directory;
mod local;

use std::time::{Duration, Instant};

/// How long somebody honest may wait beside a thousand others, on a machine that does other things
/// too; alone it takes a hundredth of it.
const SERVED: Duration = Duration::from_secs(5);

/// The memory of a process that is its own, in KiB.
fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("RssAnon:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Insists that something is done in time.
fn served<T>(what: &str, ask: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let answer = ask();
    let took = began.elapsed();
    eprintln!("{what}: {} ms", took.as_millis());
    assert!(took < SERVED, "{what} took {took:?}");
    answer
}
