//! Running `lockstep` with secrets on descriptors, and reading how it ended.

use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use lockstep_model::Code;
use rustix::pipe::{PipeFlags, pipe_with};

/// How a command ended.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code; -1 if it was killed.
    pub exit: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Outcome {
    /// Insists that it ended well; gives standard output.
    ///
    /// # Errors
    ///
    /// With what it said.
    pub fn ok(self) -> anyhow::Result<String> {
        if self.exit == 0 {
            Ok(self.out)
        } else {
            bail!("ended with {}: {}{}", self.exit, self.out, self.err)
        }
    }

    /// The JSON on standard output.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> anyhow::Result<T> {
        serde_json::from_str(&self.out).with_context(|| format!("not JSON: {self:?}"))
    }

    /// The code that it failed with; none if it ended well.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        let json = self.err.lines().find_map(|line| {
            let said: serde_json::Value = serde_json::from_str(line).ok()?;
            said.get("failed")?.get("code")?.as_str()?.parse().ok()
        });
        if self.exit == 0 { None } else { json }
    }
}

/// Runs a command whose options `--NAME-fd` each get a pipe with a secret in it.
///
/// # Errors
///
/// When it can't be run.
pub fn run_with(mut command: Command, secrets: &[(&str, &str)]) -> anyhow::Result<Outcome> {
    for (number, (option, secret)) in (10..).zip(secrets) {
        command.arg(option).arg(number.to_string());
        lockstep_lab::pass_fd(&mut command, filled(secret.as_bytes())?, number)?;
    }
    let done = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("can't run {}", command.get_program().display()))?;
    Ok(Outcome {
        exit: done.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&done.stdout).into_owned(),
        err: String::from_utf8_lossy(&done.stderr).into_owned(),
    })
}

/// The reading end of a pipe with these bytes in it; they fit into the pipe's buffer.
fn filled(bytes: &[u8]) -> anyhow::Result<OwnedFd> {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
    std::fs::File::from(write).write_all(bytes)?;
    Ok(read)
}
