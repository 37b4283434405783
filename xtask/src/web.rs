//! The portal's packages and files.

use std::path::Path;
use std::time::SystemTime;

use crate::run::{step, within};

/// The folders with a package-lock.json.
const FOLDERS: [&str; 2] = ["web", "tests/browser"];

/// Installs the npm packages that the lock files name, where they have changed.
pub(crate) fn install() -> anyhow::Result<()> {
    for folder in FOLDERS {
        let changed = |file: &str| modified(&Path::new(folder).join(file));
        let installed = changed("node_modules/.package-lock.json");
        if installed.is_none() || installed < changed("package-lock.json") {
            let mut npm = within(folder, "npm", &["ci", "--no-audit", "--no-fund"]);
            step(&format!("npm ci in {folder}"), &mut npm)?;
        }
    }
    Ok(())
}

/// Builds the portal into `web/dist`, from where the directory's build takes it.
pub(crate) fn build() -> anyhow::Result<()> {
    install()?;
    step(
        "building the portal",
        &mut within("web", "npm", &["run", "--silent", "build"]),
    )
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|about| about.modified()).ok()
}
