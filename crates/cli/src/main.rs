//! `lockstep`: what a person or an admin does from a terminal.
//!
//! | module | holds |
//! |---|---|
//! | [`arguments`] | every command and option |
//! | [`keyring`] | keyrings that were set aside |
//! | [`doctor`] | what keeps this computer from following, and what to do |
//! | [`uninstall`] | taking Lockstep off this computer |
//! | [`person`] | enrol, link, status, sync, passwd |
//! | [`admin`] | `lockstep admin`: the only part that speaks HTTP |
//! | [`secret`] | secrets from a terminal or a file descriptor, never from arguments |
//! | [`status`] | how things stand, in words |
//! | [`show`] | what is printed, for people and as JSON |
//!
//! Exit codes: 0 done; 1 refused or failed, with a code on standard error; 2 wrong usage;
//! 3 not everything is in sync (`status`).
#![deny(unsafe_code)]

mod admin;
mod arguments;
mod doctor;
mod keyring;
mod person;
mod question;
mod secret;
mod show;
mod status;
mod sys;
mod uninstall;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use lockstep_client::Fault;
use lockstep_model::Code;
use lockstep_protocol::local::Failure;

use arguments::{Arguments, Command};
use show::Show;

/// How a command ended otherwise than well.
enum Stopped {
    /// The agent said why.
    Failed(Failure, Names),
    /// It never came so far.
    Fault(Fault, Names),
    /// `status`: something is not in sync, and it was printed.
    NotInSync,
    /// `doctor`: there is a problem, and it was printed.
    Unwell,
}

/// The words that sentences leave open, as far as they are known.
#[derive(Clone, Debug, Default)]
struct Names {
    org: Option<String>,
    it: Option<String>,
}

impl From<Fault> for Stopped {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault, Names::default())
    }
}

fn main() -> ExitCode {
    if let Err(fault) = lockstep_memory::keep_to_itself() {
        eprintln!("lockstep: this process can't keep its memory to itself: {fault}");
        return ExitCode::from(1);
    }
    let arguments = Arguments::parse();
    let show = Show::new(arguments.json);
    let ended = match arguments.command {
        Command::Completions { shell } => {
            let mut command = Arguments::command();
            clap_complete::generate(shell, &mut command, "lockstep", &mut std::io::stdout());
            Ok(())
        }
        Command::Admin(admin) => run(admin::run(admin, &show)),
        Command::Enrol(options) => person::enrol(&options, &show),
        Command::Link(options) => person::link(&options, &show),
        Command::Unlink => person::unlink(&show),
        Command::Status => person::status(&show),
        Command::Explain => person::explain(&show),
        Command::Phrase { set } => person::phrase(set, &show),
        Command::Doctor => doctor::run(&show),
        Command::Uninstall { yes } => uninstall::run(yes, &show),
        Command::Man { folder } => man(&folder),
        Command::Sync(options) => person::sync(&options, &show),
        Command::Passwd(options) => person::passwd(&options, &show),
        Command::Keyring { command } => keyring::run(command, &show),
        Command::NotMe { yes } => person::not_me(yes, &show),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stopped::NotInSync) => ExitCode::from(3),
        Err(Stopped::Unwell) => ExitCode::from(1),
        Err(Stopped::Failed(failure, names)) => {
            show.failure(&failure, &names);
            ExitCode::from(1)
        }
        Err(Stopped::Fault(Fault { code, detail }, names)) => {
            show.failure(
                &Failure {
                    code,
                    detail,
                    stores: Vec::new(),
                },
                &names,
            );
            ExitCode::from(1)
        }
    }
}

fn man(folder: &std::path::Path) -> Result<(), Stopped> {
    let written = clap_mangen::generate_to(Arguments::command(), folder);
    Ok(written.map_err(|fault| Fault::new(Code::BadRequest, fault))?)
}

fn run<T>(command: impl Future<Output = Result<T, Stopped>>) -> Result<T, Stopped> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|fault| Fault::new(Code::Internal, fault))?;
    runtime.block_on(command)
}
