//! What a check of this computer finds: the same for command line and app.

use lockstep_model::Code;
use serde::{Deserialize, Serialize};

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What was looked at.
    pub about: About,
    /// How it stands.
    pub verdict: Verdict,
    /// One line for people, without secrets; may hold `{org}`, `{pc}` and `{it}`, as `next` may.
    pub says: String,
    /// What to do about it; none where nothing needs to be done.
    pub next: Option<String>,
    /// The code that this leads to, where it leads to one.
    pub code: Option<Code>,
}

/// What is looked at, in the order in which it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// The agent: whether it answers, and is the agent.
    Agent,
    /// The agent's configuration.
    Configuration,
    /// The agent's folder and the device's key.
    State,
    /// The root helper: whether it answers, and which version it is.
    Helper,
    /// What the helper's process is kept from.
    Sandbox,
    /// The PAM service file.
    Service,
    /// Whether this computer is set up, and is the one that was.
    Device,
    /// The way to the directory: name, connection, encryption, proxy.
    Directory,
    /// The clocks of both.
    Clock,
    /// The line over which news come.
    Line,
    /// An account that is linked, or could be.
    Account,
    /// Whether the account is in step.
    Stores,
    /// What opens the disk beside the password.
    Disk,
    /// The sealed copies of passwords.
    Envelopes,
}

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should.
    Ok,
    /// It works, and could be better or soon be worse.
    Warning,
    /// It keeps this computer from following.
    Problem,
}

impl Finding {
    /// All is well.
    #[must_use]
    pub fn ok(about: About, says: impl Into<String>) -> Self {
        Self {
            about,
            verdict: Verdict::Ok,
            says: says.into(),
            next: None,
            code: None,
        }
    }

    /// It works, but.
    #[must_use]
    pub fn warning(about: About, says: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Warning,
            next: Some(next.into()),
            ..Self::ok(about, says)
        }
    }

    /// It doesn't work, for the reason that a code gives.
    #[must_use]
    pub fn problem(about: About, code: Code, says: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Problem,
            next: Some(code.next_step().to_owned()),
            code: Some(code),
            ..Self::ok(about, says)
        }
    }
}
