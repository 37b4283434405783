//! Checking the app for Macs on a computer that is none.
//!
//! The standard library for Apple's targets is made from its source, which has to be that of this very
//! compiler: the toolchain's own where it is there, else Debian's package of that version. Nothing is
//! linked and nothing runs, so it needs no SDK of Apple's and says nothing of behaviour.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::Consent;
use crate::run::{cargo, say, step};

mod source;

/// Where the source of the standard library comes from.
#[derive(Args)]
pub(crate) struct Options {
    /// A folder `library` of the compiler's source, in place of the toolchain's or Debian's.
    #[arg(long)]
    std: Option<PathBuf>,
    #[command(flatten)]
    consent: Consent,
}

const TARGETS: [&str; 2] = ["aarch64-apple-darwin", "x86_64-apple-darwin"];
/// Programs and libraries that are for Macs, too.
const PACKAGES: [&str; 5] = [
    "lockstep-app",
    "lockstep-local",
    "lockstep-memory",
    "lockstep-model",
    "lockstep-protocol",
];
/// Everything that is fetched and built for it; not beside other builds, which it would have redone.
const FOLDER: &str = "target/macos";

/// Checks types and lints for both kinds of Mac, or says loudly that it didn't.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let library = match source::find(options) {
        Ok(library) => library,
        Err(reason) => {
            return say(&format!(
                "SKIPPED: NOTHING WAS CHECKED FOR MACS: {reason:#}\n\
                 ==> SKIPPED: give a folder `library` of this compiler's source by --std, or run this \
                 where Debian's packages can be reached"
            ));
        }
    };
    for target in TARGETS {
        step(
            &format!("types and lints for {target}"),
            &mut check(target, &library),
        )?;
    }
    say("the app type-checks for both kinds of Mac; it was not linked, and has not run on one")
}

fn check(target: &str, library: &Path) -> Command {
    let mut check = cargo();
    check.args([
        "clippy",
        "--quiet",
        "--locked",
        "-Zbuild-std",
        "--target",
        target,
    ]);
    check.args(["--target-dir", &format!("{FOLDER}/build")]);
    for package in PACKAGES {
        check.args(["--package", package]);
    }
    check.args(["--all-targets", "--", "--deny", "warnings"]);
    // Making the standard library is an unstable feature, and where its source lies is known to tests
    // of cargo alone; the other way is to write into the toolchain's own folder.
    check
        .env("RUSTC_BOOTSTRAP", "1")
        .env("__CARGO_TESTS_ONLY_SRC_ROOT", library)
        // Nothing of it is kept for a debugger.
        .env("CARGO_PROFILE_DEV_DEBUG", "0");
    check
}
