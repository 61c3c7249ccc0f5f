//! Promises, guarantees, and the rules that are broken on purpose.

use std::fmt::Write;

use glassbroker::sim::check::properties::{LookedAtBy, PROPERTIES};
use glassbroker::sim::plan::noticed::NOTICED;

/// The table of promises, with who looks after each.
pub fn promises() -> String {
    let mut text = String::from(
        "Random clusters under random faults are played, thousands in each run of the tests; after every event the \
         guarantees below are looked at. Then everything is mended, and the cluster must come to rest: every replica in \
         sync, every send answered, every record read. The properties are those of the published specifications of \
         Kafka's replication and of its documentation; each guarantee is a file in `src/sim/check`.\n\n\
         | no. | promise | guarantee, and its file |\n|---|---|---|\n",
    );
    for property in PROPERTIES {
        let guarantees = match property.looked_at_by {
            LookedAtBy::Guarantees(guarantees) => guarantees
                .iter()
                .map(|(file, name)| {
                    let path = format!("{}/src/sim/check/{file}.rs", env!("CARGO_MANIFEST_DIR"));
                    assert!(std::path::Path::new(&path).exists(), "there is no file {file}.rs");
                    format!("{name} (`{file}`)")
                })
                .collect::<Vec<_>>()
                .join("; "),
            LookedAtBy::Later(what) => format!("not yet: {what}"),
        };
        writeln!(text, "| P{} | {} | {guarantees} |", property.number, property.sentence)
            .expect("a String takes everything");
    }
    text
}

/// The table of broken rules.
pub fn broken_rules() -> String {
    let mut text = String::from(
        "To know that a guarantee would notice, rules of Kafka are broken on purpose, one at a time, and random schedules \
         played. The guarantee named here is the first that fails in one of them.\n\n\
         | what is done instead | what notices |\n|---|---|\n",
    );
    for (rule, by) in NOTICED {
        writeln!(text, "| {} | {by} |", rule.sentence()).expect("a String takes everything");
    }
    text
}
