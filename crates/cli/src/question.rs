//! Questions that are answered with yes or no.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};

use lockstep_client::Fault;
use lockstep_model::Code;

/// Asks on the terminal; anything but yes is no.
pub(crate) fn confirm(question: &str) -> Result<bool, Fault> {
    let missing = |fault| Fault::new(Code::NoTerminal, format!("{question}: {fault}"));
    let open = || File::options().read(true).write(true).open("/dev/tty");
    let mut terminal = open().map_err(missing)?;
    let mut ask = || {
        write!(terminal, "{question} [y/N] ")?;
        terminal.flush()?;
        let mut line = String::new();
        BufReader::new(&terminal).read_line(&mut line)?;
        Ok(line)
    };
    let line = ask().map_err(missing)?;
    Ok(["y", "yes"].contains(&line.trim().to_ascii_lowercase().as_str()))
}
