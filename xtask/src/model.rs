//! The exhaustive model check of the sync core: the production `step`, every state.

use crate::run::{cargo, step};

/// Builds it optimized and runs it; the table goes to standard output.
pub(crate) fn run() -> anyhow::Result<()> {
    step(
        "model check",
        cargo().args([
            "test",
            "--quiet",
            "--release",
            "--package",
            "lockstep-sync",
            "--lib",
            "--",
            "--ignored",
            "--exact",
            "--nocapture",
            "simulation::whole::whole",
        ]),
    )
}
