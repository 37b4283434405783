//! The command line. Never a secret on it: everybody can read it.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::*;

/// What `--help` prints; the manual page is made from it.
pub(crate) const HELP: &str = "\
Keeps this computer's password in step with the directory.

Usage: lockstep-agent run [--state DIR] [--socket PATH] [--helper PATH] [--config FILE]

  run  runs the agent until it is told to stop

  --state DIR    the agent's own folder                            [/var/lib/lockstep]
  --socket PATH  where app and command line connect                [/run/lockstep/agent.sock]
  --helper PATH  where the root helper listens                     [/run/lockstep-helper.sock]
  --config FILE  what an administrator set; it need not exist      [/etc/lockstep/agent.toml]
  --version, --help
";

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Help,
    Version,
    Run(Places),
    /// Stretches a password for the agent: memory in KiB, passes, lanes. Not for people.
    Stretch(Vec<String>),
}

/// Where things are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    /// The agent's own folder.
    pub(crate) state: PathBuf,
    /// The socket for app and CLI.
    pub(crate) socket: PathBuf,
    /// The root helper's socket.
    pub(crate) helper: PathBuf,
    /// The configuration file; it need not exist.
    pub(crate) config: PathBuf,
}

/// Reads the arguments after the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Order, lexopt::Error> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut places = Places {
        state: "/var/lib/lockstep".into(),
        socket: lockstep_protocol::local::SOCKET.into(),
        helper: "/run/lockstep-helper.sock".into(),
        config: "/etc/lockstep/agent.toml".into(),
    };
    match parser.next()? {
        Some(Long("help") | Short('h')) => return Ok(Order::Help),
        Some(Long("version") | Short('V')) => return Ok(Order::Version),
        Some(Value(command)) if command == "run" => {}
        Some(Value(command)) if command == "stretch" => {
            let numbers = parser.raw_args()?.map(|number| number.string());
            return numbers.collect::<Result<_, _>>().map(Order::Stretch);
        }
        Some(unknown) => return Err(unknown.unexpected()),
        None => return Err("say what to do".into()),
    }
    while let Some(argument) = parser.next()? {
        let place = match argument {
            Long("help") | Short('h') => return Ok(Order::Help),
            Long("state") => &mut places.state,
            Long("socket") => &mut places.socket,
            Long("helper") => &mut places.helper,
            Long("config") => &mut places.config,
            unknown @ (Long(_) | Short(_) | Value(_)) => return Err(unknown.unexpected()),
        };
        *place = parser.value()?.into();
    }
    Ok(Order::Run(places))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Order, String> {
        parse(line.split_whitespace().map(OsString::from)).map_err(|fault| fault.to_string())
    }

    #[test]
    fn lines_mean_what_help_says() {
        let Ok(Order::Run(usual)) = parsed("run") else {
            panic!("run alone is enough");
        };
        for place in [&usual.state, &usual.socket, &usual.helper, &usual.config] {
            let said = format!("[{}]", place.display());
            assert!(HELP.contains(&said), "{said}");
        }
        let elsewhere = Places {
            state: "/s".into(),
            config: "/c".into(),
            ..usual
        };
        let order = Ok(Order::Run(elsewhere));
        assert_eq!(parsed("run --state /s --config=/c"), order);
        assert_eq!(parsed("--version"), Ok(Order::Version));
        assert_eq!(parsed("run --help"), Ok(Order::Help));
        let three = ["1", "2", "3"].map(String::from).to_vec();
        assert_eq!(parsed("stretch 1 2 3"), Ok(Order::Stretch(three)));
        for wrong in ["", "walk", "run --state", "run --colour red", "run twice"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }
}
