//! Bringing a computer in step: one password typed, the old one recovered.

use std::rc::Rc;

use lockstep_client::Fault;
use lockstep_client::proof::Ask;
use lockstep_model::password::Password;
use lockstep_model::{Code, EnvelopeId, Secret};
use lockstep_protocol::api::device::Purpose;
use lockstep_protocol::local::Need;
use lockstep_sync::{Input, SecretRef};

use super::{Ended, conclude, failed};
use crate::agent::{Agent, Enrolled};
use crate::binding::{Binding, Core};
use crate::local::Caller;

/// Brings the caller's stores in step.
pub(crate) async fn run(agent: &Rc<Agent>, caller: &mut Caller) -> Ended {
    let enrolled = agent.enrolled().map_err(failed)?;
    let binding = agent.binding_of(caller.uid()).map_err(failed)?;
    let busy = |_| failed(Fault::new(Code::Busy, "another flow holds the binding"));
    let mut core = binding.core.try_lock().map_err(busy)?;
    let ended = sync(&enrolled, &binding, &mut core, caller).await;
    core.forget_secrets();
    binding.absorb(&mut core).await;
    drop(core);
    match ended {
        Ok(verdict) => conclude(&enrolled, &binding, verdict).await,
        Err(fault) => Err(failed(fault)),
    }
}

async fn sync(
    enrolled: &Enrolled,
    binding: &Binding,
    core: &mut Core,
    caller: &mut Caller,
) -> Result<lockstep_sync::Verdict, Fault> {
    let typed = caller.need(Need::DirectoryPassword).await?;
    let input = match prove(enrolled, binding, core, &typed).await {
        Ok(input) => input,
        Err(fault) if fault.code == Code::NotTheNewPassword => {
            // Worth one guess: nearly always it is the password of before.
            let old = core.opens_account(&typed).await;
            let code = if old {
                Code::ThatIsTheOldPassword
            } else {
                Code::NotTheNewPassword
            };
            return Err(Fault { code, ..fault });
        }
        Err(fault) => return Err(fault),
    };
    let verdict = binding.run(core, input, caller).await?;
    verdict.ok_or_else(|| Fault::new(Code::Internal, "a run without a verdict"))
}

/// Proves the password, recovers what envelopes hold, and makes the input that starts a run.
pub(super) async fn prove(
    enrolled: &Enrolled,
    binding: &Binding,
    core: &mut Core,
    typed: &Secret,
) -> Result<Input, Fault> {
    let password = Password::normalise(typed).map_err(|code| Fault::new(code, "typed"))?;
    let new = password.secret().duplicate();
    let server_key = enrolled.server_key();
    let envelopes = core
        .envelopes
        .kept()?
        .into_iter()
        .map(|kept| kept.envelope)
        .collect();
    let ask = Ask {
        purpose: Purpose::Sync,
        binding: binding.file.binding,
        user_name: None,
        account: None,
        password,
        new_password: None,
        new_envelope: Some(EnvelopeId::fresh()),
        envelopes,
    };
    let wanted = ask.new_envelope;
    let accepted = enrolled.prover(&server_key).prove(ask).await?;
    core.recover(&accepted.shares)?;
    for (envelope, share) in accepted.shares {
        if Some(envelope) == wanted {
            core.hold_share(envelope, share);
        }
    }
    let stamp = accepted.proved.stamp;
    core.hold(SecretRef::Generation(stamp), new);
    Ok(Input::Proved {
        stamp,
        secrets: core.held(),
    })
}
