//! Why a lab can't do something.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

/// Why a lab can't do something.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// Namespaces and overlay mounts take root.
    #[error("a lab needs root: run the tests as root, or set LOCKSTEP_NO_LAB=1 to skip them")]
    NotRoot,
    /// A program is missing on this machine.
    #[error(
        "a lab needs the program `{program}` (Debian package {package}); \
         install it, or set LOCKSTEP_NO_LAB=1 to skip what needs a lab"
    )]
    Missing {
        /// Its name.
        program: &'static str,
        /// Where it comes from.
        package: &'static str,
    },
    /// There is nowhere to get a base system from.
    #[error("no package source of this machine has {release}")]
    NoMirror {
        /// The release that is wanted.
        release: String,
    },
    /// A path that overlay mounts can't take.
    #[error("{0} can't be used: it has a colon, comma, backslash or quote in it")]
    Path(PathBuf),
    /// Something failed on this machine.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A program failed.
    #[error("{what} failed ({status}):\n{output}")]
    Failed {
        /// What was tried.
        what: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of what it said.
        output: String,
    },
    /// There is no loop device for a disk.
    #[error("a device's disk needs a loop device (/dev/loop-control, loop(4)): {0}")]
    NoLoop(#[source] io::Error),
    /// The device has no disk of its own.
    #[error("device {0} has no disk of its own")]
    NoDisk(String),
    /// The device has no power.
    #[error("device {0} is not running")]
    Off(String),
    /// A device's program didn't get ready.
    #[error("{what} did not get ready in time; its log:\n{log}")]
    NotReady {
        /// Which program.
        what: String,
        /// What it said.
        log: String,
    },
    /// The device has no such account.
    #[error("device {device} has no account {account}")]
    NoAccount {
        /// Which device.
        device: String,
        /// Which account.
        account: String,
    },
}

impl LabError {
    /// Puts what was tried before an I/O error.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
