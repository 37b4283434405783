//! Windows in front, with the keyboard or without it.

use objc2_app_kit::NSWindowCollectionBehavior;
use slint::ComponentHandle as _;
use slint::winit_030::WinitWindowAccessor as _;

use super::sys;
use crate::shell::AppWindow;

/// Brings a window that is shown above all others, and its app in front where the person asked for it.
pub(super) fn bring(window: &AppWindow, asked: bool) {
    let weak = window.as_weak();
    // Before the event loop runs, there is no native window.
    let waiting = slint::spawn_local(async move {
        let Some(window) = weak.upgrade() else { return };
        let Ok(native) = window.window().winit_window().await else {
            return;
        };
        if !window.window().is_visible() {
            return;
        }
        if let Some(native) = sys::native(&native) {
            // It comes to where the person is, and doesn't take them to where it was.
            let before = native.collectionBehavior();
            native.setCollectionBehavior(before | NSWindowCollectionBehavior::MoveToActiveSpace);
            // The app need not be in front for that, and isn't afterwards.
            native.orderFrontRegardless();
        }
        if asked {
            native.focus_window();
        }
    });
    if let Err(fault) = waiting {
        eprintln!("lockstep-app: {fault}");
    }
}
