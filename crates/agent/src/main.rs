//! `lockstep-agent`: the daemon on a device. It has the network and no privilege.
//!
//! | module | holds |
//! |---|---|
//! | [`arguments`] | the command line |
//! | [`keep`] | what survives a restart: identity, bindings, journals, envelopes |
//! | [`binding`] | the shell around the sync core: runs its effects for one binding |
//! | [`flow`] | what a person starts: enrol, link, sync, change the password |
//! | [`line`] | the stream from the directory, kept up with jitter |
//! | [`local`] | the socket of app and CLI |
//! | [`helper`] | the socket of the root helper |
//! | [`report`] | telling the directory how the stores stand |
//! | [`logo`] | the organisation's logo, fetched when it is another one |
//! | [`doctor`] | looking at everything that following needs |
//! | [`sandbox`] | which files are left |
//! | [`settings`], [`log`] | what an administrator may say of the agent itself |
//!
//! **Architecture invariants.** Decisions are made in `lockstep-sync`; here is no rule about
//! passwords or stores. One thread runs everything, so that an idle agent costs next to nothing;
//! key stretching runs in a child that exits.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use self::arguments::{HELP, Order};

mod agent;
mod arguments;
mod binding;
mod doctor;
mod drift;
mod flow;
mod helper;
mod keep;
mod line;
mod local;
mod log;
mod logo;
mod platform;
mod report;
mod sandbox;
mod settings;
mod standing;
mod wire;

fn main() -> anyhow::Result<ExitCode> {
    lockstep_memory::keep_to_itself()?;
    let order = match arguments::parse(std::env::args_os().skip(1)) {
        Ok(order) => order,
        Err(fault) => {
            eprint!("lockstep-agent: {fault}\n\n{HELP}");
            return Ok(ExitCode::from(2));
        }
    };
    match order {
        Order::Help => print!("{HELP}"),
        Order::Version => println!("lockstep-agent {}", env!("CARGO_PKG_VERSION")),
        Order::Stretch(parameters) => lockstep_opaque::stretch::serve_child(&parameters)?,
        Order::Run(places) => {
            let settings = settings::Settings::load(&places.config)?;
            log::start(settings.log.as_deref());
            // Found while /proc can still be read.
            let program = lockstep_memory::Program::find();
            if !sandbox::enter(&places)? {
                tracing::warn!("this kernel has no Landlock: the agent's unit alone keeps it in");
            }
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            tokio::task::LocalSet::new()
                .block_on(&runtime, agent::run(places, settings, program))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
