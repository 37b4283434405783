//! How exposed each unit is, as systemd rates it: no change makes it worse unnoticed.

use std::process::Command;

use anyhow::Context as _;

/// Each unit, and the most that `systemd-analyze security` may give it, in tenths: 0 is shut in,
/// 100 is root without bounds. A better score is written down here.
const MOST: &[(&str, u32)] = &[
    // It must reach the directory, wherever that is.
    ("lockstep-agent.service", 14),
    ("lockstep-directory.service", 16),
    // It must be root, to write shadow(5), and become the owner of a keyring; it shuts itself in
    // further than its unit can, once it knows which store an operation is about. Processes are not
    // hidden from it: among them is the keyring's daemon.
    ("lockstep-helper@.service", 20),
];

pub(super) fn check() -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for entry in std::fs::read_dir("packaging/systemd")? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".service") && !MOST.iter().any(|(unit, _)| *unit == name) {
            faults.push(format!("{name} is not in xtask/src/tidy/exposure.rs"));
        }
    }
    for (unit, most) in MOST {
        let mut analyze = Command::new("systemd-analyze");
        analyze.args(["security", "--offline=true", "--no-pager"]);
        let said = analyze.arg(format!("packaging/systemd/{unit}")).output()?;
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        let score =
            score(&said).with_context(|| format!("systemd rates {unit} not at all: {said}"))?;
        if score != *most {
            faults.push(format!(
                "{unit} is rated {}.{}, and {}.{} is written down in xtask/src/tidy/exposure.rs",
                score / 10,
                score % 10,
                most / 10,
                most % 10
            ));
        }
    }
    Ok(faults)
}

/// The figure of the line "Overall exposure level for UNIT: 1.6 OK".
fn score(said: &str) -> Option<u32> {
    let line = said
        .lines()
        .find(|line| line.contains("Overall exposure level"))?;
    let figure = line.split_once(": ")?.1.split_whitespace().next()?;
    let (whole, tenths) = figure.split_once('.')?;
    Some(whole.parse::<u32>().ok()? * 10 + tenths.parse::<u32>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_is_read_from_systemds_last_line() {
        let line = "\u{2192} Overall exposure level for a.service: 1.6 OK";
        assert_eq!(score(line), Some(16));
        assert_eq!(
            score("\u{2192} Overall exposure level for b.service: 10.0 DANGEROUS"),
            Some(100)
        );
        assert_eq!(score("nothing"), None);
    }
}
