//! One kept HTTP/1.1 connection over TLS, to the one host that is trusted.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use lockstep_model::Code;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::examine::Step;
use crate::proxy::Hop;
use crate::{Fault, Proxy};

/// Until a connection stands, and until an answer begins.
const PATIENCE: Duration = Duration::from_secs(10);

/// Which authorities are believed.
#[derive(Clone, Debug)]
pub enum Trust {
    /// Only this one (DER): what the enrolment string pinned.
    Pinned(Vec<u8>),
    /// The system's.
    System,
}

/// Reads an authority's certificate from a PEM file.
///
/// # Errors
///
/// [`Code::DirectoryNotTrusted`].
pub fn read_authority(file: &Path) -> Result<Vec<u8>, Fault> {
    CertificateDer::from_pem_file(file)
        .map(|certificate| certificate.as_ref().to_vec())
        .map_err(|fault| {
            Fault::new(
                Code::DirectoryNotTrusted,
                format!("{}: {fault}", file.display()),
            )
        })
}

/// The line to one directory.
pub struct Transport {
    host: String,
    port: u16,
    hop: Option<Hop>,
    directory: Uri,
    name: ServerName<'static>,
    tls: TlsConnector,
    kept: Mutex<Option<SendRequest<Full<Bytes>>>>,
}

impl Transport {
    /// A line to `https://host[:port]`; nothing is connected yet.
    ///
    /// # Errors
    ///
    /// An address that isn't one, or authorities that can't be read.
    pub fn new(url: &str, trust: &Trust, proxy: &Proxy) -> Result<Self, Fault> {
        let bad = |what| Fault::new(Code::BadRequest, format!("{url}: {what}"));
        let authority: http::uri::Authority = url
            .strip_prefix("https://")
            .ok_or_else(|| bad("must begin with https://"))?
            .parse()
            .map_err(|_| bad("is no address"))?;
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(host.clone()).map_err(|_| bad("has no valid host"))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|fault| Fault::new(Code::Internal, fault))?
            .with_root_certificates(roots(trust)?)
            .with_no_client_auth();
        let tls = TlsConnector::from(Arc::new(config));
        let port = authority.port_u16().unwrap_or(443);
        let directory = format!("https://{}:{port}/", authority.host());
        let directory: Uri = directory.parse().map_err(|_| bad("is no address"))?;
        Ok(Self {
            host,
            port,
            hop: proxy.towards(&directory),
            directory,
            name,
            tls,
            kept: Mutex::new(None),
        })
    }

    /// Sends a request on the kept connection, or on a new one if that has ended.
    ///
    /// # Errors
    ///
    /// [`Code::DirectoryUnreachable`] if it never left, [`Code::AnswerLost`] if it did, or
    /// [`Code::DirectoryNotTrusted`] for a certificate that the pinned authority did not make.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Fault> {
        let mut kept = self.kept.lock().await;
        let mut request = request;
        if let Some(mut sender) = kept.take() {
            match patiently(sender.try_send_request(request)).await? {
                Ok(response) => {
                    *kept = Some(sender);
                    return Ok(response);
                }
                // The directory had closed the connection: what never left may be sent again.
                Err(mut fault) => match fault.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(lost(fault.into_error())),
                },
            }
        }
        let mut sender = self.connect().await?;
        let response = patiently(sender.send_request(request))
            .await?
            .map_err(lost)?;
        *kept = Some(sender);
        Ok(response)
    }

    /// Sends a request on a connection of its own, which lives as long as the answer is read.
    ///
    /// # Errors
    ///
    /// As [`Transport::send`].
    pub async fn send_alone(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, Fault> {
        let mut sender = self.connect().await?;
        patiently(sender.send_request(request)).await?.map_err(lost)
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, Fault> {
        let connect = async {
            let stream = self.dial().await?;
            let tls = self.tls.connect(self.name.clone(), stream).await;
            tls.map_err(|fault| judge(&fault))
        };
        let stream = timeout(PATIENCE, connect)
            .await
            .map_err(|_| self.slow())??;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(unreachable)?;
        // Ends by itself when the sender and the answer's body are dropped.
        tokio::spawn(async move {
            let _ended_with = connection.await;
        });
        Ok(sender)
    }
}

impl Transport {
    /// The proxy on the way, without credentials; none for a direct way.
    #[must_use]
    pub fn proxy(&self) -> Option<String> {
        self.hop.as_ref().map(Hop::to_string)
    }

    /// Goes as far as an encrypted connection, and names the step that fails.
    pub(crate) async fn examine(&self) -> Result<(), (Step, Fault)> {
        if self.hop.is_none() {
            let lookup = tokio::net::lookup_host((self.host.as_str(), self.port));
            let found = timeout(PATIENCE, lookup).await;
            let found = found.map_err(|_| (Step::Name, self.slow()))?;
            let _addresses = found.map_err(|fault| (Step::Name, judge(&fault)))?;
        }
        let dialled = timeout(PATIENCE, self.dial()).await;
        let stream = dialled
            .map_err(|_| self.slow())
            .and_then(|dialled| dialled)
            .map_err(|fault| (Step::Connection, fault))?;
        let encrypted = timeout(PATIENCE, self.tls.connect(self.name.clone(), stream)).await;
        let encrypted = encrypted.map_err(|_| (Step::Encryption, self.slow()))?;
        encrypted
            .map(drop)
            .map_err(|fault| (Step::Encryption, judge(&fault)))
    }

    async fn dial(&self) -> Result<TcpStream, Fault> {
        if let Some(hop) = &self.hop {
            return hop.open(&self.directory).await;
        }
        let connect = TcpStream::connect((self.host.as_str(), self.port));
        let stream = connect.await.map_err(|fault| judge(&fault))?;
        stream.set_nodelay(true).map_err(|fault| judge(&fault))?;
        Ok(stream)
    }

    fn slow(&self) -> Fault {
        let through = self.hop.as_ref().map(|hop| format!(" through {hop}"));
        let detail = format!("no connection in time{}", through.unwrap_or_default());
        Fault::new(Code::DirectoryUnreachable, detail)
    }
}

/// Waits for what a request that has left brings.
pub(crate) async fn patiently<T>(answer: impl Future<Output = T>) -> Result<T, Fault> {
    timeout(PATIENCE, answer)
        .await
        .map_err(|_| Fault::new(Code::AnswerLost, "no answer in time"))
}

fn lost(fault: hyper::Error) -> Fault {
    Fault::new(Code::AnswerLost, fault)
}

fn roots(trust: &Trust) -> Result<RootCertStore, Fault> {
    let mut roots = RootCertStore::empty();
    match trust {
        Trust::Pinned(authority) => roots
            .add(CertificateDer::from(authority.clone()))
            .map_err(|fault| Fault::new(Code::DirectoryNotTrusted, fault))?,
        Trust::System => {
            let (_added, _unusable) =
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    Ok(roots)
}

fn unreachable(fault: hyper::Error) -> Fault {
    Fault::new(Code::DirectoryUnreachable, fault)
}

fn judge(fault: &io::Error) -> Fault {
    let tls = fault
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let code = match tls {
        Some(rustls::Error::InvalidCertificate(_)) => Code::DirectoryNotTrusted,
        Some(_) | None => Code::DirectoryUnreachable,
    };
    Fault::new(code, fault)
}
