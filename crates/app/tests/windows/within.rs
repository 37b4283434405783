//! Nothing that is read or pressed reaches beyond its window's sides, in either language.

use i_slint_backend_testing::ElementRoot as _;
use lockstep_app::shell::drawing::Theme;
use lockstep_app::words::{Language, Platform};
use slint::ComponentHandle as _;

use crate::drawn::{prepare, window};
use crate::scenes;

#[test]
fn everything_lies_within_its_window() {
    prepare();
    let mut outside = Vec::new();
    for language in [Language::English, Language::German] {
        for scene in scenes::all() {
            let (name, typed) = (scene.name, scene.typed);
            let core = scenes::play(scene, language, Platform::Other);
            for zoom in [1.0, 2.0] {
                let window = window(&core, typed, Theme::Light, zoom);
                let scale = window.window().scale_factor();
                let width = window.window().size().to_logical(scale).width;
                let said = window
                    .root_element()
                    .query_descendants()
                    .match_predicate(|it| it.accessible_label().is_some_and(|it| !it.is_empty()))
                    .find_all();
                for element in said {
                    let left = element.absolute_position().x;
                    let right = left + element.size().width;
                    if left < 0.0 || right > width + 0.5 {
                        let label = element.accessible_label().unwrap();
                        outside.push(format!("{name} at {zoom}: {label}: {left} to {right}"));
                    }
                }
            }
        }
    }
    assert!(outside.is_empty(), "{outside:#?}");
}
