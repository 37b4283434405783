//! What an admin sets of the organisation.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::RawFd;
use std::path::Path;

use lockstep_client::Fault;
use lockstep_model::Code;
use lockstep_protocol::Bytes;
use lockstep_protocol::api::MAX_LOGO;
use lockstep_protocol::api::admin::{NewLogo, PolicyChange, PolicyRules};

use super::accounts::risky;
use super::get;
use crate::Stopped;
use crate::arguments::Logo;
use crate::show::Show;

/// Sets or removes the logo.
pub(super) async fn logo(
    command: &Logo,
    again: Option<RawFd>,
    session: &Path,
    show: &Show,
) -> Result<(), Stopped> {
    match command {
        Logo::Set { file } => {
            let png = picture(file)?;
            let () = risky(session, again, "/admin/logo", &NewLogo { png }).await?;
            show.note("Set: portal and computers show it from now on.");
        }
        Logo::Remove => {
            let () = risky(session, again, "/admin/logo/remove", &()).await?;
            show.note("Removed: the organisation's initials are shown instead.");
        }
    }
    Ok(())
}

/// Shows reminders and expiry, after setting what is to be set.
pub(super) async fn policy(
    change: &PolicyChange,
    again: Option<RawFd>,
    session: &Path,
    show: &Show,
) -> Result<(), Stopped> {
    let nothing = PolicyChange {
        reminder_hours: None,
        expiry_days: None,
    };
    let rules: PolicyRules = if *change == nothing {
        get(session, "/admin/policy").await?
    } else {
        risky(session, again, "/admin/policy", change).await?
    };
    show.value(&rules, text);
    Ok(())
}

fn text(rules: &PolicyRules) -> String {
    let expiry = match rules.expiry_days {
        0 => "Passwords don't expire.".to_owned(),
        1 => "People are told that a password expires after 1 day.".to_owned(),
        days => format!("People are told that a password expires after {days} days."),
    };
    let reminder = match rules.reminder_hours {
        1 => "1 hour".to_owned(),
        hours => format!("{hours} hours"),
    };
    format!("Whoever put a new password off is reminded after {reminder}.\n{expiry}")
}

/// Reads a picture, and no more of a file than one may have.
fn picture(path: &Path) -> Result<Bytes, Fault> {
    let most = MAX_LOGO as u64 + 1;
    let read = || -> io::Result<Vec<u8>> {
        let mut png = Vec::new();
        File::open(path)?.take(most).read_to_end(&mut png)?;
        Ok(png)
    };
    let unusable = |detail: &dyn std::fmt::Display| {
        Fault::new(Code::LogoUnusable, format!("{}: {detail}", path.display()))
    };
    match read() {
        Ok(png) if png.len() > MAX_LOGO => Err(unusable(&"larger than 200 kB")),
        Ok(png) => Ok(Bytes(png)),
        Err(fault) => Err(unusable(&fault)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reminders_and_expiry_are_told_in_words() {
        let said = |reminder_hours, expiry_days| {
            text(&PolicyRules {
                reminder_hours,
                expiry_days,
            })
        };
        let never = said(4, 0);
        assert!(
            never.contains("4 hours") && never.contains("don't expire"),
            "{never}"
        );
        let one = said(1, 1);
        assert!(one.contains("1 hour.") && one.contains("1 day."), "{one}");
        assert!(said(4, 90).contains("90 days"));
    }

    #[test]
    fn a_file_that_is_too_large_or_not_there_is_no_logo() {
        let code = |path: &str| picture(Path::new(path)).unwrap_err().code;
        assert_eq!(code("/dev/zero"), Code::LogoUnusable);
        assert_eq!(code("/nonexistent.png"), Code::LogoUnusable);
    }
}
