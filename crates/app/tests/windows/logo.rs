//! The organisation's logo, on every window that asks for a password.

use std::collections::HashSet;
use std::path::PathBuf;

use i_slint_backend_testing::testing_backend::mock_elapsed_time;
use lockstep_app::shell::drawing::{Theme, set_logo};
use lockstep_app::words::{Language, Platform};
use slint::{Rgba8Pixel, SharedPixelBuffer};

use crate::drawn::{picture, prepare, window};
use crate::pictures::{encode, save};
use crate::scenes;

/// The logo's colour, which nothing else has.
const COLOUR: [u8; 3] = [0x0b, 0x8a, 0x6f];

/// A leaf on nothing: what is behind it shows through.
fn leaf(width: u32, height: u32) -> Vec<u8> {
    let inside = |x: u32, y: u32| {
        let part = |at: u32, of: u32| (f64::from(at) + 0.5) / f64::from(of);
        let (x, y) = (part(x, width), part(y, height));
        let circle = |left: f64, top: f64| (x - left).hypot(y - top) < 0.85;
        let vein = (x - y).abs() < 0.03 && x > 0.25;
        circle(0.05, 0.95) && circle(0.95, 0.05) && !vein
    };
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let bytes: Vec<u8> = pixels
        .flat_map(|(x, y)| {
            let [red, green, blue] = COLOUR;
            [red, green, blue, if inside(x, y) { 255 } else { 0 }]
        })
        .collect();
    encode(width, height, &bytes)
}

/// How wide it is drawn, in pixels.
fn width(picture: &SharedPixelBuffer<Rgba8Pixel>) -> usize {
    let row = usize::try_from(picture.width()).unwrap();
    let columns = picture.as_slice().iter().enumerate();
    let columns: HashSet<usize> = columns
        .filter(|(_, pixel)| [pixel.r, pixel.g, pixel.b] == COLOUR)
        .map(|(index, _)| index % row)
        .collect();
    columns.len()
}

#[test]
fn whoever_asks_for_a_password_shows_the_logo() {
    prepare();
    let folder = std::env::var_os("LOCKSTEP_SHOTS").map(PathBuf::from);
    let logos = [("logo", leaf(128, 128)), ("wide-logo", leaf(400, 100))];
    let mut pages = HashSet::new();
    for scene in scenes::all() {
        let (name, typed) = (scene.name, scene.typed);
        let core = scenes::play(scene, Language::English, Platform::Other);
        let view = core.view().unwrap();
        let asks = view.fields.iter().any(|field| field.secret);
        // One state of each is enough, but linking asks twice.
        if !asks || !(pages.insert(view.page) || name.starts_with("link")) {
            continue;
        }
        for (theme, suffix) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
            let window = window(&core, typed, theme, 1.0);
            assert_eq!(width(&picture(&window)), 0, "{name}: before");
            let mut widths = Vec::new();
            for (kind, png) in &logos {
                set_logo(&window, png);
                mock_elapsed_time(50);
                let drawn = picture(&window);
                widths.push(width(&drawn));
                if let Some(folder) = &folder {
                    save(&folder.join(format!("{kind}-{name}-{suffix}.png")), &drawn);
                }
            }
            assert!(widths[0] > 15 && widths[1] > 2 * widths[0], "{widths:?}");
            set_logo(&window, b"no picture");
            assert_eq!(width(&picture(&window)), 0, "{name}: a broken one");
        }
    }
    assert!(pages.len() >= 5, "{pages:?}");
}
