//! `lockstep-sim`: runs seeds of the simulation; `cargo xtask sim` builds and starts it.
#![forbid(unsafe_code)]

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use lockstep_sim::{Counts, Plant, run, tell};

/// Runs seeds of the simulation.
#[derive(Parser)]
struct Options {
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
    /// Do one thing wrong on purpose.
    #[arg(long)]
    plant: Option<Plant>,
}

/// How much is told of a run that broke a promise.
const LINES: usize = 60;

fn main() -> std::io::Result<ExitCode> {
    let options = Options::parse();
    let mut out = std::io::stdout().lock();
    let seeds = match options.seed {
        Some(seed) => seed..seed.saturating_add(1),
        None => options.from..options.from.saturating_add(options.seeds),
    };
    let began = Instant::now();
    let (mut counts, mut events, mut done, mut hours) = (Counts::default(), 0, 0_u64, 0);
    for seed in seeds {
        let ended = if options.trace {
            let ended = tell(seed, options.plant, usize::MAX);
            for line in &ended.story {
                writeln!(out, "{line}")?;
            }
            ended
        } else {
            run(seed, options.plant)
        };
        done += 1;
        counts.add(&ended.counts);
        events += ended.events;
        hours += ended.virtual_ms / 1000;
        let Some(broken) = ended.broken else {
            continue;
        };
        if !options.trace {
            for line in tell(seed, options.plant, LINES).story {
                writeln!(out, "{line}")?;
            }
        }
        writeln!(
            out,
            "\nseed {seed} broke a promise\n  {}\n  {}",
            broken.promise, broken.detail
        )?;
        let plant = options
            .plant
            .and_then(|plant| clap::ValueEnum::to_possible_value(&plant));
        let plant = plant
            .map(|it| format!(" --plant {}", it.get_name()))
            .unwrap_or_default();
        writeln!(out, "again: cargo xtask sim --seed {seed} --trace{plant}")?;
        return Ok(ExitCode::FAILURE);
    }
    write!(out, "{counts}")?;
    writeln!(
        out,
        "sim: {done} seeds, {events} events, {} virtual hours, 0 broken promises, {:.0} s",
        hours / 3600,
        began.elapsed().as_secs_f32()
    )?;
    Ok(ExitCode::SUCCESS)
}
