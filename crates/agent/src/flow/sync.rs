//! Bringing a computer in step: one password typed, the old one recovered.

use std::rc::Rc;

use lockstep_client::Fault;
use lockstep_client::proof::Ask;
use lockstep_model::password::Password;
use lockstep_model::{Code, EnvelopeId, Secret};
use lockstep_protocol::api::device::Purpose;
use lockstep_protocol::local::Need;
use lockstep_sync::{Input, SecretRef, Verdict};

use super::{Ended, behind, change, conclude, failed, ready, take};
use crate::agent::{Agent, Enrolled};
use crate::binding::{Binding, Core};
use crate::local::Caller;

/// Brings the caller's stores in step.
pub(crate) async fn run(agent: &Rc<Agent>, caller: &mut Caller, restarted: bool) -> Ended {
    let (enrolled, binding) = ready(agent, caller.uid()).await.map_err(failed)?;
    let typed = caller.need(Need::DirectoryPassword).await.map_err(failed)?;
    let mut core = take(&binding).await.map_err(failed)?;
    let mut course = Course {
        restarted,
        replaced: false,
    };
    let ended = sync(&enrolled, &binding, &mut core, &typed, caller, &mut course).await;
    core.forget_secrets();
    drop(core);
    let ended = match ended {
        Ok(verdict) => conclude(&enrolled, &binding, verdict).await,
        Err(fault) => Err(failed(fault)),
    };
    if course.replaced {
        ended.map_err(behind)
    } else {
        ended
    }
}

/// What is beside the course of an ordinary sync.
struct Course {
    /// The computer was started with the password that is typed.
    restarted: bool,
    /// The person replaced a temporary password first.
    replaced: bool,
}

/// Runs the sync.
async fn sync(
    enrolled: &Enrolled,
    binding: &Binding,
    core: &mut Core,
    typed: &Secret,
    caller: &mut Caller,
    course: &mut Course,
) -> Result<Verdict, Fault> {
    let input = match prove(enrolled, binding, core, typed).await {
        Ok(Started {
            input,
            temporary: false,
        }) => input,
        Ok(Started {
            input: _,
            temporary: true,
        }) => {
            core.forget_secrets();
            let own = change::replace_temporary(enrolled, binding, core, typed, caller).await?;
            course.replaced = true;
            // An ordinary sync with the own password: the stores never see the temporary one.
            prove(enrolled, binding, core, &own).await?.input
        }
        Err(fault) if fault.code == Code::NotTheNewPassword => {
            // Worth one guess: nearly always it is the password of before.
            let old = core.opens_account(typed).await;
            let code = if old {
                Code::ThatIsTheOldPassword
            } else {
                Code::NotTheNewPassword
            };
            return Err(Fault { code, ..fault });
        }
        Err(fault) => return Err(fault),
    };
    core.adopt().await?;
    if course.restarted {
        core.confirm_restart(typed).await?;
    }
    let verdict = binding.run(core, input, caller).await?;
    verdict.ok_or_else(|| Fault::new(Code::Internal, "a run without a verdict"))
}

/// A proof that the directory accepted.
pub(super) struct Started {
    /// What starts the run.
    pub(super) input: Input,
    /// Whether the password is for one use.
    pub(super) temporary: bool,
}

/// Proves the password, recovers what envelopes hold, and makes the input that starts a run.
pub(super) async fn prove(
    enrolled: &Enrolled,
    binding: &Binding,
    core: &mut Core,
    typed: &Secret,
) -> Result<Started, Fault> {
    let password = Password::normalise(typed).map_err(|code| Fault::new(code, "typed"))?;
    let new = password.secret().duplicate();
    let server_key = enrolled.server_key();
    let envelopes = core.wanted()?;
    let wanted = EnvelopeId::fresh();
    let ask = Ask {
        purpose: Purpose::Sync,
        binding: binding.file.binding,
        user_name: None,
        account: None,
        password,
        new_password: None,
        new_envelope: None,
        envelopes,
    };
    let accepted = core
        .prove(&enrolled.prover(&server_key), ask, wanted)
        .await?;
    let stamp = accepted.proved.stamp;
    for (envelope, share) in &accepted.shares {
        if *envelope == wanted {
            core.hold_share(*envelope, share.duplicate());
        }
    }
    core.recover(&accepted.shares, stamp, &new)?;
    core.mend(stamp, &new);
    core.want_factor(accepted.proved.factor_wanted);
    core.hold(SecretRef::Generation(stamp), new);
    let secrets = core.held();
    Ok(Started {
        input: Input::Proved { stamp, secrets },
        temporary: accepted.proved.temporary,
    })
}
