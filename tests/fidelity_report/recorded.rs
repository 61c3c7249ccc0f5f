//! Recorded scenarios: how many of each family are equal, and each by its name.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use crate::traces_support::folder::read_traces;
use crate::traces_support::play::{Verdict, play};

/// One recording and what came out.
pub struct Played {
    name: String,
    family: String,
    steps: usize,
    verdict: Verdict,
}

/// Families in the order in which a reader meets them, and what they are about.
const FAMILIES: &[(&str, &str)] = &[
    ("journey", "whole journeys of a record"),
    ("producer", "producers"),
    ("log", "the log: segments, retention, compaction, bytes"),
    ("replication", "replicas, leaders, the high watermark"),
    ("kraft", "controllers and metadata"),
    ("consumer", "consumers and their offsets"),
    ("random", "random runs of writes, reads, faults and administration"),
    ("groups", "groups: rebalancing, the newer protocols, share groups"),
    ("transactions", "transactions"),
    ("tools", "command-line tools"),
];

pub fn play_folder(folder: &Path) -> Vec<Played> {
    let traces = read_traces(folder).unwrap_or_else(|error| panic!("{error}"));
    traces
        .iter()
        .map(|trace| Played {
            name: trace.name.clone(),
            family: trace.family.clone(),
            steps: trace.steps.len(),
            verdict: play(trace, false),
        })
        .collect()
}

pub fn in_short(traces: &[Played], rules: &[Played], programs: &[Played]) -> String {
    let mut text = String::from(
        "## Recorded scenarios\n\n| family | what it is about | equal | different | not yet |\n|---|---|---:|---:|---:|\n",
    );
    let mut row = |family: &str, about: &str, played: &[&Played]| {
        let count = |is: fn(&Verdict) -> bool| played.iter().filter(|played| is(&played.verdict)).count();
        let equal = count(|verdict| matches!(verdict, Verdict::Equal));
        let different = count(|verdict| matches!(verdict, Verdict::Different(_)));
        let not_yet = count(|verdict| matches!(verdict, Verdict::NotYet(_)));
        writeln!(text, "| {family} | {about} | {equal} | {different} | {not_yet} |")
            .expect("a String takes everything");
    };
    for (family, about) in FAMILIES {
        row(family, about, &traces.iter().filter(|played| played.family == *family).collect::<Vec<_>>());
    }
    row("**all**", "", &traces.iter().collect::<Vec<_>>());
    row("single rules", "one rule or setting at a time, and random runs of one log", &rules.iter().collect::<Vec<_>>());
    row("random programs", "more of the family *random*, from other seeds", &programs.iter().collect::<Vec<_>>());
    let unknown: Vec<&str> = traces
        .iter()
        .map(|played| played.family.as_str())
        .filter(|family| FAMILIES.iter().all(|(known, _)| known != family))
        .collect();
    assert!(unknown.is_empty(), "families without a place in the document: {unknown:?}");
    let steps: usize = traces.iter().chain(rules).chain(programs).map(|played| played.steps).sum();
    writeln!(
        text,
        "\nTogether they have {steps} steps. What is *not yet* equal uses what is not built yet; no recording is treated \
         differently for its name."
    )
    .expect("a String takes everything");
    text
}

pub fn one_by_one(traces: &[Played]) -> String {
    let mut families: BTreeMap<&str, Vec<&Played>> = BTreeMap::new();
    for played in traces {
        families.entry(&played.family).or_default().push(played);
    }
    let mut text = String::new();
    let mut line = |words: String| writeln!(text, "{words}").expect("a String takes everything");
    for (family, about) in FAMILIES {
        let Some(played) = families.get(family) else { continue };
        line(format!("### {family}: {about}\n\n| scenario | steps | result |\n|---|---:|---|"));
        for Played { name, steps, verdict, .. } in played {
            let result = match verdict {
                Verdict::Equal => "equal".to_string(),
                Verdict::Different(differences) => {
                    format!("DIFFERENT: {}", differences.first().map_or_else(String::new, ToString::to_string))
                }
                Verdict::NotYet(reason) => format!("not yet: {reason}"),
            };
            line(format!("| {} | {steps} | {} |", name.replace('-', " "), result.replace('|', "\\|")));
        }
        line(String::new());
    }
    text
}
