//! One seed, one run: the same state hash after each step, here and on every other machine.

mod hash_support;

use std::path::Path;

use glassbroker::course::{Lesson, course};
use glassbroker::sim::plan::Run;
use glassbroker::timeline::Place;

#[test]
fn an_example_played_twice_has_the_same_hash_at_each_step() {
    for example in course().examples() {
        for seed in [example.seed, example.seed + 1] {
            let open = || Lesson::open(example.clone(), example.parameters.clone(), seed).expect("an example opens");
            let (mut one, mut other) = (open(), open());
            let steps = one.timeline().history().len();
            assert_eq!(other.timeline().history().len(), steps, "{} with seed {seed}", example.id);
            for step in 0..=steps {
                one.go(Place::Step(step));
                other.go(Place::Step(step));
                let (hash, again) = (one.world().state_hash(), other.world().state_hash());
                assert_eq!(hash, again, "{} with seed {seed} at step {step}", example.id);
            }
        }
    }
}

#[test]
fn a_random_schedule_played_twice_has_the_same_hash_at_each_step() {
    let mut ends = Vec::new();
    for seed in 100..112 {
        let (mut one, mut other) = (Run::new(seed), Run::new(seed));
        loop {
            assert_eq!(one.world().state_hash(), other.world().state_hash(), "seed {seed}, step {}", one.step());
            let goes_on = one.advance().expect("all guarantees hold");
            assert_eq!(other.advance(), Ok(goes_on));
            if !goes_on {
                break;
            }
        }
        ends.push(one.world().state_hash());
    }
    ends.sort_unstable();
    ends.dedup();
    assert_eq!(ends.len(), 12, "different seeds give different runs");
}

/// `HASHES=write cargo test --no-default-features --test determinism` writes the file anew, when the simulation has
/// changed on purpose.
#[test]
fn hashes_are_those_that_were_written_down() {
    let played = hash_support::played();
    if std::env::var("HASHES").is_ok_and(|value| value == "write") {
        let text = serde_json::to_string_pretty(&played).expect("hashes are plain text");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hashes.json");
        std::fs::write(path, text + "\n").expect("the file can be written");
        return;
    }
    for (played, expected) in played.iter().zip(&hash_support::expected()) {
        assert_eq!(played, expected, "if the simulation was changed on purpose, write tests/hashes.json anew");
    }
    assert_eq!(played.len(), hash_support::expected().len());
}
