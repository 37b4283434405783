//! `cargo xtask`: what a developer types. Each command installs what it needs and says what.
#![forbid(unsafe_code)]

use clap::{Args, Parser, Subcommand};

mod bench;
mod demo;
mod faults;
mod fuzz;
mod install;
mod macos;
mod man;
mod model;
mod run;
mod shots;
mod sim;
mod test;
mod tidy;
mod web;

/// The developer's commands of Lockstep.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start a directory, a person and two computers on this machine, isolated from it.
    Demo(demo::Options),
    /// Run every test there is.
    Test {
        #[command(flatten)]
        consent: Consent,
    },
    /// Measure the directory and the agent: prints a table, writes JSON to target/bench/.
    Bench(bench::Options),
    /// Kill what takes part in a sync at every step of every kind of plan, and cut the power.
    Faults(faults::Options),
    /// Mutate what every parser of outside bytes is given, looking for a broken promise.
    Fuzz(fuzz::Options),
    /// Check types and lints of the app for both kinds of Mac, without one.
    MacosCheck(macos::Options),
    /// Check layering, sizes, formatting, lints, and that generated files are up to date.
    Tidy {
        /// Write the generated files instead of checking them.
        #[arg(long)]
        write: bool,
        #[command(flatten)]
        consent: Consent,
    },
    /// Visit every state that the sync core can be driven into, and print what was found.
    Model,
    /// Live through seeds of many devices and a directory in virtual time.
    Sim(sim::Options),
    /// Write the manual pages of all programs into target/man/.
    Man,
    /// Take a picture of every page of the portal, light and dark, into target/shots/.
    UiShots {
        #[command(flatten)]
        consent: Consent,
    },
}

/// Whether missing packages may be installed without asking.
#[derive(Args, Clone, Copy)]
struct Consent {
    /// Install what is missing without asking.
    #[arg(long)]
    yes: bool,
}

fn main() -> anyhow::Result<()> {
    std::env::set_current_dir(run::root())?;
    match Arguments::parse().command {
        Command::Demo(options) => demo::run(&options),
        Command::Test { consent } => test::run(consent),
        Command::Bench(options) => bench::run(&options),
        Command::Faults(options) => faults::run(&options),
        Command::Fuzz(options) => fuzz::run(&options),
        Command::MacosCheck(options) => macos::run(&options),
        Command::Tidy { write, consent } => {
            install::packages(consent)?;
            web::install()?;
            if write {
                tidy::write()
            } else {
                tidy::check(false)
            }
        }
        Command::Model => model::run(),
        Command::Sim(options) => sim::run(&options),
        Command::Man => {
            demo::build_programs()?;
            man::run()
        }
        Command::UiShots { consent } => {
            install::packages(consent)?;
            shots::run()
        }
    }
}
