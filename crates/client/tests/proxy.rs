//! A real proxy of a few lines between the client and a real TLS server.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lockstep_client::transport::Trust;
use lockstep_client::{Client, Fault, From, Proxy};
use lockstep_model::Code;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A directory as far as this needs one: it answers, and it streams.
struct Directory {
    address: SocketAddr,
    authority: Vec<u8>,
}

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"well\":true}";
const STREAM: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
    Transfer-Encoding: chunked\r\n\r\n";

impl Directory {
    async fn start() -> Self {
        let made = rcgen::generate_simple_self_signed(["directory.example".to_owned()]).unwrap();
        let authority = made.cert.der().to_vec();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(acceptor.clone(), stream));
            }
        });
        Self { address, authority }
    }

    fn url(&self) -> String {
        // The name is known to the proxy alone: a direct way would end in the resolver.
        format!("https://directory.example:{}", self.address.port())
    }

    fn client(&self, proxy: &str) -> Client {
        let proxy = Proxy::named(proxy, "").unwrap();
        Client::through(&self.url(), &Trust::Pinned(self.authority.clone()), &proxy).unwrap()
    }
}

async fn serve(acceptor: TlsAcceptor, stream: TcpStream) {
    // A client that doesn't trust this hangs up.
    let Ok(mut stream) = acceptor.accept(stream).await else {
        return;
    };
    let request = read_head(&mut stream).await;
    if !request.starts_with("GET /api/v1/events") {
        return stream.write_all(ANSWER).await.unwrap();
    }
    stream.write_all(STREAM).await.unwrap();
    for number in 1..=3 {
        let event = format!("data: {number}\n\n");
        let chunk = format!("{:x}\r\n{event}\r\n", event.len());
        stream.write_all(chunk.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    std::future::pending().await
}

async fn read_head(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// What a proxy does with what it is asked.
#[derive(Clone)]
enum Manner {
    /// Tunnels to the directory, for whoever brings these credentials.
    Tunnel(SocketAddr, Option<&'static str>),
    /// Answers this.
    Say(&'static [u8]),
    /// Says nothing.
    Stall,
}

/// A proxy, and what it was asked.
struct Asked {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    count: Arc<AtomicUsize>,
}

impl Asked {
    fn url(&self, user: &str) -> String {
        format!("http://{user}{}", self.address)
    }
}

async fn proxy(manner: Manner) -> Asked {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let asked = Asked {
        address: listener.local_addr().unwrap(),
        heads: Arc::default(),
        count: Arc::default(),
    };
    let (heads, count) = (Arc::clone(&asked.heads), Arc::clone(&asked.count));
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            count.fetch_add(1, Ordering::Relaxed);
            let (heads, manner) = (Arc::clone(&heads), manner.clone());
            tokio::spawn(async move {
                let head = read_head(&mut stream).await;
                heads.lock().unwrap().push(head.clone());
                match manner {
                    Manner::Tunnel(directory, wanted) => {
                        tunnel(stream, &head, directory, wanted).await;
                    }
                    // The client may have hung up over the first half.
                    Manner::Say(answer) => drop(stream.write_all(answer).await),
                    Manner::Stall => std::future::pending().await,
                }
            });
        }
    });
    asked
}

async fn tunnel(mut stream: TcpStream, head: &str, to: SocketAddr, wanted: Option<&str>) {
    let wanted = wanted.map(|wanted| format!("Proxy-Authorization: Basic {wanted}\r\n"));
    if wanted.is_some_and(|wanted| !head.contains(&wanted)) {
        let refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n";
        return stream.write_all(refusal).await.unwrap();
    }
    let mut onward = TcpStream::connect(to).await.unwrap();
    let well = b"HTTP/1.1 200 Connection established\r\n\r\n";
    stream.write_all(well).await.unwrap();
    let _ended = copy_bidirectional(&mut stream, &mut onward).await;
}

async fn ask(client: &Client) -> Result<Value, Fault> {
    client.get(From::Anybody, "/anything").await
}

#[tokio::test]
async fn an_answer_and_a_stream_come_through_the_tunnel() {
    let directory = Directory::start().await;
    let proxy = proxy(Manner::Tunnel(directory.address, None)).await;
    let client = directory.client(&proxy.url(""));
    assert_eq!(ask(&client).await.unwrap(), json!({ "well": true }));
    let head = proxy.heads.lock().unwrap()[0].clone();
    let port = directory.address.port();
    let line = format!("CONNECT directory.example:{port} HTTP/1.1\r\n");
    assert!(head.starts_with(&line), "{head}");
    assert!(!head.contains("Authorization"), "{head}");
    let mut stream = client.stream(From::Anybody, "/events").await.unwrap();
    for number in 1..=3 {
        assert_eq!(stream.next::<u8>().await.unwrap(), number);
    }
}

#[tokio::test]
async fn credentials_go_to_the_proxy_and_into_no_message() {
    let directory = Directory::start().await;
    let user_hunter2 = "dXNlcjpodW50ZXIy";
    let proxy = proxy(Manner::Tunnel(directory.address, Some(user_hunter2))).await;
    let client = directory.client(&proxy.url("user:hunter2@"));
    assert_eq!(ask(&client).await.unwrap(), json!({ "well": true }));
    for wrong in ["", "user:hunter3@"] {
        let fault = ask(&directory.client(&proxy.url(wrong))).await.unwrap_err();
        assert_eq!(fault.code, Code::ProxyRefused, "{fault}");
        assert!(fault.detail.contains("authorization required"), "{fault}");
        assert!(!fault.to_string().contains("hunter"), "{fault}");
    }
}

#[tokio::test]
async fn a_proxy_that_refuses_or_talks_nonsense_is_named() {
    let directory = Directory::start().await;
    let endless = [b"HTTP/1.1 200 OK\r\nX: ".as_slice(), &[b'x'; 20_000]].concat();
    for answer in [
        &b"HTTP/1.1 403 Forbidden\r\n\r\n"[..],
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"",
        endless.leak(),
    ] {
        let proxy = proxy(Manner::Say(answer)).await;
        let fault = ask(&directory.client(&proxy.url(""))).await.unwrap_err();
        assert_eq!(fault.code, Code::ProxyRefused, "{fault}");
        assert!(fault.detail.contains(&proxy.address.to_string()), "{fault}");
    }
}

#[tokio::test]
async fn a_proxy_that_is_gone_or_silent_makes_the_directory_unreachable() {
    let directory = Directory::start().await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = closed.local_addr().unwrap();
    drop(closed);
    let fault = ask(&directory.client(&format!("http://{nobody}"))).await;
    let fault = fault.unwrap_err();
    assert_eq!(fault.code, Code::DirectoryUnreachable, "{fault}");
    assert!(fault.detail.contains("refused"), "{fault}");

    let proxy = proxy(Manner::Stall).await;
    let started = Instant::now();
    let fault = ask(&directory.client(&proxy.url(""))).await.unwrap_err();
    assert_eq!(fault.code, Code::DirectoryUnreachable, "{fault}");
    assert!(fault.detail.contains("through"), "{fault}");
    assert!(started.elapsed() < Duration::from_secs(15));
}

#[tokio::test]
async fn an_exception_is_reached_without_the_proxy() {
    let directory = Directory::start().await;
    let proxy = proxy(Manner::Tunnel(directory.address, None)).await;
    let named = Proxy::named(&proxy.url(""), "127.0.0.0/8").unwrap();
    let url = format!("https://{}", directory.address);
    let trust = Trust::Pinned(directory.authority.clone());
    let client = Client::through(&url, &trust, &named).unwrap();
    // The certificate names another host: so far it came, and not through the proxy.
    let fault = ask(&client).await.unwrap_err();
    assert_eq!(fault.code, Code::DirectoryNotTrusted, "{fault}");
    assert_eq!(proxy.count.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_proxy_that_looks_into_the_tunnel_is_not_trusted() {
    let directory = Directory::start().await;
    let other = Directory::start().await;
    let proxy = proxy(Manner::Tunnel(other.address, None)).await;
    let fault = ask(&directory.client(&proxy.url(""))).await.unwrap_err();
    assert_eq!(fault.code, Code::DirectoryNotTrusted, "{fault}");
}
