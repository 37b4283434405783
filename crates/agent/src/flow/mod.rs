//! What a person starts. Each flow asks, proves, and lets the sync core do the rest.
//!
//! A flow asks before it takes the core, so that a window left open keeps nothing from being heard.

use std::rc::Rc;
use std::time::Duration;

use lockstep_client::Fault;
use lockstep_model::{Code, StoreKind, StoreState};
use lockstep_protocol::local::{Done, Failure, KeptPassword, OpensWith, StoreOpens};
use lockstep_sync::{Belief, Verdict};

use crate::agent::{Agent, Enrolled};
use crate::binding::{Binding, Core};
use crate::{line, report};

pub(crate) mod change;
pub(crate) mod computers;
pub(crate) mod disown;
pub(crate) mod enrol;
pub(crate) mod link;
pub(crate) mod phrase;
pub(crate) mod retire;
pub(crate) mod sync;
pub(crate) mod try_password;
pub(crate) mod unlink;

/// How long a flow waits for what the agent does by itself: to take in news, to compare an account.
const MOMENT: Duration = Duration::from_secs(2);

/// What a flow answers.
pub(crate) type Ended = Result<Done, Failure>;

/// A failure before anything was changed.
pub(crate) fn failed(fault: Fault) -> Failure {
    tracing::info!(error.code = %fault.code, detail = fault.detail, "stopped");
    Failure {
        code: fault.code,
        detail: fault.detail,
        stores: Vec::new(),
    }
}

/// A failure after the directory took the new password: "nothing was changed" would be a lie.
fn behind(failure: Failure) -> Failure {
    let detail = format!("{}: {}", failure.code, failure.detail);
    Failure {
        code: Code::ComputerBehind,
        detail,
        ..failure
    }
}

/// The directory and the binding that a flow of an account is about, once both can be used.
async fn ready(agent: &Rc<Agent>, uid: u32) -> Result<(Rc<Enrolled>, Rc<Binding>), Fault> {
    let enrolled = agent.enrolled()?;
    let binding = agent.binding_of(uid)?;
    enrolled.reach(agent).await?;
    // Nobody is made to type a password that the directory would not even judge.
    match binding.news().and_then(|(news, _)| news.held) {
        Some(code) => Err(Fault::new(code, "the directory said so")),
        None => Ok((enrolled, binding)),
    }
}

/// Takes the core for one flow. What the agent does by itself takes a moment at most; whoever holds
/// it longer is another flow.
pub(crate) async fn take(binding: &Binding) -> Result<tokio::sync::MutexGuard<'_, Core>, Fault> {
    let busy = |_| Fault::new(Code::Busy, "another flow holds the binding");
    let turn = tokio::time::timeout(MOMENT, binding.core.lock());
    turn.await.map_err(busy)
}

/// Ends a flow that ran the core: tells the directory, and puts the verdict into words.
async fn conclude(enrolled: &Rc<Enrolled>, binding: &Rc<Binding>, verdict: Verdict) -> Ended {
    let standing = binding.standing.borrow().clone();
    if let Err(fault) = report::tell(enrolled, binding, &standing).await {
        tracing::warn!(error = %fault, "the end of a run was not reported yet");
    }
    // Shares of what is erased here open nothing: the person need not wait until they are gone.
    let (directory, erased) = (Rc::clone(enrolled), Rc::clone(binding));
    tokio::task::spawn_local(async move { line::bury(&directory, &erased).await });
    match verdict {
        Verdict::InSync(stamp) => Ok(Done::InSync {
            generation: stamp.generation,
            other_computers: binding.news().map_or(0, |(news, _)| news.other_computers),
        }),
        Verdict::Stopped { code, stores } => {
            tracing::info!(error.code = %code, "a run stopped");
            let stores = stores
                .into_iter()
                .map(|(kind, belief)| opens(binding, kind, belief));
            let detail = "the run stopped; `lockstep status` shows each store".to_owned();
            Err(Failure {
                code,
                detail,
                stores: stores.collect(),
            })
        }
    }
}

/// Which password an account goes on with when its binding is given up now.
fn kept(binding: &Binding) -> KeptPassword {
    let status = binding.status();
    let account = status
        .stores
        .iter()
        .find(|row| row.kind == StoreKind::Account);
    let with = match account.map(|row| &row.state) {
        Some(StoreState::InSync { .. }) if status.in_sync => OpensWith::New,
        Some(StoreState::InSync { .. } | StoreState::NeedsYou { .. } | StoreState::Waiting) => {
            OpensWith::Old
        }
        Some(
            StoreState::Changing
            | StoreState::Testing
            | StoreState::Problem { .. }
            | StoreState::NotTested,
        )
        | None => OpensWith::Unknown,
    };
    KeptPassword {
        account: status.account,
        with,
    }
}

fn opens(binding: &Binding, kind: StoreKind, belief: Belief) -> StoreOpens {
    let known = binding.standing.borrow().known;
    let with = match belief {
        Belief::Opens { .. } if known.is_some_and(|known| belief.is_at(known)) => OpensWith::New,
        Belief::Opens { .. } => OpensWith::Old,
        Belief::Unknown | Belief::OpensNone | Belief::Unreachable(_) => OpensWith::Unknown,
    };
    StoreOpens { kind, with }
}
