//! How far the way to the directory goes, step by step: for whoever has to mend it.

use std::time::{Duration, SystemTime};

use http::header::DATE;
use http::{HeaderMap, Method};

use crate::{Client, Fault, From};

/// The directory answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The proxy on the way, without credentials.
    pub proxy: Option<String>,
    /// How far this computer's clock is from the directory's, if that tells; never used.
    pub clock_off: Option<Duration>,
}

/// How far it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Finding the directory's address by its name.
    Name,
    /// Connecting, through a proxy if there is one.
    Connection,
    /// Encrypting, with an authority that is trusted.
    Encryption,
    /// An answer that is one.
    Answer,
}

impl Client {
    /// Goes the whole way, with a connection of its own.
    ///
    /// # Errors
    ///
    /// The first step that fails, and why.
    pub async fn examine(&self) -> Result<Reached, (Step, Fault)> {
        self.transport().examine().await?;
        let answered = self
            .open_alone(From::Anybody, Method::GET, "/organisation")
            .await
            .map_err(|fault| (Step::Answer, fault))?;
        Ok(Reached {
            proxy: self.transport().proxy(),
            clock_off: clock_off(answered.headers(), SystemTime::now()),
        })
    }
}

fn clock_off(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let date = headers.get(DATE)?.to_str().ok()?;
    let date = httpdate::parse_http_date(date).ok()?;
    let off = now.duration_since(date);
    Some(off.unwrap_or_else(|earlier| earlier.duration()))
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_clocks_difference_is_told_in_either_direction() {
        let mut headers = HeaderMap::new();
        let noon = HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT");
        headers.insert(DATE, noon);
        let at = |seconds: u64| UNIX_EPOCH + Duration::from_secs(784_111_777 + seconds - 60);
        assert_eq!(clock_off(&headers, at(60)), Some(Duration::ZERO));
        assert_eq!(clock_off(&headers, at(0)), Some(Duration::from_secs(60)));
        assert_eq!(clock_off(&headers, at(150)), Some(Duration::from_secs(90)));
        headers.insert(DATE, HeaderValue::from_static("noon"));
        assert_eq!(clock_off(&headers, at(0)), None);
        assert_eq!(clock_off(&HeaderMap::new(), at(0)), None);
    }
}
