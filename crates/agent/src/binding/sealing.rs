//! Sealing passwords, and the shares that it takes.

use std::cmp::Reverse;

use lockstep_client::Fault;
use lockstep_client::proof::{Accepted, Ask, Prover};
use lockstep_model::{Code, EnvelopeId, Secret, Stamp};
use lockstep_opaque::envelope;
use lockstep_protocol::api::device::MAX_ENVELOPES;

use super::Core;
use crate::keep::KeepFault;

impl Core {
    /// Seals a password for a generation and opens the copy once as a test.
    ///
    /// The envelope may be there already, sealed before a change was committed.
    pub(crate) fn seal(&mut self, stamp: Stamp, password: &Secret) -> Result<(), Fault> {
        let Some((envelope, share)) = &self.share else {
            return Err(Fault::new(
                Code::DirectoryUnreachable,
                "no share to seal with",
            ));
        };
        let name = self.name(*envelope, stamp);
        let device_secret = &self.enrolled.device_secret;
        let seal = || envelope::seal(device_secret, share, &name, password);
        let test = |sealed: &[u8]| {
            let opened = envelope::open(device_secret, share, &name, sealed);
            opened.is_ok_and(|opened| opened.same_as(password))
        };
        let kept = self
            .envelopes
            .reread(*envelope)?
            .and_then(|kept| kept.sealed);
        if kept.is_some_and(|sealed| test(sealed.as_slice())) {
            return Ok(());
        }
        let sealed = seal().map_err(|fault| Fault::new(Code::Internal, fault))?;
        self.envelopes.keep(*envelope, stamp, sealed)?;
        let reread = self
            .envelopes
            .reread(*envelope)?
            .and_then(|kept| kept.sealed);
        if reread.is_some_and(|sealed| test(sealed.as_slice())) {
            Ok(())
        } else {
            Err(Fault::new(
                Code::StateUnreadable,
                "a sealed envelope does not open",
            ))
        }
    }

    /// Seals the password that was just proved once more, where the copy that the journal tells of
    /// does not open any more; without a share that waits for the next proof.
    pub(crate) fn mend(&mut self, proved: Stamp, password: &Secret) {
        let promised = self.state.envelopes().any(|stamp| stamp == proved);
        let Some((envelope, _)) = self.share.as_ref().filter(|_| promised && !self.sealed) else {
            return;
        };
        let envelope = *envelope;
        let mended = self
            .seal(proved, password)
            .and_then(|()| Ok(self.envelopes.supersede(envelope, proved)?));
        match mended {
            Ok(()) => tracing::info!(binding = %self.binding, "sealed once more"),
            Err(fault) => tracing::warn!(error = %fault, "not sealed once more"),
        }
    }

    /// The envelopes whose shares a proof asks for, as many as it may: first of what a store rests on,
    /// then of what may be needed, then what is only kept.
    pub(crate) fn wanted(&self) -> Result<Vec<EnvelopeId>, KeepFault> {
        let rested_on: Vec<Stamp> = self.state.rests_on().collect();
        let promised: Vec<Stamp> = self.state.envelopes().collect();
        let mut kept = self.envelopes.kept()?;
        kept.sort_by_key(|kept| {
            (
                !rested_on.contains(&kept.stamp),
                !promised.contains(&kept.stamp),
                Reverse(kept.stamp.generation),
            )
        });
        let wanted = kept.into_iter().map(|kept| kept.envelope);
        Ok(wanted.take(MAX_ENVELOPES).collect())
    }

    /// Has a share that seals nothing deleted, so that it is not kept for ever.
    pub(super) fn disown(&self, envelope: EnvelopeId) {
        let Some(stamp) = self.known() else {
            return;
        };
        let unused = self.envelopes.reread(envelope).and_then(|kept| match kept {
            Some(_) => Ok(()),
            None => self.envelopes.erase(envelope, stamp),
        });
        if let Err(fault) = unused {
            tracing::warn!(error = %fault, "an unused share was not noted");
        }
    }

    /// Makes a proof that has the directory make a share, too. If its answer is lost, the share may
    /// have been made.
    pub(crate) async fn prove(
        &self,
        prover: &Prover<'_>,
        ask: Ask,
        envelope: EnvelopeId,
    ) -> Result<Accepted, Fault> {
        let new_envelope = Some(envelope);
        let proved = prover
            .prove(Ask {
                new_envelope,
                ..ask
            })
            .await;
        if proved
            .as_ref()
            .is_err_and(|fault| fault.code == Code::AnswerLost)
        {
            self.disown(envelope);
        }
        proved
    }
}
