//! W8: how things stand.

use lockstep_protocol::api::me::{Computer, Standing};

use super::super::Core;
use super::{plain, rows};
use crate::view::{Act, Choice, Line, List, Page, Row, Shape, Tone, View};

pub(super) fn status(core: &Core) -> View {
    let words = &core.words;
    let mut view = core.window(Page::Status, heading(core));
    if let Some(held) = core.binding().and_then(|binding| binding.held) {
        view.banner = Some(words.code(held));
    }
    let Some(binding) = core.binding() else {
        view.buttons = vec![core.default_button("close", Act::Close, false)];
        if core
            .known
            .as_ref()
            .is_some_and(|status| status.problem.is_none())
        {
            view.buttons
                .insert(0, core.button("menu-set-up", Act::OpenLink));
        }
        view.lines
            .extend(core.problem().map(|code| plain(words.code(code))));
        return view;
    };
    view.lines
        .extend(binding.problem.map(|code| plain(words.code(code))));
    view.stores = rows::stores(core, &binding.stores);
    view.stores.extend(core.asides.iter().map(|aside| {
        let day = words.day(aside.at, &core.clock);
        Row {
            shape: Shape::Box,
            tone: Tone::Warn,
            name: words.store(lockstep_model::StoreKind::Keychain),
            state: words.say_with("state-set-aside", [("day", day.into())]),
            choice: Some(Choice {
                label: words.say("open-dots"),
                act: Act::OpenAside {
                    which: aside.which.clone(),
                },
            }),
        }
    }));
    view.lines.extend(core.expires_in().map(|days| {
        plain(if days < 0 {
            words.say("status-expired")
        } else {
            words.say_with("status-expires", [("days", days.into())])
        })
    }));
    if let Some(story) = &binding.changed {
        let text = words.say_with(
            "status-changed",
            [
                ("when", core.when(story).into()),
                ("how", core.how(story).into()),
            ],
        );
        view.lines.push(Line {
            text,
            tone: Tone::Muted,
        });
        view.links.push(core.choice("not-me", Act::NotMe));
    }
    view.list = core.computers.as_ref().map(|computers| List {
        heading: words.say("status-computers"),
        rows: computers.all.iter().map(|it| computer(core, it)).collect(),
        empty: words.say("status-alone"),
    });
    if let Some(computers) = &core.computers
        && !core.online()
    {
        let time = words.time(computers.as_of, &core.clock);
        view.foot = Some(words.say_with("status-as-of", [("time", time.into())]));
    }
    let needed = core.cause().is_some() && core.online();
    view.buttons = vec![
        core.button("open-portal", Act::OpenPortal),
        if needed {
            core.default_button("menu-confirm", Act::OpenNeeded, false)
        } else {
            core.default_button("change-password-dots", Act::OpenChange, false)
        },
    ];
    view
}

fn heading(core: &Core) -> String {
    let words = &core.words;
    words.say(if !core.connected {
        "status-gone"
    } else if core.binding().is_none() {
        "link-nobody-heading"
    } else if core.working() {
        "status-working"
    } else if core.problem().is_some() {
        "status-problem"
    } else if core.drifted() {
        "status-drift"
    } else if core.cause().is_some() {
        "status-needs-you"
    } else if core.binding().is_some_and(|binding| binding.in_sync) {
        "status-in-sync"
    } else {
        "status-problem"
    })
}

fn computer(core: &Core, computer: &Computer) -> Row {
    let words = &core.words;
    let (shape, tone, message) = match computer.standing {
        Standing::InSync => (Shape::Tick, Tone::Ok, "computer-in-sync"),
        Standing::AsksNow => (Shape::Diamond, Tone::Warn, "computer-asks"),
        Standing::AsksWhenOnline => (Shape::Slashed, Tone::Muted, "computer-asks-online"),
        Standing::Working => (Shape::Half, Tone::Accent, "computer-working"),
        Standing::Problem => (Shape::Triangle, Tone::Bad, "computer-problem"),
    };
    let state = words.say(message);
    let state = match computer.last_contact.filter(|_| !computer.online) {
        Some(at) => {
            let when = words.when(at, &core.clock);
            words.say_with(
                "computer-seen",
                [("state", state.into()), ("when", when.into())],
            )
        }
        None => state,
    };
    Row {
        shape,
        tone,
        name: computer.name.clone(),
        state,
        choice: None,
    }
}
