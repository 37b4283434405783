//! The bindings of this device, one folder each.

use std::fs;
use std::path::{Path, PathBuf};

use lockstep_model::{BindingId, PersonId};
use serde::{Deserialize, Serialize};

use super::{KeepFault, read, read_up_to, write};

const VERSION: u16 = 1;

/// What is kept of a binding beside its journal and envelopes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BindingFile {
    version: u16,
    /// Its id.
    pub(crate) binding: BindingId,
    /// How far its making has come.
    pub(crate) stage: Stage,
    /// The person's user name.
    pub(crate) user_name: String,
    /// The local account's name.
    pub(crate) account: String,
    /// The local account's user id.
    pub(crate) uid: u32,
}

/// How far the making of a binding has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    /// Begun, or given up: helper and directory are told to forget it.
    Linking,
    /// Made: helper and directory have recorded it.
    Linked {
        /// Whose it is.
        person: PersonId,
    },
}

impl BindingFile {
    /// A binding that is about to be made.
    pub(crate) fn linking(binding: BindingId, user_name: &str, account: &str, uid: u32) -> Self {
        Self {
            version: VERSION,
            binding,
            stage: Stage::Linking,
            user_name: user_name.to_owned(),
            account: account.to_owned(),
            uid,
        }
    }

    /// The binding, made.
    pub(crate) fn linked(mut self, person: PersonId) -> Self {
        self.stage = Stage::Linked { person };
        self
    }

    /// The binding, given up.
    pub(crate) fn given_up(mut self) -> Self {
        self.stage = Stage::Linking;
        self
    }

    /// Writes the binding into its folder, making it as needed.
    pub(crate) fn save(&self, state: &Path) -> Result<(), KeepFault> {
        let folder = folder(state, self.binding);
        super::make_folder(&folder)?;
        write(&folder.join("binding.json"), self)
    }
}

/// A binding whose file is there and can't be used; every other one can.
#[derive(Debug)]
pub(crate) struct Unusable {
    /// Why.
    pub(crate) fault: KeepFault,
    /// Whose account it is about, as far as even that can be read.
    pub(crate) uid: Option<u32>,
}

/// Every binding of this device.
pub(crate) fn load(state: &Path) -> Result<Vec<Result<BindingFile, Unusable>>, KeepFault> {
    let all = state.join("bindings");
    super::make_folder(&all)?;
    let mut bindings = Vec::new();
    for entry in fs::read_dir(&all)? {
        let path = entry?.path().join("binding.json");
        match read_up_to::<BindingFile>(&path, VERSION) {
            Ok(Some(binding)) => bindings.push(Ok(binding)),
            Ok(None) => {}
            Err(fault) => {
                let uid = read::<Whose>(&path).ok().flatten();
                let uid = uid.map(|whose| whose.uid);
                bindings.push(Err(Unusable { fault, uid }));
            }
        }
    }
    Ok(bindings)
}

/// The part of a binding's file that tells whose it is.
#[derive(Deserialize)]
struct Whose {
    uid: u32,
}

/// The id of every binding, those whose records can't be read included.
pub(crate) fn ids(state: &Path) -> Result<Vec<BindingId>, KeepFault> {
    let all = state.join("bindings");
    super::make_folder(&all)?;
    let mut ids = Vec::new();
    for entry in fs::read_dir(&all)? {
        // Another name is no binding's, and none of ours.
        if let Some(id) = entry?
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// Removes a binding with everything in its folder.
pub(crate) fn remove(state: &Path, binding: BindingId) -> Result<(), KeepFault> {
    match fs::remove_dir_all(folder(state, binding)) {
        Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => Err(fault.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The folder of a binding.
pub(crate) fn folder(state: &Path, binding: BindingId) -> PathBuf {
    state.join("bindings").join(binding.to_string())
}
