//! What is counted and measured, for Prometheus. One set for the process, like its log.
//!
//! No name of a person, computer or account is a label, and every label has a small closed set of
//! values: route templates, status codes, audited actions, codes.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

/// The measurements of this process.
#[must_use]
pub fn metrics() -> &'static Metrics {
    static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);
    &METRICS
}

/// Everything that is measured.
pub struct Metrics {
    registry: Registry,
    /// Route templates, each kept once.
    routes: RwLock<BTreeMap<Box<str>, Arc<str>>>,
    requests: Family<Request, Counter>,
    durations: Family<Route, Histogram, fn() -> Histogram>,
    audited: Family<Audited, Counter>,
    throttled: Counter,
    streams: Family<Stream, Gauge>,
    write_waits: Histogram,
    commits: Histogram,
    wake_ups: Histogram,
    audit_head: Gauge,
    database_bytes: Gauge,
    certificate_renewals: Counter,
    process: Process,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    method: &'static str,
    route: Arc<str>,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    method: &'static str,
    route: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Audited {
    action: &'static str,
    result: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Stream {
    of: &'static str,
}

/// The basics of the process, under the names that every dashboard knows.
#[derive(Default)]
struct Process {
    cpu_seconds: Counter<f64, AtomicU64>,
    resident: Gauge,
    open_fds: Gauge,
    max_fds: Gauge,
    started: Gauge<f64, AtomicU64>,
}

impl Metrics {
    fn new() -> Self {
        let mut registry = Registry::default();
        let process = Process::register(registry.sub_registry_with_prefix("process"));
        let ours = registry.sub_registry_with_prefix("lockstep");
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        ours.register("build", "The version that runs", build);
        let durations: fn() -> Histogram = latency;
        let metrics = Self {
            routes: RwLock::default(),
            requests: Family::default(),
            durations: Family::new_with_constructor(durations),
            audited: Family::default(),
            throttled: Counter::default(),
            streams: Family::default(),
            write_waits: latency(),
            commits: latency(),
            wake_ups: latency(),
            audit_head: Gauge::default(),
            database_bytes: Gauge::default(),
            certificate_renewals: Counter::default(),
            process,
            registry: Registry::default(),
        };
        ours.register(
            "http_requests",
            "Requests answered",
            metrics.requests.clone(),
        );
        ours.register_with_unit(
            "http_request_duration",
            "From the request's head to the answer's head",
            Unit::Seconds,
            metrics.durations.clone(),
        );
        ours.register(
            "audited",
            "Entries written to the audit: sign-ins, proofs, changes, releases, each by its result",
            metrics.audited.clone(),
        );
        ours.register(
            "throttled",
            "Proofs that were not begun",
            metrics.throttled.clone(),
        );
        ours.register("streams", "Open event streams", metrics.streams.clone());
        ours.register_with_unit(
            "database_write_wait",
            "Waiting for the one writer",
            Unit::Seconds,
            metrics.write_waits.clone(),
        );
        ours.register_with_unit(
            "database_commit",
            "Making a write durable",
            Unit::Seconds,
            metrics.commits.clone(),
        );
        ours.register_with_unit(
            "wake_up",
            "From a commit until the event is handed to the connection",
            Unit::Seconds,
            metrics.wake_ups.clone(),
        );
        ours.register(
            "audit_head_sequence",
            "The number of the audit's newest entry",
            metrics.audit_head.clone(),
        );
        ours.register_with_unit(
            "database_size",
            "The database file with its log",
            Unit::Bytes,
            metrics.database_bytes.clone(),
        );
        ours.register(
            "certificate_renewals",
            "Own TLS certificates made anew",
            metrics.certificate_renewals.clone(),
        );
        Self {
            registry,
            ..metrics
        }
    }

    /// Counts an answered request; no route means a page, a file, or nothing there.
    pub fn answered(
        &self,
        method: &http::Method,
        route: Option<&str>,
        status: u16,
        took: Duration,
    ) {
        let method = match method.as_str() {
            "GET" => "GET",
            "POST" => "POST",
            "DELETE" => "DELETE",
            _ => "other",
        };
        let route = self.route(route.unwrap_or("other"));
        let of = Route {
            method,
            route: Arc::clone(&route),
        };
        self.durations
            .get_or_create(&of)
            .observe(took.as_secs_f64());
        let request = Request {
            method,
            route,
            status,
        };
        self.requests.get_or_create(&request).inc();
    }

    /// Counts an entry of the audit.
    pub fn audited(&self, action: &'static str, result: &str) {
        let result = result.to_owned();
        self.audited
            .get_or_create(&Audited { action, result })
            .inc();
    }

    /// Counts a proof that was not begun because a lane was full.
    pub fn throttled(&self) {
        self.throttled.inc();
    }

    /// Counts an event stream that opens, of a `device` or a `portal`.
    pub fn stream_opened(&self, of: &'static str) {
        self.streams.get_or_create(&Stream { of }).inc();
    }

    /// Counts an event stream that has ended.
    pub fn stream_ended(&self, of: &'static str) {
        self.streams.get_or_create(&Stream { of }).dec();
    }

    /// Notes how long a write waited for its turn.
    pub fn write_waited(&self, took: Duration) {
        self.write_waits.observe(took.as_secs_f64());
    }

    /// Notes how long a commit took.
    pub fn committed(&self, took: Duration) {
        self.commits.observe(took.as_secs_f64());
    }

    /// Notes how long after a commit its event was handed over.
    pub fn woke_up(&self, took: Duration) {
        self.wake_ups.observe(took.as_secs_f64());
    }

    /// Counts a certificate that this directory made anew.
    pub fn certificate_renewed(&self) {
        self.certificate_renewals.inc();
    }

    /// Everything in the OpenMetrics text format, with what is looked up only now.
    ///
    /// # Errors
    ///
    /// Never for a `String`.
    pub fn text(&self, audit_head: i64, database_bytes: u64) -> Result<String, std::fmt::Error> {
        self.audit_head.set(audit_head);
        let bytes = i64::try_from(database_bytes).unwrap_or(i64::MAX);
        self.database_bytes.set(bytes);
        self.process.look();
        let mut out = String::new();
        text::encode(&mut out, &self.registry)?;
        Ok(out)
    }

    fn route(&self, template: &str) -> Arc<str> {
        let known = self.routes.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(route) = known.get(template) {
            return Arc::clone(route);
        }
        drop(known);
        let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        let route = routes
            .entry(template.into())
            .or_insert_with(|| template.into());
        Arc::clone(route)
    }
}

impl Process {
    fn register(registry: &mut Registry) -> Self {
        let process = Self::default();
        registry.register_with_unit(
            "cpu",
            "Time on a processor",
            Unit::Seconds,
            process.cpu_seconds.clone(),
        );
        registry.register_with_unit(
            "resident_memory",
            "Memory in use",
            Unit::Bytes,
            process.resident.clone(),
        );
        registry.register(
            "open_fds",
            "Open file descriptors",
            process.open_fds.clone(),
        );
        registry.register(
            "max_fds",
            "File descriptors that may be open",
            process.max_fds.clone(),
        );
        registry.register_with_unit(
            "start_time",
            "When it was started",
            Unit::Seconds,
            process.started.clone(),
        );
        let started = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        process
            .started
            .set(started.unwrap_or_default().as_secs_f64());
        process
    }

    /// Reads /proc/self; what can't be read stays as it was.
    fn look(&self) {
        let Ok(myself) = procfs::process::Process::myself() else {
            return;
        };
        if let Ok(stat) = myself.stat() {
            let ticks = stat.utime + stat.stime;
            // Milliseconds are exact enough, and never shrink.
            let now = ticks as f64 / procfs::ticks_per_second() as f64;
            self.cpu_seconds
                .inc_by((now - self.cpu_seconds.get()).max(0.0));
            let bytes = stat.rss.saturating_mul(procfs::page_size());
            self.resident.set(i64::try_from(bytes).unwrap_or(i64::MAX));
        }
        if let Ok(open) = myself.fd_count() {
            self.open_fds.set(i64::try_from(open).unwrap_or(i64::MAX));
        }
        if let Ok(limits) = myself.limits()
            && let procfs::process::LimitValue::Value(most) = limits.max_open_files.soft_limit
        {
            self.max_fds.set(i64::try_from(most).unwrap_or(i64::MAX));
        }
    }
}

/// From half a millisecond, a read, to ten seconds, a disk in trouble.
fn latency() -> Histogram {
    Histogram::new([
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_measured_is_printed_in_the_form_that_prometheus_reads() {
        let metrics = Metrics::new();
        let took = Duration::from_millis(3);
        metrics.answered(&http::Method::GET, Some("/api/v1/me"), 200, took);
        metrics.answered(&http::Method::from_bytes(b"EVIL").unwrap(), None, 404, took);
        metrics.audited("session.sign_in", "LS-2001");
        metrics.stream_opened("device");
        metrics.stream_opened("device");
        metrics.stream_ended("device");
        let text = metrics.text(7, 4096).unwrap();
        for line in [
            "lockstep_http_requests_total{method=\"GET\",route=\"/api/v1/me\",status=\"200\"} 1",
            "lockstep_http_requests_total{method=\"other\",route=\"other\",status=\"404\"} 1",
            "lockstep_http_request_duration_seconds_bucket{le=\"0.005\",method=\"GET\",route=\"/api/v1/me\"} 1",
            "lockstep_audited_total{action=\"session.sign_in\",result=\"LS-2001\"} 1",
            "lockstep_streams{of=\"device\"} 1",
            "lockstep_audit_head_sequence 7",
            "lockstep_database_size_bytes 4096",
            "# EOF",
        ] {
            assert!(text.contains(line), "no {line} in:\n{text}");
        }
        let resident = text
            .lines()
            .find_map(|line| line.strip_prefix("process_resident_memory_bytes "))
            .unwrap();
        assert!(resident.parse::<u64>().unwrap() > 1024 * 1024, "{resident}");
    }
}
