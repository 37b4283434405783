//! A few of the faults that `cargo xtask faults` injects everywhere.

use lockstep_story::World;
use lockstep_story::faults::{Plan, Stage, Tally, Victim};

#[test]
fn whatever_is_killed_in_the_middle_nobody_is_locked_out_and_nothing_is_lost() {
    let Some(world) = World::for_test().unwrap() else {
        return;
    };
    let mut stage = Stage::set(world, Plan::Follow).unwrap();
    let mut tally = Tally::default();
    for victim in [Victim::Agent, Victim::Computer, Victim::Power] {
        stage.series(victim, 8, &mut tally, |_| ()).unwrap();
    }
    assert!(tally.injected >= 6, "{tally}");
    assert_eq!((tally.lock_outs, tally.lost), (0, 0), "{tally}");
}
