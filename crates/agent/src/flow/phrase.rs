//! Keeping the words by which a person knows Lockstep.

use lockstep_client::Fault;
use lockstep_model::phrase;
use lockstep_protocol::local::Done;

use super::{Ended, failed};
use crate::agent::Agent;
use crate::local::Caller;

/// Keeps the caller's phrase, in place of the one before.
pub(crate) fn choose(agent: &Agent, caller: &Caller, words: &str) -> Ended {
    let kept = || -> Result<Done, Fault> {
        let words = phrase::check(words).map_err(|code| Fault::new(code, "words"))?;
        let binding = agent.binding_of(caller.uid())?;
        binding.keep_phrase(&agent.places.state, words)?;
        Ok(Done::PhraseKept)
    };
    kept().map_err(failed)
}
