//! Somebody who types at a terminal of their own.

use std::io::{Read as _, Write as _};
use std::process::{ChildStdout, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::Computer;

/// What was seen, and how the program ended.
#[derive(Debug)]
pub struct Seen {
    /// The exit code; -1 if it was killed.
    pub exit: i32,
    /// Everything that the terminal showed.
    pub shown: String,
}

/// Runs a command line as the computer's person at a terminal, and types an answer to each prompt.
///
/// # Errors
///
/// When it can't be run, or ends before a prompt.
pub fn type_at(computer: &Computer, line: &str, answers: &[(&str, &str)]) -> anyhow::Result<Seen> {
    let mut command = computer.device.command_as(computer.account(), "script")?;
    // Hidden input is read from nowhere else.
    command.args(["--quiet", "--return", "--command", line, "/dev/null"]);
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = piped.spawn()?;
    let mut keys = child.stdin.take().context("no keyboard")?;
    let mut screen = child.stdout.take().context("no screen")?;
    let mut shown = String::new();
    for (prompt, typed) in answers {
        shown += &until(&mut screen, prompt)?;
        // Typed ahead of its hidden prompt it would be shown, and is thrown away.
        std::thread::sleep(Duration::from_millis(200));
        writeln!(keys, "{typed}")?;
    }
    let mut rest = Vec::new();
    screen.read_to_end(&mut rest)?;
    shown += &String::from_utf8_lossy(&rest);
    let exit = child.wait()?.code().unwrap_or(-1);
    Ok(Seen { exit, shown })
}

/// Reads until the screen ends with a prompt.
///
/// # Errors
///
/// When it ends before.
pub fn until(screen: &mut ChildStdout, prompt: &str) -> anyhow::Result<String> {
    let mut shown = Vec::new();
    let mut byte = [0_u8];
    while !shown.ends_with(prompt.as_bytes()) {
        let so_far = || String::from_utf8_lossy(&shown).into_owned();
        ensure!(
            screen.read(&mut byte)? == 1,
            "no prompt {prompt:?} after {}",
            so_far()
        );
        shown.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&shown).into_owned())
}
