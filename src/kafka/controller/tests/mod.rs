//! Controllers that talk to each other, and to brokers played by the test.

mod administration;
mod broker_life;
mod elections;
mod features;
mod harness;
mod isr_changes;
mod quorum;
mod reassignment;

use harness::Harness;

/// The steps of a recording.
fn trace(name: &str) -> Vec<serde_json::Value> {
    let path = format!("{}/tests/traces/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let trace: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
    trace["steps"].as_array().expect("steps").clone()
}
