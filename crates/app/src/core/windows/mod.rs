//! Each window as a [`View`], made of the state alone.

mod aside;
mod asking;
mod change;
mod link;
pub(super) mod notices;
mod rows;
mod rules;
mod status;
mod told;

use lockstep_model::{Channel, Code, Provenance};

pub(super) use link::suggestion;

use super::Core;
use super::screen::Screen;
use crate::view::{Act, Button, Choice, Field, Head, Line, Page, Tone, View};

pub(super) fn view(core: &Core, screen: &Screen) -> View {
    match screen {
        Screen::Changed(changed) => asking::changed(core, changed),
        Screen::Code { fault, busy } => asking::code(core, *fault, *busy),
        Screen::Own { fault, busy } => asking::own(core, *fault, *busy),
        Screen::Old {
            fault,
            unrecovered,
            wrong,
            busy,
        } => asking::old(core, *fault, *unrecovered, *wrong, *busy),
        Screen::Cost(stores) => asking::cost(core, stores),
        Screen::Work => told::work(core),
        Screen::InSync { others, notices } => told::in_sync(core, *others, notices),
        Screen::Stopped {
            failure,
            again,
            copied,
            ..
        } => told::stopped(core, failure, again.is_some(), *copied),
        Screen::Offline => told::offline(core),
        Screen::Status => status::status(core),
        Screen::Change(change) => change::change(core, change),
        Screen::Aside(aside) => aside::aside(core, aside),
        Screen::Link(link) => link::link(core, link),
        Screen::Disown { reported, busy } => told::disown(core, *reported, *busy),
        Screen::About => told::about(core),
        Screen::Help {
            findings,
            fault,
            busy,
            copied,
        } => View {
            banner: fault.map(|code| core.words.code(code)),
            ..told::help(core, findings.as_deref(), *busy, *copied)
        },
    }
}

impl Core {
    /// An empty window.
    fn window(&self, page: Page, heading: String) -> View {
        let words = &self.words;
        let who = self.binding().map_or_else(String::new, |binding| {
            words.say_with(
                "who",
                [
                    ("user", binding.user_name.clone().into()),
                    ("computer", self.computer.clone().into()),
                ],
            )
        });
        let known = self.known.as_ref();
        let title = if known.is_some_and(|it| it.organisation.is_some()) {
            words.say("title")
        } else {
            words.org.clone()
        };
        View {
            head: Head {
                org: words.org.clone(),
                who,
                phrase: None,
                logo: words.say("logo"),
            },
            heading,
            help: words.say("help"),
            ..View::blank(page, title)
        }
    }

    /// A window that asks for a password: the person's phrase is on it.
    fn asking(&self, page: Page, heading: String) -> View {
        let mut view = self.window(page, heading);
        let phrase = self.binding().and_then(|binding| binding.phrase.clone());
        view.head.phrase =
            phrase.map(|phrase| self.words.say_with("phrase", [("phrase", phrase.into())]));
        view
    }

    fn line(&self, message: &'static str) -> Line {
        plain(self.words.say(message))
    }

    fn muted(&self, message: &'static str) -> Line {
        Line {
            text: self.words.say(message),
            tone: Tone::Muted,
        }
    }

    fn choice(&self, message: &'static str, act: Act) -> Choice {
        Choice {
            label: self.words.say(message),
            act,
        }
    }

    fn button(&self, message: &'static str, act: Act) -> Button {
        Button {
            label: self.words.say(message),
            act,
            default: false,
            busy: false,
            danger: false,
        }
    }

    /// The button that Return presses; "Checking…" while an answer is on its way.
    fn default_button(&self, message: &'static str, act: Act, busy: bool) -> Button {
        Button {
            default: true,
            busy,
            ..self.button(if busy { "checking" } else { message }, act)
        }
    }

    /// A field for a secret.
    fn secret(&self, slot: usize, message: &'static str) -> Field {
        let label = self.words.say(message);
        Field {
            slot,
            show_name: self
                .words
                .say_with("show-name", [("field", label.clone().into())]),
            label,
            hint: String::new(),
            fault: String::new(),
            secret: true,
        }
    }

    /// How a password came to be: "in the portal".
    fn how(&self, changed: &Provenance) -> String {
        let client = || [("client", changed.client.clone().into())];
        match changed.channel {
            Channel::Portal => self.words.say("how-portal"),
            Channel::Computer if changed.client == self.computer => self.words.say("how-here"),
            Channel::Computer => self.words.say_with("how-computer", client()),
            Channel::ResetLink => self.words.say("how-reset"),
            Channel::Admin => self.words.say_with("how-admin", client()),
            Channel::Invitation => self.words.say("how-invitation"),
        }
    }

    /// When a password came to be: "today at 14:32".
    fn when(&self, changed: &Provenance) -> String {
        self.words.when(changed.at, &self.clock)
    }

    /// The sentence of a code for a field: what was wrong with what was typed.
    fn fault_of(&self, code: Code) -> String {
        if code == Code::Blank {
            self.words.say("type-it")
        } else if code == Code::RepeatDiffers {
            self.words.say("differs")
        } else {
            self.words.code(code)
        }
    }
}

fn plain(text: String) -> Line {
    Line {
        text,
        tone: Tone::Plain,
    }
}
