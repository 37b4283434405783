//! Property lists for Macs (plist(5)): read here, where no Mac reads them, and holding what the app
//! counts on.

use anyhow::{Context as _, bail, ensure};
use roxmltree::{Document, Node, ParsingOptions};

const INFO: &str = "packaging/macos/Info.plist";
const AGENT: &str = "packaging/macos/lockstep.app.plist";

/// What each has to say; a key in a dictionary in another stands behind a dot.
const NEEDED: &[(&str, &[(&str, &str)])] = &[
    (
        INFO,
        &[
            ("CFBundleExecutable", "lockstep-app"),
            ("CFBundleIdentifier", "lockstep.app"),
            ("CFBundlePackageType", "APPL"),
            ("CFBundleShortVersionString", env!("CARGO_PKG_VERSION")),
            ("CFBundleVersion", env!("CARGO_PKG_VERSION")),
            ("LSUIElement", "true"),
        ],
    ),
    (
        AGENT,
        &[
            ("AssociatedBundleIdentifiers.0", "lockstep.app"),
            ("KeepAlive.SuccessfulExit", "false"),
            ("Label", "lockstep.app"),
            ("LimitLoadToSessionType", "Aqua"),
            ("ProcessType", "Interactive"),
            ("ProgramArguments.1", "--hidden"),
            ("RunAtLoad", "true"),
        ],
    ),
];

pub(super) fn check() -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for (file, needed) in NEEDED {
        let text = std::fs::read_to_string(file).with_context(|| (*file).to_owned())?;
        match read(&text) {
            Ok(said) => {
                faults.extend(missing(&said, needed).map(|fault| format!("{file}: {fault}")))
            }
            Err(fault) => faults.push(format!("{file}: {fault:#}")),
        }
    }
    Ok(faults)
}

/// What a list says, flat: a path of keys, and a value.
type Said = Vec<(String, String)>;

fn missing(said: &Said, needed: &[(&str, &str)]) -> impl Iterator<Item = String> {
    needed.iter().filter_map(|(path, value)| {
        let found = said.iter().find(|(key, _)| key == path);
        let found = found.map_or("nothing", |(_, value)| value);
        (found != *value).then(|| format!("{path} says {found}, and not {value}"))
    })
}

fn read(text: &str) -> anyhow::Result<Said> {
    let options = ParsingOptions {
        allow_dtd: true,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options)?;
    let root = document.root_element();
    ensure!(root.has_tag_name("plist"), "its root is no plist");
    let mut values = elements(root);
    let (Some(value), None) = (values.next(), values.next()) else {
        bail!("a list holds one value");
    };
    let mut said = Said::new();
    flatten(value, "", &mut said)?;
    Ok(said)
}

fn flatten(value: Node<'_, '_>, path: &str, said: &mut Said) -> anyhow::Result<()> {
    let below = |name: &str| match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    };
    match value.tag_name().name() {
        "dict" => {
            let mut inside = elements(value);
            while let Some(key) = inside.next() {
                ensure!(key.has_tag_name("key"), "{path} has a value without a key");
                let name = below(key.text().unwrap_or_default());
                let value = inside
                    .next()
                    .with_context(|| format!("{name} has no value"))?;
                flatten(value, &name, said)?;
            }
        }
        "array" => {
            for (index, value) in elements(value).enumerate() {
                flatten(value, &below(&index.to_string()), said)?;
            }
        }
        kind @ ("true" | "false") => say(path, kind, said)?,
        "string" | "integer" => say(path, value.text().unwrap_or_default(), said)?,
        kind => bail!("{path} is a {kind}"),
    }
    Ok(())
}

fn say(path: &str, value: &str, said: &mut Said) -> anyhow::Result<()> {
    ensure!(
        !said.iter().any(|(key, _)| key == path),
        "{path} stands there twice"
    );
    said.push((path.to_owned(), value.to_owned()));
    Ok(())
}

fn elements<'a, 'input>(of: Node<'a, 'input>) -> impl Iterator<Item = Node<'a, 'input>> {
    of.children().filter(Node::is_element)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(dict: &str) -> Vec<String> {
        let list = format!("<plist version=\"1.0\"><dict>{dict}</dict></plist>");
        match read(&list) {
            Ok(said) => missing(&said, &[("A.B", "false"), ("C.1", "d")]).collect(),
            Err(fault) => vec![format!("{fault:#}")],
        }
    }

    #[test]
    fn what_is_packaged_says_what_is_needed() {
        std::env::set_current_dir(crate::run::root()).unwrap();
        assert_eq!(check().unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_list_is_read_and_what_it_lacks_is_named() {
        let inner = "<key>A</key><dict><key>B</key><false/></dict>";
        let array = "<key>C</key><array><string>c</string><string>d</string></array>";
        assert_eq!(faults(&format!("{inner}{array}")), Vec::<String>::new());
        assert_eq!(faults(inner), ["C.1 says nothing, and not d"]);
        assert_eq!(
            faults(&format!("{}{array}", inner.replace("false", "true"))),
            ["A.B says true, and not false"]
        );
    }

    #[test]
    fn what_no_mac_would_read_is_refused() {
        assert_eq!(faults("<key>A</key>"), ["A has no value"]);
        assert_eq!(faults("<true/>"), [" has a value without a key"]);
        let twice = "<key>A</key><true/><key>A</key><true/>";
        assert_eq!(faults(twice), ["A stands there twice"]);
        assert_eq!(faults("<key>A</key><float/>"), ["A is a float"]);
        assert!(read("<plist>").is_err());
        assert!(read("<plist/>").is_err());
    }
}
