//! Changing the password here: preflight, seal, compare-and-set, stores.

use std::rc::Rc;

use lockstep_client::Fault;
use lockstep_client::proof::{Ask, OpenChange};
use lockstep_model::code::Retry;
use lockstep_model::password::{Names, Password};
use lockstep_model::{Code, EnvelopeId, Secret, Stamp};
use lockstep_protocol::api::device::Purpose;
use lockstep_protocol::local::{Failure, Need};
use lockstep_sync::{Input, SecretRef, Verdict};

use super::{Ended, behind, conclude, failed, ready, sync, take};
use crate::agent::{Agent, Enrolled};
use crate::binding::{Binding, Core, Person};
use crate::local::Caller;

/// Changes the caller's password.
pub(crate) async fn run(agent: &Rc<Agent>, caller: &mut Caller) -> Ended {
    let (enrolled, binding) = ready(agent, caller.uid()).await.map_err(failed)?;
    let current = caller.need(Need::CurrentPassword).await.map_err(failed)?;
    let current = Password::normalise(&current);
    let current = current.map_err(|code| failed(Fault::new(code, "current")))?;
    let typed = caller.need(Need::NewPassword).await.map_err(failed)?;
    let new = choose(&enrolled, &binding, &typed).map_err(failed)?;
    if new.same_as(&current) {
        return Err(failed(Fault::new(Code::SameAsCurrent, "new")));
    }
    let mut core = take(&binding).await.map_err(failed)?;
    let mut change = Change {
        enrolled: &enrolled,
        binding: &binding,
        core: &mut core,
        may_stay_behind: false,
    };
    let ended = match change.commit(current, new).await {
        Ok(input) => change.follow(input, caller).await,
        Err(fault) => Err(failed(fault)),
    };
    core.forget_secrets();
    drop(core);
    match ended {
        Ok(verdict) => conclude(&enrolled, &binding, verdict).await.map_err(behind),
        Err(failure) => Err(failure),
    }
}

/// Has the person choose an own password in place of a temporary one that was just proved, and the
/// directory take it; gives it. This computer is behind before and after, and the sync follows.
pub(super) async fn replace_temporary(
    enrolled: &Enrolled,
    binding: &Binding,
    core: &mut Core,
    temporary: &Secret,
    person: &mut impl Person,
) -> Result<Secret, Fault> {
    let temporary = Password::normalise(temporary).map_err(|code| Fault::new(code, "typed"))?;
    let mut fault = Some(Code::OwnPasswordNeeded);
    let own = loop {
        let typed = person.ask(Need::NewPassword, fault).await?;
        let Some(typed) = typed else {
            return Err(Fault::new(Code::OwnPasswordNeeded, "the person gave up"));
        };
        match choose(enrolled, binding, &typed) {
            Ok(own) if own.same_as(&temporary) => fault = Some(Code::SameAsCurrent),
            Ok(own) => break own,
            Err(broken) if broken.code.retry() == Retry::AfterInput => fault = Some(broken.code),
            Err(broken) => return Err(broken),
        }
    };
    let copy = own.secret().duplicate();
    let mut change = Change {
        enrolled,
        binding,
        core,
        may_stay_behind: true,
    };
    let committed = change.commit(temporary, own).await;
    core.forget_secrets();
    committed.map(|_| copy)
}

/// A change under way.
struct Change<'a> {
    enrolled: &'a Enrolled,
    binding: &'a Binding,
    core: &'a mut Core,
    /// Whether the directory may go ahead of a computer that nothing at hand opens.
    may_stay_behind: bool,
}

/// What a sealed and open change is known by, until it is settled.
struct Open<'a> {
    change: &'a OpenChange,
    envelope: EnvelopeId,
    from: Stamp,
    new: &'a Secret,
}

impl Change<'_> {
    /// Has the directory take the new password; up to here everything can be refused.
    async fn commit(&mut self, current: Password, new: Password) -> Result<Input, Fault> {
        self.core.preflight(new.secret()).await?;
        let envelope = EnvelopeId::fresh();
        let (current_copy, new_copy) = (current.secret().duplicate(), new.secret().duplicate());
        let server_key = self.enrolled.server_key();
        let envelopes = self.core.wanted()?;
        let ask = Ask {
            purpose: Purpose::Change,
            binding: self.binding.file.binding,
            user_name: None,
            account: None,
            password: current,
            new_password: Some(new),
            new_envelope: None,
            envelopes,
        };
        let prover = self.enrolled.prover(&server_key);
        let accepted = self.core.prove(&prover, ask, envelope).await?;
        let from = accepted.proved.stamp;
        for (id, share) in &accepted.shares {
            if *id == envelope {
                self.core.hold_share(*id, share.duplicate());
            }
        }
        self.core.recover(&accepted.shares, from, &current_copy)?;
        self.core.hold(SecretRef::Generation(from), current_copy);
        if !self.may_stay_behind && !self.core.anything_opens_account().await {
            return Err(Fault::new(
                Code::OldPasswordNeeded,
                "nothing at hand opens the account",
            ));
        }
        if self.core.adopt().await? {
            self.core.preflight(&new_copy).await?;
        }
        // Sealed before the directory changes: from here on the new password can be recovered.
        self.core.seal(from.next(), &new_copy)?;
        let change = accepted.change;
        let change = change.ok_or_else(|| Fault::new(Code::Internal, "no change was opened"))?;
        let open = Open {
            change: &change,
            envelope,
            from,
            new: &new_copy,
        };
        match prover.commit(open.change, from).await {
            Ok(stamp) => Ok(self.committed(stamp, &open)),
            Err(fault) if was_refused(fault.code) => {
                self.core.envelopes.erase(envelope, from.next())?;
                Err(fault)
            }
            Err(_) => self.settle(&open).await,
        }
    }

    /// Moves this computer; the directory has the new password, whatever happens here.
    async fn follow(&mut self, input: Input, caller: &mut Caller) -> Result<Verdict, Failure> {
        let verdict = self.binding.run(self.core, input, caller).await;
        let verdict = verdict.and_then(|verdict| {
            verdict.ok_or_else(|| Fault::new(Code::Internal, "a run without a verdict"))
        });
        verdict.map_err(failed).map_err(behind)
    }

    /// Finds out what became of a change whose answer was lost: the same attempt is sent again, so
    /// that it is decided for good, and then the new password is proved.
    async fn settle(&mut self, open: &Open<'_>) -> Result<Input, Fault> {
        let server_key = self.enrolled.server_key();
        let prover = self.enrolled.prover(&server_key);
        match prover.commit(open.change, open.from).await {
            Ok(stamp) => return Ok(self.committed(stamp, open)),
            Err(fault) if was_refused(fault.code) && !never_arrived(fault.code) => {}
            // The envelope stays: if the change was made, it holds the password of its generation.
            Err(fault) => return Err(Fault::new(Code::ChangeUncertain, fault)),
        }
        match sync::prove(self.enrolled, self.binding, self.core, open.new).await {
            Ok(started) => Ok(started.input),
            Err(fault) if fault.code == Code::NotTheNewPassword => {
                self.core.envelopes.erase(open.envelope, open.from.next())?;
                Err(Fault::new(
                    Code::DirectoryUnreachable,
                    "the change was not made",
                ))
            }
            Err(fault) => Err(Fault::new(Code::ChangeUncertain, fault)),
        }
    }

    fn committed(&mut self, stamp: Stamp, open: &Open<'_>) -> Input {
        let new = open.new.duplicate();
        self.core.hold(SecretRef::Generation(stamp), new);
        // What an earlier change sealed for this generation never came to be.
        if let Err(fault) = self.core.envelopes.supersede(open.envelope, stamp) {
            tracing::warn!(error = %fault, "an envelope of no use remains");
        }
        Input::Proved {
            stamp,
            secrets: self.core.held(),
        }
    }
}

/// Whether a commit that ended so surely changed nothing; anything else may have.
fn was_refused(code: Code) -> bool {
    [
        Code::AttemptExpired,
        Code::ChangedMeanwhile,
        Code::DeviceRefused,
        Code::DirectoryNotTrusted,
        Code::DirectoryUnreachable,
        Code::NotLinked,
        Code::ProxyRefused,
        Code::SignInLocked,
        Code::Suspended,
    ]
    .contains(&code)
}

/// Whether this says nothing of what came before it.
const fn never_arrived(code: Code) -> bool {
    matches!(code, Code::DirectoryUnreachable | Code::ProxyRefused)
}

/// Judges a new password by the organisation's rules.
pub(super) fn choose(
    enrolled: &Enrolled,
    binding: &Binding,
    typed: &Secret,
) -> Result<Password, Fault> {
    let (news, _) = binding
        .news()
        .ok_or_else(|| Fault::new(Code::DirectoryUnreachable, "no news of the person yet"))?;
    let names = Names {
        user_name: &news.user_name,
        display_name: &news.display_name,
    };
    let policy = enrolled.words().organisation.policy;
    Password::choose(typed, &policy, &names).map_err(|code| Fault::new(code, "new"))
}
