//! Kills what takes part in a sync, at every step of every kind of plan.
#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::ensure;
use clap::Parser;
use lockstep_story::World;
use lockstep_story::faults::{Plan, Stage, Tally, Victim};

/// Injects faults into real syncs on computers of its own.
#[derive(Parser)]
#[command(name = "lockstep-faults", version)]
struct Arguments {
    /// Where the directories are kept meanwhile.
    #[arg(long)]
    folder: PathBuf,
    /// Strike after every n-th record only.
    #[arg(long, default_value_t = 1)]
    stride: usize,
    /// Only these plans; all, if none is named.
    #[arg(long)]
    plan: Vec<Plan>,
    /// Only these victims; all, if none is named.
    #[arg(long)]
    victim: Vec<Victim>,
    /// On so many computers at once, each with a directory of its own.
    #[arg(long, default_value_t = 2)]
    lanes: usize,
}

/// What one computer goes through: a plan, and some of the victims.
type Piece = (Plan, Vec<Victim>);

/// What all lanes share.
#[derive(Default)]
struct Shared {
    waiting: VecDeque<Piece>,
    tally: Tally,
    failed: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let folder = tempfile::Builder::new()
        .prefix("faults-")
        .tempdir_in(&arguments.folder)?;
    let shared = Mutex::new(Shared {
        waiting: pieces(&arguments),
        ..Shared::default()
    });
    let ended: Vec<anyhow::Result<()>> = std::thread::scope(|scope| {
        let lane = |number: usize| {
            let (shared, stride) = (&shared, arguments.stride);
            let folder = folder.path().join(number.to_string());
            scope.spawn(move || lane(&folder, stride, shared))
        };
        let lanes: Vec<_> = (0..arguments.lanes.max(1)).map(lane).collect();
        let ended = lanes.into_iter().map(|lane| {
            lane.join()
                .unwrap_or_else(|_| Err(anyhow::anyhow!("a lane panicked")))
        });
        ended.collect()
    });
    let tally = of(&shared, |shared| shared.tally);
    print(&tally.to_string());
    ended.into_iter().collect::<anyhow::Result<()>>()?;
    ensure!(
        tally.lock_outs == 0 && tally.lost == 0,
        "a promise was broken"
    );
    Ok(())
}

/// Cuts the work into pieces of which no lane waits long for another's last.
fn pieces(arguments: &Arguments) -> VecDeque<Piece> {
    let plans = if arguments.plan.is_empty() {
        &Plan::ALL[..]
    } else {
        &arguments.plan
    };
    let victims = if arguments.victim.is_empty() {
        &Victim::ALL[..]
    } else {
        &arguments.victim
    };
    let piece = |plan: Plan, some: &[Victim]| {
        let some = some.iter().filter(|victim| victim.takes_part(plan));
        (plan, some.copied().collect())
    };
    plans
        .iter()
        .flat_map(|plan| victims.chunks(2).map(|some| piece(*plan, some)))
        .collect()
}

/// Goes through pieces until none is left, or something is wrong anywhere.
fn lane(folder: &Path, stride: usize, shared: &Mutex<Shared>) -> anyhow::Result<()> {
    let next = || {
        of(shared, |shared| {
            let number = shared.waiting.len();
            let next = shared.waiting.pop_front().filter(|_| !shared.failed);
            next.map(|piece| (number, piece))
        })
    };
    while let Some((number, piece)) = next() {
        let mut tally = Tally::default();
        let world = World::in_folder(&folder.join(number.to_string()), None, None);
        let done = world.and_then(|world| go_through(world, piece, stride, &mut tally));
        of(shared, |shared| {
            shared.tally += tally;
            shared.failed |= done.is_err();
        });
        done?;
    }
    Ok(())
}

fn go_through(
    world: World,
    (plan, victims): Piece,
    stride: usize,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let mut stage = Stage::set(world, plan)?;
    for victim in victims {
        stage.series(victim, stride, tally, print)?;
    }
    Ok(())
}

fn of<T>(shared: &Mutex<Shared>, what: impl FnOnce(&mut Shared) -> T) -> T {
    what(&mut shared.lock().unwrap_or_else(PoisonError::into_inner))
}

fn print(line: &str) {
    let _gone = writeln!(std::io::stdout().lock(), "{line}");
}
