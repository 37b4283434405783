//! Where a password might lie: files, processes' memory, command lines, environments.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::Mark;

/// Looks through every file below a folder; gives how many.
///
/// # Errors
///
/// When the folder can't be listed.
pub fn files(mark: &Mark, folder: &Path, found: &mut Vec<String>) -> io::Result<usize> {
    let mut searched = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() {
            searched += files(mark, &path, found)?;
        } else if kind.is_file() {
            // One that is gone meanwhile holds nothing.
            let Ok(bytes) = fs::read(&path) else { continue };
            searched += 1;
            if let Some((form, at)) = mark.find(&bytes) {
                found.push(format!("{} at {at}, {form}", path.display()));
            }
        }
        // A name is a place, too.
        if let Some((form, _)) = mark.find(path.as_os_str().as_encoded_bytes()) {
            found.push(format!("the name {}, {form}", path.display()));
        }
    }
    Ok(searched)
}

/// Whether a file is there to be read.
#[must_use]
pub fn was_searched(path: &Path) -> bool {
    fs::read(path).is_ok_and(|bytes| !bytes.is_empty())
}

/// Looks through all memory that a process has written; gives how many bytes.
///
/// # Errors
///
/// When there is no such process.
pub fn memory(mark: &Mark, pid: u32, found: &mut Vec<String>) -> io::Result<usize> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let memory = File::open(format!("/proc/{pid}/mem"))?;
    let mut searched = 0;
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (Some(range), Some(rights)) = (words.next(), words.next()) else {
            continue;
        };
        let name = words.nth(3).unwrap_or("anonymous");
        let Some((from, to)) = range.split_once('-') else {
            continue;
        };
        let number = |text| u64::from_str_radix(text, 16).map_err(io::Error::other);
        let (from, to) = (number(from)?, number(to)?);
        if !rights.starts_with("rw") {
            continue;
        }
        let length = usize::try_from(to - from).map_err(io::Error::other)?;
        let mut bytes = vec![0; length];
        // A guard page or a mapping that went away has nothing to read.
        let read = memory.read_at(&mut bytes, from).unwrap_or_default();
        searched += read;
        let mut rest = &bytes[..read];
        while let Some((form, at)) = mark.find(rest) {
            let offset = bytes[..read].len() - rest.len() + at;
            let end = (offset + 120).min(read);
            let around =
                String::from_utf8_lossy(&bytes[offset.saturating_sub(48)..end]).into_owned();
            found.push(format!(
                "memory of {pid}, {name} + {offset:#x}, {form}: {around:?}"
            ));
            rest = &rest[at + 1..];
        }
    }
    Ok(searched)
}

/// Whether a crash of a process leaves nothing behind.
#[must_use]
pub fn dumps_nothing(pid: u32) -> bool {
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap_or_default();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    core.is_some_and(|line| line.split_whitespace().nth(5) == Some("0"))
}

/// Looks at every process's command line and environment, again and again.
pub struct Sampler {
    stop: Arc<AtomicBool>,
    looking: JoinHandle<BTreeSet<String>>,
}

impl Sampler {
    /// Begins.
    #[must_use]
    pub fn start(mark: &Mark) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopping, mark) = (Arc::clone(&stop), mark.again());
        let looking = std::thread::spawn(move || {
            let mut found = BTreeSet::new();
            while !stopping.load(Ordering::Relaxed) {
                look(&mark, &mut found);
                std::thread::sleep(Duration::from_millis(1));
            }
            found
        });
        Self { stop, looking }
    }

    /// Ends; gives what was seen.
    #[must_use]
    pub fn stop(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        match self.looking.join() {
            Ok(found) => found.into_iter().collect(),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

fn look(mark: &Mark, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        for place in ["cmdline", "environ"] {
            let path = entry.path().join(place);
            // Not a process, or gone meanwhile.
            let Ok(bytes) = fs::read(&path) else { continue };
            if let Some((form, _)) = mark.find(&bytes) {
                let command = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
                found.insert(format!("{} of {}, {form}", path.display(), command.trim()));
            }
        }
    }
}
