//! Whether what was typed at a desk can be typed at the boot prompt, too.
//!
//! A test proves bytes, not typing: before boot the keyboard is `us` unless somebody arranged
//! otherwise, and "Zebra" typed on a German one is "Yebra" there.

use std::fs;
use std::io;
use std::path::Path;

/// The files that name a keyboard, as they are; `None` where there is none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Keyboards<'a> {
    /// keyboard(5), `/etc/default/keyboard`.
    pub(super) keyboard: Option<&'a str>,
    /// vconsole.conf(5).
    pub(super) vconsole: Option<&'a str>,
    /// initramfs.conf(5).
    pub(super) initramfs: Option<&'a str>,
}

/// Whether a boot prompt is sure to take these keys for the same signs.
pub(super) fn surely_typed(password: &[u8], keyboards: Keyboards<'_>) -> bool {
    let plain = password.iter().all(|byte| matches!(byte, b' '..=b'~'));
    let is_us = |value: String| value.is_empty() || value == "us";
    let all = |file: Option<&str>, name: &str, agrees: &dyn Fn(String) -> bool| {
        file.is_none_or(|text| values(text, name).into_iter().all(agrees))
    };
    plain
        && all(keyboards.keyboard, "XKBLAYOUT", &is_us)
        && all(keyboards.keyboard, "XKBVARIANT", &|value| value.is_empty())
        && all(keyboards.vconsole, "KEYMAP", &is_us)
        && all(keyboards.vconsole, "XKBLAYOUT", &is_us)
        && all(keyboards.vconsole, "XKBVARIANT", &|value| value.is_empty())
        // Whether the console's keymap goes along; what that is, the others say.
        && all(keyboards.initramfs, "KEYMAP", &|value| {
            matches!(value.as_str(), "" | "y" | "n")
        })
}

/// Reads the files below `/etc` and judges.
pub(super) fn surely_typed_here(etc: &Path, password: &[u8]) -> io::Result<bool> {
    let keyboard = read(&etc.join("default/keyboard"))?;
    let vconsole = read(&etc.join("vconsole.conf"))?;
    let initramfs = read(&etc.join("initramfs-tools/initramfs.conf"))?;
    let keyboards = Keyboards {
        keyboard: keyboard.as_deref(),
        vconsole: vconsole.as_deref(),
        initramfs: initramfs.as_deref(),
    };
    Ok(surely_typed(password, keyboards))
}

/// Every value that a file of shell assignments gives a name; any of them might count.
fn values(text: &str, name: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='))
        .map(|value| value.trim().trim_matches(['"', '\'']).to_owned())
        .collect()
}

fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(fault) => Err(fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: &str = "XKBMODEL=\"pc105\"\nXKBLAYOUT=\"us\"\nXKBVARIANT=\"\"\nXKBOPTIONS=\"\"\n";

    fn keyboard(text: &str) -> Keyboards<'_> {
        Keyboards {
            keyboard: Some(text),
            ..Keyboards::default()
        }
    }

    #[test]
    fn plain_signs_on_a_us_keyboard_are_the_same_everywhere() {
        for password in ["Zebra 7!", "~ @#$%^&*()_+-=[]{}\\|;:'\",.<>/?`"] {
            assert!(surely_typed(password.as_bytes(), Keyboards::default()));
            assert!(surely_typed(password.as_bytes(), keyboard(US)));
        }
        let all = Keyboards {
            keyboard: Some(US),
            vconsole: Some("KEYMAP=us\nFONT=eurlatgr\n"),
            initramfs: Some("# KEYMAP: [ y | n ]\nKEYMAP=n\nMODULES=most\n"),
        };
        assert!(surely_typed(b"Zebra", all));
    }

    #[test]
    fn any_other_keyboard_anywhere_leaves_a_doubt() {
        for other in [
            "XKBLAYOUT=\"de\"\n",
            "XKBLAYOUT=us,de\n",
            "XKBLAYOUT=us\n XKBLAYOUT='fr'\n",
            "XKBLAYOUT=us\nXKBVARIANT=dvorak\n",
        ] {
            assert!(!surely_typed(b"Zebra", keyboard(other)), "{other}");
        }
        for other in ["KEYMAP=de-latin1", "KEYMAP=\"us-acentos\"", "XKBLAYOUT=cz"] {
            let keyboards = Keyboards {
                vconsole: Some(other),
                ..keyboard(US)
            };
            assert!(!surely_typed(b"Zebra", keyboards), "{other}");
        }
        let keyboards = Keyboards {
            initramfs: Some("KEYMAP=/etc/boot.kmap"),
            ..keyboard(US)
        };
        assert!(!surely_typed(b"Zebra", keyboards));
    }

    #[test]
    fn signs_that_no_us_keyboard_has_leave_a_doubt() {
        for password in ["Grüße", "tab\there", "\u{a0}"] {
            assert!(!surely_typed(password.as_bytes(), keyboard(US)));
        }
        assert!(!surely_typed(b"latin-1 \xfc", keyboard(US)));
    }
}
