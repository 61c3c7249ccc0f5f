//! Sentences with `{fields}`, and commands with `$parameters`.

use serde_json::Value;

use crate::kafka::sorted::SortedMap;

/// Puts fields into a sentence. A field that is not there is left as it stands, so that a test can find it.
pub fn fill(template: &str, fields: &SortedMap<&'static str, String>) -> String {
    let mut filled = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        match after.split_once('}') {
            Some((name, tail)) => {
                match fields.get(name) {
                    Some(value) => filled.push_str(value),
                    None => {
                        filled.push('{');
                        filled.push_str(name);
                        filled.push('}');
                    }
                }
                rest = tail;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// Replaces texts of the form `$name` by values, everywhere in a JSON value.
///
/// # Errors
/// A name that stands for nothing.
pub fn substitute(template: &Value, values: &SortedMap<&'static str, Value>) -> Result<Value, String> {
    match template {
        Value::String(text) => match text.strip_prefix('$') {
            Some(name) => values.get(name).cloned().ok_or_else(|| format!("${name} stands for nothing here")),
            None => Ok(template.clone()),
        },
        Value::Array(items) => {
            items.iter().map(|item| substitute(item, values)).collect::<Result<_, _>>().map(Value::Array)
        }
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| substitute(value, values).map(|value| (name.clone(), value)))
            .collect::<Result<_, _>>()
            .map(Value::Object),
        _ => Ok(template.clone()),
    }
}
