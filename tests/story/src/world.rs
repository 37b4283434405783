//! People, computers, and what they run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use lockstep_lab::{Device, Lab, Options};
use lockstep_protocol::api::admin::{ComputerRow, Computers, Enrolment, Invited};
use lockstep_protocol::local::{BindingStatus, Status};
use tempfile::TempDir;

use crate::command::{Outcome, run_with};
use crate::directory::Directory;
pub use crate::directory::Stretching;
use crate::display::Display;

/// The first admin's password in every world.
pub const ADMIN_PASSWORD: &str = "an owl over the old mill";

/// Everything there is.
pub struct World {
    /// The devices' network and files.
    pub lab: Lab,
    /// The directory.
    pub directory: Directory,
    folder: PathBuf,
    _temporary: Option<TempDir>,
}

impl World {
    /// A world for a test, or none where `LOCKSTEP_NO_LAB=1` says that there can't be one.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from starting.
    pub fn for_test() -> anyhow::Result<Option<Self>> {
        lockstep_lab::build(&[
            "lockstep-directory",
            "lockstep-agent",
            "lockstep-helper",
            "lockstep-keyring",
            "lockstep-cli",
        ])?;
        let Some(lab) = Lab::for_test() else {
            return Ok(None);
        };
        let temporary = TempDir::with_prefix("lockstep-story-")?;
        let folder = temporary.path().to_owned();
        let light = Stretching::Light;
        Ok(Some(Self::begin(
            lab,
            folder,
            Some(temporary),
            None,
            light,
        )?))
    }

    /// A world for the demo, in a folder that stays; its devices may show windows on a display.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from starting.
    pub fn in_folder(
        folder: &Path,
        port: Option<u16>,
        display: Option<&Display>,
    ) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let lab = Lab::start(&Options {
            display: display.map(|display| display.socket().to_owned()),
            ..Options::default()
        })?;
        Self::begin(lab, folder.to_owned(), None, port, Stretching::Light)
    }

    /// A world in which what a password costs is measured.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from starting.
    pub fn measured_in(folder: &Path, stretching: Stretching) -> anyhow::Result<Self> {
        let lab = Lab::start(&Options::default())?;
        Self::begin(lab, folder.to_owned(), None, None, stretching)
    }

    fn begin(
        lab: Lab,
        folder: PathBuf,
        temporary: Option<TempDir>,
        port: Option<u16>,
        stretching: Stretching,
    ) -> anyhow::Result<Self> {
        let (mut directory, link) = Directory::set_up(&folder, "Acme", port, stretching)?;
        directory.start(&lab)?;
        let world = Self {
            lab,
            directory,
            folder,
            _temporary: temporary,
        };
        if let Some(link) = link {
            world.activate("admin", &link, ADMIN_PASSWORD)?;
        }
        Ok(world)
    }

    /// Spends an activation link by the command line and keeps the session under the name.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub fn activate(&self, user: &str, link: &str, password: &str) -> anyhow::Result<()> {
        let mut command = self.admin_as(user);
        command
            .arg("activate")
            .arg("--ca")
            .arg(self.directory.authority());
        run_with(command, &[("--link-fd", link), ("--password-fd", password)])?.ok()?;
        Ok(())
    }

    /// Signs somebody in by the command line.
    ///
    /// # Errors
    ///
    /// When it can't be run; a refusal is an outcome.
    pub fn sign_in(&self, user: &str, password: &str) -> anyhow::Result<Outcome> {
        let mut command = self.admin_as(user);
        command.args([
            "--json",
            "sign-in",
            "--url",
            &self.directory.url,
            user,
            "--ca",
        ]);
        command.arg(self.directory.authority());
        run_with(command, &[("--password-fd", password)])
    }

    /// Runs `lockstep admin` as the first admin, with JSON.
    ///
    /// # Errors
    ///
    /// When it can't be run; a refusal is an outcome.
    pub fn admin(&self, arguments: &[&str]) -> anyhow::Result<Outcome> {
        self.as_user("admin", arguments, &[])
    }

    /// Runs `lockstep admin` in anybody's session, with JSON.
    ///
    /// # Errors
    ///
    /// When it can't be run; a refusal is an outcome.
    pub fn as_user(
        &self,
        user: &str,
        arguments: &[&str],
        secrets: &[(&str, &str)],
    ) -> anyhow::Result<Outcome> {
        let mut command = self.admin_as(user);
        command.arg("--json").args(arguments);
        run_with(command, secrets)
    }

    /// Sets one of the organisation's rules and starts the directory again.
    ///
    /// # Errors
    ///
    /// When the configuration has no such rule, or the directory doesn't come back.
    pub fn rule(&mut self, name: &str, value: &str) -> anyhow::Result<()> {
        self.directory.stop()?;
        self.directory.set_rule(name, value)?;
        self.directory.start(&self.lab)
    }

    /// Adds a person; gives the activation link.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub fn invite(&self, user: &str, display_name: &str) -> anyhow::Result<String> {
        let outcome = self.admin(&["invite", user, "--display-name", display_name])?;
        Ok(outcome.json::<Invited>()?.activation_link.0)
    }

    /// Makes an enrolment string.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub fn enrolment(&self, uses: u32, valid_for: u32) -> anyhow::Result<String> {
        let (uses, valid_for) = (uses.to_string(), valid_for.to_string());
        let outcome = self.admin(&["enrolment", "--uses", &uses, "--valid-for", &valid_for])?;
        Ok(outcome.json::<Enrolment>()?.enrolment.0)
    }

    /// What the admin sees of one person's computer.
    ///
    /// # Errors
    ///
    /// When there is none of that name.
    pub fn computer_row(&self, computer: &str) -> anyhow::Result<ComputerRow> {
        let all: Computers = self.admin(&["computers"])?.json()?;
        let row = all
            .computers
            .into_iter()
            .find(|row| row.computer.name == computer);
        row.with_context(|| format!("the directory knows no linked computer {computer}"))
    }

    /// Makes a device with an account and Lockstep on it, running but not enrolled.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from starting.
    pub fn computer(&self, name: &str, account: &str, password: &str) -> anyhow::Result<Computer> {
        Self::install(self.lab.device(name)?, account, password)
    }

    /// The same on a device that is there.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from starting.
    pub fn install(device: Device, account: &str, password: &str) -> anyhow::Result<Computer> {
        device.add_account(account, 1000, password.as_bytes())?;
        device.install_lockstep()?;
        let mut computer = Computer {
            device,
            account: account.to_owned(),
        };
        computer.device.start_helper()?;
        computer.device.start_agent()?;
        Ok(computer)
    }

    /// A person with a password, and one computer of theirs, linked and in sync: generation 1.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from that.
    pub fn linked(&self, user: &str, password: &str, computer: &str) -> anyhow::Result<Computer> {
        let link = self.invite(user, "Anna Bergström")?;
        self.activate(user, &link, password)?;
        let old = "what the computer had before";
        let computer = self.computer(computer, user, old)?;
        computer.enrol(&self.enrolment(1, 3600)?)?.ok()?;
        computer.link(password, old)?.ok()?;
        Ok(computer)
    }

    fn admin_as(&self, user: &str) -> Command {
        let mut command = Command::new(crate::binaries().join("lockstep"));
        command.env_clear().arg("admin");
        command
            .arg("--session")
            .arg(self.folder.join(format!("{user}.session")));
        command
    }

    /// Where the world keeps what it must.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// One device with one person's account.
pub struct Computer {
    /// The device.
    pub device: Device,
    account: String,
}

impl Computer {
    /// The person's account.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Enrols it, as root.
    ///
    /// # Errors
    ///
    /// When it can't be run; a refusal is an outcome.
    pub fn enrol(&self, string: &str) -> anyhow::Result<Outcome> {
        let mut command = self.device.command("lockstep")?;
        command.args(["--json", "enrol"]);
        run_with(command, &[("--string-fd", string)])
    }

    /// Links the account to the person of the same name.
    ///
    /// # Errors
    ///
    /// When it can't be run; a refusal is an outcome.
    pub fn link(&self, directory: &str, computer: &str) -> anyhow::Result<Outcome> {
        let secrets = [
            ("--password-fd", directory),
            ("--computer-password-fd", computer),
        ];
        self.lockstep(&["link"], &secrets)
    }

    /// The same, and agrees that the disk follows.
    ///
    /// # Errors
    ///
    /// When it can't be run; a refusal is an outcome.
    pub fn link_with_disk(&self, directory: &str, computer: &str) -> anyhow::Result<Outcome> {
        let secrets = [
            ("--password-fd", directory),
            ("--computer-password-fd", computer),
        ];
        self.lockstep(&["link", "--disk", "yes"], &secrets)
    }

    /// Brings it in step; the new password only.
    ///
    /// # Errors
    ///
    /// When it can't be run; a refusal is an outcome.
    pub fn sync(&self, password: &str) -> anyhow::Result<Outcome> {
        self.lockstep(&["sync"], &[("--password-fd", password)])
    }

    /// Changes the password here.
    ///
    /// # Errors
    ///
    /// When it can't be run; a refusal is an outcome.
    pub fn passwd(&self, current: &str, new: &str) -> anyhow::Result<Outcome> {
        let secrets = [
            ("--current-password-fd", current),
            ("--new-password-fd", new),
        ];
        self.lockstep(&["passwd"], &secrets)
    }

    /// Loses every sealed copy of a former password, so that nothing recovers the old one.
    ///
    /// # Errors
    ///
    /// When there are none.
    pub fn lose_envelopes(&self) -> anyhow::Result<()> {
        let lost = "rm /var/lib/lockstep/bindings/*/envelopes/*.json";
        self.device.shell(lost)?;
        Ok(())
    }

    /// Runs `lockstep` as the person, with JSON.
    ///
    /// # Errors
    ///
    /// When it can't be run; a refusal is an outcome.
    pub fn lockstep(
        &self,
        arguments: &[&str],
        secrets: &[(&str, &str)],
    ) -> anyhow::Result<Outcome> {
        let mut command = self.device.command_as(&self.account, "lockstep")?;
        command.arg("--json").args(arguments);
        run_with(command, secrets)
    }

    /// How it says that it stands.
    ///
    /// # Errors
    ///
    /// When the agent doesn't answer.
    pub fn status(&self) -> anyhow::Result<Status> {
        self.lockstep(&["status"], &[])?.json()
    }

    /// Waits until the binding is as wanted, and gives it.
    ///
    /// # Errors
    ///
    /// When it isn't in 15 seconds.
    pub fn wait_for(
        &self,
        what: &str,
        wanted: impl Fn(&Status, &BindingStatus) -> bool,
    ) -> anyhow::Result<BindingStatus> {
        let deadline = Instant::now() + Duration::from_secs(15);
        loop {
            let status = self.status()?;
            match &status.binding {
                Some(binding) if wanted(&status, binding) => return Ok(binding.clone()),
                Some(_) | None if Instant::now() > deadline => {
                    bail!(
                        "{} never came to: {what}; it says {status:?}",
                        self.device.name()
                    )
                }
                Some(_) | None => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    /// Whether the account's password is this one, asked as a login asks.
    ///
    /// # Errors
    ///
    /// When PAM can't be asked.
    pub fn opens(&self, password: &str) -> anyhow::Result<bool> {
        Ok(self
            .device
            .pam_accepts(&self.account, password.as_bytes())?)
    }
}
