//! What the machine must have: asked for once, installed by the distribution's own packages.

use std::io::{BufRead as _, Write as _};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::Consent;
use crate::run::{as_root, output, quietly, say};

/// Debian packages, and what each is for.
const PACKAGES: &[(&str, &str)] = &[
    ("gcc", "linking, and SQLite inside the directory"),
    ("libc6-dev", "linking"),
    ("libpam0g-dev", "the helper changes accounts through PAM"),
    ("pkg-config", "finds the libraries that the app links"),
    ("libfontconfig-dev", "the app finds fonts through it"),
    ("debootstrap", "makes the base of the test devices"),
    ("util-linux", "namespaces of the test devices"),
    ("mount", "file systems of the test devices"),
    ("e2fsprogs", "disks of test devices whose power is cut"),
    ("chromium", "the browser that uses the portal"),
    ("systemd", "checks the units (systemd-analyze)"),
];

/// The oldest Node.js that the portal builds with.
const NODE: (u32, u32) = (20, 19);

/// Makes sure that the packages are there.
pub(crate) fn packages(consent: Consent) -> anyhow::Result<()> {
    node()?;
    let missing: Vec<_> = PACKAGES
        .iter()
        .filter(|(name, _)| !is_installed(name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    say("Missing Debian packages:")?;
    for (name, reason) in &missing {
        say(&format!("  {name}: {reason}"))?;
    }
    if !consent.yes && !ask("Install them with apt-get? [y/N] ")? {
        bail!("nothing was installed; run again with --yes, or install them yourself");
    }
    quietly(as_root("apt-get").arg("update").arg("-qq"))?;
    let mut install = as_root("env");
    install.args([
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "install",
        "-y",
        "-qq",
    ]);
    install
        .arg("--no-install-recommends")
        .args(missing.iter().map(|(name, _)| name));
    quietly(&mut install)
}

fn is_installed(package: &str) -> bool {
    let query = ["-W", "-f=${Status}", package];
    output(Command::new("dpkg-query").args(query))
        .is_ok_and(|status| status.ends_with(" installed"))
}

fn node() -> anyhow::Result<()> {
    let version = output(Command::new("node").arg("--version")).context("Node.js is needed")?;
    let mut parts = version
        .trim()
        .trim_start_matches('v')
        .split('.')
        .map(str::parse::<u32>);
    let found = match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor),
        (_, _) => bail!("can't read Node.js's version: {version}"),
    };
    if found < NODE {
        bail!(
            "Node.js {}.{} or newer is needed, this is {version}",
            NODE.0,
            NODE.1
        );
    }
    Ok(())
}

/// Asks a question whose answer is no unless it is yes.
pub(crate) fn ask(question: &str) -> anyhow::Result<bool> {
    let mut out = std::io::stdout().lock();
    write!(out, "{question}")?;
    out.flush()?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}
