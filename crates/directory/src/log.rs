//! The log, on standard error: for a terminal, for the journal, or as JSON.

use std::fmt;
use std::io::IsTerminal as _;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{Format, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// The form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// A line for people; in the journal with its level instead of a time.
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts the log. `LOCKSTEP_LOG` says what is logged (`info` if unset).
pub fn start(format: LogFormat) {
    let filter = EnvFilter::try_from_env("LOCKSTEP_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Json => log.json().flatten_event(true).init(),
        LogFormat::Text if std::env::var_os("JOURNAL_STREAM").is_some() => {
            log.event_format(ForJournal::default()).init();
        }
        LogFormat::Text => log.init(),
    }
}

/// A line with its priority in front, as sd-daemon(3) has it; the journal adds the time itself.
struct ForJournal(Format<tracing_subscriber::fmt::format::Full, ()>);

impl Default for ForJournal {
    fn default() -> Self {
        Self(
            Format::default()
                .without_time()
                .with_level(false)
                .with_ansi(false),
        )
    }
}

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
        // syslog(3): error, warning, informational, debug.
        let priority = match *event.metadata().level() {
            Level::ERROR => 3,
            Level::WARN => 4,
            Level::INFO => 6,
            Level::DEBUG | Level::TRACE => 7,
        };
        write!(writer, "<{priority}>")?;
        self.0.format_event(context, writer, event)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_journal_is_told_how_grave_a_line_is() {
        let lines = Lines::default();
        let into = lines.clone();
        let log = tracing_subscriber::fmt()
            .event_format(ForJournal::default())
            .with_writer(move || into.clone())
            .finish();
        tracing::subscriber::with_default(log, || {
            tracing::error!("on fire");
            tracing::info!(url = "https://x", "ready");
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let mut lines = text.lines();
        assert!(lines.next().unwrap().starts_with("<3>"), "{text}");
        let ready = lines.next().unwrap();
        assert!(
            ready.starts_with("<6>") && ready.contains("ready"),
            "{text}"
        );
        assert!(ready.contains("url=\"https://x\""), "{text}");
    }
}
