//! The windows that tell: W4 to W7, W12 and W13.

use lockstep_model::code::Retry;
use lockstep_model::{StoreState, Timestamp};
use lockstep_protocol::doctor::{Finding, Verdict};
use lockstep_protocol::local::{Failure, OpensWith, StoreNotice};

use super::super::{Core, SLOW};
use super::{plain, rows};
use crate::view::{Act, Bar, Button, Line, List, Page, Row, Shape, Tone, View};

/// W4.
pub(super) fn work(core: &Core) -> View {
    let words = &core.words;
    let mut view = core.window(Page::Work, words.say("work"));
    let of_others = core.binding().map_or(&[][..], |binding| &binding.stores);
    let under_way = core.under_way.as_ref();
    let stores = under_way.map_or(of_others, |it| &it.rows);
    view.stores = rows::stores(core, stores);
    let steps = |state: &StoreState| match state {
        StoreState::Waiting | StoreState::NotTested | StoreState::NeedsYou { .. } => 0,
        StoreState::Changing => 1,
        StoreState::Testing => 2,
        StoreState::InSync { .. } | StoreState::Problem { .. } => 3,
    };
    let done: u32 = stores.iter().map(|row| steps(&row.state)).sum();
    let of = 3 * u32::try_from(stores.len()).unwrap_or_default();
    let of = of.max(1);
    let name = [
        ("done", done.to_string().into()),
        ("of", of.to_string().into()),
    ];
    view.bar = Some(Bar {
        fraction: share(done, of),
        name: words.say_with("work-step", name),
    });
    if under_way.is_some_and(|it| core.clock.now.0 - it.moved_at.0 >= SLOW) {
        view.lines.push(core.muted("minute"));
    }
    view.foot = Some(words.say("work-close"));
    view.buttons = vec![core.default_button("hide", Act::Hide, false)];
    view
}

/// W5.
pub(super) fn in_sync(core: &Core, others: u32, notices: &[StoreNotice]) -> View {
    let words = &core.words;
    let mut view = core.window(Page::InSync, words.say("in-sync"));
    let stores = core.binding().map_or(&[][..], |binding| &binding.stores);
    view.stores = rows::stores(core, stores);
    view.lines.extend(notices.iter().map(|notice| Line {
        text: words.say_with(
            "in-sync-notice",
            [
                ("store", words.store(notice.kind).into()),
                ("sentence", words.code(notice.code).into()),
            ],
        ),
        tone: Tone::Muted,
    }));
    if others > 0 {
        view.foot = Some(words.say_with("in-sync-others", [("others", others.into())]));
    }
    view.buttons = vec![core.default_button("done", Act::Close, false)];
    view
}

/// W6.
pub(super) fn stopped(core: &Core, failure: &Failure, again: bool, copied: bool) -> View {
    let words = &core.words;
    let mut view = core.window(Page::Stopped, words.say("stopped"));
    view.lines.push(plain(words.code(failure.code)));
    let all =
        |with| !failure.stores.is_empty() && failure.stores.iter().all(|store| store.with == with);
    if all(OpensWith::Old) {
        view.lines.push(strong(words.say("stopped-old")));
    } else if all(OpensWith::New) {
        view.lines.push(strong(words.say("stopped-new")));
    } else if !failure.stores.is_empty() {
        view.stores = rows::opens(core, &failure.stores);
    }
    view.lines.push(Line {
        text: failure.code.to_string(),
        tone: Tone::Mono,
    });
    view.foot = copied.then(|| words.say("copied"));
    let copy = core.button("copy-details", Act::CopyDetails);
    let group = failure.code.number() / 1000;
    view.buttons = if again && failure.code.retry() != Retry::Never {
        vec![
            copy,
            core.button("close", Act::Close),
            core.default_button("try-again", Act::TryAgain, false),
        ]
    } else if group == 5 {
        vec![
            copy,
            core.button("close", Act::Close),
            core.default_button("get-help", Act::OpenHelp, false),
        ]
    } else if group == 9 {
        vec![
            core.button("close", Act::Close),
            core.default_button("copy-details", Act::CopyDetails, false),
        ]
    } else {
        vec![copy, core.default_button("close", Act::Close, false)]
    };
    view
}

/// W7.
pub(super) fn offline(core: &Core) -> View {
    let words = &core.words;
    let mut view = core.window(Page::Offline, words.say("offline"));
    view.lines.push(core.line(if core.connected {
        "offline-line"
    } else {
        "agent-gone"
    }));
    view.buttons = vec![core.default_button("close", Act::Close, false)];
    view
}

/// W12.
pub(super) fn disown(core: &Core, reported: Option<(Timestamp, bool)>, busy: bool) -> View {
    let words = &core.words;
    if let Some((at, locked)) = reported {
        let mut view = core.window(Page::Disown, words.say("disowned"));
        let message = if locked {
            "disowned-line"
        } else {
            "disowned-told"
        };
        let time = words.time(at, &core.clock);
        view.lines
            .push(plain(words.say_with(message, [("time", time.into())])));
        view.buttons = vec![core.default_button("close", Act::Close, false)];
        return view;
    }
    let mut view = core.window(Page::Disown, words.say("disown"));
    view.lines.push(core.line("disown-line"));
    view.buttons = vec![
        Button {
            busy,
            danger: true,
            ..core.button(
                if busy { "checking" } else { "lock-and-report" },
                Act::Report,
            )
        },
        core.default_button("back", Act::Back, false),
    ];
    view
}

/// W13, "About Lockstep".
pub(super) fn about(core: &Core) -> View {
    let words = &core.words;
    let mut view = core.window(Page::About, words.say("about"));
    let version = env!("CARGO_PKG_VERSION");
    view.lines = vec![
        plain(words.say_with("about-version", [("version", version.into())])),
        core.line("about-what"),
        core.muted("about-licence"),
        core.muted("about-slint"),
    ];
    view.buttons = vec![core.default_button("close", Act::Close, false)];
    view
}

/// W13, "Get help".
pub(super) fn help(core: &Core, findings: Option<&[Finding]>, busy: bool, copied: bool) -> View {
    let words = &core.words;
    let mut view = core.window(Page::Help, words.say("help-title"));
    view.lines.push(core.line("help-line"));
    let last = core
        .problem()
        .or_else(|| core.failed.as_ref().map(|it| it.failure.code));
    view.lines.push(match last {
        Some(code) => plain(words.say_with("help-code", [("code", code.to_string().into())])),
        None => core.muted("help-no-code"),
    });
    view.list = findings.map(|findings| List {
        heading: words.say("help-examined"),
        rows: findings.iter().filter_map(|it| finding(core, it)).collect(),
        empty: words.say("help-well"),
    });
    view.foot = copied.then(|| words.say("copied"));
    let check = Button {
        busy,
        ..core.button(
            if busy { "checking" } else { "check-computer" },
            Act::Examine,
        )
    };
    view.buttons = vec![
        check,
        core.button("copy-details", Act::CopyDetails),
        core.default_button("close", Act::Close, false),
    ];
    view
}

/// What is well needs no row.
fn finding(core: &Core, finding: &Finding) -> Option<Row> {
    let (shape, tone) = match finding.verdict {
        Verdict::Ok => return None,
        Verdict::Warning => (Shape::Diamond, Tone::Warn),
        Verdict::Problem => (Shape::Triangle, Tone::Bad),
    };
    let words = &core.words;
    let mut said = finding
        .code
        .map_or_else(|| words.fill(&finding.says), |code| words.code(code));
    let next = finding.next.as_ref();
    if let Some(next) = next.and_then(|next| words.fill_if_read(next)) {
        said = format!("{said} {next}");
    }
    Some(Row {
        shape,
        tone,
        name: said,
        state: finding
            .code
            .map_or_else(String::new, |code| code.to_string()),
        choice: None,
    })
}

fn share(done: u32, of: u32) -> f32 {
    f32::from(u16::try_from(done).unwrap_or(u16::MAX))
        / f32::from(u16::try_from(of).unwrap_or(u16::MAX))
}

fn strong(text: String) -> Line {
    Line {
        text,
        tone: Tone::Strong,
    }
}
