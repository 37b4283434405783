//! Apple's frameworks, where a call needs an argument why it is sound.
#![expect(unsafe_code, reason = "frameworks of the system, by objc2")]

mod center;
mod events;

pub(super) use center::{Center, Told};
pub(super) use events::{on_activity, on_reopen};

use objc2::rc::Retained;
use objc2_app_kit::{NSView, NSWindow};
use objc2_core_foundation::{CFBoolean, CFDictionary, CFNumber, CFRetained, CFString, CFType};
use objc2_core_graphics::CGSessionCopyCurrentDictionary;
use objc2_system_configuration::SCDynamicStore;
use raw_window_handle::{HasWindowHandle as _, RawWindowHandle};
use slint::winit_030::winit::window::Window;

use crate::platform::session::Session;

/// What AppKit calls a window.
pub(super) fn native(window: &Window) -> Option<Retained<NSWindow>> {
    let handle = window.window_handle().ok()?;
    let RawWindowHandle::AppKit(handle) = handle.as_raw() else {
        return None;
    };
    // SAFETY: it is the window's own `NSView`, which lives at least as long as the window. winit gives
    // it out on the main thread only, and this reference stays there.
    let view: &NSView = unsafe { handle.ns_view.cast().as_ref() };
    view.window()
}

/// The computer's name in System Settings.
pub(super) fn computer() -> Option<String> {
    // SAFETY: without a store it asks by one of its own; nobody wants to know the encoding.
    let name = unsafe { SCDynamicStore::computer_name(None, std::ptr::null_mut()) };
    name.map(|name| name.to_string())
}

/// The session of this process; none where it has no screen.
pub(super) fn session() -> Option<Session> {
    let told = CGSessionCopyCurrentDictionary()?;
    // SAFETY: its keys are strings (`CGSession.h`), and whatever is in such a dictionary is an object.
    let told = unsafe { CFRetained::cast_unchecked::<CFDictionary<CFString, CFType>>(told) };
    Some(Session::read(|name| {
        let value = told.get(&CFString::from_str(name))?;
        let number = value.downcast_ref::<CFNumber>().and_then(CFNumber::as_i64);
        let flag = value.downcast_ref::<CFBoolean>().map(CFBoolean::as_bool);
        flag.or_else(|| number.map(|number| number != 0))
    }))
}
