//! Which files are left (landlock(7)): root owns nearly all of them.

use std::io;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd,
    PathFdError, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};
use lockstep_protocol::helper::Files;

/// What this was tested with. A newer kernel's further rights stay as they are there.
const TESTED: ABI = ABI::V7;

/// Folders to read: libraries, PAM's modules, their rules, and words in people's languages.
const READ: [&str; 6] = [
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    // Dictionary of pam_pwquality, where an administrator adds it.
    "/var/cache/cracklib",
    // Accounts that libnss-extrausers adds; they are looked up, and refused.
    "/var/lib/extrausers",
];

/// Folder to write: pam_unix makes `nshadow` and renames it, others of an administrator's choice
/// keep theirs below. Whoever may set root's password gains nothing by the rest of it.
const ACCOUNTS: &str = "/etc";

/// Single files, and whether they are written to.
const SINGLE: [(&str, bool); 4] = [
    ("/dev/null", true),
    ("/dev/urandom", false),
    ("/dev/random", false),
    ("/proc/filesystems", false),
];

/// Where SELinux is there, pam_unix gives the new shadow file its label through these: this
/// process's own entry in /proc, and the kernel's interface.
const LABELS: [&str; 2] = ["/proc/self", "/sys/fs/selinux"];

/// Why files can't be shut off.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FilesFault {
    #[error("{0}")]
    Rules(#[from] RulesetError),
    #[error("{}: {source}", path.display())]
    Open { path: PathBuf, source: io::Error },
}

/// Leaves the files that an operation needs.
pub(super) fn confine(state: &Path) -> Result<Files, FilesFault> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let write =
        read | AccessFs::WriteFile | AccessFs::Truncate | AccessFs::MakeReg | AccessFs::RemoveFile;
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(TESTED))?
        .handle_access(AccessNet::from_all(TESTED))?
        .scope(Scope::from_all(TESTED))?
        .create()?;
    let mut allow = |path: &Path, rights: BitFlags<AccessFs>| -> Result<(), FilesFault> {
        if let Some(place) = open(path)? {
            (&mut rules).add_rule(PathBeneath::new(place, rights))?;
        }
        Ok(())
    };
    for folder in READ {
        allow(Path::new(folder), read)?;
    }
    for folder in [Path::new(ACCOUNTS), state] {
        allow(folder, write)?;
    }
    for folder in LABELS {
        allow(Path::new(folder), read | AccessFs::WriteFile)?;
    }
    for (file, written) in SINGLE {
        let rights = if written {
            AccessFs::ReadFile | AccessFs::WriteFile
        } else {
            AccessFs::ReadFile.into()
        };
        allow(Path::new(file), rights)?;
    }
    Ok(match rules.restrict_self()?.ruleset {
        RulesetStatus::FullyEnforced => Files::Confined,
        RulesetStatus::PartiallyEnforced => Files::Partly,
        RulesetStatus::NotEnforced => Files::Open,
    })
}

/// What isn't there needs no rule.
fn open(path: &Path) -> Result<Option<PathFd>, FilesFault> {
    match PathFd::new(path) {
        Ok(place) => Ok(Some(place)),
        Err(PathFdError::OpenCall { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            Ok(None)
        }
        Err(fault) => Err(FilesFault::Open {
            path: path.to_owned(),
            source: io::Error::other(fault),
        }),
    }
}
