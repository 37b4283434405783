//! One person with one computer: how a fault strikes, and what must hold after it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use lockstep_lab::Device;
use lockstep_model::Code;
use lockstep_protocol::local::{BindingStatus, Status};
use rustix::process::{Pid, Signal, kill_process};

use super::{Plan, Tally, Victim};
use crate::command::Outcome;
use crate::world::{Computer, World};
use crate::{locked, portal};

/// What every store opened with before the computer was linked.
const BEFORE: &str = "what the computer had before";

/// How long after every second record the power is cut, so that it also goes in the middle of the
/// effect, and not only while the record itself is being flushed.
const MOMENT: Duration = Duration::from_millis(25);

/// One person with one computer, on which faults are injected.
pub struct Stage {
    world: World,
    computer: Computer,
    plan: Plan,
    /// The password in the directory and on the computer.
    now: String,
    number: u32,
}

/// When a fault struck.
enum Struck {
    After(usize),
    /// The run was over before it could.
    TooLate,
}

impl Stage {
    /// Sets it up: account, keyring and, if the plan wants it, disk in step. The computer has a disk
    /// of its own, so that its power can be cut.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from that.
    pub fn set(world: World, plan: Plan) -> anyhow::Result<Self> {
        let now = password(0);
        let link = world.invite("anna", "Anna Bergström")?;
        world.activate("anna", &link, &now)?;
        let device = world.lab.device_on_disk("anna-desk")?;
        let computer = World::install(device, "anna", BEFORE)?;
        computer.make_keyring(BEFORE)?;
        computer.make_disk(BEFORE)?;
        // What is not Lockstep's is there to stay; Lockstep has to see to its own from here on.
        computer.device.shell("sync -f /")?;
        computer.enrol(&world.enrolment(1, 3600)?)?.ok()?;
        if plan.disk_follows() {
            computer.link_with_disk(&now, BEFORE)?.ok()?;
        } else {
            computer.link(&now, BEFORE)?.ok()?;
        }
        Ok(Self {
            world,
            computer,
            plan,
            now,
            number: 0,
        })
    }

    /// Kills one victim after each record, or every `stride`-th, until the run is over before.
    ///
    /// # Errors
    ///
    /// What is wrong after a fault, which the tally has then counted; or what keeps the computer
    /// from being put back.
    pub fn series(
        &mut self,
        victim: Victim,
        stride: usize,
        tally: &mut Tally,
        mut tell: impl FnMut(&str),
    ) -> anyhow::Result<()> {
        let plan = self.plan;
        let mut records = 1;
        loop {
            let at = format!("{plan:?}, {victim:?} from record {records} on");
            let (struck, opened) = self.strike(victim, records, tally).context(at)?;
            let Struck::After(record) = struck else {
                return Ok(());
            };
            tell(&format!(
                "{plan:?}, {victim:?} after record {record}: {opened}"
            ));
            // One that comes and goes may be the same from several records on.
            records = stride
                + if victim.is_always_there() {
                    records
                } else {
                    record
                };
        }
    }

    /// One fault, at the first chance from this record on; what opened what after it.
    fn strike(
        &mut self,
        victim: Victim,
        records: usize,
        tally: &mut Tally,
    ) -> anyhow::Result<(Struck, Opens)> {
        self.number += 1;
        let (old, new) = (self.now.clone(), password(self.number));
        self.lead_up(&old, &new)?;
        let (struck, ended) = self.run_into(victim, records, &old, &new)?;
        let is_struck = matches!(struck, Struck::After(_));
        tally.injected += u32::from(is_struck);
        let judged = self.judge(victim, is_struck, &old, &new, tally);
        Ok((struck, judged.with_context(|| format!("{ended:?}"))?))
    }

    /// What has happened when the run begins; what the test itself did is there to stay.
    fn lead_up(&self, old: &str, new: &str) -> anyhow::Result<()> {
        let not_in_step = |_: &Status, binding: &BindingStatus| !binding.in_sync;
        match self.plan {
            Plan::ChangeHere => {}
            Plan::Follow | Plan::WithoutOld => {
                patiently(|| {
                    let changed = portal::change(&self.world.directory, "anna", old, new);
                    Ok(changed.map_err(|fault| format!("{fault:#}")))
                })?;
                self.computer.wait_for("it has heard", not_in_step)?;
                if self.plan == Plan::WithoutOld {
                    self.computer.lose_envelopes()?;
                    self.flush("/var/lib/lockstep/bindings/*/envelopes")?;
                }
            }
            Plan::Drifted => {
                self.computer.device.set_password("anna", new.as_bytes())?;
                self.flush("/etc")?;
                self.computer.wait_for("it has noticed", not_in_step)?;
            }
        }
        Ok(())
    }

    /// Makes durable what the test itself has changed, and not what Lockstep may have forgotten.
    fn flush(&self, paths: &str) -> anyhow::Result<()> {
        self.computer
            .device
            .shell(&format!("sync {paths}"))
            .map(drop)?;
        Ok(())
    }

    /// Runs the plan, and kills the victim meanwhile.
    fn run_into(
        &self,
        victim: Victim,
        records: usize,
        old: &str,
        new: &str,
    ) -> anyhow::Result<(Struck, Outcome)> {
        let computer = &self.computer;
        let journal = self.journal()?;
        let before = lines(&journal);
        std::thread::scope(|scope| {
            let run = scope.spawn(|| begin(computer, self.plan, old, new));
            let mut struck = Struck::TooLate;
            while !run.is_finished() {
                let record = lines(&journal).saturating_sub(before);
                if record >= records {
                    if victim == Victim::Power && record.is_multiple_of(2) {
                        std::thread::sleep(MOMENT);
                    }
                    if !run.is_finished() && kill(&computer.device, victim)? {
                        struck = Struck::After(record);
                        break;
                    }
                }
                std::thread::sleep(Duration::from_micros(50));
            }
            let ended = run.join();
            let ended = ended.map_err(|_| anyhow::anyhow!("the run panicked"))??;
            Ok((struck, ended))
        })
    }

    /// Sees what opens, and brings the computer in step again.
    fn judge(
        &mut self,
        victim: Victim,
        struck: bool,
        old: &str,
        new: &str,
        tally: &mut Tally,
    ) -> anyhow::Result<Opens> {
        if struck {
            // One whose agent doesn't start any more comes in step no more either.
            let revived = self.revive(victim);
            tally.lock_outs += u32::from(revived.is_err());
            revived?;
        }
        let opens = self.what_opens(old, new)?;
        if opens.account.is_none() || opens.disk.is_none() {
            tally.lock_outs += 1;
            bail!("something opens with neither password: {opens}");
        }
        if !opens.contents {
            tally.lost += 1;
            bail!("what was in the keyring is nowhere: {opens}");
        }
        let came = self.come_in_step(old, new).and_then(|present| {
            let after = self.what_opens(&present, &present)?;
            let all = after.account.is_some() && after.keyring.is_some() && after.disk.is_some();
            ensure!(all, "in step, and yet {after}");
            Ok(present)
        });
        tally.lock_outs += u32::from(came.is_err());
        self.now = came.with_context(|| format!("{opens}, and then"))?;
        self.tidy_up()?;
        Ok(opens)
    }

    /// Switches on again what was killed.
    fn revive(&mut self, victim: Victim) -> anyhow::Result<()> {
        let device = &mut self.computer.device;
        match victim {
            Victim::Computer | Victim::Power => {
                device.kill()?;
                device.boot()?;
                device.start_helper()?;
                device.start_agent()?;
                device.prepare_session("anna")?;
            }
            Victim::Agent => {
                device.start_agent()?;
            }
            Victim::Helper | Victim::KeyringDaemon | Victim::Cryptsetup => return Ok(()),
        }
        let online = |status: &Status, _: &BindingStatus| status.online;
        self.computer.wait_for("it is online", online).map(drop)
    }

    /// The person does what they can with what they know; gives their password from then on.
    fn come_in_step(&self, old: &str, new: &str) -> anyhow::Result<String> {
        let in_step = |with: &str| {
            patiently(|| {
                let outcome = match self.plan {
                    Plan::Follow | Plan::ChangeHere => self.computer.sync(with)?,
                    Plan::WithoutOld | Plan::Drifted => begin(&self.computer, self.plan, old, new)?,
                };
                Ok(said(outcome))
            })
        };
        let present = match self.plan {
            Plan::Drifted => old,
            Plan::Follow | Plan::WithoutOld => new,
            // Whether the directory took it, the person finds out by trying.
            Plan::ChangeHere if in_step(new).is_ok() => return Ok(new.to_owned()),
            Plan::ChangeHere => old,
        };
        in_step(present)?;
        Ok(present.to_owned())
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
        let disk = if self.plan.disk_follows() {
            which(&|password| self.computer.disk_opens(password))?
        } else {
            self.computer.disk_opens(BEFORE)?.then_some("its own")
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
        let folder = locked::KEYRINGS;
        if !self.computer.keyring_opens(&self.now)? {
            self.computer.make_keyring(&self.now)?;
            self.flush(&format!("{folder} {folder}/login.keyring"))?;
        }
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
        let (account, keyring, disk) = (word(self.account), word(self.keyring), word(self.disk));
        write!(f, "account {account}, keyring {keyring}, disk {disk}")
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

/// Kills a process of the victim's; false if none is there now.
fn kill(device: &Device, victim: Victim) -> anyhow::Result<bool> {
    let words = match victim {
        Victim::Power => {
            device.cut_power()?;
            return Ok(true);
        }
        Victim::Computer => {
            let first = Pid::from_raw(device.pid()?.cast_signed()).context("no pid")?;
            kill_process(first, Signal::KILL)?;
            return Ok(true);
        }
        Victim::Agent => "lockstep-agent run",
        Victim::Helper => "lockstep-helper op",
        Victim::KeyringDaemon => "gnome-keyring-daemon",
        Victim::Cryptsetup => "cryptsetup",
    };
    let space = std::fs::read_link(format!("/proc/{}/ns/pid", device.pid()?))?;
    let mut killed = false;
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let number = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        let Some(pid) = number.and_then(Pid::from_raw) else {
            continue;
        };
        // One that has just ended shows nothing.
        let said = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let said = String::from_utf8_lossy(&said).replace('\0', " ");
        let is_inside =
            || std::fs::read_link(entry.path().join("ns/pid")).is_ok_and(|it| it == space);
        if said.contains(words) && is_inside() {
            killed |= kill_process(pid, Signal::KILL).is_ok();
        }
    }
    Ok(killed)
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
                std::thread::sleep(Duration::from_millis(300));
            }
        }
    }
}

fn said(outcome: Outcome) -> Result<(), String> {
    outcome.ok().map(drop).map_err(|fault| format!("{fault:#}"))
}

fn lines(journal: &Path) -> usize {
    // While the computer is off there is none.
    std::fs::read(journal).map_or(0, |text| text.iter().filter(|byte| **byte == b'\n').count())
}

fn password(number: u32) -> String {
    format!("quiet lantern number {number} on the hill")
}
