//! W9: changing the password here, which keeps everything in step from the start.

use lockstep_model::Code;

use super::super::Core;
use super::super::screen::Change;
use super::rules;
use crate::view::{Act, Field, Page, View};

pub(super) fn change(core: &Core, change: &Change) -> View {
    let words = &core.words;
    let mut view = core.asking(Page::Change, words.say("change-title"));
    // Whoever pressed the button gets the answer first.
    if !core.online() && !change.busy {
        let mut view = core.window(Page::Change, words.say("change-title"));
        view.lines.push(core.line("offline-change"));
        view.buttons = vec![core.default_button("close", Act::Close, false)];
        return view;
    }
    let code = change.fault;
    // Whatever is no fault of a field stands above all of them.
    let group = code.map_or(0, |code| code.number() / 1000);
    if let Some(code) = code.filter(|_| group == 1) {
        view.banner = Some(words.code(code));
    }
    let at = match code {
        Some(Code::RepeatDiffers) => Some(2),
        Some(_) if group == 3 => Some(1),
        Some(_) if group == 2 => Some(0),
        Some(_) | None => change.missing,
    };
    let said = match (code, change.missing) {
        (Some(code), _) => core.fault_of(code),
        (None, Some(_)) => words.say("type-it"),
        (None, None) => String::new(),
    };
    let fault = |slot| {
        if at == Some(slot) {
            said.clone()
        } else {
            String::new()
        }
    };
    view.rules = rules::rows(core, true, code);
    view.rules_told = Some(rules::told(core, &view.rules));
    view.fields = vec![
        Field {
            fault: fault(0),
            ..core.secret(0, "current-password")
        },
        Field {
            fault: fault(1),
            ..core.secret(1, "new-password")
        },
        Field {
            fault: fault(2),
            ..core.secret(2, "repeat-password")
        },
    ];
    view.strength = rules::strength(core, &core.measured);
    // Once the agent has it, nothing can be taken back.
    let given = core.under_way.as_ref().is_some_and(|it| it.given);
    view.buttons = vec![
        if change.busy && given {
            core.button("hide", Act::Hide)
        } else {
            core.button("cancel", Act::Close)
        },
        core.default_button("change-password", Act::Next, change.busy),
    ];
    view
}
