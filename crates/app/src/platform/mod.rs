//! What each desktop does in its own way, with the same surface on each.

mod clipboard;
mod instance;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as here;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
use macos as here;

// What macOS needs decided, without macOS: tests run it anywhere.
#[cfg(any(target_os = "macos", test))]
mod keys;
#[cfg(any(target_os = "macos", test))]
mod notice;
#[cfg(any(target_os = "macos", test))]
mod session;

pub use clipboard::copy;
pub use here::{
    Desktop, begin, computer, dark_bar, keep_keys_secret, language, prepare, show, state_folder,
};
pub use instance::{Start, claim};

/// Calls back whenever the app is started again.
///
/// # Errors
///
/// No thread could be started.
pub fn on_start_again(again: fn()) -> std::io::Result<()> {
    instance::on_start_again(again)?;
    here::on_reopen(again);
    Ok(())
}

/// Opens an address in the person's browser.
pub fn open(address: &str) {
    if let Err(fault) = webbrowser::open(address) {
        eprintln!("lockstep-app: {address}: {fault}");
    }
}
