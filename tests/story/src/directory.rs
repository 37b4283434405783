//! The real directory as a process.

use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use lockstep_lab::Lab;
use rustix::process::{Pid, Signal, kill_process};

use crate::command::{Outcome, run_with};

/// How hard a new directory has people's passwords stretched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stretching {
    /// As little as clients accept, so that tests are quick.
    Light,
    /// As a directory does that was told nothing.
    AsReleased,
}

/// A directory with its own data.
#[derive(Debug)]
pub struct Directory {
    data: PathBuf,
    log: PathBuf,
    address: SocketAddr,
    /// The public address.
    pub url: String,
    running: Option<Child>,
}

impl Directory {
    /// Sets a directory up in a folder, if there is none yet; gives the first admin's link then.
    ///
    /// # Errors
    ///
    /// When `init` fails.
    pub fn set_up(
        folder: &Path,
        organisation: &str,
        port: Option<u16>,
        stretching: Stretching,
    ) -> anyhow::Result<(Self, Option<String>)> {
        let data = folder.join("directory");
        let kept = std::fs::read_to_string(folder.join("port")).ok();
        let port = match kept.and_then(|port| port.trim().parse().ok()).or(port) {
            Some(port) => port,
            None => TcpListener::bind("127.0.0.1:0")?.local_addr()?.port(),
        };
        let url = format!("https://localhost:{port}");
        let fresh = !data.exists();
        let mut link = None;
        if fresh {
            let mut init = Command::new(crate::binaries().join("lockstep-directory"));
            init.args(["init", "--no-listen", "--url", &url]);
            if stretching == Stretching::Light {
                init.arg("--light-stretching");
            }
            let done = init
                .args(["--organisation", organisation, "--it-contact", "Sam Ito"])
                .args(["--it-email", "it@example.org", "--it-phone", "+49 30 1234"])
                .arg("--data")
                .arg(&data)
                .output()
                .context("can't run lockstep-directory")?;
            let said = Outcome {
                exit: done.status.code().unwrap_or(-1),
                out: String::from_utf8_lossy(&done.stdout).into_owned(),
                err: String::from_utf8_lossy(&done.stderr).into_owned(),
            };
            link = Some(said.ok()?.trim().to_owned());
            std::fs::write(folder.join("port"), port.to_string())?;
        }
        let directory = Self {
            data,
            log: folder.join("directory.log"),
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            url,
            running: None,
        };
        Ok((directory, link))
    }

    /// Starts it, on the host's loopback and on the devices' own, and waits until it answers.
    ///
    /// # Errors
    ///
    /// When it can't be started or doesn't answer in time.
    pub fn start(&mut self, lab: &Lab) -> anyhow::Result<()> {
        let here = TcpListener::bind(self.address)
            .with_context(|| format!("can't listen on {}", self.address))?;
        let sockets = [here, lab.listen(self.address)?];
        let log = File::options().create(true).append(true).open(&self.log)?;
        let mut command = Command::new(crate::binaries().join("lockstep-directory"));
        command.arg("serve").arg("--data").arg(&self.data);
        command
            .env("LISTEN_FDS", sockets.len().to_string())
            .env_remove("LISTEN_PID");
        for (number, socket) in (3..).zip(sockets) {
            lockstep_lab::pass_fd(&mut command, OwnedFd::from(socket), number)?;
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        self.running = Some(child);
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(self.address).is_err() {
            if Instant::now() > deadline {
                bail!("the directory does not answer: {}", self.log());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Errors
    ///
    /// When it ends otherwise than well.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        let Some(mut child) = self.signal(Signal::TERM)? else {
            return Ok(());
        };
        let status = child.wait()?;
        if status.success() {
            Ok(())
        } else {
            bail!("the directory ended with {status}")
        }
    }

    /// Kills it, as a power cut would.
    ///
    /// # Errors
    ///
    /// That of kill(2).
    pub fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.signal(Signal::KILL)? {
            child.wait()?;
        }
        Ok(())
    }

    /// Runs one of the operator's commands on its folder; gives what that printed.
    ///
    /// # Errors
    ///
    /// With what it said.
    pub fn operate(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = Command::new(crate::binaries().join("lockstep-directory"));
        command.args(arguments).arg("--data").arg(&self.data);
        run_with(command, &[])?.ok()
    }

    /// Sets one of the rules that its configuration names; it takes effect at the next start.
    ///
    /// # Errors
    ///
    /// When the configuration has no such rule.
    pub fn set_rule(&self, name: &str, value: &str) -> anyhow::Result<()> {
        let file = self.data.join("directory.toml");
        let text = std::fs::read_to_string(&file)?;
        let is_it = |line: &&str| line.starts_with(&format!("{name} = "));
        let line = text.lines().find(is_it).context("no such rule")?;
        let quote = if line.contains('"') { "\"" } else { "" };
        let rule = format!("{name} = {quote}{value}{quote}");
        std::fs::write(&file, text.replace(line, &rule))?;
        Ok(())
    }

    /// Its process, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.running.as_ref().map(Child::id)
    }

    /// Where it logs.
    #[must_use]
    pub fn log_file(&self) -> &Path {
        &self.log
    }

    /// What it logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The authority's certificate.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.data.join("ca.pem")
    }

    /// The folder with its database and keys.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    fn signal(&mut self, signal: Signal) -> anyhow::Result<Option<Child>> {
        let Some(child) = self.running.take() else {
            return Ok(None);
        };
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.context("no such process")?, signal)?;
        Ok(Some(child))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _gone = self.kill();
    }
}
