//! The people: what they know, and how they react to what their computers say.

use std::collections::BTreeSet;

use lockstep_model::{Code, StoreKind, StoreState};
use lockstep_sync::{Input, weigh};

use crate::device::Question;
use crate::flow::Aim;
use crate::happening::Happening;
use crate::stores::Password;
use crate::world::{Event, World};

/// A person.
pub(crate) struct Person {
    /// Everything in their mind, newest last.
    pub(crate) knows: Vec<Password>,
    /// On paper, on its way to them.
    pub(crate) letters: Vec<Password>,
    /// The one that they last saw accepted.
    proved: Option<Password>,
    /// What was refused since the last one was accepted.
    rejected: BTreeSet<Password>,
    /// Whether they forget what they don't use any more.
    pub(crate) forgetful: bool,
    /// Whether they wait for the help desk.
    pub(crate) waits_for_help: bool,
    /// What they use in daily life has been moved; former ones may be forgotten.
    local: BTreeSet<Password>,
}

impl Person {
    pub(crate) fn new(forgetful: bool) -> Self {
        Self {
            knows: Vec::new(),
            letters: Vec::new(),
            proved: None,
            rejected: BTreeSet::new(),
            forgetful,
            waits_for_help: false,
            local: BTreeSet::new(),
        }
    }

    pub(crate) fn learns(&mut self, password: Password) {
        self.letters.retain(|it| *it != password);
        self.knows.retain(|it| *it != password);
        self.knows.push(password);
        self.rejected.clear();
    }

    /// A password of a computer, which was never the directory's.
    pub(crate) fn learns_local(&mut self, password: Password) {
        if !self.knows.contains(&password) {
            self.knows.insert(0, password);
        }
        self.local.insert(password);
    }

    pub(crate) fn has_proved(&mut self, password: Password) {
        self.proved = Some(password);
        self.rejected.clear();
    }

    pub(crate) fn was_rejected(&mut self, password: Password) {
        self.rejected.insert(password);
    }

    /// Whether they have it in their mind, or will.
    pub(crate) fn will_know(&self, password: Password) -> bool {
        self.knows.contains(&password) || self.letters.contains(&password)
    }

    /// What they take for the directory's password.
    fn guess(&self) -> Option<Password> {
        let likely = self.knows.iter().rev();
        let mut likely = likely.filter(|it| !self.local.contains(it));
        likely.find(|it| !self.rejected.contains(it)).copied()
    }

    /// Forgets everything older than what was last accepted.
    fn forgets(&mut self) -> bool {
        let proved = self.knows.iter().position(|it| Some(*it) == self.proved);
        let Some(from) = proved.filter(|from| *from > 0) else {
            return false;
        };
        self.knows.drain(..from);
        true
    }
}

impl World {
    /// A new password that a person chooses; they know it from then on.
    pub(crate) fn chooses(&mut self, person: usize) -> Password {
        let new = self.fresh_password();
        self.people[person].learns(new);
        new
    }

    /// What a person takes for their password; who has none left calls the help desk.
    pub(crate) fn guess(&mut self, person: usize) -> Option<Password> {
        let guess = self.people[person].guess();
        if guess.is_none() && !self.people[person].waits_for_help {
            tell!(self, "person {person} calls the help desk");
            self.people[person].waits_for_help = true;
            let wait = self.chance.between(10_000, 60_000);
            self.later(
                wait,
                Event::Issues {
                    person,
                    temporary: true,
                },
            );
        }
        guess
    }

    /// The person looks at one of their computers.
    pub(crate) fn looks(&mut self, b: usize) {
        let bound = &self.bounds[b];
        // Told to wait for a minute, they do, once it is quiet around them.
        let told = self.calm && bound.problem == Some(Code::TooManyAttempts);
        let wait = if told {
            (61_000, 90_000)
        } else {
            (10_000, 50_000)
        };
        let wait = self.chance.between(wait.0, wait.1);
        self.later(wait, Event::Looks { b });
        let bound = &self.bounds[b];
        // Nobody is asked without a network.
        if !self.is_alive(b) || !bound.session || self.devices[bound.device].cut {
            return;
        }
        let joins = self.wild.joins && !self.calm;
        if bound.flow.is_some() || (bound.state.is_running() && !joins) {
            return;
        }
        let ignores = !self.calm && self.chance.per_mille(200);
        if ignores || !self.needs_person(b) {
            return;
        }
        let (person, linked) = (bound.person, bound.linked);
        let account = bound.own.account;
        let beside = Some(account).filter(|it| !linked && self.people[person].will_know(*it));
        if let Some(typed) = self.guess(person) {
            self.begin(b, Aim::Sync { beside }, typed);
        }
    }

    /// Whether a computer says that its person has to do something.
    pub(crate) fn needs_person(&self, b: usize) -> bool {
        let bound = &self.bounds[b];
        let status = bound.state.status();
        let mut stores = status.stores.values();
        let in_sync = stores.all(|it| matches!(it, StoreState::InSync { .. }));
        !in_sync || bound.problem.is_some() || status.pending.is_some() || status.odd.is_some()
    }

    /// The person answers the question for the old password.
    pub(crate) fn says(&mut self, b: usize) {
        let bound = &self.bounds[b];
        if !bound.state.is_asking() {
            return;
        }
        let Some(Question { number, answer, .. }) = bound.question else {
            return;
        };
        if bound.flow.is_some() {
            // Another window is in front of the question.
            let life = self.life(b);
            let again = Event::Says {
                b,
                life,
                question: number,
            };
            return self.later(2_000, again);
        }
        if !self.calm && self.chance.per_mille(100) {
            return self.feed(b, Input::Declined(Code::OldPasswordNeeded));
        }
        let old = self.remembers(b);
        let bound = &mut self.bounds[b];
        match old {
            Some(old) if bound.asked < 4 => {
                bound.asked += 1;
                bound.secrets.insert(answer, old);
                tell!(self, "{}: types {old} as the old one", self.name(b));
                self.feed(b, Input::OldTyped);
            }
            Some(_) => {
                bound.asked = 0;
                self.feed(b, Input::Declined(Code::OldPasswordNeeded));
            }
            None => {
                bound.asked = 0;
                self.has_none(b);
            }
        }
    }

    /// What the person takes for the old password: what opens one of the stores, if they know it;
    /// while everything goes wrong, they also mistake one for another.
    fn remembers(&mut self, b: usize) -> Option<Password> {
        let bound = &self.bounds[b];
        let stores = bound.question.as_ref().map(|it| it.stores.clone());
        let held: BTreeSet<Password> = bound.secrets.values().copied().collect();
        let knows = self.people[bound.person].knows.iter().copied();
        let untried: Vec<Password> = knows.filter(|it| !held.contains(it)).collect();
        // The one that they log in with comes to mind first.
        let mut stores: Vec<StoreKind> = stores.into_iter().flatten().collect();
        stores.sort_by_key(|store| *store != StoreKind::Account);
        let opens = |store: &StoreKind| {
            let mut untried = untried.iter();
            untried.find(|old| self.opens(b, *store, **old)).copied()
        };
        let right = stores.iter().find_map(opens);
        let mistaken = !self.calm && self.chance.per_mille(300);
        if mistaken {
            self.chance.pick(&untried)
        } else {
            right
        }
    }

    /// The person has no old password: what that costs is said first.
    fn has_none(&mut self, b: usize) {
        let Some(weighing) = weigh(&self.bounds[b].state) else {
            return self.broke("what is asked can be weighed", &self.name(b));
        };
        if let Some(code) = weighing.refused {
            tell!(self, "{}: refused beforehand: {code:?}", self.name(b));
            return self.feed(b, Input::Declined(code));
        }
        let mut stores = weighing.stores.iter();
        if !stores.any(|(store, _)| *store == StoreKind::Account) {
            return self.feed(b, Input::Forgotten);
        }
        let challenge = self.fresh();
        let bound = &mut self.bounds[b];
        bound.own.challenge = Some(challenge);
        let target = bound
            .state
            .target()
            .map(lockstep_sync::SecretRef::Generation);
        let new = target.and_then(|target| bound.secrets.get(&target).copied());
        match new {
            Some(new) => self.begin(b, Aim::Order { challenge }, new),
            None => self.feed(b, Input::Declined(Code::ChangedMeanwhile)),
        }
    }

    /// A forgetful person forgets.
    pub(crate) fn forgets(&mut self, person: usize) {
        self.excused = true;
        let person = &mut self.people[person];
        if person.forgetful && person.forgets() {
            self.counts.note(Happening::Forgot);
        }
    }
}
