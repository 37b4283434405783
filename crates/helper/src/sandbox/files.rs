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

/// What may be done below a place.
type Rights = BitFlags<AccessFs>;

/// Leaves the files that an operation on an account needs.
pub(super) fn leave_account(state: &Path) -> Result<Files, FilesFault> {
    let mut places = readable(read());
    places.extend([PathBuf::from(ACCOUNTS), state.to_owned()].map(|folder| (folder, write())));
    places.extend(LABELS.map(|folder| (folder.into(), read() | AccessFs::WriteFile)));
    confine(&places)
}

/// Leaves a person's keyrings and runtime folder, and what their keyring's daemon reads.
pub(super) fn leave_person(uid: u32, home: &Path) -> Result<Files, FilesFault> {
    let mut places = readable(read() | AccessFs::Execute);
    let own = write() | AccessFs::MakeDir | AccessFs::RemoveDir | AccessFs::MakeSock;
    let own = own | AccessFs::Refer | AccessFs::MakeFifo;
    places.push((home.join(".local/share/keyrings"), own));
    places.push((PathBuf::from(format!("/run/user/{uid}")), own));
    places.push(("/tmp".into(), own));
    places.extend(["/etc", "/proc"].map(|folder| (folder.into(), read())));
    confine(&places)
}

/// Leaves these disks and the helper's records, and what `cryptsetup` reads.
pub(super) fn leave_disks(state: &Path, devices: &[&Path]) -> Result<Files, FilesFault> {
    let mut places = readable(read() | AccessFs::Execute);
    let locks = write() | AccessFs::MakeDir | AccessFs::RemoveDir;
    places.extend(["/run/cryptsetup", "/run/lock"].map(|folder| (folder.into(), locks)));
    places.push((state.to_owned(), write()));
    places.extend(["/etc", "/proc", "/sys"].map(|folder| (folder.into(), read())));
    let open = read() | AccessFs::WriteFile | AccessFs::IoctlDev;
    places.extend(devices.iter().map(|device| (device.to_path_buf(), open)));
    confine(&places)
}

fn read() -> Rights {
    AccessFs::ReadFile | AccessFs::ReadDir
}

fn write() -> Rights {
    read() | AccessFs::WriteFile | AccessFs::Truncate | AccessFs::MakeReg | AccessFs::RemoveFile
}

/// What everybody may read, and single files.
fn readable(rights: Rights) -> Vec<(PathBuf, Rights)> {
    let folders = READ.map(|folder| (PathBuf::from(folder), rights));
    let single = SINGLE.map(|(file, written)| {
        let write = if written {
            AccessFs::WriteFile.into()
        } else {
            Rights::empty()
        };
        (PathBuf::from(file), write | AccessFs::ReadFile)
    });
    folders.into_iter().chain(single).collect()
}

fn confine(places: &[(PathBuf, Rights)]) -> Result<Files, FilesFault> {
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(TESTED))?
        .handle_access(AccessNet::from_all(TESTED))?
        .scope(Scope::from_all(TESTED))?
        .create()?;
    for (path, rights) in places {
        if let Some(place) = open(path)? {
            // Of a single file only some rights mean anything.
            let rights = if path.is_dir() {
                *rights
            } else {
                *rights & AccessFs::from_file(TESTED)
            };
            (&mut rules).add_rule(PathBeneath::new(place, rights))?;
        }
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
