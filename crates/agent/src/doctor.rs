//! Looks at everything that following needs, and says in plain words how it stands.
//!
//! It changes nothing and proves nothing: what needs a password is found out by a sync.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use lockstep_client::Fault;
use lockstep_client::examine::Step;
use lockstep_client::transport::Trust;
use lockstep_model::{Code, StoreKind, StoreState};
use lockstep_protocol::doctor::{About, Finding, Verdict};
use lockstep_protocol::helper::Files;

use crate::agent::{Agent, Enrolled};
use crate::binding::{Binding, now};
use crate::keep::identity;

/// What the package installs for PAM.
const PACKAGED: &str = include_str!("../../../packaging/pam.d/lockstep");
/// Where libpam finds it.
const SERVICE: [&str; 2] = ["/etc/pam.d/lockstep", "/usr/lib/pam.d/lockstep"];
/// A clock that is further off than this makes everything else on the computer unhappy.
const CLOCK: Duration = Duration::from_secs(5 * 60);

/// Looks at this computer, for the account of a uid; for root, at every account.
pub(crate) async fn examine(agent: &Rc<Agent>, uid: u32) -> Vec<Finding> {
    let _alone = agent.examining.lock().await;
    let mut found = vec![configuration(agent), state(&agent.places.state)];
    found.extend(memory());
    found.extend(helper(agent).await);
    found.push(service());
    match agent.enrolled() {
        Ok(enrolled) => {
            found.push(Finding::ok(About::Device, set_up(&enrolled)));
            found.extend(directory(agent, &enrolled).await);
        }
        Err(fault) => found.push(says(About::Device, fault.code)),
    }
    for binding in agent.all() {
        if uid == 0 || binding.file.uid == uid {
            found.extend(account(agent, &binding, uid).await);
        }
    }
    if uid != 0 && agent.with_uid(uid).is_none() && agent.enrolled().is_ok() {
        found.push(match agent.unusable(uid) {
            Some(code) => says(About::Account, code),
            None => unlinked(agent, uid).await,
        });
    }
    found
}

fn configuration(agent: &Agent) -> Finding {
    let Some(file) = &agent.settings.file else {
        return Finding::ok(About::Configuration, "The agent runs with its defaults.");
    };
    let says = format!("The agent is configured by {}.", file.display());
    let readable = fs::metadata(file).is_ok_and(|facts| facts.mode() & 0o007 != 0);
    if agent.settings.holds_credentials() && readable {
        Finding::warning(
            About::Configuration,
            format!("{says} Everybody can read the proxy's password in it."),
            format!("chgrp lockstep {0} && chmod 0640 {0}", file.display()),
        )
    } else {
        Finding::ok(About::Configuration, says)
    }
}

/// The agent's folder: nobody else's, and nobody else's to read.
fn state(folder: &Path) -> Finding {
    let open = || -> io::Result<Option<String>> {
        let own = rustix::process::geteuid().as_raw();
        for path in [folder.to_owned(), identity::file(folder)] {
            let facts = match fs::symlink_metadata(&path) {
                Err(fault) if fault.kind() == io::ErrorKind::NotFound => continue,
                other => other?,
            };
            if facts.uid() != own || facts.mode() & 0o077 != 0 {
                return Ok(Some(path.display().to_string()));
            }
        }
        Ok(None)
    };
    match open() {
        Ok(None) => Finding::ok(About::State, "Only the agent can read what it keeps."),
        Ok(Some(path)) => broken(
            About::State,
            format!("Others than the agent can read or own {path}."),
            format!(
                "chown -R lockstep: {0} && chmod -R go= {0}",
                folder.display()
            ),
        ),
        Err(fault) => Finding::problem(
            About::State,
            Code::StateUnreadable,
            format!("What the agent keeps can't be read: {fault}."),
        ),
    }
}

/// Said only where something is wrong with it.
fn memory() -> Option<Finding> {
    (!lockstep_memory::is_locked()).then(|| {
        Finding::warning(
            About::State,
            "The system locks no memory for the agent: passwords in it could reach the swap.",
            "Set LimitMEMLOCK=8M for lockstep-agent.service and restart it.",
        )
    })
}

async fn helper(agent: &Agent) -> Vec<Finding> {
    let health = match agent.helper.examine().await {
        Ok(health) => health,
        Err(fault) => {
            let says = format!("The root helper doesn't answer: {}.", fault.detail);
            return vec![Finding::problem(About::Helper, fault.code, says)];
        }
    };
    let own = env!("CARGO_PKG_VERSION");
    let version = if health.version == own {
        Finding::ok(About::Helper, "The root helper answers.")
    } else {
        Finding::warning(
            About::Helper,
            format!(
                "The root helper has version {}, the agent {own}.",
                health.version
            ),
            "Finish the update of Lockstep, or restart this computer.",
        )
    };
    let sandbox = match (health.confinement.files, health.confinement.calls) {
        (Files::Open, _) => Finding::warning(
            About::Sandbox,
            "This kernel has no Landlock: the root helper could reach every file.",
            "Enable Landlock (lsm= on the kernel's command line), or use Linux 5.13 or newer.",
        ),
        (_, false) => Finding::warning(
            About::Sandbox,
            "The root helper has no system call filter on this processor.",
            "Run Lockstep on x86-64 or ARM64.",
        ),
        (Files::Partly, true) => Finding::ok(
            About::Sandbox,
            "The root helper is kept from other files, as far as this kernel can.",
        ),
        (Files::Confined, true) => Finding::ok(
            About::Sandbox,
            "The root helper is kept from other files, programs and networks.",
        ),
    };
    vec![version, sandbox]
}

/// The PAM service file, as far as its lines mean something.
fn service() -> Finding {
    let found = SERVICE.iter().find_map(|path| {
        let text = fs::read_to_string(path).ok()?;
        Some((path, text))
    });
    let Some((path, text)) = found else {
        return broken(
            About::Service,
            format!("{} is missing: no account can be changed.", SERVICE[0]),
            "Install the package of Lockstep again.",
        );
    };
    if rules(&text) == rules(PACKAGED) {
        return Finding::ok(About::Service, format!("{path} is as it was packaged."));
    }
    Finding::warning(
        About::Service,
        format!("{path} was changed: its rules decide when an account follows."),
        "Compare it with the packaged file if accounts refuse passwords.",
    )
}

/// What PAM reads of a file: words, without comments and the space between them.
fn rules(text: &str) -> Vec<Vec<&str>> {
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default());
    lines
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|words| !words.is_empty())
        .collect()
}

fn set_up(enrolled: &Enrolled) -> String {
    let organisation = enrolled.words().organisation.name;
    format!("This computer is set up for {organisation}.")
}

async fn directory(agent: &Agent, enrolled: &Enrolled) -> Vec<Finding> {
    let url = &enrolled.identity.url;
    let reached = match enrolled.client.examine().await {
        Ok(reached) => reached,
        Err((step, fault)) => {
            let says = format!("{} {} ({url})", failed_at(step), fault.detail);
            return vec![
                Finding::problem(About::Directory, fault.code, says),
                line(agent),
            ];
        }
    };
    let trust = match enrolled.identity.trust() {
        Trust::Pinned(_) => "the authority that was pinned when this computer was set up",
        Trust::System => "one of the system's authorities",
    };
    let through = match &reached.proxy {
        Some(proxy) => format!(" through the proxy {proxy}"),
        None => String::new(),
    };
    let says = format!("The directory answers at {url}{through}, vouched for by {trust}.");
    let clock = match reached.clock_off {
        Some(off) if off > CLOCK => Finding::warning(
            About::Clock,
            format!(
                "This computer's clock and the directory's are {} minutes apart. Lockstep works \
                 all the same.",
                off.as_secs() / 60
            ),
            "Set the clock (timedatectl set-ntp true).",
        ),
        Some(_) => Finding::ok(About::Clock, "The clocks agree."),
        None => Finding::ok(About::Clock, "The directory tells no time; none is needed."),
    };
    vec![Finding::ok(About::Directory, says), clock, line(agent)]
}

const fn failed_at(step: Step) -> &'static str {
    match step {
        Step::Name => "The directory's name isn't known here:",
        Step::Connection => "The directory can't be connected to:",
        Step::Encryption => "The directory can't be trusted:",
        Step::Answer => "The directory doesn't answer as it should:",
    }
}

fn line(agent: &Agent) -> Finding {
    match agent.online_since.get() {
        Some(since) => {
            let minutes = (now().0 - since.0) / 60_000;
            Finding::ok(
                About::Line,
                format!("News have come live for {minutes} minutes."),
            )
        }
        None => Finding::warning(
            About::Line,
            "No news come at the moment.",
            "Nothing, if the network was down: the agent tries again within a minute.",
        ),
    }
}

/// Everything about one binding. Whose it was is told to nobody else.
async fn account(agent: &Agent, binding: &Binding, uid: u32) -> Vec<Finding> {
    let file = &binding.file;
    let inspected = agent.helper.inspect(file.uid).await;
    let own = inspected
        .as_ref()
        .is_ok_and(|account| account.name == file.account);
    if !own && uid != 0 {
        return vec![says(About::Account, Code::AccountChanged)];
    }
    let name = &file.account;
    let account = match inspected {
        Ok(account) if own => match account.obstacle {
            None => Finding::ok(
                About::Account,
                format!("The account {name} is linked and can follow."),
            ),
            Some(code) => says(About::Account, code),
        },
        Ok(_) => says(About::Account, Code::AccountChanged),
        Err(fault) => says(About::Account, fault.code),
    };
    let account = Finding {
        says: format!("{name}: {}", account.says),
        ..account
    };
    let mut found = vec![account, stores(agent, binding)];
    found.extend(disk(agent, binding).await);
    found.push(envelopes(binding));
    found
}

/// What opens the disk beside the password, where a disk follows.
async fn disk(agent: &Agent, binding: &Binding) -> Option<Finding> {
    let follows = |kind| binding.standing.borrow().status.stores.contains_key(&kind);
    if !follows(StoreKind::Disk) {
        return None;
    }
    let name = &binding.file.account;
    let found = match agent
        .helper
        .disk_has_another_way(binding.file.binding)
        .await
    {
        Ok(true) => Finding::ok(
            About::Disk,
            "the disk opens with a recovery key, or in another way, too.",
        ),
        Ok(false) => {
            let code = Code::NoRecoveryKey;
            Finding {
                code: Some(code),
                ..Finding::warning(About::Disk, code.sentence(), code.next_step())
            }
        }
        Err(fault) => says(About::Disk, fault.code),
    };
    Some(Finding {
        says: format!("{name}: {}", found.says),
        ..found
    })
}

fn stores(agent: &Agent, binding: &Binding) -> Finding {
    let name = &binding.file.account;
    let Some(status) = agent.status(binding.file.uid).binding else {
        return says(About::Stores, Code::AccountChanged);
    };
    if status.in_sync {
        return Finding::ok(About::Stores, format!("{name} is in sync."));
    }
    if let Some(code) = status.problem {
        let found = says(About::Stores, code);
        return Finding {
            says: format!("{name}: {}", found.says),
            ..found
        };
    }
    let waits = status.stores.iter().any(|row| {
        matches!(
            row.state,
            StoreState::NeedsYou { .. } | StoreState::Waiting | StoreState::NotTested
        )
    });
    let says = if waits {
        format!("{name} has yet to follow the last change.")
    } else {
        format!("{name} is being changed.")
    };
    Finding::warning(About::Stores, says, "lockstep sync, as that person.")
}

fn envelopes(binding: &Binding) -> Finding {
    let name = &binding.file.account;
    let next = "lockstep sync, as that person; else the next change asks for the old password.";
    let told = match binding.core.try_lock() {
        Ok(core) => core.unrecoverable(),
        // A flow is under way, which keeps the copies itself.
        Err(_) => Ok(binding.standing.borrow().unrecovered),
    };
    match told {
        Err(fault) => return says(About::Envelopes, Fault::from(fault).code),
        Ok(Some(code)) => {
            let says = format!("{name}: {}", code.sentence());
            return Finding {
                code: Some(code),
                ..Finding::warning(About::Envelopes, says, next)
            };
        }
        Ok(None) => {}
    }
    let known = binding.standing.borrow().known;
    match binding.envelopes.kept() {
        Ok(kept) if kept.iter().any(|kept| Some(kept.stamp) == known) => Finding::ok(
            About::Envelopes,
            format!("{name}: the present password can be recovered after the next change."),
        ),
        Ok(kept) => Finding::warning(
            About::Envelopes,
            format!(
                "{name}: the present password has no sealed copy here ({} older).",
                kept.len()
            ),
            next,
        ),
        Err(fault) => says(About::Envelopes, Fault::from(fault).code),
    }
}

/// An account that isn't linked: whether it could be.
async fn unlinked(agent: &Agent, uid: u32) -> Finding {
    match agent.helper.inspect(uid).await {
        Ok(account) => match account.obstacle {
            None => Finding::warning(
                About::Account,
                format!("The account {} isn't linked.", account.name),
                "lockstep link",
            ),
            Some(code) => says(About::Account, code),
        },
        Err(fault) => says(About::Account, fault.code),
    }
}

/// A problem in the words of its code.
fn says(about: About, code: Code) -> Finding {
    Finding::problem(about, code, code.sentence())
}

/// A problem that no code is about.
fn broken(about: About, says: impl Into<String>, next: impl Into<String>) -> Finding {
    Finding {
        verdict: Verdict::Problem,
        ..Finding::warning(about, says, next)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_service_file_counts_by_what_pam_reads_of_it() {
        let same = "# ours\n\nauth   required pam_unix.so nodelay\n";
        assert_eq!(
            rules(same),
            rules("auth required\tpam_unix.so nodelay # x\n")
        );
        assert_ne!(rules(same), rules("auth required pam_unix.so\n"));
        assert_eq!(rules(PACKAGED).len(), 3);
    }

    #[test]
    fn a_folder_or_key_that_others_can_read_is_a_problem() {
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        mode(folder.path(), 0o700);
        assert_eq!(state(folder.path()).verdict, Verdict::Ok);
        let key = identity::file(folder.path());
        fs::write(&key, "{}").unwrap();
        mode(&key, 0o600);
        assert_eq!(state(folder.path()).verdict, Verdict::Ok);
        for (path, open) in [(key.as_path(), 0o640), (folder.path(), 0o755)] {
            mode(path, open);
            let found = state(folder.path());
            assert_eq!(found.verdict, Verdict::Problem, "{found:?}");
            assert!(
                found.says.contains(&*path.display().to_string()),
                "{found:?}"
            );
            mode(path, if open == 0o640 { 0o600 } else { 0o700 });
        }
    }
}
