//! The rules of a new password as rows, and its strength.

use super::super::Core;
use super::super::rules::{Measured, Met};
use crate::view::{Row, Shape, Strength, Tone};
use lockstep_model::Code;

/// Each rule; the one that a refusal names is marked.
pub(super) fn rows(core: &Core, with_current: bool, refused: Option<Code>) -> Vec<Row> {
    let words = &core.words;
    let measured = core.measured;
    let least = core.standard().policy.min_length;
    let length = words.say_with(
        "rule-length",
        [
            ("least", least.to_string().into()),
            ("typed", measured.length.to_string().into()),
        ],
    );
    let computer = match (refused, core.tried) {
        (Some(Code::RefusedByComputer), _) | (_, Some(Err(_))) => Met::No,
        (_, Some(Ok(()))) => Met::Yes,
        (_, None) => Met::NotYet,
    };
    let mut rules = vec![
        (measured.long_enough, length, Code::TooShort),
        (measured.uncommon, words.say("rule-common"), Code::Common),
        (
            measured.without_name,
            words.say("rule-name"),
            Code::ContainsName,
        ),
    ];
    if with_current {
        let rule = words.say("rule-current");
        rules.push((measured.other_than_current, rule, Code::SameAsCurrent));
    }
    // Hardly anybody breaks it; it is shown to whoever does.
    if measured.typeable == Met::No {
        let rule = words.say("rule-characters");
        rules.push((measured.typeable, rule, Code::BadCharacters));
    }
    rules.push((
        computer,
        words.say("rule-computer"),
        Code::RefusedByComputer,
    ));
    rules.push((measured.same, words.say("rule-same"), Code::RepeatDiffers));
    rules
        .into_iter()
        .map(|(met, name, code)| {
            let refused =
                refused == Some(code) || (code == Code::RefusedByComputer && met == Met::No);
            row(met, name, refused)
        })
        .collect()
}

/// Advice, once it is long enough.
pub(super) fn strength(core: &Core, measured: &Measured) -> Option<Strength> {
    let words = &core.words;
    let (word, tip) = match measured.strength {
        0 => return None,
        1 => ("strength-weak", Some("tip-longer")),
        2 => ("strength-fair", Some("tip-longer")),
        3 => ("strength-good", Some("tip-words")),
        _ => ("strength-strong", None),
    };
    Some(Strength {
        segments: measured.strength,
        word: words.say_with("strength", [("word", words.say(word).into())]),
        tip: tip.map_or_else(String::new, |tip| words.say(tip)),
    })
}

/// "3 of 5 rules met", for those who don't see the ticks.
pub(super) fn told(core: &Core, rows: &[Row]) -> String {
    let met = rows.iter().filter(|row| row.shape == Shape::Tick).count();
    core.words.say_with(
        "rules-met",
        [
            ("met", met.to_string().into()),
            ("of", rows.len().to_string().into()),
        ],
    )
}

fn row(met: Met, name: String, refused: bool) -> Row {
    let (shape, tone) = match (refused, met) {
        (true, _) => (Shape::Triangle, Tone::Bad),
        (false, Met::Yes) => (Shape::Tick, Tone::Ok),
        (false, Met::No | Met::NotYet) => (Shape::Hollow, Tone::Muted),
    };
    Row {
        shape,
        tone,
        name,
        state: String::new(),
        choice: None,
    }
}
