//! Keyrings that were set aside: listed, opened again, removed.

use lockstep_local::{keyring, when};
use lockstep_model::{Code, Fault, Secret};
use lockstep_protocol::keyring::{Reopened, SetAside};
use serde_json::json;

use crate::arguments::KeyringCommand;
use crate::show::Show;
use crate::{Stopped, person, question, secret};

/// Does what is asked about keyrings that were set aside.
pub(crate) fn run(command: KeyringCommand, show: &Show) -> Result<(), Stopped> {
    let done = match command {
        KeyringCommand::List => keyring::list().map(|all| {
            show.value(&json!({ "set_aside": all }), |_| lines(&all));
        }),
        KeyringCommand::Reopen { which, password_fd } => reopen(which.as_deref(), show, |label| {
            secret::read(label, password_fd)
        }),
        KeyringCommand::Remove {
            which,
            yes,
            unopened,
        } => remove(which.as_deref(), yes, unopened, show),
    };
    // The sentences need the organisation's words only where there are any.
    done.map_err(|fault| {
        let names = person::words().map(|(names, _)| names);
        Stopped::Fault(fault, names.unwrap_or_default())
    })
}

/// One keyring that was set aside, and what can be done about it.
pub(crate) fn line(aside: &SetAside) -> String {
    let at = when::past(aside.at);
    aside.reopened.map_or_else(
        || format!("Keyring: set aside {at}; your old password opens it: lockstep keyring reopen"),
        |reopened| {
            let reopened = when::past(reopened);
            format!(
                "Keyring: set aside {at}, added to yours {reopened}; to remove it: lockstep \
                 keyring remove"
            )
        },
    )
}

fn lines(all: &[SetAside]) -> String {
    if all.is_empty() {
        return "No keyring is set aside.".to_owned();
    }
    let line = |aside: &SetAside| {
        let SetAside {
            which, at, bytes, ..
        } = aside;
        let reopened = aside.reopened.map_or_else(
            || "not opened since".to_owned(),
            |reopened| format!("added to yours {}", when::past(reopened)),
        );
        format!(
            "{which}  set aside {}, {bytes} bytes, {reopened}\n",
            when::past(*at)
        )
    };
    all.iter().map(line).collect()
}

fn reopen(
    which: Option<&str>,
    show: &Show,
    password: impl FnOnce(&str) -> Result<Secret, Fault>,
) -> Result<(), Fault> {
    let aside = choose(keyring::list()?, which)?;
    let asked = || {
        show.note(&format!("Set aside {}.", when::past(aside.at)));
        password("Old password")
    };
    let reopened = keyring::reopen(&aside.which, asked)?;
    show.value(&reopened, told);
    Ok(())
}

/// What became of the saved passwords.
fn told(reopened: &Reopened) -> String {
    let Reopened {
        which: _,
        added,
        identical,
        kept_both,
        unreadable,
    } = reopened;
    let mut text = match added {
        1 => "1 saved password added.".to_owned(),
        added => format!("{added} saved passwords added."),
    };
    if *kept_both > 0 {
        text += &format!(" {kept_both} existed already; both are kept.");
    }
    if *identical > 0 {
        text += &format!(" {identical} existed already, just the same.");
    }
    if *unreadable > 0 {
        text += &format!(
            "\n{unreadable} can't be read, and stay in the old keyring alone: keep it, or remove \
             it with lockstep keyring remove --unopened"
        );
    } else {
        text += "\nTo remove the old copy: lockstep keyring remove";
    }
    text
}

fn remove(which: Option<&str>, yes: bool, unopened: bool, show: &Show) -> Result<(), Fault> {
    let aside = choose(keyring::list()?, which)?;
    let lost = aside.reopened.is_none();
    if lost && !unopened {
        return Err(Fault::new(Code::NotReopened, aside.which));
    }
    let set_aside = when::past(aside.at);
    if lost {
        show.note(&format!(
            "It was set aside {set_aside}, and not all that is in it is in your keyring. What is \
             in it alone is lost for good."
        ));
    } else {
        show.note(&format!("It was set aside {set_aside}."));
    }
    let asked = if lost {
        "Remove the old copy, and lose what is in it?"
    } else {
        "Remove the old copy? Its contents are in your keyring now."
    };
    if !yes && !question::confirm(asked)? {
        show.note("Nothing was changed.");
        return Ok(());
    }
    // What was there when the person was asked; it may have changed since.
    let which = keyring::remove(&aside.which, lost)?;
    show.value(&json!({ "removed": which }), |_| "Removed.".to_owned());
    Ok(())
}

/// The one that is meant.
fn choose(all: Vec<SetAside>, which: Option<&str>) -> Result<SetAside, Fault> {
    let several = all.len() > 1 && which.is_none();
    if several {
        let names: Vec<_> = all.into_iter().map(|aside| aside.which).collect();
        return Err(Fault::new(Code::SeveralSetAside, names.join(", ")));
    }
    let mut meant = all
        .into_iter()
        .filter(|aside| which.is_none_or(|which| which == aside.which));
    let none = || Fault::new(Code::NothingSetAside, which.unwrap_or("none at all"));
    meant.next().ok_or_else(none)
}

#[cfg(test)]
mod tests {
    use lockstep_model::Timestamp;

    use super::*;

    fn aside(which: &str) -> SetAside {
        SetAside {
            which: which.into(),
            at: Timestamp(0),
            bytes: 7,
            reopened: None,
        }
    }

    #[test]
    fn one_is_meant_without_a_name_and_of_several_none() {
        let code = |all: &[&str], which| {
            let all = all.iter().map(|which| aside(which)).collect();
            choose(all, which).map(|it| it.which).map_err(|it| it.code)
        };
        assert_eq!(code(&[], None), Err(Code::NothingSetAside));
        assert_eq!(code(&["a"], None), Ok("a".into()));
        assert_eq!(code(&["a"], Some("b")), Err(Code::NothingSetAside));
        assert_eq!(code(&["a", "b"], None), Err(Code::SeveralSetAside));
        assert_eq!(code(&["a", "b"], Some("b")), Ok("b".into()));
    }

    #[test]
    fn what_became_of_the_saved_passwords_is_told_in_numbers() {
        let mut reopened = Reopened {
            added: 31,
            kept_both: 4,
            ..Reopened::default()
        };
        let said = told(&reopened);
        let wanted = "31 saved passwords added. 4 existed already; both are kept.\n";
        assert!(said.starts_with(wanted), "{said}");
        reopened = Reopened {
            added: 1,
            identical: 2,
            unreadable: 3,
            ..Reopened::default()
        };
        let said = told(&reopened);
        let wanted = "1 saved password added. 2 existed already, just the same.\n3 can't be read";
        assert!(said.starts_with(wanted), "{said}");
        assert!(said.ends_with("--unopened"), "{said}");
    }
}
