//! HTTP/1.1 over one TLS 1.3 connection, as far as the directory speaks it, and its events.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use lockstep_protocol::assertion::NONCE_HEADER;
use rustls::client::Resumption;
use rustls::{ClientConfig, ProtocolVersion, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Where the directory is and which authority it has.
#[derive(Clone)]
pub struct Place {
    /// `localhost:PORT`.
    pub host: String,
    tls: TlsConnector,
}

/// One kept connection.
pub struct Connection {
    host: String,
    stream: TlsStream<TcpStream>,
    unread: Vec<u8>,
}

/// An answer, whole.
pub struct Answer {
    /// The status.
    pub status: u16,
    head: String,
    body: Vec<u8>,
}

/// A stream of events.
pub struct Events {
    connection: Connection,
    text: Vec<u8>,
}

impl Place {
    /// The directory on this port, with the authority in a PEM file. No session is resumed: each
    /// connection is a whole handshake.
    ///
    /// # Errors
    ///
    /// When the authority can't be read.
    pub fn new(port: u16, authority: &Path) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(authority)?)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        Ok(Self {
            host: format!("localhost:{port}"),
            tls: TlsConnector::from(Arc::new(config)),
        })
    }

    /// The public address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.host)
    }

    /// Connects.
    ///
    /// # Errors
    ///
    /// When nobody listens, or without TLS 1.3.
    pub async fn connect(&self) -> anyhow::Result<Connection> {
        let port = self.host.rsplit(':').next().unwrap_or_default();
        let stream = TcpStream::connect(("127.0.0.1", port.parse()?)).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from("localhost")?;
        let stream = self.tls.connect(name, stream).await?;
        if stream.get_ref().1.protocol_version() != Some(ProtocolVersion::TLSv1_3) {
            bail!("the directory did not speak TLS 1.3");
        }
        Ok(Connection {
            host: self.host.clone(),
            stream,
            unread: Vec::new(),
        })
    }
}

impl Connection {
    /// Sends a request and reads the answer, whatever its status.
    ///
    /// # Errors
    ///
    /// When the connection breaks, or the answer has no length.
    pub async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> anyhow::Result<Answer> {
        self.write(method, path, headers, body).await?;
        let head = self.head().await?;
        let length: usize = match field(&head, "content-length") {
            Some(length) => length.parse()?,
            None if head.starts_with("HTTP/1.1 204") => 0,
            None => bail!("an answer without a length: {head}"),
        };
        while self.unread.len() < length {
            self.read().await?;
        }
        let body = self.unread.drain(..length).collect();
        Ok(Answer {
            status: status(&head)?,
            head,
            body,
        })
    }

    /// Posts a message, in a session if there is one, and reads the answer.
    ///
    /// # Errors
    ///
    /// Any answer but success.
    pub async fn post<T: DeserializeOwned>(
        &mut self,
        session: Option<&str>,
        path: &str,
        message: &impl Serialize,
    ) -> anyhow::Result<T> {
        let bearer = session.map(|token| format!("Bearer {token}"));
        let headers: Vec<(&str, &str)> = bearer
            .iter()
            .map(|bearer| ("authorization", bearer.as_str()))
            .collect();
        let body = serde_json::to_vec(message)?;
        self.send("POST", path, &headers, &body).await?.read()
    }

    /// Asks for a stream of events.
    ///
    /// # Errors
    ///
    /// Any answer but a stream.
    pub async fn events(mut self, path: &str, headers: &[(&str, &str)]) -> anyhow::Result<Events> {
        self.write("GET", path, headers, &[]).await?;
        let head = self.head().await?;
        let kind = field(&head, "content-type");
        if status(&head)? != 200 || kind != Some("text/event-stream") {
            bail!("no stream: {head}");
        }
        if field(&head, "transfer-encoding") != Some("chunked") {
            bail!("a stream that isn't chunked: {head}");
        }
        Ok(Events {
            connection: self,
            text: Vec::new(),
        })
    }

    async fn write(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> anyhow::Result<()> {
        let mut request = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nhost: {}\r\nuser-agent: lockstep/load Linux\r\n",
            self.host
        );
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        if method != "GET" {
            let length = body.len();
            request += &format!("content-type: application/json\r\ncontent-length: {length}\r\n");
        }
        request += "\r\n";
        let mut bytes = request.into_bytes();
        bytes.extend_from_slice(body);
        Ok(self.stream.write_all(&bytes).await?)
    }

    async fn head(&mut self) -> anyhow::Result<String> {
        loop {
            if let Some(end) = find(&self.unread, b"\r\n\r\n") {
                let head: Vec<u8> = self.unread.drain(..end + 4).collect();
                return Ok(String::from_utf8(head)?);
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> anyhow::Result<()> {
        match self.stream.read_buf(&mut self.unread).await? {
            0 => bail!("the directory hung up"),
            _ => Ok(()),
        }
    }
}

impl Answer {
    /// Reads the message of a success.
    ///
    /// # Errors
    ///
    /// With the answer, when it is none.
    pub fn read<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        let said = || String::from_utf8_lossy(&self.body).into_owned();
        if !(200..300).contains(&self.status) {
            bail!("{}: {}", self.status, said());
        }
        let text: &[u8] = if self.body.is_empty() {
            b"null"
        } else {
            &self.body
        };
        serde_json::from_slice(text).with_context(said)
    }

    /// The nonce that the directory wants to be signed with.
    #[must_use]
    pub fn nonce(&self) -> Option<&str> {
        field(&self.head, NONCE_HEADER)
    }
}

impl Events {
    /// Waits for the next event with data, and reads it.
    ///
    /// # Errors
    ///
    /// When the stream ends, or the data isn't such a message.
    pub async fn next<T: DeserializeOwned>(&mut self) -> anyhow::Result<T> {
        loop {
            while let Some(end) = find(&self.text, b"\n\n") {
                let event: Vec<u8> = self.text.drain(..end + 2).collect();
                let mut lines = event.split(|byte| *byte == b'\n');
                if let Some(data) = lines.find_map(|line| line.strip_prefix(b"data: ")) {
                    return Ok(serde_json::from_slice(data)?);
                }
            }
            self.chunk().await?;
        }
    }

    async fn chunk(&mut self) -> anyhow::Result<()> {
        let connection = &mut self.connection;
        loop {
            if let Some(end) = find(&connection.unread, b"\r\n") {
                let size = std::str::from_utf8(&connection.unread[..end])?;
                let size = usize::from_str_radix(size, 16).context("no chunk")?;
                if size == 0 {
                    bail!("the stream has ended");
                }
                let whole = end + 2 + size + 2;
                if connection.unread.len() >= whole {
                    self.text
                        .extend_from_slice(&connection.unread[end + 2..end + 2 + size]);
                    connection.unread.drain(..whole);
                    return Ok(());
                }
            }
            connection.read().await?;
        }
    }
}

fn status(head: &str) -> anyhow::Result<u16> {
    let word = head.split(' ').nth(1).context("no status")?;
    Ok(word.parse()?)
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
