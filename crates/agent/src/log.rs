//! The log: on standard error, which is the journal's under systemd.

use std::fmt;
use std::io::IsTerminal as _;
use std::os::unix::fs::MetadataExt as _;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{Format, Full, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The environment's word on what is logged, in the form of `RUST_LOG`.
const VARIABLE: &str = "LOCKSTEP_LOG";

/// Starts the log. A filter that makes no sense is said, and stands for `info`.
pub(crate) fn start(configured: Option<&str>) {
    let asked = std::env::var(VARIABLE).ok();
    let text = asked.as_deref().or(configured).unwrap_or("info");
    let filter = filter(text);
    let unclear = filter.is_none();
    let filter = filter.unwrap_or_else(|| of_ours(Level::INFO));
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    if is_journal() {
        let format = ForJournal(Format::default().without_time().with_level(false));
        let lines = lines.with_ansi(false).event_format(format);
        registry.with(lines).init();
    } else {
        let lines = lines.with_ansi(std::io::stderr().is_terminal());
        registry.with(lines).init();
    }
    if unclear {
        tracing::warn!(
            filter = text,
            "this log filter makes no sense; info is taken"
        );
    }
}

/// A level alone is Lockstep's own; libraries are heard from warnings on.
fn filter(text: &str) -> Option<Targets> {
    match text.parse::<Level>() {
        Ok(level) => Some(of_ours(level)),
        Err(_) => text.parse().ok(),
    }
}

fn of_ours(level: Level) -> Targets {
    Targets::new()
        .with_default(Level::WARN)
        .with_target("lockstep", level)
}

/// Whether standard error is the journal's (systemd.exec(5), `$JOURNAL_STREAM`).
fn is_journal() -> bool {
    let Ok(named) = std::env::var("JOURNAL_STREAM") else {
        return false;
    };
    let stderr = std::fs::metadata("/proc/self/fd/2");
    stderr.is_ok_and(|file| named == format!("{}:{}", file.dev(), file.ino()))
}

/// Begins each line with its priority (sd-daemon(3)), since the journal knows the time itself.
struct ForJournal(Format<Full, ()>);

impl<S, N> FormatEvent<S, N> for ForJournal
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        write!(writer, "<{}>", priority(*event.metadata().level()))?;
        self.0.format_event(context, writer, event)
    }
}

/// The priority of syslog(3).
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        Level::DEBUG | Level::TRACE => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_for_our_own_parts_and_targets_for_any() {
        let debug = filter("debug").unwrap();
        assert!(debug.would_enable("lockstep_agent::line", &Level::DEBUG));
        assert!(!debug.would_enable("hyper_util::client", &Level::INFO));
        let picked = filter("warn,lockstep_agent::line=trace").unwrap();
        assert!(picked.would_enable("lockstep_agent::line", &Level::TRACE));
        assert!(!picked.would_enable("lockstep_agent::local", &Level::INFO));
        assert!(filter("lockstep_agent=loud").is_none());
    }
}
