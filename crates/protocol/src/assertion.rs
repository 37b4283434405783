//! The device's signature on each request: DPoP's claims (RFC 9449), a body hash and a nonce.
//!
//! The directory gives the nonce and judges its age by its own clock: the device's clock is never
//! asked. A request without a fresh nonce is answered 401 with one in [`NONCE_HEADER`].

use lockstep_model::DeviceId;
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use rand::RngCore as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::Bytes;

/// The request header that carries the assertion.
pub const HEADER: &str = "dpop";
/// The response header that carries the next nonce.
pub const NONCE_HEADER: &str = "dpop-nonce";
/// The bytes of an assertion's id.
pub const ID: usize = 16;
/// The most characters of an assertion.
pub const MAX_LENGTH: usize = 2048;

/// What a device says of one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The device, or none while it enrols.
    #[serde(rename = "sub", skip_serializing_if = "Option::is_none", default)]
    pub device: Option<DeviceId>,
    /// The method.
    #[serde(rename = "htm")]
    pub method: String,
    /// The full address without query and fragment.
    #[serde(rename = "htu")]
    pub url: String,
    /// SHA-256 of the body.
    #[serde(rename = "bh")]
    pub body_hash: Bytes,
    /// The directory's nonce.
    pub nonce: String,
    /// 128 random bits: each assertion is good once.
    #[serde(rename = "jti")]
    pub id: Bytes,
}

#[derive(Serialize, Deserialize)]
struct Header {
    typ: String,
    alg: String,
    jwk: Jwk,
}

/// A public key on P-256 (RFC 7517, RFC 7518 section 6.2).
#[derive(Serialize, Deserialize)]
struct Jwk {
    kty: String,
    crv: String,
    x: Bytes,
    y: Bytes,
}

/// Why an assertion is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssertionFault {
    /// It isn't three parts of base64url JSON within the limits, or of another type.
    #[error("malformed")]
    Malformed,
    /// The signature isn't the key's.
    #[error("the signature doesn't verify")]
    Signature,
}

impl Claims {
    /// Claims for one request, with a fresh id.
    #[must_use]
    pub fn new(
        device: Option<DeviceId>,
        method: &str,
        url: &str,
        body: &[u8],
        nonce: &str,
    ) -> Self {
        let mut id = vec![0_u8; ID];
        rand::rngs::OsRng.fill_bytes(&mut id);
        Self {
            device,
            method: method.to_owned(),
            url: url.to_owned(),
            body_hash: body_hash(body),
            nonce: nonce.to_owned(),
            id: Bytes(id),
        }
    }

    /// Signs the claims.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> String {
        let point = key.verifying_key().to_encoded_point(false);
        let coordinate = |part: Option<&p256::FieldBytes>| {
            Bytes(part.map(|bytes| bytes.to_vec()).unwrap_or_default())
        };
        let header = Header {
            typ: "dpop+jwt".into(),
            alg: "ES256".into(),
            jwk: Jwk {
                kty: "EC".into(),
                crv: "P-256".into(),
                x: coordinate(point.x()),
                y: coordinate(point.y()),
            },
        };
        let part =
            |json: Result<Vec<u8>, serde_json::Error>| Bytes(json.unwrap_or_default()).encode();
        let signed = format!(
            "{}.{}",
            part(serde_json::to_vec(&header)),
            part(serde_json::to_vec(self))
        );
        let signature: Signature = key.sign(signed.as_bytes());
        format!("{signed}.{}", Bytes(signature.to_bytes().to_vec()).encode())
    }

    /// Reads an assertion and verifies that the key inside it made it.
    ///
    /// The caller still has to judge the key, the claims, the nonce, and that the id is new.
    ///
    /// # Errors
    ///
    /// See [`AssertionFault`].
    pub fn open(assertion: &str) -> Result<(Self, VerifyingKey), AssertionFault> {
        use AssertionFault::{Malformed, Signature as BadSignature};
        if assertion.len() > MAX_LENGTH {
            return Err(Malformed);
        }
        let (signed, signature) = assertion.rsplit_once('.').ok_or(Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(Malformed)?;
        let header: Header = read(header)?;
        if header.typ != "dpop+jwt" || header.alg != "ES256" {
            return Err(Malformed);
        }
        let key = header.jwk.key().ok_or(Malformed)?;
        let signature = Bytes::decode(signature).map_err(|_| Malformed)?;
        let signature = Signature::from_slice(signature.as_slice()).map_err(|_| Malformed)?;
        key.verify(signed.as_bytes(), &signature)
            .map_err(|_| BadSignature)?;
        Ok((read(claims)?, key))
    }
}

/// The hash that binds a body to its assertion.
#[must_use]
pub fn body_hash(body: &[u8]) -> Bytes {
    Bytes(Sha256::digest(body).to_vec())
}

impl Jwk {
    fn key(&self) -> Option<VerifyingKey> {
        if self.kty != "EC" || self.crv != "P-256" || self.x.0.len() != 32 || self.y.0.len() != 32 {
            return None;
        }
        let mut point = vec![4_u8];
        point.extend_from_slice(self.x.as_slice());
        point.extend_from_slice(self.y.as_slice());
        VerifyingKey::from_sec1_bytes(&point).ok()
    }
}

fn read<T: serde::de::DeserializeOwned>(part: &str) -> Result<T, AssertionFault> {
    let bytes = Bytes::decode(part).map_err(|_| AssertionFault::Malformed)?;
    serde_json::from_slice(bytes.as_slice()).map_err(|_| AssertionFault::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed() -> (Claims, SigningKey, String) {
        let key = SigningKey::random(&mut rand::rngs::OsRng);
        let claims = Claims::new(
            Some(DeviceId::fresh()),
            "POST",
            "https://localhost/api/v1/device/report",
            b"{}",
            "nonce",
        );
        let text = claims.sign(&key);
        (claims, key, text)
    }

    #[test]
    fn what_was_signed_opens_with_the_key_that_signed_it() {
        let (claims, key, text) = signed();
        let (opened, by) = Claims::open(&text).unwrap();
        assert_eq!(opened, claims);
        assert_eq!(&by, key.verifying_key());
    }

    #[test]
    fn any_altered_character_is_refused() {
        let (_, _, text) = signed();
        for at in (0..text.len()).step_by(7) {
            let mut altered = text.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            assert!(Claims::open(&altered).is_err(), "at {at}");
        }
    }
}
