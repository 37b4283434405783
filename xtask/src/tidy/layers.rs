//! Dependencies point one way, and the privileged program's are reviewed one by one.

use anyhow::Context as _;
use serde_json::Value;

use crate::run::{cargo, output};

/// What each crate may use of the others. Programs, adapters, contracts, pure cores, vocabulary.
const LAYERS: &[(&str, &[&str])] = &[
    ("lockstep-memory", &[]),
    ("lockstep-model", &["lockstep-memory"]),
    ("lockstep-sync", &["lockstep-model"]),
    ("lockstep-opaque", &["lockstep-model"]),
    ("lockstep-protocol", &["lockstep-model"]),
    ("lockstep-stores", &["lockstep-model"]),
    (
        "lockstep-client",
        &["lockstep-model", "lockstep-opaque", "lockstep-protocol"],
    ),
    ("lockstep-local", &["lockstep-model", "lockstep-protocol"]),
    (
        "lockstep-helper",
        &[
            "lockstep-memory",
            "lockstep-model",
            "lockstep-protocol",
            "lockstep-stores",
        ],
    ),
    (
        "lockstep-keyring",
        &["lockstep-model", "lockstep-protocol", "lockstep-stores"],
    ),
    (
        "lockstep-agent",
        &[
            "lockstep-client",
            "lockstep-memory",
            "lockstep-model",
            "lockstep-opaque",
            "lockstep-protocol",
            "lockstep-sync",
        ],
    ),
    (
        "lockstep-directory",
        &["lockstep-model", "lockstep-opaque", "lockstep-protocol"],
    ),
    (
        "lockstep-cli",
        &[
            "lockstep-client",
            "lockstep-local",
            "lockstep-memory",
            "lockstep-model",
            "lockstep-protocol",
        ],
    ),
    (
        "lockstep-app",
        &[
            "lockstep-local",
            "lockstep-memory",
            "lockstep-model",
            "lockstep-protocol",
        ],
    ),
];

/// What a pure core may use besides: nothing that reads a clock, a file, a socket or chance.
const PURE: &[(&str, &[&str])] = &[("lockstep-sync", &["serde", "thiserror"])];

/// The reviewed list of everything inside the program that runs as root.
pub(super) const PRIVILEGED: &str = "docs/helper-dependencies.txt";

pub(super) fn check() -> anyhow::Result<Vec<String>> {
    let metadata = output(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let packages = metadata["packages"]
        .as_array()
        .context("cargo metadata has no packages")?;
    let mut faults = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let path = package["manifest_path"].as_str().unwrap_or_default();
        if !path.contains("/crates/") {
            continue;
        }
        let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| *layer == name) else {
            faults.push(format!(
                "{name} has no layer: name it in xtask/src/tidy/layers.rs"
            ));
            continue;
        };
        let pure = PURE
            .iter()
            .find(|(core, _)| *core == name)
            .map(|(_, allowed)| *allowed);
        for dependency in normal_dependencies(package) {
            let is_ours = dependency.starts_with("lockstep-");
            if is_ours && !allowed.contains(&dependency) {
                faults.push(format!("{name} must not use {dependency}"));
            }
            if !is_ours && pure.is_some_and(|pure| !pure.contains(&dependency)) {
                faults.push(format!(
                    "{name} is a pure core and must not use {dependency}"
                ));
            }
        }
    }
    Ok(faults)
}

/// Every crate inside the root helper, one a line.
pub(super) fn privileged() -> anyhow::Result<String> {
    let tree = [
        "tree",
        "--package",
        "lockstep-helper",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}|{l}",
        "--locked",
    ];
    let tree = output(cargo().args(tree))?;
    // "name vVERSION (path) (proc-macro)|LICENCE (*)"
    let line = |line: &str| {
        let (package, licence) = line.split_once('|').unwrap_or((line, ""));
        let package: Vec<&str> = package.split_whitespace().take(2).collect();
        format!(
            "{} {}",
            package.join(" "),
            licence.trim_end_matches("(*)").trim()
        )
    };
    let mut lines: Vec<String> = tree.lines().map(line).collect();
    lines.sort();
    lines.dedup();
    Ok(lines.join("\n") + "\n")
}

fn normal_dependencies(package: &Value) -> impl Iterator<Item = &str> {
    let all = package["dependencies"].as_array().into_iter().flatten();
    all.filter(|dependency| dependency["kind"].is_null())
        .filter_map(|dependency| dependency["name"].as_str())
}
