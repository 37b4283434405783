//! The measurements of the performance table: builds, measures, prints, writes JSON.
//!
//! The JSON has `version`, `date`, `commit`, `quick`, `machine` (`cpu`, `cores`, `memory_kib`,
//! `kernel`, `load_before`, `load_after`) and what `lockstep-load` printed: `sign_ins`, `wake_ups`,
//! `agent`, `app` and `sync`, whose fields are described where they are made, in `tests/load/src`.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::{Value, json};

use crate::run::{as_root, cargo, output, root, say, step};
use crate::{Consent, install, web};

mod table;

/// How to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// Only see that everything can be measured: few computers, little time, worthless figures.
    #[arg(long)]
    quick: bool,
    /// Write the table into docs/performance.md.
    #[arg(long, conflicts_with = "quick")]
    write_docs: bool,
    #[command(flatten)]
    consent: Consent,
}

/// Where the programs lie while they are measured; beside it, `target/lab` is the devices' base.
const PROGRAMS: &str = "target/measured";
const FIGURES: &str = "target/bench";
/// Built one by one: together, each would be built with what the others need of the libraries.
const BUILT: &[Built] = &[
    ("release", &["lockstep-directory"], &["lockstep-directory"]),
    ("small", &["lockstep-agent"], &["lockstep-agent"]),
    (
        "small",
        &["lockstep-helper", "lockstep-cli"],
        &["lockstep-helper", "lockstep"],
    ),
    ("small", &["lockstep-app"], &["lockstep-app"]),
    (
        "release",
        &["lockstep-load", "lockstep-lab"],
        &["lockstep-load", "lockstep-lab"],
    ),
];
/// A profile, packages that are built together, and their programs.
type Built = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

/// Measures.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    install::packages(options.consent)?;
    web::build()?;
    build()?;
    let figures = measure(options.quick)?;
    let file = Path::new(FIGURES).join(format!("{}.json", text(&figures["date"])));
    fs::write(&file, serde_json::to_string_pretty(&figures)? + "\n")?;
    let table = table::of(&figures)?;
    say(&format!("measured\n\n{table}"))?;
    say(&format!("the figures are in {}", file.display()))?;
    if options.write_docs {
        table::write(Path::new("docs/performance.md"), &table)?;
        say("docs/performance.md is written")?;
    }
    let lost = lost(&figures);
    if lost == 0 {
        Ok(())
    } else {
        bail!("{lost} changes were never told to the computer concerned")
    }
}

fn build() -> anyhow::Result<()> {
    for (profile, packages, programs) in BUILT {
        let mut build = cargo();
        build.args(["build", "--profile", profile, "--quiet"]);
        for package in *packages {
            build.args(["--package", package]);
        }
        step(&format!("building {}", packages.join(", ")), &mut build)?;
        // The next build may overwrite what this one's packages share with it.
        copy(profile, programs)?;
    }
    Ok(())
}

fn copy(profile: &str, programs: &[&str]) -> anyhow::Result<()> {
    fs::create_dir_all(PROGRAMS)?;
    for name in programs {
        let built = Path::new("target").join(profile).join(name);
        fs::copy(&built, Path::new(PROGRAMS).join(name))
            .with_context(|| format!("can't copy {name}"))?;
    }
    Ok(())
}

fn measure(quick: bool) -> anyhow::Result<Value> {
    let args = |full: &'static [&'static str], short: &'static [&'static str]| {
        if quick { short } else { full }
    };
    let load_before = load()?;
    say("sign-ins")?;
    let sign_ins = generator(
        Command::new(generator_path()),
        "sign-ins",
        args(
            &[],
            &[
                "--people=20",
                "--clients=1",
                "--clients=8",
                "--seconds=1",
                "--rounds=1",
            ],
        ),
    )?;
    say("wake-ups")?;
    let wake_ups = generator(
        Command::new(generator_path()),
        "wake-ups",
        args(
            &[],
            &["--devices=1", "--devices=50", "--changes=20", "--seconds=1"],
        ),
    )?;
    say("the idle agent")?;
    let agent = generator(
        as_root(generator_path()),
        "agent",
        args(&[], &["--seconds=3"]),
    )?;
    say("the idle app")?;
    let app = generator(
        as_root(generator_path()),
        "app",
        args(&[], &["--seconds=3"]),
    )?;
    say("a sync")?;
    let sync = generator(
        as_root(generator_path()),
        "sync",
        args(&[], &["--rounds=2"]),
    )?;
    Ok(json!({
        "version": 1,
        "date": output(Command::new("date").args(["-u", "+%Y-%m-%dT%H%M%SZ"]))?.trim(),
        "commit": commit(),
        "quick": quick,
        "machine": machine(&load_before)?,
        "sign_ins": sign_ins,
        "wake_ups": wake_ups,
        "agent": agent,
        "app": app,
        "sync": sync,
    }))
}

fn generator(mut command: Command, what: &str, arguments: &[&str]) -> anyhow::Result<Value> {
    command.arg("--folder").arg(root().join(FIGURES));
    command.arg(what).args(arguments).stderr(Stdio::inherit());
    let printed = output(&mut command)?;
    serde_json::from_str(&printed).with_context(|| format!("{what} printed: {printed}"))
}

fn generator_path() -> std::path::PathBuf {
    root().join(PROGRAMS).join("lockstep-load")
}

fn machine(load_before: &str) -> anyhow::Result<Value> {
    let cpus = fs::read_to_string("/proc/cpuinfo")?;
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.split_once(':'));
        value.map_or_else(String::new, |(_, value)| value.trim().to_owned())
    };
    let memory = fs::read_to_string("/proc/meminfo")?;
    let kib = field(&memory, "MemTotal");
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    Ok(json!({
        "cpu": field(&cpus, "model name"),
        "cores": std::thread::available_parallelism()?.get(),
        "memory_kib": kib.trim_end_matches(" kB").parse::<u64>()?,
        // Without what a builder has added to the version.
        "kernel": kernel.split('-').next().unwrap_or_default().trim(),
        "load_before": load_before,
        "load_after": load()?,
    }))
}

/// The mean number of processes that ran or waited in the last minute (proc(5)).
fn load() -> anyhow::Result<String> {
    let load = fs::read_to_string("/proc/loadavg")?;
    Ok(load.split(' ').next().unwrap_or_default().to_owned())
}

fn commit() -> String {
    let git = |arguments: &[&str]| output(Command::new("git").args(arguments)).ok();
    let commit = git(&["rev-parse", "--short", "HEAD"]).unwrap_or_default();
    let changed = git(&["status", "--porcelain", "--untracked-files=no"]);
    let mark = if changed.is_none_or(|changed| changed.is_empty()) {
        ""
    } else {
        " and changes"
    };
    format!("{}{mark}", commit.trim())
}

fn lost(figures: &Value) -> u64 {
    let all = figures["wake_ups"].as_array().into_iter().flatten();
    all.filter_map(|round| round["lost"].as_u64()).sum()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
