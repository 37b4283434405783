//! Running programs and judging how they ended.

use std::io::{Read, Write};
use std::process::{Command, ExitStatus, Stdio};

use crate::LabError;

/// Where system programs are, whatever the caller's own path is.
pub(crate) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The most of a program's words that an error repeats.
const TAIL: usize = 4000;

/// What a program that ended said.
pub(crate) struct Said {
    pub(crate) status: ExitStatus,
    pub(crate) text: String,
}

/// Runs a program to its end with these bytes on standard input; both outputs come as one text.
pub(crate) fn run(what: &str, command: &mut Command, input: &[u8]) -> Result<Said, LabError> {
    let fault = || LabError::io(what.to_owned());
    let (mut reader, writer) = std::io::pipe().map_err(fault())?;
    let errors = writer.try_clone().map_err(fault())?;
    command.stdin(Stdio::piped()).stdout(writer).stderr(errors);
    let mut child = command.spawn().map_err(fault())?;
    // The command keeps the pipe's writing end, and so the end would never come.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    if let Some(mut stdin) = child.stdin.take() {
        // A program that doesn't want its input says so by its status.
        let _written = stdin.write_all(input);
    }
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).map_err(fault())?;
    let status = child.wait().map_err(fault())?;
    Ok(Said {
        status,
        text: String::from_utf8_lossy(&bytes).into_owned(),
    })
}

/// Runs a program that must succeed.
pub(crate) fn succeed(what: &str, command: &mut Command, input: &[u8]) -> Result<String, LabError> {
    let said = run(what, command, input)?;
    if said.status.success() {
        return Ok(said.text);
    }
    let output = tail(&said.text).to_owned();
    Err(LabError::Failed {
        what: what.to_owned(),
        status: said.status,
        output,
    })
}

/// The end of a long text.
pub(crate) fn tail(text: &str) -> &str {
    let start = text.len().saturating_sub(TAIL);
    let start = (start..=text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or_default();
    text[start..].trim_end()
}
