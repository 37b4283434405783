//! The simulation: many devices and a directory in virtual time.

use std::process::Command;

use clap::Args;

use crate::run::{cargo, quietly};

/// Which seeds, and how; everything is passed on.
#[derive(Args)]
pub(crate) struct Options {
    /// How many seeds.
    #[arg(long, default_value_t = 1000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Only this seed.
    #[arg(long)]
    seed: Option<u64>,
    /// Print everything that happens.
    #[arg(long)]
    trace: bool,
    /// Do one thing wrong on purpose, and see it found: a name of `tests/sim/src/plant.rs`.
    #[arg(long)]
    plant: Option<String>,
}

/// Builds it optimized and runs it.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    quietly(cargo().args(["build", "--quiet", "--release", "--package", "lockstep-sim"]))?;
    let mut simulation = Command::new("target/release/lockstep-sim");
    simulation.args(["--seeds", &options.seeds.to_string()]);
    simulation.args(["--from", &options.from.to_string()]);
    if let Some(seed) = options.seed {
        simulation.args(["--seed", &seed.to_string()]);
    }
    if options.trace {
        simulation.arg("--trace");
    }
    if let Some(plant) = &options.plant {
        simulation.args(["--plant", plant]);
    }
    quietly(&mut simulation)
}
