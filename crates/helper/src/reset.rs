//! Setting an account's password without its old one, by an order of the realm.
//!
//! **Architecture invariant:** a challenge is spent, for good, before anything is changed, and what
//! it was given out for is read from the helper's own record, never from the request.

use std::time::Duration;

use lockstep_model::{BindingId, Code, Secret, Stamp, StoreKind};
use lockstep_protocol::Bytes;
use lockstep_protocol::helper::{Realm, Reply};
use lockstep_protocol::order::{CHALLENGE, Purpose, ResetOrder, SignedOrder, check_key};
use lockstep_stores::{ChangeFault, Refusal, Store};

use crate::bindings::{Bindings, BindingsFault, Challenge, Record};
use crate::clock::Moment;
use crate::operate::{Stores, no_record, note, recorded, unknown};
use crate::random;

/// How long a challenge is good: the person reads what it costs, a proof is made.
const GOOD_FOR: Duration = Duration::from_secs(5 * 60);

/// Checks the realm that a new binding is to believe.
pub(crate) fn check_realm(realm: Option<&Realm>) -> Result<(), Refusal> {
    match realm.map(|realm| check_key(realm.key.as_slice())) {
        None | Some(Ok(_)) => Ok(()),
        Some(Err(fault)) => Err(Refusal::new(Code::BadRequest, fault.to_string())),
    }
}

/// Gives out a challenge, if the account could be reset now.
pub(crate) fn challenge(
    bindings: &Bindings,
    stores: &impl Stores,
    binding: BindingId,
    now: Moment,
) -> Result<Reply, Refusal> {
    let record = recorded(bindings, binding)?;
    realm_of(&record)?;
    account_of(stores, &record)?.may_reset()?;
    let bytes = Bytes(random::bytes(CHALLENGE)?);
    bindings.alter(binding, |record| {
        // It may have been forgotten meanwhile.
        let record = record.ok_or_else(|| Refused(unknown(binding)))?;
        record.challenge = Some(Challenge {
            bytes: bytes.clone(),
            given: now,
        });
        Ok::<(), Refused>(())
    })?;
    Ok(Reply::Challenge { challenge: bytes })
}

/// Resets the account that an order names, if everything about the order fits.
pub(crate) fn reset(
    bindings: &Bindings,
    stores: &impl Stores,
    order: &SignedOrder,
    new: &Secret,
    now: Moment,
) -> Result<(), ChangeFault> {
    let (record, order) = believed(bindings, order)?;
    // Whatever follows, it is good for nothing more.
    spend(bindings, &order, now)?;
    account_of(stores, &record)?.reset(new)?;
    note(bindings, stores, &record);
    Ok(())
}

/// The order and the record of its binding, if the binding's realm gave it for just this account.
fn believed(bindings: &Bindings, order: &SignedOrder) -> Result<(Record, ResetOrder), Refusal> {
    // Which record to judge by is all that is taken from claims that nobody vouches for yet.
    let binding = claimed_binding(order)?;
    let record = recorded(bindings, binding)?;
    let realm = realm_of(&record)?;
    let opened = order.open(realm.key.as_slice());
    let order = opened.map_err(|fault| refused(fault.to_string()))?;
    let ResetOrder {
        purpose: Purpose::AccountReset,
        realm: name,
        device,
        binding: named,
        account,
        stamp: _,
        challenge: _,
    } = &order;
    for (fits, what) in [
        (*name == realm.name, "realm"),
        (*device == realm.device, "device"),
        (*named == record.binding, "binding"),
        (*account == record.account, "account"),
    ] {
        if !fits {
            return Err(refused(format!("it is for another {what}")));
        }
    }
    Ok((record, order))
}

fn claimed_binding(order: &SignedOrder) -> Result<BindingId, Refusal> {
    #[derive(serde::Deserialize)]
    struct Claimed {
        binding: BindingId,
    }
    let claimed: Result<Claimed, _> = serde_json::from_slice(order.claims.as_slice());
    claimed
        .map(|claimed| claimed.binding)
        .map_err(|_| refused("it names no binding"))
}

/// Takes the challenge that the order answers out of the record.
fn spend(bindings: &Bindings, order: &ResetOrder, now: Moment) -> Result<(), Refusal> {
    let spent = |detail: &str| Refused(Refusal::new(Code::OrderSpent, detail));
    let taken = bindings.alter(order.binding, |record| {
        let record = record.ok_or_else(|| Refused(unknown(order.binding)))?;
        let Some(challenge) = &record.challenge else {
            return Err(spent("no challenge is open"));
        };
        if challenge.bytes != order.challenge {
            return Err(spent("it answers another challenge"));
        }
        if !challenge.given.is_within(GOOD_FOR, now) {
            return Err(spent("its challenge is too old"));
        }
        if record
            .ordered
            .is_some_and(|last| goes_back(last, order.stamp))
        {
            return Err(Refused(refused(
                "it is for an older password than the last",
            )));
        }
        record.challenge = None;
        record.ordered = Some(order.stamp);
        Ok(())
    });
    Ok(taken?)
}

fn goes_back(last: Stamp, next: Stamp) -> bool {
    last.epoch == next.epoch && next.generation < last.generation
}

fn realm_of(record: &Record) -> Result<&Realm, Refusal> {
    record.realm.as_ref().ok_or_else(|| {
        let detail = format!("the record of {} names no realm", record.binding);
        Refusal::new(Code::LinkedBeforeOrders, detail)
    })
}

fn account_of(stores: &impl Stores, record: &Record) -> Result<Box<dyn Store>, Refusal> {
    stores.open(StoreKind::Account, record, None)
}

fn refused(detail: impl Into<String>) -> Refusal {
    Refusal::new(Code::OrderRefused, detail)
}

/// A refusal in the middle of altering a record.
struct Refused(Refusal);

impl From<BindingsFault> for Refused {
    fn from(fault: BindingsFault) -> Self {
        Self(no_record(&fault))
    }
}

impl From<Refused> for Refusal {
    fn from(Refused(refusal): Refused) -> Self {
        refusal
    }
}

#[cfg(test)]
mod tests;
