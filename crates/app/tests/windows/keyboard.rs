//! In every window something has the keyboard from the start, and it is what is wanted next.

use std::cell::Cell;
use std::rc::Rc;

use i_slint_backend_testing::testing_backend::mock_elapsed_time;
use lockstep_app::shell::AppWindow;
use lockstep_app::shell::drawing::{Theme, focus};
use lockstep_app::words::{Language, Platform};
use slint::ComponentHandle as _;
use slint::platform::WindowEvent;

use crate::drawn::{prepare, window};
use crate::scenes;

fn types(window: &AppWindow, key: &str) {
    let window = window.window();
    window.dispatch_event(WindowEvent::KeyPressed { text: key.into() });
    window.dispatch_event(WindowEvent::KeyReleased { text: key.into() });
}

#[test]
fn every_window_can_be_gone_on_with_by_keys() {
    prepare();
    for scene in scenes::all() {
        let (name, typed) = (scene.name, scene.typed);
        let core = scenes::play(scene, Language::English, Platform::Other);
        let view = core.view().unwrap();
        let window = window(&core, typed, Theme::Light, 1.0);
        // As it is after anything that was typed is emptied.
        window.invoke_forget();
        let slot = view.field_in_turn(|slot| typed[slot].is_empty());
        focus(&window, slot);
        mock_elapsed_time(50);
        let pressed = Rc::new(Cell::new(None));
        let seen = Rc::clone(&pressed);
        window.on_pressed(move |index| seen.set(usize::try_from(index).ok()));
        if let Some(slot) = slot {
            types(&window, "q");
            let typed = [
                window.get_typed_0(),
                window.get_typed_1(),
                window.get_typed_2(),
            ];
            assert!(typed[slot].contains('q'), "{name}: not into field {slot}");
        } else {
            // Return would press it from anywhere.
            types(&window, " ");
            let default = view.buttons.iter().position(|it| it.default);
            let free = default.filter(|index| !view.buttons[*index].busy);
            assert_eq!(pressed.get(), free, "{name}: the default button");
        }
    }
}

#[test]
fn nothing_is_left_in_a_window_that_goes() {
    prepare();
    for scene in scenes::all() {
        let (name, typed) = (scene.name, scene.typed);
        let core = scenes::play(scene, Language::English, Platform::Other);
        let window = window(&core, typed, Theme::Light, 1.0);
        lockstep_app::shell::drawing::clear(&window, core.words());
        mock_elapsed_time(50);
        let mut left = Vec::new();
        i_slint_backend_testing::ElementRoot::root_element(&window)
            .query_descendants()
            .match_predicate(|it| it.accessible_label().is_some_and(|label| !label.is_empty()))
            .find_all()
            .into_iter()
            .for_each(|it| left.extend(it.accessible_label()));
        assert!(left.is_empty(), "{name}: {left:?}");
    }
}
