//! W10: a keychain that was set aside, opened again.

use lockstep_model::Code;
use lockstep_protocol::keyring::Reopened;

use super::super::Core;
use super::super::screen::Aside;
use super::plain;
use crate::view::{Act, Button, Field, Page, View};

pub(super) fn aside(core: &Core, aside: &Aside) -> View {
    let words = &core.words;
    if aside.removed {
        let mut view = core.window(Page::Aside, words.say("aside-removed"));
        view.buttons = vec![core.default_button("done", Act::Close, false)];
        return view;
    }
    if aside.removing {
        let mut view = core.window(Page::Aside, words.say("aside-remove"));
        view.banner = aside.fault.map(|code| words.code(code));
        if aside.fault.is_none() {
            view.lines.push(core.line("aside-remove-line"));
        }
        view.buttons = vec![
            Button {
                busy: aside.busy,
                danger: true,
                ..core.button("remove", Act::Remove)
            },
            core.default_button("keep", Act::Back, false),
        ];
        return view;
    }
    let mut view = core.asking(Page::Aside, words.say("aside"));
    if let Some(reopened) = &aside.reopened {
        view.lines = counts(core, reopened).into_iter().map(plain).collect();
        if reopened.unreadable == 0 {
            view.buttons
                .push(core.button("remove-dots", Act::AskRemove));
        }
        view.buttons
            .push(core.default_button("done", Act::Close, false));
        return view;
    }
    let day = words.day(aside.at, &core.clock);
    view.lines
        .push(plain(words.say_with("aside-line", [("day", day.into())])));
    let fault = match aside.fault {
        Some(Code::NotTheOldKeyrings) => words.say("aside-wrong"),
        Some(code) => core.fault_of(code),
        None => String::new(),
    };
    view.fields.push(Field {
        fault,
        ..core.secret(0, "old-password")
    });
    view.buttons = vec![
        core.button("cancel", Act::Close),
        core.default_button("open", Act::Next, aside.busy),
    ];
    view
}

/// What became of the saved passwords, in numbers.
fn counts(core: &Core, reopened: &Reopened) -> Vec<String> {
    let words = &core.words;
    let mut said = vec![words.say_with("aside-added", [("added", reopened.added.into())])];
    for (count, message, open) in [
        (reopened.kept_both, "aside-both", "both"),
        (reopened.identical, "aside-same", "same"),
        (reopened.unreadable, "aside-unreadable", "unreadable"),
    ] {
        if count > 0 {
            said.push(words.say_with(message, [(open, count.into())]));
        }
    }
    said
}
