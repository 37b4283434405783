//! Proofs made on a device: the person's password, this device, this binding, this purpose.

use lockstep_model::password::Password;
use lockstep_model::secret::wipe_stack;
use lockstep_model::{BindingId, Code, DeviceId, EnvelopeId, Secret, Stamp};
use lockstep_opaque::SessionKey;
use lockstep_opaque::client::{ClientFault, Proof, Registration, Terms};
use lockstep_opaque::seal::shares;
use lockstep_opaque::stretch::Place;
use lockstep_protocol::Bytes;
use lockstep_protocol::api::device::{
    ChangeCommit, FactorAnswer, ProofFinish, ProofStart, ProofStarted, Proved, Purpose,
    proof_context,
};
use lockstep_protocol::api::me::PasswordChanged;
use lockstep_protocol::api::{Credential, Vouch};
use lockstep_protocol::order::SignedOrder;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};

use crate::sign_in::{identifiers, opaque, stretch};
use crate::{Client, DeviceKey, Fault, From};

/// A device that may ask for proofs.
#[derive(Clone, Copy)]
pub struct Prover<'a> {
    /// The line to the directory.
    pub client: &'a Client,
    /// The device's key.
    pub key: &'a DeviceKey,
    /// The device.
    pub device: DeviceId,
    /// The realm, pinned.
    pub realm: &'a str,
    /// The OPAQUE key that the realm vouched for; see [`vouched_key`].
    pub server_key: &'a [u8],
    /// Where passwords are stretched.
    pub place: &'a Place,
}

/// What is to be proved and what for.
pub struct Ask {
    /// The purpose.
    pub purpose: Purpose,
    /// The binding.
    pub binding: BindingId,
    /// Whose password, when the binding is about to be made.
    pub user_name: Option<String>,
    /// The local account, when the binding is about to be made.
    pub account: Option<String>,
    /// The current password.
    pub password: Password,
    /// The new one, for a change.
    pub new_password: Option<Password>,
    /// The envelope for which a share is to be made.
    pub new_envelope: Option<EnvelopeId>,
    /// The envelopes whose shares are asked for.
    pub envelopes: Vec<EnvelopeId>,
}

impl Ask {
    /// A proof of a binding's password that asks for nothing yet.
    fn again(binding: BindingId, password: Password) -> Self {
        Self {
            purpose: Purpose::Sync,
            binding,
            user_name: None,
            account: None,
            password,
            new_password: None,
            new_envelope: None,
            envelopes: Vec::new(),
        }
    }
}

/// What few proofs bring along.
#[derive(Default)]
struct Beside {
    /// The helper's challenge.
    reset: Option<Bytes>,
    /// The person's second factor.
    factor: Option<FactorAnswer>,
}

/// A proof that the directory accepted.
pub struct Accepted {
    /// What the directory said.
    pub proved: Proved,
    /// The shares, opened.
    pub shares: Vec<(EnvelopeId, Secret)>,
    /// For a change: what remains to be committed.
    pub change: Option<OpenChange>,
}

/// The realm's order to reset an account.
pub struct Ordered {
    /// The password that was proved for it.
    pub stamp: Stamp,
    /// The order.
    pub order: SignedOrder,
}

/// A change that a proof has opened: good for one commit within a minute.
pub struct OpenChange {
    attempt: String,
    record: Vec<u8>,
    made_with: Credential,
}

/// Checks that the realm vouches for the directory's OPAQUE key, and gives that key.
///
/// # Errors
///
/// [`Code::DirectoryNotTrusted`].
pub fn vouched_key(vouch: &Vouch, realm: &str, realm_key: &[u8]) -> Result<Vec<u8>, Fault> {
    let text = Vouch::signed_text(realm, &vouch.opaque_key);
    let verified = VerifyingKey::from_sec1_bytes(realm_key)
        .and_then(|key| Ok((key, Signature::from_slice(vouch.signature.as_slice())?)))
        .and_then(|(key, signature)| key.verify(&text, &signature));
    match verified {
        Ok(()) => Ok(vouch.opaque_key.0.clone()),
        Err(_) => Err(Fault::new(
            Code::DirectoryNotTrusted,
            "the realm's key does not vouch",
        )),
    }
}

impl Prover<'_> {
    /// Makes a proof.
    ///
    /// # Errors
    ///
    /// The purpose's own code for a wrong password, the directory's code for anything else.
    pub async fn prove(&self, ask: Ask) -> Result<Accepted, Fault> {
        self.prove_for(ask, Beside::default()).await
    }

    /// Proves the current password once more, and shows the person's second factor for envelopes
    /// that are older than an issued password.
    ///
    /// # Errors
    ///
    /// [`Code::FactorRefused`] for a wrong code, and else as for [`Self::prove`].
    pub async fn prove_with_factor(
        &self,
        binding: BindingId,
        password: Password,
        envelopes: Vec<EnvelopeId>,
        factor: FactorAnswer,
    ) -> Result<Accepted, Fault> {
        let ask = Ask {
            envelopes,
            ..Ask::again(binding, password)
        };
        let beside = Beside {
            factor: Some(factor),
            ..Beside::default()
        };
        self.prove_for(ask, beside).await
    }

    /// Proves the current password once more, and has the realm order that the binding's account
    /// gets it without its old one. The challenge is the helper's.
    ///
    /// # Errors
    ///
    /// As for [`Self::prove`].
    pub async fn order_reset(
        &self,
        binding: BindingId,
        password: Password,
        challenge: Bytes,
    ) -> Result<Ordered, Fault> {
        let beside = Beside {
            reset: Some(challenge),
            ..Beside::default()
        };
        let ask = Ask::again(binding, password);
        let Proved { stamp, order, .. } = self.prove_for(ask, beside).await?.proved;
        // A directory of an older version passes the challenge over.
        let order = order.ok_or_else(|| Fault::new(Code::DirectoryFault, "no order came"))?;
        Ok(Ordered { stamp, order })
    }

    async fn prove_for(&self, ask: Ask, beside: Beside) -> Result<Accepted, Fault> {
        let refused = ask.purpose.refusal();
        let internal = |fault| opaque(fault, Code::Internal);
        let (proof, request) = Proof::start(ask.password).map_err(internal)?;
        let registration = ask.new_password.map(Registration::start).transpose();
        let (registration, registration_request) = registration.map_err(internal)?.unzip();
        let start = ProofStart {
            purpose: ask.purpose,
            binding: ask.binding,
            user_name: ask.user_name,
            request: Bytes(request),
            registration_request: registration_request.map(Bytes),
        };
        let from = From::Device(self.key);
        let started: ProofStarted = self.client.ask(from, "/device/proof/start", &start).await?;
        let context = proof_context(ask.purpose, self.device, ask.binding);
        let stretching = self.stretch(started, proof, registration, context.clone());
        let (attempt, message, session_key, record) =
            stretching.await?.map_err(|fault| match fault {
                Stretched::Proof(fault) => opaque(fault, refused),
                Stretched::Registration(fault) => opaque(fault, Code::DirectoryFault),
                Stretched::Terms(fault) => fault,
            })?;
        let finish = ProofFinish {
            attempt: attempt.clone(),
            finish: Bytes(message),
            account: ask.account,
            new_envelope: ask.new_envelope,
            envelopes: ask.envelopes,
            reset: beside.reset,
            factor: beside.factor,
        };
        let proved: Proved = self
            .client
            .ask(from, "/device/proof/finish", &finish)
            .await?;
        let shares = shares::open(&session_key, proved.shares.as_slice(), &context)
            .map_err(|fault| Fault::new(Code::DirectoryNotTrusted, fault))?;
        let change = record.map(|(record, made_with)| OpenChange {
            attempt,
            record,
            made_with,
        });
        Ok(Accepted {
            proved,
            shares,
            change,
        })
    }

    /// Commits a change that a proof has opened.
    ///
    /// # Errors
    ///
    /// [`Code::ChangedMeanwhile`] when another change won. After [`Code::AnswerLost`] it is unknown
    /// whether the change was made: prove the new password to find out.
    pub async fn commit(&self, change: &OpenChange, from: Stamp) -> Result<Stamp, Fault> {
        let commit = ChangeCommit {
            attempt: change.attempt.clone(),
            registration_record: Bytes(change.record.clone()),
            from,
            made_with: change.made_with.clone(),
        };
        let changed: PasswordChanged = self
            .client
            .post(From::Device(self.key), "/device/password", &commit)
            .await?;
        Ok(changed.stamp)
    }

    /// Checks what a go-between could have altered without being noticed until it is too late: a
    /// password registered under other names would never prove.
    fn check(&self, started: &ProofStarted) -> Result<(), Fault> {
        let own = |credential: &Credential| credential.server_identifier == self.realm;
        let same = |new: &Credential| {
            own(new) && new.client_identifier == started.credential.client_identifier
        };
        if own(&started.credential) && started.new_credential.as_ref().is_none_or(same) {
            Ok(())
        } else {
            Err(Fault::new(
                Code::DirectoryNotTrusted,
                "the directory names another credential",
            ))
        }
    }

    async fn stretch(
        &self,
        started: ProofStarted,
        proof: Proof,
        registration: Option<Registration>,
        context: Vec<u8>,
    ) -> Result<Result<Finished, Stretched>, Fault> {
        let place = self.place.clone();
        let server_key = self.server_key.to_vec();
        self.check(&started)?;
        let last_step = move || {
            let ProofStarted {
                attempt,
                response,
                credential,
                registration_response,
                new_credential,
            } = started;
            let stretch_now = stretch(&credential, place.clone()).map_err(Stretched::Terms)?;
            let terms = Terms {
                identifiers: identifiers(&credential),
                stretch: &stretch_now,
                context: Some(&context),
                server_key: Some(&server_key),
            };
            let proved = proof
                .finish(response.as_slice(), &terms)
                .map_err(Stretched::Proof)?;
            let record = match (registration, registration_response, new_credential) {
                (Some(registration), Some(response), Some(credential)) => {
                    let stretch_new = stretch(&credential, place).map_err(Stretched::Terms)?;
                    let terms = Terms {
                        identifiers: identifiers(&credential),
                        stretch: &stretch_new,
                        context: None,
                        server_key: Some(&server_key),
                    };
                    let record = registration.finish(response.as_slice(), &terms);
                    Some((record.map_err(Stretched::Registration)?, credential))
                }
                (None, _, _) => None,
                (Some(_), _, _) => {
                    let fault = ClientFault::Malformed;
                    return Err(Stretched::Registration(fault));
                }
            };
            Ok((attempt, proved.message, proved.session_key, record))
        };
        tokio::task::spawn_blocking(move || {
            let done = last_step();
            // The thread is kept for the next one.
            wipe_stack();
            done
        })
        .await
        .map_err(|fault| Fault::new(Code::Internal, fault))
    }
}

type Finished = (String, Vec<u8>, SessionKey, Option<(Vec<u8>, Credential)>);

/// Where the client's last steps failed.
enum Stretched {
    Terms(Fault),
    Proof(ClientFault),
    Registration(ClientFault),
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::SigningKey;
    use p256::ecdsa::signature::Signer as _;

    use super::*;

    const REALM: &str = "realm";

    fn key(mark: u8) -> SigningKey {
        SigningKey::from_slice(&[mark; 32]).unwrap()
    }

    fn public(key: &SigningKey) -> Vec<u8> {
        let point = key.verifying_key().to_encoded_point(false);
        point.as_bytes().to_vec()
    }

    fn vouch(by: &SigningKey, realm: &str, opaque_key: &[u8]) -> Vouch {
        let opaque_key = Bytes(opaque_key.to_vec());
        let signature: Signature = by.sign(&Vouch::signed_text(realm, &opaque_key));
        Vouch {
            opaque_key,
            signature: Bytes(signature.to_bytes().to_vec()),
        }
    }

    fn refused(vouch: &Vouch, realm: &str, realm_key: &[u8]) {
        let checked = vouched_key(vouch, realm, realm_key);
        let code = checked.err().map(|fault| fault.code);
        assert_eq!(code, Some(Code::DirectoryNotTrusted));
    }

    #[test]
    fn the_realm_vouches_for_a_key() {
        let vouched = vouched_key(&vouch(&key(1), REALM, b"opaque"), REALM, &public(&key(1)));
        assert_eq!(vouched.unwrap(), b"opaque");
    }

    #[test]
    fn a_false_directory_is_not_vouched_for() {
        let (realm_key, honest) = (public(&key(1)), vouch(&key(1), REALM, b"opaque"));
        refused(&vouch(&key(2), REALM, b"opaque"), REALM, &realm_key);
        refused(&vouch(&key(1), "another", b"opaque"), REALM, &realm_key);
        refused(&honest, "another", &realm_key);
        refused(&honest, REALM, &public(&key(2)));
        let other_key = Vouch {
            opaque_key: Bytes(b"false".to_vec()),
            ..honest.clone()
        };
        refused(&other_key, REALM, &realm_key);
        let other_signature = Vouch {
            signature: vouch(&key(1), REALM, b"false").signature,
            ..honest
        };
        refused(&other_signature, REALM, &realm_key);
    }

    #[test]
    fn a_cut_or_altered_vouch_is_refused() {
        let (realm_key, honest) = (public(&key(1)), vouch(&key(1), REALM, b"opaque"));
        for at in 0..honest.signature.0.len() {
            let mut altered = honest.clone();
            altered.signature.0[at] ^= 1;
            refused(&altered, REALM, &realm_key);
            altered.signature.0.truncate(at);
            refused(&altered, REALM, &realm_key);
        }
        for length in 0..realm_key.len() {
            refused(&honest, REALM, &realm_key[..length]);
        }
    }
}
