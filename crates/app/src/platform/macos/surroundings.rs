//! What the desktop is at.

use objc2::MainThreadMarker;
use objc2_app_kit::{NSApplication, NSApplicationPresentationOptions};

use super::sys;
use crate::core::Surroundings;
use crate::platform::session::Session;

/// Looks, once.
pub(super) fn look() -> Surroundings {
    Surroundings {
        // Who has no session sees no window.
        away: sys::session().is_none_or(Session::is_away),
        full_screen: full_screen().unwrap_or(false),
        // No program is told whether a Focus is on, unless its person shares that with others; what
        // the notification centre holds back then is the notification.
        quiet: false,
    }
}

/// Whether the app in front fills the screen, or hides the menu bar as a presentation does.
fn full_screen() -> Option<bool> {
    let app = NSApplication::sharedApplication(MainThreadMarker::new()?);
    let filled = NSApplicationPresentationOptions::FullScreen
        | NSApplicationPresentationOptions::HideMenuBar;
    Some(app.currentSystemPresentationOptions().intersects(filled))
}
