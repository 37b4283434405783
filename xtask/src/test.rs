//! Every test there is, cheapest first once everything is built.

use std::process::Command;

use crate::run::{cargo, is_root, output, quietly, say, step, within};
use crate::{Consent, demo, install, man, tidy, web};

/// Runs everything; the first failure ends it.
pub(crate) fn run(consent: Consent) -> anyhow::Result<()> {
    install::packages(consent)?;
    web::build()?;
    // Which packages are built together decides how their libraries are: the tests' programs too,
    // and everything once.
    step(
        "building everything",
        cargo().args(["build", "--workspace", "--bins", "--tests"]),
    )?;
    tidy::check(true)?;
    step(
        "testing the portal",
        &mut within("web", "npm", &["run", "--silent", "test"]),
    )?;
    man::run()?;
    let mut tests = cargo();
    tests.args(["test", "--workspace", "--quiet"]);
    tests.env("LOCKSTEP_BUILT", "1");
    // Most of them wait most of the time: for PAM's delays, for timers, for another program.
    let cores = std::thread::available_parallelism()?.get();
    tests.env("RUST_TEST_THREADS", (2 * cores).to_string());
    run_as_root(&mut tests)?;
    step("unit, conformance and end-to-end tests", &mut tests)?;
    let behaviour = ["run", "--silent", "behaviour"];
    step(
        "the portal in a browser",
        &mut within("tests/browser", "npm", &behaviour),
    )?;
    let real = ["--fixture", "--", "npm", "run", "--silent", "real"];
    step(
        "the portal against a real directory",
        demo::program()?.args(real),
    )?;
    say("the story")?;
    quietly(demo::program()?.arg("--script"))?;
    say("every test passed")
}

/// Has cargo run the tests themselves as root: the devices need it, compiling doesn't.
fn run_as_root(tests: &mut Command) -> anyhow::Result<()> {
    if is_root() {
        return Ok(());
    }
    let about = output(Command::new("rustc").arg("-vV"))?;
    let host = about
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap_or_default();
    let name = host.to_uppercase().replace('-', "_");
    tests.env(
        format!("CARGO_TARGET_{name}_RUNNER"),
        "sudo --preserve-env --",
    );
    Ok(())
}
