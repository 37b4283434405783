//! Which notification macOS shows, and what is done where one is chosen.

use crate::view::{Act, Notice};

/// What a person chose, in the system's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chosen {
    /// The notification itself.
    Itself,
    /// Its button.
    Button,
    /// To be rid of it.
    Dismissed,
}

/// The one notification that is shown, if any.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// How many there were: each has a name of its own, so that taking one away takes no newer one.
    count: u64,
    acts: Option<(Act, Option<Act>)>,
}

impl Shown {
    /// Shows a new one: gives its name, and that of the one whose place it takes.
    pub(super) fn show(&mut self, notice: &Notice) -> (String, Option<String>) {
        let old = self.name();
        self.count += 1;
        let button = notice.button.as_ref().map(|choice| choice.act.clone());
        self.acts = Some((notice.open.clone(), button));
        (name(self.count), old)
    }

    /// Takes it away: gives its name.
    pub(super) fn withdraw(&mut self) -> Option<String> {
        let name = self.name();
        self.acts = None;
        name
    }

    /// The name of the one that is shown.
    pub(super) fn name(&self) -> Option<String> {
        self.acts.as_ref().map(|_| name(self.count))
    }

    /// What is done where a notification of that name is chosen; it is gone then.
    pub(super) fn chosen(&mut self, name: &str, chosen: Chosen) -> Option<Act> {
        if self.name().as_deref() != Some(name) {
            // Of an earlier start of the app: whatever it told, the present state knows better.
            return (chosen == Chosen::Itself).then_some(Act::OpenNeeded);
        }
        let (open, button) = self.acts.take()?;
        match chosen {
            Chosen::Itself => Some(open),
            Chosen::Button => button,
            Chosen::Dismissed => None,
        }
    }
}

fn name(count: u64) -> String {
    format!("lockstep-{count}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::Choice;

    fn notice(button: Option<Act>) -> Notice {
        Notice {
            title: String::new(),
            body: String::new(),
            open: Act::OpenStatus,
            open_label: String::new(),
            button: button.map(|act| Choice {
                label: String::new(),
                act,
            }),
        }
    }

    #[test]
    fn a_choice_does_what_the_notification_on_the_screen_says() {
        let mut shown = Shown::default();
        let (name, before) = shown.show(&notice(Some(Act::Later)));
        assert_eq!(before, None);
        assert_eq!(shown.chosen(&name, Chosen::Button), Some(Act::Later));
        // It went with that.
        assert_eq!(shown.withdraw(), None);
        let (name, _) = shown.show(&notice(None));
        assert_eq!(shown.chosen(&name, Chosen::Button), None);
        let (name, _) = shown.show(&notice(None));
        assert_eq!(shown.chosen(&name, Chosen::Itself), Some(Act::OpenStatus));
        let (name, _) = shown.show(&notice(Some(Act::Later)));
        assert_eq!(shown.chosen(&name, Chosen::Dismissed), None);
        assert_eq!(shown.name(), None);
    }

    #[test]
    fn a_new_notification_takes_the_place_of_the_old_one() {
        let mut shown = Shown::default();
        let (first, _) = shown.show(&notice(Some(Act::Later)));
        let (second, before) = shown.show(&notice(None));
        assert_eq!(before.as_deref(), Some(first.as_str()));
        assert_ne!(first, second);
        assert_eq!(shown.chosen(&first, Chosen::Button), None);
        assert_eq!(shown.withdraw(), Some(second));
        // One of an earlier start opens what the present state calls for.
        assert_eq!(
            shown.chosen("lockstep-9", Chosen::Itself),
            Some(Act::OpenNeeded)
        );
    }
}
