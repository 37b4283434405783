//! The device's shell: it feeds the production core and runs its effects, as the agent does.

use std::collections::VecDeque;

use lockstep_model::{Code, Stamp, StoreKind, Timestamp};
use lockstep_sync::{Effect, Input, OpId, Outcome, Record, SecretRef, Verdict, replay, step};

use crate::device::{File, Question, Sealed};
use crate::happening::Happening;
use crate::plant::Plant;
use crate::stores::{Password, Reach, Work};
use crate::world::{Event, World};

/// How an operation goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Well,
    /// Refused, and nothing changed.
    Refused(Code),
    /// Nobody hears how it ended.
    Vague {
        done: bool,
    },
    /// It reports what is not so.
    Lie {
        done: bool,
    },
}

/// An operation that the helper was given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Given {
    pub(crate) binding: usize,
    pub(crate) life: u32,
    pub(crate) boots: u32,
    pub(crate) op: OpId,
    pub(crate) work: Work,
    pub(crate) fate: Fate,
}

/// The shell could not go on: everything after it is dropped.
struct Fell;

impl World {
    /// Takes the directory's word; while something is under way, the core takes it in between two
    /// steps.
    pub(crate) fn hear(&mut self, b: usize, stamp: Stamp) {
        let Some(bound) = self.bounds.get_mut(b) else {
            return;
        };
        bound.news = Some(stamp);
        if self.plant == Some(Plant::RestoreObeyed)
            && bound
                .state
                .known()
                .is_some_and(|it| it.epoch != stamp.epoch)
            && !bound.state.is_running()
        {
            bound.state = lockstep_sync::State::new(bound.config.clone());
        }
        self.absorb(b);
    }

    /// Feeds the last word to the core, outside of any flow or run.
    pub(crate) fn absorb(&mut self, b: usize) {
        let bound = &self.bounds[b];
        if bound.flow.is_some() || bound.state.is_running() {
            return;
        }
        if let Some(stamp) = bound.news
            && self.is_alive(b)
        {
            self.feed(b, Input::Announced(stamp));
        }
    }

    /// Feeds one input, and runs what follows from it up to the next operation.
    pub(crate) fn feed(&mut self, b: usize, input: Input) {
        let began = self.bounds[b].state.is_running();
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let bound = &mut self.bounds[b];
            let withheld = match self.plant {
                Some(Plant::NewsWithheld) => true,
                Some(Plant::AnswerFirst) => !matches!(input, Input::Finished { .. }),
                Some(_) | None => false,
            };
            if let Some(stamp) = bound.state.overtaken_by(bound.news)
                && !matches!(input, Input::Announced(_))
                && !withheld
            {
                inputs.push_front(input);
                inputs.push_front(Input::Announced(stamp));
                continue;
            }
            if let Input::Finished { op, .. } = input
                && bound.watch.flight == Some(op)
            {
                bound.watch.flight = None;
            }
            let at = Timestamp(self.now + self.devices[bound.device].skew);
            let before = (bound.state.known(), bound.state.target());
            let life = self.devices[bound.device].life;
            let (state, effects) = step(bound.state.clone(), at, input.clone());
            bound.state = state;
            tell!(self, "  {}: {}", self.name(b), words(&input));
            self.judge_step(b, &input, before, &effects);
            for effect in effects {
                if self.dies_here() {
                    self.tell_death(b, &effect);
                    self.die_in(b, &effect);
                    return;
                }
                if self.perform(b, effect).is_err() {
                    self.fall_back(b);
                    return;
                }
                if self.devices[self.bounds[b].device].life != life {
                    return;
                }
            }
            self.judge_after(b);
        }
        if began {
            self.absorb(b);
        }
    }

    fn tell_death(&mut self, b: usize, effect: &Effect) {
        tell!(self, "  {}: dies before {effect:?}", self.name(b));
        self.counts.note(Happening::MidStep);
    }

    /// Does one effect.
    fn perform(&mut self, b: usize, effect: Effect) -> Result<(), Fell> {
        tell!(self, "    {}: {}", self.name(b), effect_words(&effect));
        self.judge_effect(b, &effect);
        let bound = &mut self.bounds[b];
        let held = |name: SecretRef| bound.secrets.get(&name).copied();
        match effect {
            Effect::Persist(record) => {
                if self.plant == Some(Plant::PersistLost) {
                    bound.journal.write(&record);
                } else if self.chance.per_mille(self.wild.torn) {
                    let part = self.chance.below(1000);
                    bound.journal.tear(&record, part);
                    self.counts.note(Happening::Torn);
                    return Err(Fell);
                } else {
                    bound.journal.append(&record);
                    if let Record::Opened { store, .. } | Record::Shut { store, .. } = record
                        && !bound.watch.drifted.contains(&store)
                    {
                        bound.watch.stale.remove(&store);
                    }
                }
            }
            Effect::Report => {}
            Effect::Finish(verdict) => self.end_run(b, &verdict),
            Effect::Probe { op, store, with } => {
                let work = held(with).map(|secret| Work::Probe(store, secret));
                self.launch(b, op, work);
            }
            Effect::Preflight { op, store, with } => {
                let work = held(with).map(|_| Work::Preflight(store));
                self.launch(b, op, work);
            }
            Effect::Change {
                op,
                store,
                from,
                to,
            } => {
                let secrets = held(from).zip(held(SecretRef::Generation(to)));
                let work = secrets.map(|(old, new)| Work::Change(store, old, new));
                self.launch(b, op, work);
            }
            Effect::Reset { op, store, to } => {
                let new = held(SecretRef::Generation(to));
                let order = match store {
                    StoreKind::Account => bound.order.take(),
                    StoreKind::Disk | StoreKind::Keychain => None,
                };
                let order = order.filter(|(_, stamp)| *stamp == to).map(|it| it.0);
                let work = new.map(|new| Work::Reset(store, new, order));
                self.launch(b, op, work);
            }
            Effect::RemoveOld { op, keep, .. } => {
                let work = held(SecretRef::Generation(keep)).map(Work::RemoveOld);
                self.launch(b, op, work);
            }
            Effect::Seal { op, stamp } => {
                let secret = held(SecretRef::Generation(stamp));
                let outcome = secret.map_or(Outcome::Indeterminate, |secret| {
                    match self.seal(b, stamp, secret) {
                        Ok(()) => Outcome::Applied,
                        Err(code) => Outcome::NotApplied(code),
                    }
                });
                if self.plant == Some(Plant::RetiredEarly) {
                    self.retire(b, stamp);
                }
                self.answers_soon(b, op, outcome);
            }
            Effect::Retire { op, keep } => {
                let whole = !self.chance.per_mille(self.wild.refuses);
                self.counts.note(Happening::Retired);
                let outcome = if whole {
                    self.retire(b, keep);
                    Outcome::Applied
                } else {
                    // It fails after the first one.
                    let other = bound.kept().find(|(_, it)| it.stamp != keep);
                    if let Some((envelope, _)) = other {
                        bound.erase(envelope);
                    }
                    Outcome::NotApplied(Code::StateUnreadable)
                };
                self.answers_soon(b, op, outcome);
            }
            Effect::AskOld { stores, answer, .. } => {
                self.counts.note(Happening::Asked);
                let number = self.fresh();
                self.bounds[b].question = Some(Question {
                    number,
                    stores,
                    answer,
                });
                let pause = if self.calm { 10_000 } else { 40_000 };
                let life = self.life(b);
                let wait = self.chance.between(1_000, pause);
                self.later(
                    wait,
                    Event::Says {
                        b,
                        life,
                        question: number,
                    },
                );
            }
        }
        Ok(())
    }

    /// Seals a password for a generation, if there is a share to seal with.
    pub(crate) fn seal(&mut self, b: usize, stamp: Stamp, password: Password) -> Result<(), Code> {
        let refused = self.chance.per_mille(self.wild.refuses);
        let bound = &mut self.bounds[b];
        let (envelope, share) = bound.share.ok_or(Code::DirectoryUnreachable)?;
        if self.plant == Some(Plant::NotSealed) {
            return Ok(());
        }
        if refused {
            return Err(Code::StateUnreadable);
        }
        let sealed = Some(Sealed {
            share,
            stamp,
            password,
        });
        bound.envelopes.insert(envelope, File { sealed });
        Ok(())
    }

    fn retire(&mut self, b: usize, keep: Stamp) {
        let bound = &mut self.bounds[b];
        let others: Vec<_> = bound.kept().filter(|(_, it)| it.stamp != keep).collect();
        for (envelope, _) in others {
            bound.erase(envelope);
        }
    }

    fn answers_soon(&mut self, b: usize, op: OpId, outcome: Outcome) {
        let life = self.life(b);
        let wait = self.chance.between(1, 30);
        self.later(
            wait,
            Event::Ended {
                b,
                life,
                op,
                outcome,
            },
        );
    }

    /// Gives an operation to the helper.
    fn launch(&mut self, b: usize, op: OpId, work: Option<Work>) {
        let Some(work) = work else {
            return self.answers_soon(b, op, Outcome::Indeterminate);
        };
        let fate = self.fate(work);
        let slowest = if self.calm { 800 } else { self.wild.slowest };
        let wait = self.chance.between(20, slowest);
        let now = self.now;
        let device = self.bounds[b].device;
        let device = &mut self.devices[device];
        // The disk is the computer's, and whoever writes to it waits for its turn.
        let whose = if work.store() == StoreKind::Disk {
            usize::MAX
        } else {
            b
        };
        let free = device.busy.entry((whose, work.store())).or_insert(0);
        let at = (now + wait).max(*free + 1);
        *free = at;
        let given = Given {
            binding: b,
            life: device.life,
            boots: device.boots,
            op,
            work,
            fate,
        };
        self.later(at - now, Event::Executes(given));
    }

    fn fate(&mut self, work: Work) -> Fate {
        if self.chance.per_mille(self.wild.refuses) {
            self.counts.note(Happening::Refused);
            let code = match work {
                Work::Preflight(_) => Code::HelperUnavailable,
                Work::RemoveOld(_) => Code::OldOpensDisk,
                Work::Probe(..) | Work::Change(..) | Work::Reset(..) => Code::StoreUnknown,
            };
            return Fate::Refused(code);
        }
        if self.chance.per_mille(self.wild.vague) {
            self.counts.note(Happening::Vague);
            return Fate::Vague {
                done: self.chance.coin(),
            };
        }
        if work.mutates() && self.chance.per_mille(self.wild.lies) {
            self.counts.note(Happening::Lied);
            return Fate::Lie {
                done: self.chance.coin(),
            };
        }
        Fate::Well
    }

    /// The helper does what it was given, whether or not its agent still lives.
    pub(crate) fn execute(&mut self, given: Given) {
        let Given {
            binding: b,
            life,
            boots,
            op,
            work,
            fate,
        } = given;
        let bound = &mut self.bounds[b];
        let device = &mut self.devices[bound.device];
        if device.boots != boots || !device.on {
            return;
        }
        let needs_session = bound.config.stores.get(&work.store());
        let absent = needs_session.is_some_and(|it| it.needs_session) && !bound.session;
        let fate = if absent {
            Fate::Refused(Code::StoreUnknown)
        } else {
            fate
        };
        let done = match fate {
            Fate::Well | Fate::Vague { done: true } | Fate::Lie { done: true } => {
                let before = (device.disk.clone(), bound.own.keychain);
                let plant = self.plant;
                let mut reach = Reach {
                    binding: b,
                    own: &mut bound.own,
                    disk: &mut device.disk,
                    plant,
                };
                let outcome = reach.does(work);
                self.judge_work(b, work, outcome, before);
                Some(outcome)
            }
            Fate::Refused(_) | Fate::Vague { done: false } | Fate::Lie { done: false } => None,
        };
        let outcome = match (fate, done) {
            (Fate::Well, Some(outcome)) => outcome,
            (Fate::Refused(code), _) | (Fate::Lie { .. }, Some(Outcome::NotApplied(code))) => {
                Outcome::NotApplied(code)
            }
            (Fate::Lie { done: true }, _) => Outcome::NotApplied(Code::StoreUnknown),
            (Fate::Lie { done: false }, _) => Outcome::Applied,
            (Fate::Vague { .. } | Fate::Well, _) => Outcome::Indeterminate,
        };
        tell!(
            self,
            "  {}: helper: {work:?}: {outcome:?} ({fate:?})",
            self.name(b)
        );
        let vague = outcome == Outcome::Indeterminate;
        if vague && self.plant == Some(Plant::NeverAnswered) {
            return;
        }
        let wait = if vague {
            10_000
        } else {
            self.chance.between(1, 20)
        };
        self.later(
            wait,
            Event::Ended {
                b,
                life,
                op,
                outcome,
            },
        );
    }

    fn end_run(&mut self, b: usize, verdict: &Verdict) {
        let bound = &mut self.bounds[b];
        bound.forget_secrets();
        bound.question = None;
        if bound.journal.is_long() && !bound.state.is_running() {
            bound.journal.compact(&bound.state.snapshot());
        }
        bound.problem = match verdict {
            Verdict::InSync(_) => None,
            Verdict::Stopped { code, .. } => Some(*code),
        };
        match verdict {
            Verdict::InSync(_) => {
                bound.linked = true;
                self.counts.note(Happening::InSync);
            }
            Verdict::Stopped { .. } => {
                bound.watch.stopped += u32::from(self.calm);
                self.counts.note(Happening::Stopped);
            }
        }
        self.bury(b);
    }

    /// Goes back to what is durable.
    fn fall_back(&mut self, b: usize) {
        tell!(self, "  {}: a record was not made durable", self.name(b));
        self.bounds[b].forget_secrets();
        self.bounds[b].flow = None;
        self.reopen(b);
        if self.bounds[b].session {
            self.feed(b, Input::SessionUp);
        }
    }

    /// The state is what the journal says.
    pub(crate) fn reopen(&mut self, b: usize) {
        let bound = &mut self.bounds[b];
        bound.journal.crash();
        let records = match bound.journal.reopen() {
            Ok(records) => records,
            Err(fault) => return self.broke("S11: the journal can't be read", &fault),
        };
        let at = Timestamp(self.now + self.devices[bound.device].skew);
        let state = replay(bound.config.clone(), &records);
        let (state, _) = step(state, at, Input::Restarted);
        bound.journal.compact(&state.snapshot());
        bound.state = state;
        bound.question = None;
        self.judge_reopened(b);
    }
}

fn words(input: &Input) -> String {
    match input {
        Input::Announced(stamp) => format!("hears of {stamp}"),
        Input::Proved { stamp, secrets } => {
            format!("{stamp} is proved, {} secrets at hand", secrets.len())
        }
        Input::OldTyped
        | Input::Declined(_)
        | Input::Forgotten
        | Input::SecretsLost
        | Input::Restarted
        | Input::Finished { .. }
        | Input::Drifted(_)
        | Input::SessionUp
        | Input::SessionDown => format!("{input:?}"),
    }
}

fn effect_words(effect: &Effect) -> String {
    let text = match effect {
        Effect::Persist(record) => format!("durable: {record:?}"),
        Effect::Finish(verdict) => format!("verdict: {verdict:?}"),
        Effect::Probe { .. }
        | Effect::Preflight { .. }
        | Effect::Seal { .. }
        | Effect::Change { .. }
        | Effect::Reset { .. }
        | Effect::RemoveOld { .. }
        | Effect::Retire { .. }
        | Effect::AskOld { .. }
        | Effect::Report => format!("{effect:?}"),
    };
    crate::story::shorten(&text)
}
