//! Kills what takes part in a sync, at every step of every kind of plan.
#![forbid(unsafe_code)]

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::ensure;
use clap::Parser;
use lockstep_story::World;
use lockstep_story::faults::{Plan, Stage, Tally, Victim};

/// Injects faults into real syncs on a computer of its own.
#[derive(Parser)]
#[command(name = "lockstep-faults", version)]
struct Arguments {
    /// Where the directory is kept meanwhile.
    #[arg(long)]
    folder: PathBuf,
    /// Strike after every n-th record only.
    #[arg(long, default_value_t = 1)]
    stride: usize,
    /// Only these plans; all, if none is named.
    #[arg(long)]
    plan: Vec<Plan>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let folder = tempfile::Builder::new()
        .prefix("faults-")
        .tempdir_in(&arguments.folder)?;
    let mut tally = Tally::default();
    let plans = if arguments.plan.is_empty() {
        Plan::ALL.to_vec()
    } else {
        arguments.plan
    };
    for plan in plans {
        let world = World::in_folder(&folder.path().join(format!("{plan:?}")), None)?;
        let mut stage = Stage::set(world, plan.has_disk())?;
        for victim in Victim::ALL {
            let tell = |line: &str| print(line);
            let ended = stage.series(plan, victim, arguments.stride, &mut tally, tell);
            if ended.is_err() {
                print(&tally.to_string());
            }
            ended?;
        }
    }
    print(&tally.to_string());
    ensure!(
        tally.lock_outs == 0 && tally.lost == 0,
        "a promise was broken"
    );
    Ok(())
}

fn print(line: &str) {
    let _gone = writeln!(std::io::stdout().lock(), "{line}");
}
