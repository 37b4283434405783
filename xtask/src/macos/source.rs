//! The source of the standard library, of this compiler's very version.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};

use super::{FOLDER, Options};
use crate::run::{output, quietly, root, say};
use crate::{Consent, install};

/// The package of Debian that holds it, and the suites that may have it in this version.
const PACKAGE: &str = "rust-src";
const SUITES: [&str; 3] = ["trixie-backports", "sid", "experimental"];

/// Finds it, or fetches it once.
pub(super) fn find(options: &Options) -> anyhow::Result<PathBuf> {
    let version = version()?;
    if let Some(given) = &options.std {
        return checked(given, &version);
    }
    let sysroot = output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let own = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library");
    if own.exists() {
        return checked(&own, &version);
    }
    let kept = root().join(FOLDER).join(format!("rust-src-{version}"));
    if !kept.exists() {
        fetch(&version, &kept, options.consent)?;
    }
    checked(&kept.join("library"), &version)
}

/// "1.95.0", of the compiler that checks.
fn version() -> anyhow::Result<String> {
    let about = output(Command::new("rustc").arg("-vV"))?;
    let release = about
        .lines()
        .find_map(|line| line.strip_prefix("release: "));
    Ok(release.context("rustc names no release")?.to_owned())
}

/// Whether it is the standard library's source, and of that version where it says.
fn checked(library: &Path, version: &str) -> anyhow::Result<PathBuf> {
    let library = library
        .canonicalize()
        .with_context(|| format!("{} is not there", library.display()))?;
    ensure!(
        library.join("std/Cargo.toml").is_file() && library.join("Cargo.lock").is_file(),
        "{} is no source of the standard library",
        library.display()
    );
    let said = std::fs::read_to_string(library.join("../src/version"));
    if let Ok(said) = said {
        ensure!(
            said.trim() == version,
            "{} is of Rust {}, and the compiler is {version}",
            library.display(),
            said.trim()
        );
    }
    Ok(library)
}

/// Fetches Debian's package and unpacks it; neither the toolchain nor what apt knows is touched.
fn fetch(version: &str, kept: &Path, consent: Consent) -> anyhow::Result<()> {
    let question = format!("Fetch Debian's {PACKAGE} {version} (45 MB) into {FOLDER}? [y/N] ");
    ensure!(
        consent.yes || install::ask(&question)?,
        "the source of Rust {version} was not fetched"
    );
    let folder = root().join(FOLDER).join("fetch");
    let mut faults = Vec::new();
    for suite in SUITES {
        match fetch_from(suite, version, &folder) {
            Ok(()) => return keep(&folder, version, kept),
            Err(fault) => faults.push(format!("{suite}: {fault:#}")),
        }
    }
    bail!(
        "the source of Rust {version} is not to be had: {}",
        faults.join("; ")
    )
}

/// Keeps the part that is needed, a sixth of it, and is whole or not there at all.
fn keep(folder: &Path, version: &str, kept: &Path) -> anyhow::Result<()> {
    let unpacked = folder.join(format!("unpacked/usr/src/rustc-{version}"));
    let chosen = folder.join("chosen");
    std::fs::create_dir_all(chosen.join("src"))?;
    for part in ["library", "src/version"] {
        std::fs::rename(unpacked.join(part), chosen.join(part))
            .with_context(|| format!("{PACKAGE} has no {part}"))?;
    }
    std::fs::rename(&chosen, kept)?;
    Ok(std::fs::remove_dir_all(folder)?)
}

fn fetch_from(suite: &str, version: &str, folder: &Path) -> anyhow::Result<()> {
    say(&format!(
        "looking for {PACKAGE} {version} in Debian's {suite}"
    ))?;
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    for part in [
        "lists/partial",
        "cache/archives/partial",
        "state",
        "parts",
        "unpacked",
    ] {
        std::fs::create_dir_all(folder.join(part))?;
    }
    std::fs::write(folder.join("status"), "")?;
    std::fs::write(folder.join("sources.list"), sources(suite)?)?;
    // Of several archives one may lack the suite: what counts is what is known afterwards.
    let updated = output(apt("apt-get", folder).args(["-qq", "update"]));
    let known = output(apt("apt-cache", folder).args(["madison", PACKAGE]))?;
    let package = match (of_version(&known, version), updated) {
        (Some(package), _) => package,
        (None, Ok(_)) => bail!("it isn't there"),
        (None, Err(fault)) => return Err(fault),
    };
    output(apt("apt-get", folder).args(["-qq", "download", &format!("{PACKAGE}={package}")]))?;
    let archive = std::fs::read_dir(folder)?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|kind| kind == "deb"))
        .context("nothing came")?;
    quietly(
        Command::new("dpkg-deb")
            .arg("-x")
            .arg(archive)
            .arg(folder.join("unpacked")),
    )
}

/// A program of apt that keeps everything it knows in a folder of ours.
fn apt(program: &str, folder: &Path) -> Command {
    let mut apt = Command::new(program);
    apt.current_dir(folder);
    for (option, part) in [
        ("Dir::Etc::SourceList", "sources.list"),
        ("Dir::Etc::SourceParts", "parts"),
        ("Dir::State", "state"),
        ("Dir::State::Lists", "lists"),
        ("Dir::State::Status", "status"),
        ("Dir::Cache", "cache"),
    ] {
        let path = folder.join(part);
        apt.arg(format!("-o{option}={}", path.display()));
    }
    // Its own user could not write there.
    apt.arg("-oAPT::Sandbox::User=root");
    apt
}

/// Lines of sources.list(5): another suite, from wherever this computer has its own release.
fn sources(suite: &str) -> anyhow::Result<String> {
    let about = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let release = about
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))
        .context("this computer names no release of Debian")?;
    let format = "$(RELEASE) $(COMPONENT) $(REPO_URI) $(SOURCESENTRY)";
    let known = output(Command::new("apt-get").args([
        "indextargets",
        "--format",
        format,
        "Identifier: Packages",
    ]))?;
    let mut lines: Vec<String> = archives(&known, release)
        .map(|(address, entry)| {
            let file = entry.rsplit_once(':').map_or(entry, |(file, _)| file);
            let text = std::fs::read_to_string(file).unwrap_or_default();
            let key =
                signed_by(&text).map_or_else(String::new, |key| format!("[signed-by={key}] "));
            format!("deb {key}{address} {suite} main\n")
        })
        .collect();
    lines.sort();
    lines.dedup();
    ensure!(
        !lines.is_empty(),
        "this computer knows no archive of {release}"
    );
    Ok(lines.concat())
}

/// Of the archives that are known, the addresses of those with this release, and where they are named.
fn archives<'a>(known: &'a str, release: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    known.lines().filter_map(move |line| {
        let mut words = line.split_whitespace();
        let mut next = || words.next();
        let (of, component, address, entry) = (next()?, next()?, next()?, next()?);
        (of == release && component == "main").then_some((address, entry))
    })
}

/// The file with the keys of an archive, as its source names it in either format.
fn signed_by(text: &str) -> Option<&str> {
    let lower = text.to_ascii_lowercase();
    let at = lower.find("signed-by")? + "signed-by".len();
    let key = text[at..].trim_start_matches([':', '=', ' ']);
    let key = key.split([' ', ']', '\n']).next()?;
    key.starts_with('/').then_some(key)
}

/// Which version of the package is of that version of Rust: "1.95.0+dfsg1-2".
fn of_version<'a>(known: &'a str, version: &str) -> Option<&'a str> {
    known.lines().find_map(|line| {
        let package = line.split('|').nth(1)?.trim();
        let rest = package.strip_prefix(version)?;
        rest.starts_with(['+', '-', '~']).then_some(package)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_package_of_this_very_version_is_taken() {
        let known = "  rust-src | 1.96.1+dfsg1-1 | there sid/main amd64 Packages\n\
                     \x20 rust-src | 1.95.0+dfsg1-2~bpo13+1 | there sid/main amd64 Packages\n";
        assert_eq!(of_version(known, "1.95.0"), Some("1.95.0+dfsg1-2~bpo13+1"));
        assert_eq!(of_version(known, "1.95"), None);
        assert_eq!(of_version(known, "1.9"), None);
        assert_eq!(of_version("", "1.95.0"), None);
    }

    #[test]
    fn the_archive_is_that_of_the_release() {
        let known = "bookworm-security main there/security/ list:1\n\
                     bookworm-updates main there/debian/ list:2\n\
                     bookworm contrib there/debian/ list:2\n\
                     bookworm main there/debian/ list:2\n";
        let found: Vec<_> = archives(known, "bookworm").collect();
        assert_eq!(found, [("there/debian/", "list:2")]);
        assert_eq!(archives("bookworm main", "bookworm").next(), None);
    }

    #[test]
    fn its_keys_are_those_that_its_source_names() {
        let list = "deb [arch=amd64 signed-by=/keys/one.gpg] there bookworm main";
        assert_eq!(signed_by(list), Some("/keys/one.gpg"));
        let stanza = "Types: deb\nSigned-By: /keys/two.gpg\n";
        assert_eq!(signed_by(stanza), Some("/keys/two.gpg"));
        assert_eq!(signed_by("Signed-By:\n -----BEGIN PGP"), None);
        assert_eq!(signed_by("deb there bookworm main"), None);
    }
}
