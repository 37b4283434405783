//! What each desktop does in its own way, with the same surface on each.

mod clipboard;
mod instance;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub use linux::{Desktop, computer, dark_bar, keep_keys_secret, prepare, show};

pub use clipboard::copy;
pub use instance::{Start, claim, on_start_again};

/// Opens an address in the person's browser.
pub fn open(address: &str) {
    if let Err(fault) = webbrowser::open(address) {
        eprintln!("lockstep-app: {address}: {fault}");
    }
}
