//! The way out of this network: directly, or through an HTTP proxy that tunnels (RFC 9110 section
//! 9.3.6). What the tunnel carries is TLS to the directory: the proxy learns its name, no more.

use std::fmt;

use http::{HeaderValue, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use lockstep_model::Code;
use tokio::net::TcpStream;
use tower_service::Service as _;

use crate::Fault;

/// The variables that name a proxy for HTTPS, as curl reads them; the first that is set counts.
const VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
/// The variables that name what is reached directly.
const EXCEPTIONS: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// Which proxy is used for which hosts. It may hold credentials, hence its own `Debug`.
#[derive(Default)]
pub struct Proxy(Option<Matcher>);

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Proxy" } else { "Direct" })
    }
}

/// One proxy, on the way to one host.
#[derive(Clone)]
pub(crate) struct Hop {
    uri: Uri,
    credentials: Option<HeaderValue>,
}

impl Proxy {
    /// No proxy, whatever the environment says.
    #[must_use]
    pub const fn direct() -> Self {
        Self(None)
    }

    /// What `https_proxy`, `all_proxy` and `no_proxy` say, in either case of letters.
    ///
    /// # Errors
    ///
    /// [`Code::ProxyRefused`] for a proxy of another kind than `http://host[:port]`.
    pub fn from_environment() -> Result<Self, Fault> {
        let set = |names: &[&str]| names.iter().find_map(|name| std::env::var(name).ok());
        let except = set(&EXCEPTIONS).unwrap_or_default();
        match set(&VARIABLES) {
            Some(url) if !url.is_empty() => Self::named(&url, &except),
            Some(_) | None => Ok(Self::direct()),
        }
    }

    /// A proxy by its address, `http://[user:password@]host[:port]`, for every host but these:
    /// names with their subdomains, addresses, networks, separated by commas.
    ///
    /// # Errors
    ///
    /// [`Code::ProxyRefused`] for another kind of proxy; the address is not repeated.
    pub fn named(url: &str, except: &str) -> Result<Self, Fault> {
        let unusable = |why| Fault::new(Code::ProxyRefused, format!("the proxy's address {why}"));
        let any = Uri::from_static("https://any.invalid/");
        let only = Matcher::builder().https(url).build();
        let hop = only.intercept(&any).ok_or_else(|| unusable("is none"))?;
        if hop.uri().scheme_str() != Some("http") {
            return Err(unusable("must begin with http://: no other kind is spoken"));
        }
        let authority = hop.uri().authority();
        let whole = authority.is_some_and(|whole| {
            let port = whole.port_u16().map(|port| format!(":{port}"));
            let named = format!("{}{}", whole.host(), port.unwrap_or_default());
            !whole.host().is_empty() && whole.as_str() == named
        });
        if !whole {
            return Err(unusable("has no host, or no valid port"));
        }
        Ok(Self(Some(Matcher::builder().https(url).no(except).build())))
    }

    /// The proxy on the way to a host; none for a direct way.
    pub(crate) fn towards(&self, directory: &Uri) -> Option<Hop> {
        let hop = self.0.as_ref()?.intercept(directory)?;
        Some(Hop {
            uri: with_port(hop.uri()),
            credentials: hop.basic_auth().cloned(),
        })
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The matcher has taken the credentials out of it.
        f.write_str(self.uri.authority().map_or("", |host| host.as_str()))
    }
}

impl Hop {
    /// Opens a tunnel to the directory.
    ///
    /// # Errors
    ///
    /// [`Code::ProxyRefused`] if the proxy answers otherwise than well,
    /// [`Code::DirectoryUnreachable`] if it does not answer.
    pub(crate) async fn open(&self, directory: &Uri) -> Result<TcpStream, Fault> {
        let mut dial = HttpConnector::new();
        dial.set_nodelay(true);
        let mut tunnel = Tunnel::new(self.uri.clone(), dial);
        if let Some(credentials) = &self.credentials {
            tunnel = tunnel.with_auth(credentials.clone());
        }
        tunnel
            .call(directory.clone())
            .await
            .map(TokioIo::into_inner)
            .map_err(|fault| {
                let mut detail = format!("proxy {self}: {fault}");
                let mut cause = std::error::Error::source(&fault);
                // Only what never came to an answer has a cause.
                let code = match cause {
                    Some(_) => Code::DirectoryUnreachable,
                    None => Code::ProxyRefused,
                };
                while let Some(next) = cause {
                    detail = format!("{detail}: {next}");
                    cause = next.source();
                }
                Fault::new(code, detail)
            })
    }
}

/// A proxy's own port is 80 where its address names none.
fn with_port(uri: &Uri) -> Uri {
    let host = uri.host().unwrap_or_default();
    if uri.port().is_some() {
        return uri.clone();
    }
    let named = format!("http://{host}:80/").parse();
    named.unwrap_or_else(|_| uri.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(proxy: &Proxy, directory: &'static str) -> Option<String> {
        let hop = proxy.towards(&Uri::from_static(directory));
        hop.map(|hop| hop.to_string())
    }

    #[test]
    fn exceptions_are_reached_directly() {
        let except = "localhost, .inside.example,10.0.0.0/8,2001:db8::1";
        let proxy = Proxy::named("http://proxy.example:3128", except).unwrap();
        for direct in [
            "https://localhost:8443/",
            "https://directory.inside.example/",
            "https://inside.example/",
            "https://10.1.2.3/",
            "https://[2001:db8::1]/",
        ] {
            assert_eq!(way(&proxy, direct), None, "{direct}");
        }
        for through in [
            "https://directory.example/",
            "https://notinside.example/",
            "https://11.1.2.3/",
        ] {
            let hop = way(&proxy, through);
            assert_eq!(hop.as_deref(), Some("proxy.example:3128"), "{through}");
        }
        let none = Proxy::named("http://proxy.example", "*").unwrap();
        assert_eq!(way(&none, "https://directory.example/"), None);
        assert_eq!(way(&Proxy::direct(), "https://directory.example/"), None);
    }

    #[test]
    fn an_address_of_another_kind_is_refused_without_repeating_it() {
        for url in [
            "https://user:hunter2@proxy.example",
            "socks5://user:hunter2@proxy.example",
            "ftp://user:hunter2@proxy.example",
            "http://user:hunter2@",
            "user:hunter2",
            "http://user:hunter2@proxy example",
        ] {
            let fault = Proxy::named(url, "").unwrap_err();
            assert_eq!(fault.code, Code::ProxyRefused, "{url}");
            assert!(!fault.detail.contains("hunter2"), "{}", fault.detail);
        }
    }

    #[test]
    fn credentials_are_never_shown() {
        let proxy = Proxy::named("http://user:hunter2@proxy.example", "").unwrap();
        let hop = proxy
            .towards(&Uri::from_static("https://directory.example/"))
            .unwrap();
        assert_eq!(hop.to_string(), "proxy.example:80");
        assert!(hop.credentials.is_some());
        assert!(!format!("{proxy:?}").contains("hunter2"));
    }
}
