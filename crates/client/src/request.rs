//! Typed requests: from whom, with what, and what the answer means.

use std::sync::{Mutex, PoisonError};

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use lockstep_model::{Code, DeviceId, Secret};
use lockstep_protocol::api::Problem;
use lockstep_protocol::assertion::{Claims, HEADER, NONCE_HEADER};
use p256::ecdsa::SigningKey;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::transport::{Transport, Trust, patiently};
use crate::{Fault, Proxy};

/// The most bytes of an answer.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// A client of one directory.
pub struct Client {
    url: String,
    transport: Transport,
    nonce: Mutex<String>,
    user_agent: HeaderValue,
}

/// A device's key, with its id once it is enrolled.
pub struct DeviceKey {
    /// The key that signs.
    pub key: SigningKey,
    /// The id, or none while it enrols.
    pub device: Option<DeviceId>,
}

/// Who asks.
#[derive(Clone, Copy)]
pub enum From<'a> {
    /// Anybody.
    Anybody,
    /// A person with a session, by its token.
    Session(&'a Secret),
    /// A device.
    Device(&'a DeviceKey),
}

impl Client {
    /// A client of the directory at `https://host[:port]`, through the proxy that the environment
    /// names; nothing is connected yet.
    ///
    /// # Errors
    ///
    /// As [`Transport::new`] and [`Proxy::from_environment`].
    pub fn new(url: &str, trust: &Trust) -> Result<Self, Fault> {
        Self::through(url, trust, &Proxy::from_environment()?)
    }

    /// A client of the directory at `https://host[:port]`, through this proxy; nothing is
    /// connected yet.
    ///
    /// # Errors
    ///
    /// As [`Transport::new`].
    pub fn through(url: &str, trust: &Trust, proxy: &Proxy) -> Result<Self, Fault> {
        let transport = Transport::new(url, trust, proxy)?;
        let user_agent = concat!("lockstep/", env!("CARGO_PKG_VERSION"), " Linux");
        Ok(Self {
            url: url.to_owned(),
            transport,
            nonce: Mutex::default(),
            user_agent: HeaderValue::from_static(user_agent),
        })
    }

    /// Reads something.
    ///
    /// # Errors
    ///
    /// The directory's code, or what kept it from answering.
    pub async fn get<T: DeserializeOwned>(&self, from: From<'_>, path: &str) -> Result<T, Fault> {
        let response = self.send(from, Method::GET, path, &[], false).await;
        harmless(read_if(response).await)
    }

    /// Reads something large on a connection of its own, so that nothing else waits for it.
    ///
    /// # Errors
    ///
    /// The directory's code, or what kept it from answering.
    pub async fn get_alone<T: DeserializeOwned>(
        &self,
        from: From<'_>,
        path: &str,
    ) -> Result<T, Fault> {
        let response = self.send(from, Method::GET, path, &[], true).await;
        harmless(read_if(response).await)
    }

    /// Sends a message that changes nothing a person would miss, and reads the answer.
    ///
    /// # Errors
    ///
    /// The directory's code, or what kept it from answering.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        from: From<'_>,
        path: &str,
        message: &impl Serialize,
    ) -> Result<T, Fault> {
        harmless(self.post(from, path, message).await)
    }

    /// Sends a message that changes something, and reads the answer; `()` for none.
    ///
    /// # Errors
    ///
    /// The directory's code; [`Code::DirectoryUnreachable`] if the message never left,
    /// [`Code::AnswerLost`] if nobody knows what became of it.
    pub async fn post<T: DeserializeOwned>(
        &self,
        from: From<'_>,
        path: &str,
        message: &impl Serialize,
    ) -> Result<T, Fault> {
        let body =
            serde_json::to_vec(message).map_err(|fault| Fault::new(Code::Internal, fault))?;
        read_if(self.send(from, Method::POST, path, &body, false).await).await
    }

    /// Deletes something; `()` for answers without a body.
    ///
    /// # Errors
    ///
    /// The directory's code, or what kept it from answering.
    pub async fn delete<T: DeserializeOwned>(
        &self,
        from: From<'_>,
        path: &str,
    ) -> Result<T, Fault> {
        read_if(self.send(from, Method::DELETE, path, &[], false).await).await
    }

    pub(crate) const fn transport(&self) -> &Transport {
        &self.transport
    }

    /// Asks on a connection of its own, and gives whatever answer comes.
    pub(crate) async fn open_alone(
        &self,
        from: From<'_>,
        method: Method,
        path: &str,
    ) -> Result<Response<Incoming>, Fault> {
        harmless(self.send(from, method, path, &[], true).await)
    }

    /// Opens a stream on a connection of its own.
    pub(crate) async fn open(
        &self,
        from: From<'_>,
        path: &str,
    ) -> Result<Response<Incoming>, Fault> {
        let response = self.open_alone(from, Method::GET, path).await?;
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(refusal(response).await)
        }
    }

    async fn send(
        &self,
        from: From<'_>,
        method: Method,
        path: &str,
        body: &[u8],
        alone: bool,
    ) -> Result<Response<Incoming>, Fault> {
        for _ in 0..2 {
            let request = self.request(from, &method, path, body)?;
            let response = if alone {
                self.transport.send_alone(request).await?
            } else {
                self.transport.send(request).await?
            };
            let nonce = fresh_nonce(response.headers());
            match (from, nonce) {
                // The directory asks for the same again, signed with its nonce (RFC 9449 sec. 8).
                (From::Device(_), Some(nonce)) if response.status() == StatusCode::UNAUTHORIZED => {
                    *self.nonce.lock().unwrap_or_else(PoisonError::into_inner) = nonce;
                    // Read to its end, so that the connection can carry the next.
                    let _refusal = refusal(response).await;
                }
                (From::Anybody | From::Session(_) | From::Device(_), _) => return Ok(response),
            }
        }
        Err(Fault::new(
            Code::DeviceRefused,
            "the directory accepts none of its own nonces",
        ))
    }

    fn request(
        &self,
        from: From<'_>,
        method: &Method,
        path: &str,
        body: &[u8],
    ) -> Result<Request<Full<Bytes>>, Fault> {
        let path = format!("/api/v1{path}");
        let mut request = Request::new(Full::new(Bytes::copy_from_slice(body)));
        let bad = |_| Fault::new(Code::Internal, "a header could not be made");
        *request.method_mut() = method.clone();
        *request.uri_mut() = path
            .parse()
            .map_err(|_| Fault::new(Code::Internal, "no valid path"))?;
        let host = self.url.strip_prefix("https://").unwrap_or(&self.url);
        let headers = request.headers_mut();
        headers.insert(header::HOST, HeaderValue::from_str(host).map_err(bad)?);
        headers.insert(header::USER_AGENT, self.user_agent.clone());
        if !body.is_empty() {
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            );
        }
        match from {
            From::Anybody => {}
            From::Session(token) => {
                let value = Secret::new([b"Bearer ", token.expose()].concat());
                let mut value = HeaderValue::from_bytes(value.expose()).map_err(bad)?;
                value.set_sensitive(true);
                headers.insert(header::AUTHORIZATION, value);
            }
            From::Device(DeviceKey { key, device }) => {
                let nonce = self
                    .nonce
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .clone();
                let url = format!("{}{path}", self.url);
                let claims = Claims::new(*device, method.as_str(), &url, body, &nonce);
                headers.insert(
                    HEADER,
                    HeaderValue::from_str(&claims.sign(key)).map_err(bad)?,
                );
            }
        }
        Ok(request)
    }
}

fn fresh_nonce(headers: &HeaderMap) -> Option<String> {
    headers.get(NONCE_HEADER)?.to_str().ok().map(str::to_owned)
}

async fn read_if<T: DeserializeOwned>(
    response: Result<Response<Incoming>, Fault>,
) -> Result<T, Fault> {
    let response = response?;
    if !response.status().is_success() {
        return Err(refusal(response).await);
    }
    let body = body(response).await?;
    let text: &[u8] = if body.is_empty() { b"null" } else { &body };
    serde_json::from_slice(text).map_err(|fault| Fault::new(Code::AnswerLost, fault))
}

/// Where nothing is changed, a lost answer is no more than a directory that can't be reached.
fn harmless<T>(answer: Result<T, Fault>) -> Result<T, Fault> {
    answer.map_err(|fault| {
        let lost = fault.code == Code::AnswerLost;
        let code = if lost {
            Code::DirectoryUnreachable
        } else {
            fault.code
        };
        Fault { code, ..fault }
    })
}

async fn refusal(response: Response<Incoming>) -> Fault {
    let status = response.status();
    match body(response)
        .await
        .map(|body| serde_json::from_slice::<Problem>(&body))
    {
        Ok(Ok(problem)) => Fault::new(problem.code, format!("the directory answered {status}")),
        Ok(Err(_)) => Fault::new(Code::DirectoryFault, format!("an unreadable {status}")),
        Err(fault) => fault,
    }
}

async fn body(response: Response<Incoming>) -> Result<Bytes, Fault> {
    let body = Limited::new(response.into_body(), MAX_ANSWER);
    let body = patiently(body.collect()).await?;
    body.map(http_body_util::Collected::to_bytes)
        .map_err(|fault| Fault::new(Code::AnswerLost, fault))
}
