//! The agent's configuration file. Every setting has a default, and so has the file: none.

use std::io;
use std::path::{Path, PathBuf};

use lockstep_client::Proxy;
use serde::Deserialize;

/// What the file may say; anything else in it is refused.
///
/// A proxy's address may hold credentials, hence no `Debug`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// The proxy, `http://[user:password@]host[:port]`; empty for none, whatever the environment
    /// says. Left out, `https_proxy` and `no_proxy` of the environment count.
    proxy: Option<String>,
    /// What is reached without the proxy: names with their subdomains, addresses, networks.
    #[serde(default)]
    no_proxy: Vec<String>,
    /// What is logged, where `LOCKSTEP_LOG` doesn't say: a level, or `target=level,...`.
    pub(crate) log: Option<String>,
    /// The file that said so; none for defaults.
    #[serde(skip)]
    pub(crate) file: Option<PathBuf>,
}

/// Why the file can't be used. Never holds a line of it: that may be the proxy's password.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsFault {
    #[error("{}: {source}", file.display())]
    Read { file: PathBuf, source: io::Error },
    #[error("{}, line {line}: {message}", file.display())]
    Content {
        file: PathBuf,
        line: usize,
        message: String,
    },
    #[error("{}: proxy: {detail}", file.display())]
    Proxy { file: PathBuf, detail: String },
}

impl Settings {
    /// Reads the file; one that isn't there says nothing.
    pub(crate) fn load(file: &Path) -> Result<Self, SettingsFault> {
        match std::fs::read_to_string(file) {
            Ok(text) => {
                let settings = Self::parse(&text, file)?;
                // An unusable proxy is said at the start, not at every attempt.
                settings.proxy().map_err(|fault| SettingsFault::Proxy {
                    file: file.to_owned(),
                    detail: fault.detail,
                })?;
                Ok(settings)
            }
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(SettingsFault::Read {
                file: file.to_owned(),
                source,
            }),
        }
    }

    /// The way out of this network.
    pub(crate) fn proxy(&self) -> Result<Proxy, lockstep_client::Fault> {
        match self.proxy.as_deref() {
            Some("") => Ok(Proxy::direct()),
            Some(url) => Proxy::named(url, &self.no_proxy.join(",")),
            None => Proxy::from_environment(),
        }
    }

    /// Whether the file holds the proxy's credentials, so that nobody else should read it.
    pub(crate) fn holds_credentials(&self) -> bool {
        self.proxy.as_deref().is_some_and(|url| url.contains('@'))
    }

    fn parse(text: &str, file: &Path) -> Result<Self, SettingsFault> {
        let mut settings: Self = toml::from_str(text).map_err(|fault| {
            let at = fault.span().map_or(0, |span| span.start.min(text.len()));
            SettingsFault::Content {
                file: file.to_owned(),
                line: text.as_bytes()[..at]
                    .iter()
                    .filter(|b| **b == b'\n')
                    .count()
                    + 1,
                message: fault.message().to_owned(),
            }
        })?;
        settings.file = Some(file.to_owned());
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let loaded = Settings::load(file.path());
        loaded.err().map(|fault| fault.to_string()).unwrap()
    }

    #[test]
    fn a_missing_file_and_an_empty_one_say_nothing() {
        let none = Settings::load(Path::new("/nonexistent/agent.toml")).unwrap();
        assert!(none.file.is_none() && none.log.is_none() && none.proxy.is_none());
        let empty = Settings::parse("# nothing\n", Path::new("x")).unwrap();
        assert!(empty.file.is_some() && !empty.holds_credentials());
    }

    #[test]
    fn settings_are_read() {
        let text = "proxy = \"http://user:secret@proxy:3128\"\nno_proxy = [\"localhost\"]\n\
            log = \"debug\"\n";
        let settings = Settings::parse(text, Path::new("x")).unwrap();
        assert!(settings.holds_credentials());
        assert_eq!(settings.log.as_deref(), Some("debug"));
        assert_eq!(format!("{:?}", settings.proxy().unwrap()), "Proxy");
        let off = Settings::parse("proxy = \"\"", Path::new("x")).unwrap();
        assert_eq!(format!("{:?}", off.proxy().unwrap()), "Direct");
    }

    #[test]
    fn the_packaged_file_says_nothing_and_what_it_explains_is_true() {
        let packaged = include_str!("../../../packaging/lockstep/agent.toml");
        let silent = Settings::parse(packaged, Path::new("x")).unwrap();
        assert!(silent.proxy.is_none() && silent.log.is_none());
        let lines = packaged.lines().map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with(' ') => setting,
            Some(_) | None => line,
        });
        let said = lines.collect::<Vec<_>>().join("\n");
        let said = Settings::parse(&said, Path::new("x")).unwrap();
        assert!(said.proxy.is_some() && said.log.is_some() && said.no_proxy.len() == 2);
        said.proxy().unwrap();
    }

    #[test]
    fn what_is_unknown_or_malformed_is_refused_with_its_line_and_key() {
        let unknown = fault("log = \"info\"\n\nprxy = \"http://a\"\n");
        assert!(
            unknown.contains("line 3") && unknown.contains("prxy"),
            "{unknown}"
        );
        let kind = fault("log = 5\n");
        assert!(kind.contains("line 1"), "{kind}");
        for secret in [
            "proxy = \"http://u:hunter2@h\"\nproxy = \"http://u:hunter2@h\"\n",
            "proxy = http://u:hunter2@h\n",
            "proxy = \"http://u:hunter2@h\n",
            "proxy = \"https://u:hunter2@h\"\n",
            "proxy = [\"http://u:hunter2@h\"]\n",
        ] {
            let said = fault(secret);
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}
