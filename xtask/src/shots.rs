//! Pictures of every page, to be looked at.

use crate::run::{root, say, step, within};
use crate::web;

/// Takes the pictures.
pub(crate) fn run() -> anyhow::Result<()> {
    web::build()?;
    let folder = root().join("target/shots/web");
    let mut shots = within("tests/browser", "npm", &["run", "--silent", "shots"]);
    step("taking pictures", shots.env("LOCKSTEP_SHOTS", &folder))?;
    say(&format!("the pictures are in {}", folder.display()))
}
