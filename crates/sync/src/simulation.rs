//! Model check: every state that the production [`crate::step`] can be driven into by a small but
//! hostile world is visited, and the promises are checked in each.
//!
//! S1: each store opens with the newest password, with a kept envelope, or with the local password
//! where the person still knows it. S2: nothing is retired before every store opens with what is
//! kept. S4: no mutation without a durable intent. S5: one operation at a time. S6: "in sync" is
//! true. S7: nothing goes back. S11: the journal adds up to the state. P3: what is believed is
//! true. Besides, from every state there is a way to being in sync, and operations alone never go
//! on for ever.

mod explore;
mod scenario;
mod world;

use explore::explore;
use scenario::{Scenario, Seen};

/// Everything in step at the first generation; the person remembers only the newest password.
const FORGETFUL: Scenario = Scenario {
    name: "three stores",
    stores: 3,
    generations: 2,
    restored: false,
    linked: true,
    knows_local: false,
    forgets: false,
    apart: false,
    withheld: false,
    crashes: 1,
    drifts: 0,
    lies: true,
    session_flaps: true,
};

const SECOND_CHANGE: Scenario = Scenario {
    name: "second change",
    stores: 2,
    generations: 3,
    ..FORGETFUL
};

/// Every store still at the local password, which the person knows.
const LINKING: Scenario = Scenario {
    name: "linking",
    stores: 2,
    linked: false,
    knows_local: true,
    ..FORGETFUL
};

#[test]
fn three_stores() {
    run(Scenario {
        session_flaps: false,
        ..FORGETFUL
    });
}

#[test]
fn a_second_change_in_the_middle() {
    run(Scenario {
        session_flaps: false,
        ..SECOND_CHANGE
    });
}

#[test]
fn a_restored_directory() {
    let scenario = Scenario {
        name: "restored",
        stores: 2,
        restored: true,
        ..FORGETFUL
    };
    run(scenario);
}

#[test]
fn linking_with_the_old_password_typed() {
    let seen = run(Scenario {
        session_flaps: false,
        ..LINKING
    });
    assert!(seen.asked);
}

#[test]
fn linking_two_stores_with_different_old_passwords() {
    let scenario = Scenario {
        name: "apart",
        generations: 1,
        apart: true,
        ..LINKING
    };
    let seen = run(scenario);
    assert!(seen.asked);
}

#[test]
fn shares_withheld_and_the_account_changed_from_outside() {
    let scenario = Scenario {
        name: "withheld, drift",
        stores: 1,
        knows_local: true,
        withheld: true,
        drifts: 1,
        ..FORGETFUL
    };
    let seen = run(scenario);
    assert!(seen.asked);
}

/// The share stays away, nothing is remembered, and the person accepts the cost.
const NOTHING_LEFT: Scenario = Scenario {
    name: "nothing left",
    stores: 2,
    withheld: true,
    forgets: true,
    ..FORGETFUL
};

#[test]
fn without_the_old_password() {
    let seen = run(NOTHING_LEFT);
    assert!(seen.asked && seen.reset);
    let seen = run(Scenario {
        name: "nothing left, second change",
        stores: 1,
        generations: 3,
        ..NOTHING_LEFT
    });
    assert!(seen.reset);
    let seen = run(Scenario {
        name: "two old passwords lost, no envelope",
        linked: false,
        apart: true,
        generations: 1,
        ..NOTHING_LEFT
    });
    assert!(seen.reset);
}

#[test]
fn without_the_old_password_beside_a_disk() {
    let seen = run(Scenario {
        name: "nothing left, disk",
        stores: 3,
        session_flaps: false,
        ..NOTHING_LEFT
    });
    assert!(
        seen.refused && seen.reset,
        "refused while the disk is shut, done once it opens"
    );
}

#[test]
#[ignore = "too large for every run: cargo test --release -p lockstep-sync -- --ignored"]
fn whole() {
    run(Scenario {
        name: "three stores, two crashes",
        crashes: 2,
        ..FORGETFUL
    });
    run(Scenario {
        name: "second change, two crashes",
        crashes: 2,
        ..SECOND_CHANGE
    });
    run(Scenario {
        name: "linking, two crashes",
        crashes: 2,
        ..LINKING
    });
    run(Scenario {
        name: "linking, three stores",
        stores: 3,
        session_flaps: false,
        ..LINKING
    });
    run(Scenario {
        name: "everything",
        stores: 3,
        crashes: 2,
        ..SECOND_CHANGE
    });
}

fn run(scenario: Scenario) -> Seen {
    let found = explore(scenario);
    println!("{found}");
    assert!(found.seen.in_sync && found.seen.stopped);
    assert!(found.seen.retired || scenario.generations == 1);
    found.seen
}
