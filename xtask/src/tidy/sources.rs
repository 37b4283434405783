//! What holds for every source file.

use std::path::Path;
use std::process::Command;

use crate::run::output;

/// A file above this needs a reason, in a line that begins with [`REASON`].
const LONG: usize = 600;
/// A file above this is refused.
const TOO_LONG: usize = 1000;
const REASON: &str = "Long on purpose:";

pub(super) fn check() -> anyhow::Result<Vec<String>> {
    let listing = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let listing = output(Command::new("git").args(listing))?;
    let mut faults = Vec::new();
    for name in listing.lines() {
        let path = Path::new(name);
        let is_source = path.extension().is_some_and(|kind| {
            ["rs", "ts", "mjs", "svelte", "css", "sql"]
                .iter()
                .any(|k| kind == *k)
        });
        // Generated, and checked as such.
        let generated = name.ends_with("schema.d.ts");
        if !is_source || generated || !path.exists() {
            continue;
        }
        let text = std::fs::read_to_string(path)?;
        let lines = text.lines().count();
        if lines > TOO_LONG {
            faults.push(format!("{name} has {lines} lines: split it"));
        } else if lines > LONG && !text.contains(REASON) {
            faults.push(format!(
                "{name} has {lines} lines and no line \"{REASON} ...\""
            ));
        }
        if path.extension().is_some_and(|kind| kind == "rs") {
            faults.extend(unsafe_code(name, &text));
        }
    }
    Ok(faults)
}

/// `unsafe` stands only in modules named `sys`.
fn unsafe_code(name: &str, text: &str) -> Option<String> {
    let is_sys = name.ends_with("/sys.rs") || name.contains("/sys/");
    let block = ["unsafe", "{"].join(" ");
    let function = ["unsafe", "fn "].join(" ");
    let used = text.contains(&block) || text.contains(&function);
    (used && !is_sys).then(|| format!("{name} has unsafe code outside a `sys` module"))
}
