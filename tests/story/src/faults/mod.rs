//! Kills what takes part in a sync, after every record that the agent makes durable, and sees that
//! the computer comes in step with what its person knows, and that nothing is lost on the way.
//!
//! A record is durable before the effect that it speaks of begins, so that "after the n-th record"
//! is in the middle of, or just before, every effect there is.

mod stage;

use std::fmt;

pub use stage::Stage;

/// What happens to the person's password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Plan {
    /// It changed in the portal, and the computer follows.
    Follow,
    /// It changes on the computer.
    ChangeHere,
    /// It changed in the portal, the sealed copies are lost, and the person has no old one.
    WithoutOld,
    /// Root has given the account another one, and its person brings it back.
    Drifted,
}

/// What is killed, at once and unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Victim {
    /// The agent.
    Agent,
    /// The root helper's process of the operation.
    Helper,
    /// The keyring's daemon, private or of a session.
    KeyringDaemon,
    /// What writes the disk's header.
    Cryptsetup,
    /// All processes of the computer; what they wrote stays.
    Computer,
    /// The power: what was not flushed to the computer's disk is lost, too.
    Power,
}

impl Plan {
    /// Every plan.
    pub const ALL: [Self; 4] = [
        Self::Follow,
        Self::ChangeHere,
        Self::WithoutOld,
        Self::Drifted,
    ];

    /// Whether the disk follows: without the old password it could not, and so no account either. It
    /// keeps its own password then.
    #[must_use]
    pub fn disk_follows(self) -> bool {
        self != Self::WithoutOld
    }
}

impl Victim {
    /// Every victim.
    pub const ALL: [Self; 6] = [
        Self::Agent,
        Self::Helper,
        Self::KeyringDaemon,
        Self::Cryptsetup,
        Self::Computer,
        Self::Power,
    ];

    /// Whether it can be killed at any moment.
    #[must_use]
    pub fn is_always_there(self) -> bool {
        matches!(self, Self::Agent | Self::Computer | Self::Power)
    }

    /// Whether it takes part at all.
    #[must_use]
    pub fn takes_part(self, plan: Plan) -> bool {
        self != Self::Cryptsetup || plan.disk_follows()
    }
}

/// What came of all the faults.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Faults that struck.
    pub injected: u32,
    /// After which a store could not be opened with anything its person knows, or never came in step.
    pub lock_outs: u32,
    /// After which something that was in the keyring was nowhere.
    pub lost: u32,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.injected += other.injected;
        self.lock_outs += other.lock_outs;
        self.lost += other.lost;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            injected,
            lock_outs,
            lost,
        } = self;
        write!(
            f,
            "faults: {injected} injected, {lock_outs} lock-outs, {lost} lost"
        )
    }
}
