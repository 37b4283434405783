//! Linking an account to a person: both passwords are verified, then the first sync runs.

use std::rc::Rc;

use lockstep_client::proof::Ask;
use lockstep_client::{Fault, From};
use lockstep_model::password::Password;
use lockstep_model::{BindingId, Code, EnvelopeId, Secret, Stamp, StoreKind};
use lockstep_protocol::Bytes;
use lockstep_protocol::api::device::{Purpose, Unlink};
use lockstep_protocol::helper::{Account, Realm};
use lockstep_protocol::local::Need;
use lockstep_sync::{Input, SecretRef, Verdict};

use super::{Ended, conclude, failed};
use crate::agent::{Agent, Enrolled};
use crate::binding::{Binding, Core};
use crate::keep::bindings::{self, BindingFile, Stage};
use crate::local::Caller;
use crate::report;

/// Links the caller's account.
pub(crate) async fn run(agent: &Rc<Agent>, caller: &mut Caller, user_name: &str) -> Ended {
    let enrolled = agent.enrolled().map_err(failed)?;
    enrolled.reach(agent).await.map_err(failed)?;
    let _joining = agent.join(caller.uid()).map_err(failed)?;
    let account = prepare(agent, &enrolled, caller.uid())
        .await
        .map_err(failed)?;
    // A link that was cut before would stand in the way.
    clear_up(Rc::clone(agent), Some(account.uid)).await;
    let with_disk = account.disk && caller.consents(StoreKind::Disk).await.map_err(failed)?;
    let directory = caller.need(Need::DirectoryPassword).await.map_err(failed)?;
    let password = Password::normalise(&directory);
    let password = password.map_err(|code| failed(Fault::new(code, "typed")))?;
    let computers = caller.need(Need::ComputersPassword).await.map_err(failed)?;
    // Blank means that both are the same.
    let computers = if computers.is_blank() {
        directory.duplicate()
    } else {
        computers
    };

    let file = BindingFile::linking(BindingId::fresh(), user_name, &account.name, account.uid);
    file.save(&agent.places.state)
        .map_err(|fault| failed(fault.into()))?;
    let making = Making {
        agent,
        enrolled: &enrolled,
        file,
        computers,
    };
    let (binding, stamp) = match making.link(password).await {
        Ok(linked) => linked,
        Err(fault) => {
            undo(agent, &enrolled, making.file.binding).await;
            return Err(failed(fault));
        }
    };
    let mut core = binding.core.lock().await;
    let synced = first_sync(&binding, &mut core, stamp, with_disk, caller).await;
    core.forget_secrets();
    drop(core);
    conclude(&enrolled, &binding, synced.map_err(failed)?).await
}

/// Brings the stores of a binding that was just made in step.
async fn first_sync(
    binding: &Binding,
    core: &mut Core,
    stamp: Stamp,
    with_disk: bool,
    caller: &mut Caller,
) -> Result<Verdict, Fault> {
    if with_disk {
        core.allow_disk()?;
    }
    core.adopt().await?;
    let secrets = core.held();
    let input = Input::Proved { stamp, secrets };
    let verdict = binding.run(core, input, caller).await?;
    verdict.ok_or_else(|| Fault::new(Code::Internal, "no verdict"))
}

/// Has helper and directory forget links that were left half made: of one account, or of all.
pub(crate) async fn clear_up(agent: Rc<Agent>, uid: Option<u32>) {
    let Ok(enrolled) = agent.enrolled() else {
        return;
    };
    match bindings::load(&agent.places.state) {
        Ok(files) => {
            // One that can't be read is not known to be half made.
            let half_made = files.iter().flatten().filter(|file| {
                file.stage == Stage::Linking && uid.is_none_or(|uid| uid == file.uid)
            });
            for file in half_made {
                undo(&agent, &enrolled, file.binding).await;
            }
        }
        Err(fault) => tracing::error!(error = %fault, "bindings are unreadable"),
    }
}

async fn prepare(agent: &Rc<Agent>, enrolled: &Enrolled, uid: u32) -> Result<Account, Fault> {
    let leftover = match agent.binding_of(uid) {
        Ok(_) => return Err(Fault::new(Code::AlreadyLinked, format!("uid {uid}"))),
        Err(fault) if fault.code == Code::AccountChanged => agent.with_uid(uid),
        Err(fault) if fault.code == Code::NotLinked => None,
        Err(fault) => return Err(fault),
    };
    let account = agent.helper.inspect(uid).await?;
    if let Some(code) = account.obstacle {
        return Err(Fault::new(code, format!("account {}", account.name)));
    }
    // Its account is gone, and its uid has passed to another name.
    if let Some(leftover) = leftover {
        super::unlink::give_up(agent, enrolled, &leftover).await?;
    }
    Ok(account)
}

/// A link in the making.
struct Making<'a> {
    agent: &'a Rc<Agent>,
    enrolled: &'a Rc<Enrolled>,
    file: BindingFile,
    computers: Secret,
}

impl Making<'_> {
    /// Verifies both passwords and records the binding everywhere; the core holds what it needs.
    async fn link(&self, password: Password) -> Result<(Rc<Binding>, Stamp), Fault> {
        let id = self.file.binding;
        let server_key = self.enrolled.server_key();
        let envelope = EnvelopeId::fresh();
        let new = password.secret().duplicate();
        let ask = Ask {
            purpose: Purpose::Link,
            binding: id,
            user_name: Some(self.file.user_name.clone()),
            account: Some(self.file.account.clone()),
            password,
            new_password: None,
            new_envelope: Some(envelope),
            envelopes: Vec::new(),
        };
        let accepted = self.enrolled.prover(&server_key).prove(ask).await?;
        let person = accepted.proved.person;
        self.agent
            .helper
            .link(id, person, self.file.uid, self.realm(), &self.computers)
            .await?;
        let file = self.file.clone().linked(person);
        file.save(&self.agent.places.state)?;
        let binding = self.agent.add(file)?;
        tokio::task::spawn_local(report::keep(Rc::clone(self.agent), Rc::clone(&binding)));
        let mut core = binding.core.lock().await;
        let stamp = accepted.proved.stamp;
        core.hold(SecretRef::Generation(stamp), new);
        core.hold(SecretRef::TYPED, self.computers.duplicate());
        for (envelope, share) in accepted.shares {
            core.hold_share(envelope, share);
        }
        drop(core);
        Ok((binding, stamp))
    }

    /// Whose reset orders the helper is to believe for this binding.
    fn realm(&self) -> Realm {
        let identity = &self.enrolled.identity;
        Realm {
            name: identity.realm.clone(),
            key: Bytes(identity.realm_key.clone()),
            device: identity.device,
        }
    }
}

/// Undoes a link; what can't be undone now is undone at the next start.
pub(super) async fn undo(agent: &Agent, enrolled: &Enrolled, binding: BindingId) {
    let undone: Result<(), Fault> = async {
        agent.helper.unlink(binding).await?;
        let from = From::Device(&enrolled.identity.key);
        let () = enrolled
            .client
            .post(from, "/device/unlink", &Unlink { binding })
            .await?;
        Ok(bindings::remove(&agent.places.state, binding)?)
    }
    .await;
    if let Err(fault) = undone {
        tracing::warn!(binding = %binding, error = %fault, "a half-made link remains for now");
    }
}
