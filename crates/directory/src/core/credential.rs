//! A person's credential through its generations.

use lockstep_model::{Code, Epoch, Generation, Ksf, Origin, Provenance, Stamp};

/// What the directory keeps of a password: enough to verify a proof, not to make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Where it stands.
    pub stamp: Stamp,
    /// The newest generation of this epoch that was issued rather than proved.
    pub issued: Generation,
    /// Whether this generation was proved or issued.
    pub origin: Origin,
    /// Whether it was issued for one use: the person replaces it when they first prove it.
    pub temporary: bool,
    /// How it came to be.
    pub changed: Provenance,
    /// What proves it.
    pub verifier: Verifier,
}

/// An OPAQUE record with everything that it was made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier {
    /// The cipher suite's number.
    pub suite: u16,
    /// The normalisation rule's number.
    pub normalisation: u16,
    /// The client's key stretching.
    pub ksf: Ksf,
    /// The OPAQUE record.
    pub record: Vec<u8>,
}

/// What may be asked of a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A first password, by an invitation that was found good.
    Activate {
        /// The directory's present epoch.
        epoch: Epoch,
        /// The new verifier.
        verifier: Verifier,
        /// How it came.
        changed: Provenance,
    },
    /// A change by somebody who proved the password of `proved`, and means to replace `from`.
    Change {
        /// The stamp whose password was proved.
        proved: Stamp,
        /// The stamp that is to be replaced.
        from: Stamp,
        /// The directory's present epoch.
        epoch: Epoch,
        /// The new verifier.
        verifier: Verifier,
        /// How it came.
        changed: Provenance,
    },
    /// A password in place of `from` by somebody who may set it without proving that one: an admin,
    /// or the person with a reset link.
    Issue {
        /// The stamp that is to be replaced; none if there is no password yet.
        from: Option<Stamp>,
        /// The directory's present epoch.
        epoch: Epoch,
        /// The new verifier.
        verifier: Verifier,
        /// How it came.
        changed: Provenance,
        /// Whether it is for one use.
        temporary: bool,
    },
}

/// What has come to pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A new generation is in force: store it, end the person's other sessions, tell their devices.
    CredentialSet(Credential),
}

/// Judges a command.
///
/// # Errors
///
/// [`Code::InvitationSpent`] for a second activation, [`Code::ChangedMeanwhile`] when another
/// change came first (compare-and-set).
pub fn decide(state: Option<&Credential>, command: Command) -> Result<Event, Code> {
    let set = |stamp, issued, origin, temporary, changed, verifier| {
        Event::CredentialSet(Credential {
            stamp,
            issued,
            origin,
            temporary,
            changed,
            verifier,
        })
    };
    match (state, command) {
        (
            None,
            Command::Activate {
                epoch,
                verifier,
                changed,
            },
        ) => {
            let stamp = following(None, epoch);
            let issued = stamp.generation;
            Ok(set(stamp, issued, Origin::Issued, false, changed, verifier))
        }
        (Some(_), Command::Activate { .. }) => Err(Code::InvitationSpent),
        (None, Command::Change { .. }) => Err(Code::ChangedMeanwhile),
        (
            Some(present),
            Command::Change {
                proved,
                from,
                epoch,
                verifier,
                changed,
            },
        ) => {
            if present.stamp != proved || present.stamp != from {
                return Err(Code::ChangedMeanwhile);
            }
            let stamp = next_stamp(present.stamp, epoch);
            let issued = present.issued;
            Ok(set(stamp, issued, Origin::Proved, false, changed, verifier))
        }
        (
            present,
            Command::Issue {
                from,
                epoch,
                verifier,
                changed,
                temporary,
            },
        ) => {
            if present.map(|present| present.stamp) != from {
                return Err(Code::ChangedMeanwhile);
            }
            let stamp = following(present, epoch);
            let issued = stamp.generation;
            Ok(set(
                stamp,
                issued,
                Origin::Issued,
                temporary,
                changed,
                verifier,
            ))
        }
    }
}

/// What the password after `present` will be named, in the directory's present epoch: a share that
/// is handed out for it before it is committed is stored under the same name.
///
/// The count goes on across a restore, so that one number never names two passwords.
#[must_use]
pub const fn next_stamp(present: Stamp, epoch: Epoch) -> Stamp {
    Stamp {
        epoch,
        generation: present.generation.next(),
    }
}

/// The next stamp, also of somebody who has no password yet.
fn following(present: Option<&Credential>, epoch: Epoch) -> Stamp {
    let first = Stamp {
        epoch,
        generation: Generation::FIRST,
    };
    present.map_or(first, |present| next_stamp(present.stamp, epoch))
}

/// The state after an event.
#[must_use]
pub fn evolve(_state: Option<Credential>, event: Event) -> Option<Credential> {
    match event {
        Event::CredentialSet(credential) => Some(credential),
    }
}

#[cfg(test)]
mod tests {
    use lockstep_model::{Channel, Timestamp};

    use super::*;

    fn verifier(mark: u8) -> Verifier {
        Verifier {
            suite: 1,
            normalisation: 1,
            ksf: Ksf::DEFAULT,
            record: vec![mark],
        }
    }

    fn provenance() -> Provenance {
        Provenance {
            at: Timestamp(1),
            channel: Channel::Portal,
            client: "Firefox on Linux".into(),
            address: "::1".into(),
        }
    }

    fn activated(epoch: Epoch) -> Credential {
        let command = Command::Activate {
            epoch,
            verifier: verifier(1),
            changed: provenance(),
        };
        evolve(None, decide(None, command).unwrap()).unwrap()
    }

    fn change(of: &Credential, from: Stamp) -> Command {
        Command::Change {
            proved: of.stamp,
            from,
            epoch: of.stamp.epoch,
            verifier: verifier(2),
            changed: provenance(),
        }
    }

    #[test]
    fn an_invitation_gives_generation_one_and_works_once() {
        let epoch = Epoch::fresh();
        let first = activated(epoch);
        assert_eq!(
            first.stamp,
            Stamp {
                epoch,
                generation: Generation(1)
            }
        );
        assert_eq!(first.origin, Origin::Issued);
        let again = Command::Activate {
            epoch,
            verifier: verifier(3),
            changed: provenance(),
        };
        assert_eq!(decide(Some(&first), again), Err(Code::InvitationSpent));
    }

    #[test]
    fn of_two_changes_from_one_stamp_the_second_is_told() {
        let first = activated(Epoch::fresh());
        let event = decide(Some(&first), change(&first, first.stamp)).unwrap();
        let second = evolve(Some(first.clone()), event).unwrap();
        assert_eq!(second.stamp, first.stamp.next());
        assert_eq!(second.origin, Origin::Proved);
        assert_eq!(second.issued, Generation(1));
        let late = change(&first, first.stamp);
        assert_eq!(decide(Some(&second), late), Err(Code::ChangedMeanwhile));
        let wrong_from = change(&second, first.stamp);
        assert_eq!(
            decide(Some(&second), wrong_from),
            Err(Code::ChangedMeanwhile)
        );
    }

    #[test]
    fn an_issued_password_closes_what_is_older_until_the_end_of_its_epoch() {
        let first = activated(Epoch::fresh());
        let issue = |from| Command::Issue {
            from,
            epoch: first.stamp.epoch,
            verifier: verifier(2),
            changed: provenance(),
            temporary: true,
        };
        let late = issue(Some(first.stamp.next()));
        assert_eq!(decide(Some(&first), late), Err(Code::ChangedMeanwhile));
        let event = decide(Some(&first), issue(Some(first.stamp))).unwrap();
        let second = evolve(Some(first.clone()), event).unwrap();
        assert_eq!(second.stamp, first.stamp.next());
        assert_eq!(second.issued, Generation(2));
        assert_eq!(second.origin, Origin::Issued);
        assert!(second.temporary);
        let event = decide(Some(&second), change(&second, second.stamp)).unwrap();
        let third = evolve(Some(second), event).unwrap();
        assert_eq!(third.issued, Generation(2));
        assert_eq!(third.origin, Origin::Proved);
        assert!(!third.temporary);
    }

    #[test]
    fn somebody_without_a_password_can_be_issued_the_first_one() {
        let issue = Command::Issue {
            from: None,
            epoch: Epoch::fresh(),
            verifier: verifier(1),
            changed: provenance(),
            temporary: true,
        };
        let first = evolve(None, decide(None, issue).unwrap()).unwrap();
        assert_eq!(first.stamp.generation, Generation::FIRST);
        assert_eq!(first.issued, Generation::FIRST);
    }
}
