//! The directory's HTTP messages, both ways; assertions and enrolment strings.

use lockstep_protocol::Bytes;
use lockstep_protocol::api::{Organisation, Problem, admin, device, me, public};
use lockstep_protocol::assertion::{Claims, MAX_LENGTH};
use lockstep_protocol::enrolment::{self, EnrolmentString};
use lockstep_protocol::order::{OrderFault, SignedOrder};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};

use crate::frames::round_trip;
use crate::{named, within};

macro_rules! messages {
    ($($name:ident: $message:ty,)*) => {
        /// The messages that are read, by their names in the OpenAPI document.
        pub const NAMES: &[&str] = &[$(stringify!($name)),*];

        const READERS: &[fn(&[u8])] = &[$(|data| { let _message = round_trip::<$message>(data); }),*];
    };
}

messages! {
    ActivationFinish: public::ActivationFinish,
    ActivationOffer: public::ActivationOffer,
    ActivationOpen: public::ActivationOpen,
    ActivationStart: public::ActivationStart,
    ActivationStarted: public::ActivationStarted,
    SessionOpened: public::SessionOpened,
    SignInFinish: public::SignInFinish,
    SignInStart: public::SignInStart,
    SignInStarted: public::SignInStarted,
    Me: me::Me,
    OwnEnrolment: me::OwnEnrolment,
    PasswordChanged: me::PasswordChanged,
    PasswordFinish: me::PasswordFinish,
    FactorStart: me::FactorStart,
    FactorStarted: me::FactorStarted,
    FactorProof: me::FactorProof,
    PasswordStart: me::PasswordStart,
    PasswordStarted: me::PasswordStarted,
    Audit: admin::Audit,
    Computers: admin::Computers,
    Enrolment: admin::Enrolment,
    Invited: admin::Invited,
    NewEnrolment: admin::NewEnrolment,
    NewPerson: admin::NewPerson,
    People: admin::People,
    ChangeCommit: device::ChangeCommit,
    CheckIn: device::CheckIn,
    Enrol: device::Enrol,
    Enrolled: device::Enrolled,
    ProofFinish: device::ProofFinish,
    ProofStart: device::ProofStart,
    ProofStarted: device::ProofStarted,
    Proved: device::Proved,
    Report: device::Report,
    Reported: device::Reported,
    RetireEnvelopes: device::RetireEnvelopes,
    Unlink: device::Unlink,
    Sessions: me::Sessions,
    Disown: device::Disown,
    IssueStart: admin::IssueStart,
    IssueStarted: admin::IssueStarted,
    IssueFinish: admin::IssueFinish,
    Issued: admin::Issued,
    ResetLink: admin::ResetLink,
    NewLogo: admin::NewLogo,
    PolicyChange: admin::PolicyChange,
    PolicyRules: admin::PolicyRules,
    Logo: device::Logo,
    ListComputers: device::ListComputers,
    OtherComputers: device::OtherComputers,
    Organisation: Organisation,
    Problem: Problem,
}

/// A body of the message that the first line names.
pub(crate) fn api(data: &[u8]) {
    let (which, body) = named(data, NAMES);
    READERS[which](body);
}

/// The assertion header; bytes that are no text never reach the parser.
pub(crate) fn assertion(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok((claims, key)) = within(8 * 1024, || Claims::open(text)) {
        assert!(text.len() <= MAX_LENGTH);
        assert!(
            claims.device.is_some() || !claims.url.contains('\0'),
            "read at all"
        );
        let point = key.to_encoded_point(false);
        assert_eq!(point.as_bytes().len(), 65);
    }
    // Claims of any content under a real signature: only a key can be a fault then.
    let key = SigningKey::from_slice(&[7; 32]).expect("a key");
    let signed = Claims::new(None, "POST", text, data, text).sign(&key);
    match Claims::open(&signed) {
        Ok((claims, by)) => {
            assert_eq!(claims.url, text);
            assert_eq!(by, *key.verifying_key());
        }
        Err(_) => assert!(signed.len() > MAX_LENGTH),
    }
}

/// A reset order as it travels; and any claims under a signature that is right.
pub(crate) fn order(data: &[u8]) {
    let realm = SigningKey::from_slice(&[9; 32]).expect("a key");
    let key = realm.verifying_key().to_encoded_point(false);
    if let Some(order) = round_trip::<SignedOrder>(data) {
        let opened = within(8 * 1024, || order.open(key.as_bytes()));
        assert!(opened.is_err(), "nobody signs by chance");
        let _any_key = order.open(order.claims.as_slice());
    }
    let text = [b"lockstep order 1|", data].concat();
    let signature: Signature = realm.sign(&text);
    let order = SignedOrder {
        claims: Bytes(data.to_vec()),
        signature: Bytes(signature.to_bytes().to_vec()),
    };
    match order.open(key.as_bytes()) {
        Ok(claims) => {
            let again = claims.sign(&realm).open(key.as_bytes());
            assert!(again == Ok(claims));
        }
        Err(fault) => assert_eq!(fault, OrderFault::Claims),
    }
}

/// The enrolment string, as pasted; and one with any payload under a sum that is right.
pub(crate) fn enrolment(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    decode(text);
    let payload = Bytes(data.to_vec()).encode();
    let sum = payload.bytes().fold(0x811c_9dc5_u32, |sum, byte| {
        (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    decode(&format!("lockstep1.{payload}.{sum:08x}"));
}

fn decode(text: &str) {
    let decoded = within(4096 + 8 * enrolment::MAX_LENGTH, || {
        EnrolmentString::decode(text)
    });
    if let Ok(said) = decoded {
        assert!(text.len() <= enrolment::MAX_LENGTH);
        assert!(said.url.starts_with("https://"));
        assert!(EnrolmentString::decode(&said.encode()) == Ok(said));
    }
}
