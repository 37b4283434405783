//! A keyring whose old password is lost: it is set aside, and an empty one put in its place.

use std::fs;
use std::io;
use std::path::Path;

use lockstep_model::{Code, Secret};

use super::control::{Answer, Control, ControlFault};
use super::place::{self, Files, LOGIN};
use super::private::Private;
use super::running::unreachable;
use super::{Former, KeyringStore, Opening, silent, unknown};
use crate::{ChangeFault, Refusal};

impl KeyringStore {
    /// The files, if there is a login keyring to set aside, or was before a reset ended early.
    pub(super) fn resettable(&self) -> Result<Files, Refusal> {
        let files = self.files()?;
        if self.was_set_aside(&files)? {
            self.refuse_shared().map(|()| files)
        } else {
            self.present()
        }
    }

    /// Whether there is nothing but what was set aside: a reset ended before its new keyring.
    pub(super) fn was_set_aside(&self, files: &Files) -> Result<bool, Refusal> {
        let looked = place::has_set_aside(&self.owner.folder());
        looked
            .map(|set_aside| files.held().is_none() && set_aside)
            .map_err(|fault| unreachable(format!("the keyring's folder: {fault}")))
    }

    /// Sets the keyring aside and puts an empty one in place, with nobody's daemon running.
    pub(super) fn start_anew_alone(&self, before: &Files, new: &Secret) -> Result<(), ChangeFault> {
        let nothing = Files {
            login: None,
            keystore: before.keystore.clone(),
        };
        let private = Private::with(&self.owner, &nothing)?;
        let answer = private.control().unlock(new).map_err(silent)?;
        let made = private
            .files()
            .map_err(|fault| unreachable(format!("a new keyring can't be read: {fault}")))?;
        drop(private);
        let (Answer::Done, Some(_)) = (answer, &made.login) else {
            return Err(unreachable("no new keyring could be made").into());
        };
        // The keystore stays what it is: its own password hasn't changed.
        let after = Files {
            login: made.login,
            keystore: before.keystore.clone(),
        };
        self.put(before, &after, new, Former::SetAside)
    }

    /// Sets the keyring aside and lets the running daemon make an empty one.
    ///
    /// It sees that its file is gone whenever it is asked anything, and forgets the keyring; only
    /// then it makes a new one (`egg_file_tracker_refresh`, `unlock_or_create_login`).
    pub(super) fn start_anew_through(
        &self,
        control: &Control,
        before: &Files,
        opening: Opening,
        new: &Secret,
    ) -> Result<(), ChangeFault> {
        let folder = self.owner.folder();
        let login = folder.join(LOGIN);
        let aside = match before.held() {
            Some(_) => Some(place::set_aside(&folder).map_err(not_set_aside)?),
            None => None,
        };
        if let Err(refusal) = remove_behind(control, &folder, before, opening, new) {
            // A second name of what is in place is of no use.
            let _kept = aside.map(fs::remove_file);
            return Err(refusal.into());
        }
        let asked = control.unlock(new);
        if let (Ok(Answer::Done) | Err(ControlFault::Lost(_)), Ok(())) = (&asked, self.prove(new)) {
            return Ok(());
        }
        // Back to where it was, unless something has come to be there.
        if let Some(aside) = aside {
            fs::hard_link(&aside, &login)
                .and_then(|()| place::flush(&folder))
                .and_then(|()| fs::remove_file(&aside))
                .map_err(|fault| unknown(format!("the keyring stays set aside: {fault}")))?;
        }
        match asked {
            Err(ControlFault::Lost(fault)) => Err(unknown(format!(
                "the keyring daemon may still make a new keyring: {fault}"
            ))),
            Err(fault) => Err(silent(fault).into()),
            Ok(answer) => {
                let detail = format!("the running keyring daemon answered {answer:?}");
                Err(Refusal::new(Code::KeychainRefused, detail).into())
            }
        }
    }
}

/// Removes the file of a keyring that a running daemon may hold, in a way that it notices.
fn remove_behind(
    control: &Control,
    folder: &Path,
    before: &Files,
    opening: Opening,
    new: &Secret,
) -> Result<(), Refusal> {
    if before.login.is_none() {
        return Ok(());
    }
    // One that it doesn't understand it doesn't hold, and being asked it would make another.
    if before.held().is_some() && opening != Opening::Damaged {
        // A file that it made itself it doesn't miss before it has looked at the folder; being
        // asked for a change that is none, it looks.
        place::touch(folder).map_err(not_set_aside)?;
        control.change(new, new).map_err(silent)?;
    }
    fs::remove_file(folder.join(LOGIN)).map_err(not_set_aside)
}

pub(super) fn not_set_aside(fault: io::Error) -> Refusal {
    unreachable(format!("the keyring can't be set aside: {fault}"))
}
