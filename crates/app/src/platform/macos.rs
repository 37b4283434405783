//! Macs: AppKit, the notification centre and the window server.
//!
//! Checked against Apple's targets by `cargo xtask macos-check`; it has not run on a Mac yet.

mod front;
mod notifications;
mod surroundings;
mod sys;

use std::cell::RefCell;
use std::path::PathBuf;

use objc2::MainThreadMarker;
use objc2_app_kit::NSApplication;
use objc2_foundation::NSLocale;
use slint::ComponentHandle as _;
use slint::winit_030::{EventLoopBuilder, winit};
use winit::event_loop::EventLoop;
use winit::platform::macos::{ActivationPolicy, EventLoopBuilderExtMacOS as _};

use super::keys::{Keys, SecureInput};
use crate::core::Surroundings;
use crate::shell::AppWindow;
use crate::view::{Act, Notice};
use crate::words::Language;

thread_local! {
    static KEYS: RefCell<Keys<SecureInput>> = RefCell::default();
}

/// Makes ready for windows and tray, before the first of them: an app without an icon in the Dock, that
/// takes the keyboard from nobody by starting.
///
/// # Errors
///
/// When there is nothing to show them on.
pub fn begin() -> Result<(), slint::PlatformError> {
    let mut events: EventLoopBuilder = EventLoop::with_user_event();
    events
        .with_activation_policy(ActivationPolicy::Accessory)
        .with_activate_ignoring_other_apps(false)
        // Its "Quit" would pass by the one in the tray.
        .with_default_menu(false);
    slint::BackendSelector::new()
        .with_winit_event_loop_builder(events)
        .select()
}

/// The computer's name, as its person gave it.
#[must_use]
pub fn computer() -> String {
    sys::computer().unwrap_or_else(|| {
        let name = rustix::system::uname();
        let name = name.nodename().to_string_lossy();
        name.split('.').next().unwrap_or_default().to_owned()
    })
}

/// The person's language. Programs that aren't started by a shell have none in their environment.
#[must_use]
pub fn language() -> Language {
    let first = NSLocale::preferredLanguages().firstObject();
    Language::of_locale(&first.map_or_else(String::new, |name| name.to_string()))
}

/// Where what is remembered is kept (File System Programming Guide, "Application Support").
#[must_use]
pub fn state_folder() -> PathBuf {
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    home.join("Library/Application Support/Lockstep")
}

/// Where sockets and locks of the session lie: nowhere else, for what lies in `TMPDIR` goes when
/// nobody has touched it for some days.
pub(super) const fn runtime_folder() -> Option<PathBuf> {
    None
}

/// Whether the tray's pictures stand on something dark: the toolkit looks at the menu bar itself.
#[must_use]
pub const fn dark_bar(dark_bar: bool) -> bool {
    dark_bar
}

/// Keeps other programs from reading keys while a secret has the keyboard; only while this app is the
/// one in front.
pub fn keep_keys_secret(secret: bool) {
    KEYS.with(|keys| keys.borrow_mut().secret(secret));
}

/// Makes ready to show the window later.
///
/// # Errors
///
/// When this isn't the main thread, which alone has windows.
pub fn prepare(_: &AppWindow) -> Result<(), slint::PlatformError> {
    let main = MainThreadMarker::new().ok_or_else(|| "not the main thread".to_owned())?;
    let told = |active| KEYS.with(|keys| keys.borrow_mut().active(active));
    told(NSApplication::sharedApplication(main).isActive());
    sys::on_activity(told);
    Ok(())
}

/// Shows a window in front; the keyboard goes along only where the person asked for it.
///
/// # Errors
///
/// When there is nothing to show it on.
pub fn show(window: &AppWindow, asked: bool) -> Result<(), slint::PlatformError> {
    window.show()?;
    window.window().set_minimized(false);
    front::bring(window, asked);
    Ok(())
}

/// Calls back where the app is opened again in the Finder, which starts it once only.
pub(super) fn on_reopen(again: fn()) {
    if let Some(main) = MainThreadMarker::new() {
        sys::on_reopen(main, again);
    }
}

/// The desktop's services. None of them makes a caller wait.
pub struct Desktop {
    notifications: notifications::Notifications,
    around: fn(Surroundings),
}

impl Desktop {
    /// Starts asking; what is chosen in a notification, and what the desktop is at, is told by the
    /// callbacks, the former from another thread.
    #[must_use]
    pub fn new(chosen: fn(Act), around: fn(Surroundings)) -> Self {
        Self {
            notifications: notifications::Notifications::new(chosen),
            around,
        }
    }

    /// Shows a notification, in place of any other.
    pub fn notify(&mut self, notice: Notice) {
        self.notifications.show(notice);
    }

    /// Takes the notification away.
    pub fn withdraw(&mut self) {
        self.notifications.withdraw();
    }

    /// Finds out what the desktop is at.
    pub fn look_around(&mut self) {
        (self.around)(surroundings::look());
    }
}
