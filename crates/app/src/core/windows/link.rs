//! W11: linking this computer, question by question.

use lockstep_model::Code;

use super::super::Core;
use super::super::screen::{Link, LinkStep};
use crate::view::{Act, Field, Page, View};

pub(super) fn link(core: &Core, link: &Link) -> View {
    let words = &core.words;
    let enrolled = core
        .known
        .as_ref()
        .is_some_and(|status| status.organisation.is_some());
    if !enrolled {
        let mut view = core.window(Page::Link, words.say("link-nobody-heading"));
        view.lines.push(core.line("link-nobody"));
        view.buttons = vec![core.default_button("close", Act::Close, false)];
        return view;
    }
    let mut view = core.window(Page::Link, words.say("link"));
    // What is no fault of a field stands above all of them.
    view.banner = link
        .fault
        .filter(|code| is_of_network(*code))
        .map(|code| words.code(code));
    if !core.online() {
        view.banner = Some(words.say("unreachable"));
        let asks = matches!(link.step, LinkStep::SignIn | LinkStep::Computer);
        if asks && !link.busy {
            view.buttons = vec![core.default_button("close", Act::Close, false)];
            return view;
        }
    }
    match link.step {
        LinkStep::Organisation => {
            view.lines.push(core.line("link-org"));
            view.buttons = vec![
                core.button("no", Act::No),
                core.default_button("yes", Act::Yes, false),
            ];
        }
        LinkStep::SignIn => sign_in(core, link, &mut view),
        LinkStep::Disk => {
            view.heading = words.say("link-disk");
            view.lines.push(core.line("link-disk-line"));
            view.buttons = vec![
                core.button("no", Act::No),
                core.default_button("yes", Act::Yes, link.busy),
            ];
        }
        LinkStep::Computer => {
            view.lines.push(core.line("link-computer"));
            view.fields.push(Field {
                hint: words.say("link-computer-hint"),
                fault: link
                    .fault
                    .map_or_else(String::new, |code| core.fault_of(code)),
                ..core.secret(2, "computer-password")
            });
            view.foot = Some(words.say("link-both"));
            view.buttons = vec![
                core.button("cancel", Act::Close),
                core.default_button("next", Act::Next, link.busy),
            ];
        }
        LinkStep::Phrase => {
            view.heading = words.say("link-phrase");
            view.lines.push(core.line("link-phrase-line"));
            let unusable = link.fault.filter(|code| *code == Code::PhraseUnusable);
            view.fields.push(Field {
                secret: false,
                fault: unusable.map_or_else(|| missing(core, link, 0), |code| core.fault_of(code)),
                ..core.secret(0, "link-phrase-field")
            });
            view.links.push(core.choice("another", Act::Another));
            view.buttons = vec![
                core.button("cancel", Act::Close),
                core.default_button("use-it", Act::Next, link.busy),
            ];
        }
    }
    view
}

fn sign_in(core: &Core, link: &Link, view: &mut View) {
    let words = &core.words;
    view.lines.push(core.line("link-sign-in"));
    let fault = link.fault.filter(|code| !is_of_network(*code));
    let fault = fault.map_or_else(String::new, |code| {
        if code == Code::SignInRefused {
            words.say("wrong-sign-in")
        } else {
            core.fault_of(code)
        }
    });
    view.fields = vec![
        Field {
            secret: false,
            fault: missing(core, link, 0),
            ..core.secret(0, "user-name")
        },
        Field {
            fault: if fault.is_empty() {
                missing(core, link, 1)
            } else {
                fault
            },
            ..core.secret(1, "org-password")
        },
    ];
    view.buttons = vec![
        core.button("cancel", Act::Close),
        core.default_button("next", Act::Next, link.busy),
    ];
}

const fn is_of_network(code: Code) -> bool {
    code.number() / 1000 == 1
}

fn missing(core: &Core, link: &Link, slot: usize) -> String {
    if link.missing == Some(slot) {
        core.words.say("type-it")
    } else {
        String::new()
    }
}

/// Words to choose: other ones for everybody, and for each time that another is asked for. They keep
/// no secret, they only are not the same everywhere.
pub(in super::super) fn suggestion(core: &Core, number: u32) -> String {
    let words = core.words.say("phrase-words");
    let days = core.words.say("phrase-days");
    let words: Vec<&str> = words.split_whitespace().collect();
    let days: Vec<&str> = days.split_whitespace().collect();
    let mut draw = core
        .luck
        .wrapping_add(u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut pick = |among: &[&str]| {
        // SplitMix64's finalizer.
        draw = draw.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = draw;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let count = u64::try_from(among.len()).unwrap_or(1).max(1);
        let index = usize::try_from(mixed % count).unwrap_or_default();
        among.get(index).copied().unwrap_or_default().to_owned()
    };
    let (first, second, day) = (pick(&words), pick(&words), pick(&days));
    format!("{first} {second} {day}")
}
