//! Shares on their way to a device: which are released, and what a second factor adds to that.

use lockstep_model::{BindingId, Code, EnvelopeId, Generation, PersonId, Secret, Stamp, Timestamp};
use lockstep_opaque::seal::shares::SHARE;
use lockstep_protocol::api::device::FactorAnswer;
use lockstep_protocol::api::me::FactorKind;
use rand::RngCore as _;

use super::Directory;
use super::problem::Refusal;
use crate::core::credential::Credential;
use crate::core::factor::Factor;
use crate::core::release::{EnvelopeRule, Release};
use crate::core::throttle::Lane;
use crate::keys::{factor_name, share_name};
use crate::storage::factors::{self, StoredFactor};
use crate::storage::shares::{self, StoredShare};
use crate::storage::{StorageFault, Write};

/// Hands out and makes shares, inside the transaction that checked the proof.
pub(super) struct Releasing<'a> {
    pub(super) directory: &'a Directory,
    pub(super) binding: BindingId,
    pub(super) person: PersonId,
    pub(super) credential: &'a Credential,
    pub(super) at: Timestamp,
}

/// The envelopes that a proof asked for; those of others, and of nobody, have no share.
pub(super) type Asked = Vec<(EnvelopeId, Option<StoredShare>)>;

/// What a second factor does for a proof.
pub(super) struct Judged {
    /// From where on it stands for older envelopes, if one was shown that helps; or why it was
    /// refused.
    pub(super) factor: Result<Option<Generation>, Refusal>,
    /// The kind that would help, if none was shown.
    pub(super) wanted: Option<FactorKind>,
}

/// The envelopes that a proof asked for, judged.
pub(super) struct Sorted {
    pub(super) released: Vec<(EnvelopeId, Secret)>,
    pub(super) withheld: Vec<EnvelopeId>,
    /// Whether the organisation's rule kept one closed because a password was issued since.
    pub(super) closed: bool,
    /// Whether one was released though a password was issued since.
    pub(super) older: bool,
}

impl Releasing<'_> {
    /// Reads what was asked for.
    pub(super) async fn look_up(
        &self,
        write: &mut Write,
        envelopes: &[EnvelopeId],
    ) -> Result<Asked, StorageFault> {
        let mut asked = Vec::with_capacity(envelopes.len());
        for &envelope in envelopes {
            let stored = shares::get(write, envelope).await?;
            asked.push((
                envelope,
                stored.filter(|share| share.binding == self.binding),
            ));
        }
        Ok(asked)
    }

    /// Finds out whether a second factor helps, and checks the one that was shown if it does: a code
    /// that helps nothing is not spent.
    pub(super) async fn judge(
        &self,
        write: &mut Write,
        asked: &Asked,
        shown: Option<&FactorAnswer>,
    ) -> Result<Judged, StorageFault> {
        let nothing = Judged {
            factor: Ok(None),
            wanted: None,
        };
        if !self.directory.config.rules.may_ask_for_factor() {
            return Ok(nothing);
        }
        let mut helping = None;
        for stored in factors::of(write, self.person).await? {
            let from = stored.factor.enrolled.map(|enrolled| enrolled.vouches_from);
            if let Some(from) = from
                && self.helps(asked, from)
            {
                helping = Some((stored, from));
            }
        }
        let Some((stored, from)) = helping else {
            return Ok(nothing);
        };
        let Some(shown) = shown else {
            return Ok(Judged {
                wanted: Some(stored.factor.kind),
                ..nothing
            });
        };
        let factor = match self.check(stored, shown) {
            Ok(spent) => {
                factors::update(write, &spent).await?;
                Ok(Some(from))
            }
            Err(refused) => Err(refused),
        };
        Ok(Judged {
            factor,
            wanted: None,
        })
    }

    /// Sorts what was asked for into what is released and what is not.
    pub(super) fn sort(&self, asked: Asked, vouched_from: Option<Generation>) -> Sorted {
        let mut sorted = Sorted {
            released: Vec::new(),
            withheld: Vec::new(),
            closed: false,
            older: false,
        };
        let key = self.directory.keys.share_key();
        for (envelope, stored) in asked {
            let release = stored
                .as_ref()
                .map(|stored| self.release(stored, vouched_from));
            sorted.closed |= release.is_some_and(Release::is_closed_by_issue);
            let granted = release.is_some_and(Release::is_granted);
            let share = stored.filter(|_| granted).and_then(|stored| {
                let name = share_name(&envelope.to_string());
                key.open(&stored.sealed, &name).ok()
            });
            match share {
                Some(share) => {
                    sorted.older |= release.is_some_and(Release::is_older_than_issue);
                    sorted.released.push((envelope, share));
                }
                None => sorted.withheld.push(envelope),
            }
        }
        sorted
    }

    /// Makes the share of an envelope that is about to be sealed.
    ///
    /// Where envelopes are switched off nobody keeps it, and what it seals is never opened.
    pub(super) async fn make(
        &self,
        write: &mut Write,
        envelope: EnvelopeId,
        stamp: Stamp,
    ) -> Result<Secret, Refusal> {
        let mut bytes = vec![0_u8; SHARE];
        rand::rngs::OsRng.fill_bytes(&mut bytes);
        let share = Secret::new(bytes);
        if self.directory.config.rules.envelopes == EnvelopeRule::Off {
            return Ok(share);
        }
        let sealed = self
            .directory
            .keys
            .share_key()
            .seal(&share, &share_name(&envelope.to_string()));
        let stored = StoredShare {
            binding: self.binding,
            stamp,
            sealed: sealed.map_err(|_| Code::Internal)?,
        };
        if shares::add(write, envelope, &stored, self.at).await? {
            Ok(share)
        } else {
            Err(Code::BadRequest.into())
        }
    }

    fn release(&self, stored: &StoredShare, vouched_from: Option<Generation>) -> Release {
        Release {
            envelope: stored.stamp,
            proved: self.credential.stamp,
            issued: self.credential.issued,
            envelopes: self.directory.config.rules.envelopes,
            rule: self.directory.config.rules.release_after_issue,
            vouched_from,
        }
    }

    /// Whether a factor would release what is closed without it.
    fn helps(&self, asked: &Asked, from: Generation) -> bool {
        asked
            .iter()
            .filter_map(|(_, share)| share.as_ref())
            .any(|share| {
                !self.release(share, None).is_granted()
                    && self.release(share, Some(from)).is_granted()
            })
    }

    fn check(&self, stored: StoredFactor, shown: &FactorAnswer) -> Result<Factor, Refusal> {
        let FactorAnswer::Totp { code } = shown;
        let lanes = [Lane::Factor(self.person)];
        self.directory.charge(&lanes)?;
        let name = factor_name(self.person, stored.factor.id);
        let secret = self.directory.keys.factor_key().open(&stored.sealed, &name);
        let secret = secret.map_err(|_| Code::Internal)?;
        let spent = stored.factor.verify(&secret, code.expose(), self.at)?;
        self.directory.refund(&lanes);
        Ok(spent)
    }
}
