//! The field for secrets: nothing gets out of it.

use i_slint_backend_testing::ElementHandle;
use lockstep_app::shell::drawing::Theme;
use lockstep_app::words::{Language, Platform};
use slint::ComponentHandle as _;
use slint::platform::{Key, WindowEvent};

use crate::drawn::{prepare, window};
use crate::scenes;

fn press(window: &slint::Window, keys: &[&str]) {
    for key in keys {
        window.dispatch_event(WindowEvent::KeyPressed {
            text: (*key).into(),
        });
    }
    for key in keys.iter().rev() {
        window.dispatch_event(WindowEvent::KeyReleased {
            text: (*key).into(),
        });
    }
}

#[test]
fn what_is_typed_is_not_read_out() {
    prepare();
    let scene = scenes::all()
        .into_iter()
        .find(|it| it.name == "changed")
        .unwrap();
    let core = scenes::play(scene, Language::English, Platform::Other);
    let window = window(&core, ["violet harbour", "", ""], Theme::Light, 1.0);
    window.invoke_focus_on(0);
    i_slint_backend_testing::testing_backend::mock_elapsed_time(50);
    let field = || {
        ElementHandle::find_by_accessible_label(&window, "New password")
            .next()
            .unwrap()
    };
    for _ in 0..2 {
        let said = field().accessible_value().unwrap_or_default();
        assert!(!said.contains("violet"), "{said}");
        // Once more while it is shown.
        let show = ElementHandle::find_by_accessible_label(&window, "Show New password").next();
        if let Some(show) = show {
            show.invoke_accessible_default_action();
        }
        i_slint_backend_testing::testing_backend::mock_elapsed_time(50);
    }
    // Leaving it copies nothing, and typing goes on in it.
    let shell = window.window();
    let (control, shift) = (
        slint::SharedString::from(Key::Control),
        slint::SharedString::from(Key::Shift),
    );
    press(shell, &[&control, "a"]);
    press(shell, &[&control, "x"]);
    assert_eq!(window.get_typed_0(), "violet harbour", "it was cut out");
    let delete = slint::SharedString::from(Key::Delete);
    press(shell, &[&shift, &delete]);
    assert_eq!(window.get_typed_0(), "violet harbour", "it was cut out");
}
