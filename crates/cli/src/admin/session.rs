//! An admin's session, kept in a file that only its owner reads.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use lockstep_client::Fault;
use lockstep_model::{Code, Secret};
use lockstep_protocol::Bytes;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The file's form. It holds a token, hence no `Debug`.
#[derive(Serialize, Deserialize)]
pub(super) struct Session {
    url: String,
    ca: Option<Bytes>,
    token: Zeroizing<String>,
}

impl Session {
    /// A session with its token.
    pub(super) fn new(url: &str, ca: Option<Vec<u8>>, token: &Secret) -> Self {
        let token = String::from_utf8_lossy(token.expose()).into_owned();
        Self {
            url: url.to_owned(),
            ca: ca.map(Bytes),
            token: Zeroizing::new(token),
        }
    }

    /// Reads the session.
    pub(super) fn load(file: &Path) -> Result<Self, Fault> {
        let signed_out = |fault: &dyn std::fmt::Display| {
            Fault::new(Code::SignedOut, format!("{}: {fault}", file.display()))
        };
        let text = Zeroizing::new(fs::read(file).map_err(|fault| signed_out(&fault))?);
        serde_json::from_slice(&text).map_err(|fault| signed_out(&fault))
    }

    /// Writes the session.
    pub(super) fn save(&self, file: &Path) -> Result<(), Fault> {
        let write = || -> io::Result<()> {
            if let Some(folder) = file.parent() {
                fs::DirBuilder::new()
                    .recursive(true)
                    .mode(0o700)
                    .create(folder)?;
            }
            forget_file(file)?;
            let text = Zeroizing::new(serde_json::to_vec(self)?);
            let mut out = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(file)?;
            out.write_all(&text)
        };
        write().map_err(|fault| {
            Fault::new(
                Code::StateUnreadable,
                format!("{}: {fault}", file.display()),
            )
        })
    }

    /// The directory's address.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The only authority to believe.
    pub(super) fn authority(&self) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.ca.as_ref().map(|ca| ca.0.clone()))
    }

    /// The token.
    pub(super) fn token(&self) -> Secret {
        Secret::copy_of(self.token.as_bytes())
    }
}

/// Where the session is kept.
pub(super) fn file(chosen: Option<PathBuf>) -> Result<PathBuf, Fault> {
    if let Some(file) = chosen {
        return Ok(file);
    }
    let config = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config"));
    let folder = config.or(home);
    let folder = folder.ok_or_else(|| Fault::new(Code::StateUnreadable, "HOME is not set"))?;
    Ok(folder.join("lockstep").join("admin.json"))
}

/// Forgets the session.
pub(super) fn forget(file: &Path) -> Result<(), Fault> {
    forget_file(file).map_err(|fault| Fault::new(Code::StateUnreadable, fault))
}

/// Reads a certificate authority (PEM).
pub(super) fn read_authority(file: &Path) -> Result<Vec<u8>, Fault> {
    lockstep_client::transport::read_authority(file)
}

fn forget_file(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => Err(fault),
        Ok(()) | Err(_) => Ok(()),
    }
}
