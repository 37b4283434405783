//! A header as it was found, and what our token means in it.

use lockstep_model::Code;

use super::header::{Header, Slot};
use super::token::Mine;
use crate::Refusal;

/// A header as it was found, and our token in it.
pub(super) struct Found {
    pub(super) header: Header,
    pub(super) mine: Option<(u32, Mine)>,
}

impl Found {
    /// The numbers of the slots that a boot prompt tries and that are wanted.
    pub(super) fn numbers(&self, is_wanted: impl Fn(u32, &Slot) -> bool) -> Vec<u32> {
        let prompted = self.header.prompted();
        prompted
            .filter(|(number, slot)| is_wanted(*number, slot))
            .map(|(number, _)| number)
            .collect()
    }

    /// Whether our token marks a slot as ours, and it still is the same.
    pub(super) fn marked(&self, number: u32) -> bool {
        let slot = self.header.slots.get(&number);
        let mine = self.mine.as_ref();
        mine.zip(slot)
            .is_some_and(|((_, mine), slot)| mine.marks(number, slot))
    }

    /// Whether our token names a slot as one of the past, and it still is the same.
    pub(super) fn replaced(&self, number: u32) -> bool {
        let slot = self.header.slots.get(&number);
        let mine = self.mine.as_ref();
        mine.zip(slot)
            .is_some_and(|((_, mine), slot)| mine.replaces(number, slot))
    }

    /// Whether a token that isn't ours names a slot: a recovery key, a TPM, another person.
    pub(super) fn claimed(&self, number: u32) -> bool {
        let ours = self.mine.as_ref().map(|(id, _)| *id);
        self.header
            .tokens
            .iter()
            .any(|(id, token)| Some(*id) != ours && token.slots.contains(&number))
    }

    /// Our slot, where no other is there but what others claim: nothing else can open with a
    /// password of ours.
    pub(super) fn alone(&self) -> Option<u32> {
        match self.numbers(|number, _| !self.claimed(number))[..] {
            [ours] if self.marked(ours) => Some(ours),
            _ => None,
        }
    }

    /// Our slot and one of the past, where there is nothing else at all.
    pub(super) fn pair(&self) -> Option<(u32, u32)> {
        let ours = self.numbers(|number, _| self.marked(number));
        match (&ours[..], &self.past(&[], &ours)[..]) {
            ([ours], [past]) if self.header.slots.len() == 2 && !self.claimed(*ours) => {
                Some((*ours, *past))
            }
            _ => None,
        }
    }

    /// How many slots open the disk beside those of passwords that Lockstep keeps in step: a recovery
    /// key, a TPM, another passphrase.
    ///
    /// Before the first change nothing marks the slot that the person's password was seen to open;
    /// one of those without a mark is it.
    pub(super) fn other_ways(&self) -> usize {
        let all = Mine::all(&self.header);
        let kept_in_step = |number: u32, slot: &Slot| {
            let mut all = all.iter();
            all.any(|mine| mine.marks(number, slot) || mine.replaces(number, slot))
        };
        let own = |number: &u32| self.marked(*number) || self.replaced(*number);
        let unmarked = self.header.slots.iter();
        let unmarked =
            unmarked.filter(|(number, slot)| slot.bound && !kept_in_step(**number, slot));
        let without_mark = usize::from(!self.header.slots.keys().any(own));
        unmarked.count().saturating_sub(without_mark)
    }

    /// The slots that are old beside some: what our token names, unless somebody claims it.
    pub(super) fn past(&self, also: &[u32], beside: &[u32]) -> Vec<u32> {
        self.numbers(|number, _| {
            let named = self.marked(number) || self.replaced(number) || also.contains(&number);
            named && !self.claimed(number) && !beside.contains(&number)
        })
    }
}

/// The number of a slot that can be added.
pub(super) fn room(found: &Found) -> Result<u32, Refusal> {
    let full = |detail: &str| Refusal::new(Code::DiskFull, detail);
    if found.mine.is_none() && found.header.free_token().is_none() {
        return Err(full("the header has no room for a token"));
    }
    found
        .header
        .free_slot()
        .ok_or_else(|| full("the header has no room for another key slot"))
}
