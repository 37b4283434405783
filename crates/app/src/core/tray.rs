//! The tray: the first state that holds is shown.

use crate::view::{Act, Choice, Icon, TrayView};

use super::Core;

pub(super) fn view(core: &Core) -> TrayView {
    let words = &core.words;
    let choice = |label: &'static str, act| Choice {
        label: words.say(label),
        act,
    };
    let binding = core.binding();
    // Nothing is asked of whoever is locked or suspended, and that is no reason to call it well.
    let problem = core.problem().or(binding.and_then(|it| it.held));
    let needs = core.cause().is_some();
    let (icon, line, action) = if core.known.is_some() && binding.is_none() && problem.is_none() {
        (
            Icon::NotLinked,
            words.say("tray-not-linked"),
            Some(choice("menu-set-up", Act::OpenLink)),
        )
    } else if core.working() {
        (
            Icon::Working,
            words.say("tray-working"),
            Some(choice("menu-progress", Act::OpenNeeded)),
        )
    } else if let Some(code) = problem {
        (
            Icon::Problem,
            words.say_with("tray-problem", [("code", code.to_string().into())]),
            Some(choice("menu-problem", Act::OpenNeeded)),
        )
    } else if !core.online() {
        let line = if needs {
            "tray-offline-waiting"
        } else {
            "tray-offline"
        };
        (Icon::Offline, words.say(line), None)
    } else if needs {
        (
            Icon::NeedsYou,
            words.say("tray-needs-you"),
            Some(choice("menu-confirm", Act::OpenNeeded)),
        )
    } else if let Some(days) = core.expires_in().filter(|days| *days <= 14) {
        let line = if days < 0 {
            words.say("tray-expired")
        } else {
            words.say_with("tray-expiring", [("days", days.into())])
        };
        let action = choice("change-password-dots", Act::OpenChange);
        (Icon::Expiring, line, Some(action))
    } else if binding.is_some_and(|it| it.in_sync) {
        (Icon::InSync, words.say("tray-in-sync"), None)
    } else {
        // Linked, and the directory has told nothing yet.
        (Icon::Offline, words.say("tray-offline"), None)
    };
    let mut menu = vec![choice("menu-status", Act::OpenStatus)];
    if binding.is_some() {
        menu.push(choice("change-password-dots", Act::OpenChange));
        menu.push(choice("open-portal", Act::OpenPortal));
    }
    TrayView {
        icon,
        tooltip: words.say_with("tray-name", [("line", line.clone().into())]),
        line,
        action,
        menu,
    }
}
