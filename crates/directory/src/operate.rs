//! The operator's commands: what they print. Results go to standard output, words to standard error.

use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use futures_util::TryStreamExt as _;
use lockstep_directory::config::{Config, Files};
use lockstep_directory::init::Answers;
use lockstep_directory::storage::chain::{self, Chained, Head};
use lockstep_directory::storage::{is_present, look};
use lockstep_directory::{
    backup as backups, care, certificate, init as initial, rescue, restore as restoring,
};
use lockstep_model::Ksf;
use lockstep_protocol::api::ItContact;
use serde_json::json;
use sqlx::SqliteConnection;

use crate::Init;

/// The form of an export.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Format {
    Json,
    Csv,
}

pub(crate) async fn init(said: Init) -> anyhow::Result<()> {
    let answers = Answers {
        url: said.url,
        listen: if said.no_listen {
            Vec::new()
        } else {
            said.listen
        },
        organisation: said.organisation,
        it_contact: ItContact {
            name: said.it_contact,
            email: said.it_email,
            phone: said.it_phone,
        },
        admin: said.admin,
        ksf: if said.light_stretching {
            Ksf::FLOOR
        } else {
            Ksf::DEFAULT
        },
    };
    let link = initial::init(&Files { folder: said.data }, answers).await?;
    // The link alone on standard output, so that a script can pipe it on.
    print(&format!("{link}\n"))?;
    tell("Set up. The link above works once, for 7 days: open it to become the admin.")
}

pub(crate) async fn admin_link(files: &Files) -> anyhow::Result<()> {
    let link = care::admin_link(files).await?;
    print(&format!("{link}\n"))?;
    tell("The link above works once, for 7 days. Former ones are void.")
}

pub(crate) async fn reset_link(files: &Files, user_name: &str) -> anyhow::Result<()> {
    let link = rescue::reset_link(files, user_name).await?;
    print(&format!("{link}\n"))?;
    tell("The link above works once, for a day. Former ones are void.")
}

pub(crate) fn renew_certificate(files: &Files) -> anyhow::Result<()> {
    certificate::renew(files, &Config::load(files)?)?;
    tell("Made. A directory that runs shows it from its next start, or on SIGHUP.")
}

pub(crate) async fn verify(files: &Files, expect: Option<Head>) -> anyhow::Result<ExitCode> {
    let mut db = audit(files).await?;
    match chain::verify(&mut db, expect).await? {
        Ok(head) => {
            print(&format!("{head}\n"))?;
            tell(&format!(
                "The audit is whole: {} entries. Note the line above elsewhere: `--expect` with it \
                 proves later that nothing up to there was altered.",
                head.sequence
            ))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(broken) => {
            tell(&format!("The audit is NOT whole: {broken}."))?;
            Ok(ExitCode::FAILURE)
        }
    }
}

pub(crate) async fn export(files: &Files, format: Format) -> anyhow::Result<()> {
    let mut db = audit(files).await?;
    let mut entries = chain::entries(&mut db);
    let mut out = BufWriter::new(std::io::stdout().lock());
    match format {
        Format::Json => {
            while let Some(Chained { row, hash }) = entries.try_next().await? {
                let mut line = serde_json::to_value(row)?;
                line["hash"] = json!(hash.map(|hash| hash.to_string()));
                serde_json::to_writer(&mut out, &line)?;
                out.write_all(b"\n")?;
            }
        }
        Format::Csv => {
            let mut csv = csv::Writer::from_writer(&mut out);
            csv.write_record([
                "sequence", "at", "actor", "action", "subject", "address", "result", "hash",
            ])?;
            while let Some(Chained { row, hash }) = entries.try_next().await? {
                let (sequence, at) = (row.sequence.to_string(), row.at.0.to_string());
                let hash = hash.map(|hash| hash.to_string()).unwrap_or_default();
                let texts = [
                    &row.actor,
                    &row.action,
                    &row.subject,
                    &row.address,
                    &row.result,
                ];
                let texts = texts.map(|text| inert(text));
                csv.write_record([sequence, at].into_iter().chain(texts).chain([hash]))?;
            }
            csv.flush()?;
        }
    }
    Ok(out.flush()?)
}

pub(crate) async fn backup(files: &Files, to: &Path, with_keys: bool) -> anyhow::Result<()> {
    let made = backups::backup(files, to, with_keys).await?;
    print(&format!("{}\n", made.folder.display()))?;
    tell(&format!(
        "Copied and checked. The audit in it ends with {}.",
        made.head
    ))?;
    if with_keys {
        tell(
            "It holds the keys: whoever has this copy can try passwords and, with a computer's disk, \
             read that computer's last ones. Keep it as you keep the directory itself.",
        )
    } else {
        tell(
            "It holds no key. Keep a copy of directory.key elsewhere: without it no password in it \
             can ever be proved again.",
        )
    }
}

pub(crate) async fn restore(files: &Files, from: &Path) -> anyhow::Result<()> {
    let restored = restoring::restore(files, from).await?;
    let at = &restored.made_at;
    if let Some(replaced) = &restored.replaced {
        print(&format!("{}\n", replaced.display()))?;
        tell("The replaced database is kept in the folder above. Nothing was deleted.")?;
    }
    tell(&format!(
        "Restored as of {at}, in a new epoch. What people will notice:\n\
         - Everybody signs in again: {} sessions, invitations and enrolment strings are void.\n\
         - A password changed after {at} is again the one of before.\n\
         - Each linked computer keeps its password and says LS-1011, until its person has typed the \
         directory's password there once (`lockstep sync`).\n\
         - What was done after {at} is undone: computers revoked since then are enrolled again, those \
         enrolled since then are refused. The replaced database's audit names them:\n\
         \x20 revoke, invite and enrol again.",
        restored.renewed.tokens
    ))
}

/// The audit as it is on disk; a server may be running on it.
async fn audit(files: &Files) -> anyhow::Result<SqliteConnection> {
    let file = files.database();
    let opened = look(&file).await;
    let mut db = opened.with_context(|| format!("can't read {}", file.display()))?;
    is_present(&mut db).await?;
    Ok(db)
}

/// A cell that no spreadsheet takes for a formula.
fn inert(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}

fn tell(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stderr().lock(), "{text}")?)
}
