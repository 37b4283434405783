//! `lockstep-load`: measures the programs beside it, and prints JSON.
#![forbid(unsafe_code)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, Subcommand};
use lockstep_load::directory::Directory;
use lockstep_load::{agent, app, floor, sign_ins, sync, wake_ups};
use serde_json::{Value, json};

/// Puts load on the real programs and prints what it costs, as JSON.
#[derive(Parser)]
#[command(name = "lockstep-load")]
struct Arguments {
    /// Where to make what the programs need; on a disk like that of a real directory.
    #[arg(long)]
    folder: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Signs people in, as many as go.
    SignIns {
        /// How many people there are, each with a computer.
        #[arg(long, default_value_t = 2000)]
        people: usize,
        /// How many clients at once; may be given more than once.
        #[arg(long, default_values_t = [1, 8, 32])]
        clients: Vec<usize>,
        /// How long each round takes.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
        /// How many rounds, interleaved.
        #[arg(long, default_value_t = 3)]
        rounds: usize,
    },
    /// Changes passwords while computers listen.
    WakeUps {
        /// How many computers are connected; may be given more than once.
        #[arg(long, default_values_t = [1, 2000])]
        devices: Vec<usize>,
        /// How many changes for each.
        #[arg(long, default_value_t = 500)]
        changes: usize,
        /// How long each goes on at least: heartbeats are part of it.
        #[arg(long, default_value_t = 30)]
        seconds: u64,
    },
    /// Lets an agent idle. Needs root.
    Agent {
        /// How long.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// Lets the app idle. Needs root.
    App {
        /// How long, before a window was shown and after.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// Brings a computer in step, beside the bare operations. Needs root.
    Sync {
        /// How often.
        #[arg(long, default_value_t = 21)]
        rounds: usize,
    },
    /// (Inside a device.) Does the bare operations that standard input orders.
    #[command(hide = true)]
    Floor,
    /// (Inside a device.) Brings it in step with the password that standard input names.
    #[command(hide = true)]
    Typed,
    /// (Inside a device.) Has a keyring's daemon change or open it; standard input is the strings.
    #[command(hide = true)]
    Keyring {
        /// The operation's number.
        operation: u32,
        /// The daemon's socket.
        control: PathBuf,
    },
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let told = std::io::stdin();
    match &arguments.command {
        Command::Floor => {
            let measured = floor::run(&serde_json::from_reader(told)?)?;
            return print(&serde_json::to_value(measured)?);
        }
        Command::Typed => {
            let took = floor::sync(&serde_json::from_reader(told)?)?;
            return print(&serde_json::to_value(took)?);
        }
        Command::Keyring { operation, control } => {
            let strings: Vec<String> = serde_json::from_reader(told)?;
            return floor::ask_keyring(control, *operation, &strings);
        }
        Command::SignIns { .. }
        | Command::WakeUps { .. }
        | Command::Agent { .. }
        | Command::App { .. }
        | Command::Sync { .. } => {}
    }
    std::fs::create_dir_all(&arguments.folder)?;
    let folder = tempfile::TempDir::new_in(&arguments.folder)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let measured = match arguments.command {
        Command::SignIns {
            people,
            clients,
            seconds,
            rounds,
        } => runtime.block_on(measure_sign_ins(
            folder.path(),
            people,
            &clients,
            Duration::from_secs(seconds),
            rounds,
        ))?,
        Command::WakeUps {
            devices,
            changes,
            seconds,
        } => runtime.block_on(measure_wake_ups(
            folder.path(),
            &devices,
            changes,
            Duration::from_secs(seconds),
        ))?,
        Command::Agent { seconds } => {
            let measured = agent::measure(folder.path(), Duration::from_secs(seconds))?;
            serde_json::to_value(measured)?
        }
        Command::App { seconds } => {
            let measured = app::measure(folder.path(), Duration::from_secs(seconds))?;
            serde_json::to_value(measured)?
        }
        Command::Sync { rounds } => serde_json::to_value(sync::measure(folder.path(), rounds)?)?,
        Command::Floor | Command::Typed | Command::Keyring { .. } => Value::Null,
    };
    print(&measured)
}

fn print(measured: &Value) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{measured}")?;
    Ok(())
}

async fn measure_sign_ins(
    folder: &Path,
    people: usize,
    clients: &[usize],
    duration: Duration,
    rounds: usize,
) -> anyhow::Result<Value> {
    let (directory, owner) = Directory::set_up(&program(), folder)?;
    let members = Arc::new(directory.fill(&owner, people).await?);
    let mut measured = Vec::new();
    for _ in 0..rounds {
        for &clients in clients {
            measured.push(sign_ins::measure(&directory, &members, clients, duration).await?);
        }
    }
    Ok(json!({ "people": people, "rounds": measured }))
}

async fn measure_wake_ups(
    folder: &Path,
    devices: &[usize],
    changes: usize,
    at_least: Duration,
) -> anyhow::Result<Value> {
    let (mut directory, owner) = Directory::set_up(&program(), folder)?;
    let most = devices.iter().copied().max().unwrap_or(1);
    let mut members = directory.fill(&owner, most).await?;
    let mut measured = Vec::new();
    for &devices in devices {
        // What filling it has left in its memory is not theirs.
        directory.restart()?;
        let concerned = &mut members[..devices.max(1)];
        measured.push(wake_ups::measure(&directory, concerned, changes, at_least).await?);
    }
    directory.stop()?;
    Ok(serde_json::to_value(measured)?)
}

/// The directory's program, beside this one.
fn program() -> PathBuf {
    lockstep_story::binaries().join("lockstep-directory")
}
