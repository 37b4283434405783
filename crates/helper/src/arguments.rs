//! The command line. Never a secret on it: everybody can read it.

use std::ffi::OsString;
use std::path::PathBuf;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Executes store operations for the Lockstep agent, as root.

Usage: lockstep-helper op [--state DIR]
       lockstep-helper listen [--state DIR] [--socket PATH]

  op      serves the connection on standard input, then ends (systemd: Accept=yes)
  listen  accepts connections and starts one `op` for each, where there is no systemd

  --state DIR    where bindings are recorded    [/var/lib/lockstep-helper]
  --socket PATH  where the agent connects       [/run/lockstep-helper.sock]
  --version, --help
";

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Help,
    Version,
    Run(Arguments),
}

/// What is to be run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Arguments {
    Op { state: PathBuf },
    Listen { state: PathBuf, socket: PathBuf },
}

/// Why the command line makes no sense.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ArgumentsFault {
    #[error("say what to do")]
    Nothing,
    #[error("unknown argument {}", .0.display())]
    Unknown(OsString),
    #[error("{0} needs a value")]
    NoValue(&'static str),
}

/// Reads the arguments after the program's name.
pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Order, ArgumentsFault> {
    let mut arguments = arguments;
    let mut state = PathBuf::from("/var/lib/lockstep-helper");
    let mut socket = PathBuf::from("/run/lockstep-helper.sock");
    let command = arguments.next().ok_or(ArgumentsFault::Nothing)?;
    let listens = match command.to_str() {
        Some("--help" | "-h" | "help") => return Ok(Order::Help),
        Some("--version" | "-V") => return Ok(Order::Version),
        Some("op") => false,
        Some("listen") => true,
        Some(_) | None => return Err(ArgumentsFault::Unknown(command)),
    };
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--help" | "-h") => return Ok(Order::Help),
            Some("--state") => state = value("--state", arguments.next())?,
            Some("--socket") if listens => socket = value("--socket", arguments.next())?,
            Some(_) | None => return Err(ArgumentsFault::Unknown(argument)),
        }
    }
    let run = if listens {
        Arguments::Listen { state, socket }
    } else {
        Arguments::Op { state }
    };
    Ok(Order::Run(run))
}

fn value(name: &'static str, value: Option<OsString>) -> Result<PathBuf, ArgumentsFault> {
    value
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
        .ok_or(ArgumentsFault::NoValue(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Order, ArgumentsFault> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn lines_mean_what_help_says() {
        let state = PathBuf::from("/var/lib/lockstep-helper");
        assert_eq!(
            parsed("op"),
            Ok(Order::Run(Arguments::Op {
                state: state.clone()
            }))
        );
        let socket = PathBuf::from("/s");
        assert_eq!(
            parsed("listen --socket /s"),
            Ok(Order::Run(Arguments::Listen { state, socket }))
        );
        assert_eq!(parsed("--version"), Ok(Order::Version));
        assert_eq!(parsed("op --help"), Ok(Order::Help));
        assert_eq!(parsed(""), Err(ArgumentsFault::Nothing));
        assert_eq!(
            parsed("op --state"),
            Err(ArgumentsFault::NoValue("--state"))
        );
        assert_eq!(
            parsed("op --socket /s"),
            Err(ArgumentsFault::Unknown("--socket".into()))
        );
        assert_eq!(parsed("sudo"), Err(ArgumentsFault::Unknown("sudo".into())));
    }
}
