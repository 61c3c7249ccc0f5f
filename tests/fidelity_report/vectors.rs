//! Vectors: what Kafka's own classes computed.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::vector_checks::CHECKS;
use crate::vector_checks::folder::Checked;

pub fn in_short(checked: &Checked) -> String {
    assert!(checked.failures.is_empty(), "{:?}", checked.failures);
    let mut text = String::from(
        "## Bytes and arithmetic\n\nComputed by the classes of Kafka 4.3, and again here.\n\n\
         | what | equal | different | not yet | for want of |\n|---|---:|---:|---:|---|\n",
    );
    for (check, tally) in CHECKS.iter().zip(&checked.tallies) {
        let reasons: BTreeSet<&str> =
            tally.not_yet.iter().filter_map(|case| case.rsplit_once(": ").map(|(_, reason)| reason)).collect();
        let reasons: Vec<&str> = reasons.into_iter().collect();
        let different =
            if tally.different.is_empty() { "0".into() } else { format!("{} DIFFERENT", tally.different.len()) };
        writeln!(
            text,
            "| {} | {} | {different} | {} | {} |",
            check.name,
            tally.equal,
            tally.not_yet.len(),
            reasons.join("; ")
        )
        .expect("a String takes everything");
    }
    text
}
