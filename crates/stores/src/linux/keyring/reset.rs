//! A keyring whose old password is lost: it is set aside, and an empty one put in its place.

use std::io;
use std::path::Path;

use lockstep_model::{Code, Secret};

use super::control::{Answer, Control, ControlFault};
use super::place::{self, ReplaceFault, Snapshot};
use super::private::Private;
use super::running::unreachable;
use super::{Former, KeyringStore, Opening, silent, unknown};
use crate::{ChangeFault, Refusal};

impl KeyringStore {
    /// What is there, if there is a keyring to set aside, or was before a reset ended early.
    pub(super) fn resettable(&self) -> Result<Snapshot, Refusal> {
        let found = self.snapshot()?;
        if self.was_set_aside(&found)? {
            self.refuse_shared().map(|()| found)
        } else {
            self.present()
        }
    }

    /// Whether there is nothing but what was set aside: a reset ended before its new keyring.
    pub(super) fn was_set_aside(&self, found: &Snapshot) -> Result<bool, Refusal> {
        if found.held().is_some() {
            return Ok(false);
        }
        place::has_set_aside(&self.owner.folder())
            .map_err(|fault| unreachable(format!("the keyring's folder: {fault}")))
    }

    /// Sets the keyring aside and puts an empty one in place, with nobody's daemon running.
    pub(super) fn start_anew_alone(
        &self,
        before: &Snapshot,
        new: &Secret,
    ) -> Result<(), ChangeFault> {
        let private = Private::with(&self.owner, &Snapshot::default())?;
        let answer = private.control().unlock(new).map_err(silent)?;
        let made = private
            .snapshot()
            .map_err(|fault| unreachable(format!("a new keyring can't be read: {fault}")))?;
        drop(private);
        let (Answer::Done, Some(_)) = (answer, &made.login) else {
            return Err(unreachable("no new keyring could be made").into());
        };
        self.put(before, &made, new, Former::SetAside)
    }

    /// Sets the keyring aside and lets the running daemon make an empty one.
    ///
    /// It sees that its file is gone whenever it is asked anything, and forgets the keyring; only
    /// then it makes a new one (`egg_file_tracker_refresh`, `unlock_or_create_login`).
    pub(super) fn start_anew_through(
        &self,
        control: &Control,
        before: &Snapshot,
        opening: Opening,
        new: &Secret,
    ) -> Result<(), ChangeFault> {
        let folder = self.owner.folder();
        let aside = if before.held().is_some() {
            // One that it doesn't understand it doesn't hold, and asked it would make another.
            if opening != Opening::Damaged && look(control, &folder, new)? {
                return self.prove(new);
            }
            Some(place::move_aside(&folder).map_err(not_set_aside)?)
        } else {
            // What a daemon that died has left would be in the way of the new one.
            place::clear(&folder).map_err(not_cleared)?;
            None
        };
        let asked = control.unlock(new);
        if let (Ok(Answer::Done) | Err(ControlFault::Lost(_)), Ok(())) = (&asked, self.prove(new)) {
            return Ok(());
        }
        // Back to where it was, unless something has come to be there.
        if let Some(aside) = aside {
            place::move_back(&folder, &aside)
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

/// Has a running daemon look at its folder; says whether the keyring that it holds opens with `new`
/// already.
///
/// It doesn't miss a file that it made itself before it has looked at the folder since; being asked
/// for a change that is none, it looks.
fn look(control: &Control, folder: &Path, new: &Secret) -> Result<bool, Refusal> {
    place::touch(folder).map_err(not_set_aside)?;
    let answer = control.change(new, new).map_err(silent)?;
    Ok(answer == Answer::Done)
}

fn not_cleared(fault: ReplaceFault) -> ChangeFault {
    match fault {
        ReplaceFault::Meanwhile => unreachable("a keyring was made meanwhile").into(),
        ReplaceFault::Io(fault) => unknown(format!("the place of the keyring: {fault}")),
    }
}

pub(super) fn not_set_aside(fault: io::Error) -> Refusal {
    unreachable(format!("the keyring can't be set aside: {fault}"))
}
