//! Notifications: no user name, address or phrase in them.

use lockstep_model::Code;

use super::super::Core;
use super::super::attention::Telling;
use crate::view::{Act, Choice, Notice};
use crate::words::capital;

pub(in super::super) fn notice(core: &Core, telling: Telling) -> Notice {
    let words = &core.words;
    let later = Choice {
        label: words.say("later"),
        act: Act::Later,
    };
    match telling {
        Telling::Changed => {
            let story = core.binding().and_then(|binding| binding.changed.as_ref());
            let body = match story.filter(|_| !core.drifted()) {
                Some(story) => words.say_with(
                    "notice-changed-body",
                    [
                        ("when", capital(&core.when(story)).into()),
                        ("how", core.how(story).into()),
                    ],
                ),
                None => words.say("drift-ask"),
            };
            let title = if core.drifted() {
                "drift"
            } else {
                "notice-changed"
            };
            made(core, words.say(title), body, Act::OpenConfirm, Some(later))
        }
        Telling::Reminder => made(
            core,
            words.say("notice-reminder"),
            words.say("notice-reminder-body"),
            Act::OpenConfirm,
            Some(later),
        ),
        Telling::Expiring(days) => {
            let title = if days < 0 {
                words.say("notice-expired")
            } else {
                words.say_with("notice-expiring", [("days", days.into())])
            };
            let change = Choice {
                label: words.say("change"),
                act: Act::OpenChange,
            };
            let body = words.say("notice-expiring-body");
            made(core, title, body, Act::OpenChange, Some(change))
        }
    }
}

/// It is done, and no window tells it.
pub(in super::super) fn done(core: &Core) -> Notice {
    let words = &core.words;
    let (title, body) = (words.say("notice-done"), words.say("notice-done-body"));
    made(core, title, body, Act::OpenStatus, None)
}

/// It stopped, and no window tells it.
pub(in super::super) fn stopped(core: &Core, code: Code) -> Notice {
    let words = &core.words;
    let body = words.say_with(
        "notice-stopped-body",
        [
            ("sentence", words.code(code).into()),
            ("code", code.to_string().into()),
        ],
    );
    made(
        core,
        words.say("notice-stopped"),
        body,
        Act::OpenNeeded,
        None,
    )
}

fn made(core: &Core, title: String, body: String, open: Act, button: Option<Choice>) -> Notice {
    Notice {
        title,
        body,
        open,
        open_label: core.words.say("open"),
        button,
    }
}
