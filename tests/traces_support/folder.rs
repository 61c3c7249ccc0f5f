//! The recordings of a folder.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::trace::Trace;

/// All traces of a folder, by name.
///
/// # Errors
/// The folder cannot be read or holds no trace, or a file is no trace: which, and why.
pub fn read_traces(folder: &Path) -> Result<Vec<Trace>, String> {
    let at = |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(|error| at(folder, &error))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    paths.sort();
    if paths.is_empty() {
        return Err(at(folder, &"there is no trace in this folder"));
    }
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).map_err(|error| at(path, &error))?;
        let json: Value = serde_json::from_str(&text).map_err(|error| at(path, &error))?;
        Trace::parse(&json).map_err(|error| at(path, &error))
    };
    paths.iter().map(read).collect()
}
