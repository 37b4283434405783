//! Both sides against each other.

use lockstep_model::password::Password;
use lockstep_model::{Ksf, Secret};

use crate::client::{ClientFault, Proof, Registration, Terms};
use crate::server::{ServerFault, ServerKeys};
use crate::stretch::{Place, Stretch};
use crate::{Identifiers, SessionKey};

const WHO: Identifiers<'static> = Identifiers {
    client: "person",
    server: "realm",
};

fn password(text: &str) -> Password {
    Password::normalise(&Secret::copy_of(text.as_bytes())).unwrap()
}

fn terms<'a>(stretch: &'a Stretch, context: Option<&'a [u8]>) -> Terms<'a> {
    Terms {
        identifiers: WHO,
        stretch,
        context,
        server_key: None,
    }
}

fn register(keys: &ServerKeys, text: &str, stretch: &Stretch) -> Vec<u8> {
    let (client, request) = Registration::start(password(text)).unwrap();
    let answer = keys.register(WHO.client, &request).unwrap();
    let upload = client.finish(&answer, &terms(stretch, None)).unwrap();
    ServerKeys::record(&upload).unwrap()
}

fn prove(
    keys: &ServerKeys,
    record: Option<&[u8]>,
    text: &str,
    client_terms: &Terms<'_>,
    server_context: Option<&[u8]>,
) -> Result<(SessionKey, SessionKey), ClientFault> {
    let (client, request) = Proof::start(password(text)).unwrap();
    let (pending, answer) = keys.prove(record, &request, WHO, server_context).unwrap();
    let proved = client.finish(&answer, client_terms)?;
    let server = pending
        .finish(&proved.message)
        .map_err(|_| ClientFault::Refused)?;
    Ok((proved.session_key, server))
}

fn floor() -> Stretch {
    Stretch::new(Ksf::FLOOR, Place::Here).unwrap()
}

#[test]
fn the_right_password_gives_both_sides_the_same_key() {
    let keys = ServerKeys::fresh().unwrap();
    let stretch = floor();
    let record = register(&keys, "correct horse battery", &stretch);
    let reread = ServerKeys::from_secret(&keys.to_secret()).unwrap();
    let proof = prove(
        &reread,
        Some(&record),
        "correct horse battery",
        &terms(&stretch, None),
        None,
    );
    let (client, server) = proof.unwrap();
    assert!(client.secret().same_as(server.secret()));
}

#[test]
fn a_child_that_cannot_stretch_makes_no_password_wrong() {
    let keys = ServerKeys::fresh().unwrap();
    let record = register(&keys, "correct horse battery", &floor());
    for program in ["/nonexistent", "/bin/false"] {
        let place = Place::Child(program.into());
        let stretch = Stretch::new(Ksf::FLOOR, place).unwrap();
        let proof = prove(
            &keys,
            Some(&record),
            "correct horse battery",
            &terms(&stretch, None),
            None,
        );
        assert_eq!(proof.err(), Some(ClientFault::NotStretched), "{program}");
    }
}

#[test]
fn a_wrong_password_an_unknown_person_and_another_context_are_refused() {
    let keys = ServerKeys::fresh().unwrap();
    let stretch = floor();
    let record = register(&keys, "correct horse battery", &stretch);
    let wrong = prove(&keys, Some(&record), "wrong", &terms(&stretch, None), None);
    assert_eq!(wrong.err(), Some(ClientFault::Refused));
    let unknown = prove(
        &keys,
        None,
        "correct horse battery",
        &terms(&stretch, None),
        None,
    );
    assert_eq!(unknown.err(), Some(ClientFault::Refused));
    let browser = prove(
        &keys,
        Some(&record),
        "correct horse battery",
        &terms(&stretch, None),
        Some(b"device"),
    );
    assert_eq!(browser.err(), Some(ClientFault::Refused));
}

#[test]
fn another_server_key_than_the_pinned_one_is_refused() {
    let keys = ServerKeys::fresh().unwrap();
    let stretch = floor();
    let record = register(&keys, "correct horse battery", &stretch);
    let own = keys.public_key();
    let other = ServerKeys::fresh().unwrap().public_key();
    for (pinned, fault) in [(own, None), (other, Some(ClientFault::ForeignServer))] {
        let terms = Terms {
            server_key: Some(&pinned),
            ..terms(&stretch, None)
        };
        let proof = prove(&keys, Some(&record), "correct horse battery", &terms, None);
        assert_eq!(proof.err(), fault);
    }
}

#[test]
fn garbage_is_malformed_and_never_a_panic() {
    let keys = ServerKeys::fresh().unwrap();
    for length in [0, 1, 31, 32, 95, 96, 97, 192, 400] {
        let garbage = vec![0xff; length];
        assert_eq!(
            keys.register("p", &garbage).err(),
            Some(ServerFault::Malformed)
        );
        assert_eq!(
            ServerKeys::record(&garbage).err(),
            Some(ServerFault::Malformed)
        );
        assert!(keys.prove(None, &garbage, WHO, None).is_err());
    }
}

#[test]
fn stretching_below_the_floor_is_refused() {
    let weak = Ksf {
        memory_kib: 8,
        iterations: 1,
        parallelism: 1,
    };
    assert!(Stretch::new(weak, Place::Here).is_err());
}
