//! Files that are generated and checked in: up to date, or the build fails.

use std::process::Command;

use lockstep_model::Code;
use lockstep_model::code::Retry;

use super::layers;
use crate::run::{cargo, output, quietly};

/// Told whether the programs are built.
type Generate = fn(bool) -> anyhow::Result<String>;

/// Each file and what makes it.
const FILES: &[(&str, Generate)] = &[
    ("docs/openapi.json", openapi),
    ("docs/errors.md", |_| Ok(errors())),
    (layers::PRIVILEGED, |_| layers::privileged()),
];

pub(super) fn check(built: bool) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for (name, generate) in FILES {
        if std::fs::read_to_string(name).unwrap_or_default() != generate(built)? {
            faults.push(format!(
                "{name} is stale: look at what `cargo xtask tidy --write` changes"
            ));
        }
    }
    Ok(faults)
}

pub(super) fn write() -> anyhow::Result<()> {
    for (name, generate) in FILES {
        std::fs::write(name, generate(false)?)?;
    }
    Ok(())
}

fn openapi(built: bool) -> anyhow::Result<String> {
    if !built {
        let build = ["build", "--quiet", "--package", "lockstep-directory"];
        quietly(cargo().args(build))?;
    }
    output(Command::new("target/debug/lockstep-directory").arg("openapi"))
}

fn errors() -> String {
    let mut text = String::from(
        "# Error codes\n\n\
         The same code shows in app, command line, portal, console, audit and logs. This page is \
         made from `crates/model/src/code.rs` by `cargo xtask tidy --write`.\n",
    );
    let mut group = 0;
    for code in Code::ALL {
        if code.number() / 1000 != group {
            group = code.number() / 1000;
            text += &format!("\n## {}\n", heading(group));
        }
        let retry = match code.retry() {
            Retry::Now => "now",
            Retry::Later => "later",
            Retry::AfterInput => "after typing something else",
            Retry::Never => "not before something else has changed",
        };
        text += &format!(
            "\n### {code}\n\n{}\n\n- Next: {}\n- Trying again can help: {retry}\n- For the admin: {}\n",
            code.sentence(),
            code.next_step(),
            code.for_admin()
        );
    }
    text
}

const fn heading(group: u16) -> &'static str {
    match group {
        1 => "1xxx: network and directory",
        2 => "2xxx: credentials",
        3 => "3xxx: rules for a new password",
        4 => "4xxx: stores",
        5 => "5xxx: device and enrolment",
        _ => "9xxx: bugs",
    }
}
