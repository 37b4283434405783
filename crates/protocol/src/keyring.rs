//! What app and CLI say to `lockstep-keyring`, the program that runs as the person in their session.
//!
//! One [`Request`] on its standard input, [`Answer`]s on its standard output, in frames. Where it
//! [needs](Answer::Need) the old password, a secret frame follows; an end of the input is a change of
//! mind. Every other answer is the last.

use lockstep_model::{Code, Timestamp};
use serde::{Deserialize, Serialize};

/// The version of this protocol.
pub const VERSION: u16 = 1;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// [`VERSION`] of the sender; another version is refused with [`Code::VersionRefused`].
    pub version: u16,
    /// What is asked.
    pub ask: Ask,
}

/// What may be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Ask {
    /// Which keyrings were set aside.
    List,
    /// Adds what is in one to the present keyring.
    Reopen {
        /// [`SetAside::which`].
        which: String,
    },
    /// Removes one for good.
    Remove {
        /// [`SetAside::which`].
        which: String,
        /// The person gives up what is in it and not in the present keyring.
        unopened: bool,
    },
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// What was set aside, the oldest first.
    List {
        /// Each.
        set_aside: Vec<SetAside>,
    },
    /// The old password is of use now.
    Need,
    /// It was opened and added.
    Reopened(Reopened),
    /// It was removed.
    Removed {
        /// Which.
        which: String,
    },
    /// It was not done.
    Failed {
        /// Why.
        code: Code,
        /// For the details; never a secret, nor anything of what a keyring holds.
        detail: String,
    },
}

/// A keyring that was set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAside {
    /// What names it.
    pub which: String,
    /// When it was set aside.
    pub at: Timestamp,
    /// How many bytes its file has.
    pub bytes: u64,
    /// When all that is in it was added to the present keyring, if it was.
    pub reopened: Option<Timestamp>,
}

/// What became of the saved passwords of a keyring that was opened again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reopened {
    /// Which keyring.
    pub which: String,
    /// How many were added that weren't there.
    pub added: u32,
    /// How many were there already, just the same.
    pub identical: u32,
    /// How many were there already with another secret: the old one was added beside it.
    pub kept_both: u32,
    /// How many can't be read, and are nowhere but in the old keyring.
    pub unreadable: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_as_they_are_written_down() {
        let request = Request {
            version: VERSION,
            ask: Ask::Reopen { which: "x".into() },
        };
        let text = r#"{"version":1,"ask":{"ask":"reopen","which":"x"}}"#;
        assert_eq!(serde_json::to_string(&request).unwrap(), text);
        assert_eq!(serde_json::from_str::<Request>(text).unwrap(), request);
        let answer = Answer::Reopened(Reopened::default());
        assert_eq!(
            serde_json::to_string(&answer).unwrap(),
            r#"{"answer":"reopened","which":"","added":0,"identical":0,"kept_both":0,"unreadable":0}"#
        );
    }
}
