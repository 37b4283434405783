//! What happened, as text; written down only when somebody will read it.

use std::collections::VecDeque;

/// The last events of a run, or all of them.
#[derive(Default)]
pub(crate) struct Story {
    /// Whether anything is written down.
    pub(crate) told: bool,
    lines: VecDeque<String>,
    most: usize,
}

impl Story {
    pub(crate) fn of_last(most: usize) -> Self {
        Self {
            told: true,
            lines: VecDeque::new(),
            most,
        }
    }

    pub(crate) fn line(&mut self, line: String) {
        if self.lines.len() >= self.most {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    pub(crate) fn into_lines(self) -> Vec<String> {
        self.lines.into()
    }
}

/// Epochs are long and random; to tell them apart, their first digits are enough.
pub(crate) fn shorten(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("Epoch(") {
        let digits = at + "Epoch(".len();
        let (before, after) = rest.split_at((digits + 4).min(rest.len()));
        short.push_str(before);
        let end = after.find(')').unwrap_or(0);
        rest = after.get(end..).unwrap_or_default();
    }
    short.push_str(rest);
    short
        .replace("Generation(Stamp ", "(")
        .replace("generation: Generation", "generation ")
}

/// Writes an event down, if anybody will read it.
macro_rules! tell {
    ($world:expr, $($words:tt)+) => {
        if $world.story.told {
            let line = format!("{:>9.3} s  {}", $world.now as f64 / 1000.0, format!($($words)+));
            $world.story.line(crate::story::shorten(&line));
        }
    };
}
