//! Our token: which slot is ours, and which slots the person's former passwords opened.
//!
//! A slot's number alone names nothing, since a number is used again as soon as it is free. So each
//! number comes with the salt that its slot had, which is drawn anew whenever a slot is written.

use std::collections::BTreeMap;

use lockstep_model::{BindingId, Epoch, Generation};
use serde::{Deserialize, Serialize};

use super::header::{Header, Slot};

/// The type of our tokens.
const KIND: &str = "lockstep";

/// A token of a binding, as it is in the header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mine {
    #[serde(rename = "type")]
    kind: String,
    /// The slot that opens with the person's present password, once there is one.
    keyslots: Vec<String>,
    /// Whose it is.
    pub(super) binding: BindingId,
    /// Which password it is, if that was known.
    #[serde(default)]
    pub(super) epoch: Option<Epoch>,
    #[serde(default)]
    pub(super) generation: Option<Generation>,
    /// The slots that former passwords opened.
    replaces: Vec<String>,
    /// The salts of all these slots.
    salts: BTreeMap<String, String>,
    /// The boot in which the slot was made.
    pub(super) boot: String,
    /// Whether the computer was started with the password since.
    #[serde(default)]
    pub(super) confirmed: bool,
}

impl Mine {
    /// A token that marks nothing yet.
    pub(super) fn new(binding: BindingId, boot: String) -> Self {
        Self {
            kind: KIND.to_owned(),
            keyslots: Vec::new(),
            binding,
            epoch: None,
            generation: None,
            replaces: Vec::new(),
            salts: BTreeMap::new(),
            boot,
            confirmed: false,
        }
    }

    /// The token of a binding, and its number; `None` where there is none.
    ///
    /// # Errors
    ///
    /// When it has one that isn't understood.
    pub(super) fn of(
        header: &Header,
        binding: BindingId,
    ) -> serde_json::Result<Option<(u32, Self)>> {
        let binding = binding.to_string();
        let named = |whole: &serde_json::Value| {
            whole.get("binding").and_then(serde_json::Value::as_str) == Some(&binding)
        };
        let found = header
            .tokens
            .iter()
            .find(|(_, token)| token.kind == KIND && named(&token.whole));
        found
            .map(|(number, token)| Ok((*number, Self::deserialize(&token.whole)?)))
            .transpose()
    }

    /// The tokens of all bindings that are understood.
    pub(super) fn all(header: &Header) -> Vec<Self> {
        let tokens = header.tokens.values().filter(|token| token.kind == KIND);
        tokens
            .filter_map(|token| Self::deserialize(&token.whole).ok())
            .collect()
    }

    /// Whether this slot, as it is now, is the one that the token marks as ours.
    pub(super) fn marks(&self, number: u32, slot: &Slot) -> bool {
        self.has(&self.keyslots, number, slot)
    }

    /// Whether this slot, as it is now, opened with a former password, or was ours before.
    pub(super) fn replaces(&self, number: u32, slot: &Slot) -> bool {
        self.has(&self.replaces, number, slot)
    }

    /// Whether the slot with this number is the only one that it calls ours.
    pub(super) fn marks_only(&self, number: u32) -> bool {
        self.keyslots == [number.to_string()]
    }

    /// Says anew which slots are meant, all of them as they are in the header now.
    pub(super) fn set(&mut self, header: &Header, ours: &[u32], replaced: &[u32]) {
        let texts = |numbers: &[u32]| numbers.iter().map(u32::to_string).collect();
        self.keyslots = texts(ours);
        self.replaces = texts(replaced);
        self.salts = ours
            .iter()
            .chain(replaced)
            .filter_map(|number| {
                let slot = header.slots.get(number)?;
                Some((number.to_string(), slot.salt.clone()))
            })
            .collect();
    }

    fn has(&self, numbers: &[String], number: u32, slot: &Slot) -> bool {
        let number = number.to_string();
        numbers.contains(&number) && self.salts.get(&number) == Some(&slot.salt)
    }
}
