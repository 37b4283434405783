//! Running things in a device, and its accounts.

use std::fs;
use std::process::Command;

use super::Device;
use crate::{LabError, tools};

/// Asks only what every login asks, and at once; the login service itself waits after a refusal.
const QUICK_LOGIN: &str = "auth required pam_unix.so nodelay\naccount required pam_unix.so\n";

impl Device {
    /// A command that runs inside as root, with a clean environment.
    ///
    /// It ends when the process that waits for it outside is killed.
    ///
    /// # Errors
    ///
    /// [`LabError::Off`].
    pub fn command(&self, program: &str) -> Result<Command, LabError> {
        self.entering("root", "/root", &[], program)
    }

    /// A command that runs inside as one of the device's accounts, with its groups.
    ///
    /// # Errors
    ///
    /// [`LabError::Off`], [`LabError::NoAccount`].
    pub fn command_as(&self, account: &str, program: &str) -> Result<Command, LabError> {
        let (uid, gid, home) = self.account(account)?;
        let options = [
            "--reuid".into(),
            uid.clone(),
            "--regid".into(),
            gid,
            "--init-groups".into(),
        ];
        let mut command = self.entering(account, &home, &options, program)?;
        command.env("XDG_RUNTIME_DIR", format!("/run/user/{uid}"));
        Ok(command)
    }

    /// Runs a shell script inside as root; it must succeed. Returns what it printed.
    ///
    /// # Errors
    ///
    /// [`LabError::Failed`] with what it said.
    pub fn shell(&self, script: &str) -> Result<String, LabError> {
        let mut command = self.command("sh")?;
        tools::succeed(&format!("`{script}`"), command.args(["-euc", script]), b"")
    }

    /// Adds an account with a home, a group of its own and a password of any bytes but NUL and
    /// line feed.
    ///
    /// # Errors
    ///
    /// [`LabError::Failed`].
    pub fn add_account(&self, name: &str, uid: u32, password: &[u8]) -> Result<(), LabError> {
        let mut useradd = self.command("useradd")?;
        useradd.args([
            "--create-home",
            "--user-group",
            "--shell",
            "/bin/bash",
            "--uid",
        ]);
        tools::succeed("useradd", useradd.arg(uid.to_string()).arg(name), b"")?;
        self.set_password(name, password)
    }

    /// Sets a password as an admin does.
    ///
    /// # Errors
    ///
    /// [`LabError::Failed`].
    pub fn set_password(&self, name: &str, password: &[u8]) -> Result<(), LabError> {
        let line = [name.as_bytes(), b":", password, b"\n"].concat();
        tools::succeed("chpasswd", &mut self.command("chpasswd")?, &line).map(drop)
    }

    /// Makes the account's `XDG_RUNTIME_DIR`, as a login does.
    ///
    /// # Errors
    ///
    /// [`LabError`].
    pub fn prepare_session(&self, account: &str) -> Result<(), LabError> {
        let (uid, gid, _) = self.account(account)?;
        self.shell(&format!(
            "install -d -m 0700 -o {uid} -g {gid} /run/user/{uid}"
        ))
        .map(drop)
    }

    /// Whether the password opens the account, asked as every login asks, but without its delay.
    ///
    /// # Errors
    ///
    /// [`LabError`]; a refusal is none.
    pub fn pam_accepts(&self, account: &str, password: &[u8]) -> Result<bool, LabError> {
        let service = self.path("/etc/pam.d/lockstep-lab")?;
        if !service.exists() {
            fs::write(&service, QUICK_LOGIN).map_err(LabError::io("a PAM service"))?;
        }
        self.pamtester("lockstep-lab", account, password)
    }

    /// Whether the whole login service lets the account in; a refusal takes seconds.
    ///
    /// # Errors
    ///
    /// [`LabError`]; a refusal is none.
    pub fn login_accepts(&self, account: &str, password: &[u8]) -> Result<bool, LabError> {
        self.pamtester("login", account, password)
    }

    fn pamtester(&self, service: &str, account: &str, password: &[u8]) -> Result<bool, LabError> {
        let mut command = self.command("pamtester")?;
        command.args([service, account, "authenticate", "acct_mgmt"]);
        let line = [password, b"\n"].concat();
        Ok(tools::run("pamtester", &mut command, &line)?
            .status
            .success())
    }

    /// Uid, gid and home of an account.
    fn account(&self, name: &str) -> Result<(String, String, String), LabError> {
        let path = self.path("/etc/passwd")?;
        let bytes = fs::read(&path).map_err(LabError::io(path.display().to_string()))?;
        let text = String::from_utf8_lossy(&bytes);
        let found = text.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            match fields.as_slice() {
                [this, _, uid, gid, _, home, _] if *this == name => {
                    Some(((*uid).to_owned(), (*gid).to_owned(), (*home).to_owned()))
                }
                _ => None,
            }
        });
        let missing = || LabError::NoAccount {
            device: self.name.clone(),
            account: name.to_owned(),
        };
        found.ok_or_else(missing)
    }

    fn entering(
        &self,
        user: &str,
        home: &str,
        options: &[String],
        program: &str,
    ) -> Result<Command, LabError> {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.pid()?.to_string()])
            .args([
                "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd",
            ])
            .args(["--", "setpriv", "--pdeathsig", "KILL"])
            .args(options)
            .args(["--", program])
            .env_clear()
            .env("PATH", tools::PATH)
            .env("LANG", "C.UTF-8")
            .env("USER", user)
            .env("LOGNAME", user)
            .env("HOME", home);
        Ok(command)
    }
}
