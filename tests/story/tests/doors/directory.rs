//! The directory's HTTPS port.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lockstep_client::transport::read_authority;
use lockstep_protocol::api::MAX_BODY;
use lockstep_story::World;
use lockstep_story::portal::Visitor;
use lockstep_story::world::ADMIN_PASSWORD;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::{SERVED, memory};

/// What the hogs may cost the directory, all together: a full body each, and their TLS.
const GROWTH_KIB: u64 = 160 * 1024;
/// By when each kind is let go: handshake 10 s, headers and bodies 15 s, a reader that never reads
/// 40 s; the rest is this machine's.
const LONGEST: Duration = Duration::from_secs(75);

/// What a hog does; the first three never get as far as TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hog {
    Silent,
    DribblesHandshake,
    Garbage,
    SilentAfterHandshake,
    DribblesHeaders,
    EndlessHeader,
    DribblesBody,
    HugeBody,
    NeverReads,
}

const HOGS: &[(Hog, usize)] = &[
    (Hog::Silent, 1000),
    (Hog::DribblesHandshake, 100),
    (Hog::Garbage, 100),
    (Hog::SilentAfterHandshake, 100),
    (Hog::DribblesHeaders, 100),
    (Hog::EndlessHeader, 20),
    (Hog::DribblesBody, 100),
    (Hog::HugeBody, 20),
    (Hog::NeverReads, 10),
];

#[derive(Clone)]
struct Door {
    address: SocketAddr,
    tls: TlsConnector,
}

impl Door {
    fn of(world: &World) -> Self {
        let mut roots = RootCertStore::empty();
        let authority = read_authority(&world.directory.authority()).unwrap();
        roots.add(CertificateDer::from(authority)).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let port = world.directory.url.rsplit(':').next().unwrap();
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap())),
            tls: TlsConnector::from(Arc::new(config)),
        }
    }

    /// Holds a connection as long as the directory lets it; says for how long that was.
    async fn hold(self, hog: Hog) -> (Hog, Option<Duration>) {
        let began = Instant::now();
        let held = timeout(LONGEST, async {
            let stream = TcpStream::connect(self.address).await.unwrap();
            match hog {
                Hog::Silent => until_closed(stream, &[], &[]).await,
                // A record header that promises a handshake message, then its bytes one by one.
                Hog::DribblesHandshake => until_closed(stream, &[22, 3, 1, 2, 0], &[1]).await,
                Hog::Garbage => until_closed(stream, &[0xff; 4096], &[]).await,
                Hog::SilentAfterHandshake
                | Hog::DribblesHeaders
                | Hog::EndlessHeader
                | Hog::DribblesBody
                | Hog::HugeBody
                | Hog::NeverReads => {
                    let name = ServerName::try_from("localhost").unwrap();
                    let Ok(stream) = self.tls.connect(name, stream).await else {
                        return;
                    };
                    self.speak(stream, hog).await;
                }
            }
        })
        .await;
        (hog, held.ok().map(|()| began.elapsed()))
    }

    async fn speak(&self, stream: impl AsyncRead + AsyncWrite + Unpin, hog: Hog) {
        let head = "POST /api/v1/sign-in/start HTTP/1.1\r\nhost: x\r\n";
        let json = "content-type: application/json\r\n";
        match hog {
            Hog::DribblesHeaders => until_closed(stream, head.as_bytes(), b"x").await,
            Hog::EndlessHeader => {
                let long = format!("{head}x: {}", "y".repeat(1024 * 1024));
                until_closed(stream, long.as_bytes(), &[]).await;
            }
            Hog::DribblesBody => {
                let ask = format!("{head}{json}content-length: {MAX_BODY}\r\n\r\n{{");
                until_closed(stream, ask.as_bytes(), b" ").await;
            }
            Hog::HugeBody => {
                let length = 64 * MAX_BODY;
                let ask = format!("{head}{json}content-length: {length}\r\n\r\n");
                let ask = ask + &" ".repeat(length);
                until_closed(stream, ask.as_bytes(), &[]).await;
            }
            Hog::NeverReads => {
                let ask = "GET / HTTP/1.1\r\nhost: x\r\n\r\n".repeat(20_000);
                never_read(stream, ask.as_bytes()).await;
            }
            Hog::Silent | Hog::DribblesHandshake | Hog::Garbage | Hog::SilentAfterHandshake => {
                until_closed(stream, &[], &[]).await
            }
        }
    }
}

/// Says something, then one piece each second, and reads until the other side has closed.
async fn until_closed(stream: impl AsyncRead + AsyncWrite + Unpin, first: &[u8], piece: &[u8]) {
    let (mut reading, mut writing) = tokio::io::split(stream);
    let write = async {
        if writing.write_all(first).await.is_err() {
            return;
        }
        while !piece.is_empty() && writing.write_all(piece).await.is_ok() {
            let _flushed = writing.flush().await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        // The one who is silent keeps its side open.
        std::future::pending::<()>().await;
    };
    let read = async {
        let mut buffer = [0; 4096];
        while matches!(reading.read(&mut buffer).await, Ok(1..)) {}
    };
    tokio::select! {
        () = write => {}
        () = read => {}
    }
}

/// Asks and asks and reads nothing, until that fails.
async fn never_read(mut stream: impl AsyncWrite + Unpin, ask: &[u8]) {
    while stream.write_all(ask).await.is_ok() {}
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// Lets the crowd come; gives each kind and how long the last of it was held.
async fn crowd(door: Door) -> Vec<(Hog, Duration)> {
    let mut crowd = JoinSet::new();
    for (hog, number) in HOGS {
        for _ in 0..*number {
            crowd.spawn(door.clone().hold(*hog));
        }
    }
    let mut kinds: Vec<(Hog, Duration)> = Vec::new();
    while let Some(done) = crowd.join_next().await {
        let (hog, held) = done.unwrap();
        let held = held.unwrap_or_else(|| panic!("{hog:?} is never let go"));
        match kinds.iter_mut().find(|(kind, _)| *kind == hog) {
            Some((_, longest)) => *longest = held.max(*longest),
            None => kinds.push((hog, held)),
        }
    }
    kinds
}

#[test]
fn a_crowd_at_the_directory_keeps_nobody_out_costs_little_and_is_let_go() {
    let Some(world) = World::for_test().unwrap() else {
        return;
    };
    let pid = world.directory.pid().unwrap();
    let before = memory(pid);
    let door = Door::of(&world);
    let crowd = std::thread::spawn(move || runtime().block_on(crowd(door)));
    // They come, they stand, they are let go: somebody honest comes all the while.
    let (mut most, mut slowest) = (before, Duration::ZERO);
    for second in 0..20 {
        std::thread::sleep(Duration::from_secs(1));
        let began = Instant::now();
        runtime().block_on(async {
            let visitor = Visitor::sign_in(&world.directory, "admin", ADMIN_PASSWORD).await;
            visitor.unwrap().me().await.unwrap()
        });
        let took = began.elapsed();
        assert!(
            took < SERVED,
            "after {second} s somebody honest waited for {took:?}"
        );
        slowest = slowest.max(took);
        most = most.max(memory(pid));
    }
    let kinds = crowd.join().unwrap();
    eprintln!("somebody honest waited for {slowest:?} at most");
    eprintln!(
        "memory: {before} KiB, {most} KiB in the crowd, {} KiB after",
        memory(pid)
    );
    eprintln!("let go after at most: {kinds:?}");
    assert!(
        most - before < GROWTH_KIB,
        "{before} KiB grew to {most} KiB"
    );
    // A flood of connections is no flood of lines.
    let lines = world.directory.log().lines().count();
    assert!(lines < 200, "{lines} lines were logged");
}
