//! What happened in a run, counted, so that a clean end is known to mean something.

use std::fmt;

macro_rules! happenings {
    ($($(#[$doc:meta])* $name:ident => $words:literal,)*) => {
        /// One kind of thing that happens.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Happening {
            $($(#[$doc])* $name,)*
        }

        impl Happening {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// What it is called in a summary.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self {
                    $(Self::$name => $words,)*
                }
            }
        }
    };
}

happenings! {
    /// A message never arrived.
    Lost => "messages lost",
    /// A message arrived twice.
    Repeated => "messages repeated",
    /// A device was cut from the network.
    Partition => "partitions",
    /// A device's power went.
    PowerCut => "power cuts",
    /// The agent of a device died.
    AgentDeath => "agent deaths",
    /// Power or agent went between two effects of one step.
    MidStep => "deaths between two effects",
    /// A record was torn, or the disk full.
    Torn => "torn or refused records",
    /// An operation ended and nobody knows how.
    Vague => "operations of unknown end",
    /// An operation reported what was not so.
    Lied => "operations that reported untruly",
    /// A store refused.
    Refused => "refusals",
    /// The directory was started again.
    DirectoryRestart => "directory restarts",
    /// The directory was restored from a backup.
    Restore => "restores",
    /// A password was changed in the portal.
    Portal => "portal changes",
    /// A password was changed through the programming interface.
    Interface => "interface changes",
    /// A password was issued for one use.
    Temporary => "temporary passwords issued",
    /// A password was chosen by a reset link.
    ResetLink => "reset links used",
    /// A password was changed on a computer.
    OnComputer => "changes on a computer",
    /// A change on a computer whose answer was lost was settled by proving the new password.
    Settled => "lost answers settled",
    /// Of two changes the second was told so.
    RaceLost => "races lost",
    /// A password was changed while one of the person's computers was following.
    MidSync => "second changes in mid-sync",
    /// A proof joined a run.
    Joined => "proofs that joined a run",
    /// A store was changed from outside.
    Drift => "drifts",
    /// A change found out that its store does not open with what it starts from.
    FoundOut => "drifts that a change found out",
    /// The secrets of a run were lost.
    SecretsLost => "secrets lost",
    /// A session went in the middle.
    SessionDown => "sessions gone",
    /// A share was released.
    Released => "shares released",
    /// An envelope gave a former password back.
    Recovered => "passwords recovered",
    /// The organisation's rule or a restore kept a share back.
    Withheld => "shares withheld",
    /// The person was asked for the old password.
    Asked => "old passwords asked for",
    /// The person forgot what they don't use any more.
    Forgot => "memories lost",
    /// An account was reset by an order.
    Reset => "accounts reset",
    /// A keychain was set aside.
    SetAside => "keychains set aside",
    /// Old slots were removed.
    Removed => "removals of old slots",
    /// Envelopes were retired.
    Retired => "retirements",
    /// A device heard of another epoch or a lower generation.
    Odd => "odd stamps heard",
    /// A run ended in step.
    InSync => "syncs finished",
    /// A run stopped before.
    Stopped => "syncs stopped",
    /// At the end everything is in step, and the last password is in no envelope: sealing it was
    /// refused, and the agent started anew before anybody tried again.
    Unsealed => "bindings in step without an envelope at the end",
    /// At the end a store could not follow, because nothing opens it any more, and it said so.
    Waits => "bindings that rightly wait at the end",
}

/// How often each kind happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts([u64; Happening::ALL.len()]);

impl Default for Counts {
    fn default() -> Self {
        Self([0; Happening::ALL.len()])
    }
}

impl Counts {
    pub(crate) fn note(&mut self, what: Happening) {
        if let Some(count) = self.0.get_mut(what as usize) {
            *count += 1;
        }
    }

    /// How often one kind happened.
    #[must_use]
    pub fn of(&self, what: Happening) -> u64 {
        self.0.get(what as usize).copied().unwrap_or(0)
    }

    /// Adds those of another run.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count += more;
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for what in Happening::ALL {
            writeln!(f, "  {:>9}  {}", self.of(*what), what.words())?;
        }
        Ok(())
    }
}
