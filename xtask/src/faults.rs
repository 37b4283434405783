//! Faults: builds, and hands over to `lockstep-faults`.

use std::path::Path;

use clap::Args;

use crate::run::{as_root, quietly};
use crate::{Consent, demo, install, web};

/// How many faults are to be injected, and on how many computers at once.
#[derive(Args)]
pub(crate) struct Options {
    /// Strike after every n-th record only.
    #[arg(long, default_value_t = 1)]
    stride: usize,
    /// On so many computers at once, each with a directory of its own.
    #[arg(long, default_value_t = 2)]
    lanes: usize,
    #[command(flatten)]
    consent: Consent,
}

/// Injects them, as root: devices are namespaces with mounts of their own.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    install::packages(options.consent)?;
    web::build()?;
    demo::build_programs()?;
    let folder = Path::new("target/demo");
    std::fs::create_dir_all(folder)?;
    let mut faults = as_root("target/debug/lockstep-faults");
    faults.arg("--folder").arg(folder);
    faults.arg("--stride").arg(options.stride.to_string());
    quietly(faults.arg("--lanes").arg(options.lanes.to_string()))
}
