//! Percentiles, and what the kernel knows of a process (proc(5)).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::process::Pid;
use serde::{Deserialize, Serialize};

/// How often the threads of what idles are looked at; that does not wake it.
const LOOK: Duration = Duration::from_millis(500);

/// How long something took, in milliseconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Spread {
    /// How many were measured.
    pub count: usize,
    /// Half took no longer.
    pub p50_ms: f64,
    /// All but one in a hundred took no longer.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

/// The memory of a process, in KiB (`/proc/PID/smaps_rollup`).
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Memory {
    /// Resident.
    pub rss: u64,
    /// Resident, pages that several processes share divided among them.
    pub pss: u64,
    /// Written to and nobody else's: what would be free without the process.
    pub private_dirty: u64,
}

/// What a program costs that has nothing to do.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Idle {
    /// Its memory at the end.
    pub memory: Memory,
    /// How long it idled.
    pub seconds: f64,
    /// Voluntary context switches of all threads, for 60 s.
    pub wake_ups_per_minute: f64,
    /// Its CPU time, for 60 s; the kernel counts it in ticks.
    pub cpu_ms_per_minute: f64,
}

/// Voluntary context switches of a process, counted while it lives: an upper bound of wake-ups.
#[derive(Debug)]
pub struct Switches {
    pid: Pid,
    threads: BTreeMap<OsString, u64>,
    counted: u64,
}

impl Spread {
    /// Sums durations up; none of nothing.
    #[must_use]
    pub fn of(mut all: Vec<Duration>) -> Option<Self> {
        all.sort_unstable();
        let at = |part: f64| {
            // The nearest rank: at least this part took no longer.
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "a count of measurements"
            )]
            let rank = (all.len() as f64 * part).ceil() as usize;
            all.get(rank.max(1) - 1).copied()
        };
        let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
        Some(Self {
            count: all.len(),
            p50_ms: ms(at(0.50)?),
            p99_ms: ms(at(0.99)?),
            max_ms: ms(at(1.0)?),
        })
    }
}

/// Has the disk take what was just built: until then the pages of a new program count as dirty,
/// though nobody wrote to them in memory.
pub fn settle_programs() {
    rustix::fs::sync();
}

/// Lets a process idle, and says what that cost.
///
/// # Errors
///
/// When it is gone, or not ours to look at.
pub fn idle(pid: Pid, duration: Duration) -> anyhow::Result<Idle> {
    let (began, used) = (Instant::now(), cpu(pid)?);
    let mut switches = Switches::begin(pid)?;
    while began.elapsed() < duration {
        std::thread::sleep(LOOK);
        switches.look()?;
    }
    let (seconds, used) = (began.elapsed().as_secs_f64(), cpu(pid)? - used);
    let count = f64::from(u32::try_from(switches.look()?)?);
    Ok(Idle {
        memory: memory(pid)?,
        seconds,
        wake_ups_per_minute: count * 60.0 / seconds,
        cpu_ms_per_minute: used.as_secs_f64() * 1e3 * 60.0 / seconds,
    })
}

/// The memory of a process.
///
/// # Errors
///
/// When it is gone, or not ours to look at.
pub fn memory(pid: Pid) -> anyhow::Result<Memory> {
    let text = read(pid, "smaps_rollup")?;
    let kib = |name: &str| number(&text, name);
    Ok(Memory {
        rss: kib("Rss:")?,
        pss: kib("Pss:")?,
        private_dirty: kib("Private_Dirty:")?,
    })
}

/// The CPU time of all threads of a process, user and system.
///
/// # Errors
///
/// When it is gone.
pub fn cpu(pid: Pid) -> anyhow::Result<Duration> {
    let stat = read(pid, "stat")?;
    // The name before the last parenthesis may hold anything; utime and stime are the 14th and
    // 15th fields, in ticks.
    let (_, after) = stat.rsplit_once(") ").context("no stat")?;
    let fields: Vec<&str> = after.split(' ').collect();
    let ticks = |index: usize| -> anyhow::Result<u64> {
        Ok(fields.get(index).context("a short stat")?.parse()?)
    };
    let ticks = ticks(11)? + ticks(12)?;
    let per_second = rustix::param::clock_ticks_per_second();
    Ok(Duration::from_millis(ticks * 1000 / per_second))
}

impl Switches {
    /// Begins to count.
    ///
    /// # Errors
    ///
    /// When the process is gone.
    pub fn begin(pid: Pid) -> anyhow::Result<Self> {
        let threads = threads(pid)?;
        Ok(Self {
            pid,
            threads,
            counted: 0,
        })
    }

    /// Counts on, and gives the count. A thread that ends takes its own along: look often.
    ///
    /// # Errors
    ///
    /// When the process is gone.
    pub fn look(&mut self) -> anyhow::Result<u64> {
        let now = threads(self.pid)?;
        for (thread, count) in &now {
            let before = self.threads.get(thread).copied().unwrap_or_default();
            self.counted += count.saturating_sub(before);
        }
        self.threads = now;
        Ok(self.counted)
    }
}

fn threads(pid: Pid) -> anyhow::Result<BTreeMap<OsString, u64>> {
    let mut all = BTreeMap::new();
    for thread in std::fs::read_dir(of(pid, "task"))? {
        let thread = thread?;
        // One may end while we look.
        if let Ok(status) = std::fs::read_to_string(thread.path().join("status")) {
            let count = number(&status, "voluntary_ctxt_switches:")?;
            all.insert(thread.file_name(), count);
        }
    }
    Ok(all)
}

fn number(text: &str, name: &str) -> anyhow::Result<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name));
    let first = rest.and_then(|rest| rest.split_whitespace().next());
    Ok(first.with_context(|| format!("no {name}"))?.parse()?)
}

fn read(pid: Pid, file: &str) -> anyhow::Result<String> {
    let path = of(pid, file);
    std::fs::read_to_string(&path).with_context(|| format!("can't read {}", path.display()))
}

fn of(pid: Pid, file: &str) -> PathBuf {
    Path::new("/proc")
        .join(pid.as_raw_nonzero().to_string())
        .join(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let spread = |count: u64| Spread::of((1..=count).map(Duration::from_millis).collect());
        assert!(spread(0).is_none());
        let hundred = spread(100).unwrap();
        assert_eq!(
            (hundred.p50_ms, hundred.p99_ms, hundred.max_ms),
            (50.0, 99.0, 100.0)
        );
        let one = spread(1).unwrap();
        assert_eq!((one.p50_ms, one.p99_ms), (1.0, 1.0));
    }

    #[test]
    fn a_process_can_be_looked_at() {
        let own = rustix::process::getpid();
        let (began, mut switches) = (cpu(own).unwrap(), Switches::begin(own).unwrap());
        let filled = vec![1_u8; 8 << 20];
        assert!(memory(own).unwrap().private_dirty > 8 << 10);
        drop(std::hint::black_box(filled));
        let spun = std::time::Instant::now();
        while spun.elapsed() < Duration::from_millis(100) {
            std::hint::spin_loop();
        }
        std::thread::sleep(Duration::from_millis(1));
        assert!(cpu(own).unwrap() > began);
        assert!(switches.look().unwrap() > 0);
    }
}
