//! The local account's password, through PAM and a service file of Lockstep's own.
//!
//! glibc's lckpwdf(3), which PAM's modules call, sets an alarm for the whole process: call this
//! only in a process that does nothing else.

mod conversation;
mod status;
mod sys;

use std::ffi::{CStr, CString};
use std::path::Path;

use lockstep_model::{Code, Secret};

use self::conversation::Conversation;
use self::status::Status;
use self::sys::Step;
use crate::Refusal;

const SERVICE: &CStr = c"lockstep";

/// Where libpam looks for the service's file. Without one it would fall back to `other`, whose
/// rules nobody wrote for this.
const SERVICE_FILES: [&str; 2] = ["/etc/pam.d/lockstep", "/usr/lib/pam.d/lockstep"];

/// Tells whether the password opens the account.
pub(super) fn authenticate(user: &str, password: &Secret) -> Result<bool, Refusal> {
    let answers = [password];
    let mut conversation = Conversation::new(&answers);
    match run(user, Step::Authenticate, &mut conversation)? {
        Status::SUCCESS if conversation.given() == 1 => Ok(true),
        Status::SUCCESS => Err(Refusal::new(
            Code::Internal,
            "PAM let somebody in without asking for a password",
        )),
        Status::AUTHENTICATION => Ok(false),
        status @ (Status::MAX_TRIES | Status::PERMISSION_DENIED) => {
            Err(refusal(Code::TooManyAttempts, status, &conversation))
        }
        status @ Status::USER_UNKNOWN => {
            Err(refusal(Code::AccountElsewhere, status, &conversation))
        }
        status => Err(refusal(Code::Internal, status, &conversation)),
    }
}

/// Refuses accounts that couldn't log in even with the right password. A password that has to be
/// changed is no obstacle.
pub(super) fn judge(user: &str) -> Result<(), Refusal> {
    let mut conversation = Conversation::new(&[]);
    match run(user, Step::Account, &mut conversation)? {
        Status::SUCCESS | Status::NEW_TOKEN_REQUIRED => Ok(()),
        status @ (Status::ACCOUNT_EXPIRED | Status::TOKEN_EXPIRED) => {
            Err(refusal(Code::AccountExpired, status, &conversation))
        }
        status @ Status::USER_UNKNOWN => {
            Err(refusal(Code::AccountElsewhere, status, &conversation))
        }
        status @ (Status::PERMISSION_DENIED | Status::AUTHENTICATION) => {
            Err(refusal(Code::AccountLocked, status, &conversation))
        }
        status => Err(refusal(Code::Internal, status, &conversation)),
    }
}

/// Asks PAM to change the password; PAM verifies the old one in the same transaction.
///
/// A refusal is PAM's word that nothing was changed, which is not yet a fact.
pub(super) fn change(user: &str, old: &Secret, new: &Secret) -> Result<(), Refusal> {
    let answers = [old, new, new];
    let mut conversation = Conversation::new(&answers);
    let status = run(user, Step::Change, &mut conversation)?;
    if status == Status::SUCCESS {
        return Ok(());
    }
    let code = match status {
        // With only one answer given the old password was judged, with more the new one.
        Status::AUTHENTICATION if conversation.given() <= 1 => Code::NotTheComputersPassword,
        other => not_taken(other, &conversation, 1),
    };
    Err(refusal(code, status, &conversation))
}

/// Asks PAM, as root may, to set a new password without the old one.
///
/// A refusal is PAM's word that nothing was changed, which is not yet a fact.
pub(super) fn reset(user: &str, new: &Secret) -> Result<(), Refusal> {
    let answers = [new, new];
    let mut conversation = Conversation::new(&answers);
    let status = run(user, Step::Reset, &mut conversation)?;
    if status == Status::SUCCESS {
        return Ok(());
    }
    let code = not_taken(status, &conversation, 0);
    Err(refusal(code, status, &conversation))
}

/// Why a new password was not taken; the answers before it were about the old one.
fn not_taken(status: Status, conversation: &Conversation<'_>, before: usize) -> Code {
    let disliked = conversation.given() > before
        && (conversation.ran_dry() || conversation.complaint().is_some());
    match status {
        Status::TOKEN_LOCK_BUSY => Code::AccountBusy,
        Status::ACCOUNT_EXPIRED | Status::TOKEN_EXPIRED => Code::AccountExpired,
        Status::USER_UNKNOWN => Code::AccountElsewhere,
        Status::MAX_TRIES => Code::RefusedByComputer,
        Status::TOKEN | Status::CONVERSATION if disliked => Code::RefusedByComputer,
        _ => Code::AccountRefused,
    }
}

fn run(user: &str, step: Step, conversation: &mut Conversation<'_>) -> Result<Status, Refusal> {
    if !SERVICE_FILES.iter().any(|file| Path::new(file).is_file()) {
        let detail = format!("the PAM service file {} is missing", SERVICE_FILES[0]);
        return Err(Refusal::new(Code::Internal, detail));
    }
    let user = CString::new(user)
        .map_err(|_| Refusal::new(Code::AccountElsewhere, "no account's name holds a NUL"))?;
    Ok(sys::run(SERVICE, &user, step, conversation))
}

fn refusal(code: Code, status: Status, conversation: &Conversation<'_>) -> Refusal {
    let words = sys::describe(status);
    let detail = match conversation.complaint() {
        Some(complaint) => format!("{complaint} ({words})"),
        None => words,
    };
    Refusal::new(code, detail)
}
