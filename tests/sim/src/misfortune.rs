//! What goes wrong, and what people and admins do meanwhile.

use lockstep_directory::core::credential::Credential;
use lockstep_model::{Epoch, StoreKind};
use lockstep_sync::{Effect, Input};

use crate::chance::Chance;
use crate::flow::Aim;
use crate::happening::Happening;
use crate::stores::Password;
use crate::world::{Event, World};

/// How wild the world is. Each seed draws anew, and leaves some kinds out, so that others are seen
/// alone.
pub(crate) struct Wild {
    /// For how long things go wrong, in milliseconds.
    pub(crate) span: i64,
    pub(crate) loss: u32,
    pub(crate) repeats: u32,
    pub(crate) delay: i64,
    pub(crate) slowest: i64,
    pub(crate) refuses: u32,
    pub(crate) vague: u32,
    pub(crate) lies: u32,
    pub(crate) torn: u32,
    pub(crate) mid_step: u32,
    /// Whether a second proof may join a run.
    pub(crate) joins: bool,
}

/// One thing that happens to the world.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Misfortune {
    PowerCut(usize),
    AgentDies(usize),
    Partition(usize),
    DirectoryRestarts,
    Backup,
    Restore,
    Portal(usize),
    Interface(usize),
    Issue(usize, bool),
    OnComputer(usize),
    Drift(usize, StoreKind),
    SecretsLost(usize),
    SessionDown(usize),
    Forgets(usize),
}

impl Wild {
    pub(crate) fn drawn(chance: &mut Chance) -> Self {
        let often = |chance: &mut Chance, choices: &[u32]| chance.pick(choices).unwrap_or(0);
        Self {
            span: chance.between(300_000, 1_500_000),
            loss: often(chance, &[0, 20, 100, 250]),
            repeats: often(chance, &[0, 30, 150]),
            delay: chance.between(100, 20_000),
            slowest: chance.between(500, 8_000),
            refuses: often(chance, &[0, 0, 10, 50]),
            vague: often(chance, &[0, 0, 20, 80]),
            lies: often(chance, &[0, 0, 0, 20]),
            torn: often(chance, &[0, 0, 3, 10]),
            mid_step: often(chance, &[0, 0, 3, 10]),
            joins: chance.per_mille(300),
        }
    }

    /// Nothing goes wrong any more.
    pub(crate) fn calm_down(&mut self) {
        (self.loss, self.repeats, self.refuses, self.vague) = (0, 0, 0, 0);
        (self.lies, self.torn, self.mid_step) = (0, 0, 0);
    }
}

impl World {
    /// Draws what will happen, and when.
    pub(crate) fn foresee(&mut self) {
        let (people, devices, bounds) = (self.people.len(), self.devices.len(), self.bounds.len());
        for person in 0..people {
            self.often(4, |_| Misfortune::Portal(person));
            self.often(2, |_| Misfortune::Interface(person));
            self.often(1, |chance| Misfortune::Issue(person, chance.coin()));
            self.often(2, |_| Misfortune::Forgets(person));
        }
        for device in 0..devices {
            self.often(4, |_| Misfortune::PowerCut(device));
            self.often(4, |_| Misfortune::AgentDies(device));
            self.often(3, |_| Misfortune::Partition(device));
        }
        for b in 0..bounds {
            self.often(3, |_| Misfortune::OnComputer(b));
            self.often(2, |chance| {
                let store = match chance.below(3) {
                    0 => StoreKind::Account,
                    1 => StoreKind::Keychain,
                    _ => StoreKind::Disk,
                };
                Misfortune::Drift(b, store)
            });
            self.often(1, |_| Misfortune::SecretsLost(b));
            self.often(2, |_| Misfortune::SessionDown(b));
        }
        self.often(2, |_| Misfortune::DirectoryRestarts);
        if self.chance.per_mille(400) {
            self.often(3, |_| Misfortune::Backup);
            self.often(2, |_| Misfortune::Restore);
        }
    }

    fn often(&mut self, most: i64, what: impl Fn(&mut Chance) -> Misfortune) {
        if self.chance.per_mille(300) {
            return;
        }
        for _ in 0..self.chance.between(0, most) {
            let at = self.chance.between(5_000, self.wild.span - 1);
            let what = what(&mut self.chance);
            self.later(at, Event::Misfortune(what));
        }
    }

    pub(crate) fn misfortune(&mut self, what: Misfortune) {
        if self.calm {
            return;
        }
        tell!(self, "{what:?}");
        match what {
            Misfortune::PowerCut(device) => self.power_cut(device),
            Misfortune::AgentDies(device) => self.agent_dies(device),
            Misfortune::Partition(device) => {
                self.counts.note(Happening::Partition);
                self.devices[device].cut = true;
                let wait = self.chance.between(2_000, 120_000);
                self.later(wait, Event::Heals { device });
            }
            Misfortune::DirectoryRestarts => {
                self.counts.note(Happening::DirectoryRestart);
                self.directory.stop();
                let wait = self.chance.between(500, 30_000);
                self.later(wait, Event::DirectoryStarts);
            }
            Misfortune::Backup => {
                let copy = self.directory.db.clone();
                self.directory.backups.push(copy);
            }
            Misfortune::Restore => self.restore(),
            Misfortune::Portal(person) | Misfortune::Interface(person) => {
                let portal = matches!(what, Misfortune::Portal(_));
                self.changes_elsewhere(person, portal);
            }
            Misfortune::Issue(person, temporary) => self.issues(person, temporary),
            Misfortune::OnComputer(b) => self.changes_here(b),
            Misfortune::Drift(b, store) => self.drifts(b, store),
            Misfortune::SecretsLost(b) => {
                if self.is_alive(b) && self.bounds[b].state.is_running() {
                    self.counts.note(Happening::SecretsLost);
                    self.bounds[b].forget_secrets();
                    self.feed(b, Input::SecretsLost);
                }
            }
            Misfortune::SessionDown(b) => {
                if self.bounds[b].session && self.is_alive(b) {
                    self.counts.note(Happening::SessionDown);
                    self.bounds[b].session = false;
                    self.feed(b, Input::SessionDown);
                    self.logs_in_later(b);
                }
            }
            Misfortune::Forgets(person) => self.forgets(person),
        }
    }

    fn restore(&mut self) {
        self.counts.note(Happening::Restore);
        self.excused = true;
        // An old one as often as the newest.
        let backup = self.chance.below(self.directory.backups.len());
        let epoch = Epoch(self.chance.id());
        let facts = self.directory.restore(backup, epoch);
        for fact in &facts {
            self.judge_fact(fact);
        }
        let wait = self.chance.between(2_000, 60_000);
        self.later(wait, Event::DirectoryStarts);
    }

    /// The person changes the password in the portal, or through what uses the directory.
    fn changes_elsewhere(&mut self, person: usize, portal: bool) {
        if !self.directory.up {
            return;
        }
        let Some(typed) = self.guess(person) else {
            return;
        };
        if self.directory.password(person) != Some(typed) {
            self.people[person].was_rejected(typed);
            return;
        }
        let Some(from) = self.directory.db.credentials.get(&person).cloned() else {
            return;
        };
        self.people[person].has_proved(typed);
        let wait = if portal {
            self.chance.between(100, 20_000)
        } else {
            1
        };
        let from = Box::new(from);
        self.later(
            wait,
            Event::Changes {
                person,
                from,
                portal,
            },
        );
    }

    /// The change made elsewhere arrives.
    pub(crate) fn changes(&mut self, person: usize, from: &Credential, portal: bool) {
        if !self.directory.up || self.directory.db.epoch != from.stamp.epoch {
            // The attempt was in memory.
            return;
        }
        let new = self.chooses(person);
        let (set, facts) = self.directory.change(self.now, person, from, new);
        tell!(self, "person {person} changes to {new} elsewhere: {set:?}");
        self.take_facts(facts);
        let answered = !self.chance.per_mille(self.wild.loss);
        match set {
            Ok(_) => {
                let how = if portal {
                    Happening::Portal
                } else {
                    Happening::Interface
                };
                self.counts.note(how);
                if answered {
                    self.people[person].has_proved(new);
                }
            }
            Err(_) => self.counts.note(Happening::RaceLost),
        }
    }

    /// An admin issues a password, or the person uses a reset link.
    pub(crate) fn issues(&mut self, person: usize, temporary: bool) {
        if !self.directory.up {
            if self.people[person].waits_for_help {
                self.later(20_000, Event::Issues { person, temporary });
            }
            return;
        }
        let from = self
            .directory
            .db
            .credentials
            .get(&person)
            .map(|it| it.stamp);
        let wait = self.chance.between(1, 5_000);
        self.later(
            wait,
            Event::Issued {
                person,
                from,
                temporary,
            },
        );
    }

    pub(crate) fn issued(
        &mut self,
        person: usize,
        from: Option<lockstep_model::Stamp>,
        temporary: bool,
    ) {
        if !self.directory.up {
            return self.issues(person, temporary);
        }
        let new = self.fresh_password();
        let (set, facts) = self
            .directory
            .issue(self.now, person, from, (new, temporary));
        tell!(self, "person {person} is issued {new}: {set:?}");
        if set.is_err() {
            self.counts.note(Happening::RaceLost);
            if self.people[person].waits_for_help {
                self.issues(person, temporary);
            }
            return;
        }
        // What the rule closes now stays closed.
        self.excused = true;
        self.people[person].letters.push(new);
        self.take_facts(facts);
        let how = if temporary {
            Happening::Temporary
        } else {
            Happening::ResetLink
        };
        self.counts.note(how);
        let wait = if temporary {
            self.chance.between(2_000, 60_000)
        } else {
            1
        };
        self.later(
            wait,
            Event::Reads {
                person,
                password: new,
            },
        );
    }

    pub(crate) fn reads(&mut self, person: usize, password: Password) {
        self.people[person].waits_for_help = false;
        self.people[person].learns(password);
    }

    /// The person changes the password on one of their computers.
    fn changes_here(&mut self, b: usize) {
        let bound = &self.bounds[b];
        let there = &self.devices[bound.device];
        let busy = bound.flow.is_some() || bound.state.is_running();
        if !self.is_alive(b) || !bound.session || there.cut || busy || !bound.linked {
            return;
        }
        let person = bound.person;
        if let Some(typed) = self.guess(person) {
            let new = self.chooses(person);
            self.begin(b, Aim::Change { new, own: false }, typed);
        }
    }

    /// Somebody changes a store behind our back.
    fn drifts(&mut self, b: usize, store: StoreKind) {
        if !self.devices[self.bounds[b].device].on || !self.bounds[b].has(store) {
            return;
        }
        self.counts.note(Happening::Drift);
        self.excused = true;
        let by_root = self.chance.coin();
        let password = self.fresh_password();
        let bound = &mut self.bounds[b];
        match (store, &mut bound.own.keychain) {
            (StoreKind::Account, _) => bound.own.account = password,
            (StoreKind::Keychain, Some(keychain)) if !by_root => keychain.password = password,
            (StoreKind::Disk, _) if !by_root => {
                self.devices[bound.device].disk.rekey(b, password);
            }
            (StoreKind::Keychain, _) | (StoreKind::Disk, _) => return,
        }
        bound.watch.drifted.insert(store);
        bound.watch.stale.insert(store);
        let person = bound.person;
        if !by_root {
            self.people[person].learns_local(password);
        }
        if store == StoreKind::Account {
            let wait = self.chance.between(10, 5_000);
            self.later(wait, Event::Compares { b });
        }
    }

    /// The agent has the account compared with what it was, once nothing is under way.
    pub(crate) fn compares(&mut self, b: usize) {
        let bound = &self.bounds[b];
        if !self.is_alive(b) || bound.flow.is_some() || bound.state.is_running() {
            self.later(3_000, Event::Compares { b });
            return;
        }
        if bound.watch.drifted.contains(&StoreKind::Account) {
            self.feed(b, Input::Drifted(StoreKind::Account));
        }
    }

    pub(crate) fn power_cut(&mut self, device: usize) {
        if !self.devices[device].on {
            return;
        }
        self.counts.note(Happening::PowerCut);
        self.devices[device].on = false;
        self.devices[device].boots += 1;
        self.stops(device);
        for bound in self.bounds.iter_mut().filter(|it| it.device == device) {
            bound.session = false;
        }
        let wait = self.chance.between(5_000, 90_000);
        self.later(wait, Event::Boots { device });
    }

    pub(crate) fn agent_dies(&mut self, device: usize) {
        if !self.devices[device].agent {
            return;
        }
        self.counts.note(Happening::AgentDeath);
        self.stops(device);
        let wait = self.chance.between(100, 5_000);
        self.later(wait, Event::AgentStarts { device });
    }

    /// Everything in the agent's memory is gone.
    fn stops(&mut self, device: usize) {
        self.devices[device].agent = false;
        self.devices[device].life += 1;
        for bound in self.bounds.iter_mut().filter(|it| it.device == device) {
            bound.journal.crash();
            bound.secrets.clear();
            (bound.share, bound.order, bound.news) = (None, None, None);
            (bound.flow, bound.question, bound.problem) = (None, None, None);
            bound.state = lockstep_sync::State::new(bound.config.clone());
        }
    }

    /// Whether agent or power goes just now, between two effects.
    pub(crate) fn dies_here(&mut self) -> bool {
        self.chance.per_mille(self.wild.mid_step)
    }

    /// They go before an effect, or in the middle of it.
    pub(crate) fn die_in(&mut self, b: usize, effect: &Effect) {
        if let Effect::Persist(record) = effect {
            let part = self.chance.below(1000);
            self.bounds[b].journal.tear(record, part);
        }
        let device = self.bounds[b].device;
        if self.chance.coin() {
            self.power_cut(device);
        } else {
            self.agent_dies(device);
        }
    }

    pub(crate) fn agent_starts(&mut self, device: usize) {
        if !self.devices[device].on || self.devices[device].agent {
            return;
        }
        self.devices[device].agent = true;
        for b in 0..self.bounds.len() {
            if self.bounds[b].device != device {
                continue;
            }
            self.reopen(b);
            if self.bounds[b].session {
                self.feed(b, Input::SessionUp);
            }
            // It compares at every start.
            self.later(100, Event::Compares { b });
        }
        self.ask_from(device, crate::directory::Request::CheckIn);
    }

    pub(crate) fn boots(&mut self, device: usize) {
        if self.devices[device].on {
            return;
        }
        self.devices[device].on = true;
        self.agent_starts(device);
        for b in 0..self.bounds.len() {
            if self.bounds[b].device == device {
                self.logs_in_later(b);
            }
        }
    }

    fn logs_in_later(&mut self, b: usize) {
        let wait = self.chance.between(1_000, 60_000);
        self.later(wait, Event::LogsIn { b });
    }

    pub(crate) fn logs_in(&mut self, b: usize) {
        if self.devices[self.bounds[b].device].on && !self.bounds[b].session {
            self.bounds[b].session = true;
            if self.is_alive(b) {
                self.feed(b, Input::SessionUp);
            }
        }
    }

    /// From now on nothing goes wrong: the network is whole, everything runs, everybody is there.
    pub(crate) fn calm_down(&mut self) {
        tell!(self, "the world calms down");
        self.calm = true;
        self.wild.calm_down();
        self.directory.up = true;
        for device in 0..self.devices.len() {
            self.devices[device].cut = false;
            self.boots(device);
            self.agent_starts(device);
        }
        for b in 0..self.bounds.len() {
            self.logs_in(b);
            if self.bounds[b].watch.drifted.contains(&StoreKind::Account) {
                self.later(1, Event::Compares { b });
            }
        }
    }
}
