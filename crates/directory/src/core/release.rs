//! Which shares a proof releases.

use lockstep_model::{Generation, Stamp};
use serde::{Deserialize, Serialize};

/// What the organisation asks before an envelope is opened that is older than an issued password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReleaseRule {
    /// A second factor that the person enrolled before the password was issued. Who has none types
    /// the old password.
    #[default]
    Factor,
    /// Nothing: whoever can issue a password can then read the former one from a stolen disk.
    Always,
    /// Such an envelope is never opened: the old password is typed.
    Never,
}

/// Whether computers can recover former passwords from their envelopes at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EnvelopeRule {
    /// By the person's proof, and by the [`ReleaseRule`] after a password was issued.
    #[default]
    On,
    /// Never: the old password is typed at every change that a computer did not make itself.
    Off,
}

/// What the release of one envelope's share is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Release {
    /// The generation that the envelope holds.
    pub envelope: Stamp,
    /// The generation that the person has just proved.
    pub proved: Stamp,
    /// The newest generation that was issued rather than proved.
    pub issued: Generation,
    /// Whether the organisation has envelopes opened at all.
    pub envelopes: EnvelopeRule,
    /// The organisation's rule for those that are older than an issued password.
    pub rule: ReleaseRule,
    /// The oldest generation for which a second factor stands, if the person has just shown it.
    pub vouched_from: Option<Generation>,
}

impl Release {
    /// Whether the share may go to a device whose person has just made the proof.
    ///
    /// The envelope's own generation may be one ahead: the share that a change under way was given.
    #[must_use]
    pub fn is_granted(self) -> bool {
        self.envelopes == EnvelopeRule::On
            && self.envelope.epoch == self.proved.epoch
            && self.envelope.generation <= self.proved.generation.next()
            && !self.is_closed_by_issue()
    }

    /// Whether the envelope is older than an issued password: its release is told to the person.
    #[must_use]
    pub fn is_older_than_issue(self) -> bool {
        self.envelope.generation < self.issued
    }

    /// Whether the envelope is older than an issued password, and the rule keeps it closed for that.
    #[must_use]
    pub fn is_closed_by_issue(self) -> bool {
        self.is_older_than_issue()
            && match self.rule {
                ReleaseRule::Always => false,
                ReleaseRule::Factor => self
                    .vouched_from
                    .is_none_or(|from| self.envelope.generation < from),
                ReleaseRule::Never => true,
            }
    }
}

#[cfg(test)]
mod tests {
    use lockstep_model::Epoch;

    use super::*;

    const RULES: [ReleaseRule; 3] = [ReleaseRule::Factor, ReleaseRule::Always, ReleaseRule::Never];

    fn granted(envelope: Stamp, proved: Stamp, issued: u32, rule: ReleaseRule) -> bool {
        vouched(envelope, proved, issued, rule, None)
    }

    fn vouched(
        envelope: Stamp,
        proved: Stamp,
        issued: u32,
        rule: ReleaseRule,
        from: Option<u32>,
    ) -> bool {
        Release {
            envelope,
            proved,
            issued: Generation(issued),
            envelopes: EnvelopeRule::On,
            rule,
            vouched_from: from.map(Generation),
        }
        .is_granted()
    }

    fn at(epoch: Epoch, generation: u32) -> Stamp {
        Stamp {
            epoch,
            generation: Generation(generation),
        }
    }

    #[test]
    fn what_is_not_older_than_an_issued_password_is_released_under_every_rule() {
        let epoch = Epoch::fresh();
        for rule in RULES {
            assert!(granted(at(epoch, 1), at(epoch, 3), 1, rule));
            assert!(granted(at(epoch, 3), at(epoch, 3), 3, rule));
            assert!(granted(at(epoch, 4), at(epoch, 3), 1, rule));
        }
    }

    #[test]
    fn what_is_older_than_an_issued_password_is_released_only_where_the_rule_is_always() {
        let epoch = Epoch::fresh();
        let older = |rule| granted(at(epoch, 2), at(epoch, 3), 3, rule);
        assert!(!older(ReleaseRule::Factor));
        assert!(!older(ReleaseRule::Never));
        assert!(older(ReleaseRule::Always));
    }

    #[test]
    fn nothing_is_released_where_envelopes_are_off() {
        let epoch = Epoch::fresh();
        let release = |envelopes| Release {
            envelope: at(epoch, 1),
            proved: at(epoch, 2),
            issued: Generation(1),
            envelopes,
            rule: ReleaseRule::Always,
            vouched_from: Some(Generation(1)),
        };
        assert!(release(EnvelopeRule::On).is_granted());
        assert!(!release(EnvelopeRule::Off).is_granted());
    }

    #[test]
    fn a_factor_opens_what_is_older_than_the_issue_unless_it_was_enrolled_after_that() {
        let epoch = Epoch::fresh();
        let older = |rule, from| vouched(at(epoch, 2), at(epoch, 4), 4, rule, Some(from));
        assert!(older(ReleaseRule::Factor, 1), "enrolled long before");
        assert!(
            older(ReleaseRule::Factor, 2),
            "since the envelope's own issue"
        );
        assert!(!older(ReleaseRule::Factor, 3), "between two issues");
        assert!(!older(ReleaseRule::Factor, 4), "after the issue");
        assert!(!older(ReleaseRule::Never, 1));
    }

    #[test]
    fn no_rule_releases_what_is_of_another_epoch_or_of_the_future() {
        let epoch = Epoch::fresh();
        for rule in RULES {
            assert!(!granted(at(epoch, 5), at(epoch, 3), 1, rule));
            assert!(!granted(at(Epoch::fresh(), 2), at(epoch, 3), 1, rule));
            assert!(!vouched(at(epoch, 5), at(epoch, 3), 4, rule, Some(1)));
            assert!(!vouched(
                at(Epoch::fresh(), 2),
                at(epoch, 3),
                3,
                rule,
                Some(1)
            ));
        }
    }
}
