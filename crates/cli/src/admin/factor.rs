//! One's own second factor.

use std::os::fd::RawFd;
use std::path::Path;

use lockstep_client::Fault;
use lockstep_model::{Code, FactorId};
use lockstep_protocol::Token;
use lockstep_protocol::api::me::{
    FactorKind, FactorProof, FactorRow, FactorStart, FactorStarted, Me,
};

use super::accounts::risky;
use super::get;
use crate::arguments::Factor;
use crate::show::Show;
use crate::{Stopped, secret};
use lockstep_local::when;

/// Runs one command about the second factor.
pub(super) async fn run(
    command: &Factor,
    again: Option<RawFd>,
    file: &Path,
    show: &Show,
) -> Result<(), Stopped> {
    match command {
        Factor::Status => {
            let me: Me = get(file, "/me").await?;
            show.value(&me.factors, |factors| text(factors));
        }
        Factor::Enrol => {
            let start = FactorStart {
                kind: FactorKind::Totp,
            };
            let started: FactorStarted = risky(file, again, "/me/factors", &start).await?;
            show.value(&started, |started| {
                format!("{}\n{}", started.secret.expose(), started.uri.expose())
            });
            show.note(&format!(
                "Type the first line into your authenticator app, or make a QR code of the second \
                 where nobody looks. Then: lockstep admin factor confirm {}",
                started.factor
            ));
        }
        Factor::Confirm { factor, code_fd } => {
            let factor: FactorId = factor
                .parse()
                .map_err(|_| Fault::new(Code::NoFactor, "that is no factor's name"))?;
            prove(file, again, factor, "confirm", *code_fd).await?;
            show.note(
                "Set up. Your computers ask for a code after your IT team gave you a new password.",
            );
        }
        Factor::Remove { code_fd } => {
            let me: Me = get(file, "/me").await?;
            let there = me.factors.first();
            let there = there.ok_or_else(|| Fault::new(Code::NoFactor, "none is enrolled"))?;
            prove(file, again, there.factor, "remove", *code_fd).await?;
            show.note("Removed. After an issued password your computers ask for your old one.");
        }
    }
    Ok(())
}

async fn prove(
    file: &Path,
    again: Option<RawFd>,
    factor: FactorId,
    act: &str,
    code_fd: Option<RawFd>,
) -> Result<(), Fault> {
    let typed = secret::read("Code from your authenticator app", code_fd)?;
    let no_code = || Fault::new(Code::FactorRefused, "not six digits");
    let proof = FactorProof {
        code: Token::one_time_code(&typed).ok_or_else(no_code)?,
    };
    risky(file, again, &format!("/me/factors/{factor}/{act}"), &proof).await
}

fn text(factors: &[FactorRow]) -> String {
    let row = |row: &FactorRow| match row.kind {
        FactorKind::Totp => format!("Authenticator app, set up {}.", when::past(row.since)),
    };
    if factors.is_empty() {
        return "No authenticator app is set up.".to_owned();
    }
    factors.iter().map(row).collect::<Vec<_>>().join("\n")
}
