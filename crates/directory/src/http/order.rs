//! Orders to reset an account: the old password is lost, and the person has just proved the new one.

use lockstep_model::Code;
use lockstep_protocol::Bytes;
use lockstep_protocol::api::device::Purpose;
use lockstep_protocol::order::{CHALLENGE, Purpose as OrderedFor, ResetOrder, SignedOrder};

use super::Directory;
use super::problem::Refusal;
use crate::attempts::DeviceProof;
use crate::core::credential::Credential;
use crate::storage::{Write, devices};

/// Signs an order for the binding of a proof, inside the transaction that accepted the proof of a
/// person in good standing.
pub(super) async fn order(
    directory: &Directory,
    write: &mut Write,
    proof: &DeviceProof,
    credential: &Credential,
    challenge: Bytes,
) -> Result<SignedOrder, Refusal> {
    // Only a sync resets: at a link and at a change the account was opened.
    if proof.purpose != Purpose::Sync || challenge.0.len() != CHALLENGE {
        return Err(Code::BadRequest.into());
    }
    // Whoever issued it knows it too; no account is to open with it.
    if credential.temporary {
        return Err(Code::OwnPasswordNeeded.into());
    }
    let bound = devices::binding(write, proof.binding).await?;
    let bound = bound.filter(|bound| bound.device == proof.device);
    let bound = bound.ok_or(Code::NotLinked)?;
    Ok(directory.keys.order(&ResetOrder {
        purpose: OrderedFor::AccountReset,
        realm: directory.config.realm.clone(),
        device: proof.device,
        binding: bound.id,
        account: bound.account,
        stamp: credential.stamp,
        challenge,
    }))
}
