//! The windows of a sync that ask: W1, the code, an own password, W2 and W3.

use lockstep_model::{Code, StoreKind, WithoutOld};
use lockstep_protocol::local::StoreCost;

use super::super::Core;
use super::super::screen::Changed;
use super::{plain, rules};
use crate::view::{Act, Field, Line, Page, Row, Shape, Tone, View};
use crate::words::capital;

/// Tries that the agent grants in a while.
const TRIES: u8 = 3;

/// W1.
pub(super) fn changed(core: &Core, changed: &Changed) -> View {
    let words = &core.words;
    let binding = core.binding();
    let drifted = core.drifted();
    let heading = if drifted { "drift" } else { "changed" };
    let mut view = core.asking(Page::Changed, words.say(heading));
    let story = binding.and_then(|binding| binding.changed.as_ref());
    if let Some(story) = story.filter(|_| !drifted) {
        let mut open = vec![("when", core.when(story)), ("how", core.how(story))];
        let from_browser = story.channel == lockstep_model::Channel::Portal;
        let message = if from_browser && !story.client.is_empty() {
            open.push(("client", story.client.clone()));
            "changed-line-from"
        } else {
            "changed-line"
        };
        let client = open
            .get(2)
            .map_or_else(String::new, |(_, client)| client.clone());
        let text = words.say_with(
            message,
            [
                ("when", open[0].1.clone().into()),
                ("how", open[1].1.clone().into()),
                ("client", client.into()),
            ],
        );
        view.lines.push(plain(text));
        if changed.details {
            let address = story.address.clone();
            view.lines.push(Line {
                text: words.say_with("changed-address", [("address", address.into())]),
                tone: Tone::Muted,
            });
        }
        view.links.push(core.choice(
            if changed.details {
                "details-hide"
            } else {
                "details"
            },
            Act::Details,
        ));
        view.links.push(core.choice("not-me", Act::NotMe));
    }
    if story.is_none() && !drifted {
        view.lines.push(core.line("changed-line-plain"));
    }
    let temporary = binding.is_some_and(|binding| binding.temporary);
    view.lines.push(core.line(match (drifted, temporary) {
        (true, _) => "drift-ask",
        (false, true) => "changed-temporary",
        (false, false) => "changed-ask",
    }));
    view.banner = changed.banner.map(|code| words.code(code));
    let label = if drifted {
        "org-password"
    } else {
        "new-password"
    };
    view.fields.push(Field {
        fault: fault_of_new(core, changed, drifted),
        ..core.secret(0, label)
    });
    view.buttons = vec![
        core.button("later", Act::Later),
        core.default_button("next", Act::Next, changed.busy),
    ];
    view
}

fn fault_of_new(core: &Core, changed: &Changed, drifted: bool) -> String {
    let words = &core.words;
    let story = core.binding().and_then(|binding| binding.changed.as_ref());
    let sentence = match changed.fault {
        None => return String::new(),
        Some(Code::Blank) => return words.say("type-it"),
        Some(Code::TooManyAttempts) => {
            return words.say_with("wrong-wait", [("seconds", "60".into())]);
        }
        Some(Code::ThatIsTheOldPassword) => words.say("wrong-old"),
        Some(Code::NotTheNewPassword) => match story.filter(|_| !drifted) {
            Some(story) => words.say_with("wrong-new", [("when", core.when(story).into())]),
            None => words.say("wrong-new-plain"),
        },
        Some(code) => words.code(code),
    };
    if changed.wrong < 3 {
        return sentence;
    }
    words.say_with("wrong-forgot", [("sentence", sentence.into())])
}

/// The code of a second factor.
pub(super) fn code(core: &Core, fault: Option<Code>, busy: bool) -> View {
    let words = &core.words;
    let mut view = core.asking(Page::Code, words.say("code"));
    view.lines.push(core.line("code-line"));
    view.fields.push(Field {
        hint: words.say("code-hint"),
        fault: fault.map_or_else(String::new, |code| core.fault_of(code)),
        secret: false,
        ..core.secret(0, "code-field")
    });
    view.buttons = vec![
        core.button("back", Act::Back),
        core.default_button("next", Act::Next, busy),
    ];
    view
}

/// An own password in place of an issued one.
pub(super) fn own(core: &Core, fault: Option<Code>, busy: bool) -> View {
    let words = &core.words;
    let mut view = core.asking(Page::Own, words.say("own"));
    view.lines.push(core.line("own-line"));
    view.rules = rules::rows(core, false, fault);
    view.rules_told = Some(rules::told(core, &view.rules));
    let said = fault.map_or_else(String::new, |code| core.fault_of(code));
    let at_repeat = fault == Some(Code::RepeatDiffers);
    view.fields = vec![
        Field {
            fault: if at_repeat {
                String::new()
            } else {
                said.clone()
            },
            ..core.secret(0, "new-password")
        },
        Field {
            fault: if at_repeat { said } else { String::new() },
            ..core.secret(1, "repeat-password")
        },
    ];
    view.strength = rules::strength(core, &core.measured);
    view.buttons = vec![
        core.button("back", Act::Back),
        core.default_button("next", Act::Next, busy),
    ];
    view
}

/// W2.
pub(super) fn old(
    core: &Core,
    fault: Option<Code>,
    unrecovered: Option<Code>,
    wrong: u8,
    busy: bool,
) -> View {
    let words = &core.words;
    let mut view = core.asking(Page::Old, words.say("old"));
    let story = core.binding().and_then(|binding| binding.changed.as_ref());
    view.lines
        .push(plain(match story.filter(|_| !core.drifted()) {
            Some(story) => words.say_with("old-line", [("when", core.when(story).into())]),
            None => words.say("old-line-plain"),
        }));
    view.lines.extend(unrecovered.map(|code| Line {
        text: words.code(code),
        tone: Tone::Muted,
    }));
    let fault = match fault {
        None => String::new(),
        Some(Code::TooManyAttempts) => words.say("old-none-left"),
        Some(_) => {
            let store = words.store_within(shut_store(core));
            let left = TRIES.saturating_sub(wrong);
            if left == 0 {
                words.say_with("old-wrong-plain", [("store", store.into())])
            } else {
                words.say_with(
                    "old-wrong",
                    [("store", store.into()), ("tries", left.into())],
                )
            }
        }
    };
    view.fields.push(Field {
        hint: words.say("old-hint"),
        fault,
        ..core.secret(0, "old-password")
    });
    view.buttons = vec![
        core.button("back", Act::Back),
        core.default_button("next", Act::Next, busy),
    ];
    view
}

/// The store that the old password is asked for: the one that a person would name.
fn shut_store(core: &Core) -> StoreKind {
    let kinds = core.binding().map_or(&[][..], |binding| &binding.stores);
    if kinds.iter().any(|row| row.kind == StoreKind::Keychain) {
        StoreKind::Keychain
    } else {
        StoreKind::Account
    }
}

/// W3.
pub(super) fn cost(core: &Core, stores: &[StoreCost]) -> View {
    let words = &core.words;
    let mut view = core.window(Page::Cost, words.say("cost"));
    let account_stays = stores
        .iter()
        .any(|it| it.kind == StoreKind::Account && it.becomes == WithoutOld::StaysShut);
    if account_stays {
        view.lines.push(core.line("cost-account-shut"));
        view.buttons = vec![core.default_button("back", Act::Back, false)];
        return view;
    }
    let row = |cost: &StoreCost| {
        let (shape, tone, message) = match (cost.kind, cost.becomes) {
            (_, WithoutOld::Reset) => (Shape::Tick, Tone::Ok, "cost-account"),
            (_, WithoutOld::SetAside) => (Shape::Box, Tone::Warn, "cost-keychain"),
            (_, WithoutOld::StaysShut) => (Shape::Triangle, Tone::Bad, "cost-disk"),
        };
        Row {
            shape,
            tone,
            name: capital(&words.store(cost.kind)),
            state: words.say(message),
            choice: None,
        }
    };
    view.stores = crate::view::STORES
        .iter()
        .filter_map(|kind| stores.iter().find(|cost| cost.kind == *kind))
        .map(row)
        .collect();
    let sets_aside = stores
        .iter()
        .any(|cost| cost.becomes == WithoutOld::SetAside);
    let go_on = if sets_aside {
        "set-aside"
    } else {
        "continue-without"
    };
    view.buttons = vec![
        core.button(go_on, Act::Accept),
        core.default_button("back", Act::Back, false),
    ];
    view
}
