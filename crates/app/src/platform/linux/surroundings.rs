//! What the desktop is at: asked of each service that may know; what nobody knows disturbs nobody.

use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt as _};
use zbus::blocking::Connection;
use zbus::zvariant::OwnedValue;

use crate::core::Surroundings;

/// Looks, once. The line to the system's bus is kept for the next look.
pub(super) fn look(session: Option<&Connection>, system: &mut Option<Connection>) -> Surroundings {
    if system.is_none() {
        *system = Connection::system().ok();
    }
    let in_front = system.as_ref().and_then(session_is_in_front);
    if in_front.is_none() {
        // It may be the line that is broken: that bus can start anew while the session goes on.
        *system = None;
    }
    let locked = session.is_some_and(screen_is_locked);
    Surroundings {
        away: locked || in_front == Some(false),
        full_screen: full_screen().unwrap_or(false),
        quiet: session.and_then(is_quiet).unwrap_or(false),
    }
}

/// The screen saver's word: freedesktop.org's, or GNOME's own.
fn screen_is_locked(bus: &Connection) -> bool {
    [
        (
            "org.freedesktop.ScreenSaver",
            "/org/freedesktop/ScreenSaver",
        ),
        ("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver"),
    ]
    .into_iter()
    .any(|(name, path)| {
        let reply = bus.call_method(Some(name), path, Some(name), "GetActive", &());
        reply
            .ok()
            .and_then(|reply| reply.body().deserialize().ok())
            .unwrap_or(false)
    })
}

/// logind's word: the session of this process is the one in front, and not locked.
fn session_is_in_front(bus: &Connection) -> Option<bool> {
    let get = |name: &str| -> Option<bool> {
        let reply = bus
            .call_method(
                Some("org.freedesktop.login1"),
                "/org/freedesktop/login1/session/auto",
                Some("org.freedesktop.DBus.Properties"),
                "Get",
                &("org.freedesktop.login1.Session", name),
            )
            .ok()?;
        let value: OwnedValue = reply.body().deserialize().ok()?;
        bool::try_from(value).ok()
    };
    Some(get("Active")? && !get("LockedHint").unwrap_or(false))
}

/// The notification server's word (Desktop Notifications Specification 1.3, `Inhibited`).
fn is_quiet(bus: &Connection) -> Option<bool> {
    let reply = bus
        .call_method(
            Some("org.freedesktop.Notifications"),
            "/org/freedesktop/Notifications",
            Some("org.freedesktop.DBus.Properties"),
            "Get",
            &("org.freedesktop.Notifications", "Inhibited"),
        )
        .ok()?;
    let value: OwnedValue = reply.body().deserialize().ok()?;
    bool::try_from(value).ok()
}

/// Whether the active window fills the screen (Extended Window Manager Hints, `_NET_WM_STATE`). A
/// compositor of Wayland tells nobody.
fn full_screen() -> Option<bool> {
    let (display, screen) = x11rb::connect(None).ok()?;
    let root = display.setup().roots.get(screen)?.root;
    let atom = |name: &str| -> Option<u32> {
        let asked = display.intern_atom(true, name.as_bytes()).ok()?;
        Some(asked.reply().ok()?.atom)
    };
    let property = |window: u32, name: u32, kind: AtomEnum| -> Option<Vec<u32>> {
        let asked = display
            .get_property(false, window, name, kind, 0, 64)
            .ok()?;
        Some(asked.reply().ok()?.value32()?.collect())
    };
    let active = property(root, atom("_NET_ACTIVE_WINDOW")?, AtomEnum::WINDOW)?;
    let active = *active.first()?;
    if active == 0 {
        return Some(false);
    }
    let state = property(active, atom("_NET_WM_STATE")?, AtomEnum::ATOM)?;
    Some(state.contains(&atom("_NET_WM_STATE_FULLSCREEN")?))
}
