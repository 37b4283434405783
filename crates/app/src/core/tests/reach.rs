use super::super::reach::OFFLINE_AFTER;
use super::*;

fn offline(in_sync: bool) -> Input {
    let Input::Status(mut status) = status(in_sync, 2) else {
        panic!("it is one");
    };
    status.online = false;
    Input::Status(status)
}

fn later(after: i64) -> Timestamp {
    Timestamp(NOW.0 + after)
}

/// When the core wants to be woken, as the last of these effects say.
fn wakes(effects: &[Effect]) -> Option<Timestamp> {
    effects.iter().rev().find_map(|effect| {
        if let Effect::WakeAt(at) = effect {
            Some(*at)
        } else {
            None
        }
    })
}

/// A core whose person typed the new password, and whose directory wasn't there.
fn unreached() -> (Core, Vec<Effect>) {
    let mut core = asked();
    act(&mut core, Act::Next, true);
    let refused = core.step(NOW, failed(Code::DirectoryUnreachable));
    (core, refused)
}

#[test]
fn a_directory_that_stays_away_for_ten_seconds_takes_the_question_away() {
    let (mut core, refused) = unreached();
    let view = core.view().unwrap();
    assert_eq!(view.page, Page::Changed);
    assert!(view.banner.is_some() && refused.contains(&Effect::Clear));
    assert_eq!(wakes(&refused), Some(later(OFFLINE_AFTER)));
    core.step(later(OFFLINE_AFTER - 1), Input::Tick);
    assert_eq!(page(&core), Some(Page::Changed));
    let gone = core.step(later(OFFLINE_AFTER), Input::Tick);
    assert_eq!(gone[..2], [Effect::Clear, Effect::Focus]);
    let view = core.view().unwrap();
    assert_eq!(view.page, Page::Offline);
    assert!(view.fields.is_empty());
    assert!(!gone.iter().any(|it| matches!(it, Effect::Show { .. })));
}

#[test]
fn whoever_tries_again_is_given_the_time_again() {
    let (mut core, _) = unreached();
    let filled = std::array::from_fn(|_| Filled {
        any: true,
        text: String::new(),
    });
    let next = Input::Act {
        act: Act::Next,
        filled,
    };
    core.step(later(9_000), next);
    // An answer that is on its way is waited for.
    core.step(later(OFFLINE_AFTER), Input::Tick);
    assert_eq!(page(&core), Some(Page::Changed));
    let refused = core.step(later(15_000), failed(Code::DirectoryUnreachable));
    assert_eq!(page(&core), Some(Page::Changed));
    assert_eq!(wakes(&refused), Some(later(15_000 + OFFLINE_AFTER)));
}

#[test]
fn a_question_gives_way_where_nobody_typed_too_and_comes_back_with_the_directory() {
    for gone in [offline(false), Input::AgentGone] {
        let mut core = asked();
        let down = core.step(NOW, gone);
        assert_eq!(page(&core), Some(Page::Changed));
        assert_eq!(wakes(&down), Some(later(OFFLINE_AFTER)));
        core.step(later(OFFLINE_AFTER), Input::Tick);
        assert_eq!(page(&core), Some(Page::Offline));
        let back = core.step(later(60_000), status(false, 2));
        assert_eq!(page(&core), Some(Page::Changed));
        assert!(back.contains(&Effect::Focus));
        assert!(!back.iter().any(|it| matches!(it, Effect::Show { .. })));
    }
}

#[test]
fn a_line_that_breaks_for_a_moment_changes_nothing() {
    let (mut core, _) = unreached();
    core.step(NOW, offline(false));
    core.step(later(5_000), status(false, 2));
    let view = core.view().unwrap();
    assert_eq!((view.page, view.banner), (Page::Changed, None));
    core.step(later(OFFLINE_AFTER), Input::Tick);
    assert_eq!(page(&core), Some(Page::Changed));
}

#[test]
fn whoever_closed_it_is_asked_when_the_directory_is_back() {
    let mut core = asked();
    core.step(NOW, offline(false));
    core.step(later(OFFLINE_AFTER), Input::Tick);
    act(&mut core, Act::Close, false);
    assert_eq!(page(&core), None);
    let back = core.step(later(60_000), status(false, 2));
    assert!(back.contains(&Effect::LookAround), "{back:?}");
    let free = Input::Surroundings(Surroundings::default());
    let asked = core.step(later(60_000), free);
    assert!(asked.contains(&Effect::Show { asked: false }), "{asked:?}");
    assert_eq!(page(&core), Some(Page::Changed));
    assert!(!asked.iter().any(|it| matches!(it, Effect::Notify(_))));
}

#[test]
fn whoever_said_later_is_not_asked_because_of_a_break() {
    let mut core = asked();
    act(&mut core, Act::Later, false);
    core.step(NOW, offline(false));
    let back = core.step(later(60_000), status(false, 2));
    assert!(!back.contains(&Effect::LookAround), "{back:?}");
}

#[test]
fn what_was_done_elsewhere_takes_it_away() {
    let mut core = asked();
    core.step(NOW, offline(false));
    core.step(later(OFFLINE_AFTER), Input::Tick);
    let done = core.step(later(60_000), offline(true));
    assert!(done.contains(&Effect::Hide));
    assert_eq!(page(&core), None);
}

#[test]
fn a_question_in_the_middle_starts_over_and_gives_way_like_the_first() {
    let mut core = asked();
    act(&mut core, Act::Next, true);
    core.step(
        NOW,
        Input::Event(Event::Need {
            what: Need::OldPassword,
            fault: None,
            unrecovered: None,
        }),
    );
    act(&mut core, Act::Next, true);
    core.step(NOW, failed(Code::DirectoryUnreachable));
    let view = core.view().unwrap();
    assert_eq!(view.page, Page::Changed);
    assert!(view.banner.is_some());
    core.step(later(OFFLINE_AFTER), Input::Tick);
    assert_eq!(page(&core), Some(Page::Offline));
}

#[test]
fn an_answer_that_makes_no_sense_is_no_lack_of_a_network() {
    let mut core = asked();
    act(&mut core, Act::Next, true);
    core.step(NOW, failed(Code::DirectoryFault));
    assert!(core.view().unwrap().banner.is_some());
    core.step(later(OFFLINE_AFTER), Input::Tick);
    assert_eq!(page(&core), Some(Page::Changed));
}

#[test]
fn no_window_has_a_password_field_offline() {
    let fields = |core: &Core| core.view().unwrap().fields.len();
    let mut core = core();
    core.step(NOW, status(true, 2));
    act(&mut core, Act::OpenChange, false);
    assert_eq!(fields(&core), 3);
    assert!(core.step(NOW, offline(true)).contains(&Effect::Focus));
    let view = core.view().unwrap();
    assert_eq!((view.fields.len(), view.buttons.len()), (0, 1));
    core.step(NOW, status(true, 2));
    assert_eq!(fields(&core), 3);

    let mut core = super::core();
    core.step(NOW, unlinked(true));
    act(&mut core, Act::OpenLink, false);
    act(&mut core, Act::Yes, false);
    assert_eq!(fields(&core), 2);
    core.step(NOW, unlinked(false));
    assert_eq!(fields(&core), 0);
}

#[test]
fn a_link_that_reached_nobody_is_no_fault_of_what_was_typed() {
    let mut core = core();
    core.step(NOW, unlinked(true));
    act(&mut core, Act::OpenLink, false);
    act(&mut core, Act::Yes, false);
    act(&mut core, Act::Next, true);
    core.step(NOW, failed(Code::DirectoryUnreachable));
    let view = core.view().unwrap();
    assert!(view.banner.is_some());
    assert!(view.fields.iter().all(|field| field.fault.is_empty()));
}
