//! A link, and the phrase that comes with it.

use super::*;

fn types(core: &mut Core, text: &str) -> Vec<Effect> {
    let filled = std::array::from_fn(|_| Filled {
        any: true,
        text: text.to_owned(),
    });
    let act = Act::Next;
    core.step(NOW, Input::Act { act, filled })
}

/// A core whose person is at the last question of W11.
fn choosing() -> Core {
    let mut core = core();
    core.step(NOW, unlinked(true));
    act(&mut core, Act::OpenLink, false);
    act(&mut core, Act::Yes, false);
    types(&mut core, "anna");
    core.step(NOW, need(Need::DirectoryPassword));
    core.step(NOW, need(Need::ComputersPassword));
    act(&mut core, Act::Next, true);
    core
}

fn phrase() -> Ask {
    let words = "copper teapot".into();
    Ask::ChoosePhrase { words }
}

#[test]
fn a_link_whose_first_sync_stops_keeps_its_phrase_and_is_not_made_again() {
    for status_first in [false, true] {
        let mut core = choosing();
        assert!(types(&mut core, "copper teapot").contains(&Effect::Give(2)));
        core.step(NOW, moves());
        let stops = failed(Code::KeychainRefused);
        let mut inputs = [stops, stopped(Code::KeychainRefused)];
        if status_first {
            inputs.reverse();
        }
        let ended: Vec<Effect> = inputs
            .into_iter()
            .flat_map(|input| core.step(NOW, input))
            .collect();
        assert!(asks(&ended, &phrase()), "{ended:?}");
        assert_eq!(page(&core), Some(Page::Stopped));
        // What becomes of the phrase is no end of a sync.
        core.step(NOW, failed(Code::PhraseUnusable));
        assert_eq!(page(&core), Some(Page::Stopped));
        act(&mut core, Act::TryAgain, false);
        assert_eq!(page(&core), Some(Page::Changed));
    }
}

#[test]
fn a_link_that_was_not_made_keeps_no_phrase() {
    let mut core = choosing();
    types(&mut core, "copper teapot");
    core.step(NOW, failed(Code::SignInRefused));
    let linked = core.step(NOW, status(true, 2));
    assert!(!asks(&linked, &phrase()));
}

#[test]
fn a_link_that_stops_behind_a_hidden_window_is_told() {
    let mut core = choosing();
    types(&mut core, "copper teapot");
    core.step(NOW, moves());
    act(&mut core, Act::Hide, false);
    assert!(notifies(&core.step(NOW, failed(Code::KeychainRefused))));
}

#[test]
fn a_phrase_is_judged_where_it_is_chosen() {
    let mut core = choosing();
    let refused = types(&mut core, &"x".repeat(81));
    assert!(!refused.contains(&Effect::Give(2)));
    assert!(!core.view().unwrap().fields[0].fault.is_empty());
    let another = act(&mut core, Act::Another, false);
    assert!(another.iter().any(|it| matches!(it, Effect::Fill { .. })));
    assert!(core.view().unwrap().fields[0].fault.is_empty());
}
