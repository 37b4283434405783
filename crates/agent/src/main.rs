//! `lockstep-agent`: the daemon on a device. It has the network and no privilege.
//!
//! | module | holds |
//! |---|---|
//! | [`keep`] | what survives a restart: identity, bindings, journals, envelopes |
//! | [`binding`] | the shell around the sync core: runs its effects for one binding |
//! | [`flow`] | what a person starts: enrol, link, sync, change the password |
//! | [`line`] | the stream from the directory, kept up with jitter |
//! | [`local`] | the socket of app and CLI |
//! | [`helper`] | the socket of the root helper |
//! | [`report`] | telling the directory how the stores stand |
//! | [`doctor`] | looking at everything that following needs |
//! | [`sandbox`] | which files are left |
//! | [`settings`], [`log`] | what an administrator may say of the agent itself |
//!
//! **Architecture invariants.** Decisions are made in `lockstep-sync`; here is no rule about
//! passwords or stores. One thread runs everything, so that an idle agent costs next to nothing;
//! key stretching runs in a child that exits.
#![forbid(unsafe_code)]

use std::path::PathBuf;

use clap::{CommandFactory as _, Parser, Subcommand};

mod agent;
mod binding;
mod doctor;
mod drift;
mod flow;
mod helper;
mod keep;
mod line;
mod local;
mod log;
mod platform;
mod report;
mod sandbox;
mod settings;
mod standing;
mod wire;

/// The Lockstep agent: keeps this computer's password in step with the directory.
#[derive(Parser)]
#[command(name = "lockstep-agent", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the agent until it is told to stop.
    Run(Places),
    /// Writes the manual pages into a folder; for packagers.
    #[command(hide = true)]
    Man {
        /// The folder, which must exist.
        folder: PathBuf,
    },
    /// Stretches a password for the agent; not for people.
    #[command(hide = true)]
    Stretch {
        /// Memory in KiB, passes, lanes.
        #[arg(num_args = 3)]
        parameters: Vec<String>,
    },
}

/// Where things are.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Places {
    /// The agent's own folder.
    #[arg(long, default_value = "/var/lib/lockstep")]
    state: PathBuf,
    /// The socket for app and CLI.
    #[arg(long, default_value = lockstep_protocol::local::SOCKET)]
    socket: PathBuf,
    /// The root helper's socket.
    #[arg(long, default_value = "/run/lockstep-helper.sock")]
    helper: PathBuf,
    /// The configuration file; it need not exist.
    #[arg(long, default_value = "/etc/lockstep/agent.toml")]
    config: PathBuf,
}

fn main() -> anyhow::Result<()> {
    lockstep_memory::keep_to_itself()?;
    match Arguments::parse().command {
        Command::Man { folder } => Ok(man(&folder)?),
        Command::Stretch { parameters } => Ok(lockstep_opaque::stretch::serve_child(&parameters)?),
        Command::Run(places) => {
            let settings = settings::Settings::load(&places.config)?;
            log::start(settings.log.as_deref());
            if !sandbox::enter(&places)? {
                tracing::warn!("this kernel has no Landlock: the agent's unit alone keeps it in");
            }
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            tokio::task::LocalSet::new().block_on(&runtime, agent::run(places, settings))
        }
    }
}

/// Writes a page for the program and for each of its commands.
fn man(folder: &std::path::Path) -> std::io::Result<()> {
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    let mut pages = vec![command];
    while let Some(page) = pages.pop() {
        pages.extend(page.get_subcommands().filter(|p| !p.is_hide_set()).cloned());
        clap_mangen::Man::new(page)
            .section("8")
            .generate_to(folder)?;
    }
    Ok(())
}
