//! What else a password locks on a computer: a login keyring, and a disk's header.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context as _, ensure};

use crate::command::Outcome;
use crate::world::Computer;

/// What the keyring holds.
const INSIDE: &str = "what opens the wireless network";

/// Where the disk's header is; there is no device mapper here, and nothing but the header is needed.
pub const DISK: &str = "/var/lib/disk.img";

/// Where the login keyring is.
pub const KEYRINGS: &str = "/home/anna/.local/share/keyrings";

/// Reads a password, then has a daemon of its own bus open the login keyring with it, or make one.
const UNLOCK: &str = r#"
set -eu
IFS= read -r password
printf %s "$password" | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
"#;

/// Ends the daemon that was started, whatever came of it.
const QUIT: &str = "status=$?; pkill -u $(id -u) gnome-keyring-d; exit $status";

/// A log-in whose keyring is open; it ends when dropped.
pub struct Session {
    shell: Child,
    said: BufReader<ChildStdout>,
    bus: String,
}

impl Session {
    /// The address of its bus.
    #[must_use]
    pub fn bus(&self) -> &str {
        &self.bus
    }

    /// Whether what is in the keyring can be read, as programs of the session do.
    ///
    /// # Errors
    ///
    /// When the session is gone.
    pub fn reads_keyring(&mut self) -> anyhow::Result<bool> {
        let stdin = self.shell.stdin.as_mut().context("no standard input")?;
        stdin.write_all(b"read\n")?;
        let mut line = String::new();
        self.said.read_line(&mut line)?;
        Ok(line.trim() == INSIDE)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ended = self.shell.wait();
    }
}

impl Computer {
    /// Makes a login keyring with something in it; nobody is logged in afterwards.
    ///
    /// # Errors
    ///
    /// When it doesn't come to be.
    pub fn make_keyring(&self, password: &str) -> anyhow::Result<()> {
        self.device.prepare_session(self.account())?;
        let store = format!("printf %s '{INSIDE}' | secret-tool store --label=wifi use wifi");
        let stored = self.with_keyring(password, &store)?;
        ensure!(stored.0, "no keyring was made: {}", stored.1);
        ensure!(self.keyring_opens(password)?, "the keyring holds nothing");
        Ok(())
    }

    /// Whether this password opens the keyring, asked as a log-in asks, and what was put into it is
    /// still there.
    ///
    /// # Errors
    ///
    /// When it can't be asked.
    pub fn keyring_opens(&self, password: &str) -> anyhow::Result<bool> {
        let looked = self.with_keyring(password, "timeout 30 secret-tool lookup use wifi")?;
        Ok(looked.0 && looked.1 == INSIDE)
    }

    /// Whether this password opens the keyring, whatever is in it: tried on a copy, for a daemon
    /// makes a keyring where there is none.
    ///
    /// # Errors
    ///
    /// When it can't be asked.
    pub fn keyring_unlocks(&self, password: &str) -> anyhow::Result<bool> {
        let listing = "timeout 30 dbus-send --session --print-reply \
            --dest=org.freedesktop.secrets /org/freedesktop/secrets/collection/login \
            org.freedesktop.DBus.Properties.Get string:org.freedesktop.Secret.Collection \
            string:Locked | grep -q 'boolean false'";
        let exists = self
            .device
            .path(&format!("{KEYRINGS}/login.keyring"))?
            .exists();
        Ok(exists && self.with_keyring(password, listing)?.0)
    }

    /// Whether one of these passwords opens a keyring that was set aside, with what was in it.
    ///
    /// # Errors
    ///
    /// When it can't be asked.
    pub fn set_aside_opens(&self, passwords: &[&str]) -> anyhow::Result<bool> {
        let found = format!("ls {KEYRINGS} | grep set-aside || true");
        for name in self.device.shell(&found)?.lines() {
            let swap = |from: &str, to: &str| {
                let script = format!("cd {KEYRINGS}; mv -f '{from}' '{to}'");
                self.device.shell(&script).map(drop)
            };
            let own = self
                .device
                .path(&format!("{KEYRINGS}/login.keyring"))?
                .exists();
            if own {
                swap("login.keyring", "own")?;
            }
            let copy = format!("cd {KEYRINGS}; cp -p '{name}' login.keyring");
            self.device.shell(&copy)?;
            let mut opens = false;
            for password in passwords {
                opens |= self.keyring_opens(password)?;
            }
            self.device.shell(&format!("rm {KEYRINGS}/login.keyring"))?;
            if own {
                swap("own", "login.keyring")?;
            }
            if opens {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Logs the person in: a session bus, and a keyring daemon that the log-in has opened.
    ///
    /// # Errors
    ///
    /// When the keyring doesn't open.
    pub fn log_in(&self, password: &str) -> anyhow::Result<Session> {
        let read = "echo \"$DBUS_SESSION_BUS_ADDRESS\"\n\
            while read -r _; do timeout 3 secret-tool lookup use wifi || true; echo; done";
        let mut shell = self
            .keyring_shell(read)?
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // The bus tells of everything that it starts.
            .stderr(Stdio::null())
            .spawn()?;
        let stdin = shell.stdin.as_mut().context("no standard input")?;
        stdin.write_all(format!("{password}\n").as_bytes())?;
        let said = shell.stdout.take().context("no standard output")?;
        let mut said = BufReader::new(said);
        let mut bus = String::new();
        said.read_line(&mut bus)?;
        bus.truncate(bus.trim_end().len());
        let mut session = Session { shell, said, bus };
        ensure!(session.reads_keyring()?, "the keyring is not open");
        Ok(session)
    }

    /// Runs `lockstep` in a session whose keyring this password opens, with another secret on
    /// descriptor 10.
    ///
    /// # Errors
    ///
    /// When it can't be run; a refusal is an outcome.
    pub fn lockstep_in_session(
        &self,
        password: &str,
        words: &str,
        secret: &str,
    ) -> anyhow::Result<Outcome> {
        let script = format!(
            "IFS= read -r secret; printf %s \"$secret\" | {{ exec 10<&0; exec lockstep --json {words}; }}"
        );
        let mut child = self
            .keyring_shell(&script)?
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut stdin = child.stdin.take().context("no standard input")?;
        stdin.write_all(format!("{password}\n{secret}\n").as_bytes())?;
        drop(stdin);
        let done = child.wait_with_output()?;
        Ok(Outcome {
            exit: done.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&done.stdout).into_owned(),
            err: String::from_utf8_lossy(&done.stderr).into_owned(),
        })
    }

    fn with_keyring(&self, password: &str, script: &str) -> anyhow::Result<(bool, String)> {
        self.fed(self.keyring_shell(script)?, password)
    }

    fn keyring_shell(&self, script: &str) -> anyhow::Result<Command> {
        let mut command = self.device.command_as(self.account(), "dbus-run-session")?;
        command.args(["--", "bash", "-c"]);
        command.arg(format!("trap '{QUIT}' EXIT\n{UNLOCK}\n{script}"));
        Ok(command)
    }

    /// Makes a disk's header with quick key stretching, which the computer asks for at the start.
    ///
    /// # Errors
    ///
    /// When it doesn't come to be.
    pub fn make_disk(&self, password: &str) -> anyhow::Result<()> {
        self.make_disk_of(password, 1024)
    }

    /// The same with key stretching (argon2id, t=4, p=1) that takes so much memory.
    ///
    /// # Errors
    ///
    /// When it doesn't come to be.
    pub fn make_disk_of(&self, password: &str, memory_kib: u32) -> anyhow::Result<()> {
        let mut format = self.device.command("sh")?;
        format.args([
            "-euc",
            "truncate -s 20M $0; echo \"root_crypt $0 none luks\" >/etc/crypttab; \
            cryptsetup luksFormat -q --type luks2 --pbkdf argon2id --pbkdf-memory $1 \
            --pbkdf-force-iterations 4 --pbkdf-parallel 1 --key-file - $0",
            DISK,
            &memory_kib.to_string(),
        ]);
        let (made, said) = self.fed_bytes(format, password.as_bytes())?;
        ensure!(made, "no disk was made: {said}");
        Ok(())
    }

    /// Whether this password opens the disk's header.
    ///
    /// # Errors
    ///
    /// When it can't be asked.
    pub fn disk_opens(&self, password: &str) -> anyhow::Result<bool> {
        let mut open = self.device.command("cryptsetup")?;
        open.args(["open", "--test-passphrase", "--key-file", "-", DISK]);
        Ok(self.fed_bytes(open, password.as_bytes())?.0)
    }

    fn fed(&self, command: Command, line: &str) -> anyhow::Result<(bool, String)> {
        self.fed_bytes(command, format!("{line}\n").as_bytes())
    }

    fn fed_bytes(&self, mut command: Command, input: &[u8]) -> anyhow::Result<(bool, String)> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut stdin = child.stdin.take().context("no standard input")?;
        stdin.write_all(input)?;
        drop(stdin);
        let done = child.wait_with_output()?;
        // That of timeout(1): no answer is not the same as a no.
        ensure!(done.status.code() != Some(124), "no answer in time");
        let said = if done.status.success() {
            done.stdout
        } else {
            [done.stdout, done.stderr].concat()
        };
        Ok((
            done.status.success(),
            String::from_utf8_lossy(&said).into_owned(),
        ))
    }
}
