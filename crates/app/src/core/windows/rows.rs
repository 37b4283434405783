//! Rows: a shape, a colour and a word for every state.

use lockstep_local::when::When;
use lockstep_model::{StoreKind, StoreState};
use lockstep_protocol::api::me::StoreRow;
use lockstep_protocol::local::{OpensWith, StoreOpens};

use super::super::Core;
use crate::view::{Row, STORES, Shape, Tone};

/// Each store, in the order in which they are shown.
pub(super) fn stores(core: &Core, rows: &[StoreRow]) -> Vec<Row> {
    STORES
        .iter()
        .filter_map(|kind| rows.iter().find(|row| row.kind == *kind))
        .map(|row| store(core, row.kind, &row.state))
        .collect()
}

/// Which password opens each store now.
pub(super) fn opens(core: &Core, stores: &[StoreOpens]) -> Vec<Row> {
    let words = &core.words;
    STORES
        .iter()
        .filter_map(|kind| stores.iter().find(|store| store.kind == *kind))
        .map(|store| {
            let (shape, tone, message) = match store.with {
                OpensWith::New => (Shape::Tick, Tone::Ok, "state-opens-new"),
                OpensWith::Old => (Shape::Diamond, Tone::Warn, "state-opens-old"),
                OpensWith::Unknown => (Shape::Triangle, Tone::Bad, "state-opens-unknown"),
            };
            Row {
                shape,
                tone,
                name: words.store(store.kind),
                state: words.say(message),
                choice: None,
            }
        })
        .collect()
}

fn store(core: &Core, kind: StoreKind, state: &StoreState) -> Row {
    let words = &core.words;
    let (shape, tone, text) = match state {
        StoreState::InSync { tested_at, .. } => {
            // Of today the time says enough.
            let seen = When::of(*tested_at, core.clock.now, &core.clock.zone);
            let when = if let When::Today { time } = seen {
                time
            } else {
                words.when(*tested_at, &core.clock)
            };
            let text = words.say_with("state-in-sync", [("when", when.into())]);
            (Shape::Tick, Tone::Ok, text)
        }
        StoreState::Waiting => (Shape::Hollow, Tone::Muted, words.say("state-waiting")),
        StoreState::Changing => (Shape::Half, Tone::Accent, words.say("state-changing")),
        StoreState::Testing => (Shape::Half, Tone::Accent, words.say("state-testing")),
        StoreState::NeedsYou { since } => {
            let when = words.when(*since, &core.clock);
            let text = words.say_with("state-needs-you", [("when", when.into())]);
            (Shape::Diamond, Tone::Warn, text)
        }
        StoreState::Problem { code } => {
            let text = words.say_with("state-problem", [("code", code.to_string().into())]);
            (Shape::Triangle, Tone::Bad, text)
        }
        StoreState::NotTested => (Shape::Dash, Tone::Muted, words.say("state-not-tested")),
    };
    Row {
        shape,
        tone,
        name: words.store(kind),
        state: text,
        choice: None,
    }
}
