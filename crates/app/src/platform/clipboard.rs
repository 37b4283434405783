//! Texts without a secret, on the clipboard.

use std::cell::RefCell;

thread_local! {
    // On X11 what was copied lives as long as this.
    static CLIPBOARD: RefCell<Option<arboard::Clipboard>> = const { RefCell::new(None) };
}

/// Puts a text on the clipboard.
pub fn copy(text: &str) {
    CLIPBOARD.with(|clipboard| {
        let mut clipboard = clipboard.borrow_mut();
        if clipboard.is_none() {
            *clipboard = arboard::Clipboard::new().ok();
        }
        let copied = clipboard.as_mut().map(|it| it.set_text(text));
        if !matches!(copied, Some(Ok(()))) {
            eprintln!("lockstep-app: there is no clipboard");
        }
    });
}
