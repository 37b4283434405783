//! Whether a person's own keyring daemon runs, and whether it can be talked to.
//!
//! A keyring that changes behind a running daemon is lost again at its next write, which puts the
//! daemon's memory under the old password back in its place; so a daemon that can't be talked to is
//! a reason to leave everything alone.

use std::fs;
use std::io;
use std::path::Path;

use lockstep_model::Code;

use super::control::{Control, ControlFault};
use super::place::Owner;
use super::private;
use crate::Refusal;

/// The name of gnome-keyring-daemon as the kernel cuts it (`TASK_COMM_LEN` in proc(5)).
const NAME: &str = "gnome-keyring-d";

/// What is said of the first process. It is always there, and everybody may read it unless
/// processes are hidden.
const FIRST: &str = "/proc/1/status";

/// One daemon of the person.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Process {
    pid: i32,
    /// It was started to hand a session over to another one, and may just be waiting for its end.
    hands_over: bool,
}

/// The daemon that holds the person's keyring, if any does.
///
/// # Errors
///
/// [`Code::KeychainUnreachable`] when one runs that doesn't answer, or that isn't the only one.
pub(super) fn find(owner: &Owner) -> Result<Option<Control>, Refusal> {
    let control = Control::at(&owner.control(), owner.uid);
    // First the socket, then the processes: one that starts in between is met as a process.
    match control.knock() {
        Ok(listener) => judge(listener, &processes(owner)?).map(|()| Some(control)),
        Err(ControlFault::Absent) => nobody(owner)
            .map(|()| None)
            .map_err(|refusal| unreachable(format!("{}, but not at its place", refusal.detail))),
        Err(fault) => Err(unreachable(format!(
            "the keyring daemon's control socket: {fault}"
        ))),
    }
}

/// Refuses where any daemon of the person runs.
///
/// # Errors
///
/// [`Code::KeychainUnreachable`].
pub(super) fn nobody(owner: &Owner) -> Result<(), Refusal> {
    match processes(owner)?.as_slice() {
        [] => Ok(()),
        [first, ..] => Err(unreachable(format!(
            "a keyring daemon runs (process {})",
            first.pid
        ))),
    }
}

/// Refuses where more than one daemon may hold the keyring in its memory.
///
/// The listener may be none of them: systemd's user manager listens, and starts one when asked.
fn judge(listener: i32, running: &[Process]) -> Result<(), Refusal> {
    let mut others: Vec<&Process> = running
        .iter()
        .filter(|process| process.pid != listener)
        .collect();
    let listens = others.len() < running.len();
    // What handed its session over holds nothing, as long as somebody else is there to hold it.
    if listens || others.iter().any(|process| !process.hands_over) {
        others.retain(|process| !process.hands_over);
    }
    let allowed = usize::from(!listens);
    match others.get(allowed) {
        None => Ok(()),
        Some(other) => Err(unreachable(format!(
            "another keyring daemon runs beside the one that listens (process {})",
            other.pid
        ))),
    }
}

/// The person's keyring daemons, but for private ones of stores like this.
fn processes(owner: &Owner) -> Result<Vec<Process>, Refusal> {
    refuse_hidden(read_living(Path::new(FIRST)))?;
    let unreadable = |fault: io::Error| unreachable(format!("/proc can't be read: {fault}"));
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let pid = path
            .file_name()
            .and_then(|name| name.to_str()?.parse().ok());
        if let Some(pid) = pid {
            found.extend(daemon_at(&path, pid, owner.uid).map_err(unreadable)?);
        }
    }
    Ok(found)
}

/// Refuses where other people's processes are hidden (`hidepid` in proc(5)): the person's daemon is
/// then hidden from themselves, because it isn't dumpable, and would be taken for none.
fn refuse_hidden(first: io::Result<Option<Vec<u8>>>) -> Result<(), Refusal> {
    match first {
        Ok(Some(_)) => Ok(()),
        Ok(None) | Err(_) => Err(unreachable(
            "/proc hides processes: whether a keyring daemon runs can't be told",
        )),
    }
}

/// The process of this folder in /proc, if it is a keyring daemon of the person's own.
fn daemon_at(path: &Path, pid: i32, uid: u32) -> io::Result<Option<Process>> {
    // One that ends meanwhile is none. The daemon's other files are shut: it isn't dumpable.
    let Some(status) = read_living(&path.join("status"))? else {
        return Ok(None);
    };
    if !is_daemon_of(uid, &String::from_utf8_lossy(&status)) {
        return Ok(None);
    }
    // Without a command line it has no memory, and so no keyring: it has just ended, or is not yet
    // the program that its name says, and has read nothing.
    let command = read_living(&path.join("cmdline"))?.unwrap_or_default();
    let mut words = command.split(|byte| *byte == 0);
    if command.is_empty() || words.clone().any(private::is_ours) {
        return Ok(None);
    }
    let hands_over = words.any(|word| matches!(word, b"--start" | b"-s"));
    Ok(Some(Process { pid, hands_over }))
}

/// Reads a file in /proc, unless its process has ended.
fn read_living(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(fault) if fault.raw_os_error() == Some(libc::ESRCH) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Judges a process by its status (proc(5)); one that has ended and waits to be reaped is none.
fn is_daemon_of(uid: u32, status: &str) -> bool {
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.split_whitespace().next())
    };
    field("Name:") == Some(NAME)
        && field("State:").is_some_and(|state| !matches!(state, "Z" | "X"))
        && field("Uid:").and_then(|real| real.parse().ok()) == Some(uid)
}

pub(super) fn unreachable(detail: impl Into<String>) -> Refusal {
    Refusal::new(Code::KeychainUnreachable, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: i32, hands_over: bool) -> Process {
        Process { pid, hands_over }
    }

    #[test]
    fn only_one_daemon_may_hold_the_keyring() {
        let (one, two) = (process(10, false), process(11, false));
        let waits = process(12, true);
        for (listener, running, fine) in [
            (10, vec![one.clone()], true),
            (10, vec![one.clone(), waits.clone()], true),
            (10, vec![one.clone(), two.clone()], false),
            // One that was started to hand over, and found nobody, holds it itself.
            (12, vec![waits.clone()], true),
            (12, vec![waits.clone(), one.clone()], false),
            // Systemd's user manager listens.
            (1, vec![], true),
            (1, vec![one.clone()], true),
            (1, vec![waits.clone()], true),
            (1, vec![one.clone(), waits.clone()], true),
            (1, vec![one, two], false),
            (1, vec![waits.clone(), waits], false),
        ] {
            assert_eq!(judge(listener, &running).is_ok(), fine, "{running:?}");
        }
    }

    #[test]
    fn nobody_is_called_absent_where_processes_are_hidden() {
        assert_eq!(
            refuse_hidden(Ok(Some(b"Name:\tsystemd\n".to_vec()))),
            Ok(())
        );
        for hidden in [Ok(None), Err(io::ErrorKind::PermissionDenied.into())] {
            let refusal = refuse_hidden(hidden).unwrap_err();
            assert_eq!(refusal.code, Code::KeychainUnreachable);
        }
    }

    #[test]
    fn what_cannot_be_read_of_a_process_is_no_reason_to_take_it_for_none() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(
            daemon_at(folder.path(), 7, 0).unwrap(),
            None,
            "it has ended"
        );
        std::fs::create_dir(folder.path().join("status")).unwrap();
        assert!(daemon_at(folder.path(), 7, 0).is_err());
    }

    #[test]
    fn a_daemon_is_known_by_name_owner_and_life() {
        let status = |name: &str, state: &str, uid: u32| {
            format!("Name:\t{name}\nUmask:\t0022\nState:\t{state}\nUid:\t{uid}\t{uid}\t{uid}\n")
        };
        assert!(is_daemon_of(7, &status(NAME, "S (sleeping)", 7)));
        assert!(is_daemon_of(7, &status(NAME, "T (stopped)", 7)));
        assert!(!is_daemon_of(7, &status(NAME, "Z (zombie)", 7)));
        assert!(!is_daemon_of(7, &status(NAME, "S (sleeping)", 70)));
        assert!(!is_daemon_of(7, &status("bash", "S (sleeping)", 7)));
        assert!(!is_daemon_of(7, ""));
    }
}
