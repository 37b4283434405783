//! Orders that don't fit, one reason each, against a store in memory.

use lockstep_model::{DeviceId, Epoch, Generation, PersonId};
use lockstep_protocol::helper::Operation;
use lockstep_stores::fake::Fault;
use p256::ecdsa::SigningKey;

use super::*;
use crate::operate::Outcome;
use crate::operate::tests::{Desk, code};

const OLD: &[u8] = b"old one";
const NEW: &[u8] = b"new one";

fn key(mark: u8) -> SigningKey {
    SigningKey::from_slice(&[mark; 32]).unwrap()
}

fn realm() -> Realm {
    let point = key(1).verifying_key().to_encoded_point(false);
    Realm {
        name: "acme".into(),
        key: Bytes(point.as_bytes().to_vec()),
        device: DeviceId::fresh(),
    }
}

/// A linked account whose realm gives orders.
struct Linked {
    desk: Desk,
    binding: BindingId,
    realm: Realm,
    epoch: Epoch,
}

impl Linked {
    fn new() -> Self {
        let (desk, binding, realm) = (Desk::new(), BindingId::fresh(), realm());
        let link = Operation::Link {
            binding,
            person: PersonId::fresh(),
            uid: 1000,
            realm: Some(realm.clone()),
        };
        assert_eq!(desk.ask(link, &[OLD]), Outcome::Say(Reply::Done));
        Self {
            desk,
            binding,
            realm,
            epoch: Epoch::fresh(),
        }
    }

    fn challenge(&self) -> Bytes {
        let binding = self.binding;
        match self.desk.ask(Operation::ResetChallenge { binding }, &[]) {
            Outcome::Say(Reply::Challenge { challenge }) => challenge,
            other @ (Outcome::Say(_) | Outcome::SayNothing { .. }) => panic!("{other:?}"),
        }
    }

    fn order(&self, challenge: Bytes) -> ResetOrder {
        ResetOrder {
            purpose: Purpose::AccountReset,
            realm: self.realm.name.clone(),
            device: self.realm.device,
            binding: self.binding,
            account: "anna".into(),
            stamp: self.stamp(2),
            challenge,
        }
    }

    fn stamp(&self, generation: u32) -> Stamp {
        Stamp {
            epoch: self.epoch,
            generation: Generation(generation),
        }
    }

    fn reset(&self, order: &SignedOrder) -> Outcome {
        let order = order.clone();
        self.desk.ask(Operation::Reset { order }, &[NEW])
    }

    #[track_caller]
    fn refused(&self, order: &SignedOrder, want: Code) {
        assert_eq!(code(&self.reset(order)), Some(want));
        assert_eq!(self.desk.stores.store.changes(), 0);
    }

    fn opens(&self, secret: &[u8]) -> bool {
        self.desk
            .stores
            .store
            .probe(&Secret::copy_of(secret))
            .unwrap()
    }
}

#[test]
fn an_order_resets_the_account_once() {
    let linked = Linked::new();
    let order = linked.order(linked.challenge()).sign(&key(1));
    assert_eq!(linked.reset(&order), Outcome::Say(Reply::MOVED));
    assert!(linked.opens(NEW) && !linked.opens(OLD));
    assert_eq!(code(&linked.reset(&order)), Some(Code::OrderSpent));
    assert_eq!(linked.desk.stores.store.changes(), 1);
}

#[test]
fn an_order_for_anything_else_is_refused_and_spends_nothing() {
    let linked = Linked::new();
    let good = linked.order(linked.challenge());
    let altered: [fn(&mut ResetOrder); 3] = [
        |order| order.realm = "acme2".into(),
        |order| order.device = DeviceId::fresh(),
        |order| order.account = "bert".into(),
    ];
    for alter in altered {
        let mut order = good.clone();
        alter(&mut order);
        linked.refused(&order.sign(&key(1)), Code::OrderRefused);
    }
    let mut order = good.clone();
    order.binding = BindingId::fresh();
    linked.refused(&order.sign(&key(1)), Code::HelperRefused);
    linked.refused(&good.sign(&key(2)), Code::OrderRefused);
    let mut unsigned = good.sign(&key(1));
    unsigned.signature = Bytes(Vec::new());
    linked.refused(&unsigned, Code::OrderRefused);
    let mut order = good.clone();
    order.challenge = Bytes(vec![0; CHALLENGE]);
    linked.refused(&order.sign(&key(1)), Code::OrderSpent);
    assert_eq!(
        linked.reset(&good.sign(&key(1))),
        Outcome::Say(Reply::MOVED),
        "nothing so far has spent the challenge"
    );
}

#[test]
fn a_newer_challenge_replaces_the_one_before() {
    let linked = Linked::new();
    let first = linked.order(linked.challenge()).sign(&key(1));
    let second = linked.order(linked.challenge()).sign(&key(1));
    linked.refused(&first, Code::OrderSpent);
    assert_eq!(linked.reset(&second), Outcome::Say(Reply::MOVED));
}

#[test]
fn a_challenge_is_good_for_five_minutes() {
    let linked = Linked::new();
    let (bindings, stores) = (&linked.desk.bindings, &linked.desk.stores);
    let new = Secret::copy_of(NEW);
    let minute = 60 * 1000;
    for (later, want) in [(6 * minute, Some(Code::OrderSpent)), (5 * minute, None)] {
        let given = Moment::at(minute, minute);
        let challenge = challenge(bindings, stores, linked.binding, given).unwrap();
        let Reply::Challenge { challenge } = challenge else {
            panic!("{challenge:?}");
        };
        let order = linked.order(challenge).sign(&key(1));
        let now = Moment::at(minute + later, minute + later);
        let code = match reset(bindings, stores, &order, &new, now) {
            Ok(()) => None,
            Err(ChangeFault::Refused(refusal)) => Some(refusal.code),
            Err(fault @ (ChangeFault::Shut | ChangeFault::Unknown { .. })) => panic!("{fault}"),
        };
        assert_eq!(code, want);
    }
}

#[test]
fn a_challenge_is_spent_before_the_change() {
    for fault in [
        Fault::VanishBefore,
        Fault::Refuse(Refusal::new(Code::AccountLocked, "locked")),
    ] {
        let linked = Linked::new();
        let order = linked.order(linked.challenge()).sign(&key(1));
        linked.desk.stores.store.inject(fault);
        assert_ne!(linked.reset(&order), Outcome::Say(Reply::MOVED));
        linked.refused(&order, Code::OrderSpent);
    }
}

#[test]
fn an_order_for_an_older_password_than_the_last_is_refused() {
    let linked = Linked::new();
    let mut order = linked.order(linked.challenge());
    order.stamp = linked.stamp(3);
    assert_eq!(
        linked.reset(&order.sign(&key(1))),
        Outcome::Say(Reply::MOVED)
    );
    let older = linked.order(linked.challenge()).sign(&key(1));
    assert_eq!(code(&linked.reset(&older)), Some(Code::OrderRefused));
    let mut restored = linked.order(linked.challenge());
    restored.stamp.epoch = Epoch::fresh();
    assert_eq!(
        linked.reset(&restored.sign(&key(1))),
        Outcome::Say(Reply::MOVED),
        "generations of another epoch are not compared"
    );
}

#[test]
fn a_binding_that_names_no_realm_believes_nobody() {
    let linked = Linked::new();
    let (desk, binding) = (&linked.desk, BindingId::fresh());
    let unlink = Operation::Unlink {
        binding: linked.binding,
    };
    assert_eq!(desk.ask(unlink, &[]), Outcome::Say(Reply::Done));
    let link = |realm| Operation::Link {
        binding,
        person: PersonId::fresh(),
        uid: 1000,
        realm,
    };
    let none = Realm {
        key: Bytes(vec![4; 65]),
        ..linked.realm.clone()
    };
    let refused = desk.ask(link(Some(none)), &[OLD]);
    assert_eq!(code(&refused), Some(Code::BadRequest), "no key");
    assert_eq!(desk.ask(link(None), &[OLD]), Outcome::Say(Reply::Done));
    let asked = desk.ask(Operation::ResetChallenge { binding }, &[]);
    assert_eq!(code(&asked), Some(Code::LinkedBeforeOrders));
    let mut order = linked.order(Bytes(vec![0; CHALLENGE]));
    order.binding = binding;
    linked.refused(&order.sign(&key(1)), Code::LinkedBeforeOrders);
    // Everything else goes on as before.
    let store = StoreKind::Account;
    let change = Operation::Change {
        binding,
        store,
        to: None,
    };
    assert_eq!(desk.ask(change, &[OLD, NEW]), Outcome::Say(Reply::MOVED));
}

#[test]
fn another_account_under_the_name_is_not_reset() {
    let linked = Linked::new();
    let order = linked.order(linked.challenge()).sign(&key(1));
    *linked.desk.stores.uid.lock().unwrap() = 1001;
    linked.refused(&order, Code::AccountChanged);
}
