//! A device's request: signed, bound to method, address and body, fresh, and good once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::to_bytes;
use axum::extract::{OriginalUri, Request};
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use lockstep_model::Code;
use lockstep_protocol::api::MAX_BODY;
use lockstep_protocol::assertion::{Claims, HEADER, ID, NONCE_HEADER, body_hash};
use p256::ecdsa::VerifyingKey;
use serde::de::DeserializeOwned;

use super::Directory;
use super::actor::BODY;
use super::door::Computer;
use super::problem::Refusal;
use crate::storage::devices::{self, DeviceRecord};
use crate::tokens;

/// How long a slot of nonces lasts, by the directory's clock; a nonce is good in its own slot and
/// in the next.
const SLOT: Duration = Duration::from_secs(30);
/// The most spent assertions that are remembered: what 2,000 devices can sign in a minute.
const SPENT: usize = 1_000_000;

type Id = [u8; ID];

/// The nonces of this process and the assertions that were spent.
///
/// A nonce names its own time slot, so none is stored; a restart forgets them all and with them
/// every assertion that could be replayed.
pub struct Nonces {
    salt: String,
    began: Instant,
    spent: Mutex<BTreeMap<u64, BTreeSet<Id>>>,
}

impl Default for Nonces {
    fn default() -> Self {
        Self {
            salt: tokens::fresh(),
            began: Instant::now(),
            spent: Mutex::default(),
        }
    }
}

impl Nonces {
    /// The nonce of the present.
    fn present(&self, now: Instant) -> String {
        self.of_slot(self.slot(now))
    }

    /// The slot of an assertion's nonce, if that is fresh.
    fn fresh(&self, claims: &Claims, now: Instant) -> Option<u64> {
        let slot = self.slot(now);
        [slot, slot.saturating_sub(1)]
            .into_iter()
            .find(|slot| self.of_slot(*slot) == claims.nonce)
    }

    /// Spends an assertion: true if its nonce is fresh and its id was never seen with it.
    ///
    /// Only for devices that are known: what strangers sign is not worth remembering.
    fn spend(&self, claims: &Claims, now: Instant) -> bool {
        let Ok(id) = Id::try_from(claims.id.as_slice()) else {
            return false;
        };
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(of) = self.fresh(claims, now) else {
            return false;
        };
        let slot = self.slot(now);
        spent.retain(|kept, _| *kept + 1 >= slot);
        let full = spent.values().map(BTreeSet::len).sum::<usize>() >= SPENT;
        !full && spent.entry(of).or_default().insert(id)
    }

    fn slot(&self, now: Instant) -> u64 {
        now.duration_since(self.began).as_secs() / SLOT.as_secs()
    }

    fn of_slot(&self, slot: u64) -> String {
        let hash = tokens::hash(&format!("{slot}|{}", self.salt));
        lockstep_protocol::Bytes(hash[..16].to_vec()).encode()
    }
}

/// A request whose assertion verifies, by a device that may not be enrolled yet.
pub(super) struct Asserted<T> {
    /// The key that signed.
    pub(super) key: VerifyingKey,
    /// The claims, judged but for the device.
    pub(super) claims: Claims,
    /// The body.
    pub(super) body: T,
}

/// A request of an enrolled device that is in good standing.
pub(super) struct FromDevice<T> {
    /// Which device.
    pub(super) device: DeviceRecord,
    /// The body.
    pub(super) body: T,
}

/// Why an assertion was not accepted.
pub(super) enum Unasserted {
    /// Another nonce is needed; the client signs again with this one.
    Nonce(String),
    /// Refused for another reason.
    Refused(Refusal),
}

impl From<Refusal> for Unasserted {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Code> for Unasserted {
    fn from(code: Code) -> Self {
        Self::Refused(code.into())
    }
}

impl IntoResponse for Unasserted {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(refusal) => refusal.into_response(),
            Self::Nonce(nonce) => {
                let mut response = Refusal::from(Code::DeviceRefused).into_response();
                if let Ok(value) = HeaderValue::from_str(&nonce) {
                    response.headers_mut().insert(NONCE_HEADER, value);
                }
                response
            }
        }
    }
}

impl<T: DeserializeOwned + Send> Computer for Asserted<T> {
    async fn judge(request: Request, directory: &Directory) -> Result<Self, Unasserted> {
        let (parts, body) = request.into_parts();
        let assertion = parts
            .headers
            .get(HEADER)
            .and_then(|value| value.to_str().ok());
        let assertion = assertion.ok_or(Code::DeviceRefused)?;
        let (claims, key) = Claims::open(assertion).map_err(|_| Code::DeviceRefused)?;
        let body = tokio::time::timeout(BODY, to_bytes(body, MAX_BODY)).await;
        let Ok(Ok(body)) = body else {
            return Err(Code::BadRequest.into());
        };
        // The path as it was sent: nesting has cut the prefix off the request's own.
        let sent = parts
            .extensions
            .get::<OriginalUri>()
            .map_or(&parts.uri, |original| &original.0);
        let url = format!("{}{}", directory.config.url, sent.path());
        let bound = claims.method == parts.method.as_str()
            && claims.url == url
            && claims.body_hash == body_hash(&body);
        if !bound {
            return Err(Code::DeviceRefused.into());
        }
        let now = Instant::now();
        if directory.nonces.fresh(&claims, now).is_none() {
            return Err(Unasserted::Nonce(directory.nonces.present(now)));
        }
        let text: &[u8] = if body.is_empty() { b"null" } else { &body };
        let body = serde_json::from_slice(text).map_err(|_| Code::BadRequest)?;
        Ok(Self { key, claims, body })
    }
}

impl<T: DeserializeOwned + Send> Computer for FromDevice<T> {
    async fn judge(request: Request, directory: &Directory) -> Result<Self, Unasserted> {
        let Asserted { key, claims, body } = Asserted::judge(request, directory).await?;
        let id = claims.device.ok_or(Code::DeviceRefused)?;
        let mut db = directory.storage.read().await.map_err(Refusal::from)?;
        let device = devices::by_id(&mut db, id).await.map_err(Refusal::from)?;
        let device = device.ok_or(Code::DeviceRefused)?;
        let own = key.to_encoded_point(false).as_bytes() == device.public_key.as_slice();
        if !own || device.revoked || !directory.nonces.spend(&claims, Instant::now()) {
            return Err(Code::DeviceRefused.into());
        }
        Ok(Self { device, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(nonce: &str) -> Claims {
        Claims::new(None, "GET", "https://localhost/", b"", nonce)
    }

    #[test]
    fn an_assertion_is_good_once_and_while_its_nonce_is_fresh() {
        let nonces = Nonces::default();
        let now = Instant::now();
        let at = |seconds| now + Duration::from_secs(seconds);
        let one = claims(&nonces.present(now));
        assert!(nonces.spend(&one, now));
        assert!(!nonces.spend(&one, now));
        assert!(nonces.spend(&claims(&one.nonce), at(29)));
        assert!(nonces.spend(&claims(&one.nonce), at(31)), "the slot before");
        assert!(!nonces.spend(&one, at(31)), "spent in the slot before");
        assert!(!nonces.spend(&claims(&one.nonce), at(61)));
        assert!(!nonces.spend(&claims("made up"), now));
        assert!(!nonces.spend(&claims(&Nonces::default().present(now)), now));
    }

    #[test]
    fn what_is_too_old_to_be_replayed_is_forgotten() {
        let nonces = Nonces::default();
        let now = Instant::now();
        for seconds in [0, 31, 62, 93] {
            let at = now + Duration::from_secs(seconds);
            assert!(nonces.spend(&claims(&nonces.present(at)), at));
        }
        assert_eq!(nonces.spent.lock().unwrap().len(), 2);
    }

    #[test]
    fn an_id_of_another_length_is_never_remembered() {
        let nonces = Nonces::default();
        let now = Instant::now();
        let long = Claims {
            id: vec![7; 1000].into(),
            ..claims(&nonces.present(now))
        };
        assert!(!nonces.spend(&long, now));
        assert!(nonces.spent.lock().unwrap().is_empty());
    }
}
