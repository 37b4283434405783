//! `lockstep doctor`: what keeps this computer from following, and what to do.

use std::path::Path;

use lockstep_client::Fault;
use lockstep_model::{Code, Secret};
use lockstep_protocol::doctor::{About, Finding, Verdict};
use lockstep_protocol::local::{Ask, Event, Need, Status};
use serde::Serialize;

use crate::show::Show;
use crate::{Names, Stopped};
use lockstep_local::agent::Agent;

/// Everything that was found, as one text to hand on: it holds no secret.
#[derive(Serialize)]
struct Examination {
    version: &'static str,
    findings: Vec<Finding>,
}

/// Checks this computer, through the agent if it answers.
pub(crate) fn run(show: &Show) -> Result<(), Stopped> {
    let (names, findings) = match ask() {
        Ok((status, findings)) => {
            let names = status.organisation.as_ref().map(Names::from);
            (names.unwrap_or_default(), findings)
        }
        Err(fault) => (Names::default(), without_agent(&fault)),
    };
    let findings: Vec<Finding> = findings
        .into_iter()
        .map(|found| Finding {
            says: names.fill(&found.says),
            next: found.next.map(|next| names.fill(&next)),
            ..found
        })
        .collect();
    let unwell = findings.iter().any(|f| f.verdict == Verdict::Problem);
    let examination = Examination {
        version: env!("CARGO_PKG_VERSION"),
        findings,
    };
    show.value(&examination, text);
    if unwell { Err(Stopped::Unwell) } else { Ok(()) }
}

fn ask() -> Result<(Status, Vec<Finding>), Fault> {
    let nothing = |_: Need, _: Option<Code>| -> Result<Secret, Fault> {
        Err(Fault::new(Code::Internal, "doctor asks nothing"))
    };
    let other = || Fault::new(Code::VersionRefused, "the agent answered another question");
    let mut agent = Agent::connect()?;
    let Event::Status(status) = agent.ask(Ask::Status, nothing, |_| ())? else {
        return Err(other());
    };
    let Event::Examined { mut findings } = agent.ask(Ask::Examine, nothing, |_| ())? else {
        return Err(other());
    };
    findings.insert(0, version(&status.agent_version));
    Ok((*status, findings))
}

fn version(agent: &str) -> Finding {
    let own = env!("CARGO_PKG_VERSION");
    if agent == own {
        return Finding::ok(About::Agent, format!("The agent answers (version {own})."));
    }
    Finding::warning(
        About::Agent,
        format!("The agent has version {agent}, this command {own}."),
        "Finish the update of Lockstep, or restart this computer.",
    )
}

/// What can be seen without it.
fn without_agent(fault: &Fault) -> Vec<Finding> {
    let says = if fault.code == Code::VersionRefused {
        fault.code.sentence().to_owned()
    } else {
        format!("The agent doesn't answer: {}.", fault.detail)
    };
    let next = "systemctl status lockstep-agent; then journalctl -u lockstep-agent";
    let agent = Finding {
        next: Some(next.to_owned()),
        ..Finding::problem(About::Agent, fault.code, says)
    };
    let missing = [
        (About::State, "/var/lib/lockstep", "The agent's folder"),
        (
            About::Helper,
            "/run/lockstep-helper.sock",
            "The root helper's socket",
        ),
        (
            About::Service,
            "/etc/pam.d/lockstep",
            "The PAM service file",
        ),
    ];
    let others = missing.into_iter().map(|(about, path, what)| {
        if Path::new(path).exists() {
            Finding::ok(about, format!("{what} is there ({path})."))
        } else {
            Finding {
                verdict: Verdict::Problem,
                ..Finding::warning(
                    about,
                    format!("{what} is missing ({path})."),
                    "Install the package of Lockstep again.",
                )
            }
        }
    });
    [agent].into_iter().chain(others).collect()
}

fn text(examination: &Examination) -> String {
    let mut text = String::new();
    for found in &examination.findings {
        let verdict = match found.verdict {
            Verdict::Ok => "ok     ",
            Verdict::Warning => "warning",
            Verdict::Problem => "problem",
        };
        let code = found.code.map(|code| format!(" ({code})"));
        text += &format!("{verdict}  {}{}\n", found.says, code.unwrap_or_default());
        if let Some(next) = &found.next {
            text += &format!("         -> {next}\n");
        }
    }
    text + &format!("lockstep {}\n", examination.version)
}
