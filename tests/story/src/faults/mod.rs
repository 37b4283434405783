//! Kills what takes part in a sync, after every record that the agent makes durable, and sees that
//! the computer comes in step with what its person knows, and that nothing is lost on the way.
//!
//! A record is durable before the effect that it speaks of begins, so that "after the n-th record"
//! is in the middle of, or just before, every effect there is.

use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use lockstep_model::Code;
use lockstep_protocol::local::BindingStatus;

use crate::command::Outcome;
use crate::world::{Computer, World};
use crate::{locked, portal};

/// What happens to the person's password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Plan {
    /// It changed in the portal, and the computer follows.
    Follow,
    /// It changes on the computer.
    ChangeHere,
    /// It changed in the portal, the sealed copies are lost, and the person has no old one.
    WithoutOld,
    /// Root has given the account another one, and its person brings it back.
    Drifted,
}

/// What is killed, at once and unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Victim {
    /// The agent.
    Agent,
    /// The root helper's process of the operation.
    Helper,
    /// The keyring's daemon, private or of a session.
    KeyringDaemon,
    /// What writes the disk's header.
    Cryptsetup,
    /// The whole computer: its power is cut.
    Computer,
}

impl Plan {
    /// Every plan.
    pub const ALL: [Self; 4] = [
        Self::Follow,
        Self::ChangeHere,
        Self::WithoutOld,
        Self::Drifted,
    ];

    /// Whether a disk takes part: without the old password none could follow, and so no account.
    #[must_use]
    pub fn has_disk(self) -> bool {
        self != Self::WithoutOld
    }
}

impl Victim {
    /// Every victim.
    pub const ALL: [Self; 5] = [
        Self::Agent,
        Self::Helper,
        Self::KeyringDaemon,
        Self::Cryptsetup,
        Self::Computer,
    ];
}

/// What came of all the faults.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Faults that struck.
    pub injected: u32,
    /// After which a store could not be opened with anything its person knows, or never came in step.
    pub lock_outs: u32,
    /// After which something that was in the keyring was nowhere.
    pub lost: u32,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            injected,
            lock_outs,
            lost,
        } = self;
        write!(
            f,
            "faults: {injected} injected, {lock_outs} lock-outs, {lost} lost"
        )
    }
}

/// How many records deep a series goes at most; a run that ends before ends its series.
const DEEPEST: usize = 60;

/// One person with one computer, on which faults are injected.
pub struct Stage {
    world: World,
    computer: Computer,
    with_disk: bool,
    /// The password in the directory and on the computer.
    now: String,
    number: u32,
}

impl Stage {
    /// Sets it up: account, keyring and, if wanted, disk in step.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from that.
    pub fn set(world: World, with_disk: bool) -> anyhow::Result<Self> {
        let (now, before) = (password(0), "what the computer had before");
        let link = world.invite("anna", "Anna Bergström")?;
        world.activate("anna", &link, &now)?;
        let computer = world.computer("anna-desk", "anna", before)?;
        computer.make_keyring(before)?;
        computer.enrol(&world.enrolment(1, 3600)?)?.ok()?;
        if with_disk {
            computer.make_disk(before)?;
            computer.link_with_disk(&now, before)?.ok()?;
        } else {
            computer.link(&now, before)?.ok()?;
        }
        Ok(Self {
            world,
            computer,
            with_disk,
            now,
            number: 0,
        })
    }

    /// Kills one victim after each record of one plan, from the first or every `stride`-th.
    ///
    /// # Errors
    ///
    /// What keeps the computer from being put back, and so has nothing to do with a fault's outcome.
    pub fn series(
        &mut self,
        plan: Plan,
        victim: Victim,
        stride: usize,
        tally: &mut Tally,
        mut tell: impl FnMut(&str),
    ) -> anyhow::Result<()> {
        for records in (1..DEEPEST).step_by(stride) {
            let Some(killed) = self.strike(plan, victim, records, tally)? else {
                return Ok(());
            };
            tell(&format!(
                "{plan:?}, {victim:?} after record {records}: {killed}"
            ));
        }
        Ok(())
    }

    /// One fault; none if the run was over before it could strike.
    fn strike(
        &mut self,
        plan: Plan,
        victim: Victim,
        records: usize,
        tally: &mut Tally,
    ) -> anyhow::Result<Option<String>> {
        self.number += 1;
        let (old, new) = (self.now.clone(), password(self.number));
        match plan {
            Plan::ChangeHere => {}
            Plan::Follow => self.change_in_the_portal(&old, &new)?,
            Plan::WithoutOld => {
                self.change_in_the_portal(&old, &new)?;
                self.computer.lose_envelopes()?;
            }
            Plan::Drifted => {
                self.computer.device.set_password("anna", new.as_bytes())?;
                let noticed = |_: &_, binding: &BindingStatus| !binding.in_sync;
                self.computer.wait_for("it has noticed", noticed)?;
            }
        }
        let journal = self.journal()?;
        let before = lines(&journal);
        let struck = std::thread::scope(|scope| {
            let computer = &self.computer;
            let run = scope.spawn(|| begin(computer, plan, &old, &new));
            let mut due = false;
            while !due && !run.is_finished() {
                due = lines(&journal) >= before + records;
                std::thread::sleep(Duration::from_micros(200));
            }
            let struck = due && !run.is_finished() && kill(computer, victim)?;
            if struck && victim == Victim::Computer {
                // Its processes are gone, and so is the one that waits for them.
                let pid = computer.device.pid()?;
                let pid = rustix::process::Pid::from_raw(i32::try_from(pid)?).context("no pid")?;
                rustix::process::kill_process(pid, rustix::process::Signal::KILL)?;
            }
            let ended = run
                .join()
                .map_err(|_| anyhow::anyhow!("the run panicked"))?;
            anyhow::Ok((struck, ended))
        })?;
        let (struck, ended) = struck;
        if struck {
            tally.injected += 1;
        }
        self.revive(victim, struck)?;
        let opens = self.what_opens(&old, &new)?;
        if struck && opens.account.is_none() {
            tally.lock_outs += 1;
            bail!("{plan:?}, {victim:?}, {records}: the account opens with neither: {ended:?}");
        }
        if struck && self.with_disk && opens.disk.is_none() {
            tally.lock_outs += 1;
            bail!("{plan:?}, {victim:?}, {records}: the disk opens with neither: {ended:?}");
        }
        if struck && !opens.contents {
            tally.lost += 1;
            bail!("{plan:?}, {victim:?}, {records}: what was in the keyring is nowhere: {ended:?}");
        }
        let present = self.come_in_step(plan, &old, &new)?;
        let after = self.what_opens(&present, &present)?;
        ensure!(
            after.account.is_some()
                && after.keyring.is_some()
                && (!self.with_disk || after.disk.is_some()),
            "{plan:?}, {victim:?}, {records}: in step, and yet {after:?}"
        );
        self.now = present;
        self.tidy_up()?;
        Ok(struck.then(|| opens.to_string()))
    }

    fn change_in_the_portal(&self, old: &str, new: &str) -> anyhow::Result<()> {
        patiently(|| {
            let changed = portal::change(&self.world.directory, "anna", old, new);
            Ok(changed.map_err(|fault| format!("{fault:#}")))
        })?;
        let known = |_: &_, binding: &BindingStatus| !binding.in_sync;
        self.computer.wait_for("it has heard", known).map(drop)
    }

    /// Switches on again what was killed.
    fn revive(&mut self, victim: Victim, struck: bool) -> anyhow::Result<()> {
        let device = &mut self.computer.device;
        if struck && victim == Victim::Computer {
            device.kill()?;
            device.boot()?;
            device.start_helper()?;
            device.start_agent()?;
            device.prepare_session("anna")?;
        } else if struck && victim == Victim::Agent {
            device.start_agent()?;
        }
        let online = |status: &lockstep_protocol::local::Status, _: &BindingStatus| status.online;
        self.computer.wait_for("it is online", online).map(drop)
    }

    /// The person does what they can with what they know; gives their password from then on.
    fn come_in_step(&self, plan: Plan, old: &str, new: &str) -> anyhow::Result<String> {
        let computer = &self.computer;
        let in_step = |with: &str| {
            patiently(|| {
                let outcome = match plan {
                    Plan::Follow | Plan::ChangeHere => computer.sync(with)?,
                    Plan::WithoutOld | Plan::Drifted => begin(computer, plan, old, new)?,
                };
                Ok(said(outcome))
            })
        };
        if plan == Plan::Drifted {
            in_step(old)?;
            return Ok(old.to_owned());
        }
        if plan != Plan::ChangeHere {
            in_step(new)?;
            return Ok(new.to_owned());
        }
        // Whether the directory took it, the person finds out by trying.
        if in_step(new).is_ok() {
            return Ok(new.to_owned());
        }
        in_step(old)?;
        Ok(old.to_owned())
    }

    fn what_opens(&self, old: &str, new: &str) -> anyhow::Result<Opens> {
        let which = |opens: &dyn Fn(&str) -> anyhow::Result<bool>| -> anyhow::Result<_> {
            // What the victim began may end between two questions: it moves towards the new one only.
            for (password, word) in [(new, "new"), (old, "old"), (new, "new")] {
                if opens(password)? {
                    return Ok(Some(word));
                }
            }
            Ok(None)
        };
        let account = which(&|password| self.computer.opens(password))?;
        let filled = which(&|password| self.computer.keyring_opens(password))?;
        let aside = self.computer.set_aside_opens(&[old, new])?;
        let keyring = match filled {
            Some(which) => Some(which),
            None => which(&|password| self.computer.keyring_unlocks(password))?,
        };
        let disk = if self.with_disk {
            which(&|password| self.computer.disk_opens(password))?
        } else {
            None
        };
        Ok(Opens {
            disk,
            account,
            keyring,
            contents: filled.is_some() || aside,
        })
    }

    /// Puts everything back: one keyring with something in it, nothing set aside.
    fn tidy_up(&self) -> anyhow::Result<()> {
        if !self.computer.keyring_opens(&self.now)? {
            self.computer.make_keyring(&self.now)?;
        }
        let folder = locked::KEYRINGS;
        self.computer
            .device
            .shell(&format!("rm -f {folder}/*set-aside*"))
            .map(drop)?;
        Ok(())
    }

    fn journal(&self) -> anyhow::Result<PathBuf> {
        let found = "ls /var/lib/lockstep/bindings/*/journal";
        let inside = self.computer.device.shell(found)?;
        Ok(self.computer.device.path(inside.trim())?)
    }
}

/// Which passwords open what.
#[derive(Debug)]
struct Opens {
    disk: Option<&'static str>,
    account: Option<&'static str>,
    keyring: Option<&'static str>,
    /// Whether what was in the keyring can be read, there or in what was set aside.
    contents: bool,
}

impl fmt::Display for Opens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |which: Option<&'static str>| which.unwrap_or("neither");
        let (account, keyring) = (word(self.account), word(self.keyring));
        write!(f, "account {account}, keyring {keyring}")?;
        match self.disk {
            Some(disk) => write!(f, ", disk {disk}"),
            None => Ok(()),
        }
    }
}

fn begin(computer: &Computer, plan: Plan, old: &str, new: &str) -> anyhow::Result<Outcome> {
    match plan {
        Plan::Follow => computer.sync(new),
        Plan::ChangeHere => computer.passwd(old, new),
        Plan::WithoutOld => computer.lockstep(
            &["sync", "--without-old-password"],
            &[("--password-fd", new)],
        ),
        Plan::Drifted => {
            let secrets = [("--password-fd", old), ("--old-password-fd", new)];
            computer.lockstep(&["sync"], &secrets)
        }
    }
}

/// Kills a process of the victim's; false if none was there.
fn kill(computer: &Computer, victim: Victim) -> anyhow::Result<bool> {
    let pattern = match victim {
        Victim::Computer => return Ok(true),
        Victim::Agent => "lockstep-agent run",
        Victim::Helper => "lockstep-helper op",
        Victim::KeyringDaemon => "gnome-keyring-daemon",
        Victim::Cryptsetup => "cryptsetup",
    };
    // The operation may be between two processes; the next one is as good.
    let deadline = Instant::now() + Duration::from_millis(300);
    let kill = || {
        let mut command = computer.device.command("pkill")?;
        command.args(["-KILL", "-f", pattern]);
        anyhow::Ok(command.status()?.success())
    };
    while !kill()? {
        if Instant::now() > deadline {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Tries until guesses are allowed again: a run that was killed has not given back what it was
/// charged.
fn patiently(
    mut attempt: impl FnMut() -> anyhow::Result<Result<(), String>>,
) -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(180);
    loop {
        match attempt()? {
            Ok(()) => return Ok(()),
            Err(said) => {
                let wait = [
                    Code::TooManyAttempts,
                    Code::Busy,
                    Code::DirectoryUnreachable,
                ];
                let wait = wait.iter().any(|code| said.contains(&code.to_string()));
                ensure!(wait && Instant::now() < deadline, "{said}");
                std::thread::sleep(Duration::from_secs(2));
            }
        }
    }
}

fn said(outcome: Outcome) -> Result<(), String> {
    outcome.ok().map(drop).map_err(|fault| format!("{fault:#}"))
}

fn lines(journal: &std::path::Path) -> usize {
    // While the computer is off there is none.
    std::fs::read(journal).map_or(0, |text| text.iter().filter(|byte| **byte == b'\n').count())
}

fn password(number: u32) -> String {
    format!("quiet lantern number {number} on the hill")
}
