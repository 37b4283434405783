//! Sockets, TLS, and a graceful stop.

use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::Router;
use rustix::net::sockopt::set_tcp_user_timeout;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::config::{Config, Files, Monitoring};
use crate::http::{Directory, Health, Nonces, routers};
use crate::limits::{self, Place, Places};
use crate::storage::Group;
use crate::tls::Certificate;
use crate::{care, certificate, place};

mod connection;

/// A client that says nothing is not waited for.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long requests under way may take to end at a stop.
const GRACE: Duration = Duration::from_secs(5);
/// How long sent bytes may stay unacknowledged; a heartbeat is sent every 25 s.
const DEAD: Duration = Duration::from_secs(40);

/// Serves until told to stop by SIGTERM or SIGINT. SIGHUP has it read the certificate again.
///
/// # Errors
///
/// Whatever keeps it from starting.
pub async fn serve(files: &Files) -> anyhow::Result<()> {
    let mut signals = Signals::take()?;
    let config = Config::load(files)?;
    let _lock = place::lock(files)?;
    if let Err(fault) = certificate::renew_if_due(files, &config) {
        tracing::error!(
            error.chain = format!("{fault:#}"),
            "the certificate was not renewed"
        );
    }
    let shown = Arc::new(Certificate::load(files, &config)?);
    let tls = TlsAcceptor::from(Arc::new(Arc::clone(&shown).server_config()?));
    let listeners = listeners(&config)?;
    let monitoring = match config.metrics {
        Some(Monitoring { listen }) => Some(
            TcpListener::bind(listen)
                .await
                .with_context(|| format!("can't listen on {listen}"))?,
        ),
        None => None,
    };
    let directory = Arc::new(open(files, config).await?);
    care::tidy_up(&directory.storage).await;
    let (app, monitor) = routers(Arc::clone(&directory));
    let stop = directory.stop.clone();
    let places = Places::of_this_process()?;
    let mut accepting = tokio::task::JoinSet::new();
    for listener in listeners {
        let (stop, places) = (stop.subscribe(), Arc::clone(&places));
        let accept = accept(listener, tls.clone(), app.clone(), stop, places);
        accepting.spawn(accept);
    }
    if let Some(listener) = monitoring {
        accepting.spawn(async move {
            let served = axum::serve(listener, monitor).await;
            tracing::error!(failed = served.is_err(), "the monitor's listener has ended");
        });
    }
    accepting.spawn(care::daily(
        Arc::clone(&directory),
        files.clone(),
        Arc::clone(&shown),
    ));
    tracing::info!(url = %directory.config.url, version = env!("CARGO_PKG_VERSION"), "ready");
    while signals.next().await == Told::Reload {
        match shown.reload(files, &directory.config) {
            Ok(()) => tracing::info!("the certificate was read again"),
            Err(fault) => tracing::error!(
                error.chain = format!("{fault:#}"),
                "the certificate is unusable: the former one stays in use"
            ),
        }
    }
    tracing::info!("stopping");
    directory.stop.send_replace(true);
    accepting.shutdown().await;
    // Each connection holds a receiver until it has ended.
    let stopped = tokio::time::timeout(GRACE, stop.closed()).await;
    tracing::debug!(all_ended = stopped.is_ok(), "connections");
    care::note_head(&directory.storage).await;
    directory.storage.close().await;
    Ok(())
}

/// Opens everything that serving needs.
///
/// # Errors
///
/// Unreadable files.
pub async fn open(files: &Files, config: Config) -> anyhow::Result<Directory> {
    let authority = match &config.tls.authority {
        Some(path) => Some(
            CertificateDer::from_pem_file(files.named(path))?
                .as_ref()
                .to_vec(),
        ),
        None => None,
    };
    let (keys, storage) = care::open_storage(files, &config).await?;
    Ok(Directory {
        authority,
        keys,
        sign_ins: Group::begin(&storage),
        contacts: Group::begin(&storage),
        storage,
        config,
        attempts: crate::attempts::Attempts::default(),
        live: crate::live::Live::default(),
        nonces: Nonces::default(),
        health: Health::default(),
        throttle: std::sync::Mutex::default(),
        stop: tokio::sync::watch::Sender::new(false),
    })
}

/// The sockets of the configuration, and those handed over by the starter (sd_listen_fds(3)).
fn listeners(config: &Config) -> anyhow::Result<Vec<TcpListener>> {
    let mut listeners = Vec::new();
    for listener in handed_over()? {
        listener.set_nonblocking(true)?;
        listeners.push(TcpListener::from_std(listener)?);
    }
    for address in &config.listen {
        let listener =
            StdListener::bind(address).with_context(|| format!("can't listen on {address}"))?;
        listener.set_nonblocking(true)?;
        listeners.push(TcpListener::from_std(listener)?);
    }
    for listener in &listeners {
        limits::deepen(listener)?;
    }
    if listeners.is_empty() {
        bail!("`listen` in directory.toml is empty and no socket was handed over");
    }
    Ok(listeners)
}

fn handed_over() -> anyhow::Result<Vec<StdListener>> {
    let mut handed = listenfd::ListenFd::from_env();
    let mut listeners = Vec::new();
    for index in 0..handed.len() {
        let listener = handed
            .take_tcp_listener(index)
            .context("a handed-over fd is no TCP socket")?;
        listeners.extend(listener);
    }
    Ok(listeners)
}

async fn accept(
    listener: TcpListener,
    tls: TlsAcceptor,
    app: Router,
    stop: watch::Receiver<bool>,
    places: Arc<Places>,
) {
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                let Some(place) = places.take(address.ip()) else {
                    continue;
                };
                let kept = (stop.clone(), place);
                tokio::spawn(connection(stream, address, tls.clone(), app.clone(), kept));
            }
            Err(fault) => {
                // Out of file descriptors: those that are served will free some.
                tracing::warn!(error = %fault, "accept failed");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn connection(
    stream: TcpStream,
    address: SocketAddr,
    tls: TlsAcceptor,
    app: Router,
    (stop, place): (watch::Receiver<bool>, Place),
) {
    // Events are small and must not wait for more to come; a computer whose power was cut must not
    // count as online for the quarter of an hour that TCP would try.
    let tuned = stream.set_nodelay(true).and_then(|()| {
        Ok(set_tcp_user_timeout(
            &stream,
            u32::try_from(DEAD.as_millis()).unwrap_or(u32::MAX),
        )?)
    });
    if tuned.is_err() {
        return;
    }
    let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await else {
        tracing::debug!("no TLS handshake");
        return;
    };
    connection::serve(stream, address, app, stop, place).await;
}

/// What the process is told from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Stop,
    Reload,
}

/// Taken before anything listens: whoever finds the door open may tell it something.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn take() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Stop,
            _ = self.interrupt.recv() => Told::Stop,
            _ = self.hang_up.recv() => Told::Reload,
        }
    }
}
