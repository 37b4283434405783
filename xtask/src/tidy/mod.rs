//! Conventions that are checked, so that nobody has to remember them.

use std::process::Command;

use anyhow::bail;

use crate::run::{cargo, output, say, step, within};

mod exposure;
mod generated;
mod layers;
mod plists;
mod sources;

/// Writes what is generated.
pub(crate) fn write() -> anyhow::Result<()> {
    generated::write()?;
    crate::run::quietly(&mut within("web", "npm", &["run", "--silent", "generate"]))?;
    say("generated files are written")
}

/// Checks everything; the directory is built for that, unless all programs are.
pub(crate) fn check(built: bool) -> anyhow::Result<()> {
    say("layers, sizes, generated files")?;
    let mut faults = Vec::new();
    faults.extend(layers::check()?);
    faults.extend(sources::check()?);
    faults.extend(plists::check()?);
    faults.extend(generated::check(built)?);
    if !faults.is_empty() {
        bail!("tidy:\n  {}", faults.join("\n  "));
    }
    step("formatting", cargo().args(["fmt", "--all", "--check"]))?;
    let lints = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--quiet",
        "--",
        "--deny",
        "warnings",
    ];
    step("lints", cargo().args(lints))?;
    for folder in ["web", "tests/browser"] {
        let mut check = within(folder, "npm", &["run", "--silent", "check"]);
        step(&format!("types and formatting of {folder}"), &mut check)?;
    }
    units()?;
    licences()
}

/// Has systemd judge the units, without starting any.
fn units() -> anyhow::Result<()> {
    let mut units = Vec::new();
    for entry in std::fs::read_dir("packaging/systemd")? {
        units.push(entry?.path());
    }
    units.sort();
    // The programs aren't installed on the machine that builds them; nothing else may be said.
    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--man=no"]).args(&units);
    let said = verify.output()?;
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    let faults: Vec<String> = said
        .lines()
        .filter(|line| line.contains("packaging/") || line.contains("lockstep"))
        .filter(|line| !line.contains("is not executable: No such file or directory"))
        .map(str::to_owned)
        .chain(exposure::check()?)
        .collect();
    if faults.is_empty() {
        Ok(())
    } else {
        bail!("units:\n  {}", faults.join("\n  "))
    }
}

/// Licences, advisories and duplicates, where cargo-deny is at hand.
fn licences() -> anyhow::Result<()> {
    if output(cargo().args(["deny", "--version"])).is_err() {
        return say("SKIPPED: licences were not checked: `cargo install cargo-deny` first");
    }
    step(
        "licences",
        cargo().args(["deny", "check", "bans", "licenses", "sources"]),
    )
}
