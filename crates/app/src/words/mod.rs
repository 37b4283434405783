//! The catalogue: every string that a person may see, in each language that the app speaks.
//!
//! The texts are Fluent files (projectfluent.org), one per language; a test holds that they have the
//! same messages with the same variables, and that every message is used.

mod when;

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};
use lockstep_model::code::Words as CodeWords;
use lockstep_model::{Code, StoreKind, Timestamp};
use lockstep_protocol::api::Organisation;
use unic_langid::{LanguageIdentifier, langid};

pub use when::Clock;

/// A language of the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// German.
    German,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// The one that a POSIX locale name asks for ("de_AT.UTF-8"), or English.
    #[must_use]
    pub fn of_locale(name: &str) -> Self {
        let language = name.split(['_', '-', '.', '@']).next().unwrap_or_default();
        if language.eq_ignore_ascii_case("de") {
            Self::German
        } else {
            Self::English
        }
    }

    /// The one that the environment asks for (POSIX, Environment Variables, 8.2).
    #[must_use]
    pub fn of_environment() -> Self {
        let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let name = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set);
        Self::of_locale(&name.unwrap_or_default())
    }

    fn id(self) -> LanguageIdentifier {
        match self {
            Self::English => langid!("en"),
            Self::German => langid!("de"),
        }
    }

    fn texts(self) -> &'static [&'static str] {
        match self {
            Self::English => &[include_str!("en.ftl")],
            Self::German => &[include_str!("de.ftl"), include_str!("codes.de.ftl")],
        }
    }
}

/// Which kind of computer is spoken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// A Mac.
    Macos,
    /// Any other computer.
    Other,
}

impl Platform {
    /// The one that this program was made for.
    pub const HERE: Self = if cfg!(target_os = "macos") {
        Self::Macos
    } else {
        Self::Other
    };
}

/// The words of one language, for one computer and one organisation.
pub struct Words {
    language: Language,
    platform: Platform,
    bundle: FluentBundle<FluentResource>,
    /// The organisation's name.
    pub org: String,
    /// The IT contact: name, e-mail, phone.
    pub it: String,
}

/// A value that a message leaves open.
pub type Value<'a> = (&'static str, FluentValue<'a>);

impl Words {
    /// The words of a language.
    #[must_use]
    pub fn new(language: Language, platform: Platform) -> Self {
        let mut bundle = FluentBundle::new(vec![language.id()]);
        // The marks would be drawn as boxes where a font has none.
        bundle.set_use_isolating(false);
        for text in language.texts() {
            // What a text has wrong a test finds; the rest of it is of use all the same.
            let resource = match FluentResource::try_new((*text).to_owned()) {
                Ok(resource) | Err((resource, _)) => resource,
            };
            bundle.add_resource_overriding(resource);
        }
        let mut words = Self {
            language,
            platform,
            bundle,
            org: "Lockstep".to_owned(),
            it: String::new(),
        };
        words.it = words.say("it-nobody");
        words
    }

    /// Takes the organisation's words.
    pub fn learn(&mut self, organisation: Option<&Organisation>) {
        let Some(organisation) = organisation else {
            self.org = "Lockstep".to_owned();
            self.it = self.say("it-nobody");
            return;
        };
        self.org.clone_from(&organisation.name);
        let contact = &organisation.it_contact;
        let parts = [&contact.name, &contact.email, &contact.phone];
        let parts: Vec<&str> = parts
            .into_iter()
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        self.it = parts.join(", ");
    }

    /// A message with nothing left open but what every message is given.
    #[must_use]
    pub fn say(&self, message: &'static str) -> String {
        self.say_with(message, [])
    }

    /// A message.
    #[must_use]
    pub fn say_with<'a, const N: usize>(
        &'a self,
        message: &'static str,
        values: [Value<'a>; N],
    ) -> String {
        self.format(message, values).unwrap_or_else(|| {
            debug_assert!(false, "the catalogue lacks {message}");
            message.to_owned()
        })
    }

    /// The sentence of a code.
    #[must_use]
    pub fn code(&self, code: Code) -> String {
        let name = format!("ls-{}", code.number());
        self.format(&name, []).unwrap_or_else(|| {
            let sentence = self.fill(code.sentence());
            // It names the store beside rows that call it as this computer does.
            let other = match self.platform {
                Platform::Macos => "keyring",
                Platform::Other => "keychain",
            };
            sentence.replace(other, self.keychain())
        })
    }

    /// A text of the agent's with what it leaves open filled in.
    #[must_use]
    pub fn fill(&self, text: &str) -> String {
        CodeWords {
            org: &self.org,
            pc: self.pc(),
            it: &self.it,
        }
        .put_into(text)
    }

    /// The same, if the person reads it: what the agent says without a code is English.
    #[must_use]
    pub fn fill_if_read(&self, text: &str) -> Option<String> {
        (self.language == Language::English).then(|| self.fill(text))
    }

    /// What a store is called where it stands alone.
    #[must_use]
    pub fn store(&self, kind: StoreKind) -> String {
        self.say(match kind {
            StoreKind::Account => "store-account",
            StoreKind::Keychain => "store-keychain",
            StoreKind::Disk => "store-disk",
        })
    }

    /// What a store is called within a sentence: "keychain".
    #[must_use]
    pub fn store_within(&self, kind: StoreKind) -> String {
        match (self.language, kind) {
            (_, StoreKind::Keychain) => self.keychain().to_owned(),
            (Language::English, StoreKind::Account) => "account".to_owned(),
            (Language::English, StoreKind::Disk) => "disk".to_owned(),
            (Language::German, StoreKind::Account) => "Konto".to_owned(),
            (Language::German, StoreKind::Disk) => "Festplatte".to_owned(),
        }
    }

    /// The computer, in a word.
    #[must_use]
    pub const fn pc(&self) -> &'static str {
        match (self.platform, self.language) {
            (Platform::Macos, _) => "Mac",
            (Platform::Other, Language::English) => "computer",
            (Platform::Other, Language::German) => "Computer",
        }
    }

    const fn keychain(&self) -> &'static str {
        match (self.platform, self.language) {
            (_, Language::German) => "Schlüsselbund",
            (Platform::Macos, Language::English) => "keychain",
            (Platform::Other, Language::English) => "keyring",
        }
    }

    /// A time in the past.
    #[must_use]
    pub fn when(&self, at: Timestamp, clock: &Clock) -> String {
        when::say(self, at, clock)
    }

    /// The day of a time in the past: "3 Nov".
    #[must_use]
    pub fn day(&self, at: Timestamp, clock: &Clock) -> String {
        when::day(self, at, clock)
    }

    /// The time of day of a time: "14:32".
    #[must_use]
    pub fn time(&self, at: Timestamp, clock: &Clock) -> String {
        when::time(at, clock)
    }

    fn format<'a, const N: usize>(
        &'a self,
        message: &str,
        values: [Value<'a>; N],
    ) -> Option<String> {
        let pattern = self.bundle.get_message(message)?.value()?;
        let mut open = FluentArgs::new();
        open.set("org", self.org.as_str());
        open.set("it", self.it.as_str());
        open.set("pc", self.pc());
        open.set("keychain", self.keychain());
        open.set(
            "platform",
            match self.platform {
                Platform::Macos => "macos",
                Platform::Other => "other",
            },
        );
        for (name, value) in values {
            open.set(name, value);
        }
        let mut faults = Vec::new();
        let text = self
            .bundle
            .format_pattern(pattern, Some(&open), &mut faults);
        debug_assert!(faults.is_empty(), "{message}: {faults:?}");
        Some(text.into_owned())
    }
}

/// Makes the first letter a capital: a time may begin a sentence.
#[must_use]
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests;
