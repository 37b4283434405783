//! The demo: installs, builds, and hands over to `lockstep-demo`.

use std::path::Path;

use clap::Args;

use crate::run::{as_root, cargo, quietly, step};
use crate::{Consent, install, web};

/// How the demo is to run.
#[derive(Args)]
pub(crate) struct Options {
    /// Play the story by itself and end with "demo: in sync".
    #[arg(long)]
    script: bool,
    /// Forget what earlier demos left, the base of the devices included.
    #[arg(long)]
    reset: bool,
    /// The portal's port.
    #[arg(long, default_value_t = 8443)]
    port: u16,
    #[command(flatten)]
    consent: Consent,
}

/// Runs the demo.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    install::packages(options.consent)?;
    web::build()?;
    build_programs()?;
    if options.reset {
        quietly(as_root("rm").args(["-rf", "target/demo", "target/lab"]))?;
    }
    let mut demo = program()?;
    if options.script {
        demo.arg("--script");
    }
    demo.arg("--port").arg(options.port.to_string());
    quietly(&mut demo)
}

/// Builds every program that the demo and the devices run.
pub(crate) fn build_programs() -> anyhow::Result<()> {
    step(
        "building the programs",
        cargo().args(["build", "--workspace", "--bins"]),
    )
}

/// The demo's program, as root: devices are namespaces with mounts of their own.
pub(crate) fn program() -> anyhow::Result<std::process::Command> {
    let folder = Path::new("target/demo");
    std::fs::create_dir_all(folder)?;
    let mut demo = as_root("target/debug/lockstep-demo");
    demo.arg("--folder").arg(folder);
    Ok(demo)
}
