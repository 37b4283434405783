//! A new password, judged while it is typed: each rule by itself, and how strong it is.
//!
//! What is judged never leaves [`measure`]; only the verdicts do.

use lockstep_model::password::{Names, Password, Policy};
use lockstep_model::{Code, Secret};

/// What a new password is held to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standard {
    /// The organisation's rules.
    pub policy: Policy,
    /// The person's user name.
    pub user_name: String,
}

/// How one rule stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Met {
    /// Nothing is typed yet.
    #[default]
    NotYet,
    /// It is met.
    Yes,
    /// It is not.
    No,
}

/// The verdicts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// How many characters are typed.
    pub length: usize,
    /// Whether these are enough.
    pub long_enough: Met,
    /// Whether it is not a common one.
    pub uncommon: Met,
    /// Whether the person's name is not in it.
    pub without_name: Met,
    /// Whether it is not the current one.
    pub other_than_current: Met,
    /// Whether it can be typed everywhere.
    pub typeable: Met,
    /// Whether both fields have the same.
    pub same: Met,
    /// 1 to 4 once it is long enough, else 0.
    pub strength: u8,
}

impl Measured {
    /// Every rule, in the order in which they are shown.
    #[must_use]
    pub const fn rules(&self) -> [Met; 6] {
        [
            self.long_enough,
            self.uncommon,
            self.without_name,
            self.other_than_current,
            self.typeable,
            self.same,
        ]
    }
}

/// Judges what is typed.
#[must_use]
pub fn measure(
    standard: &Standard,
    current: Option<&Secret>,
    new: &Secret,
    repeat: &Secret,
) -> Measured {
    if new.is_blank() {
        return Measured::default();
    }
    let refused = |policy: &Policy, user_name: &str| {
        let names = Names {
            user_name,
            display_name: "",
        };
        Password::choose(new, policy, &names).err()
    };
    // Each rule is asked for alone: `choose` names the first that is broken.
    let lenient = Policy { min_length: 0 };
    let characters = refused(&lenient, "");
    let typeable = match characters {
        Some(Code::BadCharacters | Code::TooLong) => Met::No,
        Some(_) | None => Met::Yes,
    };
    let uncommon = if characters == Some(Code::Common) {
        Met::No
    } else {
        Met::Yes
    };
    let without_name = if refused(&lenient, &standard.user_name) == Some(Code::ContainsName) {
        Met::No
    } else {
        Met::Yes
    };
    let length = std::str::from_utf8(new.expose()).map_or(0, |text| text.chars().count());
    let long_enough = if length >= usize::from(standard.policy.min_length) {
        Met::Yes
    } else {
        Met::No
    };
    let same_as = |other: &Secret| match (Password::normalise(new), Password::normalise(other)) {
        (Ok(new), Ok(other)) => new.same_as(&other),
        (Err(_), _) | (_, Err(_)) => false,
    };
    let other_than_current = match current {
        Some(current) if !current.is_blank() && same_as(current) => Met::No,
        Some(_) | None => Met::Yes,
    };
    let same = if repeat.is_blank() {
        Met::NotYet
    } else if new.same_as(repeat) {
        Met::Yes
    } else {
        Met::No
    };
    let good = long_enough == Met::Yes && uncommon == Met::Yes;
    Measured {
        length,
        long_enough,
        uncommon,
        without_name,
        other_than_current,
        typeable,
        same,
        strength: if good { strength(new) } else { 0 },
    }
}

/// Advice only: longer, with more different characters and more words, is stronger.
fn strength(new: &Secret) -> u8 {
    let Ok(text) = std::str::from_utf8(new.expose()) else {
        return 1;
    };
    // Bits, counted for a guesser who knows what people do: a repetition adds next to nothing.
    let mut bits = 0.0_f32;
    let mut before = ['\0'; 2];
    for letter in text.chars() {
        let kind = if letter.is_ascii_digit() || letter == ' ' {
            1.5
        } else if letter.is_lowercase() {
            2.3
        } else {
            3.5
        };
        bits += if before.contains(&letter) { 0.5 } else { kind };
        before = [before[1], letter];
    }
    match bits {
        bits if bits < 30.0 => 1,
        bits if bits < 40.0 => 2,
        bits if bits < 52.0 => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standard() -> Standard {
        Standard {
            policy: Policy { min_length: 15 },
            user_name: "anna".to_owned(),
        }
    }

    fn measured(current: &str, new: &str, repeat: &str) -> Measured {
        let secret = |text: &str| Secret::copy_of(text.as_bytes());
        measure(
            &standard(),
            Some(&secret(current)),
            &secret(new),
            &secret(repeat),
        )
    }

    #[test]
    fn each_rule_is_judged_by_itself() {
        assert_eq!(measured("", "", ""), Measured::default());
        let short = measured("old", "anna 12", "");
        assert_eq!(short.length, 7);
        assert_eq!(short.long_enough, Met::No);
        assert_eq!(short.without_name, Met::No);
        assert_eq!(short.uncommon, Met::Yes);
        assert_eq!(short.same, Met::NotYet);
        assert_eq!(short.strength, 0);
        let common = measured("", "passwordpassword1234", "x");
        assert_eq!((common.uncommon, common.same), (Met::No, Met::No));
        let again = measured("violet harbour at dawn", "violet harbour at dawn", "");
        assert_eq!(again.other_than_current, Met::No);
        let spaced = measured("", "violet\u{a0}harbour at dawn", "");
        assert_eq!(spaced.typeable, Met::No);
        let good = measured("old", "violet harbour at dawn", "violet harbour at dawn");
        assert!(good.rules().iter().all(|met| *met == Met::Yes), "{good:?}");
        assert!(good.strength >= 2, "{good:?}");
    }

    #[test]
    fn repetition_is_weak_and_length_is_strong() {
        let strength = |text| measured("", text, "").strength;
        assert_eq!(strength("abababababababab!"), 1);
        assert_eq!(strength("copper teapot violin lantern at noon"), 4);
    }
}
