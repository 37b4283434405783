//! The stores of a device as values: what opens them, and what an operation does to that.
//!
//! They keep to what the real ones can do: an account has one password and refuses a wrong old one;
//! a keychain needs the old one too, and may be set aside; a disk belongs to the computer and has
//! slots, of which a binding removes none but those that it made or its person's password opened.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_model::{Code, StoreKind};
use lockstep_sync::Outcome;

use crate::plant::Plant;

/// What somebody types. Two passwords are the same if their numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Password(pub(crate) u32);

impl std::fmt::Display for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "p{}", self.0)
    }
}

/// A keychain, with something inside that nobody has elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Keychain {
    pub(crate) password: Password,
    pub(crate) contents: u64,
}

/// One slot of a disk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub(crate) password: Password,
    /// The binding whose person this slot is for; none for a recovery key.
    pub(crate) of: Option<usize>,
}

/// The disk of a computer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    pub(crate) slots: BTreeMap<u32, Slot>,
    /// What each binding's token names: slots that it made or that its person's password opened.
    tokens: BTreeMap<usize, BTreeSet<u32>>,
    next: u32,
}

/// What belongs to one binding alone.
pub(crate) struct Own {
    pub(crate) account: Password,
    pub(crate) keychain: Option<Keychain>,
    /// Keychains that were set aside.
    pub(crate) aside: Vec<Keychain>,
    /// What the next order to reset the account has to answer.
    pub(crate) challenge: Option<u64>,
}

/// An order of the realm to reset an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) binding: usize,
    pub(crate) challenge: u64,
}

/// An operation, with the secrets that the helper was given.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Work {
    Probe(StoreKind, Password),
    Preflight(StoreKind),
    Change(StoreKind, Password, Password),
    Reset(StoreKind, Password, Option<Order>),
    RemoveOld(Password),
}

impl Work {
    pub(crate) const fn store(self) -> StoreKind {
        match self {
            Self::Probe(store, _)
            | Self::Preflight(store)
            | Self::Change(store, ..)
            | Self::Reset(store, ..) => store,
            Self::RemoveOld(_) => StoreKind::Disk,
        }
    }

    pub(crate) const fn mutates(self) -> bool {
        match self {
            Self::Probe(..) | Self::Preflight(_) => false,
            Self::Change(..) | Self::Reset(..) | Self::RemoveOld(_) => true,
        }
    }
}

const REFUSED: Outcome = Outcome::NotApplied(Code::NotTheComputersPassword);

/// The stores that an operation of one binding reaches.
pub(crate) struct Reach<'a> {
    pub(crate) binding: usize,
    pub(crate) own: &'a mut Own,
    pub(crate) disk: &'a mut Disk,
    pub(crate) plant: Option<Plant>,
}

impl Reach<'_> {
    /// Does an operation.
    pub(crate) fn does(&mut self, work: Work) -> Outcome {
        match work {
            Work::Probe(..) if self.plant == Some(Plant::ProbeSkipped) => Outcome::Opened(true),
            Work::Probe(store, secret) => Outcome::Opened(self.opens(store, secret)),
            Work::Preflight(_) => Outcome::Applied,
            Work::Change(store, old, new) => self.change(store, old, new),
            Work::Reset(store, new, order) => self.reset(store, new, order),
            Work::RemoveOld(current) => {
                let greedy = self.plant == Some(Plant::SlotsOfOthersRemoved);
                self.disk.remove_old(self.binding, current, greedy)
            }
        }
    }

    fn opens(&self, store: StoreKind, secret: Password) -> bool {
        match store {
            StoreKind::Account => self.own.account == secret,
            StoreKind::Keychain => self.own.keychain.is_some_and(|it| it.password == secret),
            StoreKind::Disk => self.disk.opens(secret),
        }
    }

    fn change(&mut self, store: StoreKind, old: Password, new: Password) -> Outcome {
        if !self.opens(store, old) {
            return match store {
                StoreKind::Account | StoreKind::Keychain => REFUSED,
                // It is opened with the old one before anything is written.
                StoreKind::Disk => Outcome::Opened(false),
            };
        }
        match store {
            StoreKind::Account => self.own.account = new,
            StoreKind::Keychain => {
                if let Some(keychain) = &mut self.own.keychain {
                    keychain.password = new;
                }
            }
            StoreKind::Disk => {
                self.disk.add(self.binding, old, new);
                if self.plant == Some(Plant::OldSlotRemovedAtOnce) {
                    return self.disk.remove_old(self.binding, new, false);
                }
            }
        }
        Outcome::Applied
    }

    fn reset(&mut self, store: StoreKind, new: Password, order: Option<Order>) -> Outcome {
        match store {
            StoreKind::Account => {
                let Some(order) = order else {
                    return Outcome::NotApplied(Code::OldPasswordNeeded);
                };
                // Spent before anything changes.
                let challenge = self.own.challenge.take();
                if order.binding != self.binding || Some(order.challenge) != challenge {
                    return Outcome::NotApplied(Code::OrderSpent);
                }
                self.own.account = new;
            }
            StoreKind::Keychain => {
                let Some(keychain) = &mut self.own.keychain else {
                    return REFUSED;
                };
                if self.plant != Some(Plant::KeychainDeleted) {
                    self.own.aside.push(*keychain);
                }
                // What is inside the new one is worth nothing yet.
                *keychain = Keychain {
                    password: new,
                    contents: 0,
                };
            }
            StoreKind::Disk => return Outcome::NotApplied(Code::StaysShut),
        }
        Outcome::Applied
    }
}

impl Disk {
    /// Adds a slot that nobody's token names.
    pub(crate) fn format(&mut self, slot: Slot) -> u32 {
        let number = self.next;
        self.next += 1;
        self.slots.insert(number, slot);
        number
    }

    pub(crate) fn opens(&self, secret: Password) -> bool {
        self.slots.values().any(|slot| slot.password == secret)
    }

    /// Whether one of these bindings' own slots, or the recovery key's, opens with the secret.
    pub(crate) fn passwords(&self) -> impl Iterator<Item = Password> {
        self.slots.values().map(|slot| slot.password)
    }

    /// Gives the slots of a binding's person another password; no token knows them any more.
    pub(crate) fn rekey(&mut self, binding: usize, password: Password) {
        let own = |slot: &Slot| slot.of == Some(binding);
        let slots = self.slots.iter_mut().filter(|(_, slot)| own(slot));
        for (number, slot) in slots {
            slot.password = password;
            for token in self.tokens.values_mut() {
                token.remove(number);
            }
        }
    }

    fn token(&self, binding: usize) -> BTreeSet<u32> {
        self.tokens.get(&binding).cloned().unwrap_or_default()
    }

    fn is_claimed_by_others(&self, binding: usize, number: u32) -> bool {
        let mut others = self.tokens.iter().filter(|(it, _)| **it != binding);
        others.any(|(_, token)| token.contains(&number))
    }

    fn opened(&self, secret: Password) -> BTreeSet<u32> {
        let slots = self.slots.iter();
        slots
            .filter(|(_, slot)| slot.password == secret)
            .map(|(number, _)| *number)
            .collect()
    }

    fn add(&mut self, binding: usize, old: Password, new: Password) {
        let mut token = self.token(binding);
        let past = self.opened(old).into_iter();
        let past: Vec<u32> = past
            .filter(|number| !self.is_claimed_by_others(binding, *number))
            .collect();
        token.extend(past);
        let there = token
            .iter()
            .any(|number| self.slots.get(number).is_some_and(|it| it.password == new));
        if !there {
            let of = Some(binding);
            token.insert(self.format(Slot { password: new, of }));
        }
        self.tokens.insert(binding, token);
    }

    fn remove_old(&mut self, binding: usize, current: Password, greedy: bool) -> Outcome {
        let token = self.token(binding);
        let opened = self.opened(current);
        if opened.is_empty() {
            return REFUSED;
        }
        let goes: Vec<u32> = if greedy {
            self.slots.keys().copied().collect()
        } else {
            token.into_iter().collect()
        };
        for number in goes {
            if !opened.contains(&number) {
                self.slots.remove(&number);
            }
        }
        let token = self.token(binding).into_iter();
        let left = token.filter(|number| self.slots.contains_key(number));
        let left = left.collect();
        self.tokens.insert(binding, left);
        Outcome::Applied
    }
}
