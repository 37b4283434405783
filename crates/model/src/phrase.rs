//! The phrase: words that a person chose, by which they know what really is Lockstep.

use crate::Code;

/// The most characters of a phrase.
pub const LONGEST: usize = 80;

/// Judges a phrase; gives it without the spaces around it.
///
/// # Errors
///
/// [`Code::PhraseUnusable`] when blank, longer than [`LONGEST`], or with control characters.
pub fn check(words: &str) -> Result<&str, Code> {
    let words = words.trim();
    let length = words.chars().count();
    if (1..=LONGEST).contains(&length) && !words.chars().any(char::is_control) {
        Ok(words)
    } else {
        Err(Code::PhraseUnusable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_is_one_short_line_and_the_spaces_around_it_are_no_part_of_it() {
        assert_eq!(
            check("  copper teapot Tuesday "),
            Ok("copper teapot Tuesday")
        );
        let longest = "\u{e9}".repeat(LONGEST);
        assert_eq!(check(&longest), Ok(longest.as_str()));
        for unusable in [
            "",
            " \t ",
            "two\nlines",
            "a\u{7}bell",
            &"x".repeat(LONGEST + 1),
        ] {
            assert_eq!(check(unusable), Err(Code::PhraseUnusable), "{unusable:?}");
        }
    }
}
