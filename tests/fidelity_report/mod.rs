//! The text of `docs/fidelity.md`.

mod history;
mod properties;
mod recorded;
mod vectors;

use std::fmt::Write;
use std::path::Path;

/// Written by hand: what the simulator leaves out on purpose, and why.
const SIMPLIFIED: &str = include_str!("simplified.md");

/// The whole document. `tests` holds `traces`, `single_rules`, `random_programs` and `vectors`.
pub fn report(tests: &Path) -> String {
    let traces = recorded::play_folder(&tests.join("traces"));
    let rules = recorded::play_folder(&tests.join("single_rules"));
    let programs = recorded::play_folder(&tests.join("random_programs"));
    let vectors = vector_checks(&tests.join("vectors"));
    let mut text = String::new();
    let mut line = |words: &str| writeln!(text, "{words}").expect("a String takes everything");
    line("# How faithful is it?\n");
    line(
        "Glassbroker simulates Apache Kafka. It was compared with the real one: a cluster of **Apache Kafka 4.3.1** played \
         scenarios and its answers were recorded; Kafka's own 4.3 classes computed bytes and assignments. This page is made \
         by the tests that compare (`FIDELITY=write cargo test --no-default-features --test fidelity`), and they fail when \
         it says anything else.\n",
    );
    line(&recorded::in_short(&traces, &rules, &programs));
    line(&vectors::in_short(&vectors));
    line("## What must always hold\n");
    line(&properties::promises());
    line("### The guarantees bite\n");
    line(&properties::broken_rules());
    line("## Failures that Kafka is known for\n");
    line(&history::failures());
    line(SIMPLIFIED.trim_end());
    line("\n## Recorded scenarios, one by one\n");
    line(
        "Each is a cluster, a list of steps, and what the real cluster answered to each step. *Equal*: the simulator gives \
         every answer of the recording.\n",
    );
    line(recorded::one_by_one(&traces).trim_end());
    text
}

fn vector_checks(folder: &Path) -> super::vector_checks::folder::Checked {
    super::vector_checks::folder::check_folder(folder)
}
