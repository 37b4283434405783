//! W8: how things stand.

use lockstep_model::Timestamp;
use lockstep_protocol::api::me::{Computer, Standing};
use lockstep_protocol::local::BindingStatus;

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
        rows: rows_of(core, &computers.all),
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
            core.default_button("menu-confirm", Act::OpenConfirm, false)
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

/// The other computers, after this one; none where there are no others.
fn rows_of(core: &Core, others: &[Computer]) -> Vec<Row> {
    let own = core.binding().filter(|_| !others.is_empty());
    let own = own.map(|binding| {
        let name = core.computer.clone();
        let name = core
            .words
            .say_with("computer-this", [("name", name.into())]);
        let seen = binding.heard_at.filter(|_| !core.online());
        computer(core, name, own_standing(core, binding), seen)
    });
    let others = others.iter().map(|it| {
        let seen = it.last_contact.filter(|_| !it.online);
        computer(core, it.name.clone(), it.standing, seen)
    });
    own.into_iter().chain(others).collect()
}

/// How this computer stands, in the words for the others.
fn own_standing(core: &Core, binding: &BindingStatus) -> Standing {
    if core.working() {
        Standing::Working
    } else if binding.in_sync {
        Standing::InSync
    } else if core.problem().or(binding.held).is_some() {
        Standing::Problem
    } else if core.online() {
        Standing::AsksNow
    } else {
        Standing::AsksWhenOnline
    }
}

fn computer(core: &Core, name: String, standing: Standing, seen: Option<Timestamp>) -> Row {
    let words = &core.words;
    let (shape, tone, message) = match standing {
        Standing::InSync => (Shape::Tick, Tone::Ok, "computer-in-sync"),
        Standing::AsksNow => (Shape::Diamond, Tone::Warn, "computer-asks"),
        Standing::AsksWhenOnline => (Shape::Slashed, Tone::Muted, "computer-asks-online"),
        Standing::Working => (Shape::Half, Tone::Accent, "computer-working"),
        Standing::Problem => (Shape::Triangle, Tone::Bad, "computer-problem"),
    };
    let mut state = words.say(message);
    if let Some(at) = seen {
        let when = words.when(at, &core.clock);
        let open = [("state", state.into()), ("when", when.into())];
        state = words.say_with("computer-seen", open);
    }
    Row {
        shape,
        tone,
        name,
        state,
        choice: None,
    }
}
