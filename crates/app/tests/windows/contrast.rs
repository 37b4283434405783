//! Every colour that words are drawn in stands off from what is behind it, by at least 4.5 to 1
//! (WCAG 2.2, 1.4.3); lines by 3 to 1 (1.4.11).

use lockstep_app::shell::drawing::{Theme, force};
use lockstep_app::shell::{AppWindow, Tokens};
use slint::{Color, ComponentHandle as _};

use crate::drawn::prepare;

#[test]
fn words_and_lines_stand_off() {
    prepare();
    let window = AppWindow::new().unwrap();
    for theme in [Theme::Light, Theme::Dark] {
        force(&window, theme, 1.0);
        let tokens = window.global::<Tokens>();
        let behind = [
            ("bg", tokens.get_bg()),
            ("surface", tokens.get_surface()),
            ("sunken", tokens.get_sunken()),
        ];
        let words = [
            ("text", tokens.get_text()),
            ("muted", tokens.get_muted()),
            ("accent", tokens.get_accent()),
            ("ok", tokens.get_ok()),
            ("warn", tokens.get_warn()),
            ("bad", tokens.get_bad()),
        ];
        for (name, word) in words {
            for (ground, colour) in behind {
                let found = contrast(word, colour);
                assert!(found >= 4.5, "{theme:?}: {name} on {ground}: {found:.2}");
            }
        }
        let white = Color::from_rgb_u8(255, 255, 255);
        for (name, colour) in [("fill", tokens.get_fill()), ("danger", tokens.get_danger())] {
            let found = contrast(white, colour);
            assert!(found >= 4.5, "{theme:?}: white on {name}: {found:.2}");
        }
        for (ground, colour) in behind {
            let found = contrast(tokens.get_line(), colour);
            assert!(found >= 3.0, "{theme:?}: line on {ground}: {found:.2}");
        }
    }
}

fn contrast(a: Color, b: Color) -> f32 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance(colour: Color) -> f32 {
    let linear = |channel: u8| {
        let channel = f32::from(channel) / 255.0;
        if channel <= 0.04045 {
            channel / 12.92
        } else {
            ((channel + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * linear(colour.red()) + 0.7152 * linear(colour.green()) + 0.0722 * linear(colour.blue())
}
