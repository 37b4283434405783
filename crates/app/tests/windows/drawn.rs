//! A window without a display.

use i_slint_backend_testing::testing_backend::mock_elapsed_time;
use i_slint_backend_testing::{TestingBackend, TestingBackendOptions};
use lockstep_app::core::Core;
use lockstep_app::shell::AppWindow;
use lockstep_app::shell::drawing::{Theme, draw, dress, fit, force};
use slint::{ComponentHandle as _, Rgba8Pixel, SharedPixelBuffer};

/// Prepares this thread to draw.
pub(crate) fn prepare() {
    let options = TestingBackendOptions {
        mock_time: true,
        renderer_name: Some("software".into()),
        ..TestingBackendOptions::default()
    };
    // A thread has one; another test of the same thread may have set it.
    let _set = slint::platform::set_platform(Box::new(TestingBackend::new(options)));
}

/// A core's window, with something typed in it.
pub(crate) fn window(core: &Core, typed: [&str; 3], theme: Theme, zoom: f32) -> AppWindow {
    let window = AppWindow::new().unwrap();
    let view = core.view().unwrap();
    dress(&window, core.words());
    force(&window, theme, zoom);
    draw(&window, &view, core.words());
    window.set_typed_0(typed[0].into());
    window.set_typed_1(typed[1].into());
    window.set_typed_2(typed[2].into());
    window.show().unwrap();
    mock_elapsed_time(50);
    fit(&window);
    mock_elapsed_time(50);
    window
}

/// What it looks like, at two pixels to a point.
pub(crate) fn picture(window: &AppWindow) -> SharedPixelBuffer<Rgba8Pixel> {
    window.window().take_snapshot().unwrap()
}
