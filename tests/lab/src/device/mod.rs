//! One device: a small system with processes, mounts, host name and accounts of its own.

mod accounts;
mod programs;

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::OwnedFd;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::disk::Disk;
use crate::lab::Inner;
use crate::{Daemon, LabError, tools};

/// One device. It is switched off, and its processes with it, when this is dropped.
#[derive(Debug)]
pub struct Device {
    name: String,
    lab: Arc<Inner>,
    files: PathBuf,
    disk: Option<Disk>,
    running: Option<Running>,
    helper: Option<Daemon>,
    agent: Option<Daemon>,
}

#[derive(Debug)]
struct Running {
    /// `unshare`, which waits for the device's first process.
    outside: Child,
    /// The first process, and its number outside.
    first: OwnedFd,
    pid: u32,
    /// The identity of its mount namespace.
    mounts: PathBuf,
    /// The loop device that its disk is behind.
    on: Option<u32>,
}

/// Arguments: base, upper, work, mount point, name, programs, the display's socket or nothing, and
/// where there is one, the disk and its mount point.
///
/// Before /proc is replaced it shows this process under its number outside. The last program ends
/// with its input; since it ignores SIGCHLD the kernel buries orphans.
const BOOT: &str = r#"
set -eu
read -r pid rest </proc/self/stat
if [ $# -gt 7 ]; then
    mount -t ext4 -o errors=remount-ro "$8" "$9"
    mkdir -p "$2" "$3"
fi
mount -t overlay -o "lowerdir=$1,upperdir=$2,workdir=$3" overlay "$4"
cd "$4"
mkdir -p x
mount -t proc -o nosuid,nodev,noexec proc proc
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
mount -t tmpfs -o nosuid,nodev,mode=755 tmpfs run
mount -t tmpfs -o nosuid,nodev tmpfs tmp
mount -t tmpfs -o nosuid,mode=755 tmpfs dev
for node in null zero full random urandom tty; do
    : >"dev/$node"
    mount --bind "/dev/$node" "dev/$node"
done
mkdir dev/pts dev/shm run/lock run/user
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
mount -t tmpfs -o nosuid,nodev tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s fd/0 dev/stdin
ln -s fd/1 dev/stdout
ln -s fd/2 dev/stderr
mount --bind "$6" x
mount -o remount,bind,ro x
if [ -n "$7" ]; then
    mkdir -m 1777 tmp/.X11-unix
    : >tmp/.X11-unix/X0
    mount --bind "$7" tmp/.X11-unix/X0
fi
hostname "$5"
printf '%s\n' "$5" >etc/hostname
printf '127.0.0.1 localhost %s\n' "$5" >etc/hosts
pivot_root . mnt
umount -l mnt
printf '%s\n' "$pid"
exec env -i --ignore-signal=CHLD cat >/dev/null 2>&1
"#;

impl Device {
    pub(crate) fn new(lab: Arc<Inner>, name: &str, on_disk: bool) -> Result<Self, LabError> {
        let sound = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.len() <= 32
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !sound {
            return Err(LabError::Path(name.into()));
        }
        let files = lab.work.path().join(name);
        for directory in ["upper", "work", "root", "log", "disk"] {
            let path = files.join(directory);
            fs::create_dir_all(&path).map_err(LabError::io(path.display().to_string()))?;
        }
        let disk = if on_disk {
            let whose = lab.work.path().file_name().unwrap_or_default();
            Some(Disk::make(format!("{}-{name}", whose.display()))?)
        } else {
            None
        };
        let mut device = Self {
            name: name.to_owned(),
            lab,
            files,
            disk,
            running: None,
            helper: None,
            agent: None,
        };
        device.boot()?;
        Ok(device)
    }

    /// The host name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Switches the device on, with the state that it had; nothing if it is on.
    ///
    /// # Errors
    ///
    /// [`LabError`].
    pub fn boot(&mut self) -> Result<(), LabError> {
        if self.running.is_some() {
            return Ok(());
        }
        let fault = || LabError::io(format!("booting {}", self.name));
        if let Some(disk) = self.disk.take() {
            self.disk = Some(disk.surviving()?);
        }
        // Kept until the device has mounted it.
        let attached = self.disk.as_ref().map(Disk::attach).transpose()?;
        let at = self.files.join("disk");
        let state = if attached.is_some() { &at } else { &self.files };
        let log = self.files.join("log/boot.log");
        let errors = File::create(&log).map_err(fault())?;
        let mut command = Command::new("unshare");
        command
            .args([
                "--mount",
                "--uts",
                "--ipc",
                "--pid",
                "--fork",
                "--kill-child",
            ])
            .args(["--propagation", "private", "--", "sh", "-c", BOOT, "sh"])
            .arg(&self.lab.base)
            .args([
                state.join("upper"),
                state.join("work"),
                self.files.join("root"),
            ])
            .arg(&self.name)
            .arg(&self.lab.binaries)
            .arg(self.lab.display.as_deref().unwrap_or(Path::new("")));
        if let Some(attached) = &attached {
            command.arg(&attached.node).arg(&at);
        }
        command
            .env("PATH", tools::PATH)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors);
        let mut outside = self
            .lab
            .network
            .inside(|| command.spawn())
            .map_err(fault())?;
        let mut line = String::new();
        if let Some(output) = outside.stdout.take() {
            BufReader::new(output)
                .read_line(&mut line)
                .map_err(fault())?;
        }
        let Some(pid) = line.trim().parse().ok().and_then(Pid::from_raw) else {
            let status = outside.wait().map_err(fault())?;
            let said = fs::read_to_string(&log).unwrap_or_default();
            let what = format!("booting {}", self.name);
            return Err(LabError::Failed {
                what,
                status,
                output: tools::tail(&said).to_owned(),
            });
        };
        let first = pidfd_open(pid, PidfdFlags::empty()).map_err(|f| fault()(f.into()))?;
        let pid = pid.as_raw_nonzero().get().unsigned_abs();
        let mounts = fs::read_link(format!("/proc/{pid}/ns/mnt")).map_err(fault())?;
        self.running = Some(Running {
            outside,
            first,
            pid,
            mounts,
            on: attached.map(|attached| attached.number),
        });
        Ok(())
    }

    /// Switches it off: every process of the device is gone at once, unasked. What they wrote is kept,
    /// unless the power was cut.
    ///
    /// # Errors
    ///
    /// [`LabError::Io`]; nothing if it is off.
    pub fn kill(&mut self) -> Result<(), LabError> {
        let Some(mut running) = self.running.take() else {
            return Ok(());
        };
        let fault = || LabError::io(format!("switching {} off", self.name));
        let killed = pidfd_send_signal(&running.first, Signal::KILL);
        if let Err(failure) = killed
            && failure != rustix::io::Errno::SRCH
        {
            return Err(fault()(failure.into()));
        }
        // The first process of a PID namespace ends only after all others.
        let mut ended = [PollFd::new(&running.first, PollFlags::IN)];
        poll(&mut ended, None).map_err(|failure| fault()(failure.into()))?;
        running.outside.wait().map_err(fault())?;
        self.helper = None;
        self.agent = None;
        // Programs that wait outside for one inside still hold the mounts for a moment.
        let deadline = Instant::now() + Duration::from_secs(2);
        while Instant::now() < deadline && is_held(&running.mounts) {
            thread::sleep(Duration::from_millis(5));
        }
        match (&self.disk, running.on) {
            (Some(disk), Some(number)) => disk.wait_detached(number),
            (None, _) | (_, None) => Ok(()),
        }
    }

    /// Cuts the power of a device with a disk of its own: what was not flushed to the disk by now is
    /// lost, and every process is killed. [`Device::kill`] waits for the end, and what the disk held
    /// is there at the next [`Device::boot`].
    ///
    /// # Errors
    ///
    /// [`LabError::NoDisk`], [`LabError::Off`], [`LabError::Io`].
    pub fn cut_power(&self) -> Result<(), LabError> {
        let off = || LabError::Off(self.name.clone());
        let running = self.running.as_ref().ok_or_else(off)?;
        let none = || LabError::NoDisk(self.name.clone());
        self.disk.as_ref().ok_or_else(none)?.cut()?;
        pidfd_send_signal(&running.first, Signal::KILL)
            .map_err(|fault| LabError::io(format!("cutting {} off", self.name))(fault.into()))
    }

    /// Whether it is switched on.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// The number, outside, of the device's first process.
    ///
    /// # Errors
    ///
    /// [`LabError::Off`].
    pub fn pid(&self) -> Result<u32, LabError> {
        self.running
            .as_ref()
            .map(|on| on.pid)
            .ok_or_else(|| LabError::Off(self.name.clone()))
    }

    /// A path inside, as it can be reached from outside while the device is on: also to connect
    /// to its sockets.
    ///
    /// # Errors
    ///
    /// [`LabError::Off`].
    pub fn path(&self, inside: &str) -> Result<PathBuf, LabError> {
        let root = PathBuf::from(format!("/proc/{}/root", self.pid()?));
        Ok(root.join(inside.trim_start_matches('/')))
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        let _off = self.kill();
    }
}

/// Whether any process is in this mount namespace.
fn is_held(mounts: &Path) -> bool {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| {
            entry
                .file_name()
                .as_bytes()
                .first()
                .is_some_and(u8::is_ascii_digit)
                && fs::read_link(entry.path().join("ns/mnt")).is_ok_and(|link| link == mounts)
        })
}
