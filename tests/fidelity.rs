//! `docs/fidelity.md`: what was compared with a real Kafka, what is equal, what is not there yet, what is simplified.
//!
//! The document is made from a run of all vectors, all recorded traces, single rules and random programs, and of the tables of
//! properties, guarantees and broken rules. This test makes it anew and fails if the file says anything else, so that it
//! cannot promise what is not so. `FIDELITY=write cargo test --no-default-features --test fidelity` writes it.

mod fidelity_report;
mod traces_support;
mod vector_checks;

use std::path::Path;

use fidelity_report::report;

#[test]
fn the_document_says_what_the_run_has_shown() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("docs/fidelity.md");
    let made = report(&root.join("tests"));
    if std::env::var("FIDELITY").is_ok_and(|value| value == "write") {
        std::fs::write(&path, &made).expect("docs/fidelity.md can be written");
    }
    let kept = std::fs::read_to_string(&path).expect("docs/fidelity.md can be read");
    let differs = kept.lines().zip(made.lines()).find(|(kept, made)| kept != made);
    assert_eq!(differs, None, "docs/fidelity.md is out of date: FIDELITY=write");
    assert_eq!(kept.lines().count(), made.lines().count(), "docs/fidelity.md is out of date: FIDELITY=write");
    assert!(!made.contains("DIFFERENT"), "something differs from the real Kafka");
}
