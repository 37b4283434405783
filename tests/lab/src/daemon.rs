//! A program that goes on running in a device.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::LabError;

/// A program that goes on running in a device; it is killed when this is dropped.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Starts a command made by [`crate::Device::command`]; both outputs are appended to the log.
    ///
    /// # Errors
    ///
    /// When it can't be started.
    pub fn start(mut command: Command, log: &Path) -> Result<Self, LabError> {
        let fault = || LabError::io(format!("starting what logs to {}", log.display()));
        let output = File::options()
            .create(true)
            .append(true)
            .open(log)
            .map_err(fault())?;
        let errors = output.try_clone().map_err(fault())?;
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        let child = command.spawn().map_err(fault())?;
        Ok(Self {
            child,
            log: log.to_owned(),
        })
    }

    /// Everything it and its predecessors of the same name said.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read(&self.log)
            .map(|bytes| String::from_utf8_lossy(&bytes).into())
            .unwrap_or_default()
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    ///
    /// That of wait(2).
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    ///
    /// That of wait(2).
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }

    /// The process inside the device, by the number that it has outside.
    #[must_use]
    pub fn pid(&self) -> Option<Pid> {
        only_child(self.child.id())
    }

    /// Asks it to end (SIGTERM), and waits until it has.
    ///
    /// # Errors
    ///
    /// That of kill(2) or wait(2).
    pub fn stop(&mut self) -> io::Result<ExitStatus> {
        self.end(Signal::TERM)
    }

    /// Kills it (SIGKILL), and waits until it is gone.
    ///
    /// # Errors
    ///
    /// That of kill(2) or wait(2).
    pub fn kill(&mut self) -> io::Result<ExitStatus> {
        self.end(Signal::KILL)
    }

    /// Ends the process inside; the one outside that waits for it ends the same way.
    fn end(&mut self, signal: Signal) -> io::Result<ExitStatus> {
        if let Some(status) = self.child.try_wait()? {
            return Ok(status);
        }
        match self.pid() {
            Some(inside) => match kill_process(inside, signal) {
                Ok(()) | Err(rustix::io::Errno::SRCH) => {}
                Err(fault) => return Err(fault.into()),
            },
            // It hasn't entered the device yet.
            None => self.child.kill()?,
        }
        self.child.wait()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ended = self.kill();
    }
}

/// The child of a process that has one.
fn only_child(parent: u32) -> Option<Pid> {
    let parent = parent.to_string();
    fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let number: i32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        // The name before the last parenthesis may hold anything; after it come state and parent.
        let (_, after) = stat.rsplit_once(") ")?;
        (after.split(' ').nth(1)? == parent)
            .then(|| Pid::from_raw(number))
            .flatten()
    })
}
