//! One-time texts: links, enrolment strings, session tokens.

use std::fmt;

use lockstep_model::Secret;
use serde::{Deserialize, Serialize};

/// Of a one-time code.
const DIGITS: usize = 6;

/// A text that opens something once or for a while. It can be sent, and not be printed by accident.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Token(pub String);

impl Token {
    /// The text; it may go into a message, a URL fragment or a terminal, and nowhere else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The code of an authenticator app, without the spaces that it shows; none for anything but six
    /// digits, so that a password that is typed in its place goes nowhere.
    #[must_use]
    pub fn one_time_code(typed: &Secret) -> Option<Self> {
        let bytes = typed.expose().iter().copied();
        // Made large enough at once: a vector that grows leaves copies behind.
        let mut digits = Vec::with_capacity(DIGITS + 1);
        digits.extend(
            bytes
                .filter(|byte| !byte.is_ascii_whitespace())
                .take(DIGITS + 1),
        );
        let is_code = digits.len() == DIGITS && digits.iter().all(u8::is_ascii_digit);
        let digits = Secret::new(digits);
        is_code.then(|| Self(String::from_utf8_lossy(digits.expose()).into_owned()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

impl From<String> for Token {
    fn from(text: String) -> Self {
        Self(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_typed_in_place_of_a_code_goes_nowhere() {
        let code = |typed: &str| Token::one_time_code(&Secret::copy_of(typed.as_bytes()));
        assert_eq!(code(" 123 456\n"), Some(Token("123456".into())));
        for other in [
            "",
            "12345",
            "1234567",
            "123456 or so",
            "violet harbour",
            "12345\u{0665}",
        ] {
            assert_eq!(code(other), None, "{other}");
        }
    }
}
