use std::collections::{BTreeMap, BTreeSet};

use fluent_bundle::FluentResource;
use jiff::tz::TimeZone;
use lockstep_protocol::api::ItContact;

use super::*;

/// Each message of a language, with the variables that it names.
fn messages(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let mut all = BTreeMap::new();
    for text in language.texts() {
        let resource = FluentResource::try_new((*text).to_owned());
        assert!(resource.is_ok(), "{language:?}: a text has faults");
        let mut name = None;
        for line in text.lines() {
            if let Some((key, _)) = line.split_once(" = ")
                && !line.starts_with([' ', '#'])
            {
                name = Some(key.to_owned());
                all.insert(key.to_owned(), BTreeSet::new());
            }
            let variables = line.split('$').skip(1).map(|rest| {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric());
                rest[..end.unwrap_or(rest.len())].to_owned()
            });
            if let Some(known) = name.as_ref().and_then(|name| all.get_mut(name)) {
                known.extend(variables);
            }
        }
    }
    all
}

/// What every message is given may be left out by one language.
const GIVEN: [&str; 5] = ["org", "it", "pc", "keychain", "platform"];

#[test]
fn both_languages_say_the_same() {
    let (english, mut german) = (messages(Language::English), messages(Language::German));
    for code in Code::ALL {
        let name = format!("ls-{}", code.number());
        let variables = german.remove(&name);
        let variables = variables.unwrap_or_else(|| panic!("{name} is not in German"));
        let said = code.sentence();
        for open in ["org", "pc", "it"] {
            let (wanted, found) = (
                said.contains(&format!("{{{open}}}")),
                variables.contains(open),
            );
            // "Ihre IT" stands for itself, and German may name the computer where English needs not.
            assert!(!wanted || found || open == "it", "{name}: ${open}");
        }
    }
    let names = |all: &BTreeMap<String, _>| all.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&english), names(&german));
    for (name, variables) in &english {
        let own = |variables: &BTreeSet<String>| {
            let own = variables.iter().filter(|it| !GIVEN.contains(&it.as_str()));
            own.cloned().collect::<BTreeSet<_>>()
        };
        assert_eq!(own(variables), own(&german[name]), "{name}");
    }
}

#[test]
fn every_message_is_used_and_none_is_missing() {
    let sources = concat!(
        include_str!("../core/acts.rs"),
        include_str!("../core/tray.rs"),
        include_str!("../core/windows/mod.rs"),
        include_str!("../core/windows/aside.rs"),
        include_str!("../core/windows/asking.rs"),
        include_str!("../core/windows/change.rs"),
        include_str!("../core/windows/link.rs"),
        include_str!("../core/windows/notices.rs"),
        include_str!("../core/windows/rows.rs"),
        include_str!("../core/windows/rules.rs"),
        include_str!("../core/windows/status.rs"),
        include_str!("../core/windows/told.rs"),
        include_str!("../shell/drawing.rs"),
        include_str!("../shell/run.rs"),
        include_str!("mod.rs"),
        include_str!("when.rs"),
    );
    for name in messages(Language::English).keys() {
        assert!(
            sources.contains(&format!("\"{name}\"")),
            "{name} is not used"
        );
    }
}

#[test]
fn times_and_counts_are_said_as_people_say_them() {
    let clock = Clock {
        now: Timestamp(1_793_712_780_000),
        zone: TimeZone::UTC,
    };
    let (today, before) = (clock.now, Timestamp(clock.now.0 - 3 * 86_400_000));
    let english = Words::new(Language::English, Platform::Macos);
    let german = Words::new(Language::German, Platform::Other);
    assert_eq!(english.when(today, &clock), "today at 13:33");
    assert_eq!(english.when(before, &clock), "Sat 31 Oct, 13:33");
    assert_eq!(german.when(before, &clock), "Sa. 31. Oktober, 13:33");
    let tries = |words: &Words, tries: u32| {
        let store = words.store_within(StoreKind::Keychain);
        words.say_with(
            "old-wrong",
            [("store", store.into()), ("tries", tries.into())],
        )
    };
    assert_eq!(
        tries(&english, 1),
        "That doesn't open your keychain. Nothing was changed. 1 try left."
    );
    assert!(tries(&german, 2).ends_with("Noch 2 Versuche."));
    assert_eq!(english.pc(), "Mac");
}

#[test]
fn the_environment_chooses_the_language() {
    for (name, language) in [
        ("de_AT.UTF-8", Language::German),
        ("de", Language::German),
        ("den_XX", Language::English),
        ("C", Language::English),
        ("", Language::English),
    ] {
        assert_eq!(Language::of_locale(name), language, "{name}");
    }
}

#[test]
fn the_organisation_lends_its_words() {
    let mut words = Words::new(Language::English, Platform::Other);
    let organisation = Organisation {
        name: "Linden Works".into(),
        it_contact: ItContact {
            name: "Sam Ito".into(),
            email: String::new(),
            phone: "1".into(),
        },
        policy: lockstep_model::password::Policy::default(),
        logo: None,
        reminder_hours: 4,
    };
    words.learn(Some(&organisation));
    assert_eq!(words.say("help"), "Help: Sam Ito, 1");
    assert_eq!(
        words.code(Code::DirectoryUnreachable),
        "Can't reach Linden Works. Nothing was changed."
    );
    words.learn(None);
    assert_eq!(words.say("help"), "Help: your IT team");
}

#[test]
fn a_code_calls_the_keychain_as_the_rows_do() {
    for (platform, other) in [(Platform::Other, "keychain"), (Platform::Macos, "keyring")] {
        let words = Words::new(Language::English, platform);
        for code in Code::ALL {
            let said = words.code(*code);
            assert!(!said.contains(other), "{said}");
        }
    }
}

#[test]
fn what_only_english_says_is_said_to_nobody_else() {
    let next = "Run lockstep doctor.";
    let read = |language| Words::new(language, Platform::Other).fill_if_read(next);
    assert_eq!(read(Language::English).as_deref(), Some(next));
    assert_eq!(read(Language::German), None);
}
