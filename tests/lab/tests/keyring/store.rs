//! The keyring store, logged in and logged out.

use std::time::Instant;

use lockstep_model::Secret;
use lockstep_stores::Store;
use lockstep_stores::conformance::{CASES, Harness};

use crate::support::Computer;

/// Makes a person with a fresh keyring for every case.
struct People {
    computer: Computer,
    next_uid: u32,
    logged_in: bool,
}

impl Harness for People {
    fn fresh(&mut self, password: &Secret) -> Box<dyn Store> {
        let person = self.computer.person(self.next_uid);
        self.next_uid += 1;
        person.log_in(password.expose());
        if !self.logged_in {
            person.log_out();
        }
        Box::new(person)
    }
}

fn conforms(logged_in: bool) {
    let Some(computer) = Computer::new() else {
        return;
    };
    let mut people = People {
        computer,
        next_uid: 1000,
        logged_in,
    };
    for case in CASES {
        let started = Instant::now();
        (case.run)(&mut people);
        println!("{} ({:?})", case.name, started.elapsed());
    }
}

#[test]
fn the_keyring_of_somebody_logged_in_conforms() {
    conforms(true);
}

#[test]
fn the_keyring_of_somebody_logged_out_conforms() {
    conforms(false);
}
