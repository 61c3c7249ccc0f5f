//! Which names a topic may have (`org.apache.kafka.common.internals.Topic`).

/// Longest name, so that directory names with partition number and suffix fit a file system.
const MAX_NAME_LENGTH: usize = 249;

/// Checks a name.
///
/// # Errors
/// What is wrong with it, for INVALID_TOPIC_EXCEPTION.
pub fn validate_topic_name(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("The topic name is empty".into());
    }
    if name == "." || name == ".." {
        return Err(format!("The topic name cannot be '{name}'"));
    }
    if name.len() > MAX_NAME_LENGTH {
        return Err(format!(
            "The topic name has {} characters; no more than {MAX_NAME_LENGTH} are allowed",
            name.len()
        ));
    }
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    match name.chars().find(|c| !is_allowed(*c)) {
        Some(c) => Err(format!(
            "The topic name '{name}' holds the character '{c}'; only ASCII letters, digits, '.', '_' and '-' are allowed"
        )),
        None => Ok(()),
    }
}

/// Whether two different names are one to metrics, which know no dots.
pub fn collides(name: &str, other: &str) -> bool {
    name != other && name.replace('.', "_") == other.replace('.', "_")
}
