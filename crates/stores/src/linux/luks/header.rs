//! A LUKS2 header as cryptsetup tells it (`luksDump --dump-json-metadata`), and who it is.
//!
//! Format: LUKS2 On-Disk Format Specification 1.1. Only what is needed is read, and within limits.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::cryptsetup::is_plain_word;

/// The most bytes of metadata: no header area is larger.
pub const MAX_JSON: usize = 4 * 1024 * 1024;

/// How many slots, and how many tokens, a header can have (`LUKS2_KEYSLOTS_MAX`).
const MAX_ENTRIES: u32 = 32;

/// What is read of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The key slots, by number.
    pub slots: BTreeMap<u32, Slot>,
    /// The tokens, by number.
    pub tokens: BTreeMap<u32, Token>,
    /// What a program has to understand before it may write (`requirements`).
    pub requirements: Vec<String>,
    /// Where key slot areas begin and end, in bytes.
    areas: (u64, u64),
}

/// One key slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// How to make another one like it; `None` where it is of a kind that isn't understood.
    pub key: Option<Key>,
    /// Whether it holds the key of the disk's data.
    pub bound: bool,
    /// When a boot prompt tries it.
    pub priority: Priority,
    /// The salt of its key derivation: another one as soon as the slot is written again.
    pub salt: String,
    /// Where its key material begins, and its length, in bytes.
    pub area: (u64, u64),
}

/// How a slot keeps its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// What makes guessing slow.
    pub kdf: Kdf,
    /// The cipher of the key material.
    pub cipher: String,
    /// The length of the cipher's key.
    pub cipher_bytes: u32,
}

/// A key derivation function and its cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kdf {
    /// RFC 9106.
    Argon2 {
        /// `argon2i` or `argon2id`.
        variant: String,
        /// Passes.
        time: u32,
        /// KiB.
        memory: u32,
        /// Lanes.
        cpus: u32,
    },
    /// RFC 8018, 5.2: the only one that older GRUB opens.
    Pbkdf2 {
        /// Its hash.
        hash: String,
        /// How often.
        iterations: u32,
    },
}

/// When a boot prompt tries a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Never.
    Ignore,
    /// After those that are preferred.
    Normal,
    /// First.
    Prefer,
}

/// One token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its `type`.
    pub kind: String,
    /// The slots that it names.
    pub slots: BTreeSet<u32>,
    /// All of it.
    pub whole: Value,
}

/// A header that makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum HeaderFault {
    /// It is longer than any.
    #[error("the header's metadata is longer than {MAX_JSON} bytes")]
    TooLong,
    /// It is no JSON of the right shape.
    #[error("the header's metadata isn't understood: {0}")]
    Shape(#[from] serde_json::Error),
    /// A number that can't be.
    #[error("the header's metadata has a bad {0}")]
    Bad(&'static str),
}

impl Header {
    /// Reads the metadata.
    ///
    /// # Errors
    ///
    /// [`HeaderFault`].
    pub fn parse(json: &[u8]) -> Result<Self, HeaderFault> {
        if json.len() > MAX_JSON {
            return Err(HeaderFault::TooLong);
        }
        let raw: Raw = serde_json::from_slice(json)?;
        let mut bound = BTreeSet::new();
        for digest in raw.digests.values() {
            if !digest.segments.is_empty() {
                bound.extend(numbers(&digest.keyslots)?);
            }
        }
        let mut slots = BTreeMap::new();
        for (number, slot) in &raw.keyslots {
            let number = number_of(number)?;
            slots.insert(number, Slot::read(slot, bound.contains(&number))?);
        }
        let mut tokens = BTreeMap::new();
        for (number, whole) in raw.tokens {
            let RawToken { kind, keyslots } = Deserialize::deserialize(&whole)?;
            let slots = numbers(&keyslots)?;
            tokens.insert(number_of(&number)?, Token { kind, slots, whole });
        }
        let json_size = size(&raw.config.json_size, "json_size")?;
        // Two copies of a binary header of 4096 bytes and its metadata.
        let start = json_size
            .checked_add(4096)
            .and_then(|one| one.checked_mul(2));
        let length = size(&raw.config.keyslots_size, "keyslots_size")?;
        let end = start.and_then(|start| start.checked_add(length));
        let areas = start.zip(end).ok_or(HeaderFault::Bad("size"))?;
        Ok(Self {
            slots,
            tokens,
            requirements: raw.config.requirements.mandatory,
            areas,
        })
    }

    /// The first slot number that is free, where there is room for key material as long as the
    /// longest that is there.
    #[must_use]
    pub fn free_slot(&self) -> Option<u32> {
        let free = (0..MAX_ENTRIES).find(|number| !self.slots.contains_key(number))?;
        let length = self.slots.values().map(|slot| slot.area.1).max()?;
        let mut areas: Vec<(u64, u64)> = self.slots.values().map(|slot| slot.area).collect();
        areas.sort_unstable();
        let mut at = self.areas.0;
        for (start, taken) in areas {
            if start.checked_sub(at).is_some_and(|gap| gap >= length) {
                return Some(free);
            }
            at = at.max(start.saturating_add(taken));
        }
        let gap = self.areas.1.checked_sub(at)?;
        (gap >= length).then_some(free)
    }

    /// The first token number that is free.
    #[must_use]
    pub fn free_token(&self) -> Option<u32> {
        (0..MAX_ENTRIES).find(|number| !self.tokens.contains_key(number))
    }

    /// The slots that a boot prompt tries: of a known kind, and with the key of the data.
    pub fn prompted(&self) -> impl Iterator<Item = (u32, &Slot)> {
        let asked = |slot: &Slot| slot.key.is_some() && slot.priority != Priority::Ignore;
        self.slots
            .iter()
            .filter(move |(_, slot)| slot.bound && asked(slot))
            .map(|(number, slot)| (*number, slot))
    }
}

impl Slot {
    fn read(value: &Value, bound: bool) -> Result<Self, HeaderFault> {
        let raw: RawSlot = Deserialize::deserialize(value)?;
        let priority = match raw.priority {
            Some(0) => Priority::Ignore,
            Some(2) => Priority::Prefer,
            Some(_) | None => Priority::Normal,
        };
        let salt = raw.kdf.as_ref().and_then(|kdf| kdf.salt.clone());
        let area = (
            size(&raw.area.offset, "offset")?,
            size(&raw.area.size, "size")?,
        );
        let key = match (raw.kind.as_str(), raw.kdf, &salt) {
            ("luks2", Some(kdf), Some(_)) => {
                kdf.read()
                    .zip(raw.area.cipher())
                    .map(|(kdf, (cipher, cipher_bytes))| Key {
                        kdf,
                        cipher,
                        cipher_bytes,
                    })
            }
            _ => None,
        };
        Ok(Self {
            key,
            bound,
            priority,
            salt: salt.unwrap_or_default(),
            area,
        })
    }
}

#[derive(Deserialize)]
struct Raw {
    keyslots: BTreeMap<String, Value>,
    tokens: BTreeMap<String, Value>,
    digests: BTreeMap<String, RawDigest>,
    config: RawConfig,
}

#[derive(Deserialize)]
struct RawSlot {
    #[serde(rename = "type")]
    kind: String,
    priority: Option<u8>,
    area: RawArea,
    kdf: Option<RawKdf>,
}

#[derive(Deserialize)]
struct RawArea {
    offset: String,
    size: String,
    encryption: Option<String>,
    key_size: Option<u32>,
}

#[derive(Deserialize)]
struct RawKdf {
    #[serde(rename = "type")]
    kind: String,
    salt: Option<String>,
    time: Option<u32>,
    memory: Option<u32>,
    cpus: Option<u32>,
    hash: Option<String>,
    iterations: Option<u32>,
}

#[derive(Deserialize)]
struct RawToken {
    #[serde(rename = "type")]
    kind: String,
    keyslots: Vec<String>,
}

#[derive(Deserialize)]
struct RawDigest {
    keyslots: Vec<String>,
    segments: Vec<String>,
}

#[derive(Deserialize)]
struct RawConfig {
    json_size: String,
    keyslots_size: String,
    #[serde(default)]
    requirements: RawRequirements,
}

#[derive(Default, Deserialize)]
struct RawRequirements {
    #[serde(default)]
    mandatory: Vec<String>,
}

impl RawArea {
    /// The cipher and its key's length, where they may be said to cryptsetup.
    fn cipher(self) -> Option<(String, u32)> {
        let bytes = self.key_size.filter(|bytes| (1..=1024).contains(bytes))?;
        let cipher = self.encryption.filter(|cipher| is_plain_word(cipher))?;
        Some((cipher, bytes))
    }
}

impl RawKdf {
    fn read(self) -> Option<Kdf> {
        match self.kind.as_str() {
            "argon2i" | "argon2id" => Some(Kdf::Argon2 {
                variant: self.kind,
                time: self.time?,
                memory: self.memory?,
                cpus: self.cpus?,
            }),
            "pbkdf2" => Some(Kdf::Pbkdf2 {
                hash: self.hash.filter(|hash| is_plain_word(hash))?,
                iterations: self.iterations?,
            }),
            _ => None,
        }
    }
}

fn numbers(texts: &[String]) -> Result<BTreeSet<u32>, HeaderFault> {
    texts.iter().map(|text| number_of(text)).collect()
}

/// A number of a slot or token, written in the one way that there is.
fn number_of(text: &str) -> Result<u32, HeaderFault> {
    let number: Option<u32> = text.parse().ok();
    number
        .filter(|number| *number < MAX_ENTRIES && number.to_string() == text)
        .ok_or(HeaderFault::Bad("number"))
}

fn size(text: &str, what: &'static str) -> Result<u64, HeaderFault> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(HeaderFault::Bad(what));
    }
    text.parse().map_err(|_| HeaderFault::Bad(what))
}

/// What the first bytes of a device say it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// LUKS2, with this UUID.
    Luks2(String),
    /// LUKS of another version.
    Luks(u16),
    /// Something else, or a damaged header.
    Other,
}

/// Reads the binary header: magic, version and UUID, at fixed places.
pub(super) fn identify(device: &Path) -> io::Result<Kind> {
    let mut bytes = Vec::with_capacity(208);
    File::open(device)?.take(208).read_to_end(&mut bytes)?;
    Ok(kind_of(&bytes))
}

fn kind_of(bytes: &[u8]) -> Kind {
    let Some((b"LUKS\xba\xbe", [high, low])) = bytes.get(..6).zip(bytes.get(6..8)) else {
        return Kind::Other;
    };
    let version = u16::from_be_bytes([*high, *low]);
    if version != 2 {
        return Kind::Luks(version);
    }
    let uuid = bytes.get(168..208).and_then(|field| {
        let end = field.iter().position(|byte| *byte == 0)?;
        std::str::from_utf8(&field[..end]).ok()
    });
    match uuid {
        Some(uuid) if !uuid.is_empty() => Kind::Luks2(uuid.to_owned()),
        Some(_) | None => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = r#"{
        "keyslots":{
            "0":{"type":"luks2","key_size":64,"af":{"type":"luks1","stripes":4000,"hash":"sha256"},
                "area":{"type":"raw","offset":"32768","size":"258048",
                    "encryption":"aes-xts-plain64","key_size":64},
                "kdf":{"type":"argon2id","time":4,"memory":32768,"cpus":1,"salt":"AAAA"}},
            "2":{"type":"luks2","key_size":64,"priority":0,
                "area":{"type":"raw","offset":"290816","size":"258048",
                    "encryption":"aes-xts-plain64","key_size":64},
                "kdf":{"type":"pbkdf2","hash":"sha256","iterations":1000,"salt":"BBBB"}},
            "3":{"type":"luks2","key_size":64,
                "area":{"type":"raw","offset":"806912","size":"258048",
                    "encryption":"aes-xts-plain64","key_size":64},
                "kdf":{"type":"balloon","salt":"CCCC"}},
            "4":{"type":"reencrypt","key_size":1,
                "area":{"type":"none","offset":"1064960","size":"4096"}}
        },
        "tokens":{"1":{"type":"systemd-tpm2","keyslots":["2"],"tpm2-pcrs":[7]}},
        "segments":{},
        "digests":{"0":{"type":"pbkdf2","keyslots":["0","2","3"],"segments":["0"]},
            "1":{"type":"pbkdf2","keyslots":["4"],"segments":[]}},
        "config":{"json_size":"12288","keyslots_size":"16744448"}
    }"#;

    fn with(from: &str, to: &str) -> Result<Header, HeaderFault> {
        assert!(HEADER.contains(from), "{from}");
        Header::parse(HEADER.replacen(from, to, 1).as_bytes())
    }

    #[test]
    fn slots_and_tokens_are_read() {
        let header = Header::parse(HEADER.as_bytes()).unwrap();
        let first = &header.slots[&0];
        let key = first.key.as_ref().unwrap();
        let kdf = Kdf::Argon2 {
            variant: "argon2id".into(),
            time: 4,
            memory: 32768,
            cpus: 1,
        };
        assert_eq!(
            (&key.kdf, &*key.cipher, key.cipher_bytes),
            (&kdf, "aes-xts-plain64", 64)
        );
        assert!(first.bound && first.salt == "AAAA" && first.priority == Priority::Normal);
        assert!(header.slots[&3].key.is_none() && header.slots[&4].key.is_none());
        assert!(!header.slots[&4].bound);
        let prompted: Vec<u32> = header.prompted().map(|(number, _)| number).collect();
        assert_eq!(prompted, [0]);
        assert_eq!(header.tokens[&1].slots, BTreeSet::from([2]));
        assert_eq!(
            (header.free_slot(), header.free_token()),
            (Some(1), Some(0))
        );
    }

    #[test]
    fn room_is_counted_in_numbers_and_in_bytes() {
        // The gap behind the second slot is as long as a slot, or a byte too short.
        let full = with("16744448", "1036288").unwrap();
        assert_eq!(full.free_slot(), Some(1), "the gap in the middle");
        let less = HEADER.replacen("16744448", "1036288", 1);
        let less = less.replacen("806912", "806911", 1);
        assert_eq!(Header::parse(less.as_bytes()).unwrap().free_slot(), None);
    }

    #[test]
    fn what_cant_be_is_refused() {
        for (from, to) in [
            ("\"0\":{\"type\":\"luks2\"", "\"32\":{\"type\":\"luks2\""),
            ("\"0\":{\"type\":\"luks2\"", "\"00\":{\"type\":\"luks2\""),
            ("\"0\":{\"type\":\"luks2\"", "\"-1\":{\"type\":\"luks2\""),
            ("\"keyslots\":[\"2\"]", "\"keyslots\":[2]"),
            ("\"keyslots\":[\"2\"]", "\"keyslots\":[\"+2\"]"),
            ("\"offset\":\"32768\"", "\"offset\":\"-1\""),
            ("\"16744448\"", "\"18446744073709551615\""),
            ("\"tokens\"", "\"others\""),
        ] {
            assert!(with(from, to).is_err(), "{to}");
        }
        assert!(matches!(
            Header::parse(&vec![b' '; MAX_JSON + 1]),
            Err(HeaderFault::TooLong)
        ));
    }

    #[test]
    fn words_that_could_be_options_are_never_said() {
        for word in ["--key-file", "-q", "aes xts", "", "sha256;x", "a\u{0}"] {
            let slot = with("aes-xts-plain64", &word.escape_default().to_string());
            let key = slot.ok().and_then(|header| header.slots[&0].key.clone());
            assert_eq!(key, None, "{word:?}");
        }
        let capi = with("aes-xts-plain64", "capi:xts(aes)-plain64").unwrap();
        assert!(capi.slots[&0].key.is_some());
    }

    #[test]
    fn the_first_bytes_say_what_it_is() {
        let mut bytes = vec![0; 208];
        assert_eq!(kind_of(&bytes), Kind::Other);
        bytes[..8].copy_from_slice(b"LUKS\xba\xbe\0\x02");
        assert_eq!(kind_of(&bytes), Kind::Other, "no UUID");
        bytes[168..172].copy_from_slice(b"1-2\0");
        assert_eq!(kind_of(&bytes), Kind::Luks2("1-2".into()));
        bytes[168..].fill(b'x');
        assert_eq!(kind_of(&bytes), Kind::Other, "no end");
        assert_eq!(kind_of(&bytes[..100]), Kind::Other);
        assert_eq!(kind_of(b"LUKS\xba\xbe\0\x01"), Kind::Luks(1));
        assert_eq!(kind_of(b"LUKS\xba\xbe"), Kind::Other);
        // The second copy of a header, as a device of its own.
        assert_eq!(kind_of(b"SKUL\xba\xbe\0\x02"), Kind::Other);
    }
}
