//! The directory: the production core decides, over a database that is a value.
//!
//! So it can be copied, brought back from a copy in a new epoch as `restore.rs` does it, and lose
//! what it holds in memory. What it did is told as [`Fact`]s, to be judged by who knows the truth.

use std::collections::BTreeMap;

use lockstep_directory::core::credential::{
    self, Command, Credential, Event, Verifier, next_stamp,
};
use lockstep_directory::core::release::{EnvelopeRule, Release, ReleaseRule};
use lockstep_directory::core::throttle::{Lane, Throttle};
use lockstep_model::{BindingId, Channel, Code, Epoch, Ksf, Origin, Provenance, Stamp, Timestamp};

use crate::plant::Plant;
use crate::stores::{Order, Password};

/// The name of an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Envelope(pub(crate) u64);

/// The directory's half of an envelope's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share(pub(crate) u64);

/// What is kept of a share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept {
    pub(crate) binding: usize,
    pub(crate) stamp: Stamp,
    pub(crate) share: Share,
}

/// Everything that outlives a restart.
#[derive(Clone)]
pub(crate) struct Database {
    pub(crate) epoch: Epoch,
    pub(crate) credentials: BTreeMap<usize, Credential>,
    /// Whose each binding is, and on which device.
    pub(crate) bindings: BTreeMap<usize, (usize, usize)>,
    pub(crate) shares: BTreeMap<Envelope, Kept>,
}

/// What a proof is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Sync,
    Change,
}

/// What a device asks.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    Start {
        purpose: Purpose,
        binding: usize,
    },
    Finish {
        attempt: u64,
        /// Stands for the client's half of OPAQUE.
        proof: Password,
        envelopes: Vec<Envelope>,
        wanted: Option<Envelope>,
        challenge: Option<u64>,
    },
    Commit {
        attempt: u64,
        from: Stamp,
        new: Password,
    },
    Bury {
        binding: usize,
        envelopes: Vec<Envelope>,
    },
    CheckIn,
}

/// What it answers.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Started {
        attempt: u64,
    },
    Proved(Proved),
    Changed(Stamp),
    Buried {
        binding: usize,
        envelopes: Vec<Envelope>,
    },
    News(Vec<(usize, Stamp)>),
}

/// What a proof opens.
#[derive(Clone, Debug)]
pub(crate) struct Proved {
    pub(crate) stamp: Stamp,
    pub(crate) temporary: bool,
    pub(crate) shares: Vec<(Envelope, Share)>,
    pub(crate) order: Option<Order>,
}

/// What came to pass.
pub(crate) enum Fact {
    /// A password is in force.
    Set {
        person: usize,
        stamp: Stamp,
        password: Password,
        before: Option<Stamp>,
    },
    /// A share went out.
    Released {
        device: usize,
        binding: usize,
        proof: Password,
        of: Kept,
        credential: Credential,
    },
    /// A share is gone, because its device said so.
    Buried(Envelope),
}

enum Attempt {
    Device {
        purpose: Purpose,
        device: usize,
        binding: usize,
        stamp: Stamp,
        record: Vec<u8>,
        lanes: Vec<Lane>,
        until: i64,
    },
    ProvedChange {
        device: usize,
        binding: usize,
        /// What stood when it was proved.
        credential: Credential,
        until: i64,
    },
}

/// How long an attempt may take.
const LIFETIME: i64 = 60_000;

pub(crate) struct Directory {
    pub(crate) db: Database,
    pub(crate) backups: Vec<Database>,
    pub(crate) up: bool,
    pub(crate) rule: ReleaseRule,
    plant: Option<Plant>,
    attempts: BTreeMap<u64, Attempt>,
    throttle: Throttle,
    next: u64,
}

impl Directory {
    pub(crate) fn new(epoch: Epoch, rule: ReleaseRule, plant: Option<Plant>) -> Self {
        let db = Database {
            epoch,
            credentials: BTreeMap::new(),
            bindings: BTreeMap::new(),
            shares: BTreeMap::new(),
        };
        Self {
            db,
            backups: Vec::new(),
            up: true,
            rule,
            plant,
            attempts: BTreeMap::new(),
            throttle: Throttle::default(),
            next: 0,
        }
    }

    /// What is in memory only is gone.
    pub(crate) fn stop(&mut self) {
        self.up = false;
        self.attempts.clear();
        self.throttle = Throttle::default();
    }

    /// Puts a backup in place: what was counted before moves into a new epoch, and shares of
    /// changes that were under way go (`storage::copy::begin_epoch`).
    pub(crate) fn restore(&mut self, backup: usize, epoch: Epoch) -> Vec<Fact> {
        self.stop();
        if let Some(backup) = self.backups.get(backup) {
            self.db = backup.clone();
        }
        let Database {
            credentials,
            bindings,
            shares,
            ..
        } = &mut self.db;
        shares.retain(|_, kept| {
            let person = bindings.get(&kept.binding).map(|(person, _)| person);
            let credential = person.and_then(|person| credentials.get(person));
            credential.is_some_and(|it| kept.stamp.generation <= it.stamp.generation)
        });
        for kept in shares.values_mut() {
            kept.stamp.epoch = epoch;
        }
        let mut facts = Vec::new();
        for (person, credential) in credentials {
            credential.stamp.epoch = epoch;
            facts.push(Fact::Set {
                person: *person,
                stamp: credential.stamp,
                password: password_of(credential),
                before: None,
            });
        }
        self.db.epoch = epoch;
        facts
    }

    /// The stamp of everybody who is bound on a device.
    pub(crate) fn news(&self, device: usize) -> Vec<(usize, Stamp)> {
        let here = self.db.bindings.iter().filter(|(_, (_, on))| *on == device);
        let news = here.filter_map(|(binding, (person, _))| {
            Some((*binding, self.db.credentials.get(person)?.stamp))
        });
        news.collect()
    }

    /// The password in force.
    pub(crate) fn password(&self, person: usize) -> Option<Password> {
        self.db.credentials.get(&person).map(password_of)
    }

    /// Answers a device.
    pub(crate) fn answer(
        &mut self,
        now: i64,
        device: usize,
        request: Request,
    ) -> (Result<Answer, Code>, Vec<Fact>) {
        let mut facts = Vec::new();
        let answer = match request {
            Request::Start { purpose, binding } => self.start(now, device, purpose, binding),
            Request::Finish {
                attempt,
                proof,
                envelopes,
                wanted,
                challenge,
            } => {
                let asked = Asked {
                    proof,
                    envelopes,
                    wanted,
                    challenge,
                };
                self.finish(now, device, attempt, asked, &mut facts)
            }
            Request::Commit { attempt, from, new } => {
                self.commit(now, device, (attempt, from, new), &mut facts)
            }
            Request::Bury { binding, envelopes } => {
                for envelope in &envelopes {
                    let own = self
                        .db
                        .shares
                        .get(envelope)
                        .is_some_and(|it| it.binding == binding);
                    if own {
                        self.db.shares.remove(envelope);
                        facts.push(Fact::Buried(*envelope));
                    }
                }
                Ok(Answer::Buried { binding, envelopes })
            }
            Request::CheckIn => Ok(Answer::News(self.news(device))),
        };
        (answer, facts)
    }

    fn start(
        &mut self,
        now: i64,
        device: usize,
        purpose: Purpose,
        binding: usize,
    ) -> Result<Answer, Code> {
        let bound = self
            .db
            .bindings
            .get(&binding)
            .filter(|(_, on)| *on == device);
        let (person, _) = bound.ok_or(Code::NotLinked)?;
        let credential = self.db.credentials.get(person).ok_or(Code::NotLinked)?;
        let id = BindingId(uuid::Uuid::from_u128(binding as u128));
        let lanes = vec![Lane::Binding(id)];
        let charged = self.throttle.charge(&lanes, Timestamp(now));
        charged.map_err(|_| Code::TooManyAttempts)?;
        let attempt = Attempt::Device {
            purpose,
            device,
            binding,
            stamp: credential.stamp,
            record: credential.verifier.record.clone(),
            lanes,
            until: now + LIFETIME,
        };
        self.next += 1;
        self.attempts.insert(self.next, attempt);
        Ok(Answer::Started { attempt: self.next })
    }

    fn finish(
        &mut self,
        now: i64,
        device: usize,
        attempt: u64,
        asked: Asked,
        facts: &mut Vec<Fact>,
    ) -> Result<Answer, Code> {
        let Some(Attempt::Device {
            purpose,
            device: of,
            binding,
            stamp,
            record,
            lanes,
            until,
        }) = self.attempts.remove(&attempt)
        else {
            return Err(Code::AttemptExpired);
        };
        if until < now || of != device {
            return Err(Code::AttemptExpired);
        }
        let skipped = self.plant == Some(Plant::ProofSkipped);
        if record != record_of(asked.proof) && !skipped {
            return Err(Code::NotTheNewPassword);
        }
        let bound = self.db.bindings.get(&binding);
        let (person, _) = bound.ok_or(Code::NotLinked)?;
        let credential = self
            .db
            .credentials
            .get(person)
            .ok_or(Code::NotLinked)?
            .clone();
        self.throttle.refund(&lanes, Timestamp(now));
        if credential.stamp != stamp {
            return Err(Code::ChangedMeanwhile);
        }
        let order = match asked.challenge {
            Some(_) if credential.temporary => return Err(Code::OwnPasswordNeeded),
            Some(_) if purpose == Purpose::Change => return Err(Code::BadRequest),
            Some(challenge) => Some(Order { binding, challenge }),
            None => None,
        };
        let mut shares = Vec::new();
        for envelope in asked.envelopes {
            let kept = self.db.shares.get(&envelope).copied();
            let kept = kept.filter(|kept| {
                let release = Release {
                    envelope: kept.stamp,
                    proved: credential.stamp,
                    issued: credential.issued,
                    envelopes: EnvelopeRule::On,
                    rule: self.rule,
                    // Nobody in this world has a second factor.
                    vouched_from: None,
                };
                let ignored = self.plant == Some(Plant::RuleIgnored);
                kept.binding == binding && (ignored || release.is_granted())
            });
            if let Some(of) = kept {
                shares.push((envelope, of.share));
                let (proof, credential) = (asked.proof, credential.clone());
                facts.push(Fact::Released {
                    device,
                    binding,
                    proof,
                    of,
                    credential,
                });
            }
        }
        if let Some(envelope) = asked.wanted {
            let stamp = match purpose {
                Purpose::Change => next_stamp(stamp, self.db.epoch),
                Purpose::Sync => stamp,
            };
            if self.db.shares.contains_key(&envelope) {
                return Err(Code::BadRequest);
            }
            // Nobody can guess it; to tell shares apart is enough here.
            let share = Share(envelope.0.rotate_left(17) ^ attempt);
            self.db.shares.insert(
                envelope,
                Kept {
                    binding,
                    stamp,
                    share,
                },
            );
            shares.push((envelope, share));
        }
        if purpose == Purpose::Change {
            let temporary = credential.temporary;
            let until = now + LIFETIME;
            let next = Attempt::ProvedChange {
                device,
                binding,
                credential,
                until,
            };
            self.attempts.insert(attempt, next);
            return Ok(Answer::Proved(Proved {
                stamp,
                temporary,
                shares,
                order,
            }));
        }
        let temporary = credential.temporary;
        Ok(Answer::Proved(Proved {
            stamp,
            temporary,
            shares,
            order,
        }))
    }

    fn commit(
        &mut self,
        now: i64,
        device: usize,
        (attempt, from, new): (u64, Stamp, Password),
        facts: &mut Vec<Fact>,
    ) -> Result<Answer, Code> {
        // One that was made for another step stays for that.
        if !matches!(
            self.attempts.get(&attempt),
            Some(Attempt::ProvedChange { .. })
        ) {
            return Err(Code::AttemptExpired);
        }
        let Some(Attempt::ProvedChange {
            device: of,
            binding,
            credential,
            until,
        }) = self.attempts.remove(&attempt)
        else {
            return Err(Code::AttemptExpired);
        };
        if until < now || of != device {
            return Err(Code::AttemptExpired);
        }
        let bound = self.db.bindings.get(&binding);
        let (person, _) = *bound.ok_or(Code::NotLinked)?;
        let command = Command::Change {
            proved: credential.stamp,
            from,
            epoch: self.db.epoch,
            verifier: verifier(new),
            changed: provenance(now, Channel::Computer),
        };
        let stale = (self.plant == Some(Plant::LostRace)).then_some(credential);
        self.set(person, command, stale.as_ref(), facts)
            .map(Answer::Changed)
    }

    /// Changes a password in the portal or through the programming interface: `from` was proved.
    pub(crate) fn change(
        &mut self,
        now: i64,
        person: usize,
        from: &Credential,
        new: Password,
    ) -> (Result<Stamp, Code>, Vec<Fact>) {
        let mut facts = Vec::new();
        let command = Command::Change {
            proved: from.stamp,
            from: from.stamp,
            epoch: self.db.epoch,
            verifier: verifier(new),
            changed: provenance(now, Channel::Portal),
        };
        let stale = (self.plant == Some(Plant::LostRace)).then_some(from);
        let set = self.set(person, command, stale, &mut facts);
        (set, facts)
    }

    /// Issues a password, as an admin or by a reset link.
    pub(crate) fn issue(
        &mut self,
        now: i64,
        person: usize,
        from: Option<Stamp>,
        (new, temporary): (Password, bool),
    ) -> (Result<Stamp, Code>, Vec<Fact>) {
        let mut facts = Vec::new();
        let channel = if temporary {
            Channel::Admin
        } else {
            Channel::ResetLink
        };
        let command = Command::Issue {
            from,
            epoch: self.db.epoch,
            verifier: verifier(new),
            changed: provenance(now, channel),
            temporary,
        };
        let set = self.set(person, command, None, &mut facts);
        (set, facts)
    }

    /// Lets the core decide, and stores what it says. A stale credential is a planted fault.
    fn set(
        &mut self,
        person: usize,
        command: Command,
        stale: Option<&Credential>,
        facts: &mut Vec<Fact>,
    ) -> Result<Stamp, Code> {
        let present = self.db.credentials.get(&person);
        let before = present.map(|it| it.stamp);
        let event = credential::decide(stale.or(present), command)?;
        let next = credential::evolve(present.cloned(), event.clone());
        let Event::CredentialSet(credential) = event;
        if credential.origin == Origin::Issued {
            // Under the generation that is now an issued one, they would pass for its own.
            let bindings = &self.db.bindings;
            self.db.shares.retain(|_, kept| {
                let own = bindings
                    .get(&kept.binding)
                    .is_some_and(|(of, _)| *of == person);
                !own || kept.stamp.generation < credential.stamp.generation
            });
        }
        let (stamp, password) = (credential.stamp, password_of(&credential));
        if let Some(next) = next {
            self.db.credentials.insert(person, next);
        }
        facts.push(Fact::Set {
            person,
            stamp,
            password,
            before,
        });
        Ok(stamp)
    }
}

struct Asked {
    proof: Password,
    envelopes: Vec<Envelope>,
    wanted: Option<Envelope>,
    challenge: Option<u64>,
}

/// Which password proves a credential.
pub(crate) fn password_of(credential: &Credential) -> Password {
    let record = credential.verifier.record.as_slice().try_into();
    Password(record.map_or(u32::MAX, u32::from_le_bytes))
}

fn record_of(password: Password) -> Vec<u8> {
    password.0.to_le_bytes().to_vec()
}

fn verifier(password: Password) -> Verifier {
    Verifier {
        suite: 1,
        normalisation: 1,
        ksf: Ksf::DEFAULT,
        record: record_of(password),
    }
}

fn provenance(now: i64, channel: Channel) -> Provenance {
    Provenance {
        at: Timestamp(now),
        channel,
        client: String::new(),
        address: String::new(),
    }
}
