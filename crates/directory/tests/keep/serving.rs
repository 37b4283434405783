//! The program while it serves: what monitors see, and what it refuses to share its folder with.

use std::io::Read as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::program::{refused, said, sql, stopped};

/// A directory that serves.
struct Serving {
    _folder: TempDir,
    data: PathBuf,
    door: SocketAddr,
    monitor: SocketAddr,
    child: Child,
}

impl Serving {
    async fn start() -> Self {
        let (folder, data, _) = stopped().await;
        let free = || {
            TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
        };
        let (door, monitor) = (free(), free());
        let config = std::fs::read_to_string(data.join("directory.toml")).unwrap();
        let config = config.replace("127.0.0.1:0", &door.to_string());
        let config = format!("{config}\n[metrics]\nlisten = \"{monitor}\"\n");
        std::fs::write(data.join("directory.toml"), config).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_lockstep-directory"))
            .env_clear()
            .args(["serve", "--log-format", "json", "--data"])
            .arg(&data)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let serving = Self {
            _folder: folder,
            data,
            door,
            monitor,
            child,
        };
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(door).await.is_err() {
            assert!(Instant::now() < deadline, "it does not start");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        serving
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Stops it; gives its log.
    fn stop(mut self) -> Vec<serde_json::Value> {
        self.signal(Signal::TERM);
        let mut log = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut log)
            .unwrap();
        assert!(self.child.wait().unwrap().success(), "{log}");
        log.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Asks at the public door, by TLS under the directory's authority; gives the answer and the
    /// certificate.
    async fn ask(&self, path: &str) -> (String, Vec<u8>) {
        let mut roots = rustls::RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(self.data.join("ca.pem")).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(self.door).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(tls));
        let mut stream = connector.connect(name, stream).await.unwrap();
        let shown = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
        let ask = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(ask.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        (answer, shown)
    }

    /// Asks at the monitor's door, in plain HTTP.
    async fn look(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.monitor).await.unwrap();
        let ask = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(ask.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
    }
}

#[tokio::test]
async fn monitors_see_life_readiness_and_measurements_and_strangers_no_measurement() {
    let serving = Serving::start().await;
    let (answer, _) = serving.ask("/healthz").await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("alive\n"),
        "{answer}"
    );
    let (answer, _) = serving.ask("/readyz").await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("ready\n"),
        "{answer}"
    );
    let (answer, _) = serving.ask("/metrics").await;
    assert!(!answer.contains("lockstep_"), "{answer}");

    serving.ask("/api/v1/organisation").await;
    serving.ask("/api/v1/me").await;
    let measured = serving.look("/metrics").await;
    let head = said(&["audit", "verify"], &serving.data);
    let head = head.split(':').next().unwrap();
    for line in [
        "content-type: application/openmetrics-text",
        "lockstep_http_requests_total{method=\"GET\",route=\"/api/v1/organisation\",status=\"200\"} 1",
        "lockstep_http_requests_total{method=\"GET\",route=\"/api/v1/me\",status=\"401\"} 1",
        "lockstep_database_commit_seconds_count",
        "lockstep_wake_up_seconds_count",
        "lockstep_throttled_total 0",
        "lockstep_build_info{version=",
        "process_open_fds",
        &format!("lockstep_audit_head_sequence {head}\n"),
    ] {
        assert!(measured.contains(line), "no {line} in {measured}");
    }
    for name in ["bea", "carl", "desk", "admin"] {
        assert!(
            !measured.contains(&format!("\"{name}\"")),
            "{name} is a label"
        );
    }
    assert!(serving.look("/healthz").await.ends_with("alive\n"));
    assert!(
        serving
            .look("/api/v1/organisation")
            .await
            .starts_with("HTTP/1.1 404")
    );
}

#[tokio::test]
async fn a_directory_that_cannot_store_is_alive_and_not_ready() {
    let serving = Serving::start().await;
    let full = "CREATE TRIGGER full BEFORE UPDATE ON directory \
        BEGIN SELECT RAISE(ABORT, 'disk full'); END;";
    sql(&serving.data.join("directory.db"), full).await.unwrap();
    let (answer, _) = serving.ask("/readyz").await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    let (answer, _) = serving.ask("/healthz").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let log = serving.stop();
    let said = log
        .iter()
        .any(|line| line["error.chain"].to_string().contains("disk full"));
    assert!(said, "{log:?}");
}

#[tokio::test]
async fn a_request_has_one_number_in_answer_problem_and_no_number_of_the_clients() {
    let serving = Serving::start().await;
    let (answer, _) = serving.ask("/api/v1/me").await;
    let header = answer
        .lines()
        .find_map(|line| line.strip_prefix("x-request-id: "))
        .unwrap();
    assert!(
        answer.contains(&format!("\"request_id\":\"{header}\"")),
        "{answer}"
    );
    let (other, _) = serving.ask("/api/v1/me").await;
    assert!(!other.contains(header));
}

#[tokio::test]
async fn nobody_else_serves_or_restores_a_folder_that_is_served() {
    let serving = Serving::start().await;
    let backup = serving.data.with_file_name("backup");
    said(&["backup", "--to", backup.to_str().unwrap()], &serving.data);
    let before = std::fs::read_dir(&serving.data).unwrap().count();
    for command in [
        vec!["serve"],
        vec!["restore", "--from", backup.to_str().unwrap()],
    ] {
        let words = refused(&command, &serving.data);
        assert!(words.contains("a directory is running on"), "{words}");
    }
    assert_eq!(std::fs::read_dir(&serving.data).unwrap().count(), before);
    let data = serving.data.clone();
    let folder = serving.stop_and_keep();
    said(&["restore", "--from", backup.to_str().unwrap()], &data);
    drop(folder);
}

impl Serving {
    /// Stops it and keeps its folder.
    fn stop_and_keep(mut self) -> TempDir {
        let folder = std::mem::replace(&mut self._folder, tempfile::tempdir().unwrap());
        self.stop();
        folder
    }
}

#[tokio::test]
async fn a_new_certificate_is_shown_after_a_hang_up_and_an_unusable_one_is_not() {
    let serving = Serving::start().await;
    let (_, first) = serving.ask("/healthz").await;
    said(&["renew-certificate"], &serving.data);
    assert_eq!(serving.ask("/healthz").await.1, first);
    serving.signal(Signal::HUP);
    let deadline = Instant::now() + Duration::from_secs(10);
    // Every handshake on the way is good: the authority stays the same.
    let second = loop {
        let (_, shown) = serving.ask("/healthz").await;
        if shown != first {
            break shown;
        }
        assert!(Instant::now() < deadline, "the former certificate stays");
    };
    std::fs::write(serving.data.join("tls.key"), "no key").unwrap();
    serving.signal(Signal::HUP);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(serving.ask("/healthz").await.1, second);
    let log = serving.stop();
    let messages: Vec<_> = log
        .iter()
        .filter_map(|line| line["message"].as_str())
        .collect();
    assert!(
        messages.contains(&"the certificate was read again"),
        "{messages:?}"
    );
    assert!(
        messages
            .iter()
            .any(|line| line.contains("the former one stays in use")),
        "{messages:?}"
    );
}

#[tokio::test]
async fn the_log_notes_the_audits_head_at_start_and_stop() {
    let serving = Serving::start().await;
    let data = serving.data.clone();
    let head = |data: &Path| said(&["audit", "verify"], data).trim().to_owned();
    let expected = head(&data);
    let log = serving.stop();
    let noted: Vec<_> = log
        .iter()
        .filter(|line| line["message"] == "audit")
        .collect();
    assert_eq!(noted.len(), 2, "{log:?}");
    assert!(
        noted.iter().all(|line| line["head"] == *expected),
        "{noted:?}"
    );
}
