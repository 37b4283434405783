//! OPAQUE's messages and records, as each side parses them.

use std::sync::LazyLock;

use lockstep_model::password::Password;
use lockstep_model::{Ksf, Secret};
use lockstep_opaque::Identifiers;
use lockstep_opaque::client::{Proof, Registration, Terms};
use lockstep_opaque::server::ServerKeys;
use lockstep_opaque::stretch::{Place, Stretch};

const NAMED: Identifiers<'static> = Identifiers {
    client: "anna",
    server: "acme",
};

/// What one side keeps for ever.
struct Kept {
    keys: ServerKeys,
    record: Vec<u8>,
    request: Vec<u8>,
    stretch: Stretch,
}

static KEPT: LazyLock<Kept> = LazyLock::new(|| {
    let keys = ServerKeys::fresh().expect("keys");
    let stretch = Stretch::new(Ksf::FLOOR, Place::Here).expect("the floor is accepted");
    let (registration, request) = Registration::start(password()).expect("blinds");
    let answer = keys.register("anna", &request).expect("well formed");
    let upload = registration
        .finish(&answer, &terms(&stretch))
        .expect("registers");
    let (_, request) = Proof::start(password()).expect("blinds");
    Kept {
        record: ServerKeys::record(&upload).expect("well formed"),
        keys,
        request,
        stretch,
    }
});

/// The first byte says which message it is.
pub(crate) fn opaque(data: &[u8]) {
    let Some((&which, message)) = data.split_first() else {
        return;
    };
    let Kept {
        keys,
        record,
        request,
        stretch,
    } = &*KEPT;
    match which % 8 {
        0 => {
            if let Ok(answer) = keys.register("anna", message) {
                assert_eq!((message.len(), answer.len()), (32, 64));
            }
        }
        1 => {
            if let Ok(kept) = ServerKeys::record(message) {
                assert_eq!(ServerKeys::record(&kept).as_ref(), Ok(&kept));
                answers_alike(keys, &kept, request);
            }
        }
        2 => answers_alike(keys, record, message),
        3 => answers_alike(keys, message, request),
        4 => {
            let proving = keys.prove(Some(record), request, NAMED, Some(message));
            let (pending, _) = proving.expect("its request is well formed");
            assert!(pending.finish(message).is_err(), "nobody proves by chance");
        }
        5 => {
            if let Ok(keys) = ServerKeys::from_secret(&Secret::copy_of(message)) {
                let written = keys.to_secret();
                let again = ServerKeys::from_secret(&written).expect("what is written is read");
                assert_eq!(again.public_key(), keys.public_key());
            }
        }
        6 => {
            let (proof, _) = Proof::start(password()).expect("blinds");
            let proved = proof.finish(message, &terms(stretch));
            assert!(proved.is_err(), "nobody answers by chance");
        }
        _ => {
            let (registration, _) = Registration::start(password()).expect("blinds");
            if let Ok(upload) = registration.finish(message, &terms(stretch)) {
                assert!(ServerKeys::record(&upload).is_ok());
            }
        }
    }
}

/// Whatever is sent for whomever, the answer looks the same with a record and without.
fn answers_alike(keys: &ServerKeys, record: &[u8], request: &[u8]) {
    let with = keys.prove(Some(record), request, NAMED, None);
    let without = keys.prove(None, request, NAMED, None);
    if let (Ok((_, with)), Ok((_, without))) = (with, without) {
        assert_eq!((with.len(), without.len()), (320, 320));
    }
}

fn terms(stretch: &Stretch) -> Terms<'_> {
    Terms {
        identifiers: NAMED,
        stretch,
        context: None,
        server_key: None,
    }
}

fn password() -> Password {
    let typed = Secret::copy_of(b"violet harbour at dawn");
    Password::normalise(&typed).expect("it is normal")
}
