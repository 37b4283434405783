//! Pictures of every page and window, to be looked at.

use crate::run::{cargo, root, say, step, within};
use crate::web;

/// Takes the pictures.
pub(crate) fn run() -> anyhow::Result<()> {
    web::build()?;
    let folder = root().join("target/shots/web");
    let mut shots = within("tests/browser", "npm", &["run", "--silent", "shots"]);
    step(
        "taking pictures of the portal",
        shots.env("LOCKSTEP_SHOTS", &folder),
    )?;
    let windows = root().join("target/shots/app");
    let mut shots = cargo();
    shots.args([
        "test",
        "--quiet",
        "--package",
        "lockstep-app",
        "--test",
        "windows",
    ]);
    step(
        "taking pictures of the app",
        shots.env("LOCKSTEP_SHOTS", &windows),
    )?;
    let (folder, windows) = (folder.display(), windows.display());
    say(&format!("the pictures are in {folder} and {windows}"))
}
