//! Changing the password here: preflight, seal, compare-and-set, stores.

use std::rc::Rc;

use lockstep_client::Fault;
use lockstep_client::proof::Ask;
use lockstep_model::password::{Names, Password};
use lockstep_model::{Code, EnvelopeId, Stamp};
use lockstep_protocol::api::device::Purpose;
use lockstep_protocol::local::Need;
use lockstep_sync::{Input, SecretRef, Verdict};

use super::{Ended, conclude, failed, sync};
use crate::agent::{Agent, Enrolled};
use crate::binding::{Binding, Core};
use crate::local::Caller;

/// Changes the caller's password.
pub(crate) async fn run(agent: &Rc<Agent>, caller: &mut Caller) -> Ended {
    let enrolled = agent.enrolled().map_err(failed)?;
    let binding = agent.binding_of(caller.uid()).map_err(failed)?;
    let busy = |_| failed(Fault::new(Code::Busy, "another flow holds the binding"));
    let mut core = binding.core.try_lock().map_err(busy)?;
    let ended = change(&enrolled, &binding, &mut core, caller).await;
    core.forget_secrets();
    binding.absorb(&mut core).await;
    drop(core);
    match ended {
        Ok(verdict) => conclude(&enrolled, &binding, verdict).await,
        Err(fault) => Err(failed(fault)),
    }
}

async fn change(
    enrolled: &Enrolled,
    binding: &Binding,
    core: &mut Core,
    caller: &mut Caller,
) -> Result<Verdict, Fault> {
    let current = caller.need(Need::CurrentPassword).await?;
    let current = Password::normalise(&current).map_err(|code| Fault::new(code, "current"))?;
    let typed = caller.need(Need::NewPassword).await?;
    let new = choose(enrolled, binding, &typed)?;
    if new.same_as(&current) {
        return Err(Fault::new(Code::SameAsCurrent, "new"));
    }
    core.preflight(new.secret()).await?;

    let envelope = EnvelopeId::fresh();
    let (current_copy, new_copy) = (current.secret().duplicate(), new.secret().duplicate());
    let server_key = enrolled.server_key();
    let kept = core
        .envelopes
        .kept()?
        .into_iter()
        .map(|kept| kept.envelope)
        .collect();
    let ask = Ask {
        purpose: Purpose::Change,
        binding: binding.file.binding,
        user_name: None,
        account: None,
        password: current,
        new_password: Some(new),
        new_envelope: Some(envelope),
        envelopes: kept,
    };
    let prover = enrolled.prover(&server_key);
    let accepted = prover.prove(ask).await?;
    let from = accepted.proved.stamp;
    core.recover(&accepted.shares)?;
    for (id, share) in accepted.shares {
        if id == envelope {
            core.hold_share(id, share);
        }
    }
    // Sealed before the directory changes: from here on the new password can be recovered.
    core.seal(from.next(), &new_copy)?;
    let open = accepted
        .change
        .ok_or_else(|| Fault::new(Code::Internal, "no change was opened"))?;
    let input = match prover.commit(open, from).await {
        Ok(stamp) => {
            core.hold(SecretRef::Generation(from), current_copy);
            core.hold(SecretRef::Generation(stamp), new_copy);
            Input::Proved {
                stamp,
                secrets: core.held(),
            }
        }
        Err(fault) if was_refused(fault.code) => {
            core.envelopes.erase(envelope, from.next())?;
            return Err(fault);
        }
        Err(fault) => {
            core.hold(SecretRef::Generation(from), current_copy);
            settle(enrolled, binding, core, &new_copy, (envelope, from), fault).await?
        }
    };
    let verdict = binding.run(core, input, caller).await?;
    verdict.ok_or_else(|| Fault::new(Code::Internal, "a run without a verdict"))
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
    ]
    .contains(&code)
}

/// Finds out what became of a change whose answer was lost, by proving the new password.
async fn settle(
    enrolled: &Enrolled,
    binding: &Binding,
    core: &mut Core,
    new: &lockstep_model::Secret,
    (envelope, from): (EnvelopeId, Stamp),
    lost: Fault,
) -> Result<Input, Fault> {
    match sync::prove(enrolled, binding, core, new).await {
        Ok(input) => Ok(input),
        Err(fault) if fault.code == Code::NotTheNewPassword => {
            core.envelopes.erase(envelope, from.next())?;
            Err(Fault {
                code: Code::DirectoryUnreachable,
                ..lost
            })
        }
        // The envelope stays: if the change was made, it holds the password of its generation.
        Err(fault) => Err(Fault::new(Code::ChangeUncertain, fault)),
    }
}

fn choose(
    enrolled: &Enrolled,
    binding: &Binding,
    typed: &lockstep_model::Secret,
) -> Result<Password, Fault> {
    let news = binding.news();
    let names = Names {
        user_name: &binding.file.user_name,
        display_name: news
            .as_ref()
            .map_or("", |(news, _)| news.display_name.as_str()),
    };
    let policy = enrolled.words().organisation.policy;
    Password::choose(typed, &policy, &names).map_err(|code| Fault::new(code, "new"))
}
