//! The manual pages: generated when a package is made, never checked in.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::run::{output, quietly, say};

/// The programs whose arguments clap describes.
const PROGRAMS: [&str; 2] = ["lockstep", "lockstep-directory"];
/// Those that describe themselves, with their sections: root's program, what holds a keyring's
/// secrets, and what lies in memory all day have no parser of arguments that they can do without.
const PLAIN: [(&str, u8); 3] = [
    ("lockstep-agent", 8),
    ("lockstep-helper", 8),
    ("lockstep-keyring", 1),
];

/// Writes every page, from programs that are built.
pub(crate) fn run() -> anyhow::Result<()> {
    let folder = Path::new("target/man");
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    let built = Path::new("target/debug");
    for program in PROGRAMS {
        quietly(Command::new(built.join(program)).arg("man").arg(folder))?;
    }
    for (program, section) in PLAIN {
        let help = output(Command::new(built.join(program)).arg("--help"))?;
        let path = folder.join(format!("{program}.{section}"));
        std::fs::write(path, page(program, section, &help)?)?;
    }
    judge(folder)
}

/// A page around what a program says of itself.
fn page(program: &str, section: u8, help: &str) -> anyhow::Result<String> {
    let (about, rest) = help.split_once('\n').context("no help")?;
    let about = about.trim_end_matches('.');
    // At the start of a line a dot or an apostrophe would be a command; a backslash is one anywhere.
    let rest = rest.trim().replace('\\', "\\e").replace('-', "\\-");
    let rest: String = rest.lines().map(|line| format!("\\&{line}\n")).collect();
    Ok(format!(
        ".TH {program} {section}\n.SH NAME\n{name} \\- {about}\n.SH DESCRIPTION\n.nf\n{rest}.fi\n",
        name = program.replace('-', "\\-")
    ))
}

/// Has groff read every page, where it is at hand.
fn judge(folder: &Path) -> anyhow::Result<()> {
    let mut pages = 0;
    let groff = output(Command::new("groff").arg("--version")).is_ok();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        pages += 1;
        if groff {
            let mut reader = Command::new("groff");
            let read = reader
                .args(["-man", "-Tutf8", "-ww", "-z"])
                .arg(&path)
                .output()?;
            let said = String::from_utf8_lossy(&read.stderr);
            if !read.status.success() || !said.trim().is_empty() {
                bail!("{}: {said}", path.display());
            }
        }
    }
    if !groff {
        say("SKIPPED: nobody has read the manual pages: groff is not installed")?;
    }
    say(&format!("{pages} manual pages are in {}", folder.display()))
}
