//! The configuration file, `directory.toml`, written by `init` and edited by the admin.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use lockstep_model::Ksf;
use lockstep_model::password::Policy;
use lockstep_protocol::api::ItContact;
use serde::{Deserialize, Serialize};

use crate::core::access::DisownRule;
use crate::core::release::{EnvelopeRule, ReleaseRule};

/// What `directory.toml` says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The one public address: `https://host[:port]`, without a path.
    pub url: String,
    /// The realm: fixed for ever, because every OPAQUE record is bound to it.
    pub realm: String,
    /// Where to listen, unless sockets are handed over at start.
    pub listen: Vec<SocketAddr>,
    /// The TLS certificate and key.
    pub tls: Tls,
    /// The key stretching of new passwords.
    pub ksf: Ksf,
    /// The organisation's words, and its rules for a new password.
    pub organisation: Words,
    /// What the organisation has decided where there is a choice.
    #[serde(default)]
    pub rules: Rules,
    /// Where measurements are read; left out, nowhere.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub metrics: Option<Monitoring>,
}

/// What the file says of the organisation; the rest admins set while the directory runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Its name.
    pub name: String,
    /// Whom to ask for help.
    pub it_contact: ItContact,
    /// The rules for a new password.
    pub policy: Policy,
}

/// A listener for Prometheus, in plain HTTP.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Monitoring {
    /// An address that strangers can't reach: loopback, or a network of the organisation's own.
    pub listen: SocketAddr,
}

/// The organisation's choices; each left out has the safe value.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Whether computers recover former passwords from sealed copies: `on` or `off`.
    pub envelopes: EnvelopeRule,
    /// What opens an envelope that is older than an issued password: `factor`, `always`, `never`.
    pub release_after_issue: ReleaseRule,
    /// What "This wasn't me" does: `lock` or `notice`.
    pub this_was_not_me: DisownRule,
    /// For how many days a computer keeps the sealed copy of a former password once everything opens
    /// with a newer one, so that a file system that is set back to a snapshot needs no old password.
    pub keep_former_days: u16,
}

impl Rules {
    /// Whether a second factor can help a computer to a former password.
    #[must_use]
    pub fn may_ask_for_factor(&self) -> bool {
        self.envelopes == EnvelopeRule::On && self.release_after_issue == ReleaseRule::Factor
    }
}

/// Where the certificate is, relative to the data directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The chain (PEM), leaf first.
    pub certificate: PathBuf,
    /// The private key (PEM, PKCS #8).
    pub key: PathBuf,
    /// The only authority that devices shall accept (PEM); left out, they take their system's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub authority: Option<PathBuf>,
}

/// The files of a data directory.
#[derive(Clone, Debug)]
pub struct Files {
    /// The data directory.
    pub folder: PathBuf,
}

impl Files {
    /// The configuration.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.folder.join("directory.toml")
    }

    /// The key file.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.folder.join("directory.key")
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.folder.join("directory.db")
    }

    /// The database's write-ahead log and index, which are part of it while they are there.
    #[must_use]
    pub fn beside_database(&self) -> [PathBuf; 2] {
        ["directory.db-wal", "directory.db-shm"].map(|name| self.folder.join(name))
    }

    /// A file that the configuration names.
    #[must_use]
    pub fn named(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }
}

/// Why the configuration is of no use.
#[derive(Debug, thiserror::Error)]
pub enum ConfigFault {
    /// It can't be read.
    #[error("can't read {0}: run `lockstep-directory init` first?")]
    File(PathBuf, #[source] std::io::Error),
    /// It isn't what this version expects; the source says where.
    #[error("{0} has a mistake")]
    Syntax(PathBuf, #[source] Box<toml::de::Error>),
    /// A value is out of bounds.
    #[error("{0}")]
    Value(&'static str),
}

impl Config {
    /// Reads and checks the configuration.
    ///
    /// # Errors
    ///
    /// [`ConfigFault`].
    pub fn load(files: &Files) -> Result<Self, ConfigFault> {
        let path = files.config();
        let text = std::fs::read_to_string(&path)
            .map_err(|fault| ConfigFault::File(path.clone(), fault))?;
        let config: Self =
            toml::from_str(&text).map_err(|fault| ConfigFault::Syntax(path, Box::new(fault)))?;
        config.check()?;
        Ok(config)
    }

    /// Checks every value.
    ///
    /// # Errors
    ///
    /// [`ConfigFault::Value`].
    pub fn check(&self) -> Result<(), ConfigFault> {
        if host(&self.url).is_none() {
            return Err(ConfigFault::Value(
                "url: must be https://host[:port] in lower case, without a path",
            ));
        }
        if !self.ksf.is_acceptable() {
            return Err(ConfigFault::Value(
                "ksf: outside what clients accept (19 MiB, 2 passes)",
            ));
        }
        if !(8..=64).contains(&self.organisation.policy.min_length) {
            return Err(ConfigFault::Value(
                "organisation.policy.min_length: must be 8 to 64",
            ));
        }
        if self.organisation.it_contact.name.trim().is_empty() {
            return Err(ConfigFault::Value(
                "organisation.it_contact.name: must not be empty",
            ));
        }
        Ok(())
    }
}

/// The host of a public address, if it is one in the form that browsers send as `Origin`: lower
/// case, no path, the port only if it isn't 443.
#[must_use]
pub fn host(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://")?;
    let (host, port) = match rest.strip_prefix('[') {
        Some(v6) => {
            let (host, rest) = v6.split_once(']')?;
            (
                host,
                rest.strip_prefix(':')
                    .or_else(|| rest.is_empty().then_some("")),
            )
        }
        None => match rest.split_once(':') {
            Some((host, port)) => (host, (!port.is_empty()).then_some(port)),
            None => (rest, Some("")),
        },
    };
    let port = port?;
    let port_fits = port.is_empty() || port.parse::<u16>().is_ok_and(|n| n != 443 && n != 0);
    let host_fits = !host.is_empty()
        && host
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b':'));
    (port_fits && host_fits).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_origin_is_a_public_address() {
        assert_eq!(host("https://id.example.org"), Some("id.example.org"));
        assert_eq!(host("https://localhost:8443"), Some("localhost"));
        assert_eq!(host("https://[::1]:8443"), Some("::1"));
        for bad in [
            "http://x",
            "https://",
            "https://x/",
            "https://u@x",
            "https://ID.example.org",
            "https://x:443",
            "https://x:abc",
            "https://x:",
            "https://[::1",
            "x",
        ] {
            assert_eq!(host(bad), None, "{bad}");
        }
    }
}
