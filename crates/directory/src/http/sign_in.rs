//! The end of a sign-in: those that finish at the same time are decided and stored together.

use std::collections::BTreeSet;

use lockstep_model::{Code, PersonId, Timestamp};

use super::actor::{Origin, new_session};
use crate::attempts::Whom;
use crate::storage::audit::{self, Action, Entry};
use crate::storage::people::{self, Standing};
use crate::storage::{StorageFault, Together, Write, sessions};

/// Somebody who has finished a proof, or tried to.
pub(crate) struct Finish {
    /// Whose password was to be proved; for a name that nobody has, the stand-in's.
    pub(super) whom: Option<Whom>,
    /// Whether the proof holds.
    pub(super) proved: bool,
    /// What is stored of the session's token, in case there will be a session.
    pub(super) token_hash: Vec<u8>,
    /// From where it comes.
    pub(super) origin: Origin,
    /// When.
    pub(super) at: Timestamp,
}

/// Opens sessions and writes each sign-in down; answers whose session it is, or why there is none.
pub(crate) struct SignIns;

impl Together for SignIns {
    type Ask = Finish;
    type Answer = Result<PersonId, Code>;

    async fn run(write: &mut Write, asks: &[Finish]) -> Result<Vec<Self::Answer>, StorageFault> {
        let people: BTreeSet<PersonId> = asks
            .iter()
            .filter_map(|ask| Some(ask.whom?.person))
            .collect();
        // Read inside the transaction: a password that was changed meanwhile signs nobody in.
        let standings = people::standings(write, &people).await?;
        let standing = |ask: &Finish| {
            let whom = ask.whom?;
            standings.get(&whom.person).filter(|_| whom.known)
        };
        let judged: Vec<Self::Answer> = asks.iter().map(|ask| ask.judged(standing(ask))).collect();
        let opened: Vec<_> = asks
            .iter()
            .zip(&judged)
            .filter_map(|(ask, judged)| {
                let person = (*judged).ok()?;
                Some(new_session(&ask.token_hash, person, &ask.origin, ask.at))
            })
            .collect();
        sessions::open_all(write, &opened).await?;
        let entries: Vec<_> = asks
            .iter()
            .zip(&judged)
            .map(|(ask, judged)| ask.entry(standing(ask), *judged))
            .collect();
        audit::append_all(write, &entries).await?;
        Ok(judged)
    }
}

impl Finish {
    fn judged(&self, standing: Option<&Standing>) -> Result<PersonId, Code> {
        let (whom, standing) = self.whom.zip(standing).ok_or(Code::SignInRefused)?;
        if !self.proved || standing.stamp != Some(whom.stamp) {
            return Err(Code::SignInRefused);
        }
        // Only who knows the password is told that it would not help.
        standing.access.admit().map(|()| whom.person)
    }

    fn entry<'a>(
        &'a self,
        standing: Option<&'a Standing>,
        judged: Result<PersonId, Code>,
    ) -> Entry<'a> {
        let name = standing.map(|standing| standing.user_name.as_str());
        // Whoever proved the password is who they say, though they may be kept out.
        let is_known = judged != Err(Code::SignInRefused);
        Entry {
            at: self.at,
            actor: name.filter(|_| is_known).unwrap_or("somebody"),
            action: Action::SignIn,
            // A name that nobody has may be anything, a password typed into the wrong field
            // included.
            subject: name.unwrap_or("an unknown name"),
            address: &self.origin.address,
            result: judged.map(|_| ()),
        }
    }
}
