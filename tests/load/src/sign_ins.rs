//! Sign-ins: both requests of each, with a proof that holds, a session and an audit row on disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use crate::directory::{Directory, Member};
use crate::measure::{Spread, cpu};
use crate::person::SignInTimes;

/// What one round of sign-ins came to.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct SignIns {
    /// How many clients at once, each with one kept connection.
    pub clients: usize,
    /// How many sign-ins ended well; any other ends the measurement.
    pub count: usize,
    /// By the clock, with the generator on the same machine.
    pub per_second: f64,
    /// By the CPU time that the directory used, user and system, all of its threads.
    pub per_cpu_second: f64,
    /// The first request, as its client waited for it.
    pub start: Spread,
    /// The second request, which is answered after its rows are on disk.
    pub finish: Spread,
}

/// Signs people in for so long.
///
/// # Errors
///
/// When any is refused.
pub async fn measure(
    directory: &Directory,
    members: &Arc<Vec<Member>>,
    clients: usize,
    duration: Duration,
) -> anyhow::Result<SignIns> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut lines = Vec::new();
    for _ in 0..clients {
        lines.push(directory.place.connect().await?);
    }
    let before = cpu(directory.pid()?)?;
    let began = Instant::now();
    let mut working = JoinSet::new();
    for mut line in lines {
        let (members, next) = (Arc::clone(members), Arc::clone(&next));
        working.spawn(async move {
            let mut times = Vec::new();
            while began.elapsed() < duration {
                let turn = next.fetch_add(1, Ordering::Relaxed);
                let person = &members[turn % members.len()].person;
                times.push(person.sign_in(&mut line).await?);
            }
            anyhow::Ok(times)
        });
    }
    let mut times: Vec<SignInTimes> = Vec::new();
    while let Some(done) = working.join_next().await {
        times.extend(done??);
    }
    let elapsed = began.elapsed();
    let used = cpu(directory.pid()?)? - before;
    let spread = |part: fn(&SignInTimes) -> Duration| {
        Spread::of(times.iter().map(part).collect()).context("no sign-in in so short a time")
    };
    #[expect(clippy::cast_precision_loss, reason = "a count of sign-ins")]
    let count = times.len() as f64;
    Ok(SignIns {
        clients,
        count: times.len(),
        per_second: count / elapsed.as_secs_f64(),
        per_cpu_second: count / used.as_secs_f64(),
        start: spread(|times| times.start)?,
        finish: spread(|times| times.finish)?,
    })
}
