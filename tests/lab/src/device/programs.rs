//! Lockstep's own programs in a device.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::Device;
use crate::{Daemon, LabError, tools};

/// What a device installs as `/etc/pam.d/lockstep`.
const PAM_SERVICE: &str = include_str!("../../../../packaging/pam.d/lockstep");

/// What an installation of the packages does.
const INSTALL: &str = r#"
set -eu
useradd --system --user-group --no-create-home --home-dir /var/lib/lockstep \
    --shell /usr/sbin/nologin lockstep
install -d -m 0700 -o lockstep -g lockstep /var/lib/lockstep
install -d -m 0700 /var/lib/lockstep-helper
install -d -m 0755 -o lockstep -g lockstep /run/lockstep
cat >/etc/pam.d/lockstep
for program in lockstep lockstep-agent lockstep-app lockstep-helper lockstep-keyring; do
    ln -sf "/x/$program" "/usr/bin/$program"
done
"#;

impl Device {
    /// Installs Lockstep as its packages do, with programs from `/x`.
    ///
    /// # Errors
    ///
    /// [`LabError::Failed`].
    pub fn install_lockstep(&self) -> Result<(), LabError> {
        let mut command = self.command("sh")?;
        command.args(["-c", INSTALL]);
        tools::succeed("installing Lockstep", &mut command, PAM_SERVICE.as_bytes()).map(drop)
    }

    /// Starts `lockstep-helper listen` as root, and waits for its socket.
    ///
    /// # Errors
    ///
    /// [`LabError::NotReady`] with its log.
    pub fn start_helper(&mut self) -> Result<&mut Daemon, LabError> {
        let mut command = self.command("/usr/bin/lockstep-helper")?;
        command.arg("listen");
        self.helper = None;
        let daemon = self.start("lockstep-helper", command, "/run/lockstep-helper.sock")?;
        Ok(self.helper.insert(daemon))
    }

    /// Starts `lockstep-agent run` as the account lockstep, and waits for its socket.
    ///
    /// # Errors
    ///
    /// [`LabError::NotReady`] with its log.
    pub fn start_agent(&mut self) -> Result<&mut Daemon, LabError> {
        let command = self.command_as("lockstep", "/usr/bin/lockstep-agent")?;
        self.run_agent(command)
    }

    /// The same with a wall clock that is off by, say, `+1h`; time passes as fast as ever.
    ///
    /// # Errors
    ///
    /// As [`Device::start_agent`].
    pub fn start_agent_at(&mut self, offset: &str) -> Result<&mut Daemon, LabError> {
        let mut command = self.command_as("lockstep", "/usr/bin/env")?;
        let library = self.shell("ls /usr/lib/*/faketime/libfaketime.so.1")?;
        command.arg(format!("LD_PRELOAD={}", library.trim()));
        command.arg(format!("FAKETIME={offset}"));
        command.args(["FAKETIME_DONT_FAKE_MONOTONIC=1", "/usr/bin/lockstep-agent"]);
        self.run_agent(command)
    }

    fn run_agent(&mut self, mut command: Command) -> Result<&mut Daemon, LabError> {
        self.shell("install -d -m 0755 -o lockstep -g lockstep /run/lockstep")?;
        command.arg("run");
        self.agent = None;
        let daemon = self.start("lockstep-agent", command, "/run/lockstep/agent.sock")?;
        Ok(self.agent.insert(daemon))
    }

    /// The helper, if it was started since the last boot.
    pub const fn helper(&mut self) -> Option<&mut Daemon> {
        self.helper.as_mut()
    }

    /// The agent, if it was started since the last boot.
    pub const fn agent(&mut self) -> Option<&mut Daemon> {
        self.agent.as_mut()
    }

    /// Starts a program that goes on running, and waits until a path inside exists; one that is
    /// there before is removed. Its log is `<name>.log` in [`Device::logs`].
    ///
    /// # Errors
    ///
    /// [`LabError::NotReady`] with its log, when it ends before, or takes more than 10 s.
    pub fn start(&self, name: &str, command: Command, ready: &str) -> Result<Daemon, LabError> {
        let log = self.logs().join(format!("{name}.log"));
        let path = self.path(ready)?;
        // One that a killed predecessor left behind would look ready.
        let _none = fs::remove_file(&path);
        let mut daemon = Daemon::start(command, &log)?;
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            if path.exists() {
                return Ok(daemon);
            }
            let ended = daemon
                .ended()
                .map_err(LabError::io(name.to_owned()))?
                .is_some();
            if ended || Instant::now() > deadline {
                let log = tools::tail(&daemon.log()).to_owned();
                return Err(LabError::NotReady {
                    what: name.to_owned(),
                    log,
                });
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// The directory of the device's logs, outside.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.files.join("log")
    }
}
