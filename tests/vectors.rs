//! Kafka's pure formats and rules, checked against vectors that Kafka itself computed.
//!
//! Reads all `*.json` of the folder `KAFKA_VECTORS`, by default `tests/vectors`. What a case is, its fields say; so
//! other files of the same shape can be put there. A case that needs what is not built is counted and named as
//! "not yet". A kind of vectors without any case is a failure, and so is a case that no check knows.
//!
//! `cargo test --no-default-features --test vectors`

mod vector_checks;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use vector_checks::CHECKS;
use vector_checks::folder::{Checked, Tally, check_folder};

fn main() -> ExitCode {
    let folder = std::env::var_os("KAFKA_VECTORS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors"), PathBuf::from);
    let Checked { tallies, failures } = check_folder(&folder);
    for (check, tally) in CHECKS.iter().zip(&tallies) {
        println!(
            "{:28} {:4} equal, {} different, {} not yet",
            check.name,
            tally.equal,
            tally.different.len(),
            tally.not_yet.len()
        );
        tally.not_yet.iter().for_each(|case| println!("    not yet    {case}"));
        tally.different.iter().for_each(|case| println!("    DIFFERENT  {case}"));
    }
    failures.iter().for_each(|failure| println!("FAILED  {failure}"));
    let count = |part: fn(&Tally) -> usize| tallies.iter().map(part).sum::<usize>();
    let different = count(|tally| tally.different.len());
    println!(
        "vectors: {} equal, {different} different, {} not yet",
        count(|tally| tally.equal),
        count(|tally| tally.not_yet.len())
    );
    if failures.is_empty() && different == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
