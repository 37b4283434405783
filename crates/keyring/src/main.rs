//! Opens a keyring that was set aside, and adds what is in it to the present one.
//!
//! It runs as the person in their session, started by whatever they use: a person's keyring is
//! written through their own running daemon, which the session bus leads to and which believes
//! neither root nor another account. One request on standard input, one end on standard output.
//!
//! | module | holds |
//! |---|---|
//! | [`serve`] | the request, and the order of what is done |
//! | [`copies`] | which copies there are, and of which of them nothing would be missed |
//! | [`merge`] | what becomes of each saved password |
//! | [`service`] | the Secret Service API, as a client |
//! | [`session`] | the cipher that secrets cross a bus in |
//!
//! **Architecture invariants:** a copy is never written to, and nothing in the present keyring is
//! replaced. Nothing prompts: what is locked stays locked, and is said. A secret crosses a bus
//! enciphered, so that no buffer of a bus or of its library ever holds one.
#![forbid(unsafe_code)]

mod copies;
mod merge;
mod serve;
mod service;
mod session;

use std::process::ExitCode;

/// What `--help` prints.
const HELP: &str = "\
Opens keyrings that were set aside, for `lockstep keyring` and as the person who calls it.

Usage: lockstep-keyring

  It takes one request on standard input and answers on standard output, as lockstep and the
  Lockstep app do. To use it, see `lockstep keyring --help`.

  --version, --help
";

fn main() -> ExitCode {
    let argument = std::env::args_os().nth(1);
    match argument.as_deref().map(|word| word.to_str()) {
        None => {}
        Some(Some("--help" | "-h")) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Some(Some("--version" | "-V")) => {
            println!("lockstep-keyring {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Some(_) => {
            eprint!("lockstep-keyring: unknown argument\n\n{HELP}");
            return ExitCode::from(2);
        }
    }
    match serve::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("lockstep-keyring: {fault}");
            ExitCode::FAILURE
        }
    }
}
