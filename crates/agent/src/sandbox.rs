//! Shuts the agent in (landlock(7)): the one part that talks to the network keeps nothing but its
//! own files, and starts nothing but itself. Its unit says the same; this also holds without it.

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd,
    Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};

use crate::arguments::Places;

/// What this was tested with. A newer kernel's further rights stay as they are there.
const TESTED: ABI = ABI::V7;

/// Read: libraries, authorities, names, accounts, words; what isn't there needs no rule.
const READ: [&str; 9] = [
    "/etc",
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/run/systemd/resolve",
    "/run/NetworkManager",
    "/run/resolvconf",
    "/proc/self",
];

/// Started: the child that stretches passwords is this program, by the system's own loader.
const STARTED: [&str; 4] = ["/proc/self/exe", "/usr/lib", "/lib", "/lib64"];

/// Enters the sandbox, this thread and those it starts; `false` where the kernel has none.
pub(crate) fn enter(places: &Places) -> Result<bool, RulesetError> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let own = read
        | AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir;
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(TESTED))?
        // It connects to wherever its directory is, and listens to no network.
        .handle_access(AccessNet::BindTcp)?
        .scope(Scope::from_all(TESTED))?
        .create()?;
    let mut allow = |path: &Path, rights: BitFlags<AccessFs>| -> Result<(), RulesetError> {
        if let Ok(place) = PathFd::new(path) {
            (&mut rules).add_rule(PathBeneath::new(place, rights))?;
        }
        Ok(())
    };
    for folder in READ {
        allow(Path::new(folder), read)?;
    }
    for path in STARTED {
        allow(Path::new(path), AccessFs::Execute | AccessFs::ReadFile)?;
    }
    allow(&places.state, own)?;
    if let Some(folder) = places.socket.parent() {
        allow(folder, AccessFs::MakeSock | AccessFs::RemoveFile)?;
    }
    allow(
        Path::new("/dev/null"),
        AccessFs::ReadFile | AccessFs::WriteFile,
    )?;
    allow(Path::new("/dev/urandom"), AccessFs::ReadFile.into())?;
    let status = rules.restrict_self()?;
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io;
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    use super::*;

    #[test]
    fn only_its_own_files_are_left_and_only_itself_is_started() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (inside, outside) = (inside.path().to_owned(), outside.path().to_owned());
        fs::write(outside.join("secret"), "x").unwrap();
        let places = Places {
            state: inside.join("state"),
            socket: inside.join("run/agent.sock"),
            helper: inside.join("helper.sock"),
            config: inside.join("agent.toml"),
        };
        fs::create_dir(&places.state).unwrap();
        fs::create_dir(inside.join("run")).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // A thread takes its sandbox with it when it ends.
        let tried = std::thread::spawn(move || {
            assert!(enter(&places).unwrap(), "this kernel has no Landlock");
            UnixListener::bind(&places.socket).unwrap();
            fs::create_dir(places.state.join("bindings")).unwrap();
            fs::write(places.state.join("bindings/a.next"), "x").unwrap();
            let (from, to) = ("bindings/a.next", "bindings/a.json");
            fs::rename(places.state.join(from), places.state.join(to)).unwrap();
            fs::remove_dir_all(places.state.join("bindings")).unwrap();
            fs::read("/etc/passwd").unwrap();
            TcpStream::connect(address).unwrap();
            let itself = Command::new("/proc/self/exe").arg("--list").output();
            assert!(itself.unwrap().status.success());
            [
                ("read", fs::read(outside.join("secret")).map(drop)),
                ("list", fs::read_dir(&outside).map(drop)),
                ("write", fs::write(outside.join("new"), "x")),
                ("write /etc", fs::write("/etc/lockstep-must-not", "x")),
                ("start", Command::new("/usr/bin/true").status().map(drop)),
                ("listen", TcpListener::bind("127.0.0.1:0").map(drop)),
            ]
        });
        for (what, came) in tried.join().unwrap() {
            let kind = came.map_err(|fault| fault.kind());
            assert_eq!(kind, Err(io::ErrorKind::PermissionDenied), "{what}");
        }
    }
}
