//! Mutating what every parser of outside bytes is given.
//!
//! libFuzzer on the stable compiler: the instrumentation is LLVM's own pass, and the sanitizers that
//! need a nightly one find little in code without `unsafe`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use clap::Args;

use crate::run::{cargo, output, quietly, say};

/// Which targets, and for how long.
#[derive(Args)]
pub(crate) struct Options {
    /// The target; all of them if left out.
    target: Option<String>,
    /// How long each is given, in seconds.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Reduce the checked-in corpus to what reaches different code, with what was found by now.
    #[arg(long)]
    minimise: bool,
}

const CORPUS: &str = "tests/fuzz/corpus";
/// What is found on the way; a crash is left in `crashes/` and belongs into the corpus.
const FOUND: &str = "target/fuzz/found";

/// LLVM's coverage, as libFuzzer reads it.
const INSTRUMENT: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions -Coverflow-checks \
    -Ccodegen-units=16 --cfg fuzzing";

/// Builds the engine and runs it.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let engine = build()?;
    let mut targets = Vec::new();
    for folder in std::fs::read_dir(CORPUS)? {
        let name = folder?.file_name().to_string_lossy().into_owned();
        if options.target.as_ref().is_none_or(|only| *only == name) {
            targets.push(name);
        }
    }
    targets.sort();
    ensure!(!targets.is_empty(), "no such target; see {CORPUS}");
    let mut broken = Vec::new();
    for target in targets {
        say(&format!("fuzzing {target} for {} s", options.seconds))?;
        if !fuzz(&engine, &target, options)? {
            broken.push(target);
        }
    }
    if broken.is_empty() {
        return say("no promise was broken");
    }
    bail!(
        "broken: {}; the inputs are under {FOUND}",
        broken.join(", ")
    )
}

fn build() -> anyhow::Result<PathBuf> {
    let about = output(Command::new("rustc").arg("-vV"))?;
    let host = about
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .context("rustc names no host")?;
    // With a target of its own, so that build scripts aren't instrumented.
    let arguments = [
        "build",
        "--release",
        "--package",
        "lockstep-fuzz",
        "--features",
        "engine",
        "--bin",
        "lockstep-fuzz-engine",
        "--target-dir",
        "target/fuzz",
        "--target",
        host,
    ];
    quietly(
        cargo()
            .args(arguments)
            .env("RUSTFLAGS", INSTRUMENT)
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_STRIP", "none"),
    )?;
    Ok(Path::new("target/fuzz")
        .join(host)
        .join("release/lockstep-fuzz-engine"))
}

/// Whether every promise held.
fn fuzz(engine: &Path, target: &str, options: &Options) -> anyhow::Result<bool> {
    let found = Path::new(FOUND).join(target);
    let crashes = found.join("crashes");
    let kept = found.join("corpus");
    std::fs::create_dir_all(&crashes)?;
    std::fs::create_dir_all(&kept)?;
    let checked_in = Path::new(CORPUS).join(target);
    let mut command = Command::new(engine);
    command
        .env("LOCKSTEP_FUZZ_TARGET", target)
        .arg(format!("-artifact_prefix={}/", crashes.display()))
        .args([
            "-detect_leaks=0",
            "-timeout=25",
            "-rss_limit_mb=1024",
            "-print_final_stats=1",
        ]);
    if options.minimise {
        let least = found.join("least");
        let _none = std::fs::remove_dir_all(&least);
        std::fs::create_dir_all(&least)?;
        command.arg("-merge=1").args([&least, &checked_in, &kept]);
        return Ok(command.status()?.success());
    }
    command
        .arg(format!("-max_total_time={}", options.seconds))
        .args(["-max_len=70000", "-verbosity=0"])
        .args([&kept, &checked_in]);
    Ok(command.status()?.success())
}
