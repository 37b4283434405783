//! One rule for what a password is, shared with the portal by the vectors in `vectors/`.
//!
//! Normalisation rule 1: NFC, every space separator (Zs) becomes U+0020, control characters (Cc)
//! and anything that is not UTF-8 are refused, 1 to 255 bytes remain. It follows the OpaqueString
//! profile of RFC 8265 section 4.2 without its Unicode-version-bound tables, because a table that
//! differs between two programs is a lock-out. The limit of 255 bytes keeps clear of the 511 at
//! which crypt(3) and PAM end.
//!
//! A *local* old password never passes through here: it is kept as the raw bytes that open the
//! local store.

use unicode_normalization::UnicodeNormalization;

use crate::{Code, Secret};

/// The number of the normalisation rule, stored with every credential.
pub const NORMALISATION: u16 = 1;

/// The longest password in bytes, after normalisation.
pub const MAX_BYTES: usize = 255;

/// The most bytes a person's typing may have before it is looked at; NFC at most triples UTF-8.
pub const MAX_TYPED_BYTES: usize = 3 * MAX_BYTES;

/// A password in its normal form: the only kind that enters OPAQUE.
#[derive(Debug)]
pub struct Password(Secret);

impl Password {
    /// Brings typed bytes into normal form, for checking against an existing password.
    ///
    /// # Errors
    ///
    /// [`Code::Blank`], [`Code::TooLong`] or [`Code::BadCharacters`].
    pub fn normalise(typed: &Secret) -> Result<Self, Code> {
        if typed.is_blank() {
            return Err(Code::Blank);
        }
        if typed.expose().len() > MAX_TYPED_BYTES {
            return Err(Code::TooLong);
        }
        let text = std::str::from_utf8(typed.expose()).map_err(|_| Code::BadCharacters)?;
        if text.chars().any(char::is_control) {
            return Err(Code::BadCharacters);
        }
        // Reserved in full, so that growing never leaves an unwiped piece behind.
        let mut normal = String::with_capacity(3 * typed.expose().len());
        normal.extend(
            text.nfc()
                .map(|c| if is_space_separator(c) { ' ' } else { c }),
        );
        let normal = Secret::from(normal);
        if normal.expose().len() > MAX_BYTES {
            return Err(Code::TooLong);
        }
        Ok(Self(normal))
    }

    /// Brings typed bytes into normal form and judges them as a *new* password.
    ///
    /// # Errors
    ///
    /// The first rule it breaks, in the order in which the rules are shown.
    pub fn choose(typed: &Secret, policy: &Policy, names: &Names<'_>) -> Result<Self, Code> {
        let normal = Self::normalise(typed)?;
        let typed = std::str::from_utf8(typed.expose()).map_err(|_| Code::BadCharacters)?;
        if typed.chars().any(|c| c != ' ' && is_space_separator(c)) {
            return Err(Code::BadCharacters);
        }
        if normal.text().chars().count() < usize::from(policy.min_length) {
            return Err(Code::TooShort);
        }
        // A character has at most three in lower case.
        let mut lower = String::with_capacity(4 * normal.text().len());
        lower.extend(normal.text().chars().flat_map(char::to_lowercase));
        let lower = Secret::from(lower);
        let lower = std::str::from_utf8(lower.expose()).map_err(|_| Code::BadCharacters)?;
        if is_common(lower) {
            return Err(Code::Common);
        }
        if names.words().any(|word| lower.contains(&word)) {
            return Err(Code::ContainsName);
        }
        Ok(normal)
    }

    /// Whether both are the same password.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        self.0.same_as(&other.0)
    }

    /// The normal form's bytes, as a secret.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.0
    }

    /// Gives the secret up.
    #[must_use]
    pub fn into_secret(self) -> Secret {
        self.0
    }

    fn text(&self) -> &str {
        // `normalise` built the bytes from a `String`; an empty text would be refused by length.
        std::str::from_utf8(self.0.expose()).unwrap_or_default()
    }
}

/// The organisation's rules for a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Policy {
    /// The fewest characters (Unicode scalar values after normalisation): 8 to 64.
    pub min_length: u8,
}

impl Default for Policy {
    fn default() -> Self {
        Self { min_length: 15 }
    }
}

/// The names that must not occur in a person's password.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// The user name.
    pub user_name: &'a str,
    /// The name shown to people.
    pub display_name: &'a str,
}

impl Names<'_> {
    /// The words of three characters and more, in lower case.
    fn words(&self) -> impl Iterator<Item = String> {
        std::iter::once(self.user_name)
            .chain(self.display_name.split_whitespace())
            .map(str::to_lowercase)
            .filter(|word| word.chars().count() >= 3)
    }
}

/// Whether a password in lower case is one of the first that anybody would guess.
///
/// It is common if it is a listed word, repetitions of listed words with digits around them, or
/// made of at most two different characters, or a run of neighbours in the alphabet.
fn is_common(lower: &str) -> bool {
    // Reserved in full and wiped: it holds the password once more.
    let mut distinct = zeroize::Zeroizing::new(Vec::with_capacity(lower.len()));
    distinct.extend(lower.chars());
    let steps = distinct
        .windows(2)
        .filter(|pair| (pair[1] as i64 - pair[0] as i64).abs() == 1)
        .count();
    let run = steps + 1 >= distinct.len();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() <= 2 || run {
        return true;
    }
    let mut rest = lower;
    'words: loop {
        rest =
            rest.trim_matches(|c: char| c.is_ascii_digit() || c.is_ascii_punctuation() || c == ' ');
        if rest.is_empty() {
            return true;
        }
        for word in common_words() {
            if let Some(after) = rest.strip_prefix(word) {
                rest = after;
                continue 'words;
            }
        }
        return false;
    }
}

/// The listed words, longest first, one on a line in the file that the portal reads too.
fn common_words() -> impl Iterator<Item = &'static str> {
    include_str!("../vectors/common-words.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
}

/// General category Zs, complete and closed since Unicode 6.3.
const fn is_space_separator(c: char) -> bool {
    matches!(
        c,
        ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Vectors {
        normalise: Vec<Normalise>,
        choose: Vec<Choose>,
    }

    #[derive(Deserialize)]
    struct Normalise {
        typed: String,
        normal: Option<String>,
        code: Option<Code>,
    }

    #[derive(Deserialize)]
    struct Choose {
        typed: String,
        code: Option<Code>,
    }

    #[test]
    fn the_shared_vectors_hold() {
        let vectors: Vectors =
            serde_json::from_str(include_str!("../vectors/passwords.json")).unwrap();
        for case in vectors.normalise {
            let got = Password::normalise(&Secret::copy_of(case.typed.as_bytes()));
            match (got, case.normal) {
                (Ok(got), Some(want)) => assert_eq!(got.text(), want, "{:?}", case.typed),
                (got, _) => assert_eq!(got.err(), case.code, "{:?}", case.typed),
            }
        }
        let names = Names {
            user_name: "anna",
            display_name: "Anna Li Bergström",
        };
        for case in vectors.choose {
            let typed = Secret::copy_of(case.typed.as_bytes());
            let got = Password::choose(&typed, &Policy::default(), &names);
            assert_eq!(got.err(), case.code, "{:?}", case.typed);
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_refused() {
        let typed = Secret::copy_of(b"correct horse \xff battery");
        assert_eq!(Password::normalise(&typed).err(), Some(Code::BadCharacters));
    }

    #[test]
    fn the_limit_is_255_bytes_after_normalisation() {
        let fits = Secret::copy_of(&[b'x'; 255]);
        assert!(Password::normalise(&fits).is_ok());
        let long = Secret::copy_of(&[b'x'; 256]);
        assert_eq!(Password::normalise(&long).err(), Some(Code::TooLong));
        let decomposed = Secret::from("e\u{301}".repeat(127));
        assert!(
            Password::normalise(&decomposed).is_ok(),
            "254 bytes once composed"
        );
    }
}
