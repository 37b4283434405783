//! Linux desktops: the freedesktop.org services, over the session's bus.

mod front;
mod notifications;
mod surroundings;

use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};

use slint::ComponentHandle as _;

use crate::core::Surroundings;
use crate::shell::AppWindow;
use crate::view::{Act, Notice};
use crate::words::Language;

/// Makes ready for windows and tray, before the first of them.
///
/// # Errors
///
/// None here.
pub const fn begin() -> Result<(), slint::PlatformError> {
    Ok(())
}

/// The person's language.
#[must_use]
pub fn language() -> Language {
    Language::of_environment()
}

/// Where what is remembered is kept (XDG Base Directory Specification, `XDG_STATE_HOME`).
#[must_use]
pub fn state_folder() -> PathBuf {
    let home = || set("HOME").unwrap_or_default();
    set("XDG_STATE_HOME")
        .unwrap_or_else(|| home().join(".local/state"))
        .join("lockstep")
}

/// Where sockets and locks of the session lie, if there is such a folder (`XDG_RUNTIME_DIR`).
pub(super) fn runtime_folder() -> Option<PathBuf> {
    set("XDG_RUNTIME_DIR")
}

fn set(name: &str) -> Option<PathBuf> {
    let value = std::env::var_os(name).filter(|value| !value.is_empty());
    value.map(PathBuf::from)
}

/// Calls back where the desktop itself tells that the app is started again: none does.
pub(super) const fn on_reopen(_: fn()) {}

/// The computer's name.
#[must_use]
pub fn computer() -> String {
    let name = rustix::system::uname();
    let name = name.nodename().to_string_lossy();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// Whether the tray's pictures stand on something dark. GNOME's bar is, whatever its windows are.
#[must_use]
pub fn dark_bar(dark_windows: bool) -> bool {
    let desktop = std::env::var("XDG_CURRENT_DESKTOP").unwrap_or_default();
    dark_windows || desktop.split(':').any(|name| name == "GNOME")
}

/// Keeps other programs from reading keys. No desktop of Linux offers it: Wayland does so always, and
/// X11 can't.
pub const fn keep_keys_secret(_: bool) {}

/// Makes ready to show the window later.
///
/// # Errors
///
/// When there is nothing to show it on.
pub fn prepare(window: &AppWindow) -> Result<(), slint::PlatformError> {
    front::prepare(window)
}

/// Shows a window in front; the keyboard goes along only where the person asked for it.
///
/// # Errors
///
/// When there is nothing to show it on.
pub fn show(window: &AppWindow, asked: bool) -> Result<(), slint::PlatformError> {
    front::announce(window, asked);
    window.show()?;
    window.window().set_minimized(false);
    if asked {
        front::activate(window);
    }
    Ok(())
}

/// The desktop's services, each asked on a thread that may wait for it.
pub struct Desktop {
    orders: Sender<Order>,
}

enum Order {
    Notify(Notice),
    Withdraw,
    LookAround,
}

impl Desktop {
    /// Starts asking; what is chosen in a notification, and what the desktop is at, is told by the
    /// callbacks, from another thread.
    #[must_use]
    pub fn new(chosen: fn(Act), around: fn(Surroundings)) -> Self {
        let (orders, given) = channel();
        let work = move || {
            let mut notifications = notifications::Notifications::new(chosen);
            let mut system = None;
            for order in given {
                match order {
                    Order::Notify(notice) => notifications.show(notice),
                    Order::Withdraw => notifications.withdraw(),
                    Order::LookAround => {
                        around(surroundings::look(notifications.bus(), &mut system))
                    }
                }
            }
        };
        let started = std::thread::Builder::new()
            .name("desktop".to_owned())
            .spawn(work);
        if let Err(fault) = started {
            eprintln!("lockstep-app: {fault}");
        }
        Self { orders }
    }

    /// Shows a notification, in place of any other.
    pub fn notify(&mut self, notice: Notice) {
        self.order(Order::Notify(notice));
    }

    /// Takes the notification away.
    pub fn withdraw(&mut self) {
        self.order(Order::Withdraw);
    }

    /// Finds out what the desktop is at.
    pub fn look_around(&mut self) {
        self.order(Order::LookAround);
    }

    fn order(&self, order: Order) {
        // Its thread ends with the app only.
        let _gone = self.orders.send(order);
    }
}
