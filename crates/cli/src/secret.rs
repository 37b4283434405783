//! Secrets from a terminal with hidden input, or from a file descriptor. Never from an argument or
//! the environment, where every program of the computer could read them.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, RawFd};
use std::sync::Once;

use crate::sys::RestoreOnSignal;
use lockstep_client::Fault;
use lockstep_model::{Code, Secret};
use rustix::termios::{self, LocalModes, OptionalActions, Termios};

/// More than any password or enrolment string has.
const MAX_BYTES: usize = 16 * 1024;

/// Reads one secret: from the descriptor if there is one, else hidden from the terminal.
pub(crate) fn read(label: &str, from: Option<RawFd>) -> Result<Secret, Fault> {
    let read = match from {
        Some(fd) => from_descriptor(fd),
        None => from_terminal(label),
    };
    if !lockstep_memory::is_locked() {
        static SAID: Once = Once::new();
        SAID.call_once(|| {
            eprintln!(
                "lockstep: no memory is locked (ulimit -l): what you type could reach the swap"
            );
        });
    }
    read.map_err(|fault| {
        let missing = fault.kind() == io::ErrorKind::NotFound;
        let code = if missing {
            Code::NoTerminal
        } else {
            Code::BadRequest
        };
        Fault::new(code, format!("{label}: {fault}"))
    })
}

/// Reads a one-time text: from the descriptor, piped standard input, or the terminal.
pub(crate) fn read_token(label: &str, from: Option<RawFd>) -> Result<Secret, Fault> {
    let from = match from {
        None if !termios::isatty(io::stdin()) => Some(0),
        other => other,
    };
    read(label, from)
}

/// Reads to the end, without the line's end that an editor or `echo` leaves.
fn from_descriptor(fd: RawFd) -> io::Result<Secret> {
    let mut file = File::from(crate::sys::duplicate(fd)?);
    let mut buffer = Secret::zeroed(MAX_BYTES + 1);
    let mut filled = 0;
    while filled <= MAX_BYTES {
        match file.read(&mut buffer.expose_mut()[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    if filled > MAX_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "too long"));
    }
    let text = &buffer.expose()[..filled];
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    Ok(Secret::copy_of(text.strip_suffix(b"\r").unwrap_or(text)))
}

fn from_terminal(label: &str) -> io::Result<Secret> {
    let mut terminal = File::options()
        .read(true)
        .write(true)
        .open("/dev/tty")
        .map_err(|_| io::Error::new(io::ErrorKind::NotFound, "no terminal to ask at"))?;
    write!(terminal, "{label}: ")?;
    terminal.flush()?;
    let typed = {
        let _hidden = Hidden::on(&terminal)?;
        read_line(&terminal)
    };
    writeln!(terminal)?;
    typed
}

fn read_line(mut terminal: &File) -> io::Result<Secret> {
    let mut buffer = Secret::zeroed(MAX_BYTES);
    let mut filled = 0;
    while filled < MAX_BYTES {
        let count = terminal.read(&mut buffer.expose_mut()[filled..])?;
        filled += count;
        let text = &buffer.expose()[..filled];
        if count == 0 || text.ends_with(b"\n") {
            return Ok(Secret::copy_of(text.strip_suffix(b"\n").unwrap_or(text)));
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "too long"))
}

/// The terminal shows nothing of what is typed for as long as this lives.
struct Hidden<'a> {
    terminal: &'a File,
    before: Termios,
    _restore: RestoreOnSignal,
}

impl<'a> Hidden<'a> {
    fn on(terminal: &'a File) -> io::Result<Self> {
        let before = termios::tcgetattr(terminal.as_fd())?;
        let restore = RestoreOnSignal::watch(terminal, &before)?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        termios::tcsetattr(terminal.as_fd(), OptionalActions::Flush, &hidden)?;
        Ok(Self {
            terminal,
            before,
            _restore: restore,
        })
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        // Nothing more can be done for a terminal that is gone.
        let _gone = termios::tcsetattr(self.terminal.as_fd(), OptionalActions::Now, &self.before);
    }
}
