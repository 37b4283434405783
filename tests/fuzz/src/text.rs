//! Lines and files: events, passwords, names, account files, the directory's own files.

use std::fs;

use lockstep_client::stream::Events;
use lockstep_directory::config::{self, Config, Files};
use lockstep_directory::core::names::{UserName, display_name};
use lockstep_directory::keys::Keys;
use lockstep_model::password::{MAX_BYTES, Names, Password, Policy};
use lockstep_model::{Code, Secret};
use lockstep_stores::linux::luks::header::{Header, Kdf};
use lockstep_stores::linux::{Etc, luks};

use crate::state::in_scratch;
use crate::{proportion, within};

/// A stream of events: the first byte says into how large pieces it was cut on the way.
pub(crate) fn events(data: &[u8]) {
    let Some((&size, text)) = data.split_first() else {
        return;
    };
    let read = |size: usize| {
        within(8192 + 8 * text.len(), || {
            let mut events = Events::default();
            let mut found = Vec::new();
            for piece in text.chunks(size.max(1)) {
                events.feed(piece).expect("it is short");
                found.extend(&mut events);
            }
            found
        })
    };
    let whole = read(text.len());
    assert_eq!(read(usize::from(size)), whole, "however it was cut");
    let bytes: usize = whole.iter().map(Vec::len).sum();
    assert!(bytes <= text.len());
    assert!(whole.iter().all(|data| !data.is_empty()));
}

/// What a person typed: as a present password and as a new one.
pub(crate) fn password(data: &[u8]) {
    let typed = Secret::copy_of(data);
    let names = Names {
        user_name: "anna",
        display_name: "Anna Bergström",
    };
    let normal = within(16 * 1024, || Password::normalise(&typed));
    let chosen = Password::choose(&typed, &Policy::default(), &names);
    let Ok(normal) = normal else {
        return assert!(chosen.is_err(), "what is refused is never chosen");
    };
    let bytes = normal.secret().expose();
    assert!((1..=MAX_BYTES).contains(&bytes.len()));
    let text = std::str::from_utf8(bytes).expect("normal text");
    assert!(!text.chars().any(char::is_control));
    // Lines and paragraphs are separated by what is no space to the rule (Zl, Zp).
    let other_space = |c: char| c.is_whitespace() && !" \u{2028}\u{2029}".contains(c);
    assert!(!text.contains(other_space));
    let again = Password::normalise(normal.secret()).expect("normal text is normal");
    assert!(again.same_as(&normal));
    if let Ok(chosen) = chosen {
        assert!(chosen.same_as(&normal), "chosen as it will be checked");
        assert!(text.chars().count() >= usize::from(Policy::default().min_length));
        assert!(!text.to_lowercase().contains("anna"));
    }
}

/// User names, shown names, addresses, codes.
pub(crate) fn names(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let typed = UserName::as_typed(text);
    assert!(typed.as_str().chars().count() <= 64);
    assert!(!typed.as_str().chars().any(char::is_control));
    assert_eq!(
        UserName::as_typed(typed.as_str().trim()).as_str(),
        typed.as_str().trim()
    );
    if let Ok(chosen) = UserName::choose(text) {
        assert_eq!(chosen, typed, "a chosen name is found as it is typed");
    }
    if let Ok(shown) = display_name(text) {
        assert!(!shown.is_empty() && !shown.chars().any(char::is_control));
    }
    if let Some(host) = config::host(text) {
        assert!(text.contains(host) && !host.is_empty());
    }
    if let Ok(code) = text.parse::<Code>() {
        assert_eq!(code.to_string(), text);
    }
}

/// passwd(5), shadow(5) and login.defs(5), all of one content.
pub(crate) fn account_files(data: &[u8]) {
    in_scratch(|folder| {
        for name in ["passwd", "shadow", "login.defs"] {
            fs::write(folder.join(name), data).expect("scratch");
        }
        let etc = Etc::at(folder);
        let limit = 8192 + 32 * data.len();
        if let Ok(Some(field)) = within(limit, || etc.shadow_field("anna")) {
            assert!(!field.expose().iter().any(|byte| b":\n".contains(byte)));
        }
        if let Ok(Some(account)) = within(limit, || etc.account_by_name("anna")) {
            assert_eq!(account.name, "anna");
        }
        if let Ok(Some(account)) = within(limit, || etc.account_by_uid(1000)) {
            assert_eq!(account.uid, 1000);
            assert!(!account.name.is_empty());
        }
        let _number = within(limit, || etc.uid_min());
    });
}

/// crypttab(5): what is found is a path, and never one that leaves its folder.
pub(crate) fn crypttab(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let entries = within(4096 + 64 * data.len(), || luks::crypttab::entries(&text));
    for entry in entries {
        assert!(!entry.name.is_empty() && entry.header.is_absolute());
        if entry.header.starts_with("/dev/disk") && !text.contains("/dev/disk") {
            assert_eq!(entry.header.components().count(), 5, "{entry:?}");
        }
    }
}

/// A LUKS2 header's metadata, as cryptsetup tells it.
pub(crate) fn disk_header(data: &[u8]) {
    let Ok(header) = within(proportion(data), || Header::parse(data)) else {
        return;
    };
    if let Some(free) = header.free_slot() {
        assert!(free < 32 && !header.slots.contains_key(&free));
    }
    if let Some(free) = header.free_token() {
        assert!(free < 32 && !header.tokens.contains_key(&free));
    }
    for (_, slot) in header.prompted() {
        let key = slot.key.as_ref().expect("what is asked for is understood");
        // These become arguments.
        let mut words = vec![&key.cipher];
        match &key.kdf {
            Kdf::Argon2 { variant, .. } => words.push(variant),
            Kdf::Pbkdf2 { hash, .. } => words.push(hash),
        }
        for word in words {
            assert!(!word.is_empty() && !word.starts_with('-') && word.len() <= 64);
            assert!(word.bytes().all(|byte| byte.is_ascii_graphic()));
        }
    }
}

/// `directory.toml`, as an admin may leave it.
pub(crate) fn configuration(data: &[u8]) {
    in_scratch(|folder| {
        let files = Files {
            folder: folder.to_owned(),
        };
        fs::write(files.config(), data).expect("scratch");
        if let Ok(config) = Config::load(&files) {
            assert!(config.check().is_ok());
            let written = toml::to_string(&config).expect("it has a form");
            fs::write(files.config(), written).expect("scratch");
            let again = Config::load(&files).expect("what is written is read");
            assert_eq!(format!("{again:?}"), format!("{config:?}"));
        }
    });
}

/// `directory.key`.
pub(crate) fn key_file(data: &[u8]) {
    in_scratch(|folder| {
        let path = folder.join("directory.key");
        fs::write(&path, data).expect("scratch");
        if let Ok(keys) = Keys::load(&path) {
            let copy = folder.join("copy.key");
            keys.save(&copy).expect("scratch");
            let again = Keys::load(&copy).expect("what is written is read");
            assert_eq!(again.realm_key(), keys.realm_key());
            assert_eq!(again.pseudo_person("x"), keys.pseudo_person("x"));
        }
    });
}
