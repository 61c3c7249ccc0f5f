//! State hashes of runs that every machine must repeat: natively (`determinism.rs`) and in a browser (`wasm.rs`).

use glassbroker::course::random_schedule::link_to;
use glassbroker::course::{Lesson, course};
use glassbroker::kafka::record::{Compression, Compressor};
use glassbroker::sim::plan::Run;
use glassbroker::timeline::Place;
use serde::{Deserialize, Serialize};

/// A hash is noted after every so many steps, and at the end.
const EVERY: u64 = 500;
/// Random schedules that are played.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=8;

/// One run and its hashes, each as "step hash".
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hashes {
    pub run: String,
    pub hashes: Vec<String>,
    /// A link to the last step of a random schedule; behind the `#/at/` of the page's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// What is written down in `tests/hashes.json`.
pub fn expected() -> Vec<Hashes> {
    serde_json::from_str(include_str!("../hashes.json")).expect("the file of hashes is well-formed")
}

/// The same runs, played now: each example of the course, and some random schedules.
pub fn played() -> Vec<Hashes> {
    let examples = course();
    let of_examples = examples.examples().map(|example| {
        let mut lesson =
            Lesson::open(example.clone(), example.parameters.clone(), example.seed).expect("an example opens");
        let steps = lesson.timeline().history().len();
        let mut hashes = Vec::new();
        for step in (EVERY..steps).step_by(EVERY as usize).chain([steps]) {
            lesson.go(Place::Step(step));
            hashes.push(line(step, lesson.world().state_hash()));
        }
        Hashes { run: example.id.clone(), hashes, link: None }
    });
    let of_schedules = SEEDS.map(|seed| {
        let mut run = Run::new(seed);
        let mut hashes = Vec::new();
        while run.advance().expect("all guarantees hold") {
            if run.step().is_multiple_of(EVERY) {
                hashes.push(line(run.step(), run.world().state_hash()));
            }
        }
        hashes.push(line(run.step(), run.world().state_hash()));
        let link = Some(link_to(seed, run.step()));
        Hashes { run: format!("random schedule {seed}"), hashes, link }
    });
    of_examples.chain(of_schedules).chain([codecs()]).collect()
}

/// What each codec makes of some bytes: how many, and their CRC.
fn codecs() -> Hashes {
    let mut hashes = Vec::new();
    for name in ["gzip", "snappy", "lz4", "zstd"] {
        let compressor = Compressor::of(Compression::named(name).expect("Kafka's name of a codec"));
        for size in [1, 100, 5_000, 200_000u32] {
            // Words that come again, and noise.
            let mut state = size;
            let bytes: Vec<u8> = (0..size)
                .map(|place| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    if place / 64 % 3 == 0 { (state >> 24) as u8 } else { b"the quick brown fox "[place as usize % 20] }
                })
                .collect();
            let compressed = compressor.compress(&bytes);
            hashes.push(format!("{name} {size} {} {:08x}", compressed.len(), crc32c::crc32c(&compressed)));
        }
    }
    Hashes { run: "codecs".into(), hashes, link: None }
}

fn line(step: u64, hash: u64) -> String {
    format!("{step} {hash:016x}")
}
