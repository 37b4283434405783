//! One request: what is asked, in what order it is done, and how it ends.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::tz::TimeZone;
use lockstep_model::password::Password;
use lockstep_model::{Code, Secret, Timestamp};
use lockstep_protocol::frame::{Frame, FrameFault};
use lockstep_protocol::keyring::{Answer, Ask, Reopened, Request, VERSION};
use lockstep_stores::Refusal;
use lockstep_stores::linux::Etc;
use lockstep_stores::linux::keyring::Owner;
use lockstep_stores::linux::keyring::aside::{self, Aside, Opened};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

use crate::copies::{self, Copy, Note};
use crate::merge::merge;
use crate::service::Keyring;

/// Whoever asks, and where they are answered.
struct Asker<R, W> {
    input: R,
    output: W,
}

/// The folder of keyrings, with nobody else of us in it.
struct Folder {
    path: PathBuf,
    _alone: File,
}

/// Serves what comes on standard input.
pub(crate) fn run() -> Result<(), FrameFault> {
    harden()?;
    let mut asker = Asker {
        input: unbuffered(io::stdin())?,
        output: io::stdout().lock(),
    };
    let answer = match Frame::read_from(&mut asker.input)?.message::<Request>() {
        Ok(Request {
            version: VERSION,
            ask,
        }) => answer(ask, &mut asker),
        Ok(Request { version, .. }) => {
            let detail = format!("version {version}");
            Err(Refusal::new(Code::VersionRefused, detail))
        }
        Err(fault) => Err(Refusal::new(Code::VersionRefused, fault.to_string())),
    };
    lockstep_model::secret::wipe_stack();
    asker.tell(&answer.unwrap_or_else(|Refusal { code, detail }| Answer::Failed { code, detail }))
}

/// The same input, without the buffer that the standard library keeps for the whole process: a password
/// that comes through it would stay there.
fn unbuffered(input: impl AsFd) -> io::Result<File> {
    Ok(File::from(input.as_fd().try_clone_to_owned()?))
}

fn answer<R: Read, W: Write>(ask: Ask, asker: &mut Asker<R, W>) -> Result<Answer, Refusal> {
    let owner = owner()?;
    match ask {
        Ask::List => {
            let folder = match owner.keyrings() {
                Err(fault) if fault.kind() == io::ErrorKind::NotFound => {
                    return Ok(Answer::List {
                        set_aside: Vec::new(),
                    });
                }
                opened => opened.map_err(not_read)?.0,
            };
            let copies = copies::all(&owner, &folder).map_err(not_read)?;
            let set_aside = copies.iter().map(Into::into).collect();
            Ok(Answer::List { set_aside })
        }
        Ask::Reopen { which } => reopen(&owner, &which, asker).map(Answer::Reopened),
        Ask::Remove { which, unopened } => remove(&owner, which, unopened),
    }
}

/// Adds what is in a copy to the present keyring. Nothing is asked before it is known to be of use.
fn reopen<R: Read, W: Write>(
    owner: &Owner,
    which: &str,
    asker: &mut Asker<R, W>,
) -> Result<Reopened, Refusal> {
    let folder = Folder::alone(owner)?;
    let copy = folder.copy(owner, which)?;
    let began = now();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|fault| Refusal::new(Code::Internal, fault.to_string()))?;
    let mut counts = Reopened {
        which: which.to_owned(),
        ..Reopened::default()
    };
    runtime.block_on(async {
        let present = Keyring::on(&session_bus(owner)).await?;
        let locked = present.is_locked().await;
        if locked.map_err(|silence| Refusal::new(Code::NoKeyringSession, silence.to_string()))? {
            return Err(Refusal::new(Code::KeyringLocked, "the login collection"));
        }
        let old = asker.need()?;
        let opened = open(&copy.aside, owner, old)?;
        let former = Keyring::on(opened.bus()).await;
        let former = former.map_err(|refusal| unreachable(refusal.detail))?;
        let day = copies::day(copy.at, began, &TimeZone::system());
        merge(&former, &present, &day, &mut counts).await
    })?;
    // Only what is on the disk may be called added: the copy may be removed for it.
    let unreadable = counts.unreadable;
    let note = Note {
        at: began,
        unreadable,
    };
    aside::flush(owner)
        .and_then(|()| copies::note(&folder.path, which, &note))
        .map_err(|fault| Refusal::new(Code::ReopenUnfinished, fault.to_string()))?;
    Ok(counts)
}

/// Opens a copy with what was typed, as it is or in the form that every password of the directory
/// has: the keyring may have had one of either kind.
fn open(aside: &Aside, owner: &Owner, typed: Secret) -> Result<Opened, Refusal> {
    let opened = aside.open(owner, &typed);
    let refused = |refusal: &Refusal| refusal.code == Code::NotTheOldKeyrings;
    if opened.as_ref().is_err_and(refused)
        && let Ok(password) = Password::normalise(&typed)
    {
        let password = password.into_secret();
        if !password.same_as(&typed) {
            return aside.open(owner, &password);
        }
    }
    opened
}

/// Removes a copy, if nothing would be missed or the person gives it up.
fn remove(owner: &Owner, which: String, unopened: bool) -> Result<Answer, Refusal> {
    let folder = Folder::alone(owner)?;
    let copies = copies::all(owner, &folder.path).map_err(not_read)?;
    let found = copies.iter().find(|copy| copy.aside.which == which);
    let copy = found.ok_or_else(|| nothing(&which))?;
    if copy.reopened.is_none() && !unopened {
        return Err(Refusal::new(Code::NotReopened, which));
    }
    // First, so that no note ever promises what is gone.
    for undone in copies::undone_with(copy, &copies) {
        copies::forget(&folder.path, undone).map_err(not_removed)?;
    }
    copy.aside.clone().remove(owner).map_err(not_removed)?;
    copies::forget(&folder.path, &which).map_err(not_removed)?;
    Ok(Answer::Removed { which })
}

impl Folder {
    /// Opens it, unless another request is at work there.
    fn alone(owner: &Owner) -> Result<Self, Refusal> {
        let (path, folder) = match owner.keyrings() {
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Err(nothing("any")),
            opened => opened.map_err(not_read)?,
        };
        match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self {
                path,
                _alone: folder,
            }),
            Err(Errno::WOULDBLOCK) => Err(Refusal::new(Code::Busy, "another request is at work")),
            Err(fault) => Err(not_read(fault.into())),
        }
    }

    fn copy(&self, owner: &Owner, which: &str) -> Result<Copy, Refusal> {
        let copies = copies::all(owner, &self.path).map_err(not_read)?;
        let mut found = copies.into_iter().filter(|copy| copy.aside.which == which);
        found.next().ok_or_else(|| nothing(which))
    }
}

impl<R: Read, W: Write> Asker<R, W> {
    fn tell(&mut self, answer: &Answer) -> Result<(), FrameFault> {
        Frame::json(answer)?.write_to(&mut self.output)
    }

    /// Asks for the old password.
    fn need(&mut self) -> Result<Secret, Refusal> {
        self.tell(&Answer::Need)
            .and_then(|()| Frame::read_from(&mut self.input)?.into_secret())
            .map_err(|fault| Refusal::new(Code::Blank, fault.to_string()))
    }
}

/// Who runs this, from the local files.
fn owner() -> Result<Owner, Refusal> {
    let uid = rustix::process::getuid().as_raw();
    let account = Etc::default().account_by_uid(uid);
    let account = account
        .map_err(|fault| Refusal::new(Code::AccountElsewhere, fault.to_string()))?
        .ok_or_else(|| Refusal::new(Code::AccountElsewhere, "not in passwd(5)"))?;
    Ok(Owner {
        uid,
        home: account.home,
    })
}

/// Where the person's own bus is; where pam_systemd(8) has it if nobody says.
fn session_bus(owner: &Owner) -> String {
    std::env::var("DBUS_SESSION_BUS_ADDRESS")
        .ok()
        .filter(|address| !address.is_empty())
        .unwrap_or_else(|| format!("unix:path=/run/user/{}/bus", owner.uid))
}

/// Keeps this process's memory out of core dumps and other processes' reach.
fn harden() -> io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    Ok(setrlimit(Resource::Core, none)?)
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.unwrap_or_default().as_millis();
    Timestamp(i64::try_from(millis).unwrap_or(i64::MAX))
}

fn nothing(which: &str) -> Refusal {
    Refusal::new(Code::NothingSetAside, format!("looked for {which}"))
}

fn unreachable(detail: String) -> Refusal {
    Refusal::new(Code::KeychainUnreachable, detail)
}

fn not_read(fault: io::Error) -> Refusal {
    unreachable(format!("the folder of keyrings: {fault}"))
}

fn not_removed(fault: io::Error) -> Refusal {
    unreachable(format!("it can't be removed: {fault}"))
}
