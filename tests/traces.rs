//! Recorded traces of a real Kafka 4.3.1 cluster, played in the simulator.
//!
//! Reads all `*.json` of the folder `KAFKA_TRACES`, by default `tests/traces`. A trace is a cluster, a list of steps,
//! and what the real cluster answered to each; the same steps are carried out here, and the answers compared. A trace
//! that uses what is not built is counted as "not yet" and named with the reason; what it is called plays no part.
//!
//! `cargo test --no-default-features --test traces [-- [PART_OF_A_NAME] [--verbose]]`; `--verbose` prints every step
//! with its answer.

mod traces_support;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use traces_support::folder::read_traces;
use traces_support::play::{Verdict, play};

fn main() -> ExitCode {
    let folder = std::env::var_os("KAFKA_TRACES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traces"), PathBuf::from);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let verbose = arguments.iter().any(|argument| argument == "--verbose");
    let filter = arguments.iter().find(|argument| !argument.starts_with("--")).cloned().unwrap_or_default();

    let traces = match read_traces(&folder) {
        Ok(traces) => traces,
        Err(failure) => {
            println!("{failure}");
            println!("traces: 0 equal, 0 different, 0 not yet");
            println!("0 passed, 1 failed");
            return ExitCode::FAILURE;
        }
    };
    let (mut equal, mut different, mut not_yet) = (0, Vec::new(), Vec::new());
    for trace in traces.iter().filter(|trace| trace.name.contains(&filter)) {
        match play(trace, verbose) {
            Verdict::Equal => {
                equal += 1;
                println!("equal      {} ({})", trace.name, trace.family);
            }
            Verdict::Different(differences) => {
                println!("DIFFERENT  {} ({})", trace.name, trace.family);
                let shown = if verbose { differences.len() } else { 3 };
                for difference in differences.iter().take(shown) {
                    println!("           {difference}");
                }
                different.push(&trace.name);
            }
            Verdict::NotYet(reason) => not_yet.push((&trace.name, &trace.family, reason)),
        }
    }
    for (name, family, reason) in &not_yet {
        println!("not yet    {name} ({family}): {reason}");
    }
    println!("traces: {equal} equal, {} different, {} not yet", different.len(), not_yet.len());
    println!("{equal} passed, {} failed", different.len());
    if different.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
