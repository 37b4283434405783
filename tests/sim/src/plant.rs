//! One fault on purpose, in the shell, the directory or a store: each must be found.

/// What is done wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Plant {
    /// The older envelopes go as soon as the new password is sealed.
    RetiredEarly,
    /// The shell says that it has sealed the new password, and has not.
    NotSealed,
    /// A device takes the word of a restored directory for the truth.
    RestoreObeyed,
    /// A record is written and not made durable before the next effect runs.
    PersistLost,
    /// The directory releases shares whatever the organisation's rule says.
    RuleIgnored,
    /// The directory releases shares without a proof.
    ProofSkipped,
    /// A removal takes every slot that the new password doesn't open.
    SlotsOfOthersRemoved,
    /// The old slot goes when the new one is added.
    OldSlotRemovedAtOnce,
    /// What a change reports counts as having opened the store.
    ProbeSkipped,
    /// A keychain that can't be opened is deleted.
    KeychainDeleted,
    /// Of two changes from one stamp both are taken.
    LostRace,
    /// An operation whose pipe was lost is waited for for ever.
    NeverAnswered,
    /// After a newer password was heard of, the device goes on towards the former one.
    NewsWithheld,
    /// What was heard while the person was asked goes before the end of the next operation only,
    /// not before the answer.
    AnswerFirst,
}
