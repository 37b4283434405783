//! What the envelopes give back, and why they don't where they don't.

use lockstep_model::{Code, EnvelopeId, Secret, Stamp};
use lockstep_opaque::envelope::{self, EnvelopeFault};
use lockstep_sync::SecretRef;

use super::Core;
use crate::keep::KeepFault;
use crate::keep::envelopes::Found;

impl Core {
    /// Opens every kept envelope whose share was released, and holds what is inside.
    ///
    /// An envelope of the generation just proved that holds another password belongs to a change
    /// that never came to be; it is erased. One that doesn't open stays, and is told of.
    pub(crate) fn recover(
        &mut self,
        shares: &[(EnvelopeId, Secret)],
        proved: Stamp,
        password: &Secret,
    ) -> Result<(), KeepFault> {
        let found = self.envelopes.found()?;
        let mut shut = Vec::new();
        self.sealed = false;
        for kept in &found.envelopes {
            let Some(sealed) = &kept.sealed else { continue };
            let share = shares.iter().find(|(id, _)| *id == kept.envelope);
            let Some((_, share)) = share else {
                shut.push((kept.stamp, Code::CopyUnreleased));
                continue;
            };
            let name = self.name(kept.envelope, kept.stamp);
            match envelope::open(
                &self.enrolled.device_secret,
                share,
                &name,
                sealed.as_slice(),
            ) {
                Ok(secret) if kept.stamp == proved => {
                    if secret.same_as(password) {
                        self.sealed = true;
                    } else {
                        self.envelopes.erase(kept.envelope, kept.stamp)?;
                    }
                }
                Ok(secret) => self.hold(SecretRef::Generation(kept.stamp), secret),
                Err(fault) => {
                    tracing::warn!(envelope = %kept.envelope, error = %fault, "not recovered");
                    let code = match fault {
                        EnvelopeFault::Version(_) => Code::StateNewer,
                        EnvelopeFault::Unopened | EnvelopeFault::TooLong => Code::CopyDamaged,
                    };
                    shut.push((kept.stamp, code));
                }
            }
        }
        let opened = |stamp| self.secrets.contains_key(&SecretRef::Generation(stamp));
        self.unrecovered = why(&self.promised(proved), opened, &shut, &found);
        if let Some(code) = self.unrecovered {
            tracing::warn!(binding = %self.binding, error.code = %code, "not recovered");
        }
        Ok(())
    }

    /// Why the next proof of a newer password could not recover the present one, as far as that can
    /// be seen without its share; or why the last one did not.
    pub(crate) fn unrecoverable(&self) -> Result<Option<Code>, KeepFault> {
        if self.unrecovered.is_some() {
            return Ok(self.unrecovered);
        }
        let found = self.envelopes.found()?;
        let shut: Vec<(Stamp, Code)> = found
            .envelopes
            .iter()
            .filter_map(|kept| {
                let sealed = kept.sealed.as_ref()?.as_slice();
                let code = match envelope::look(sealed) {
                    Ok(()) => return None,
                    Err(EnvelopeFault::Version(_)) => Code::StateNewer,
                    Err(EnvelopeFault::Unopened | EnvelopeFault::TooLong) => Code::CopyDamaged,
                };
                Some((kept.stamp, code))
            })
            .collect();
        let is_kept = |stamp| {
            let mut sealed = found.envelopes.iter().filter(|kept| kept.sealed.is_some());
            sealed.any(|kept| kept.stamp == stamp) && !shut.iter().any(|(of, _)| *of == stamp)
        };
        let promised: Vec<Stamp> = self.state.envelopes().collect();
        Ok(why(&promised, is_kept, &shut, &found))
    }

    /// The generations that the journal tells can be recovered with this proof.
    fn promised(&self, proved: Stamp) -> Vec<Stamp> {
        let all = self.state.envelopes();
        all.filter(|stamp| *stamp != proved).collect()
    }
}

/// Why the newest of the promised generations that did not open did not.
fn why(
    promised: &[Stamp],
    opened: impl Fn(Stamp) -> bool,
    shut: &[(Stamp, Code)],
    found: &Found,
) -> Option<Code> {
    let missing = promised.iter().filter(|stamp| !opened(**stamp));
    let missing = *missing.max_by_key(|stamp| stamp.generation)?;
    let mut of = shut.iter().filter(|(stamp, _)| *stamp == missing);
    let mut sealed = found.envelopes.iter().filter(|kept| kept.sealed.is_some());
    Some(match of.next() {
        Some((_, code)) => *code,
        None if found.newer => Code::StateNewer,
        None if found.unread || !found.damaged.is_empty() => Code::CopyDamaged,
        None if sealed.any(|kept| missing.follows(kept.stamp)) => Code::CopyOlder,
        None => Code::CopyLost,
    })
}

#[cfg(test)]
mod tests {
    use lockstep_model::{Epoch, Generation};

    use super::*;
    use crate::keep::envelopes::{Envelopes, path};

    /// What is told of a promised generation 2 when these generations have a copy in the folder.
    fn told(
        copies: &[u32],
        opened: &[u32],
        shut: &[(u32, Code)],
        spoil: fn(&mut Found),
    ) -> Option<Code> {
        let folder = tempfile::tempdir().unwrap();
        let envelopes = Envelopes::open(path(folder.path())).unwrap();
        let epoch = Epoch::fresh();
        let at = |generation: &u32| Stamp {
            epoch,
            generation: Generation(*generation),
        };
        for generation in copies {
            let id = EnvelopeId::fresh();
            envelopes.keep(id, at(generation), vec![1]).unwrap();
        }
        let mut found = envelopes.found().unwrap();
        spoil(&mut found);
        let opened: Vec<Stamp> = opened.iter().map(at).collect();
        let shut: Vec<(Stamp, Code)> = shut.iter().map(|(of, code)| (at(of), *code)).collect();
        let promised = [at(&1), at(&2)];
        why(&promised, |stamp| opened.contains(&stamp), &shut, &found)
    }

    #[test]
    fn the_newest_promise_that_is_not_kept_is_told_of_with_its_own_reason() {
        let as_it_is: fn(&mut Found) = |_| {};
        assert_eq!(told(&[1, 2], &[1, 2], &[], as_it_is), None);
        let damaged = [(2, Code::CopyDamaged), (1, Code::CopyUnreleased)];
        assert_eq!(
            told(&[1, 2], &[], &damaged, as_it_is),
            Some(Code::CopyDamaged)
        );
        let withheld = [(2, Code::CopyUnreleased)];
        assert_eq!(
            told(&[1, 2], &[1], &withheld, as_it_is),
            Some(Code::CopyUnreleased)
        );
        assert_eq!(told(&[1], &[1], &[], as_it_is), Some(Code::CopyOlder));
        assert_eq!(told(&[3], &[], &[], as_it_is), Some(Code::CopyLost));
        assert_eq!(told(&[], &[], &[], as_it_is), Some(Code::CopyLost));
        let unreadable: fn(&mut Found) = |found| found.damaged.push(EnvelopeId::fresh());
        assert_eq!(told(&[1], &[1], &[], unreadable), Some(Code::CopyDamaged));
        let newer: fn(&mut Found) = |found| found.newer = true;
        assert_eq!(told(&[1], &[1], &[], newer), Some(Code::StateNewer));
        // One copy of it opened: what else lies there is of no matter.
        assert_eq!(told(&[2, 2], &[1, 2], &damaged, newer), None);
    }
}
