//! Where packages come from: wherever this machine gets its own.

use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::{LabError, tools};

/// The system that a base is made like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Release {
    /// The codename, as package sources call it.
    pub(crate) codename: String,
}

/// One place that has the release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mirror {
    pub(crate) uri: String,
    pub(crate) components: Vec<String>,
}

/// The release of this machine (os-release(5)).
pub(crate) fn release() -> Result<Release, LabError> {
    let path = "/etc/os-release";
    let text = fs::read_to_string(path).map_err(LabError::io(path))?;
    let codename = text
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))
        .map(|value| value.trim_matches('"').to_owned())
        .filter(|value| !value.is_empty())
        .ok_or(LabError::Missing {
            program: "debootstrap",
            package: "of a Debian release",
        })?;
    Ok(Release { codename })
}

/// The places that have the release, the likeliest first (sources.list(5)).
///
/// The files are read rather than asked for by `apt-get indextargets`, which knows of nothing
/// before the first update of its lists.
pub(crate) fn mirrors(release: &Release) -> Result<Vec<Mirror>, LabError> {
    let mut texts = Vec::new();
    let parts = fs::read_dir("/etc/apt/sources.list.d")
        .into_iter()
        .flatten()
        .flatten();
    let mut files: Vec<PathBuf> = parts.map(|entry| entry.path()).collect();
    files.push("/etc/apt/sources.list".into());
    files.sort();
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("list") => texts.push((false, text)),
            Some("sources") => texts.push((true, text)),
            Some(_) | None => {}
        }
    }
    let sources = texts.iter().flat_map(|(stanzas, text)| {
        if *stanzas {
            parse_stanzas(text)
        } else {
            parse_lines(text)
        }
    });
    let found = choose(sources, &release.codename);
    if found.is_empty() {
        return Err(LabError::NoMirror {
            release: release.codename.clone(),
        });
    }
    Ok(found)
}

/// Whether a program is on the path, or where the system's programs are.
pub(crate) fn has(program: &str) -> bool {
    let own = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&own)
        .chain(env::split_paths(tools::PATH))
        .any(|directory| Path::new(&directory).join(program).is_file())
}

/// One entry of the sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Source {
    uris: Vec<String>,
    suites: Vec<String>,
    components: Vec<String>,
}

/// Reads the style of one line per entry: `deb [options] uri suite component...`.
fn parse_lines(text: &str) -> Vec<Source> {
    let entry = |line: &str| {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.trim().strip_prefix("deb ")?.trim_start();
        if words.starts_with('[') {
            words = words.split_once(']')?.1;
        }
        let mut words = words.split_whitespace().map(str::to_owned);
        let (uris, suites) = (vec![words.next()?], vec![words.next()?]);
        Some(Source {
            uris,
            suites,
            components: words.collect(),
        })
    };
    text.lines().filter_map(entry).collect()
}

/// Reads the style of stanzas with `URIs:`, `Suites:` and `Components:`.
fn parse_stanzas(text: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    let (mut source, mut wanted) = (Source::default(), true);
    for line in text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .chain([""])
    {
        if line.trim().is_empty() {
            let done = std::mem::take(&mut source);
            if wanted && !done.uris.is_empty() {
                sources.push(done);
            }
            wanted = true;
            continue;
        }
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let values: Vec<String> = value.split_whitespace().map(str::to_owned).collect();
        match key.to_ascii_lowercase().as_str() {
            "types" => wanted &= values.iter().any(|value| value == "deb"),
            "enabled" => wanted &= !values.iter().any(|value| value == "no"),
            "uris" => source.uris = values,
            "suites" => source.suites = values,
            "components" => source.components = values,
            _ => {}
        }
    }
    sources
}

/// The sources that may have the whole release.
fn choose(sources: impl Iterator<Item = Source>, codename: &str) -> Vec<Mirror> {
    let mut found = Vec::new();
    for source in sources {
        // Components beside these hold nothing that a base needs.
        let components: Vec<String> = source
            .components
            .into_iter()
            .filter(|c| c == "main" || c == "universe")
            .collect();
        if components.is_empty() || !source.suites.iter().any(|suite| suite == codename) {
            continue;
        }
        let fetched = |uri: &&String| {
            ["http:", "https:", "file:"]
                .iter()
                .any(|p| uri.starts_with(p))
        };
        for uri in source.uris.iter().filter(fetched) {
            found.push(Mirror {
                uri: uri.clone(),
                components: components.clone(),
            });
        }
    }
    // Other projects also name their suites after the release; the system's own comes first.
    found.sort_by_key(|mirror| {
        let path = mirror.uri.trim_end_matches('/');
        !(path.ends_with("/debian") || path.ends_with("/ubuntu"))
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mirror(uri: &str, components: &[&str]) -> Mirror {
        Mirror {
            uri: uri.into(),
            components: components
                .iter()
                .map(|component| (*component).to_owned())
                .collect(),
        }
    }

    #[test]
    fn lines_are_read() {
        let text = "\
            # deb http://old.example/debian bookworm main\n\
            deb https://tools.example/apt bookworm main # tools\n\
            deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian/ bookworm main contrib\n\
            deb http://mirror.example/debian bookworm-updates main\n\
            deb-src http://mirror.example/debian bookworm main\n\
            deb cdrom:[x] bookworm main\n\
            deb http://short.example\n";
        let found = choose(parse_lines(text).into_iter(), "bookworm");
        assert_eq!(
            found,
            [
                mirror("http://mirror.example/debian/", &["main"]),
                mirror("https://tools.example/apt", &["main"]),
            ]
        );
    }

    #[test]
    fn stanzas_are_read() {
        let text = "\
            Types: deb deb-src\n# a comment\n\
            URIs: http://one.example/ubuntu http://two.example/ubuntu\n\
            Suites: noble noble-updates\nComponents: main restricted universe\n\
            \n\
            Types: deb\nURIs: http://off.example/ubuntu\nSuites: noble\nComponents: main\n\
            Enabled: no\n\
            \n\
            Types: deb-src\nURIs: http://src.example/ubuntu\nSuites: noble\nComponents: main\n\
            \n\
            Types: deb\nURIs: http://flat.example/\nSuites: ./\n";
        let found = choose(parse_stanzas(text).into_iter(), "noble");
        let components = ["main", "universe"];
        assert_eq!(
            found,
            [
                mirror("http://one.example/ubuntu", &components),
                mirror("http://two.example/ubuntu", &components),
            ]
        );
        assert_eq!(choose(parse_stanzas(text).into_iter(), "bookworm"), []);
    }
}
