//! The world of one seed: who and what there is, and the queue of what comes next.

use std::collections::BTreeMap;

use lockstep_directory::core::credential::Credential;
use lockstep_directory::core::release::ReleaseRule;
use lockstep_model::{Code, Epoch, Stamp, StoreKind};
use lockstep_sync::{OpId, Outcome, State};

use crate::chance::Chance;
use crate::device::{Bound, Device, Watch, config};
use crate::directory::{Answer, Directory};
use crate::happening::Counts;
use crate::journal::Journal;
use crate::misfortune::{Misfortune, Wild};
use crate::network::Letter;
use crate::person::Person;
use crate::plant::Plant;
use crate::shell::Given;
use crate::stores::{Disk, Keychain, Own, Password, Slot};
use crate::story::Story;
use crate::{Broken, Ended};

/// What comes next.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A request arrives at the directory.
    Arrives(Letter),
    /// An answer arrives at a device.
    Answered {
        device: usize,
        life: u32,
        number: u64,
        answer: Result<Answer, Code>,
    },
    /// The directory's word arrives at a device.
    Wakes {
        b: usize,
        stamp: Stamp,
    },
    /// A device makes its line again.
    ChecksIn {
        device: usize,
    },
    /// The helper does an operation.
    Executes(Given),
    /// An operation's end is told.
    Ended {
        b: usize,
        life: u32,
        op: OpId,
        outcome: Outcome,
    },
    /// The agent has the account compared.
    Compares {
        b: usize,
    },
    Boots {
        device: usize,
    },
    AgentStarts {
        device: usize,
    },
    LogsIn {
        b: usize,
    },
    Heals {
        device: usize,
    },
    DirectoryStarts,
    /// The person looks at a computer.
    Looks {
        b: usize,
    },
    /// The person answers a question.
    Says {
        b: usize,
        life: u32,
        question: u64,
    },
    /// A change made elsewhere arrives.
    Changes {
        person: usize,
        from: Box<Credential>,
        portal: bool,
    },
    /// An admin begins to issue a password.
    Issues {
        person: usize,
        temporary: bool,
    },
    /// It is issued.
    Issued {
        person: usize,
        from: Option<Stamp>,
        temporary: bool,
    },
    /// The person reads it.
    Reads {
        person: usize,
        password: Password,
    },
    Misfortune(Misfortune),
    CalmsDown,
}

/// After this many events in a calm world everything must be in step.
const PATIENCE_EVENTS: u64 = 20_000;
/// After this long as well.
const PATIENCE_MS: i64 = 2 * 60 * 60 * 1000;

/// Everything.
pub(crate) struct World {
    pub(crate) chance: Chance,
    pub(crate) wild: Wild,
    pub(crate) plant: Option<Plant>,
    pub(crate) now: i64,
    pub(crate) calm: bool,
    pub(crate) directory: Directory,
    pub(crate) people: Vec<Person>,
    pub(crate) devices: Vec<Device>,
    pub(crate) bounds: Vec<Bound>,
    /// Which password each stamp of each person has ever named.
    pub(crate) names: BTreeMap<(usize, Epoch, u32), Password>,
    /// What happens in this event may shut a store to its person: it isn't our doing.
    pub(crate) excused: bool,
    pub(crate) broken: Option<Broken>,
    pub(crate) counts: Counts,
    pub(crate) story: Story,
    queue: BTreeMap<(i64, u64), Event>,
    events: u64,
    calm_events: u64,
    numbers: u64,
    passwords: u32,
}

impl World {
    /// The world of a seed.
    pub(crate) fn of(seed: u64, plant: Option<Plant>, story: Story) -> Self {
        let mut chance = Chance::of(seed);
        let wild = Wild::drawn(&mut chance);
        let rules = [ReleaseRule::Always, ReleaseRule::Factor, ReleaseRule::Never];
        let rule = if chance.coin() {
            Some(ReleaseRule::Always)
        } else {
            chance.pick(&rules)
        };
        let (people, devices) = (chance.between(1, 3), chance.between(1, 4));
        let epoch = Epoch(chance.id());
        let directory = Directory::new(epoch, rule.unwrap_or_default(), plant);
        let mut world = Self {
            chance,
            wild,
            plant,
            now: 0,
            calm: false,
            directory,
            people: Vec::new(),
            devices: Vec::new(),
            bounds: Vec::new(),
            names: BTreeMap::new(),
            excused: false,
            broken: None,
            counts: Counts::default(),
            story,
            queue: BTreeMap::new(),
            events: 0,
            calm_events: 0,
            numbers: 0,
            passwords: 0,
        };
        world.populate(people, devices);
        world.foresee();
        let span = world.wild.span;
        world.later(span, Event::CalmsDown);
        world
    }

    /// Runs to the end.
    pub(crate) fn run(mut self) -> Ended {
        while self.broken.is_none() {
            let Some(((at, _), event)) = self.queue.pop_first() else {
                self.broke("the world goes on", "nothing is left to happen");
                break;
            };
            self.now = at;
            self.events += 1;
            self.excused = false;
            self.happens(event);
            self.judge();
            if !self.calm {
                continue;
            }
            if self.is_settled() {
                self.judge_end();
                break;
            }
            self.calm_events += 1;
            let late = self.now > self.wild.span + PATIENCE_MS;
            if late || self.calm_events > PATIENCE_EVENTS {
                let why = self.unsettled();
                self.broke("everything ends up in step", &why);
            }
        }
        Ended {
            broken: self.broken,
            counts: self.counts,
            events: self.events,
            virtual_ms: self.now,
            story: self.story.into_lines(),
        }
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Arrives(letter) => self.arrives(letter),
            Event::Answered {
                device,
                life,
                number,
                answer,
            } => {
                self.answered(device, life, number, answer);
            }
            Event::Wakes { b, stamp } => {
                if self.is_alive(b) && !self.devices[self.bounds[b].device].cut {
                    self.hear(b, stamp);
                }
            }
            Event::ChecksIn { device } => self.checks_in(device),
            Event::Executes(given) => self.execute(given),
            Event::Ended {
                b,
                life,
                op,
                outcome,
            } => {
                if self.is_alive(b) && self.life(b) == life {
                    self.feed(b, lockstep_sync::Input::Finished { op, outcome });
                }
            }
            Event::Compares { b } => self.compares(b),
            Event::Boots { device } => self.boots(device),
            Event::AgentStarts { device } => self.agent_starts(device),
            Event::LogsIn { b } => self.logs_in(b),
            Event::Heals { device } => self.devices[device].cut = false,
            Event::DirectoryStarts => self.directory.up = true,
            Event::Looks { b } => self.looks(b),
            Event::Says { b, life, question } => {
                let asked = self.bounds[b].question.as_ref();
                if self.life(b) == life && asked.is_some_and(|it| it.number == question) {
                    self.says(b);
                }
            }
            Event::Changes {
                person,
                from,
                portal,
            } => self.changes(person, &from, portal),
            Event::Issues { person, temporary } => self.issues(person, temporary),
            Event::Issued {
                person,
                from,
                temporary,
            } => self.issued(person, from, temporary),
            Event::Reads { person, password } => self.reads(person, password),
            Event::Misfortune(what) => self.misfortune(what),
            Event::CalmsDown => self.calm_down(),
        }
    }

    fn populate(&mut self, people: i64, devices: i64) {
        for _ in 0..devices {
            let skew = self.chance.between(-100_000, 100_000);
            self.devices.push(Device {
                disk: Disk::default(),
                on: true,
                agent: true,
                boots: 0,
                life: 0,
                cut: false,
                skew,
                busy: BTreeMap::new(),
            });
        }
        for person in 0..self.people_of(people) {
            let forgetful = self.chance.coin();
            self.people.push(Person::new(forgetful));
            let first = self.chooses(person);
            let (_, facts) = self.directory.issue(0, person, None, (first, false));
            self.take_facts(facts);
            let mut places: Vec<usize> = (0..self.devices.len()).collect();
            for _ in 0..self.chance.between(1, 3) {
                let Some(device) = self.chance.pick(&places) else {
                    break;
                };
                places.retain(|it| *it != device);
                // A computer is shared by two at most.
                let there = self.bounds.iter().filter(|it| it.device == device).count();
                if there < 2 {
                    self.bind(person, device);
                }
            }
        }
        for device in &mut self.devices {
            let password = Password(u32::MAX);
            device.disk.format(Slot { password, of: None });
        }
        let copy = self.directory.db.clone();
        self.directory.backups.push(copy);
        for device in 0..self.devices.len() {
            self.later(1_000, Event::ChecksIn { device });
        }
    }

    fn people_of(&self, people: i64) -> usize {
        usize::try_from(people).unwrap_or(1)
    }

    fn bind(&mut self, person: usize, device: usize) {
        let b = self.bounds.len();
        self.directory.db.bindings.insert(b, (person, device));
        let mut stores = vec![StoreKind::Account];
        let (with_keychain, with_disk) = (self.chance.per_mille(700), self.chance.per_mille(600));
        let local = self.fresh_password();
        self.people[person].learns_local(local);
        // Some have drifted apart before anybody was linked.
        let other = |world: &mut Self| {
            if world.chance.per_mille(800) {
                return local;
            }
            let other = world.fresh_password();
            world.people[person].learns_local(other);
            other
        };
        let keychain = with_keychain.then(|| {
            stores.push(StoreKind::Keychain);
            let password = other(self);
            let contents = self.fresh();
            Keychain { password, contents }
        });
        if with_disk {
            stores.push(StoreKind::Disk);
            let password = other(self);
            self.devices[device].disk.format(Slot {
                password,
                of: Some(b),
            });
        }
        let config = config(&stores, self.chance.per_mille(300));
        self.bounds.push(Bound {
            person,
            device,
            state: State::new(config.clone()),
            config,
            own: Own {
                account: local,
                keychain,
                aside: Vec::new(),
                challenge: None,
            },
            journal: Journal::default(),
            envelopes: BTreeMap::new(),
            secrets: BTreeMap::new(),
            share: None,
            order: None,
            news: None,
            flow: None,
            question: None,
            session: true,
            asked: 0,
            linked: false,
            problem: None,
            watch: Watch::default(),
        });
        self.feed(b, lockstep_sync::Input::SessionUp);
        let wait = self.chance.between(1_000, 30_000);
        self.later(wait, Event::Looks { b });
    }

    pub(crate) fn later(&mut self, wait: i64, event: Event) {
        let number = self.fresh();
        self.queue.insert((self.now + wait.max(0), number), event);
    }

    /// A number that was never used.
    pub(crate) fn fresh(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    pub(crate) fn fresh_password(&mut self) -> Password {
        self.passwords += 1;
        Password(self.passwords)
    }

    pub(crate) fn life(&self, b: usize) -> u32 {
        self.devices[self.bounds[b].device].life
    }

    /// Whether a binding's agent runs.
    pub(crate) fn is_alive(&self, b: usize) -> bool {
        let device = &self.devices[self.bounds[b].device];
        device.on && device.agent
    }

    pub(crate) fn name(&self, b: usize) -> String {
        let bound = &self.bounds[b];
        format!(
            "binding {b} (person {}, device {})",
            bound.person, bound.device
        )
    }

    /// Which password a stamp of a person names.
    pub(crate) fn password_of(&self, person: usize, stamp: Stamp) -> Option<Password> {
        let name = (person, stamp.epoch, stamp.generation.0);
        self.names.get(&name).copied()
    }

    pub(crate) fn broke(&mut self, promise: &'static str, detail: &str) {
        tell!(self, "BROKEN: {promise}: {detail}");
        // What follows in the same event is of no use to anybody.
        self.story.told = false;
        let detail = crate::story::shorten(detail);
        self.broken.get_or_insert(Broken { promise, detail });
    }
}
