//! What a person starts on a device: each flow asks, proves, and lets the core do the rest.
//!
//! The steps are those of the agent's `flow/sync.rs`, `flow/change.rs` and `binding/forgotten.rs`.

use lockstep_model::{Code, Stamp};
use lockstep_sync::{Input, SecretRef};

use crate::directory::{Answer, Envelope, Proved, Purpose, Request};
use crate::happening::Happening;
use crate::stores::Password;
use crate::world::World;

/// A flow between its first question and the run of the core.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    aim: Aim,
    /// What the person typed, and what is being proved.
    typed: Password,
    /// The envelope that a share is asked for.
    wanted: Envelope,
    /// The request whose answer is waited for.
    pub(crate) waits: u64,
    stage: Stage,
}

/// What a flow is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Aim {
    /// Bring the stores in step; at linking, the computer's password was typed beside.
    Sync { beside: Option<Password> },
    /// Change the password; `own` if it takes the place of a temporary one.
    Change { new: Password, own: bool },
    /// Find out what became of a change whose answer was lost.
    Settle { change: Change },
    /// Get an order to reset the account.
    Order { challenge: u64 },
}

/// A change that was sealed and sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    new: Password,
    own: bool,
    envelope: Envelope,
    from: Stamp,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    Starting,
    Finishing {
        attempt: u64,
    },
    Committing {
        attempt: u64,
        change: Change,
        again: bool,
    },
}

impl World {
    /// Begins a flow, once the device is up and reaches the directory.
    pub(crate) fn begin(&mut self, b: usize, aim: Aim, typed: Password) {
        let purpose = match aim {
            Aim::Change { .. } => Purpose::Change,
            Aim::Sync { .. } | Aim::Settle { .. } | Aim::Order { .. } => Purpose::Sync,
        };
        tell!(self, "{}: begins {aim:?}, typed {typed}", self.name(b));
        let waits = self.ask(
            b,
            Request::Start {
                purpose,
                binding: b,
            },
        );
        // At random, as on a device: the order of names is not that of time.
        let wanted = Envelope(self.chance.id().as_u64_pair().0);
        let stage = Stage::Starting;
        self.bounds[b].flow = Some(Flow {
            aim,
            typed,
            wanted,
            waits,
            stage,
        });
    }

    /// Takes what came of a request.
    pub(crate) fn flow_answer(&mut self, b: usize, answer: Result<Answer, Code>) {
        let Some(mut flow) = self.bounds[b].flow.take() else {
            return;
        };
        match (flow.stage, answer) {
            (Stage::Starting, Ok(Answer::Started { attempt })) => {
                let kept: Vec<Envelope> = self.bounds[b]
                    .kept()
                    .map(|(envelope, _)| envelope)
                    .collect();
                let (wanted, challenge, envelopes) = match flow.aim {
                    Aim::Order { challenge } => (None, Some(challenge), Vec::new()),
                    Aim::Sync { .. } | Aim::Change { .. } | Aim::Settle { .. } => {
                        (Some(flow.wanted), None, kept)
                    }
                };
                let proof = flow.typed;
                let request = Request::Finish {
                    attempt,
                    proof,
                    envelopes,
                    wanted,
                    challenge,
                };
                flow.waits = self.ask(b, request);
                flow.stage = Stage::Finishing { attempt };
                self.bounds[b].flow = Some(flow);
            }
            (Stage::Finishing { attempt }, Ok(Answer::Proved(proved))) => {
                self.proved(b, flow, attempt, proved);
            }
            (Stage::Starting | Stage::Finishing { .. }, Err(code)) => {
                self.proof_failed(b, &flow, code);
            }
            (Stage::Committing { change, .. }, Ok(Answer::Changed(stamp))) => {
                self.committed(b, change, stamp);
            }
            (
                Stage::Committing {
                    change,
                    again,
                    attempt,
                },
                Err(code),
            ) => {
                if again && was_refused(code) && !never_arrived(code) {
                    self.begin(b, Aim::Settle { change }, change.new);
                } else if !again && was_refused(code) {
                    if code == Code::ChangedMeanwhile {
                        self.counts.note(Happening::RaceLost);
                    }
                    self.bounds[b].erase(change.envelope);
                    self.failed(b, code);
                } else if again {
                    // The envelope stays: if the change was made, it holds its password.
                    self.failed(b, Code::ChangeUncertain);
                } else {
                    // The same attempt once more, so that it is decided for good.
                    let (from, new) = (change.from, change.new);
                    flow.waits = self.ask(b, Request::Commit { attempt, from, new });
                    flow.stage = Stage::Committing {
                        attempt,
                        change,
                        again: true,
                    };
                    self.bounds[b].flow = Some(flow);
                }
            }
            (stage, Ok(answer)) => {
                self.broke(
                    "an answer fits its question",
                    &format!("{stage:?}: {answer:?}"),
                );
            }
        }
    }

    fn proved(&mut self, b: usize, flow: Flow, attempt: u64, proved: Proved) {
        let Flow {
            aim, typed, wanted, ..
        } = flow;
        let Proved {
            stamp,
            temporary,
            shares,
            order,
        } = proved;
        self.people[self.bounds[b].person].has_proved(typed);
        if let Aim::Order { challenge: _ } = aim {
            let target = self.bounds[b].state.target();
            let ordered = order.filter(|_| target == Some(stamp));
            self.bounds[b].order = ordered.map(|order| (order, stamp));
            let input = match ordered {
                Some(_) => Input::Forgotten,
                None => Input::Declined(Code::ChangedMeanwhile),
            };
            return self.feed(b, input);
        }
        let kept = self.bounds[b].kept().count();
        let withheld = kept.saturating_sub(shares.iter().filter(|it| it.0 != wanted).count());
        if withheld > 0 {
            self.counts.note(Happening::Withheld);
        }
        let bound = &mut self.bounds[b];
        if bound.recover(&shares, stamp, typed) > 0 {
            self.counts.note(Happening::Recovered);
        }
        if let Some((envelope, share)) = shares.iter().find(|it| it.0 == wanted) {
            bound.hold_share(*envelope, *share);
        }
        bound.secrets.insert(SecretRef::Generation(stamp), typed);
        match aim {
            Aim::Sync { .. } if temporary => {
                bound.forget_secrets();
                // The stores never see the temporary one.
                let person = bound.person;
                let new = self.chooses(person);
                self.begin(b, Aim::Change { new, own: true }, typed);
            }
            Aim::Sync { beside } => {
                if let Some(beside) = beside.filter(|_| !bound.state.is_running()) {
                    bound.secrets.insert(SecretRef::TYPED, beside);
                }
                if bound.state.is_running() {
                    self.counts.note(Happening::Joined);
                }
                self.follow(b, stamp);
            }
            Aim::Change { new, own } => self.sends(b, attempt, (stamp, new, own), wanted),
            Aim::Settle { change } => {
                self.counts.note(Happening::Settled);
                if change.own {
                    bound.forget_secrets();
                    self.begin(b, Aim::Sync { beside: None }, change.new);
                } else {
                    self.follow(b, stamp);
                }
            }
            Aim::Order { .. } => {}
        }
    }

    /// Seals the new password and sends the change: up to here everything can be refused.
    fn sends(
        &mut self,
        b: usize,
        attempt: u64,
        (from, new, own): (Stamp, Password, bool),
        envelope: Envelope,
    ) {
        let bound = &self.bounds[b];
        let account = bound.own.account;
        let opens = bound.secrets.values().any(|secret| *secret == account);
        if !own && !opens {
            return self.failed(b, Code::OldPasswordNeeded);
        }
        if let Err(code) = self.seal(b, from.next(), new) {
            return self.failed(b, code);
        }
        let change = Change {
            new,
            own,
            envelope,
            from,
        };
        let waits = self.ask(b, Request::Commit { attempt, from, new });
        let stage = Stage::Committing {
            attempt,
            change,
            again: false,
        };
        let aim = Aim::Change { new, own };
        let flow = Flow {
            aim,
            typed: new,
            wanted: envelope,
            waits,
            stage,
        };
        self.bounds[b].flow = Some(flow);
    }

    fn committed(&mut self, b: usize, change: Change, stamp: Stamp) {
        self.counts.note(Happening::OnComputer);
        let bound = &mut self.bounds[b];
        bound.supersede(change.envelope, stamp);
        self.people[bound.person].has_proved(change.new);
        if change.own {
            bound.forget_secrets();
            return self.begin(b, Aim::Sync { beside: None }, change.new);
        }
        let name = SecretRef::Generation(stamp);
        bound.secrets.insert(name, change.new);
        self.follow(b, stamp);
    }

    /// Has the core move the stores.
    fn follow(&mut self, b: usize, stamp: Stamp) {
        let secrets = self.bounds[b].secrets.keys().copied().collect();
        self.feed(b, Input::Proved { stamp, secrets });
    }

    fn proof_failed(&mut self, b: usize, flow: &Flow, code: Code) {
        let wrong = code == Code::NotTheNewPassword;
        if wrong {
            self.people[self.bounds[b].person].was_rejected(flow.typed);
        }
        match flow.aim {
            Aim::Settle { change } if wrong => {
                self.bounds[b].erase(change.envelope);
                self.failed(b, Code::DirectoryUnreachable);
            }
            Aim::Settle { .. } => self.failed(b, Code::ChangeUncertain),
            Aim::Order { .. } => self.feed(b, Input::Declined(code)),
            Aim::Sync { .. } | Aim::Change { .. } => self.failed(b, code),
        }
    }

    /// Ends a flow before the core ran.
    fn failed(&mut self, b: usize, code: Code) {
        tell!(self, "{}: stopped: {code:?}", self.name(b));
        if !self.bounds[b].state.is_running() {
            self.bounds[b].forget_secrets();
        }
        self.absorb(b);
    }
}

/// Whether a commit that ended so surely changed nothing; anything else may have.
fn was_refused(code: Code) -> bool {
    [
        Code::AttemptExpired,
        Code::ChangedMeanwhile,
        Code::DeviceRefused,
        Code::DirectoryNotTrusted,
        Code::DirectoryUnreachable,
        Code::NotLinked,
        Code::ProxyRefused,
        Code::SignInLocked,
        Code::Suspended,
    ]
    .contains(&code)
}

/// Whether this says nothing of what came before it.
const fn never_arrived(code: Code) -> bool {
    matches!(code, Code::DirectoryUnreachable | Code::ProxyRefused)
}
