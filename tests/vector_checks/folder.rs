//! All vectors of a folder, checked.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{CHECKS, Verdict};

/// What came out for one kind of vectors.
#[derive(Default)]
pub struct Tally {
    pub equal: usize,
    pub different: Vec<String>,
    pub not_yet: Vec<String>,
}

/// What came out for all kinds, in the order of [`CHECKS`].
pub struct Checked {
    pub tallies: Vec<Tally>,
    /// Files that cannot be read, cases that no check knows, kinds without a case.
    pub failures: Vec<String>,
}

pub fn check_folder(folder: &Path) -> Checked {
    let mut tallies: Vec<Tally> = CHECKS.iter().map(|_| Tally::default()).collect();
    let mut failures = Vec::new();
    match read_cases(folder) {
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
        if check.is_built && tally.equal + tally.different.len() == 0 {
            failures.push(format!("{}: no case in {}", check.name, folder.display()));
        }
    }
    Checked { tallies, failures }
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
