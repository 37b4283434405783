//! A window is as high as what is in it, whatever it showed before.

use i_slint_backend_testing::testing_backend::mock_elapsed_time;
use lockstep_app::shell::AppWindow;
use lockstep_app::shell::drawing::{Theme, clear, draw};
use lockstep_app::words::{Language, Platform};
use slint::ComponentHandle as _;

use crate::drawn::{prepare, window};
use crate::scenes;

fn height(window: &AppWindow) -> f32 {
    let scale = window.window().scale_factor();
    window.window().size().to_logical(scale).height
}

#[test]
fn a_window_grows_and_shrinks_with_what_it_shows() {
    prepare();
    let scene = |name| {
        let scene = scenes::all().into_iter().find(|it| it.name == name);
        scenes::play(scene.unwrap(), Language::English, Platform::Other)
    };
    let (small, large) = (scene("link"), scene("link-sign-in"));
    let window = window(&small, ["", "", ""], Theme::Light, 1.0);
    let before = height(&window);
    for (core, grown) in [(&large, true), (&small, false)] {
        draw(&window, &core.view().unwrap(), core.words());
        mock_elapsed_time(50);
        // What is drawn is laid out.
        window.window().take_snapshot().unwrap();
        mock_elapsed_time(50);
        let now = height(&window);
        assert!((now - window.get_wanted_height()).abs() < 1.0, "{now}");
        assert_eq!(now > before + 50.0, grown, "{now} after {before}");
    }
    // One that is hidden comes up again as high as it was.
    window.hide().unwrap();
    clear(&window, small.words());
    mock_elapsed_time(50);
    assert!((height(&window) - before).abs() < 1.0);
}
