//! How things stand, in words.

use lockstep_model::provenance::{Channel, Provenance};
use lockstep_model::{Code, Timestamp};
use lockstep_protocol::keyring::SetAside;
use lockstep_protocol::local::{BindingStatus, Status};

use crate::show::store_line;
use crate::{Names, keyring};
use lockstep_local::when;

/// From how many days before a password expires its person is told.
const TOLD_DAYS: i64 = 14;

/// What a person is told.
pub(crate) fn text(status: &Status, set_aside: &[SetAside]) -> String {
    let names = status.organisation.as_ref().map(Names::from);
    let names = names.unwrap_or_default();
    let problem = |code: Code| {
        format!(
            "{} ({code})\n{}\n",
            names.explain(code),
            names.fill(code.next_step())
        )
    };
    let Some(organisation) = &status.organisation else {
        return status.problem.map_or_else(
            || "This computer isn't set up. Ask your IT team.".to_owned(),
            problem,
        );
    };
    let aside = set_aside.iter().map(keyring::line);
    let aside: String = aside.map(|line| format!("  {line}\n")).collect();
    let line = if status.online { "online" } else { "offline" };
    let org = &organisation.name;
    let Some(binding) = &status.binding else {
        let head = format!(
            "This computer is set up for {org} ({line}), but not linked to your account.\n"
        );
        let next = status
            .problem
            .map_or_else(|| "Next: lockstep link".to_owned(), problem);
        return head + &aside + &next;
    };
    let mut text = if binding.in_sync {
        format!("This computer is in sync with {org} ({line}).\n")
    } else {
        format!("This computer has yet to follow your {org} password ({line}).\n")
    };
    for row in &binding.stores {
        text += &format!("  {}\n", store_line(row));
    }
    text += &aside;
    for notice in &binding.notices {
        text += &problem(notice.code);
    }
    if let Some(changed) = &binding.changed {
        text += &format!("Last change: {}.\n", provenance(changed));
    }
    text += &expiry(binding, when::now());
    text += &others(binding);
    if let Some(code) = binding.held.or(binding.problem) {
        text += &problem(code);
    }
    let hopeless = binding.problem == Some(Code::DeviceRefused);
    if binding.held.is_none() && !binding.in_sync && !hopeless {
        text += "Next: lockstep sync\n";
    }
    text
}

/// How a password came to be.
fn provenance(changed: &Provenance) -> String {
    let client = &changed.client;
    let through = match changed.channel {
        Channel::Invitation => format!("with an invitation, from {client}"),
        Channel::Portal => format!("in the portal, from {client}"),
        Channel::Computer => format!("on the computer {client}"),
        Channel::ResetLink => format!("with a reset link, from {client}"),
        Channel::Admin => format!("by your IT team ({client})"),
    };
    format!("{} {through} ({})", when::past(changed.at), changed.address)
}

/// When the password expires, once that is near.
fn expiry(binding: &BindingStatus, now: Timestamp) -> String {
    let Some(at) = binding.expires_at else {
        return String::new();
    };
    let left = at.0.saturating_sub(now.0);
    let when = match left.div_euclid(24 * 60 * 60 * 1000) {
        ..0 => return "Your password has expired. Next: lockstep passwd\n".to_owned(),
        0 => "today".to_owned(),
        1 => "in 1 day".to_owned(),
        days @ 2..=TOLD_DAYS => format!("in {days} days"),
        _ => return String::new(),
    };
    format!("Your password expires {when}. Change it: lockstep passwd\n")
}

fn others(binding: &BindingStatus) -> String {
    match binding.other_computers {
        0 => String::new(),
        1 => "Your other computer will ask when you next use it.\n".to_owned(),
        others => format!("Your {others} other computers will ask when you next use them.\n"),
    }
}

#[cfg(test)]
mod tests {
    use lockstep_model::password::Policy;
    use lockstep_model::{Generation, StoreKind, StoreState};
    use lockstep_protocol::api::me::StoreRow;
    use lockstep_protocol::api::{ItContact, Organisation};

    use super::*;

    fn status() -> Status {
        let changed = Provenance {
            at: Timestamp(0),
            channel: Channel::Portal,
            client: "Firefox on Linux".into(),
            address: "192.0.2.7".into(),
        };
        let account = StoreRow {
            kind: StoreKind::Account,
            state: StoreState::NeedsYou {
                since: Timestamp(0),
            },
        };
        Status {
            agent_version: "1".into(),
            portal: None,
            organisation: Some(Organisation {
                name: "Acme".into(),
                it_contact: ItContact {
                    name: "Sam Ito".into(),
                    email: String::new(),
                    phone: String::new(),
                },
                policy: Policy::default(),
                logo: None,
                reminder_hours: 4,
            }),
            online: true,
            binding: Some(BindingStatus {
                user_name: "anna".into(),
                account: "anna".into(),
                generation: Some(Generation(2)),
                changed: Some(changed),
                temporary: false,
                held: None,
                heard_at: None,
                in_sync: false,
                stores: vec![account],
                notices: Vec::new(),
                other_computers: 2,
                problem: None,
                phrase: Some("copper teapot Tuesday".into()),
                expires_at: None,
            }),
            problem: None,
        }
    }

    #[test]
    fn what_waits_is_told_with_since_when_how_it_came_and_what_to_do() {
        let said = text(&status(), &[]);
        for wanted in [
            "yet to follow your Acme password (online)",
            "Your account: needs you since ",
            "in the portal, from Firefox on Linux (192.0.2.7)",
            "Your 2 other computers will ask",
            "Next: lockstep sync",
        ] {
            assert!(said.contains(wanted), "{wanted:?} is not in {said}");
        }
    }

    #[test]
    fn expiry_is_told_from_two_weeks_before_and_the_phrase_is_not() {
        let mut binding = status().binding.unwrap();
        assert!(!text(&status(), &[]).contains("copper"));
        assert_eq!(expiry(&binding, Timestamp(0)), "");
        let day = 24 * 60 * 60 * 1000;
        for (left, said) in [
            (15 * day, ""),
            (15 * day - 1, "expires in 14 days"),
            (day, "expires in 1 day."),
            (day - 1, "expires today"),
            (-1, "has expired"),
        ] {
            binding.expires_at = Some(Timestamp(left));
            let told = expiry(&binding, Timestamp(0));
            assert!(
                told.contains(said) && told.is_empty() == said.is_empty(),
                "{left}: {told}"
            );
        }
    }

    #[test]
    fn a_keyring_that_was_set_aside_is_told_with_what_opens_or_removes_it() {
        let mut aside = SetAside {
            which: "x".into(),
            at: Timestamp(0),
            bytes: 1,
            reopened: None,
        };
        let said = text(&status(), std::slice::from_ref(&aside));
        assert!(
            said.contains("opens it: lockstep keyring reopen\n"),
            "{said}"
        );
        aside.reopened = Some(Timestamp(1));
        let said = text(&status(), &[aside]);
        assert!(
            said.contains("remove it: lockstep keyring remove\n"),
            "{said}"
        );
    }

    #[test]
    fn a_problem_is_told_with_its_code_and_what_to_do() {
        let mut status = status();
        if let Some(binding) = &mut status.binding {
            binding.problem = Some(Code::AccountLocked);
        }
        let said = text(&status, &[]);
        assert!(
            said.contains("is locked") && said.contains("(LS-4001)"),
            "{said}"
        );
        assert!(said.contains("Ask Sam Ito to unlock it."), "{said}");
        status.binding = None;
        status.problem = Some(Code::AccountChanged);
        let said = text(&status, &[]);
        assert!(
            said.contains("(LS-4005)") && said.contains("Link this computer again"),
            "{said}"
        );
        status.organisation = None;
        status.problem = Some(Code::DeviceCopied);
        assert!(text(&status, &[]).contains("(LS-5012)"));
    }
}
