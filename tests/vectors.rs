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

use serde_json::Value;
use vector_checks::{CHECKS, Verdict};

/// What came out for one kind of vectors.
#[derive(Default)]
struct Tally {
    equal: usize,
    different: Vec<String>,
    not_yet: Vec<String>,
}

fn main() -> ExitCode {
    let folder = std::env::var_os("KAFKA_VECTORS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors"), PathBuf::from);
    let mut tallies: Vec<Tally> = CHECKS.iter().map(|_| Tally::default()).collect();
    let mut failures = Vec::new();
    match read_cases(&folder) {
        Ok(cases) => {
            for (source, file, case) in &cases {
                match CHECKS.iter().position(|check| (check.knows)(file, case)) {
                    Some(kind) => {
                        let name = format!("{source}: {}", name_of(case));
                        match (CHECKS[kind].check)(file, case) {
                            Ok(Verdict::Equal) => tallies[kind].equal += 1,
                            Ok(Verdict::NotYet(reason)) => tallies[kind].not_yet.push(format!("{name}: {reason}")),
                            Err(difference) => tallies[kind].different.push(format!("{name}: {difference}")),
                        }
                    }
                    None => failures.push(format!("{source}: {}: no check knows this case", name_of(case))),
                }
            }
        }
        Err(error) => failures.push(error),
    }
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
        if check.is_built && tally.equal + tally.different.len() == 0 {
            failures.push(format!("{}: no case in {}", check.name, folder.display()));
        }
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

/// The cases of all files, each with its file's name and the whole file.
fn read_cases(folder: &Path) -> Result<Vec<(String, Value, Value)>, String> {
    let unreadable = |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
        let mut file: Value = serde_json::from_str(&text).map_err(|error| unreadable(&path, &error))?;
        let source = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let cases = match file.get_mut("cases").map(Value::take) {
            Some(Value::Array(cases)) if !cases.is_empty() => cases,
            _ => return Err(unreadable(&path, &"holds no cases")),
        };
        all.extend(cases.into_iter().map(|case| (source.clone(), file.clone(), case)));
    }
    Ok(all)
}

/// What to call a case that has no name.
fn name_of(case: &Value) -> String {
    ["name", "key_hex", "group_id"]
        .iter()
        .find_map(|field| case.get(field).and_then(Value::as_str))
        .unwrap_or("(unnamed)")
        .chars()
        .take(100)
        .collect()
}
