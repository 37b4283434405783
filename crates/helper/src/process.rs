//! The process of one operation.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;

use lockstep_model::Code;
use lockstep_stores::Refusal;

use crate::bindings::Bindings;
use crate::platform::{self, ThisComputer};
use crate::{operate, peer, sandbox, serve};

/// Why a process could not serve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProcessFault {
    #[error("this must run as root")]
    NotRoot,
    #[error("can't protect this process: {0}")]
    Harden(#[source] io::Error),
    #[error("can't enter the sandbox: {0}")]
    Sandbox(#[from] sandbox::SandboxFault),
    #[error("the connection failed: {0}")]
    Connection(#[from] io::Error),
    #[error("can't listen: {0}")]
    Listen(#[source] io::Error),
    #[error("{0}")]
    Refused(Refusal),
}

/// Serves the connection that is on standard input.
pub(crate) fn operate_on_standard_input(state: &Path) -> Result<(), ProcessFault> {
    require_root()?;
    lockstep_memory::keep_to_itself().map_err(ProcessFault::Harden)?;
    // What the sandbox leaves must be there before it is entered.
    let bindings = open(state);
    let computer = ThisComputer::new(state, platform::hardware());
    sandbox::enter()?;
    let stream = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let line = match peer::check(&stream).and(bindings) {
        Ok(bindings) => {
            stream.set_nonblocking(false)?;
            serve::serve(&stream, |operation, secrets| {
                operate::operate(&bindings, &computer, operation, secrets)
            })?
        }
        Err(refusal) => {
            // On something that is no socket nobody can be told.
            serve::turn_away(&stream, refusal.clone())
                .map_err(|_| ProcessFault::Refused(refusal))?;
            None
        }
    };
    if let Some(line) = line {
        eprintln!("{line}");
    }
    if !lockstep_memory::is_locked() {
        eprintln!("the system locks no memory for this process: secrets could reach the swap");
    }
    Ok(())
}

/// Refuses to run as anybody but root: PAM would answer differently, and nothing could be recorded.
pub(crate) fn require_root() -> Result<(), ProcessFault> {
    if rustix::process::geteuid().is_root() && rustix::process::getuid().is_root() {
        Ok(())
    } else {
        Err(ProcessFault::NotRoot)
    }
}

fn open(state: &Path) -> Result<Bindings, Refusal> {
    Bindings::open(state).map_err(|fault| Refusal::new(Code::StateUnreadable, fault.to_string()))
}
