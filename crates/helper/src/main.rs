//! The root helper: executes one store operation per process, and knows no network.
//!
//! **Architecture invariants:** an `op` process serves one connection and ends. It acts only on
//! bindings that the helper recorded itself, in the very operation in which the account's password
//! was proved; without that password only by an order of the realm that was recorded then. It has
//! no second thread: glibc's lckpwdf(3) relies on a SIGALRM that must reach the one that waits. A
//! `listen` process reads nothing from its connections.
#![deny(unsafe_code)]

mod arguments;
mod bindings;
mod clock;
mod fingerprint;
mod listen;
mod operate;
mod peer;
mod platform;
mod process;
mod queue;
mod random;
mod reset;
mod sandbox;
mod serve;

use std::process::ExitCode;

use crate::arguments::{Arguments, HELP, Order};

fn main() -> ExitCode {
    let order = match arguments::parse(std::env::args_os().skip(1)) {
        Ok(Order::Help) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Ok(Order::Version) => {
            println!("lockstep-helper {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Ok(Order::Run(order)) => order,
        Err(fault) => {
            eprint!("lockstep-helper: {fault}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    let outcome = match order {
        Arguments::Op { state } => process::operate_on_standard_input(&state),
        Arguments::Listen { state, socket } => listen::listen(&state, &socket),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("lockstep-helper: {reason}");
            ExitCode::FAILURE
        }
    }
}
