//! What becomes of each saved password of an old keyring.
//!
//! | in the present keyring | then |
//! |---|---|
//! | nothing of these attributes | it is added |
//! | the same attributes and secret | nothing |
//! | the same attributes, another secret | it is added, and its label says from when it is |
//!
//! So nothing is replaced, and the same again adds nothing. Two of one old keyring that have their
//! attributes in common had them before, too: only what was there already makes two of one.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use lockstep_model::{Code, Secret};
use lockstep_protocol::keyring::Reopened;
use lockstep_stores::Refusal;

use crate::service::{About, Attributes, Content, Item, Keyring, Silence};

/// How long all of it may take; a thousand saved passwords take seconds.
const ALL: Duration = Duration::from_secs(300);

/// What tells a program's schema, and not what a secret is for.
const SCHEMA: &str = "xdg:schema";

/// What the daemon says of an item without a schema once it has read it from a file, and not before.
const NO_SCHEMA: &str = "org.freedesktop.Secret.Generic";

/// What stands between a label and the day that an old one is from.
const FROM: &str = " (from ";

/// Adds what is in the old keyring to the present one; counts go up as it is done.
///
/// # Errors
///
/// [`Code::KeyringLocked`], [`Code::KeychainUnreachable`] and [`Code::NoKeyringSession`] where
/// nothing was added, else [`Code::ReopenUnfinished`].
pub(crate) async fn merge(
    old: &Keyring,
    present: &Keyring,
    day: &str,
    counts: &mut Reopened,
) -> Result<(), Refusal> {
    let merged = add_all(old, present, day, counts).await;
    merged.map_err(|refusal| {
        if counts.added + counts.kept_both == 0 {
            return refusal;
        }
        let (added, beside) = (counts.added, counts.kept_both);
        let detail = format!(
            "{added} added, {beside} beside others, then: {}",
            refusal.detail
        );
        Refusal::new(Code::ReopenUnfinished, detail)
    })
}

async fn add_all(
    old: &Keyring,
    present: &Keyring,
    day: &str,
    counts: &mut Reopened,
) -> Result<(), Refusal> {
    let end = Instant::now() + ALL;
    let mut known = Known::of(present).await?;
    for item in old.items().await.map_err(unreachable)? {
        if Instant::now() > end {
            return Err(unreachable(Silence::Lost("it takes too long".into())));
        }
        let (mut about, content) = match read(old, &item).await {
            Ok(found) => found,
            Err(Silence::Refused(_)) => {
                counts.unreadable += 1;
                continue;
            }
            Err(silence @ Silence::Lost(_)) => return Err(unreachable(silence)),
        };
        let found = compare(present, known.beside(&about), &content.secret).await?;
        let count = match found {
            Found::Same => {
                counts.identical += 1;
                continue;
            }
            Found::Nothing => &mut counts.added,
            Found::Others => {
                about.label = format!("{}{FROM}{day})", about.label);
                &mut counts.kept_both
            }
        };
        let item = present.add(&about, &content).await;
        known.note(about, item.map_err(refused)?, true);
        *count += 1;
    }
    Ok(())
}

async fn read(keyring: &Keyring, item: &Item) -> Result<(About, Content), Silence> {
    Ok((keyring.about(item).await?, keyring.content(item).await?))
}

/// What a keyring holds of the same kind as one saved password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    Same,
    Others,
}

/// Looks for a secret among these.
async fn compare(
    present: &Keyring,
    beside: impl Iterator<Item = &Entry>,
    secret: &Secret,
) -> Result<Found, Refusal> {
    let mut found = Found::Nothing;
    for entry in beside {
        if !entry.added {
            found = Found::Others;
        }
        match present.content(&entry.item).await {
            Ok(content) if content.secret.same_as(secret) => return Ok(Found::Same),
            // One that can't be read may be another, so both are kept.
            Ok(_) | Err(Silence::Refused(_)) => {}
            Err(silence @ Silence::Lost(_)) => return Err(unreachable(silence)),
        }
    }
    Ok(found)
}

/// What the present keyring holds, by what it is looked up by.
#[derive(Default)]
struct Known(HashMap<Attributes, Vec<Entry>>);

struct Entry {
    label: String,
    item: Item,
    /// It came from the old keyring just now.
    added: bool,
}

impl Known {
    async fn of(present: &Keyring) -> Result<Self, Refusal> {
        let mut known = Self::default();
        for item in present.items().await.map_err(unreachable)? {
            match present.about(&item).await {
                Ok(about) => known.note(about, item, false),
                // One that was removed meanwhile isn't there.
                Err(Silence::Refused(_)) => {}
                Err(silence @ Silence::Lost(_)) => return Err(unreachable(silence)),
            }
        }
        Ok(known)
    }

    fn note(&mut self, about: About, item: Item, added: bool) {
        let of_these = self.0.entry(key(&about.attributes)).or_default();
        of_these.push(Entry {
            label: about.label,
            item,
            added,
        });
    }

    /// Those of the same attributes; where these tell nothing, as with notes that a person made by
    /// hand, those of the same label, too.
    fn beside<'a>(&'a self, about: &'a About) -> impl Iterator<Item = &'a Entry> {
        let telling = about.attributes.keys().any(|name| name != SCHEMA);
        let of_these = self.0.get(&key(&about.attributes)).into_iter().flatten();
        of_these.filter(move |entry| telling || is_of(&entry.label, &about.label))
    }
}

/// Attributes, alike before and after the daemon has read them from a file.
fn key(attributes: &Attributes) -> Attributes {
    let mut key = attributes.clone();
    key.retain(|name, value| name != SCHEMA || value != NO_SCHEMA);
    key
}

/// Whether a label is another one, or that of an old one kept beside it.
fn is_of(label: &str, other: &str) -> bool {
    let rest = label.strip_prefix(other);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(FROM))
}

fn unreachable(silence: Silence) -> Refusal {
    Refusal::new(Code::KeychainUnreachable, silence.to_string())
}

fn refused(silence: Silence) -> Refusal {
    let code = match &silence {
        Silence::Refused(detail) if detail.ends_with(".IsLocked") => Code::KeyringLocked,
        Silence::Refused(_) | Silence::Lost(_) => Code::KeychainUnreachable,
    };
    Refusal::new(code, silence.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(label: &str, attributes: &[(&str, &str)]) -> About {
        About {
            label: label.into(),
            attributes: attributes
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
        }
    }

    #[test]
    fn what_is_the_same_is_told_by_attributes_and_else_by_the_label() {
        let mut known = Known::default();
        let note = [(SCHEMA, "org.gnome.keyring.Note")];
        let wifi = [(SCHEMA, "network"), ("ssid", "home")];
        for (number, about) in [
            about("Home", &wifi),
            about("Home (from 3 Nov)", &wifi),
            about("Door", &note),
            about("Door (from 3 Nov)", &note),
            about("Doorbell", &note),
        ]
        .into_iter()
        .enumerate()
        {
            let item = Item::try_from(format!("/{number}")).unwrap();
            known.note(about, item, false);
        }
        let beside = |known: &Known, label: &str, attributes: &[(&str, &str)]| {
            let about = about(label, attributes);
            let items: Vec<String> = known.beside(&about).map(|it| it.item.to_string()).collect();
            items.join(" ")
        };
        assert_eq!(beside(&known, "Wireless", &wifi), "/0 /1");
        assert_eq!(
            beside(&known, "Home", &[("ssid", "home")]),
            "",
            "another program's"
        );
        assert_eq!(beside(&known, "Door", &note), "/2 /3");
        assert_eq!(beside(&known, "Garage", &note), "");
        assert_eq!(beside(&known, "Door", &[]), "");
        let item = Item::try_from("/9").unwrap();
        known.note(about("Mail", &[("host", "x")]), item, false);
        let reread = [(SCHEMA, NO_SCHEMA), ("host", "x")];
        let items = known.beside(&about("Mail", &reread)).count();
        assert_eq!(items, 1, "the daemon has read it from a file meanwhile");
    }
}
