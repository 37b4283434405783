//! The line to the directory: a stream of the whole truth, kept up.

use std::rc::Rc;
use std::time::Duration;

use lockstep_client::stream::Stream;
use lockstep_client::{Fault, From};
use lockstep_model::Code;
use lockstep_protocol::api::device::{CheckIn, RetireEnvelopes};
use rand::Rng as _;

use crate::agent::{Agent, Enrolled};
use crate::binding::Binding;
use crate::keep::identity::DirectoryWords;

/// The pause after a line that stood, and the longest after many that could not be made.
const SHORTEST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(60);

/// Keeps the line up for as long as the device has this identity.
pub(crate) async fn keep(agent: Rc<Agent>) {
    let Ok(enrolled) = agent.enrolled() else {
        return;
    };
    let mut pause = SHORTEST;
    loop {
        let lost = tokio::select! {
            lost = follow(&agent, &enrolled) => lost,
            () = agent.outlived(&enrolled) => return,
        };
        if agent.set_online(false) {
            pause = SHORTEST;
        }
        // A directory that refuses this device may take it back; nobody waits for it.
        agent.set_refused(lost.code == Code::DeviceRefused);
        if lost.code == Code::DeviceRefused {
            pause = LONGEST;
        }
        let wait = jittered(pause);
        tracing::info!(
            cause = %lost,
            next_try_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            "the line is down"
        );
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = agent.outlived(&enrolled) => return,
        }
        pause = (pause * 2).min(LONGEST);
    }
}

/// Follows one line to its end, and says why it ended.
async fn follow(agent: &Rc<Agent>, enrolled: &Rc<Enrolled>) -> Fault {
    let from = From::Device(&enrolled.identity.key);
    let mut stream: Stream = match enrolled.client.stream(from, "/device/events").await {
        Ok(stream) => stream,
        Err(fault) => return fault,
    };
    loop {
        let said: CheckIn = match stream.next().await {
            Ok(said) => said,
            Err(fault) => return fault,
        };
        if let Err(fault) = take_in(agent, enrolled, said).await {
            return fault;
        }
        agent.set_refused(false);
        if !agent.set_online(true) {
            tracing::info!("the line is up");
            // From here on it sleeps, mostly.
            agent.program.give_back();
        }
    }
}

async fn take_in(agent: &Rc<Agent>, enrolled: &Enrolled, said: CheckIn) -> Result<(), Fault> {
    let words = DirectoryWords {
        organisation: said.organisation,
        vouch: said.vouch,
        keep_former_days: said.keep_former_days,
    };
    let before = enrolled.words();
    if before.organisation != words.organisation
        || before.vouch != words.vouch
        || before.keep_former_days != words.keep_former_days
    {
        enrolled.learn(words.clone())?;
        words.save(&agent.places.state)?;
        agent.told.send_replace(());
    }
    agent.hear(said.bindings).await;
    for binding in agent.all() {
        bury(enrolled, &binding).await;
    }
    Ok(())
}

/// Has the directory delete the shares of envelopes that this device has erased.
pub(crate) async fn bury(enrolled: &Enrolled, binding: &Binding) {
    let done: Result<(), Fault> = async {
        let envelopes = binding.envelopes.tombstones()?;
        if envelopes.is_empty() {
            return Ok(());
        }
        let retire = RetireEnvelopes {
            binding: binding.file.binding,
            envelopes,
        };
        let from = From::Device(&enrolled.identity.key);
        let () = enrolled
            .client
            .ask(from, "/device/envelopes/retire", &retire)
            .await?;
        for envelope in retire.envelopes {
            binding.envelopes.forget(envelope)?;
        }
        Ok(())
    }
    .await;
    match done {
        Ok(()) => {}
        Err(Fault {
            code: Code::DirectoryUnreachable | Code::ProxyRefused,
            ..
        }) => {}
        Err(fault) => tracing::warn!(error = %fault, "shares were not retired"),
    }
}

/// Spread over most of the pause: after an outage not all devices come back at once.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(rand::thread_rng().gen_range(0.1..1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_spread_and_bounded() {
        let spread: std::collections::BTreeSet<Duration> =
            (0..32).map(|_| jittered(Duration::from_secs(60))).collect();
        assert!(spread.len() > 16, "all alike");
        assert!(spread.iter().all(|wait| (6..=60).contains(&wait.as_secs())));
    }
}
