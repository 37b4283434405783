//! Model check: every state that the production machine can be driven into by a small but hostile
//! world is visited, and the promises are checked in each.
//!
//! P1: no effect of ours shuts a door (boot, log-in) to the person. P2: no slot of others goes. P3:
//! what is believed is true, and nothing is in sync that was not opened. S1: each store opens with
//! the newest password, with a kept envelope, or with the local password where the person still
//! knows it. S2: no envelope or slot goes before every store opens with what is kept. S3: disk,
//! account, keychain. S4: no mutation without a durable intent. S5: one operation at a time. S6:
//! "in sync" is true. S7: nothing goes back. S8: a change starts from what opened its store in this
//! run; only the first, if it finds out by itself, may rest on older evidence. S11: the journal adds up to the state. Besides, from
//! every state there is a way to being in sync (where doors may close: unless one was shut without
//! us), and operations alone never go on for ever.
//!
//! [`breach`] breaks one rule at a time; each must be found. [`whole`] is the table that
//! `cargo xtask model` prints.

mod breach;
mod doors;
mod events;
mod explore;
mod judge;
mod scenario;
mod whole;
mod world;

use lockstep_model::StoreKind;

use breach::Breach;
use doors::{Doors, Person};
use explore::{Findings, Lost, explore};
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
    adrift: StoreKind::Account,
    counts: false,
    lies: true,
    session_flaps: true,
    doors: None,
    breach: None,
    checked: false,
    unjudged: false,
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

/// What was guessed in vain in one run is not guessed again in the next, whatever the share and the
/// account did meanwhile.
const GUESSED: Scenario = Scenario {
    name: "guesses that count",
    stores: 2,
    knows_local: true,
    withheld: true,
    drifts: 1,
    counts: true,
    session_flaps: false,
    ..SECOND_CHANGE
};

#[test]
fn guesses_that_count_are_remembered() {
    let seen = run(Scenario {
        stores: 1,
        ..GUESSED
    });
    assert!(seen.asked);
}

/// Somebody gives the disk another password and removes what the person's opened.
const DISK_ADRIFT: Scenario = Scenario {
    name: "the disk changed from outside",
    knows_local: true,
    drifts: 1,
    adrift: StoreKind::Disk,
    session_flaps: false,
    ..FORGETFUL
};

#[test]
fn a_disk_changed_from_outside_is_found_out_by_its_change() {
    let seen = run(DISK_ADRIFT);
    assert!(seen.found_out && seen.asked);
    let forgotten = Scenario {
        name: "the disk changed from outside, nothing left",
        forgets: true,
        withheld: true,
        ..DISK_ADRIFT
    };
    let seen = run(forgotten);
    assert!(seen.found_out && seen.refused, "it would stay shut");
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

const fn behind(person: Person, login_path: bool) -> Option<Doors> {
    Some(Doors { person, login_path })
}

/// Two generations of three stores; the computer may be locked or switched off at any moment.
const AWAY: Scenario = Scenario {
    name: "doors, three stores",
    session_flaps: false,
    doors: behind(Person::Newest, false),
    ..FORGETFUL
};

#[test]
fn who_knows_every_former_password_always_finds_a_way_back() {
    for login_path in [false, true] {
        let doors = behind(Person::All, login_path);
        let found = explored(Scenario { doors, ..AWAY });
        assert_eq!(found.lost, Lost::default());
    }
}

#[test]
fn who_types_one_password_daily_always_finds_a_way_back() {
    let doors = behind(Person::Daily, false);
    let found = explored(Scenario { doors, ..AWAY });
    assert_eq!(found.lost, Lost::default());
}

#[test]
fn who_knows_only_the_newest_is_shut_out_by_the_change_alone_and_never_by_us() {
    let apart = explored(AWAY);
    assert!(apart.lost.boot > 0 && apart.lost.log_in > 0);
    let doors = behind(Person::Newest, true);
    let at_login = explored(Scenario { doors, ..AWAY });
    assert_eq!(at_login.lost.log_in, 0, "a login path opens its door");
    assert!(at_login.lost.boot > 0);
}

/// Breaks one rule, and says which promise is then found broken.
#[track_caller]
fn breaks(breach: Breach, scenario: Scenario, promise: &str) {
    let breach = Some(breach);
    match explore(Scenario { breach, ..scenario }) {
        Ok(found) => panic!("{breach:?} went unnoticed: {found}"),
        Err(broke) => {
            assert!(broke.promise.contains(promise), "{breach:?}: {broke}");
            assert!(!broke.story.is_empty());
        }
    }
}

const STILL: Scenario = Scenario {
    session_flaps: false,
    ..FORGETFUL
};

#[test]
fn a_broken_order_is_found() {
    breaks(Breach::KeychainFirst, STILL, "S3: the keychain moves");
    breaks(Breach::AccountFirst, STILL, "S3: the account moves");
    breaks(Breach::SlotUntested, STILL, "S3: the account moves");
}

#[test]
fn a_wrong_order_shuts_a_door() {
    let daily = Scenario {
        doors: behind(Person::Daily, false),
        unjudged: true,
        ..AWAY
    };
    breaks(Breach::AccountFirst, daily, "P1: a door was shut by us");
    breaks(Breach::SlotUntested, daily, "P1: a door was shut by us");
}

#[test]
fn a_broken_retention_is_found() {
    breaks(Breach::SealedLate, STILL, "changed before sealed");
    breaks(Breach::RetiredEarly, STILL, "S2: retired");
    breaks(Breach::RemovedEarly, STILL, "S2: old slots removed");
    let unjudged = Scenario {
        unjudged: true,
        ..STILL
    };
    breaks(Breach::RetiredEarly, unjudged, "S1: the");
}

#[test]
fn a_broken_verification_is_found() {
    let account = Scenario {
        stores: 1,
        generations: 1,
        ..LINKING
    };
    breaks(Breach::ExitCodes, account, "P3: said to be in sync");
    let unjudged = Scenario {
        unjudged: true,
        ..account
    };
    breaks(Breach::ExitCodes, unjudged, "S6: said to be in sync");
    breaks(Breach::RemovalUnverified, STILL, "P3: said to be in sync");
}

#[test]
fn a_change_that_rests_on_too_little_is_found() {
    breaks(Breach::RestsOnDoubt, DISK_ADRIFT, "S8: the disk is changed");
    breaks(Breach::RestsUnable, STILL, "before the account is ready");
    let no_disk = Scenario { stores: 2, ..STILL };
    breaks(Breach::RestsUnable, no_disk, "S8: the account is changed");
    for (breach, scenario) in [
        (Breach::RestsOnDoubt, DISK_ADRIFT),
        (Breach::RestsUnable, STILL),
    ] {
        let checked = Scenario {
            checked: true,
            ..scenario
        };
        breaks(breach, checked, "planner and checker disagree");
    }
}

#[test]
fn a_broken_ownership_of_slots_is_found() {
    breaks(Breach::ForeignSlot, STILL, "P2: a slot");
    breaks(Breach::LastSlot, STILL, "S1: the disk is locked out");
}

#[test]
fn a_broken_planner_is_stopped_by_the_checker() {
    for breach in [
        Breach::KeychainFirst,
        Breach::AccountFirst,
        Breach::SlotUntested,
        Breach::SealedLate,
        Breach::RetiredEarly,
        Breach::RemovedEarly,
    ] {
        let checked = Scenario {
            checked: true,
            ..STILL
        };
        breaks(breach, checked, "planner and checker disagree");
    }
}

fn explored(scenario: Scenario) -> Findings {
    let found = explore(scenario).unwrap_or_else(|broke| panic!("{broke}"));
    println!("{found}");
    found
}

fn run(scenario: Scenario) -> Seen {
    let found = explored(scenario);
    assert_eq!(found.lost, Lost::default());
    assert!(found.seen.in_sync && found.seen.stopped);
    assert!(found.seen.retired || scenario.generations == 1);
    found.seen
}
