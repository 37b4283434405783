//! A LUKS2 disk that asks for a passphrase at boot, as the disk store.
//!
//! A disk belongs to the computer, not to one person. So a change adds a slot and keeps the old one;
//! and [`LuksStore::remove_old`] removes only what our own token names: slots that we made, and slots
//! that the person's former passwords were seen to open. The token is written before the slot is
//! added, so that death in between loses no knowledge of what is old.

mod copies;
mod cryptsetup;
pub mod crypttab;
mod found;
pub mod header;
mod keyboard;
mod sys;
mod token;
mod turn;
mod write;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lockstep_model::{BindingId, Code, Secret, Stamp, StoreKind};

use self::cryptsetup::Fault;
use self::found::{Found, room};
use self::header::{Header, Kind, identify};
use self::token::Mine;
use self::turn::Turn;
use super::etc::Etc;
use crate::{Capabilities, ChangeFault, Refusal, Store, rules};

/// The facts about LUKS2 disks.
pub const CAPABILITIES: Capabilities = Capabilities {
    needs_old_password: true,
    several_slots: true,
    needs_session: false,
    verify_without_change: true,
    counts_attempts: false,
    change_opens_first: true,
    can_be_reset: false,
};

/// How long to wait for another operation on a disk: well below what an operation may take in all,
/// so that whoever waits is told why.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why nothing is removed beside what doesn't open.
const WRONG: &str = "what is to stay doesn't open the disk";

const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// A disk, by its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Where the header is: an absolute path.
    pub device: PathBuf,
    /// The UUID in the header; every operation checks it.
    pub uuid: String,
}

/// What our token says of the slot that a change makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Whose slot it is.
    pub binding: BindingId,
    /// Which password opens it, if that is known.
    pub stamp: Option<Stamp>,
}

/// Finds the LUKS2 disks that ask for a passphrase at boot. What is not attached asks for nothing.
///
/// # Errors
///
/// [`Code::StateUnreadable`] for a crypttab that can't be read, [`Code::DiskUnreachable`] for a
/// disk that can't.
pub fn disks(etc: &Etc) -> Result<Vec<Disk>, Refusal> {
    let path = etc.path().join("crypttab");
    let text = match read_start(&path, crypttab::MAX_FILE) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.map_err(|fault| {
            let detail = format!("{} can't be read: {fault}", path.display());
            Refusal::new(Code::StateUnreadable, detail)
        })?,
    };
    let mut disks: Vec<Disk> = Vec::new();
    for entry in crypttab::entries(&String::from_utf8_lossy(&text)) {
        let device = entry.header;
        let uuid = match identify(&device) {
            Ok(Kind::Luks2(uuid)) => uuid,
            Ok(Kind::Luks(_) | Kind::Other) => continue,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => continue,
            Err(fault) => return Err(out_of_reach(&device, &fault)),
        };
        if disks.iter().all(|disk| disk.uuid != uuid) {
            disks.push(Disk { device, uuid });
        }
    }
    Ok(disks)
}

/// The slots of one disk that one person's password opens.
#[derive(Clone, Debug)]
pub struct LuksStore {
    disk: Disk,
    mark: Mark,
    etc: Etc,
    /// Root's own folder, where nobody else can hold a lock.
    state: PathBuf,
}

impl LuksStore {
    /// The store of the disk that was recorded as this; each operation checks that it still is.
    ///
    /// Operations that share a state folder take turns; nobody else may enter it.
    #[must_use]
    pub fn of(disk: Disk, mark: Mark, state: &Path) -> Self {
        Self {
            disk,
            mark,
            etc: Etc::default(),
            state: state.to_owned(),
        }
    }

    /// Notes that the computer was started with `current`, after which what is old may go.
    ///
    /// # Errors
    ///
    /// [`Code::OldOpensDisk`] where it was not started since the slot was made;
    /// [`Code::NotTheComputersPassword`] for what doesn't open the slot.
    pub fn confirm_restart(&mut self, current: &Secret) -> Result<(), Refusal> {
        let could_open = rules::could_open(current)?;
        let _turn = self.turn()?;
        let found = self.read_to_write()?;
        let Some((id, mine)) = found.mine.as_ref().filter(|_| could_open) else {
            return Err(not_it("there is no slot of this binding"));
        };
        let ours = found.numbers(|number, _| found.marked(number));
        if self.opened(&ours, current)?.is_empty() {
            return Err(not_it("it doesn't open the slot of this binding"));
        }
        if mine.confirmed {
            return Ok(());
        }
        if mine.boot == boot_id()? {
            let detail = "the computer was not started again since";
            return Err(Refusal::new(Code::OldOpensDisk, detail));
        }
        let mut mine = mine.clone();
        mine.confirmed = true;
        self.write(&mine, Some(*id), &found.header).map(drop)
    }

    /// Removes our token, when a binding ends: the slots stay as they are, with nobody's mark.
    ///
    /// # Errors
    ///
    /// [`Code::DiskUnreachable`], [`Code::DiskRefused`].
    pub fn forget(&mut self) -> Result<(), Refusal> {
        let _turn = self.turn()?;
        if let Some((id, _)) = self.read_to_write()?.mine {
            cryptsetup::remove_token(&self.disk.device, id).map_err(refused)?;
            if self.read()?.mine.is_some() {
                let detail = "the token is still there";
                return Err(Refusal::new(Code::DiskRefused, detail));
            }
        }
        Ok(())
    }

    /// Whether something opens the disk beside the passwords that Lockstep keeps in step, so that it
    /// is not lost with a forgotten one.
    ///
    /// # Errors
    ///
    /// [`Code::DiskUnreachable`].
    pub fn has_another_way(&self) -> Result<bool, Refusal> {
        Ok(self.read()?.other_ways() > 0)
    }

    /// Reads the header, if it still is the one that was recorded.
    fn read(&self) -> Result<Found, Refusal> {
        let Disk { device, uuid } = &self.disk;
        let gone = |detail: String| Err(Refusal::new(Code::DiskUnreachable, detail));
        if !device.is_absolute() {
            return gone(format!("{} is no absolute path", device.display()));
        }
        match identify(device) {
            Ok(Kind::Luks2(found)) if found == *uuid => {}
            Ok(Kind::Luks2(found)) => {
                return gone(format!("the header has UUID {found}, not {uuid}"));
            }
            Ok(Kind::Luks(version)) => return gone(format!("it is LUKS{version}, not LUKS2")),
            Ok(Kind::Other) => return gone("there is no LUKS2 header, or a damaged one".into()),
            Err(fault) => return Err(out_of_reach(device, &fault)),
        }
        let json = match copies::metadata(device) {
            Ok(Some(json)) => json,
            Ok(None) => cryptsetup::dump(device).map_err(unreadable)?,
            Err(fault) => return Err(out_of_reach(device, &fault)),
        };
        let header = Header::parse(&json)
            .map_err(|fault| Refusal::new(Code::DiskUnreachable, fault.to_string()))?;
        let mine = Mine::of(&header, self.mark.binding).map_err(|fault| {
            let detail = format!("the token of this binding isn't understood: {fault}");
            Refusal::new(Code::DiskRefused, detail)
        })?;
        Ok(Found { header, mine })
    }

    /// Waits for its turn at the disks: two that write a header at once could both take what is
    /// free.
    fn turn(&self) -> Result<Turn, Refusal> {
        turn::wait(&self.state, PATIENCE)
    }

    /// Reads it for writing.
    fn read_to_write(&self) -> Result<Found, Refusal> {
        let found = self.read()?;
        if let [requirement, ..] = found.header.requirements.as_slice() {
            let detail = format!("another program is at work on the header ({requirement})");
            return Err(Refusal::new(Code::DiskRefused, detail));
        }
        Ok(found)
    }

    /// Those of these slots that a secret opens.
    fn opened(&self, slots: &[u32], secret: &Secret) -> Result<Vec<u32>, Refusal> {
        let mut opened = Vec::new();
        for slot in slots {
            if self.opens(Some(*slot), secret)? {
                opened.push(*slot);
            }
        }
        Ok(opened)
    }

    fn opens(&self, slot: Option<u32>, secret: &Secret) -> Result<bool, Refusal> {
        cryptsetup::opens(&self.disk.device, slot, secret).map_err(unreadable)
    }

    /// Whether our slot is known to be of another password than the one that is to follow.
    fn is_overtaken(&self, found: &Found) -> bool {
        let mine = found.mine.as_ref().map(|(_, mine)| mine);
        let known = mine.and_then(|mine| mine.epoch.zip(mine.generation));
        let next = self.mark.stamp.map(|to| (to.epoch, to.generation));
        known.is_some() && next.is_some() && known != next
    }

    /// Refuses while the boot prompt may have a keyboard on which what is to stay can't be typed.
    fn may_remove(&self, found: &Found, keep: u32, current: &Secret) -> Result<(), Refusal> {
        let mine = found.mine.as_ref().filter(|_| found.marked(keep));
        if mine.is_some_and(|(_, mine)| mine.confirmed) {
            return Ok(());
        }
        match keyboard::surely_typed_here(self.etc.path(), current.expose()) {
            Ok(true) => Ok(()),
            Ok(false) => {
                let detail = "the boot prompt's keyboard may differ, and no restart was confirmed";
                Err(Refusal::new(Code::OldOpensDisk, detail))
            }
            Err(fault) => {
                let detail = format!("the keyboard's settings can't be read: {fault}");
                Err(Refusal::new(Code::StateUnreadable, detail))
            }
        }
    }

    /// Makes durable what is there: cryptsetup flushes what it writes, unless it dies before.
    fn flush(&self) -> Result<(), Refusal> {
        let device = &self.disk.device;
        File::open(device)
            .and_then(|disk| disk.sync_all())
            .map_err(|fault| out_of_reach(device, &fault))
    }

    /// The slots that the person's old password opens: just ours, or else all that nobody claims, or
    /// else one that somebody does.
    fn opened_by_old(&self, found: &Found, old: &Secret) -> Result<Vec<u32>, Refusal> {
        let ours = self.opened(&found.numbers(|number, _| found.marked(number)), old)?;
        if !ours.is_empty() {
            return Ok(ours);
        }
        let free = found.numbers(|number, _| !found.marked(number) && !found.claimed(number));
        let opened = self.opened(&free, old)?;
        if !opened.is_empty() {
            return Ok(opened);
        }
        for number in found.numbers(|number, _| found.claimed(number)) {
            if self.opens(Some(number), old)? {
                return Ok(vec![number]);
            }
        }
        Ok(Vec::new())
    }
}

impl Store for LuksStore {
    fn kind(&self) -> StoreKind {
        StoreKind::Disk
    }

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn preflight(&self, new: &Secret) -> Result<(), Refusal> {
        rules::check_new(new)?;
        let found = self.read_to_write()?;
        match room(&found) {
            // What was added just before death needs no room again.
            Err(full) if !self.opens(None, new)? => Err(full),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn probe(&self, secret: &Secret) -> Result<bool, Refusal> {
        let could_open = rules::could_open(secret)?;
        let found = self.read()?;
        if !could_open {
            return Ok(false);
        }
        // Each slot that is tried costs a stretching of the password, and ours is the likely one.
        let ours = found.numbers(|number, _| found.marked(number));
        let others = ours.is_empty() || found.header.slots.len() > ours.len();
        let opens =
            !self.opened(&ours, secret)?.is_empty() || (others && self.opens(None, secret)?);
        if opens {
            self.flush()?;
        }
        Ok(opens)
    }

    fn change(&mut self, old: &Secret, new: &Secret) -> Result<(), ChangeFault> {
        rules::check_new(new)?;
        let could_open = rules::could_open(old)?;
        let _turn = self.turn()?;
        let found = self.read_to_write()?;
        if let Some(ours) = found.alone()
            && could_open
            && !old.same_as(new)
            && self.is_overtaken(&found)
        {
            // The token says already what will be old, and the addition itself finds out whether the
            // old password opens it.
            return self.add_ours(&found, ours, &[ours], old, new);
        }
        let by_old = if could_open {
            self.opened_by_old(&found, old)?
        } else {
            Vec::new()
        };
        let Some(first) = by_old.first() else {
            return Err(ChangeFault::Shut);
        };
        if old.same_as(new) {
            return Ok(self.flush()?);
        }
        let others = found.numbers(|number, _| !by_old.contains(&number) && !found.claimed(number));
        let by_new = self.opened(&others, new)?;
        let best = by_new.iter().find(|number| found.marked(**number));
        if let Some(number) = best.or(by_new.first()) {
            let replaced = found.past(&by_old, &by_new);
            let mine = self.marked_as(&found, *number, &replaced)?;
            let known = found.mine.as_ref();
            if known.is_none_or(|(_, known)| *known != mine) {
                self.write(&mine, known.map(|(id, _)| *id), &found.header)?;
            }
            return Ok(self.flush()?);
        }
        room(&found)?;
        // What is old is written down first: afterwards nobody could tell.
        let past = found.past(&by_old, &[]);
        let known = found.mine.as_ref();
        let mut mine = match known {
            Some((_, mine)) => mine.clone(),
            None => Mine::new(self.mark.binding, boot_id()?),
        };
        let ours = found.numbers(|number, _| found.marked(number));
        mine.set(&found.header, &ours, &past);
        if known.is_none_or(|(_, known)| *known != mine) {
            self.write(&mine, known.map(|(id, _)| *id), &found.header)?;
        }
        match self.add_ours(&found, *first, &past, old, new) {
            // It opened a moment ago, and the token was written since.
            Err(ChangeFault::Shut) => {
                let detail = "somebody else changes the header".into();
                Err(ChangeFault::Unknown { detail })
            }
            moved => moved,
        }
    }

    fn may_reset(&self) -> Result<(), Refusal> {
        let detail = "a disk's key can't be had without what opens it";
        Err(Refusal::new(Code::StaysShut, detail))
    }

    fn reset(&mut self, new: &Secret) -> Result<(), ChangeFault> {
        rules::check_new(new)?;
        Ok(self.may_reset()?)
    }

    fn remove_old(&mut self, current: &Secret) -> Result<(), ChangeFault> {
        let could_open = rules::could_open(current)?;
        let _turn = self.turn()?;
        let found = self.read_to_write()?;
        if !could_open {
            return Err(not_it(WRONG).into());
        }
        if let Some((keep, past)) = found.pair() {
            self.may_remove(&found, keep, current)?;
            // cryptsetup asks for what opens another slot, and there is just the one that stays.
            return self.remove(found, keep, &[past], current);
        }
        let candidates = found.past(&[], &[]);
        // What our token names comes first, since it is the likely one; then whatever else opens.
        let mut opened = self.opened(&candidates, current)?;
        if opened.is_empty() {
            let rest =
                found.numbers(|number, _| !candidates.contains(&number) && !found.claimed(number));
            opened = self.opened(&rest, current)?;
        }
        let Some(keep) = opened.first().copied() else {
            let claimed = self.opens(None, current)?;
            return if claimed && candidates.is_empty() {
                Ok(self.flush()?)
            } else if claimed {
                let detail = "only a slot that somebody else claims opens with it";
                Err(Refusal::new(Code::DiskRefused, detail).into())
            } else {
                Err(not_it(WRONG).into())
            };
        };
        let goes = found.past(&[], &opened);
        if goes.is_empty() {
            return Ok(self.flush()?);
        }
        let keep = *opened
            .iter()
            .find(|number| found.marked(**number))
            .unwrap_or(&keep);
        // Death after an addition left it without a mark: from now on it has one, and waits.
        let mut found = found;
        if !found.marked(keep) {
            let mine = self.marked_as(&found, keep, &goes)?;
            let id = found.mine.as_ref().map(|(id, _)| *id);
            found = self.write(&mine, id, &found.header)?;
        }
        self.may_remove(&found, keep, current)?;
        self.remove(found, keep, &goes, current)
    }
}

/// Which start of the computer this is (random(4)).
fn boot_id() -> Result<String, Refusal> {
    let text = fs::read_to_string(BOOT_ID).map_err(|fault| {
        let detail = format!("{BOOT_ID} can't be read: {fault}");
        Refusal::new(Code::StateUnreadable, detail)
    })?;
    Ok(text.trim().to_owned())
}

fn not_it(detail: &str) -> Refusal {
    Refusal::new(Code::NotTheComputersPassword, detail)
}

fn out_of_reach(device: &Path, fault: &io::Error) -> Refusal {
    let detail = format!("{} can't be read: {fault}", device.display());
    Refusal::new(Code::DiskUnreachable, detail)
}

// By value, since `map_err` hands it over.
fn unreadable(fault: Fault) -> Refusal {
    Refusal::new(Code::DiskUnreachable, fault.to_string())
}

fn refused(fault: Fault) -> Refusal {
    Refusal::new(Code::DiskRefused, fault.to_string())
}

/// Reads a file that must be no longer than this.
fn read_start(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    if bytes.len() > most {
        return Err(io::Error::other("it is too large"));
    }
    Ok(bytes)
}
