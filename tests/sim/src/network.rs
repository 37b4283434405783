//! The network between devices and the directory: whatever is sent may be late, lost or doubled.

use lockstep_model::Code;

use crate::directory::{Answer, Fact, Request};
use crate::happening::Happening;
use crate::world::{Event, World};

/// How long a device waits for an answer.
const PATIENCE: i64 = 15_000;

/// A request on its way.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) device: usize,
    life: u32,
    number: u64,
    request: Request,
}

impl World {
    /// Sends a binding's request; gives the number by which its answer is known.
    pub(crate) fn ask(&mut self, b: usize, request: Request) -> u64 {
        self.ask_from(self.bounds[b].device, request)
    }

    pub(crate) fn ask_from(&mut self, device: usize, request: Request) -> u64 {
        let number = self.fresh();
        let life = self.devices[device].life;
        if self.devices[device].cut {
            let answer = Err(Code::DirectoryUnreachable);
            self.later(
                50,
                Event::Answered {
                    device,
                    life,
                    number,
                    answer,
                },
            );
            return number;
        }
        let answer = Err(Code::AnswerLost);
        self.later(
            PATIENCE,
            Event::Answered {
                device,
                life,
                number,
                answer,
            },
        );
        let letter = Letter {
            device,
            life,
            number,
            request,
        };
        if self.chance.per_mille(self.wild.loss) {
            self.counts.note(Happening::Lost);
            return number;
        }
        if self.chance.per_mille(self.wild.repeats) {
            self.counts.note(Happening::Repeated);
            let wait = self.delay();
            self.later(wait, Event::Arrives(letter.clone()));
        }
        let wait = self.delay();
        self.later(wait, Event::Arrives(letter));
        number
    }

    fn delay(&mut self) -> i64 {
        let most = if self.calm { 80 } else { self.wild.delay };
        // Most are quick, and a few very slow, so that they overtake each other.
        if self.chance.per_mille(900) {
            self.chance.between(2, 80)
        } else {
            self.chance.between(2, most)
        }
    }

    /// A request arrives at the directory.
    pub(crate) fn arrives(&mut self, letter: Letter) {
        let Letter {
            device,
            life,
            number,
            request,
        } = letter;
        if self.devices[device].cut {
            return;
        }
        let answer = if self.directory.up {
            let words = format!("{request:?}");
            let (answer, facts) = self.directory.answer(self.now, device, request);
            tell!(self, "  directory: {words} of device {device}: {answer:?}");
            self.take_facts(facts);
            answer
        } else {
            Err(Code::DirectoryUnreachable)
        };
        if self.chance.per_mille(self.wild.loss) {
            self.counts.note(Happening::Lost);
            return;
        }
        let wait = self.delay();
        self.later(
            wait,
            Event::Answered {
                device,
                life,
                number,
                answer,
            },
        );
    }

    /// An answer arrives at a device, or its patience ends.
    pub(crate) fn answered(
        &mut self,
        device: usize,
        life: u32,
        number: u64,
        answer: Result<Answer, Code>,
    ) {
        let there = &self.devices[device];
        if there.life != life || !there.on || (there.cut && answer.is_ok()) {
            return;
        }
        match answer {
            Ok(Answer::News(news)) => {
                for (b, stamp) in news {
                    self.hear(b, stamp);
                }
            }
            Ok(Answer::Buried { binding, envelopes }) => {
                for envelope in envelopes {
                    let files = &mut self.bounds[binding].envelopes;
                    if files
                        .get(&envelope)
                        .is_some_and(|file| file.sealed.is_none())
                    {
                        files.remove(&envelope);
                    }
                }
            }
            answer => {
                let mut flows = self.bounds.iter();
                let waits = flows.position(|bound| {
                    let flow = bound.flow.as_ref();
                    bound.device == device && flow.is_some_and(|flow| flow.waits == number)
                });
                if let Some(b) = waits {
                    self.flow_answer(b, answer);
                }
            }
        }
    }

    /// Judges what the directory did, and wakes whom it concerns.
    pub(crate) fn take_facts(&mut self, facts: Vec<Fact>) {
        for fact in facts {
            self.judge_fact(&fact);
            let Fact::Set { person, stamp, .. } = fact else {
                continue;
            };
            for b in 0..self.bounds.len() {
                if self.bounds[b].person == person {
                    self.wakes(b, stamp);
                }
            }
        }
    }

    fn wakes(&mut self, b: usize, stamp: lockstep_model::Stamp) {
        if self.chance.per_mille(self.wild.loss) {
            self.counts.note(Happening::Lost);
            return;
        }
        let wait = self.delay();
        self.later(wait, Event::Wakes { b, stamp });
        if self.chance.per_mille(self.wild.repeats) {
            self.counts.note(Happening::Repeated);
            let wait = self.delay();
            self.later(wait, Event::Wakes { b, stamp });
        }
    }

    /// A device asks for the whole truth, as it does whenever its line is made.
    pub(crate) fn checks_in(&mut self, device: usize) {
        let wait = self.chance.between(15_000, 45_000);
        self.later(wait, Event::ChecksIn { device });
        let there = &self.devices[device];
        if there.on && there.agent && !there.cut {
            self.ask_from(device, Request::CheckIn);
            for b in 0..self.bounds.len() {
                if self.bounds[b].device == device {
                    self.bury(b);
                }
            }
        }
    }

    /// Has the directory delete the shares of what was erased.
    pub(crate) fn bury(&mut self, b: usize) {
        let envelopes = self.bounds[b].tombstones();
        if !envelopes.is_empty() && self.is_alive(b) {
            self.ask(
                b,
                Request::Bury {
                    binding: b,
                    envelopes,
                },
            );
        }
    }
}
