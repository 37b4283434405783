//! Who writes to the disks' headers now: one operation at a time.

use std::fs::File;
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use lockstep_model::Code;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::Refusal;

/// A turn, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _locked: File,
}

/// Waits for a turn, no longer than this. Whoever may open something may lock it, so that what is
/// locked is a folder that only root may open.
///
/// # Errors
///
/// [`Code::Busy`] where another operation takes longer, [`Code::StateUnreadable`].
pub(super) fn wait(state: &Path, patience: Duration) -> Result<Turn, Refusal> {
    let fault = |fault: io::Error| {
        let detail = format!("{} can't be locked: {fault}", state.display());
        Refusal::new(Code::StateUnreadable, detail)
    };
    let file = File::open(state).map_err(fault)?;
    let deadline = Instant::now() + patience;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(Turn { _locked: file }),
            Err(Errno::AGAIN) if Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(50));
            }
            Err(Errno::AGAIN) => {
                let detail = "another operation on a disk takes too long";
                return Err(Refusal::new(Code::Busy, detail));
            }
            Err(other) => return Err(fault(other.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_who_waits_for_too_long_is_told() {
        let state = tempfile::tempdir().unwrap();
        let soon = Duration::from_millis(200);
        let first = wait(state.path(), soon).unwrap();
        let started = Instant::now();
        let refusal = wait(state.path(), soon).unwrap_err();
        assert_eq!(refusal.code, Code::Busy);
        assert!(started.elapsed() >= soon && started.elapsed() < 20 * soon);
        assert_eq!(std::fs::read_dir(state.path()).unwrap().count(), 0);
        let next = thread::scope(|scope| {
            let next = scope.spawn(|| wait(state.path(), Duration::from_secs(10)).is_ok());
            thread::sleep(soon);
            drop(first);
            next.join().unwrap()
        });
        assert!(next);
        let missing = wait(&state.path().join("gone"), soon).unwrap_err();
        assert_eq!(missing.code, Code::StateUnreadable);
    }
}
