//! Comparing answers.

use serde_json::Value;

/// All differences, each with its JSON path.
pub fn differences(expected: &Value, found: &Value) -> Vec<String> {
    let mut list = Vec::new();
    compare("", Some(expected), Some(found), &mut list);
    list
}

fn compare(path: &str, expected: Option<&Value>, found: Option<&Value>, list: &mut Vec<String>) {
    match (expected, found) {
        (Some(Value::Object(left)), Some(Value::Object(right))) => {
            let more = right.keys().filter(|name| !left.contains_key(*name));
            for name in left.keys().chain(more) {
                compare(&format!("{path}/{name}"), left.get(name), right.get(name), list);
            }
        }
        (Some(Value::Array(left)), Some(Value::Array(right))) if left.len() == right.len() => {
            for (index, (left, right)) in left.iter().zip(right).enumerate() {
                compare(&format!("{path}/{index}"), Some(left), Some(right), list);
            }
        }
        (expected, found) if expected != found => {
            let text = |value: Option<&Value>| value.map_or_else(|| "nothing".to_string(), Value::to_string);
            list.push(format!("{path}: expected {}, found {}", text(expected), text(found)));
        }
        _ => {}
    }
}

/// Takes out what cannot be the same in every play. `*` in a path stands for every element or field. False: the path
/// is the whole answer.
pub fn remove(answer: &mut Value, pointer: &str) -> bool {
    if pointer.is_empty() {
        return false;
    }
    let path: Vec<&str> = pointer.trim_start_matches('/').split('/').collect();
    remove_at(answer, &path);
    true
}

fn remove_at(value: &mut Value, path: &[&str]) {
    let [name, rest @ ..] = path else { return };
    if !rest.is_empty() {
        for_each(value, name, |child| remove_at(child, rest));
        return;
    }
    match value {
        Value::Object(fields) if *name == "*" => fields.clear(),
        Value::Object(fields) => drop(fields.remove(*name)),
        Value::Array(elements) if *name == "*" => elements.clear(),
        Value::Array(elements) => {
            if let Some(index) = name.parse().ok().filter(|index| *index < elements.len()) {
                elements.remove(index);
            }
        }
        _ => {}
    }
}

/// Puts the lists at the pointer in the order of their elements' JSON text.
pub fn sort(answer: &mut Value, pointer: &str) {
    let path: Vec<&str> = pointer.split('/').skip(1).collect();
    sort_at(answer, &path);
}

fn sort_at(value: &mut Value, path: &[&str]) {
    match path {
        [] => {
            if let Value::Array(elements) = value {
                elements.sort_by_cached_key(Value::to_string);
            }
        }
        [name, rest @ ..] => for_each(value, name, |child| sort_at(child, rest)),
    }
}

fn for_each(value: &mut Value, name: &str, mut apply: impl FnMut(&mut Value)) {
    match value {
        Value::Object(fields) if name == "*" => fields.values_mut().for_each(apply),
        Value::Array(elements) if name == "*" => elements.iter_mut().for_each(apply),
        Value::Object(fields) => {
            if let Some(child) = fields.get_mut(name) {
                apply(child);
            }
        }
        Value::Array(elements) => {
            if let Some(child) = name.parse::<usize>().ok().and_then(|index| elements.get_mut(index)) {
                apply(child);
            }
        }
        _ => {}
    }
}
