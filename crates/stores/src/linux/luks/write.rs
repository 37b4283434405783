//! What is written to a header: slots and our token, each time read again.

use lockstep_model::{Code, Secret};

use super::found::{Found, room};
use super::header::{Header, Key, Priority};
use super::token::Mine;
use super::{
    LuksStore, WRONG, boot_id, copies, cryptsetup, not_it, out_of_reach, refused, unreadable,
};
use crate::{ChangeFault, Refusal};

impl LuksStore {
    /// Adds a slot like an old one, marks it as ours and what is past as past, and opens it.
    pub(super) fn add_ours(
        &self,
        found: &Found,
        like: u32,
        past: &[u32],
        old: &Secret,
        new: &Secret,
    ) -> Result<(), ChangeFault> {
        let number = room(found)?;
        let like = found.header.slots.get(&like);
        let like = like.and_then(|slot| slot.key.as_ref().map(|key| (key, slot.priority)));
        let Some(like) = like else {
            let detail = "the old slot is of an unknown kind";
            return Err(Refusal::new(Code::DiskRefused, detail).into());
        };
        let unknown = |fault: Refusal| ChangeFault::Unknown {
            detail: fault.to_string(),
        };
        let found = self.add(like, number, old, new)?;
        // The token lies elsewhere in the header: it can be written while the slot is opened.
        let opening = cryptsetup::begin_to_open(&self.disk.device, Some(number), new);
        let opening = opening.map_err(unreadable).map_err(unknown)?;
        let mine = self.marked_as(&found, number, past).map_err(unknown)?;
        let id = found.mine.as_ref().map(|(id, _)| *id);
        self.write(&mine, id, &found.header).map_err(unknown)?;
        if opening.verdict().map_err(unreadable).map_err(unknown)? {
            Ok(())
        } else {
            let detail = "the new slot doesn't open with the new password".into();
            Err(ChangeFault::Unknown { detail })
        }
    }

    /// Adds a slot like another one, and returns its number and the header with it.
    fn add(
        &self,
        like: (&Key, Priority),
        number: u32,
        old: &Secret,
        new: &Secret,
    ) -> Result<Found, ChangeFault> {
        let device = &self.disk.device;
        let said = cryptsetup::add(device, number, like.0, old, new);
        let unknown = |detail: String| ChangeFault::Unknown { detail };
        let found = self.read().map_err(|fault| unknown(fault.to_string()))?;
        let added = found.header.slots.contains_key(&number);
        match said {
            Ok(true) if added => {}
            Ok(true) => return Err(unknown("the new slot isn't there".into())),
            Ok(false) if !added => return Err(ChangeFault::Shut),
            Err(fault) if !added => return Err(refused(fault).into()),
            Ok(false) => return Err(unknown("a slot was added by somebody".into())),
            Err(fault) => return Err(unknown(fault.to_string())),
        }
        if like.1 == Priority::Prefer {
            let preferred = cryptsetup::prefer(device, number);
            preferred.map_err(|fault| unknown(fault.to_string()))?;
        }
        Ok(found)
    }

    /// Writes our token, if it is another one than before, and reads it again.
    pub(super) fn write(
        &self,
        mine: &Mine,
        id: Option<u32>,
        before: &Header,
    ) -> Result<Found, Refusal> {
        let refuse = |detail: &str| Refusal::new(Code::DiskRefused, detail);
        let Some(number) = id.or_else(|| before.free_token()) else {
            let detail = "the header has no room for a token";
            return Err(Refusal::new(Code::DiskFull, detail));
        };
        let json = serde_json::to_vec(mine).map_err(|_| refuse("the token can't be written"))?;
        cryptsetup::write_token(&self.disk.device, number, id.is_some(), &json).map_err(refused)?;
        let found = self.read()?;
        if found.mine.as_ref() != Some(&(number, mine.clone())) {
            return Err(refuse("the token isn't there as it was written"));
        }
        Ok(found)
    }

    /// Our token as it should be, now that a slot is ours.
    pub(super) fn marked_as(
        &self,
        found: &Found,
        ours: u32,
        replaced: &[u32],
    ) -> Result<Mine, Refusal> {
        let boot = boot_id()?;
        let known = found.mine.as_ref().map(|(_, mine)| mine);
        let mut mine = match known {
            Some(mine) if found.marked(ours) && mine.marks_only(ours) => mine.clone(),
            Some(_) | None => Mine::new(self.mark.binding, boot),
        };
        if let Some(stamp) = self.mark.stamp {
            mine.epoch = Some(stamp.epoch);
            mine.generation = Some(stamp.generation);
        }
        mine.set(&found.header, &[ours], replaced);
        Ok(mine)
    }

    /// Removes slots, one by one, as long as the one to keep is there as it was.
    pub(super) fn remove(
        &self,
        mut found: Found,
        keep: u32,
        goes: &[u32],
        current: &Secret,
    ) -> Result<(), ChangeFault> {
        let Some(stays) = found.header.slots.get(&keep).cloned() else {
            return Err(
                Refusal::new(Code::DiskRefused, "the slot that is to stay isn't there").into(),
            );
        };
        let unknown = |detail: String| ChangeFault::Unknown { detail };
        let device = &self.disk.device;
        let material = || copies::sum(device, stays.area);
        let before = material().map_err(|fault| out_of_reach(device, &fault))?;
        for (done, number) in goes.iter().enumerate() {
            // The header may be another one by now: look again at each.
            let stands = found.header.slots.get(&keep) == Some(&stays);
            let old = found.past(&[], &[keep]);
            if !stands || !old.contains(number) {
                return Err(unknown("somebody else changes the header".into()));
            }
            let killed = cryptsetup::kill(device, *number, current);
            found = self.read().map_err(|fault| unknown(fault.to_string()))?;
            match killed {
                Ok(true) if !found.header.slots.contains_key(number) => {}
                Ok(false) if done == 0 => return Err(not_it(WRONG).into()),
                Ok(_) => return Err(unknown(format!("slot {number} is still there"))),
                Err(fault) => return Err(unknown(fault.to_string())),
            }
        }
        // The slot that stays was opened before: with every byte as it was, it opens still.
        let after = material().map_err(|fault| unknown(fault.to_string()))?;
        if found.header.slots.get(&keep) != Some(&stays) || after != before {
            return Err(unknown("the slot that stays isn't as it was".into()));
        }
        let settled = self.marked_as(&found, keep, &[]).and_then(|mine| {
            let id = found.mine.as_ref().map(|(id, _)| *id);
            self.write(&mine, id, &found.header)
        });
        settled
            .map(drop)
            .map_err(|fault| unknown(fault.to_string()))
    }
}
