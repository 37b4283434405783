//! Sockets, TLS, and a graceful stop.

use std::net::{SocketAddr, TcpListener as StdListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::Router;
use rustix::net::sockopt::set_tcp_user_timeout;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::config::{Config, Files};
use crate::http::{Directory, Nonces, router};
use crate::keys::Keys;
use crate::storage::{Group, Storage};

mod connection;

/// A client that says nothing is not waited for.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long requests under way may take to end at a stop.
const GRACE: Duration = Duration::from_secs(5);
/// How long sent bytes may stay unacknowledged; a heartbeat is sent every 25 s.
const DEAD: Duration = Duration::from_secs(40);

/// Serves until told to stop by SIGTERM or SIGINT.
///
/// # Errors
///
/// Whatever keeps it from starting.
pub async fn serve(files: &Files) -> anyhow::Result<()> {
    let config = Config::load(files)?;
    let tls = TlsAcceptor::from(Arc::new(server_config(files, &config)?));
    let listeners = listeners(&config)?;
    let url = config.url.clone();
    let directory = open(files, config).await?;
    let storage = directory.storage.clone();
    let stop = directory.stop.clone();
    let app = router(directory);
    let mut accepting = tokio::task::JoinSet::new();
    for listener in listeners {
        let accept = accept(listener, tls.clone(), app.clone(), stop.subscribe());
        accepting.spawn(accept);
    }
    tracing::info!(url = %url, "ready");
    stop_signal().await?;
    tracing::info!("stopping");
    stop.send_replace(true);
    accepting.shutdown().await;
    // Each connection holds a receiver until it has ended.
    let stopped = tokio::time::timeout(GRACE, stop.closed()).await;
    tracing::debug!(all_ended = stopped.is_ok(), "connections");
    storage.close().await;
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
    let storage = Storage::open(&files.database())
        .await
        .context("can't open the database")?;
    Ok(Directory {
        authority,
        keys: Keys::load(&files.keys())?,
        sign_ins: Group::begin(&storage),
        contacts: Group::begin(&storage),
        storage,
        config,
        attempts: crate::attempts::Attempts::default(),
        live: crate::live::Live::default(),
        nonces: Nonces::default(),
        throttle: std::sync::Mutex::default(),
        stop: tokio::sync::watch::Sender::new(false),
    })
}

fn server_config(files: &Files, config: &Config) -> anyhow::Result<ServerConfig> {
    let read = |path: &Path| files.named(path);
    let chain = CertificateDer::pem_file_iter(read(&config.tls.certificate))?
        .collect::<Result<Vec<_>, _>>()
        .context("can't read the TLS certificate")?;
    let key =
        PrivateKeyDer::from_pem_file(read(&config.tls.key)).context("can't read the TLS key")?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(tls)
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

async fn accept(listener: TcpListener, tls: TlsAcceptor, app: Router, stop: watch::Receiver<bool>) {
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                let (tls, app) = (tls.clone(), app.clone());
                tokio::spawn(connection(stream, address, tls, app, stop.clone()));
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
    stop: watch::Receiver<bool>,
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
    connection::serve(stream, address, app, stop).await;
}

async fn stop_signal() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
