//! Runs cryptsetup(8): argon2's memory and the volume key stay in its process, not in ours.
//!
//! Secrets go over pipes that end without a newline: `--key-file -` counts every byte until the end.
//! Nothing may ask back, so that no terminal is ever its input, and `-q` is never said: it would
//! silence the checks of a removal.

use std::ffi::{OsStr, OsString};
use std::io::{self, PipeReader, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lockstep_model::Secret;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::header::{Kdf, Key, MAX_JSON};
use super::sys;

/// Where it is in every distribution.
const PROGRAM: &str = "/usr/sbin/cryptsetup";

/// Longer than any key stretching that a boot would wait for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The most bytes that a new pipe takes at once, whatever is left of its owner's share (pipe(7)).
const MAX_INPUT: usize = 4096;

/// What it says about a passphrase that opens nothing.
const NO_PERMISSION: i32 = 2;

/// No token has it: cryptsetup tries tokens first even where a key file is named, and one whose key
/// is at hand (a keyring, a TPM) would open the disk whatever the password is.
const NO_TOKEN: &str = "lockstep-none";

/// It didn't do what it was told. Holds no secret.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("cryptsetup can't be run: {0}")]
    Io(#[from] io::Error),
    #[error("cryptsetup took more than {} s", PATIENCE.as_secs())]
    TimedOut,
    #[error("cryptsetup said more than a header can hold")]
    TooMuch,
    #[error("cryptsetup {verb} failed ({code:?}): {said}")]
    Failed {
        verb: &'static str,
        /// `None` when a signal ended it.
        code: Option<i32>,
        said: String,
    },
}

/// The header's metadata, as JSON.
pub(super) fn dump(device: &Path) -> Result<Vec<u8>, Fault> {
    let said = Call::new("luksDump", device)
        .arg("--dump-json-metadata")
        .run()?;
    said.done().map(|said| said.output)
}

/// Whether a secret opens the disk: any slot that a boot prompt would try, or just one.
pub(super) fn opens(device: &Path, slot: Option<u32>, secret: &Secret) -> Result<bool, Fault> {
    begin_to_open(device, slot, secret)?.verdict()
}

/// An attempt at opening that is under way; dropped, it is given up.
pub(super) struct Opening(Running);

impl Opening {
    /// Waits for what comes of it.
    pub(super) fn verdict(self) -> Result<bool, Fault> {
        self.0.end()?.permitted()
    }
}

/// Begins what [`opens`] does.
pub(super) fn begin_to_open(
    device: &Path,
    slot: Option<u32>,
    secret: &Secret,
) -> Result<Opening, Fault> {
    let mut call = Call::new("open", device)
        .arg("--test-passphrase")
        .args(["--type", "luks2", "--disable-external-tokens"])
        .args(["--token-type", NO_TOKEN, "--key-file", "-"])
        .input(secret.expose());
    if let Some(slot) = slot {
        call = call.arg("--key-slot").arg(&slot.to_string());
    }
    call.start().map(Opening)
}

/// Adds a slot that opens with `new`, made like another; `false` when `old` opens none.
pub(super) fn add(
    device: &Path,
    slot: u32,
    like: &Key,
    old: &Secret,
    new: &Secret,
) -> Result<bool, Fault> {
    let (second, path) = pipe_with(new.expose())?;
    let mut call = Call::new("luksAddKey", device)
        .args(["--key-file", "-", "--key-slot", &slot.to_string()])
        .args(["--keyslot-cipher", &like.cipher])
        .args(["--keyslot-key-size", &(like.cipher_bytes * 8).to_string()])
        .input(old.expose());
    call = match &like.kdf {
        Kdf::Argon2 {
            variant,
            time,
            memory,
            cpus,
        } => call
            .args(["--pbkdf", variant])
            .args(["--pbkdf-force-iterations", &time.to_string()])
            .args(["--pbkdf-memory", &memory.to_string()])
            .args(["--pbkdf-parallel", &cpus.to_string()]),
        Kdf::Pbkdf2 { hash, iterations } => call
            .args(["--pbkdf", "pbkdf2", "--hash", hash])
            .args(["--pbkdf-force-iterations", &iterations.to_string()]),
    };
    call.last = Some((second.into(), path));
    call.run()?.permitted()
}

/// Makes a boot prompt try a slot before others.
pub(super) fn prefer(device: &Path, slot: u32) -> Result<(), Fault> {
    let call = Call::new("config", device)
        .args(["--key-slot", &slot.to_string()])
        .args(["--priority", "prefer"]);
    call.run()?.done().map(drop)
}

/// Wipes a slot, authorised by what opens another one; `false` when it opens none.
///
/// cryptsetup does as it is told with the last slot, too: count before.
pub(super) fn kill(device: &Path, slot: u32, current: &Secret) -> Result<bool, Fault> {
    let mut call = Call::new("luksKillSlot", device)
        .args(["--key-file", "-"])
        .input(current.expose());
    call.after = Some(slot.to_string().into());
    call.run()?.permitted()
}

/// Writes a token, in one write of the header.
pub(super) fn write_token(device: &Path, id: u32, replace: bool, json: &[u8]) -> Result<(), Fault> {
    let mut call = Call::new("token", device)
        .args(["--token-id", &id.to_string(), "--json-file", "-"])
        .input(json);
    if replace {
        call = call.arg("--token-replace");
    }
    call.action = Some("import");
    call.run()?.done().map(drop)
}

/// Removes a token; its slots stay.
pub(super) fn remove_token(device: &Path, id: u32) -> Result<(), Fault> {
    let mut call = Call::new("token", device).args(["--token-id", &id.to_string()]);
    call.action = Some("remove");
    call.run()?.done().map(drop)
}

struct Call<'a> {
    verb: &'static str,
    action: Option<&'static str>,
    options: Vec<OsString>,
    device: &'a Path,
    after: Option<OsString>,
    input: &'a [u8],
    /// A descriptor to be handed over, and the path that names it.
    last: Option<(OwnedFd, OsString)>,
}

/// One that runs; dropped, it is killed and reaped.
struct Running {
    verb: &'static str,
    child: Child,
    deadline: Instant,
}

/// How it ended, and what it said.
struct Said {
    verb: &'static str,
    code: Option<i32>,
    output: Vec<u8>,
    errors: Vec<u8>,
}

impl<'a> Call<'a> {
    const fn new(verb: &'static str, device: &'a Path) -> Self {
        Self {
            verb,
            action: None,
            options: Vec::new(),
            device,
            after: None,
            input: b"",
            last: None,
        }
    }

    fn arg(self, arg: &str) -> Self {
        self.args([arg])
    }

    fn args<const N: usize>(mut self, args: [&str; N]) -> Self {
        self.options.extend(args.map(OsString::from));
        self
    }

    const fn input(mut self, input: &'a [u8]) -> Self {
        self.input = input;
        self
    }

    fn run(self) -> Result<Said, Fault> {
        self.start()?.end()
    }

    fn start(self) -> Result<Running, Fault> {
        let (input, _) = pipe_with(self.input)?;
        let mut command = Command::new(PROGRAM);
        command
            .env_clear()
            .env("LC_ALL", "C")
            .current_dir("/")
            .arg(self.verb)
            .args(self.action)
            .args(&self.options)
            .arg(self.device)
            .args(self.after)
            .stdin(Stdio::from(input))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let last = self.last.map(|(fd, path)| {
            command.arg(path);
            fd
        });
        sys::hand_over(&mut command, last);
        // Dropped with this function: the command holds our ends of the pipes, with a secret in each.
        let child = command.spawn()?;
        Ok(Running {
            verb: self.verb,
            child,
            deadline: Instant::now() + PATIENCE,
        })
    }
}

impl Running {
    fn end(mut self) -> Result<Said, Fault> {
        let (output, errors) = listen(&mut self.child, self.deadline)?;
        let status = self.child.wait()?;
        Ok(Said {
            verb: self.verb,
            code: status.code(),
            output,
            errors,
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended meanwhile can't be killed, and is waited for all the same.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl Said {
    fn done(self) -> Result<Self, Fault> {
        if self.code == Some(0) {
            return Ok(self);
        }
        let said = String::from_utf8_lossy(&self.errors);
        Err(Fault::Failed {
            verb: self.verb,
            code: self.code,
            said: said.trim().chars().take(500).collect(),
        })
    }

    fn permitted(self) -> Result<bool, Fault> {
        if self.code == Some(NO_PERMISSION) {
            return Ok(false);
        }
        self.done().map(|_| true)
    }
}

/// A pipe that holds these bytes and then ends, and the path that names it in a child.
fn pipe_with(bytes: &[u8]) -> Result<(PipeReader, OsString), Fault> {
    if bytes.len() > MAX_INPUT {
        return Err(Fault::TooMuch);
    }
    let (reader, mut writer) = io::pipe()?;
    writer.write_all(bytes)?;
    let path = format!("/dev/fd/{}", reader.as_raw_fd());
    Ok((reader, path.into()))
}

/// Reads what it says until it has ended.
fn listen(child: &mut Child, deadline: Instant) -> Result<(Vec<u8>, Vec<u8>), Fault> {
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let mut said = (child.stdout.take(), child.stderr.take());
    while said.0.is_some() || said.1.is_some() {
        let ready = {
            let mut fds: Vec<PollFd<'_>> = Vec::with_capacity(2);
            fds.extend(said.0.as_ref().map(|pipe| readable(pipe)));
            fds.extend(said.1.as_ref().map(|pipe| readable(pipe)));
            wait(&mut fds, deadline)?;
            let mut ready = fds.iter().map(|fd| !fd.revents().is_empty());
            let first = said.0.is_some() && ready.next() == Some(true);
            (first, said.1.is_some() && ready.next() == Some(true))
        };
        if ready.0 && !drain(said.0.as_mut(), &mut output)? {
            said.0 = None;
        }
        if ready.1 && !drain(said.1.as_mut(), &mut errors)? {
            said.1 = None;
        }
    }
    let ended = pidfd_open(Pid::from_child(child), PidfdFlags::empty()).map_err(io::Error::from)?;
    wait(&mut [readable(&ended)], deadline)?;
    Ok((output, errors))
}

fn readable(fd: &impl AsFd) -> PollFd<'_> {
    PollFd::new(fd, PollFlags::IN)
}

fn wait(fds: &mut [PollFd<'_>], deadline: Instant) -> Result<(), Fault> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).map_err(io::Error::other)?;
        match poll(fds, Some(&left)) {
            Ok(0) => return Err(Fault::TimedOut),
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(fault) => return Err(io::Error::from(fault).into()),
        }
    }
}

/// Reads once; whether there may be more.
fn drain(pipe: Option<&mut impl Read>, to: &mut Vec<u8>) -> Result<bool, Fault> {
    let Some(pipe) = pipe else { return Ok(false) };
    let mut room = [0; 8192];
    let count = pipe.read(&mut room)?;
    to.extend_from_slice(&room[..count]);
    if to.len() > MAX_JSON {
        return Err(Fault::TooMuch);
    }
    Ok(count > 0)
}

/// What a word of a header may look like that is said to cryptsetup.
pub(super) fn is_plain_word(word: &str) -> bool {
    let first = OsStr::new(word).as_encoded_bytes().first();
    first.is_some_and(u8::is_ascii_alphanumeric)
        && word.len() <= 64
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_:()".contains(&byte))
}
