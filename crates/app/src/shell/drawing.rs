//! A view becomes a window: every property is set, and nothing is decided.

use slint::{ComponentHandle as _, Image, ModelRc, SharedString, VecModel};

use super::ui::{self, AppWindow, Tokens, Tray};
use crate::view::{Button, Field, Icon, Line, Page, Row, Shape, Tone, TrayView, View};
use crate::words::Words;

/// Light or dark, when the desktop is not to say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// Draws with this theme and size of text, whatever the desktop says.
pub fn force(window: &AppWindow, theme: Theme, zoom: f32) {
    let tokens = window.global::<Tokens>();
    tokens.set_forced(true);
    tokens.set_forced_dark(theme == Theme::Dark);
    tokens.set_zoom(zoom);
}

/// Where the window puts the keyboard on its default button.
const DEFAULT_BUTTON: i32 = -2;

/// Sets what is the same in every window.
pub fn dress(window: &AppWindow, words: &Words) {
    window.set_show_text(text(&words.say("show")));
    window.set_hide_text(text(&words.say("hide-typed")));
    window.set_caps_text(text(&words.say("caps-lock")));
    let grown = window.as_weak();
    window.on_outgrown(move || {
        // One that is hidden keeps its size, so as not to come up with that of nothing.
        let grown = grown.upgrade().filter(|it| it.window().is_visible());
        if let Some(window) = grown {
            fit(&window);
        }
    });
}

/// Shows the organisation's logo, if it can be read.
pub fn set_logo(window: &AppWindow, png: &[u8]) {
    // Through the toolkit's own decoder, which knows limits; the agent has checked the file.
    let logo = (!png.is_empty())
        .then(|| Image::load_from_data(png, Some("png")).ok())
        .flatten();
    window.set_has_logo(logo.is_some());
    window.set_logo(logo.unwrap_or_default());
}

/// Draws a view.
pub fn draw(window: &AppWindow, view: &View, words: &Words) {
    window.set_caption(text(&view.title));
    window.set_org(text(&view.head.org));
    window.set_who(text(&view.head.who));
    window.set_phrase(text(view.head.phrase.as_deref().unwrap_or_default()));
    window.set_logo_name(text(&view.head.logo));
    window.set_heading(text(&view.heading));
    window.set_banner(text(view.banner.as_deref().unwrap_or_default()));
    window.set_lines(model(view.lines.iter().map(line)));
    window.set_links(model(view.links.iter().map(|link| text(&link.label))));
    fields(window, &view.fields, words);
    window.set_rules(model(view.rules.iter().map(row)));
    window.set_rules_told(text(view.rules_told.as_deref().unwrap_or_default()));
    let strength = view.strength.as_ref();
    window.set_strength(strength.map_or(0, |it| i32::from(it.segments)));
    window.set_strength_word(text(strength.map_or("", |it| &it.word)));
    window.set_strength_tip(text(strength.map_or("", |it| &it.tip)));
    window.set_bar(view.bar.as_ref().map_or(-1.0, |bar| bar.fraction));
    window.set_bar_name(text(view.bar.as_ref().map_or("", |bar| &bar.name)));
    window.set_stores(model(view.stores.iter().map(row)));
    window.set_stacked(view.page == Page::Cost);
    window.set_has_list(view.list.is_some());
    if let Some(list) = &view.list {
        window.set_list_heading(text(&list.heading));
        window.set_list(model(list.rows.iter().map(row)));
        window.set_list_empty(text(&list.empty));
    }
    window.set_foot(text(view.foot.as_deref().unwrap_or_default()));
    window.set_help(text(&view.help));
    buttons(window, &view.buttons);
}

/// Leaves nothing in a window that goes: what reads windows aloud keeps hidden ones, too.
pub fn clear(window: &AppWindow, words: &Words) {
    let title = window.get_caption().into();
    draw(window, &View::blank(Page::Status, title), words);
}

/// Puts the keyboard into a field, or on the default button.
pub fn focus(window: &AppWindow, slot: Option<usize>) {
    let slot = slot.and_then(|slot| i32::try_from(slot).ok());
    window.invoke_focus_on(slot.unwrap_or(DEFAULT_BUTTON));
}

/// Makes the window as high as what is in it, once that is laid out.
pub fn fit(window: &AppWindow) {
    let wanted = slint::LogicalSize::new(window.get_wanted_width(), window.get_wanted_height());
    let scale = window.window().scale_factor();
    let size = window.window().size().to_logical(scale);
    if (size.height - wanted.height).abs() >= 1.0 || (size.width - wanted.width).abs() >= 1.0 {
        window.window().set_size(wanted);
    }
}

/// Draws the tray; `dark` is whether the bar that it stands in is.
pub fn draw_tray(tray: &Tray, view: &TrayView, more: &[String], dark: bool) {
    tray.set_picture(picture(view.icon, dark));
    tray.set_words(text(&view.tooltip));
    tray.set_line(text(&view.line));
    let action = view.action.as_ref().map_or("", |action| &action.label);
    tray.set_action(text(action));
    tray.set_entries(model(view.menu.iter().map(|entry| text(&entry.label))));
    tray.set_more(model(more.iter().map(|label| text(label))));
}

fn fields(window: &AppWindow, fields: &[Field], words: &Words) {
    let of = |slot| fields.iter().find(|field| field.slot == slot);
    let made = |field: Option<&Field>| field.map(|it| field_view(it, words)).unwrap_or_default();
    window.set_field_0(made(of(0)));
    window.set_field_1(made(of(1)));
    window.set_field_2(made(of(2)));
    window.set_has_0(of(0).is_some());
    window.set_has_1(of(1).is_some());
    window.set_has_2(of(2).is_some());
}

fn field_view(field: &Field, words: &Words) -> ui::FieldView {
    let hide = words.say_with("hide-name", [("field", field.label.clone().into())]);
    ui::FieldView {
        slot: i32::try_from(field.slot).unwrap_or_default(),
        label: text(&field.label),
        hint: text(&field.hint),
        fault: text(&field.fault),
        secret: field.secret,
        show_name: text(&field.show_name),
        hide_name: text(&hide),
    }
}

/// A model is only replaced where it differs: whoever has the keyboard keeps it.
fn buttons(window: &AppWindow, buttons: &[Button]) {
    use slint::Model as _;
    let new: Vec<ui::ButtonView> = buttons
        .iter()
        .map(|button| ui::ButtonView {
            label: text(&button.label),
            preferred: button.default,
            busy: button.busy,
            danger: button.danger,
        })
        .collect();
    let old = window.get_buttons();
    if old.row_count() == new.len() {
        for (index, button) in new.into_iter().enumerate() {
            if old.row_data(index).as_ref() != Some(&button) {
                old.set_row_data(index, button);
            }
        }
    } else {
        window.set_buttons(model(new.into_iter()));
    }
}

fn line(line: &Line) -> ui::LineView {
    ui::LineView {
        text: text(&line.text),
        tone: tone(line.tone),
    }
}

fn row(row: &Row) -> ui::RowView {
    ui::RowView {
        shape: shape(row.shape),
        tone: tone(row.tone),
        name: text(&row.name),
        state: text(&row.state),
        choice: text(row.choice.as_ref().map_or("", |choice| &choice.label)),
    }
}

const fn tone(tone: Tone) -> ui::Tone {
    match tone {
        Tone::Plain => ui::Tone::Plain,
        Tone::Muted => ui::Tone::Muted,
        Tone::Strong => ui::Tone::Strong,
        Tone::Mono => ui::Tone::Mono,
        Tone::Ok => ui::Tone::Ok,
        Tone::Accent => ui::Tone::Accent,
        Tone::Warn => ui::Tone::Warn,
        Tone::Bad => ui::Tone::Bad,
    }
}

fn text(text: &str) -> SharedString {
    SharedString::from(text)
}

fn model<T: Clone + 'static>(rows: impl Iterator<Item = T>) -> ModelRc<T> {
    ModelRc::new(VecModel::from(rows.collect::<Vec<_>>()))
}

macro_rules! svg {
    ($path:literal) => {
        include_bytes!(concat!("../../ui/", $path, ".svg")).as_slice()
    };
}

fn shape(shape: Shape) -> Image {
    image(match shape {
        Shape::Tick => svg!("shapes/tick"),
        Shape::Hollow => svg!("shapes/hollow"),
        Shape::Half => svg!("shapes/half"),
        Shape::Diamond => svg!("shapes/diamond"),
        Shape::Triangle => svg!("shapes/triangle"),
        Shape::Box => svg!("shapes/box"),
        Shape::Slashed => svg!("shapes/slashed"),
        Shape::Dash => svg!("shapes/dash"),
    })
}

/// The tray's picture: black on a light bar, white on a dark one.
#[must_use]
pub fn picture(icon: Icon, dark: bool) -> Image {
    image(match (icon, dark) {
        (Icon::NotLinked, false) => svg!("tray/not-linked-black"),
        (Icon::NotLinked, true) => svg!("tray/not-linked-white"),
        (Icon::Working, false) => svg!("tray/working-black"),
        (Icon::Working, true) => svg!("tray/working-white"),
        (Icon::Problem, false) => svg!("tray/problem-black"),
        (Icon::Problem, true) => svg!("tray/problem-white"),
        (Icon::Offline, false) => svg!("tray/offline-black"),
        (Icon::Offline, true) => svg!("tray/offline-white"),
        (Icon::NeedsYou, false) => svg!("tray/needs-you-black"),
        (Icon::NeedsYou, true) => svg!("tray/needs-you-white"),
        (Icon::Expiring, false) => svg!("tray/expiring-black"),
        (Icon::Expiring, true) => svg!("tray/expiring-white"),
        (Icon::InSync, false) => svg!("tray/in-sync-black"),
        (Icon::InSync, true) => svg!("tray/in-sync-white"),
    })
}

/// A picture of the app's own; one that can't be read is left out, and a test finds it.
fn image(svg: &[u8]) -> Image {
    Image::load_from_svg_data(svg).unwrap_or_default()
}
