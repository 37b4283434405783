//! What is typed goes to the agent, and nowhere else.

use lockstep_story::canary::Mark;
use lockstep_story::canary::places::{self, Sampler};
use lockstep_story::desk::Desk;

use crate::support::Anna;

/// What other programs copied and selected before.
const COPIED: &str = "a line of another program";

/// Whatever takes a text out of a field.
const TAKE_OUT: &[&str] = &[
    "ctrl+a",
    "ctrl+c",
    "ctrl+x",
    "ctrl+Insert",
    "shift+Delete",
    "ctrl+shift+c",
    "ctrl+shift+x",
    "shift+Home",
    "ctrl+c",
    "shift+End",
    "ctrl+Insert",
];

/// Tries to get at what is in the field, and looks where it would be.
fn expect_kept(desk: &Desk, window: &str, mark: &Mark, length: usize) {
    let field = desk.has_keyboard("New password").unwrap();
    desk.keys(TAKE_OUT).unwrap();
    desk.drags_over(window, &field).unwrap();
    desk.keys(&["ctrl+c"]).unwrap();
    desk.keys(&["End"]).unwrap();
    for held in desk.copied().unwrap() {
        assert_eq!(held, COPIED, "something took its place");
    }
    desk.has_keyboard("New password").unwrap();
    let dots = "●".repeat(length);
    desk.reads_one("as many dots as were typed", |it| {
        it["name"] == "New password" && it["text"] == dots.as_str()
    })
    .unwrap();
    expect_unread(desk, mark);
}

/// Looks through everything that the screen reader has read or was told.
fn expect_unread(desk: &Desk, mark: &Mark) {
    let said = desk.desktop.reader.said();
    assert!(said.len() > 10, "only {} lines were read", said.len());
    for line in said {
        assert!(mark.find(line.to_string().as_bytes()).is_none(), "{line}");
    }
}

#[test]
fn what_is_typed_is_neither_copied_nor_read_out_nor_kept() {
    let Some(mut anna) = Anna::at_her_desk() else {
        return;
    };
    let sampler = Sampler::start(&anna.mark);
    let second = anna.mark.typed("second");
    let wrong = anna.mark.typed("wrong");
    anna.changes(&anna.first, &second);
    let app = anna.desk.app().unwrap();
    let mark = &anna.mark;
    let desk = &mut anna.desk;
    desk.copies(COPIED).unwrap();
    let window = desk.window_comes().unwrap();
    desk.activate(&window).unwrap();
    desk.has_keyboard("New password").unwrap();

    // A wrong one and the old one are passwords, too.
    desk.types(&wrong).unwrap();
    let mut found = Vec::new();
    let searched = places::memory(mark, app, &mut found).unwrap();
    assert!(searched > 500_000, "only {searched} bytes were searched");
    assert!(!found.is_empty(), "else the search would mean nothing");
    desk.keys(&["Return"]).unwrap();
    let refused = |why: &str| {
        desk.reads_one(why, |it| {
            let said = it["description"].as_str().unwrap_or_default();
            it["name"] == "New password" && said.starts_with(why)
        })
        .unwrap();
    };
    refused("That isn't your new password.");
    desk.types(&anna.first).unwrap();
    desk.keys(&["Return"]).unwrap();
    refused("That's your old password.");

    desk.types(&second).unwrap();
    expect_kept(desk, &window, mark, second.len());
    desk.press("Show New password").unwrap();
    desk.reads("Hide New password").unwrap();
    expect_kept(desk, &window, mark, second.len());
    desk.press("Hide New password").unwrap();
    desk.reads("Show New password").unwrap();
    desk.press("Next").unwrap();
    desk.reads("Your computer is in sync").unwrap();

    // At once, and after everything that was put off.
    let mut found = Vec::new();
    places::memory(mark, app, &mut found).unwrap();
    assert!(found.is_empty(), "{found:#?}");
    desk.press("Done").unwrap();
    desk.window_goes().unwrap();
    desk.tray_says("in sync").unwrap();
    places::memory(mark, app, &mut found).unwrap();
    assert!(places::dumps_nothing(app), "the app may dump core");
    let device = &desk.computer.device;
    let root = device.path("/").unwrap();
    let mut searched = 0;
    for folder in [
        device.logs(),
        root.join("home"),
        root.join("tmp"),
        root.join("run"),
    ] {
        searched += places::files(mark, &folder, &mut found).unwrap();
    }
    assert!(searched > 5, "only {searched} files were searched");
    found.extend(sampler.stop());
    assert!(found.is_empty(), "{found:#?}");
    for held in desk.copied().unwrap() {
        assert_eq!(held, COPIED, "something took its place");
    }
    expect_unread(desk, mark);
}
