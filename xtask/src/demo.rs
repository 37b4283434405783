//! The demo: installs, builds, and hands over to `lockstep-demo`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

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
    /// Leave the app closed, though there is a display to open it on.
    #[arg(long)]
    no_app: bool,
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
    } else if !options.no_app {
        on_display(&mut demo);
    }
    demo.arg("--port").arg(options.port.to_string());
    quietly(&mut demo)
}

/// Has the app open on the display that this command was started on, if any.
fn on_display(demo: &mut Command) {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty());
    let Some(display) = set("DISPLAY") else {
        return;
    };
    demo.arg("--display").arg(display);
    let usual = || Some(Path::new(&set("HOME")?).join(".Xauthority"));
    let authority = set("XAUTHORITY").map(PathBuf::from).or_else(usual);
    if let Some(authority) = authority.filter(|file| file.exists()) {
        demo.arg("--authority").arg(authority);
    }
}

/// Builds every program that the demo and the devices run.
pub(crate) fn build_programs() -> anyhow::Result<()> {
    step(
        "building the programs",
        cargo().args(["build", "--workspace", "--bins"]),
    )
}

/// The demo's program, as root: devices are namespaces with mounts of their own.
pub(crate) fn program() -> anyhow::Result<Command> {
    let folder = Path::new("target/demo");
    std::fs::create_dir_all(folder)?;
    let mut demo = as_root("target/debug/lockstep-demo");
    demo.arg("--folder").arg(folder);
    Ok(demo)
}
