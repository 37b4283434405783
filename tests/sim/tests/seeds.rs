//! Some seeds of the simulation, and every planted fault.

use clap::ValueEnum as _;
use lockstep_sim::{Counts, Happening, Plant, run, tell};

#[test]
fn a_sample_of_seeds_keeps_every_promise_and_sees_every_kind_of_event() {
    let mut counts = Counts::default();
    for seed in 0..400 {
        let ended = run(seed, None);
        assert_eq!(ended.broken, None, "cargo xtask sim --seed {seed} --trace");
        counts.add(&ended.counts);
    }
    println!("{counts}");
    // They take a coincidence that no sample is sure to have.
    let rare = [Happening::Unsealed, Happening::Waits];
    for what in Happening::ALL {
        let seen = counts.of(*what) > 0 || rare.contains(what);
        assert!(seen, "no {} in 400 seeds", what.words());
    }
}

#[test]
fn one_seed_is_one_run() {
    for seed in [1, 7, 77] {
        assert_eq!(run(seed, None), run(seed, None));
        let (told, again) = (tell(seed, None, usize::MAX), tell(seed, None, usize::MAX));
        assert!(told.story.len() > 100);
        assert_eq!(told, again);
        let untold = run(seed, None);
        assert_eq!((told.counts, told.events), (untold.counts, untold.events));
    }
    assert_ne!(run(1, None).events, run(2, None).events);
}

/// Which promise is first found broken.
const FINDS: &[(Plant, &str)] = &[
    (Plant::RetiredEarly, "P1: no store is shut"),
    (Plant::NotSealed, "P1: the new password is sealed"),
    (Plant::RestoreObeyed, "S7: nothing is obeyed"),
    (Plant::PersistLost, "S4: no mutation"),
    (
        Plant::RuleIgnored,
        "a share goes by the organisation's rule",
    ),
    (Plant::ProofSkipped, "a share goes only after a proof"),
    (Plant::SlotsOfOthersRemoved, "P2: no slot of anybody else"),
    (Plant::OldSlotRemovedAtOnce, "P2: no slot goes before"),
    (Plant::ProbeSkipped, "P3:"),
    (Plant::KeychainDeleted, "P2: no keychain is deleted"),
    (Plant::LostRace, "compare-and-set"),
    (Plant::NeverAnswered, "everything ends up in step"),
    (Plant::NewsWithheld, "S7: nothing goes towards"),
    (Plant::AnswerFirst, "S7: nothing goes towards"),
];

#[test]
fn every_planted_fault_is_found() {
    for plant in Plant::value_variants() {
        let expected = FINDS.iter().find(|(it, _)| it == plant);
        let (_, promise) = expected.unwrap_or_else(|| panic!("{plant:?} finds what?"));
        let found = (0..3000).find_map(|seed| Some((seed, run(seed, Some(*plant)).broken?)));
        let (seed, broken) = found.unwrap_or_else(|| panic!("{plant:?} went unnoticed"));
        println!("{plant:?}: seed {seed}: {}", broken.promise);
        assert!(broken.promise.starts_with(promise), "{plant:?}: {broken:?}");
        let told = tell(seed, Some(*plant), 40);
        assert_eq!(told.broken, Some(broken));
        assert_eq!(told.story.len(), 40);
        assert!(told.story[39].contains("BROKEN"));
    }
}
