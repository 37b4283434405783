//! What is said to PAM's modules.
//!
//! Prompts are translated, so that their texts mean nothing here; only their order counts.

use std::ffi::{CStr, c_int};

use lockstep_model::Secret;

/// The answers to hidden prompts, in order, and what the modules said meanwhile.
#[derive(Debug)]
pub(super) struct Conversation<'a> {
    answers: &'a [&'a Secret],
    given: usize,
    ran_dry: bool,
    complaint: Option<String>,
}

/// How a message is meant (`msg_style` in pam_conv(3)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Hidden,
    Shown,
    Error,
    Info,
    Other,
}

/// What a message gets.
#[derive(Debug)]
pub(super) enum Reaction<'a> {
    Answer(&'a Secret),
    Silence,
    Stop,
}

impl Style {
    pub(super) const fn from_raw(style: c_int) -> Self {
        match style {
            1 => Self::Hidden,
            2 => Self::Shown,
            3 => Self::Error,
            4 => Self::Info,
            _ => Self::Other,
        }
    }
}

impl<'a> Conversation<'a> {
    pub(super) const fn new(answers: &'a [&'a Secret]) -> Self {
        Self {
            answers,
            given: 0,
            ran_dry: false,
            complaint: None,
        }
    }

    /// Reacts to one message.
    ///
    /// A hidden prompt beyond the answers means that a module didn't like one and asks again: the
    /// same answer would come three times, so that the conversation ends.
    pub(super) fn hear(&mut self, style: Style, text: &CStr) -> Reaction<'a> {
        match style {
            Style::Hidden => match self.answers.get(self.given) {
                Some(answer) => {
                    self.given += 1;
                    Reaction::Answer(answer)
                }
                None => {
                    self.ran_dry = true;
                    Reaction::Stop
                }
            },
            Style::Error => {
                if self.complaint.is_none() {
                    self.complaint = Some(text.to_string_lossy().trim().to_owned());
                }
                Reaction::Silence
            }
            Style::Info => Reaction::Silence,
            Style::Shown | Style::Other => Reaction::Stop,
        }
    }

    /// How many answers were given.
    pub(super) const fn given(&self) -> usize {
        self.given
    }

    /// Whether a module asked once more than there were answers.
    pub(super) const fn ran_dry(&self) -> bool {
        self.ran_dry
    }

    /// The first error that a module told.
    pub(super) fn complaint(&self) -> Option<&str> {
        self.complaint.as_deref().filter(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_complaint_is_kept() {
        let mut conversation = Conversation::new(&[]);
        for text in [c"BAD PASSWORD: too short\n", c"Authentication failed"] {
            assert!(matches!(
                conversation.hear(Style::Error, text),
                Reaction::Silence
            ));
        }
        assert!(matches!(
            conversation.hear(Style::Info, c"hint"),
            Reaction::Silence
        ));
        assert_eq!(conversation.complaint(), Some("BAD PASSWORD: too short"));
    }

    #[test]
    fn a_shown_prompt_gets_no_secret() {
        let secret = Secret::copy_of(b"secret");
        let answers = [&secret];
        let mut conversation = Conversation::new(&answers);
        assert!(matches!(
            conversation.hear(Style::Shown, c"login: "),
            Reaction::Stop
        ));
        assert_eq!(conversation.given(), 0);
        assert!(!conversation.ran_dry());
    }
}
