//! What a person does on their own computer, through the agent.

use std::os::fd::RawFd;

use lockstep_client::Fault;
use lockstep_model::{Code, Secret, StoreKind, WithoutOld};
use lockstep_protocol::keyring::SetAside;
use lockstep_protocol::local::{Ask, Event, Need, Status, StoreCost};

use crate::arguments::{Enrol, Link, Passwd, Sync};
use crate::show::Show;
use crate::{Names, Stopped, question, secret};
use lockstep_local::agent::{Agent, Answers, Given};

/// Enrols this computer.
pub(crate) fn enrol(options: &Enrol, show: &Show) -> Result<(), Stopped> {
    let names = Names::default();
    let answer =
        |_: Need, _: Option<Code>| secret::read_token("Enrolment string", options.string_fd);
    exchange(
        Ask::Enrol {
            name: options.name.clone(),
        },
        answer,
        &names,
        show,
    )
}

/// Links the caller's account.
pub(crate) fn link(options: &Link, show: &Show) -> Result<(), Stopped> {
    let (names, org) = words()?;
    let user_name = match &options.user_name {
        Some(name) => name.clone(),
        None => own_name()?,
    };
    let answers = Linking {
        options,
        old: OldPassword {
            from: None,
            asked: false,
        },
        org: &org,
        names: &names,
        show,
    };
    exchange(Ask::Link { user_name }, answers, &names, show)
}

/// What a link asks.
struct Linking<'a> {
    options: &'a Link,
    old: OldPassword,
    org: &'a str,
    names: &'a Names,
    show: &'a Show,
}

impl Answers for Linking<'_> {
    fn give(&mut self, what: Need, fault: Option<Code>) -> Result<Given, Fault> {
        let given = match what {
            Need::ComputersPassword => secret::read(
                "Password of this computer (blank if it is the same)",
                self.options.computer_password_fd,
            ),
            Need::OldPassword => self.old.ask(OR_STOP, fault, self.names, self.show),
            Need::FactorCode => factor_code(None, fault, self.names, self.show),
            Need::DirectoryPassword
            | Need::EnrolmentString
            | Need::CurrentPassword
            | Need::NewPassword => {
                secret::read(&format!("{} password", self.org), self.options.password_fd)
            }
        };
        given.map(Given::Secret)
    }

    fn consents(&mut self, store: StoreKind) -> Result<bool, Fault> {
        if let Some(said) = self.options.disk {
            return Ok(said);
        }
        match store {
            StoreKind::Disk => self.show.note(
                "This computer's disk asks for a password when it starts. If that is the same one, \
                 it can follow too; everybody who starts this computer with it needs your new \
                 password then.",
            ),
            StoreKind::Account | StoreKind::Keychain => {}
        }
        match question::confirm("Keep the disk in step, too?") {
            // A script that says nothing of the disk leaves it alone.
            Err(fault) if fault.code == Code::NoTerminal => Ok(false),
            answer => answer,
        }
    }
}

/// Gives the caller's binding up.
pub(crate) fn unlink(show: &Show) -> Result<(), Stopped> {
    exchange_without_questions(Ask::Unlink, show)
}

/// Asks for something that needs no secret.
pub(crate) fn exchange_without_questions(ask: Ask, show: &Show) -> Result<(), Stopped> {
    let (names, _) = words()?;
    let nothing = |_: Need, _: Option<Code>| Err(Fault::new(Code::Internal, "nothing is asked"));
    exchange(ask, nothing, &names, show)
}

/// Shows how things stand.
pub(crate) fn status(show: &Show) -> Result<(), Stopped> {
    let status = ask_status()?;
    show.status(&status, set_aside(show).as_deref());
    match &status.binding {
        Some(binding) if binding.in_sync => Ok(()),
        Some(_) | None => Err(Stopped::NotInSync),
    }
}

/// Shows the caller's phrase, or keeps another.
pub(crate) fn phrase(set: Option<String>, show: &Show) -> Result<(), Stopped> {
    if let Some(words) = set {
        return exchange_without_questions(Ask::ChoosePhrase { words }, show);
    }
    let status = ask_status()?;
    let names = status.organisation.as_ref().map(Names::from);
    let names = names.unwrap_or_default();
    let Some(binding) = status.binding else {
        let code = status.problem.unwrap_or(match status.organisation {
            Some(_) => Code::NotLinked,
            None => Code::NotEnrolled,
        });
        return Err(Stopped::Fault(Fault::new(code, "no binding"), names));
    };
    show.phrase(binding.phrase.as_deref());
    Ok(())
}

/// Explains what this computer rests on, and what would be done next.
pub(crate) fn explain(show: &Show) -> Result<(), Stopped> {
    let (names, _) = words()?;
    let nothing = |_: Need, _: Option<Code>| Err(Fault::new(Code::Internal, "nothing is asked"));
    match Agent::connect()?.ask(Ask::Explain, nothing, |_| ())? {
        Event::Explained(explained) => {
            show.explained(explained, &names, set_aside(show).as_deref());
            Ok(())
        }
        Event::Failed(failure) => Err(Stopped::Failed(failure, names)),
        Event::Status(_)
        | Event::Examined { .. }
        | Event::Logo { .. }
        | Event::Computers { .. }
        | Event::Done(_)
        | Event::Need { .. }
        | Event::Cost { .. }
        | Event::Consent { .. }
        | Event::Progress(_) => Err(another_question().into()),
    }
}

/// The keyrings that were set aside, if that can be told; how things stand is told without, too.
fn set_aside(show: &Show) -> Option<Vec<SetAside>> {
    let listed = lockstep_local::keyring::list();
    listed
        .map_err(|Fault { detail, .. }| {
            show.note(&format!(
                "Whether a keyring is set aside can't be told: {detail}"
            ));
        })
        .ok()
}

fn another_question() -> Fault {
    Fault::new(Code::VersionRefused, "the agent answered another question")
}

/// Brings the computer in step.
pub(crate) fn sync(options: &Sync, show: &Show) -> Result<(), Stopped> {
    let (names, _) = words()?;
    let answers = Syncing {
        options,
        old: OldPassword {
            from: options.old_password_fd,
            asked: false,
        },
        chose_own: false,
        gave_code: false,
        names: &names,
        show,
    };
    let restarted = options.restarted;
    exchange(Ask::Sync { restarted }, answers, &names, show)
}

/// What a sync may come to ask.
struct Syncing<'a> {
    options: &'a Sync,
    old: OldPassword,
    /// The directory has the own password by now.
    chose_own: bool,
    /// The descriptor's one code was given.
    gave_code: bool,
    names: &'a Names,
    show: &'a Show,
}

impl Answers for Syncing<'_> {
    fn give(&mut self, what: Need, fault: Option<Code>) -> Result<Given, Fault> {
        match what {
            Need::OldPassword if self.options.without_old_password => Ok(Given::Forgotten),
            Need::OldPassword => {
                let label = "Old password (leave blank if you don't remember it)";
                let typed = self.old.ask(label, fault, self.names, self.show);
                match typed {
                    // Only a person leaves it blank; a script says so beforehand.
                    Ok(typed) if typed.is_blank() && self.old.from.is_some() => {
                        let detail = "the old password's descriptor is empty";
                        Err(self.after_all(Fault::new(Code::Blank, detail)))
                    }
                    Ok(typed) if typed.is_blank() => Ok(Given::Forgotten),
                    Ok(typed) => Ok(Given::Secret(typed)),
                    Err(fault) => Err(self.after_all(fault)),
                }
            }
            Need::FactorCode => self.code(fault).map(Given::Secret),
            Need::NewPassword => {
                self.chose_own = true;
                let from = self.options.own_password_fd;
                own_password(fault, from, self.names, self.show).map(Given::Secret)
            }
            Need::DirectoryPassword
            | Need::ComputersPassword
            | Need::EnrolmentString
            | Need::CurrentPassword => {
                secret::read("New password", self.options.password_fd).map(Given::Secret)
            }
        }
    }

    fn accepts(&mut self, cost: &[StoreCost]) -> Result<bool, Fault> {
        self.show.cost(cost, self.names);
        if self.options.without_old_password {
            return Ok(true);
        }
        let sets_aside = cost.iter().any(|cost| cost.becomes == WithoutOld::SetAside);
        let question = if sets_aside {
            "Set aside and continue?"
        } else {
            "Continue without your old password?"
        };
        question::confirm(question).map_err(|fault| self.after_all(fault))
    }
}

impl Syncing<'_> {
    /// The code of the second factor. A script brings one, or the old password, or neither; what it
    /// brings not is left blank where another of these is there to go on with.
    fn code(&mut self, fault: Option<Code>) -> Result<Secret, Fault> {
        let from = self.options.factor_code_fd;
        let scripted = self.options.without_old_password || self.old.from.is_some();
        if from.map_or(scripted, |_| self.gave_code) {
            if let Some(code) = fault {
                self.show.note(&self.names.explain(code));
            }
            return Ok(Secret::default());
        }
        self.gave_code = true;
        let typed = factor_code(from, fault, self.names, self.show);
        typed.map_err(|fault| self.after_all(fault))
    }

    /// What a fault means: "nothing was changed" would be a lie after the own password was taken.
    fn after_all(&self, fault: Fault) -> Fault {
        if self.chose_own {
            Fault::new(Code::ComputerBehind, fault)
        } else {
            fault
        }
    }
}

/// The code that the person's authenticator app shows; blank leads to the old password.
fn factor_code(
    from: Option<RawFd>,
    fault: Option<Code>,
    names: &Names,
    show: &Show,
) -> Result<Secret, Fault> {
    match fault {
        Some(code) => show.note(&names.explain(code)),
        None => show.note(
            "You were given a new password. A code from your app recovers the one that this \
             computer still has.",
        ),
    }
    let label = "Code from your authenticator app (blank to type your old password instead)";
    secret::read(label, from)
}

/// The password that replaces a temporary one, typed twice.
fn own_password(
    fault: Option<Code>,
    from: Option<RawFd>,
    names: &Names,
    show: &Show,
) -> Result<Secret, Fault> {
    match fault {
        Some(Code::OwnPasswordNeeded) | None => {
            show.note("That password was for one use. Choose one that only you know.");
        }
        Some(code) if from.is_some() => {
            return Err(Fault::new(code, "the own password from the descriptor"));
        }
        Some(code) => show.note(&names.explain(code)),
    }
    twice("Your own new password", from)
}

/// A new password, typed twice where it is typed.
fn twice(label: &str, from: Option<RawFd>) -> Result<Secret, Fault> {
    let new = secret::read(label, from)?;
    if from.is_none() && !new.same_as(&secret::read("Repeat new password", None)?) {
        return Err(Fault::new(Code::RepeatDiffers, "repeat"));
    }
    Ok(new)
}

/// Says that somebody else changed the password.
pub(crate) fn not_me(yes: bool, show: &Show) -> Result<(), Stopped> {
    let status = ask_status()?;
    let (names, org) = words()?;
    let known = status.binding.and_then(|binding| binding.generation);
    let linked = || Fault::new(Code::NotLinked, "no change is known here");
    let generation = known.ok_or_else(linked)?;
    let it = names.it.as_deref().unwrap_or("your IT team");
    show.note(&format!(
        "Someone else may have changed your password. We lock your {org} account, sign it out \
         everywhere and tell {it}. This computer still opens with your old password."
    ));
    if !yes && !question::confirm("Lock and report?")? {
        show.note("Nothing was changed.");
        return Ok(());
    }
    let nothing = |_: Need, _: Option<Code>| Err(Fault::new(Code::Internal, "it asks nothing"));
    exchange(Ask::Disown { generation }, nothing, &names, show)
}

/// The question for the old password, in every flow that may come to it.
struct OldPassword {
    from: Option<RawFd>,
    asked: bool,
}

/// Where there is no way without it.
const OR_STOP: &str = "Old password (blank to stop)";

impl OldPassword {
    fn ask(
        &mut self,
        label: &str,
        fault: Option<Code>,
        names: &Names,
        show: &Show,
    ) -> Result<Secret, Fault> {
        if self.asked && self.from.is_some() {
            let detail = "the old password from the descriptor does not open this computer";
            return Err(Fault::new(Code::NotTheComputersPassword, detail));
        }
        self.asked = true;
        if let Some(code) = fault {
            show.note(&names.explain(code));
        }
        show.note("This computer still has the password you used before.");
        secret::read(label, self.from)
    }
}

/// Changes the password.
pub(crate) fn passwd(options: &Passwd, show: &Show) -> Result<(), Stopped> {
    let (names, _) = words()?;
    let mut old = OldPassword {
        from: None,
        asked: false,
    };
    let answer = |what: Need, fault: Option<Code>| match what {
        Need::OldPassword => old.ask(OR_STOP, fault, &names, show),
        Need::FactorCode => factor_code(None, fault, &names, show),
        Need::NewPassword => twice("New password", options.new_password_fd),
        Need::CurrentPassword
        | Need::DirectoryPassword
        | Need::ComputersPassword
        | Need::EnrolmentString => secret::read("Current password", options.current_password_fd),
    };
    exchange(Ask::ChangePassword, answer, &names, show)
}

fn exchange(ask: Ask, answers: impl Answers, names: &Names, show: &Show) -> Result<(), Stopped> {
    let progress = |event: &Event| show.progress(event, names);
    let ended = Agent::connect().and_then(|mut agent| agent.ask(ask, answers, progress));
    match ended.map_err(|fault| Stopped::Fault(fault, names.clone()))? {
        Event::Done(done) => {
            show.done(&done);
            Ok(())
        }
        Event::Failed(failure) => Err(Stopped::Failed(failure, names.clone())),
        Event::Status(_)
        | Event::Examined { .. }
        | Event::Explained(_)
        | Event::Logo { .. }
        | Event::Computers { .. }
        | Event::Need { .. }
        | Event::Cost { .. }
        | Event::Consent { .. }
        | Event::Progress(_) => Err(another_question().into()),
    }
}

fn ask_status() -> Result<Status, Fault> {
    let nothing = |_: Need, _: Option<Code>| Err(Fault::new(Code::Internal, "status asks nothing"));
    match Agent::connect()?.ask(Ask::Status, nothing, |_| ())? {
        Event::Status(status) => Ok(*status),
        Event::Done(_)
        | Event::Examined { .. }
        | Event::Explained(_)
        | Event::Logo { .. }
        | Event::Computers { .. }
        | Event::Failed(_)
        | Event::Need { .. }
        | Event::Cost { .. }
        | Event::Consent { .. }
        | Event::Progress(_) => Err(another_question()),
    }
}

/// The organisation's words, and what to call its password.
pub(crate) fn words() -> Result<(Names, String), Fault> {
    let organisation = ask_status()?.organisation;
    let names = organisation.as_ref().map(Names::from).unwrap_or_default();
    let org = organisation.map_or_else(|| "Directory".to_owned(), |known| known.name);
    Ok((names, org))
}

/// The name of the account that runs this, from the local files: what the agent will inspect too.
fn own_name() -> Result<String, Fault> {
    let uid = rustix::process::getuid().as_raw().to_string();
    let passwd = std::fs::read("/etc/passwd").map_err(|fault| Fault::new(Code::Internal, fault))?;
    let passwd = String::from_utf8_lossy(&passwd);
    let line = passwd
        .lines()
        .find(|line| line.split(':').nth(2) == Some(uid.as_str()));
    let name = line.and_then(|line| line.split(':').next());
    let missing = || Fault::new(Code::AccountElsewhere, "this account is not in /etc/passwd");
    name.map(str::to_owned).ok_or_else(missing)
}
