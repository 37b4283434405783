//! Windows in front, with the keyboard or without it (Extended Window Manager Hints).
//!
//! Window managers give a new window the keyboard, unless it says that it came by itself. Wayland's
//! compositors decide that on their own.

use raw_window_handle::{HasWindowHandle as _, RawWindowHandle};
use slint::ComponentHandle as _;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConnectionExt as _, EventMask, PropMode,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use crate::shell::AppWindow;

/// That an application asks, and nobody's hand (`_NET_ACTIVE_WINDOW`).
const FROM_APPLICATION: u32 = 1;

/// Has the window exist without being seen, so that something can be said of it before it is.
pub(super) fn prepare(window: &AppWindow) -> Result<(), slint::PlatformError> {
    // There, what exists is seen.
    let on_wayland = std::env::var_os("WAYLAND_DISPLAY").is_some_and(|name| !name.is_empty());
    if on_wayland {
        return Ok(());
    }
    window.show()?;
    window.hide()
}

/// Says whether the window, which is about to be shown, comes because the person asked for it.
pub(super) fn announce(window: &AppWindow, asked: bool) {
    let _elsewhere = with_window(window, |display, _, id| {
        let time = atom(display, "_NET_WM_USER_TIME")?;
        let said = if asked {
            display.delete_property(id, time)
        } else {
            // "Don't give it the keyboard when it appears."
            display.change_property32(PropMode::REPLACE, id, time, AtomEnum::CARDINAL, &[0])
        };
        said.ok()?.check().ok()
    });
}

/// Asks for the keyboard for a window that is shown.
pub(super) fn activate(window: &AppWindow) {
    let _elsewhere = with_window(window, |display, root, id| {
        let active = atom(display, "_NET_ACTIVE_WINDOW")?;
        let now = x11rb::CURRENT_TIME;
        let data = [FROM_APPLICATION, now, 0, 0, 0];
        let wish = ClientMessageEvent::new(32, id, active, data);
        let to = EventMask::SUBSTRUCTURE_REDIRECT | EventMask::SUBSTRUCTURE_NOTIFY;
        display.send_event(false, root, to, wish).ok()?.check().ok()
    });
}

/// Does something with a window of X11, its root, and a line of its own to the display; a window that
/// is elsewhere is left alone.
fn with_window(
    window: &AppWindow,
    work: impl FnOnce(&RustConnection, u32, u32) -> Option<()>,
) -> Option<()> {
    let handle = window.window().window_handle();
    let RawWindowHandle::Xlib(x11) = handle.window_handle().ok()?.as_raw() else {
        return None;
    };
    let id = u32::try_from(x11.window).ok()?;
    let (display, screen) = x11rb::connect(None).ok()?;
    let root = display.setup().roots.get(screen)?.root;
    work(&display, root, id)
}

fn atom(display: &RustConnection, name: &str) -> Option<u32> {
    let asked = display.intern_atom(false, name.as_bytes()).ok()?;
    Some(asked.reply().ok()?.atom)
}
