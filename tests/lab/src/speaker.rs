//! A program in a device that is spoken with.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::LabError;

/// The longest that anything is waited for.
const PATIENCE: Duration = Duration::from_secs(40);

/// A program in a device that is spoken with: each line in, and each line out, is JSON. It is killed
/// when this is dropped.
#[derive(Debug)]
pub struct Speaker {
    name: String,
    child: Child,
    input: ChildStdin,
    heard: Arc<Heard>,
}

#[derive(Debug, Default)]
struct Heard {
    lines: Mutex<Vec<Value>>,
    more: Condvar,
}

impl Heard {
    fn lines(&self) -> MutexGuard<'_, Vec<Value>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Speaker {
    /// Starts a command made by [`crate::Device::command_as`]; its errors go to the log.
    ///
    /// # Errors
    ///
    /// When it can't be started.
    pub fn start(name: &str, mut command: Command, log: &Path) -> Result<Self, LabError> {
        let fault = || LabError::io(format!("starting {name}"));
        let errors = File::options()
            .create(true)
            .append(true)
            .open(log)
            .map_err(fault())?;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(fault())?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(fault()(std::io::ErrorKind::BrokenPipe.into()));
        };
        let heard = Arc::new(Heard::default());
        let hearing = Arc::clone(&heard);
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let value = serde_json::from_str(&line).unwrap_or(Value::String(line));
                hearing.lines().push(value);
                hearing.more.notify_all();
            }
        });
        Ok(Self {
            name: name.to_owned(),
            child,
            input,
            heard,
        })
    }

    /// Says something to it.
    ///
    /// # Errors
    ///
    /// When it doesn't listen any more.
    pub fn tell(&mut self, what: &Value) -> Result<(), LabError> {
        self.input
            .write_all(format!("{what}\n").as_bytes())
            .map_err(LabError::io(format!("speaking with {}", self.name)))
    }

    /// Everything that it said so far.
    #[must_use]
    pub fn said(&self) -> Vec<Value> {
        self.heard.lines().clone()
    }

    /// Waits until what it said so far holds what is wanted, and gives that.
    ///
    /// # Errors
    ///
    /// [`LabError::NotReady`] with what it said last, when it doesn't in 10 s.
    pub fn wait_for<T>(
        &self,
        what: &str,
        mut wanted: impl FnMut(&[Value]) -> Option<T>,
    ) -> Result<T, LabError> {
        let deadline = Instant::now() + PATIENCE;
        let mut lines = self.heard.lines();
        loop {
            if let Some(found) = wanted(&lines) {
                return Ok(found);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let last: Vec<String> = lines.iter().rev().take(6).map(Value::to_string).collect();
                return Err(LabError::NotReady {
                    what: format!("{}: {what}", self.name),
                    log: last.join("\n"),
                });
            }
            (lines, _) = self
                .heard
                .more
                .wait_timeout(lines, left)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Speaker {
    fn drop(&mut self) {
        // What runs inside is killed with the process that waits for it outside.
        let _gone = self.child.kill();
        let _ended = self.child.wait();
    }
}
