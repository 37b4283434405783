//! The app with nothing to do: in a log-in, its window hidden, the computer in sync.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use lockstep_story::World;
use lockstep_story::desk::Desk;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::measure::{Idle, idle, settle_programs};

/// After so long, what starting it or closing its window took has ended.
const SETTLED: Duration = Duration::from_secs(5);

/// What an idle app costs.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct App {
    /// The program's size, in KiB.
    pub binary_kib: u64,
    /// Before a window was ever shown.
    pub hidden: Idle,
    /// After a window was shown and closed.
    pub closed: Idle,
}

/// Measures the app in a device of the lab, with a display, beside a real agent and directory.
///
/// # Errors
///
/// When the lab can't be started, or anything in it.
pub fn measure(folder: &Path, duration: Duration) -> anyhow::Result<App> {
    settle_programs();
    let world = World::in_folder(folder, None, None)?;
    let binary = lockstep_story::binaries().join("lockstep-app");
    let binary_kib = binary.metadata()?.len().div_ceil(1024);
    let password = "a fern in the morning";
    let computer = world.linked("anna", password, "laptop")?;
    computer.make_keyring(password)?;
    let mut desk = Desk::log_in(computer, password)?;
    desk.tray_says("in sync")?;
    // A screen reader that looks at it costs it something.
    desk.desktop.reader.tell(&json!({ "do": "pause" }))?;
    let hidden = idle_app(&mut desk, duration)?;
    desk.starts_again()?;
    let window = desk.window_comes()?;
    desk.activate(&window)?;
    desk.keys(&["Escape"])?;
    desk.window_goes()?;
    let closed = idle_app(&mut desk, duration)?;
    desk.computer.wait_for("still in sync", |status, binding| {
        status.online && binding.in_sync
    })?;
    Ok(App {
        binary_kib,
        hidden,
        closed,
    })
}

fn idle_app(desk: &mut Desk, duration: Duration) -> anyhow::Result<Idle> {
    let pid = desk.desktop.app().and_then(|app| app.pid());
    std::thread::sleep(SETTLED.min(duration));
    idle(pid.context("the app doesn't run")?, duration)
}
