//! `lockstep-app`: starts hidden at log-in; started again, it opens.
#![deny(unsafe_code)]

use std::process::ExitCode;

use lexopt::prelude::*;
use lockstep_app::platform::{Start, claim};
use lockstep_app::shell;
use lockstep_app::view::Act;
use zeroizing_alloc::ZeroAlloc;

/// What is freed is wiped: the toolkit keeps what is typed in strings of its own.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<std::alloc::System> = ZeroAlloc(std::alloc::System);

const USAGE: &str = "\
The menu-bar program of Lockstep: keeps you told, and asks when your password changed.

Usage: lockstep-app [OPTIONS]

Options:
      --hidden   Starts without a window, as at log-in
      --help     Shows this
      --version  Shows the version
";

fn main() -> ExitCode {
    if let Err(fault) = lockstep_memory::keep_to_itself() {
        eprintln!("lockstep-app: this process can't keep its memory to itself: {fault}");
        return ExitCode::from(1);
    }
    let mut hidden = false;
    let mut arguments = lexopt::Parser::from_env();
    loop {
        match arguments.next() {
            Ok(None) => break,
            Ok(Some(Long("hidden"))) => hidden = true,
            Ok(Some(Short('h') | Long("help"))) => {
                print!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            Ok(Some(Short('V') | Long("version"))) => {
                println!("lockstep-app {}", env!("CARGO_PKG_VERSION"));
                return ExitCode::SUCCESS;
            }
            Ok(Some(other)) => return usage(&other.unexpected()),
            Err(fault) => return usage(&fault),
        }
    }
    match claim() {
        Ok(Start::First) => {}
        Ok(Start::Again) => return ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("lockstep-app: {fault}");
            return ExitCode::from(1);
        }
    }
    let open = (!hidden).then_some(Act::OpenStatus);
    match shell::run(open) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("lockstep-app: {fault}");
            ExitCode::from(1)
        }
    }
}

fn usage(fault: &lexopt::Error) -> ExitCode {
    eprintln!("lockstep-app: {fault}; see --help");
    ExitCode::from(2)
}
