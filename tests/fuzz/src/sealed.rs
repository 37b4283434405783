//! What is sealed: envelopes on the device, shares from the directory.

use std::cell::RefCell;
use std::sync::LazyLock;

use lockstep_model::password::Password;
use lockstep_model::{BindingId, DeviceId, EnvelopeId, Epoch, Generation, Ksf, Secret, Stamp};
use lockstep_opaque::client::{Proof, Registration, Terms};
use lockstep_opaque::envelope::{self, DeviceSecret, MAX_PASSWORD, Name, VERSION};
use lockstep_opaque::seal::{SealingKey, shares};
use lockstep_opaque::server::ServerKeys;
use lockstep_opaque::stretch::{Place, Stretch};
use lockstep_opaque::{Identifiers, SessionKey};

use crate::within;

/// A device secret that tells what an envelope's key is derived for.
struct Telling(RefCell<Vec<u8>>);

impl DeviceSecret for Telling {
    fn derive(&self, share: &Secret, info: &[u8]) -> SealingKey {
        *self.0.borrow_mut() = info.to_vec();
        SealingKey::derive(&[share], info)
    }
}

/// A sealed copy as it lies on the disk; and any text under a seal that holds.
pub(crate) fn envelope(data: &[u8]) {
    let device = Telling(RefCell::default());
    let share = Secret::copy_of(&[9; 32]);
    let name = Name {
        realm: "acme".into(),
        device: DeviceId(uuid(1)),
        binding: BindingId(uuid(2)),
        envelope: EnvelopeId(uuid(3)),
        stamp: Stamp {
            epoch: Epoch(uuid(4)),
            generation: Generation(7),
        },
    };
    let opened = within(4096 + 4 * data.len(), || {
        envelope::open(&device, &share, &name, data)
    });
    assert!(opened.is_err(), "nobody seals by chance");
    let _info = envelope::seal(&device, &share, &name, &Secret::default());
    let info = device.0.borrow().clone();
    let sealed = device
        .derive(&share, &info)
        .seal(&Secret::copy_of(data), &info);
    let sealed = [&[VERSION], sealed.expect("it is short").as_slice()].concat();
    if let Ok(password) = envelope::open(&device, &share, &name, &sealed) {
        let length = usize::from(data[0]) << 8 | usize::from(data[1]);
        assert_eq!(password.expose(), &data[2..2 + length]);
        if password.expose().len() <= MAX_PASSWORD {
            let again = envelope::seal(&device, &share, &name, &password).expect("it fits");
            let again = envelope::open(&device, &share, &name, &again).expect("it opens");
            assert!(again.same_as(&password));
        }
    }
}

/// Shares as the directory sends them; and any text under a proof's own key.
pub(crate) fn shares(data: &[u8]) {
    let key = &*SESSION;
    let opened = within(4096 + 4 * data.len(), || {
        shares::open(key, data, b"context")
    });
    assert!(opened.is_err(), "nobody seals by chance");
    let sealing = SealingKey::derive(&[key.secret()], b"lockstep shares 1");
    let sealed = sealing.seal(&Secret::copy_of(data), b"context");
    let sealed = sealed.expect("it is short");
    if let Ok(opened) = shares::open(key, &sealed, b"context") {
        assert_eq!(opened.len() * 48, data.len());
        let again = shares::seal(key, &opened, b"context").expect("it is short");
        let again = shares::open(key, &again, b"context").expect("it opens");
        let same = |(a, b): (&(EnvelopeId, Secret), &(EnvelopeId, Secret))| {
            a.0 == b.0 && a.1.same_as(&b.1)
        };
        assert!(opened.iter().zip(&again).all(same));
    }
}

/// The session key of one real proof.
static SESSION: LazyLock<SessionKey> = LazyLock::new(|| {
    let password = || Password::normalise(&Secret::copy_of(b"violet harbour at dawn"));
    let stretch = Stretch::new(Ksf::FLOOR, Place::Here).expect("the floor is accepted");
    let identifiers = Identifiers {
        client: "anna",
        server: "acme",
    };
    let terms = Terms {
        identifiers,
        stretch: &stretch,
        context: None,
        server_key: None,
    };
    let keys = ServerKeys::fresh().expect("keys");
    let (registration, request) = Registration::start(password().expect("normal")).expect("blinds");
    let answer = keys.register("anna", &request).expect("well formed");
    let record = registration.finish(&answer, &terms).expect("registers");
    let record = ServerKeys::record(&record).expect("well formed");
    let (proof, request) = Proof::start(password().expect("normal")).expect("blinds");
    let proving = keys.prove(Some(&record), &request, identifiers, None);
    let (_, answer) = proving.expect("well formed");
    proof.finish(&answer, &terms).expect("proves").session_key
});

fn uuid(mark: u8) -> uuid::Uuid {
    uuid::Uuid::from_bytes([mark; 16])
}
