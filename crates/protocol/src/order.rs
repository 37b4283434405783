//! The realm's order to reset an account without its old password.
//!
//! The helper gives out a challenge, the agent passes it on with a proof of the person's password,
//! the directory signs, and the helper believes the realm key that it recorded at linking, so that
//! the agent alone can't make one. ES256 (RFC 7518 section 3.4) over a prefix of its own and the
//! JSON of the claims, byte for byte as they travel.

use lockstep_model::{BindingId, DeviceId, Stamp};
#[cfg(feature = "order")]
use p256::ecdsa::signature::{Signer as _, Verifier as _};
#[cfg(feature = "order")]
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::Bytes;
use crate::api::message;

/// The bytes of a challenge.
pub const CHALLENGE: usize = 32;

/// The most bytes of the claims; real ones have 400.
#[cfg(feature = "order")]
const MAX_CLAIMS: usize = 2048;

/// Tells what is signed here from everything else that the realm key signs.
#[cfg(feature = "order")]
const PREFIX: &[u8] = b"lockstep order 1|";

message! {
    /// A reset order as it travels.
    pub struct SignedOrder {
        /// The JSON of the claims.
        pub claims: Bytes,
        /// The realm key's signature over it (ECDSA P-256, SHA-256, fixed form).
        pub signature: Bytes,
    }
}

/// What an order says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetOrder {
    /// What may be done.
    pub purpose: Purpose,
    /// The realm.
    pub realm: String,
    /// On which device.
    pub device: DeviceId,
    /// For which binding.
    pub binding: BindingId,
    /// The local account's name.
    pub account: String,
    /// The password that was proved.
    pub stamp: Stamp,
    /// The helper's [`CHALLENGE`] bytes.
    pub challenge: Bytes,
}

/// What an order may be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// To set the account's password without its old one.
    #[serde(rename = "account reset")]
    AccountReset,
}

/// Why an order is none.
#[cfg(feature = "order")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderFault {
    /// The key is no point on the curve.
    #[error("the realm key is none")]
    Key,
    /// The signature isn't the key's.
    #[error("the realm didn't sign it")]
    Signature,
    /// It says nothing that this version knows.
    #[error("it says nothing that is known here")]
    Claims,
}

#[cfg(feature = "order")]
impl ResetOrder {
    /// Signs the order in the realm's name.
    #[must_use]
    pub fn sign(&self, realm: &SigningKey) -> SignedOrder {
        // Plain data of strings and bytes always has a JSON form.
        let claims = Bytes(serde_json::to_vec(self).unwrap_or_default());
        let signature: Signature = realm.sign(&signed_text(&claims));
        SignedOrder {
            claims,
            signature: Bytes(signature.to_bytes().to_vec()),
        }
    }
}

#[cfg(feature = "order")]
impl SignedOrder {
    /// Verifies that the realm key (SEC1) signed the order, and reads it.
    ///
    /// The caller still has to judge every claim.
    ///
    /// # Errors
    ///
    /// See [`OrderFault`].
    pub fn open(&self, realm_key: &[u8]) -> Result<ResetOrder, OrderFault> {
        let key = check_key(realm_key)?;
        if self.claims.0.len() > MAX_CLAIMS {
            return Err(OrderFault::Claims);
        }
        let signature = Signature::from_slice(self.signature.as_slice());
        let signature = signature.map_err(|_| OrderFault::Signature)?;
        key.verify(&signed_text(&self.claims), &signature)
            .map_err(|_| OrderFault::Signature)?;
        serde_json::from_slice(self.claims.as_slice()).map_err(|_| OrderFault::Claims)
    }
}

/// Reads a realm key (SEC1, P-256).
///
/// # Errors
///
/// [`OrderFault::Key`].
#[cfg(feature = "order")]
pub fn check_key(realm_key: &[u8]) -> Result<VerifyingKey, OrderFault> {
    VerifyingKey::from_sec1_bytes(realm_key).map_err(|_| OrderFault::Key)
}

#[cfg(feature = "order")]
fn signed_text(claims: &Bytes) -> Vec<u8> {
    [PREFIX, claims.as_slice()].concat()
}

#[cfg(feature = "order")]
#[cfg(test)]
mod tests {
    use lockstep_model::{Epoch, Generation};

    use super::*;

    fn key(mark: u8) -> SigningKey {
        SigningKey::from_slice(&[mark; 32]).unwrap()
    }

    fn public(key: &SigningKey) -> Vec<u8> {
        key.verifying_key()
            .to_encoded_point(false)
            .as_bytes()
            .to_vec()
    }

    fn order() -> ResetOrder {
        ResetOrder {
            purpose: Purpose::AccountReset,
            realm: "acme".into(),
            device: DeviceId::fresh(),
            binding: BindingId::fresh(),
            account: "anna".into(),
            stamp: Stamp {
                epoch: Epoch::fresh(),
                generation: Generation(2),
            },
            challenge: Bytes(vec![7; CHALLENGE]),
        }
    }

    #[test]
    fn an_order_opens_with_the_realms_key_only() {
        let order = order();
        let signed = order.sign(&key(1));
        assert_eq!(signed.open(&public(&key(1))), Ok(order));
        let others = signed.open(&public(&key(2)));
        assert_eq!(others, Err(OrderFault::Signature));
        assert_eq!(signed.open(b"no key"), Err(OrderFault::Key));
    }

    #[test]
    fn any_altered_or_missing_byte_is_refused() {
        let (signed, key) = (order().sign(&key(1)), public(&key(1)));
        for at in 0..signed.claims.0.len() {
            let mut altered = signed.clone();
            altered.claims.0[at] ^= 1;
            assert_eq!(altered.open(&key), Err(OrderFault::Signature), "at {at}");
            altered.claims.0.truncate(at);
            assert_eq!(altered.open(&key), Err(OrderFault::Signature), "at {at}");
        }
        for at in 0..signed.signature.0.len() {
            let mut altered = signed.clone();
            altered.signature.0[at] ^= 1;
            assert_eq!(altered.open(&key), Err(OrderFault::Signature), "at {at}");
            altered.signature.0.truncate(at);
            assert_eq!(altered.open(&key), Err(OrderFault::Signature), "at {at}");
        }
    }

    #[test]
    fn nothing_else_that_the_realm_signs_is_an_order() {
        let opaque_key = Bytes(order().sign(&key(1)).claims.0);
        let text = crate::api::Vouch::signed_text("acme", &opaque_key);
        let signature: Signature = key(1).sign(&text);
        let signed = SignedOrder {
            claims: Bytes(text),
            signature: Bytes(signature.to_bytes().to_vec()),
        };
        let opened = signed.open(&public(&key(1)));
        assert_eq!(opened, Err(OrderFault::Signature));
    }

    #[test]
    fn another_purpose_and_absurd_lengths_are_refused() {
        let sign = |claims: Vec<u8>| {
            let claims = Bytes(claims);
            let signature: Signature = key(1).sign(&signed_text(&claims));
            SignedOrder {
                claims,
                signature: Bytes(signature.to_bytes().to_vec()),
            }
        };
        let json = serde_json::to_string(&order()).unwrap();
        let other = json.replace("account reset", "disk wipe");
        let long = format!("{json}{}", " ".repeat(MAX_CLAIMS));
        for claims in [other, long, String::new(), "{}".into()] {
            let opened = sign(claims.into_bytes()).open(&public(&key(1)));
            assert_eq!(opened, Err(OrderFault::Claims));
        }
        assert!(sign(json.into_bytes()).open(&public(&key(1))).is_ok());
    }
}
