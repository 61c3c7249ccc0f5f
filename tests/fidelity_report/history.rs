//! Failures that Kafka is known for.

use std::fmt::Write;

use glassbroker::sim::history::ALL;

pub fn failures() -> String {
    let mut text = String::from(
        "Each is played in two forms: as it goes wrong, by an old rule of Kafka's or by a setting that asks for it, and as it \
         goes well. What is said of both ends is asserted, and which guarantee notices the wrong one; the right ones no \
         guarantee complains of.\n\n\
         | what happens | how it goes wrong | how it goes well | what notices |\n|---|---|---|---|\n",
    );
    for scenario in ALL {
        let noticed = scenario.noticed_by.unwrap_or("nothing: no promise of Kafka's is broken");
        writeln!(
            text,
            "| **{}**: {} | {} | {} | {noticed} |",
            scenario.name, scenario.story, scenario.old, scenario.present
        )
        .expect("a String takes everything");
    }
    text
}
