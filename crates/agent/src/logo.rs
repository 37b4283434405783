//! The organisation's logo: fetched when the directory names another one than is kept here.
//!
//! Nothing rests on it. What keeps it from being fetched is noted, and tried again.

use std::rc::Rc;
use std::time::Duration;

use lockstep_client::{Fault, From};
use lockstep_model::Code;
use lockstep_protocol::Bytes;
use lockstep_protocol::api::MAX_LOGO;
use lockstep_protocol::api::device::Logo;

use crate::agent::{Agent, Enrolled};
use crate::keep::logo;

/// After how long a logo that could not be fetched is asked for again.
const AGAIN: Duration = Duration::from_secs(10 * 60);

/// Keeps the logo that the directory names, for as long as the device has this identity.
pub(crate) async fn keep(agent: Rc<Agent>) {
    let Ok(enrolled) = agent.enrolled() else {
        return;
    };
    let mut told = agent.told.subscribe();
    let mut online = agent.online.subscribe();
    loop {
        told.borrow_and_update();
        let wanted = enrolled.words().organisation.logo;
        let due = *online.borrow_and_update() && agent.logo() != wanted;
        let mut again = Duration::MAX;
        if due && let Err(fault) = follow(&agent, &enrolled, wanted).await {
            tracing::warn!(error = %fault, "the logo was not fetched");
            again = AGAIN;
        }
        tokio::select! {
            () = tokio::time::sleep(again) => {}
            changed = told.changed() => if changed.is_err() { return },
            changed = online.changed() => if changed.is_err() { return },
            () = agent.outlived(&enrolled) => return,
        }
    }
}

/// Fetches a logo that has this digest, or removes the one that is kept.
async fn follow(
    agent: &Rc<Agent>,
    enrolled: &Rc<Enrolled>,
    wanted: Option<String>,
) -> Result<(), Fault> {
    let png = match &wanted {
        Some(wanted) => Some(fetch(enrolled, wanted).await?),
        None => None,
    };
    // It may have been retired meanwhile, and nothing of it is to come back.
    if agent.is_present(enrolled) {
        logo::save(&agent.places.state, png.as_ref())?;
        agent.set_logo(wanted);
    }
    Ok(())
}

async fn fetch(enrolled: &Enrolled, wanted: &str) -> Result<Bytes, Fault> {
    let from = From::Device(&enrolled.identity.key);
    let answer: Logo = enrolled.client.get_alone(from, "/device/logo").await?;
    judge(answer, wanted)
}

/// Takes an answer only if it is what was asked for: it may have been replaced meanwhile.
fn judge(answer: Logo, wanted: &str) -> Result<Bytes, Fault> {
    let other = || Fault::new(Code::DirectoryFault, "not the logo that was named");
    let fits = |png: &Bytes| png.0.len() <= MAX_LOGO && logo::digest(png) == wanted;
    answer.png.filter(fits).ok_or_else(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_logo_that_was_named_is_taken() {
        let png = Bytes(vec![7; 1000]);
        let digest = logo::digest(&png);
        let taken = |png: Option<Bytes>, wanted: &str| judge(Logo { png }, wanted).ok();
        assert_eq!(taken(Some(png.clone()), &digest), Some(png));
        assert_eq!(taken(Some(Bytes(vec![8; 1000])), &digest), None);
        assert_eq!(taken(None, &digest), None);
        let long = Bytes(vec![7; MAX_LOGO + 1]);
        let digest = logo::digest(&long);
        assert_eq!(taken(Some(long), &digest), None);
    }
}
