//! The agent with nothing to do: linked, in sync, its line up.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use lockstep_story::World;
use serde::{Deserialize, Serialize};

use crate::measure::{Memory, idle, memory, settle_programs};

/// After so long, the threads that connecting took have ended.
const SETTLED: Duration = Duration::from_secs(12);

/// What an idle agent costs.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Agent {
    /// The program's size, in KiB.
    pub binary_kib: u64,
    /// Its memory after it was started again, linked, with its line up.
    pub memory: Memory,
    /// Its memory at the end, idle since.
    pub memory_at_end: Memory,
    /// Its memory right after it has linked its account by a proof.
    pub memory_after_link: Memory,
    /// How long its wake-ups were counted.
    pub seconds: f64,
    /// Voluntary context switches of all threads, for 60 s.
    pub wake_ups_per_minute: f64,
    /// Its CPU time, for 60 s.
    pub cpu_ms_per_minute: f64,
}

/// Measures the agent in a device of the lab, linked to a real account and a real directory.
///
/// # Errors
///
/// When the lab can't be started, or anything in it.
pub fn measure(folder: &Path, duration: Duration) -> anyhow::Result<Agent> {
    settle_programs();
    let world = World::in_folder(folder, None, None)?;
    let binary = lockstep_story::binaries().join("lockstep-agent");
    let binary_kib = binary.metadata()?.len().div_ceil(1024);
    let mut computer = world.linked("anna", "a fern in the morning", "laptop")?;
    let pid = computer.device.agent().and_then(|agent| agent.pid());
    let memory_after_link = memory(pid.context("no agent")?)?;
    computer.device.agent().context("no agent")?.stop()?;
    computer.device.start_agent()?;
    computer.wait_for("a line that is up", |status, binding| {
        status.online && binding.in_sync
    })?;
    let agent = computer.device.agent().context("no agent")?;
    let pid = agent.pid().context("no agent")?;
    // What it does on connecting is not idling.
    std::thread::sleep(SETTLED.min(duration));
    let at_start = memory(pid)?;
    let idle = idle(pid, duration)?;
    if !computer.status()?.online {
        bail!("the agent's line went down while it was measured");
    }
    Ok(Agent {
        binary_kib,
        memory: at_start,
        memory_at_end: idle.memory,
        memory_after_link,
        seconds: idle.seconds,
        wake_ups_per_minute: idle.wake_ups_per_minute,
        cpu_ms_per_minute: idle.cpu_ms_per_minute,
    })
}
