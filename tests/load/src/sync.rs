//! What bringing a computer in step costs, beside what it can't do without.
//!
//! Two computers alike, each with an account, a keyring whose person is logged in, and a disk's
//! header. On one a person types `lockstep sync`; on the other the [`floor`](crate::floor) does the
//! bare operations. Both take turns, so that whatever else the machine does hits both.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use lockstep_story::world::Stretching;
use lockstep_story::{Computer, World, portal};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::floor::{Floor, Order};
use crate::measure::{Spread, settle_programs};

/// What it costs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sync {
    /// From the start of `lockstep sync` to its end, "in sync".
    pub sync: Spread,
    /// The sum of the bare operations of one round.
    pub floor: Spread,
    /// The first by the second, medians.
    pub ratio: f64,
    /// The bare operations, by their names: medians in milliseconds.
    pub operations: Vec<(String, f64)>,
}

/// What the stretching of the disks' passwords takes.
const MEMORY_KIB: u32 = 32 * 1024;
const ACCOUNT: &str = "anna";
const BEFORE: &str = "what the computer had before";

/// Measures so many rounds.
///
/// # Errors
///
/// When the lab can't be started, or anything in it.
pub fn measure(folder: &Path, rounds: usize) -> anyhow::Result<Sync> {
    settle_programs();
    let world = World::measured_in(folder, Stretching::AsReleased)?;
    let link = world.invite(ACCOUNT, "Anna Bergström")?;
    world.activate(ACCOUNT, &link, &password(0))?;
    let ours = computer(&world, "laptop", BEFORE)?;
    ours.enrol(&world.enrolment(1, 3600)?)?.ok()?;
    ours.link_with_disk(&password(0), BEFORE)?.ok()?;
    let bare = computer(&world, "bare", &password(0))?;
    let _here = ours.log_in(&password(0))?;
    let _there = bare.log_in(&password(0))?;
    let (mut syncs, mut floors) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let (old, new) = (password(round), password(round + 1));
        portal::change(&world.directory, ACCOUNT, &old, &new)?;
        ours.wait_for("it has heard", |_, binding| !binding.in_sync)?;
        syncs.push(inside(&ours, "typed", &old, &new)?);
        floors.push(inside::<Floor>(&bare, "floor", &old, &new)?);
    }
    let names = floors
        .first()
        .context("no round")?
        .operations
        .iter()
        .map(|(name, _)| name.clone());
    let operations = names.enumerate().map(|(index, name)| {
        let all = floors
            .iter()
            .filter_map(|floor| floor.operations.get(index));
        let spread = Spread::of(all.map(|(_, time)| *time).collect());
        (name, spread.map_or(f64::NAN, |spread| spread.p50_ms))
    });
    let operations = operations.collect();
    let sums = floors.iter().map(|floor| {
        let times = floor.operations.iter().map(|(_, time)| *time);
        times.sum::<Duration>()
    });
    let floor = Spread::of(sums.collect()).context("no round")?;
    let sync = Spread::of(syncs).context("no round")?;
    Ok(Sync {
        sync,
        floor,
        ratio: sync.p50_ms / floor.p50_ms,
        operations,
    })
}

/// A computer whose account, keyring and disk open with one password.
fn computer(world: &World, name: &str, password: &str) -> anyhow::Result<Computer> {
    let computer = world.computer(name, ACCOUNT, password)?;
    computer.make_keyring(password)?;
    computer.make_disk_of(password, MEMORY_KIB)?;
    Ok(computer)
}

/// Has this program do something in a computer, which then has the new password.
fn inside<T: DeserializeOwned>(
    computer: &Computer,
    what: &str,
    old: &str,
    new: &str,
) -> anyhow::Result<T> {
    let mut command = computer.device.command("/x/lockstep-load")?;
    command
        .args(["--folder", "/tmp", what])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let order = Order {
        account: ACCOUNT.to_owned(),
        disk: lockstep_story::locked::DISK.to_owned(),
        memory_kib: MEMORY_KIB,
        old: old.to_owned(),
        new: new.to_owned(),
    };
    serde_json::to_writer(child.stdin.take().context("no standard input")?, &order)?;
    let done = child.wait_with_output()?;
    ensure!(done.status.success(), "{what} ended with {}", done.status);
    Ok(serde_json::from_slice(&done.stdout)?)
}

fn password(number: usize) -> String {
    format!("quiet lantern number {number} on the hill")
}
