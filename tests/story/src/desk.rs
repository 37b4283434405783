//! Somebody who is logged in at a computer, and uses the app.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use lockstep_lab::Desktop;
use serde_json::{Value, json};

use crate::locked::Session;
use crate::world::Computer;

/// The longest that anything is waited for.
const PATIENCE: Duration = Duration::from_secs(40);

/// Where something is that was copied or selected.
const SELECTIONS: [&str; 3] = ["clipboard", "primary", "secondary"];

/// Somebody who is logged in at a computer, and uses the app.
pub struct Desk {
    /// The display, the tray and the screen reader.
    pub desktop: Desktop,
    /// The log-in.
    pub session: Session,
    /// The computer.
    pub computer: Computer,
}

impl Desk {
    /// Logs the person in; the app starts hidden, as at every log-in.
    ///
    /// # Errors
    ///
    /// Whatever doesn't start.
    pub fn log_in(computer: Computer, password: &str) -> anyhow::Result<Self> {
        let session = computer.log_in(password)?;
        let device = &computer.device;
        let mut desktop = Desktop::start(device, computer.account(), session.bus())?;
        desktop.start_app(device)?;
        Ok(Self {
            desktop,
            session,
            computer,
        })
    }

    /// Starts the app once more, as the person does who looks for it; waits until that start ended.
    ///
    /// # Errors
    ///
    /// When it can't be started, or goes on.
    pub fn starts_again(&self) -> anyhow::Result<()> {
        let mut again = self.desktop.command(&self.computer.device, "timeout")?;
        let ended = again.args(["10", "lockstep-app"]).status()?;
        ensure!(ended.success(), "the second start ended with {ended}");
        Ok(())
    }

    /// Logs the person out.
    #[must_use]
    pub fn log_out(self) -> Computer {
        self.computer
    }

    /// The app's process, by the number that it has outside.
    ///
    /// # Errors
    ///
    /// When it doesn't run.
    pub fn app(&mut self) -> anyhow::Result<u32> {
        let pid = self.desktop.app().and_then(|app| app.pid());
        let pid = pid.context("the app doesn't run")?;
        Ok(pid.as_raw_nonzero().get().unsigned_abs())
    }

    /// Waits until the tray says this everywhere: tooltip, title, and the menu's first line.
    ///
    /// # Errors
    ///
    /// When it doesn't in 10 s.
    pub fn tray_says(&self, line: &str) -> anyhow::Result<()> {
        let name = format!("Lockstep: {line}");
        let what = format!("the tray says {line}");
        self.desktop.tray.wait_for(&what, |said| {
            let item = last(said, "item")?;
            let menu = last(said, "menu")?;
            let named = item["tooltip"] == name.as_str() && item["title"] == name.as_str();
            let first = &menu["entries"][0];
            (named && first["label"] == line && first["enabled"] == false).then_some(())
        })?;
        Ok(())
    }

    /// The labels that can be chosen in the tray's menu.
    #[must_use]
    pub fn menu(&self) -> Vec<String> {
        let said = self.desktop.tray.said();
        let entries = last(&said, "menu").and_then(|menu| menu["entries"].as_array());
        let enabled = entries
            .into_iter()
            .flatten()
            .filter(|it| it["enabled"] == true);
        enabled
            .filter_map(|it| it["label"].as_str().map(str::to_owned))
            .collect()
    }

    /// Presses an action of the last notification.
    ///
    /// # Errors
    ///
    /// When the tray is gone.
    pub fn invoke(&mut self, label: &str) -> anyhow::Result<()> {
        let order = json!({ "do": "invoke", "name": label });
        Ok(self.desktop.tray.tell(&order)?)
    }

    /// Chooses an entry of the tray's menu.
    ///
    /// # Errors
    ///
    /// When the tray is gone.
    pub fn choose(&mut self, label: &str) -> anyhow::Result<()> {
        let order = json!({ "do": "choose", "name": label });
        Ok(self.desktop.tray.tell(&order)?)
    }

    /// Every notification so far.
    #[must_use]
    pub fn notifications(&self) -> Vec<Value> {
        let mut said = self.desktop.tray.said();
        said.retain(|event| event["event"] == "notified");
        said
    }

    /// Waits for a notification of this title; gives the last.
    ///
    /// # Errors
    ///
    /// When it doesn't come in 10 s.
    pub fn notified(&self, title: &str) -> anyhow::Result<Value> {
        let found = self.desktop.tray.wait_for(title, |said| {
            let mut shown = said
                .iter()
                .rev()
                .filter(|event| event["event"] == "notified");
            shown.find(|event| event["title"] == title).cloned()
        })?;
        Ok(found)
    }

    /// Waits until the last notification is closed.
    ///
    /// # Errors
    ///
    /// When it isn't in 10 s.
    pub fn notification_closes(&self) -> anyhow::Result<()> {
        self.desktop
            .tray
            .wait_for("the notification closes", |said| {
                let closed = said.iter().rposition(|event| event["event"] == "closed");
                let shown = said.iter().rposition(|event| event["event"] == "notified");
                (closed > shown).then_some(())
            })?;
        Ok(())
    }

    /// The app's windows that can be seen.
    ///
    /// # Errors
    ///
    /// When the display can't be asked.
    pub fn windows(&self) -> anyhow::Result<Vec<String>> {
        Ok(self.desktop.windows(&self.computer.device, "Lockstep$")?)
    }

    /// Waits until there is one window of the app; gives its number.
    ///
    /// # Errors
    ///
    /// When it doesn't come in 10 s.
    pub fn window_comes(&self) -> anyhow::Result<String> {
        let came = eventually("one window of the app", || {
            let mut windows = self.windows()?;
            Ok(windows.pop().filter(|_| windows.is_empty()))
        });
        came.with_context(|| {
            let log = self.computer.device.logs().join("lockstep-app.log");
            std::fs::read_to_string(log).unwrap_or_default()
        })
    }

    /// Waits until there is no window of the app.
    ///
    /// # Errors
    ///
    /// When it doesn't go in 10 s.
    pub fn window_goes(&self) -> anyhow::Result<()> {
        eventually("no window of the app", || {
            Ok(self.windows()?.is_empty().then_some(()))
        })
    }

    /// Gives the keyboard to a window, as a click on its title does.
    ///
    /// # Errors
    ///
    /// When it can't.
    pub fn activate(&self, window: &str) -> anyhow::Result<()> {
        self.xdotool(&["windowactivate", "--sync", window])?;
        Ok(())
    }

    /// The window that has the keyboard.
    ///
    /// # Errors
    ///
    /// When none has.
    pub fn active(&self) -> anyhow::Result<String> {
        self.xdotool(&["getactivewindow"])
    }

    /// Presses keys, by their names.
    ///
    /// # Errors
    ///
    /// When they can't be pressed.
    pub fn keys(&self, keys: &[&str]) -> anyhow::Result<()> {
        let words = [&["key"], keys].concat();
        self.xdotool(&words)?;
        Ok(())
    }

    /// Types a text.
    ///
    /// # Errors
    ///
    /// When it can't be typed.
    pub fn types(&self, text: &str) -> anyhow::Result<()> {
        Ok(self.desktop.types(&self.computer.device, text)?)
    }

    /// Does what xdotool(1) knows.
    ///
    /// # Errors
    ///
    /// When it fails.
    pub fn xdotool(&self, words: &[&str]) -> anyhow::Result<String> {
        Ok(self.desktop.xdotool(&self.computer.device, words)?)
    }

    /// Waits until the screen reader reads an element of this name, and gives it.
    ///
    /// # Errors
    ///
    /// When it doesn't in 10 s.
    pub fn reads(&self, name: &str) -> anyhow::Result<Value> {
        self.reads_one(name, |element| element["name"] == name)
    }

    /// Waits until the screen reader reads such an element, and gives it.
    ///
    /// # Errors
    ///
    /// When it doesn't in 10 s.
    pub fn reads_one(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        let found = self.desktop.reader.wait_for(what, |said| {
            let elements = last(said, "tree")?["elements"].as_array()?;
            let mut shown = elements.iter().filter(|it| is(it, "showing"));
            shown.find(|it| wanted(it)).cloned()
        });
        found.with_context(|| format!("{what} is not among what is read: {:?}", self.read()))
    }

    /// Waits until no window has an element of this name any more, hidden or not.
    ///
    /// # Errors
    ///
    /// When one has it for longer than anything is waited for.
    pub fn forgets(&self, name: &str) -> anyhow::Result<()> {
        let what = format!("{name} is gone");
        self.desktop.reader.wait_for(&what, |said| {
            let elements = last(said, "tree")?["elements"].as_array()?;
            let left = elements.iter().any(|element| element["name"] == name);
            (!left).then_some(())
        })?;
        Ok(())
    }

    /// Waits until the screen reader's field of this name has the keyboard.
    ///
    /// # Errors
    ///
    /// When it doesn't get it in 10 s.
    pub fn has_keyboard(&self, name: &str) -> anyhow::Result<Value> {
        let what = format!("{name} has the keyboard");
        self.reads_one(&what, |it| it["name"] == name && is(it, "focused"))
    }

    /// What the screen reader reads now, name after name.
    #[must_use]
    pub fn read(&self) -> Vec<String> {
        let said = self.desktop.reader.said();
        let elements = last(&said, "tree").and_then(|tree| tree["elements"].as_array());
        let shown = elements
            .into_iter()
            .flatten()
            .filter(|it| is(it, "showing"));
        shown
            .filter_map(|it| it["name"].as_str().map(str::to_owned))
            .collect()
    }

    /// Presses a button by the screen reader.
    ///
    /// # Errors
    ///
    /// When there is none of this name.
    pub fn press(&mut self, name: &str) -> anyhow::Result<()> {
        self.reads(name)?;
        Ok(self.desktop.assist("press", name)?)
    }

    /// Fills a field by the screen reader: the field of this name gets the keyboard, and the text is
    /// typed.
    ///
    /// # Errors
    ///
    /// When there is none of this name.
    pub fn fill(&mut self, name: &str, text: &str) -> anyhow::Result<()> {
        self.reads(name)?;
        self.desktop.assist("focus", name)?;
        self.has_keyboard(name)?;
        self.desktop.assist("type", text)?;
        // A button that is pressed by the screen reader overtakes what is typed.
        let length = text.chars().count();
        let what = format!("{name} holds what was typed");
        self.reads_one(&what, |it| {
            let text = it["text"].as_str().unwrap_or_default();
            it["name"] == name && text.chars().count() == length
        })?;
        Ok(())
    }

    /// Has another program copy this, and select it.
    ///
    /// # Errors
    ///
    /// When it can't.
    pub fn copies(&self, text: &str) -> anyhow::Result<()> {
        for which in SELECTIONS {
            self.desktop.copies(&self.computer.device, which, text)?;
        }
        Ok(())
    }

    /// What is copied, and what is selected.
    ///
    /// # Errors
    ///
    /// When it can't be asked.
    pub fn copied(&self) -> anyhow::Result<Vec<String>> {
        let held = |which| self.desktop.clipboard(&self.computer.device, which);
        Ok(SELECTIONS.into_iter().map(held).collect::<Result<_, _>>()?)
    }

    /// Drags the mouse over the middle half of what is seen of an element in this window: of a field,
    /// what is scrolled out has a place, too.
    ///
    /// # Errors
    ///
    /// When it is nowhere in it.
    pub fn drags_over(&self, window: &str, element: &Value) -> anyhow::Result<()> {
        let place: [i32; 4] = serde_json::from_value(element["place"].clone())?;
        let [left, top, width, height] = place;
        let geometry = self.xdotool(&["getwindowgeometry", "--shell", window])?;
        let number = |name: &str| -> anyhow::Result<i32> {
            let mut lines = geometry.lines();
            let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            Ok(value.with_context(|| geometry.clone())?.parse()?)
        };
        let edge = number("X")?;
        let right = (left + width).min(edge + number("WIDTH")?);
        let left = left.max(edge);
        ensure!(left < right, "{element} is not in {geometry}");
        let at = |quarters: i32| (left + (right - left) * quarters / 4).to_string();
        let y = (top + height / 2).to_string();
        // What scrolls waits a moment for whether a press becomes a stroke.
        self.xdotool(&["mousemove", &at(1), &y, "mousedown", "1", "sleep", "0.3"])?;
        self.xdotool(&["mousemove", &at(2), &y, "sleep", "0.1"])?;
        self.xdotool(&["mousemove", &at(3), &y, "sleep", "0.1", "mouseup", "1"])?;
        Ok(())
    }
}

/// Whether an element is in this state.
#[must_use]
pub fn is(element: &Value, state: &str) -> bool {
    let states = element["states"].as_array();
    states.is_some_and(|all| all.iter().any(|it| it == state))
}

/// The last event of a kind.
fn last<'a>(said: &'a [Value], event: &str) -> Option<&'a Value> {
    said.iter().rev().find(|line| line["event"] == event)
}

/// Waits until something is so.
///
/// # Errors
///
/// When it isn't in 10 s.
pub fn eventually<T>(
    what: &str,
    mut look: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match look()? {
            Some(found) => return Ok(found),
            None if Instant::now() > deadline => bail!("never came: {what}"),
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}
