//! A picture of everything, in both themes; `LOCKSTEP_SHOTS` names the folder they are kept in.

use std::path::PathBuf;

use lockstep_app::shell::drawing::Theme;
use lockstep_app::words::{Language, Platform};
use slint::{Rgba8Pixel, SharedPixelBuffer};

use crate::drawn::{picture, prepare, window};
use crate::scenes;

#[test]
fn every_window_is_drawn_in_both_themes() {
    prepare();
    let folder = std::env::var_os("LOCKSTEP_SHOTS").map(PathBuf::from);
    for (language, prefix) in [(Language::English, ""), (Language::German, "de-")] {
        for scene in scenes::all() {
            let (name, typed) = (scene.name, scene.typed);
            let core = scenes::play(scene, language, Platform::Other);
            let view = core.view();
            assert!(view.is_some(), "{name}: no window");
            for (theme, suffix) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
                // Every second language once is enough to see that nothing is cut off.
                if language == Language::German && theme == Theme::Dark {
                    continue;
                }
                let drawn = picture(&window(&core, typed, theme, 1.0));
                assert!(drawn.width() >= 440 && drawn.height() >= 150, "{name}");
                assert!(is_drawn(&drawn), "{name}: nothing is drawn");
                if let Some(folder) = &folder {
                    save(&folder.join(format!("{prefix}{name}-{suffix}.png")), &drawn);
                }
            }
        }
    }
}

#[test]
fn large_text_loses_nothing() {
    prepare();
    let folder = std::env::var_os("LOCKSTEP_SHOTS").map(PathBuf::from);
    for scene in scenes::all() {
        let (name, typed) = (scene.name, scene.typed);
        if ![
            "changed-wrong",
            "change-faults",
            "status",
            "cost",
            "link-phrase",
        ]
        .contains(&name)
        {
            continue;
        }
        let core = scenes::play(scene, Language::English, Platform::Other);
        let normal = picture(&window(&core, typed, Theme::Light, 1.0));
        let large = picture(&window(&core, typed, Theme::Light, 2.0));
        assert!(large.height() > normal.height(), "{name}: it does not grow");
        if let Some(folder) = &folder {
            save(&folder.join(format!("{name}-large.png")), &large);
        }
    }
}

fn is_drawn(picture: &SharedPixelBuffer<Rgba8Pixel>) -> bool {
    let first = picture.as_slice()[0];
    picture.as_slice().iter().any(|pixel| *pixel != first)
}

pub(crate) fn save(path: &std::path::Path, picture: &SharedPixelBuffer<Rgba8Pixel>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let png = encode(picture.width(), picture.height(), picture.as_bytes());
    std::fs::write(path, png).unwrap();
}

/// A PNG of pixels with red, green, blue and alpha.
pub(crate) fn encode(width: u32, height: u32, pixels: &[u8]) -> Vec<u8> {
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, width, height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(pixels).unwrap();
    writer.finish().unwrap();
    png
}
