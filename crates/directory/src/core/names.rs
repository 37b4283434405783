//! Which names people may have.

use lockstep_model::Code;

/// A user name in its one form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserName(String);

impl UserName {
    /// Takes a new name: 1 to 64 characters of a-z, 0-9, dot, dash, underscore.
    ///
    /// # Errors
    ///
    /// [`Code::NameTaken`], whose sentence covers names that can't be used.
    pub fn choose(text: &str) -> Result<Self, Code> {
        let fits = (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_'));
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(Code::NameTaken)
        }
    }

    /// The form that a typed name is looked up by; any text has one, so unknown people cost the
    /// same look-up.
    #[must_use]
    pub fn as_typed(text: &str) -> Self {
        let plain = text.trim().chars().filter(|c| !c.is_control());
        Self(plain.take(64).collect::<String>().to_ascii_lowercase())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Judges a name that is only shown.
///
/// # Errors
///
/// [`Code::NameTaken`] when blank, longer than 128 characters, or with control characters.
pub fn display_name(text: &str) -> Result<&str, Code> {
    let text = text.trim();
    let length = text.chars().count();
    if (1..=128).contains(&length) && !text.chars().any(char::is_control) {
        Ok(text)
    } else {
        Err(Code::NameTaken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_chosen_and_any_is_looked_up() {
        assert!(UserName::choose("anna.b-2_x").is_ok());
        for bad in ["", "Anna", "an na", "a/b", "é", &"x".repeat(65)] {
            assert_eq!(UserName::choose(bad), Err(Code::NameTaken), "{bad}");
        }
        assert_eq!(UserName::as_typed(" Anna ").as_str(), "anna");
    }
}
