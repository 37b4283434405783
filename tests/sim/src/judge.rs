//! The promises, checked at every event by who knows the whole truth.
//!
//! P1: no store that its person could open, or have opened, is shut to them but by what is nobody's
//! doing here (others changed it, memory was lost, the rule or a restore took a share). P2: no slot,
//! keychain or envelope goes before its successor was opened, and nothing of anybody else. P3: what
//! is said to be in step is. S4, S5: a durable intent before each mutation, one operation at a time.
//! S7: nothing goes back, and nothing is obeyed but what follows or was proved. One verdict a run.
//! At the directory: one password a stamp, and a share only after a proof of the present password.

use std::collections::BTreeSet;

use lockstep_directory::core::release::ReleaseRule;
use lockstep_model::{Code, Stamp, StoreKind, StoreState, WithoutOld};
use lockstep_sync::{Effect, Input, OpId, Outcome, SecretRef, Verdict};

use crate::device::{Bound, Sealed};
use crate::directory::Fact;
use crate::happening::Happening;
use crate::stores::{Disk, Keychain, Password, Work};
use crate::world::World;

impl World {
    /// What holds at every moment.
    pub(crate) fn judge(&mut self) {
        for b in 0..self.bounds.len() {
            self.judge_doors(b);
            self.judge_words(b);
        }
    }

    /// P1: no store was shut to its person.
    fn judge_doors(&mut self, b: usize) {
        let known = self.recoverable(b);
        let stores: Vec<StoreKind> = self.bounds[b].stores().collect();
        for store in stores {
            let open = self.opens_with(b, store, &known);
            let before = self.bounds[b].watch.open.insert(store, open);
            if before == Some(true) && !open && !self.excused {
                let detail = format!("the {store} of {}", self.name(b));
                self.broke("P1: no store is shut to its person", &detail);
            }
        }
    }

    /// What a person knows, and what their binding can get back for them.
    fn recoverable(&self, b: usize) -> BTreeSet<Password> {
        let bound = &self.bounds[b];
        let person = &self.people[bound.person];
        let mut known: BTreeSet<Password> = person.knows.iter().copied().collect();
        known.extend(person.letters.iter().copied());
        let credential = self.directory.db.credentials.get(&bound.person);
        let present = self.directory.password(bound.person);
        let (Some(credential), true) = (credential, present.is_some_and(|it| person.will_know(it)))
        else {
            return known;
        };
        for (envelope, sealed) in bound.kept() {
            let kept = self.directory.db.shares.get(&envelope);
            let released = kept.is_some_and(|kept| {
                kept.share == sealed.share
                    && kept.binding == b
                    && self.may_go(kept.stamp, credential)
            });
            if released {
                known.insert(sealed.password);
            }
        }
        known
    }

    /// Whether the organisation's rule lets a share go after a proof of this credential.
    fn may_go(
        &self,
        of: Stamp,
        credential: &lockstep_directory::core::credential::Credential,
    ) -> bool {
        let (proved, issued) = (credential.stamp, credential.issued);
        let older_than_issued = of.generation.0 < issued.0;
        of.epoch == proved.epoch
            && of.generation.0 <= proved.generation.0 + 1
            && (!older_than_issued || self.directory.rule == ReleaseRule::Always)
    }

    fn opens_with(&self, b: usize, store: StoreKind, known: &BTreeSet<Password>) -> bool {
        let bound = &self.bounds[b];
        match store {
            StoreKind::Account => known.contains(&bound.own.account),
            StoreKind::Keychain => bound
                .own
                .keychain
                .is_some_and(|it| known.contains(&it.password)),
            StoreKind::Disk => {
                let disk = &self.devices[bound.device].disk;
                disk.passwords().any(|it| known.contains(&it))
            }
        }
    }

    pub(crate) fn opens(&self, b: usize, store: StoreKind, password: Password) -> bool {
        self.opens_with(b, store, &BTreeSet::from([password]))
    }

    /// P3: a store that is said to be in step opens with that password, and was opened with it.
    fn judge_words(&mut self, b: usize) {
        let bound = &self.bounds[b];
        if !self.is_alive(b) {
            return;
        }
        let Some(known) = bound.state.known() else {
            return;
        };
        let status = bound.state.status();
        for (store, state) in status.stores {
            let StoreState::InSync { generation, .. } = state else {
                continue;
            };
            let bound = &self.bounds[b];
            if bound.watch.stale.contains(&store) {
                continue;
            }
            let password = self.password_of(bound.person, known);
            let true_word = password.is_some_and(|it| self.opens(b, store, it));
            if !true_word || generation != known.generation {
                let detail = format!("the {store} of {} at {known}", self.name(b));
                self.broke("P3: what is said to be in sync is", &detail);
            }
        }
    }

    /// One input of the core.
    pub(crate) fn judge_step(
        &mut self,
        b: usize,
        input: &Input,
        before: (Option<Stamp>, Option<Stamp>),
        effects: &[Effect],
    ) {
        let bound = &mut self.bounds[b];
        let (known, target) = (bound.state.known(), bound.state.target());
        let heard = bound.watch.known;
        let mut fault = None;
        match input {
            Input::Announced(stamp) => {
                let follows = heard.is_none_or(|heard| stamp.follows(heard));
                if known != heard && !(follows && known == Some(*stamp)) {
                    fault = Some("S7: nothing is obeyed but what follows");
                }
                if heard.is_some_and(|heard| heard != *stamp && !follows) {
                    self.counts.note(Happening::Odd);
                }
                if target != before.1 {
                    fault = Some("S7: only a proof sets a target");
                }
            }
            Input::Proved { stamp, .. } => {
                let overtaken = before.0.is_some_and(|known| known.follows(*stamp));
                let expected = if overtaken {
                    before
                } else {
                    (Some(*stamp), Some(*stamp))
                };
                if (known, target) != expected {
                    fault = Some("S7: a proof sets the target");
                }
                if !overtaken {
                    bound.watch.proved = Some(*stamp);
                }
                // One that was overtaken gets a verdict of its own, unless a run is under way.
                bound.watch.running = true;
            }
            Input::OldTyped
            | Input::Declined(_)
            | Input::Forgotten
            | Input::SecretsLost
            | Input::Restarted
            | Input::Finished { .. }
            | Input::Drifted(_)
            | Input::SessionUp
            | Input::SessionDown => {
                if (known, target) != before {
                    fault = Some("S7: only the directory's word and proofs move the target");
                }
            }
        }
        bound.watch.known = known;
        let operations = effects.iter().filter(|it| operation(it).is_some()).count();
        if operations > 1 {
            fault = Some("S5: one operation at a time");
        }
        if let Some(fault) = fault {
            let detail = format!("{}: {input:?}", self.name(b));
            self.broke(fault, &detail);
        }
    }

    /// After the effects of one input.
    pub(crate) fn judge_after(&mut self, b: usize) {
        let bound = &self.bounds[b];
        if bound.state.is_running() != bound.watch.running {
            let detail = self.name(b);
            self.broke("exactly one verdict a run", &detail);
        }
    }

    /// After a restart, nothing is remembered but what was durable.
    pub(crate) fn judge_reopened(&mut self, b: usize) {
        let bound = &mut self.bounds[b];
        (bound.watch.running, bound.watch.flight) = (false, None);
        bound.watch.removing = false;
        bound.watch.opened.clear();
        let known = bound.state.known();
        // A word that was not durable is forgotten; one that never came is not made up.
        bound.watch.known = known;
        if bound.state.target() != bound.watch.proved && bound.state.target().is_some() {
            bound.watch.proved = bound.state.target();
        }
        let person = bound.person;
        let made_up = known.is_some_and(|known| self.password_of(person, known).is_none());
        if made_up {
            let detail = self.name(b);
            self.broke("S11: the journal adds up to what was", &detail);
        }
    }

    /// One effect, when it is about to run.
    pub(crate) fn judge_effect(&mut self, b: usize, effect: &Effect) {
        let bound = &mut self.bounds[b];
        if let Some(op) = operation(effect)
            && bound.watch.flight.replace(op).is_some()
        {
            let detail = format!("{}: {effect:?}", self.name(b));
            return self.broke("S5: one operation at a time", &detail);
        }
        match effect {
            Effect::Change { op, store, to, .. } | Effect::Reset { op, store, to } => {
                self.counts_reset(effect, *store);
                self.judge_intent(b, *op, *to, effect);
                self.judge_sealed(b, *to, effect);
                self.bounds[b].watch.opened.remove(store);
            }
            Effect::Seal { op, stamp } => self.judge_intent(b, *op, *stamp, effect),
            Effect::RemoveOld { op, store, keep } => {
                self.counts.note(Happening::Removed);
                self.judge_intent(b, *op, *keep, effect);
                self.judge_all_opened(b, *keep, "P2: no slot goes before its successor was opened");
                let bound = &mut self.bounds[b];
                bound.watch.opened.remove(store);
                bound.watch.removing = true;
            }
            Effect::Retire { op, keep } => {
                self.judge_intent(b, *op, *keep, effect);
                let promise = "P2: no envelope goes before its successor was opened";
                self.judge_all_opened(b, *keep, promise);
            }
            Effect::Finish(verdict) => self.judge_verdict(b, verdict),
            Effect::Persist(_)
            | Effect::Probe { .. }
            | Effect::Preflight { .. }
            | Effect::AskOld { .. }
            | Effect::Report => {}
        }
    }

    fn counts_reset(&mut self, effect: &Effect, store: StoreKind) {
        if let Effect::Reset { .. } = effect {
            self.counts.note(match store {
                StoreKind::Account | StoreKind::Disk => Happening::Reset,
                StoreKind::Keychain => Happening::SetAside,
            });
        }
    }

    /// S4 and S7, for every mutation.
    fn judge_intent(&mut self, b: usize, op: OpId, to: Stamp, effect: &Effect) {
        let bound = &self.bounds[b];
        let fault = if !bound.journal.is_intended(op) {
            "S4: no mutation without a durable intent"
        } else if bound.state.known() != Some(to) || bound.watch.proved != Some(to) {
            "S7: nothing goes but towards what was proved, and is the newest known"
        } else if bound.news.is_some_and(|news| news.follows(to)) {
            "S7: nothing goes towards what the device has heard to be old"
        } else {
            return;
        };
        let detail = format!("{}: {effect:?}", self.name(b));
        self.broke(fault, &detail);
    }

    /// The new password is sealed before the first change, and it is the new password.
    fn judge_sealed(&mut self, b: usize, to: Stamp, effect: &Effect) {
        let bound = &self.bounds[b];
        let truth = self.password_of(bound.person, to);
        let held = bound.secrets.get(&SecretRef::Generation(to)).copied();
        let sealed = |it: Sealed| it.stamp == to && Some(it.password) == truth;
        let sealed = bound.kept().any(|(_, it)| sealed(it));
        let fault = if held.is_some() && held != truth {
            "a store moves to the password that its stamp names"
        } else if !sealed {
            "P1: the new password is sealed before a store changes"
        } else {
            return;
        };
        let detail = format!("{}: {effect:?}", self.name(b));
        self.broke(fault, &detail);
    }

    /// Every store was opened with the password of a stamp, and opens with it.
    fn judge_all_opened(&mut self, b: usize, keep: Stamp, promise: &'static str) {
        let bound = &self.bounds[b];
        let Some(password) = self.password_of(bound.person, keep) else {
            return self.broke(promise, "a stamp that names nothing");
        };
        let stores: Vec<StoreKind> = bound.stores().collect();
        for store in stores {
            let bound = &self.bounds[b];
            let drifted = bound.watch.drifted.contains(&store);
            let opened = bound.watch.opened.get(&store) == Some(&password);
            if !opened || !(drifted || self.opens(b, store, password)) {
                let detail = format!("the {store} of {} at {keep}", self.name(b));
                return self.broke(promise, &detail);
            }
        }
    }

    fn judge_verdict(&mut self, b: usize, verdict: &Verdict) {
        let bound = &mut self.bounds[b];
        if !std::mem::take(&mut bound.watch.running) {
            let detail = self.name(b);
            return self.broke("exactly one verdict a run", &detail);
        }
        match verdict {
            Verdict::InSync(stamp) => {
                let promise = "P3: in sync is said after each store was opened";
                self.judge_all_opened(b, *stamp, promise);
            }
            Verdict::Stopped { code, .. } => {
                if matches!(code, Code::PlanRefused | Code::Internal) {
                    let detail = format!("{}: {code:?}", self.name(b));
                    self.broke("planner and checker agree", &detail);
                }
            }
        }
    }

    /// What the helper has just done.
    pub(crate) fn judge_work(
        &mut self,
        b: usize,
        work: Work,
        outcome: Outcome,
        before: (Disk, Option<Keychain>),
    ) {
        let (disk, keychain) = before;
        let mut fault = None;
        if let Work::Probe(store, password) = work {
            let opens = self.opens(b, store, password);
            let watch = &mut self.bounds[b].watch;
            watch.drifted.remove(&store);
            if opens {
                watch.opened.insert(store, password);
            } else {
                watch.opened.remove(&store);
            }
        }
        let bound = &mut self.bounds[b];
        let after = &self.devices[bound.device].disk;
        let removing = matches!(work, Work::RemoveOld(_)) && bound.watch.removing;
        let gone = disk.slots.iter();
        let mut gone = gone
            .filter(|(number, _)| !after.slots.contains_key(number))
            .peekable();
        if gone.peek().is_some() && !matches!(work, Work::RemoveOld(_)) {
            fault = Some("P2: no slot goes before its successor was opened");
        }
        if gone.any(|(_, slot)| slot.of != Some(b)) {
            fault = Some("P2: no slot of anybody else goes");
        }
        if removing {
            bound.watch.removing = false;
        }
        let contents = |it: Option<Keychain>| it.map(|it| it.contents);
        if contents(keychain) != contents(bound.own.keychain)
            && !keychain.is_some_and(|it| bound.own.aside.contains(&it))
        {
            fault = Some("P2: no keychain is deleted");
        }
        if let Work::Change(store, ..) | Work::Reset(store, ..) = work
            && matches!(outcome, Outcome::Applied | Outcome::Opened(false))
        {
            bound.watch.drifted.remove(&store);
            if outcome == Outcome::Opened(false) {
                self.counts.note(Happening::FoundOut);
            }
        }
        if let Some(fault) = fault {
            let detail = format!("{}: {work:?}", self.name(b));
            self.broke(fault, &detail);
        }
    }

    /// What the directory has just done.
    pub(crate) fn judge_fact(&mut self, fact: &Fact) {
        match fact {
            Fact::Set {
                person,
                stamp,
                password,
                before,
            } => {
                let name = (*person, stamp.epoch, stamp.generation.0);
                let other = self.names.insert(name, *password);
                let twice = other.is_some_and(|other| other != *password);
                let back = before.is_some_and(|before| !stamp.follows(before));
                if twice || back {
                    let detail = format!("person {person}: {stamp} twice");
                    self.broke("compare-and-set: one password a stamp", &detail);
                }
                let mut theirs = self.bounds.iter().filter(|it| it.person == *person);
                let running = theirs.any(|it| it.state.is_running());
                if running {
                    self.counts.note(Happening::MidSync);
                }
            }
            Fact::Released {
                device,
                binding,
                proof,
                of,
                credential,
            } => {
                self.counts.note(Happening::Released);
                let bound = &self.bounds[*binding];
                let present = self.password_of(bound.person, credential.stamp);
                let own = of.binding == *binding && bound.device == *device;
                let fault = if !own {
                    "a share goes to its device alone"
                } else if present != Some(*proof) {
                    "a share goes only after a proof of the present password"
                } else if !self.may_go(of.stamp, credential) {
                    "a share goes by the organisation's rule"
                } else {
                    return;
                };
                let detail = self.name(*binding);
                self.broke(fault, &detail);
            }
            Fact::Buried(envelope) => {
                let keeps = |bound: &Bound| bound.kept().any(|(it, _)| it == *envelope);
                let is_kept = self.bounds.iter().any(keeps);
                if is_kept {
                    let detail = format!("{envelope:?}");
                    self.broke("P2: a share goes after the sealed copy", &detail);
                }
            }
        }
    }

    /// Whether everything is where it should end up.
    pub(crate) fn is_settled(&self) -> bool {
        (0..self.bounds.len()).all(|b| self.unsettled_at(b).is_none())
            && self
                .people
                .iter()
                .all(|it| it.letters.is_empty() && !it.waits_for_help)
    }

    pub(crate) fn unsettled(&self) -> String {
        let all = (0..self.bounds.len()).filter_map(|b| {
            let why = self.unsettled_at(b)?;
            let bound = &self.bounds[b];
            let state = format!("{:?}", bound.state.status());
            let present = self.directory.password(bound.person);
            let knows = &self.people[bound.person].knows;
            let known = self.recoverable(b);
            let stores = (bound.own.account, bound.own.keychain);
            Some(format!(
                "{}: {why}; {state}; present {present:?}, knows {knows:?}, can get back {known:?}, \
                 account and keychain {stores:?}",
                self.name(b)
            ))
        });
        all.collect::<Vec<String>>().join("\n")
    }

    fn unsettled_at(&self, b: usize) -> Option<&'static str> {
        let bound = &self.bounds[b];
        if !self.is_alive(b) || bound.flow.is_some() || bound.state.is_running() {
            return Some("busy");
        }
        if !bound.tombstones().is_empty() {
            return Some("tombstones are left");
        }
        let credential = self.directory.db.credentials.get(&bound.person);
        let stamp = credential.map(|it| it.stamp);
        if bound.state.known() != stamp && bound.state.status().odd != stamp {
            return Some("it has not heard yet");
        }
        if self.needs_person(b) {
            let why = "the person has yet to do something";
            return (!self.rightly_waits(b)).then_some(why);
        }
        None
    }

    /// Whether a store can't follow, because only an old password opens it that is lost for good,
    /// and says so.
    fn rightly_waits(&self, b: usize) -> bool {
        let bound = &self.bounds[b];
        let known = self.recoverable(b);
        let stays_shut = |store: &StoreKind| {
            let lasting = bound.config.stores.get(store);
            lasting.is_some_and(|it| it.without_old == WithoutOld::StaysShut)
                && !self.opens_with(b, *store, &known)
        };
        let status = bound.state.status();
        let named = |store: StoreKind| {
            matches!(
                status.stores.get(&store),
                Some(StoreState::Problem { .. } | StoreState::NeedsYou { .. })
            )
        };
        let mut stores = bound.stores();
        let shut = stores.any(|store| stays_shut(&store) && named(store));
        bound.watch.stopped >= 3 && shut
    }

    /// What holds at the end.
    pub(crate) fn judge_end(&mut self) {
        for b in 0..self.bounds.len() {
            if self.needs_person(b) {
                self.counts.note(Happening::Waits);
                continue;
            }
            let bound = &self.bounds[b];
            let Some(password) = self.directory.password(bound.person) else {
                continue;
            };
            let temporary = self.directory.db.credentials.get(&bound.person);
            let temporary = temporary.is_some_and(|it| it.temporary);
            let store = bound.stores().find(|store| {
                !bound.watch.drifted.contains(store) && !self.opens(b, *store, password)
            });
            let shares = &self.directory.db.shares;
            let kept = bound.kept().any(|(envelope, it)| {
                it.password == password
                    && shares.get(&envelope).is_some_and(|s| s.share == it.share)
            });
            let fault = match store {
                Some(store) => format!("the {store} of {}", self.name(b)),
                None if !kept => {
                    self.counts.note(Happening::Unsealed);
                    continue;
                }
                None if temporary => format!("{} is at a password for one use", self.name(b)),
                None => continue,
            };
            self.broke("everything ends up in step", &fault);
        }
    }
}

/// The operation that an effect is, if it is one.
const fn operation(effect: &Effect) -> Option<OpId> {
    match effect {
        Effect::Probe { op, .. }
        | Effect::Preflight { op, .. }
        | Effect::Seal { op, .. }
        | Effect::Change { op, .. }
        | Effect::Reset { op, .. }
        | Effect::RemoveOld { op, .. }
        | Effect::Retire { op, .. } => Some(*op),
        Effect::Persist(_) | Effect::AskOld { .. } | Effect::Report | Effect::Finish(_) => None,
    }
}
