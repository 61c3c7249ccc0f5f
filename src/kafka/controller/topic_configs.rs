//! What may be set on a topic (`LogConfig.validate`, `ThrottledReplicaListValidator`).

use super::configuration_control::{LIST_CONFIGS, invalid};
use super::topic_control::ApiError;
use crate::kafka::config::{OtherTopicConfig, TopicConfig};

/// Which replicas of a topic are throttled (KIP-73).
const THROTTLED_REPLICAS: &[&str] =
    &["follower.replication.throttled.replicas", "leader.replication.throttled.replicas"];

/// The values that a setting knows; None: any that the table takes.
fn known_values(name: &str) -> Option<&'static [&'static str]> {
    match name {
        "cleanup.policy" => Some(&["compact", "delete"]),
        "compression.type" => Some(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]),
        "message.timestamp.type" => Some(&["CreateTime", "LogAppendTime"]),
        _ => None,
    }
}

/// Checks a value.
///
/// # Errors
/// `INVALID_CONFIG`: there is no such setting, or the value cannot be read or lies outside Kafka's range.
pub fn validate(name: &str, value: &str) -> Result<(), ApiError> {
    let refuse = |why: &str| Err(invalid(format!("Invalid value {value} for configuration {name}: {why}")));
    if THROTTLED_REPLICAS.contains(&name) {
        return if is_replica_list(value) { Ok(()) } else { refuse("* or partition:broker, …") };
    }
    // Of the internal settings this one can be given: tests of Kafka have small segments by it.
    if name == "internal.segment.bytes" {
        return match value.trim().parse::<i32>() {
            Ok(1..) => Ok(()),
            _ => refuse("a number from 1"),
        };
    }
    let is_known = TopicConfig::default().set(name, value).and_then(|is_known| match is_known {
        true => Ok(true),
        false => OtherTopicConfig::default().set(name, value),
    });
    match is_known {
        Ok(true) => {}
        Ok(false) => return Err(invalid(format!("Unknown topic config name: {name}"))),
        Err(error) => return Err(invalid(error.to_string())),
    }
    if let Some(known) = known_values(name) {
        let mut parts = if LIST_CONFIGS.contains(&name) { value.split(',').collect() } else { vec![value] };
        parts.retain(|part| !(part.is_empty() && name == "cleanup.policy"));
        if let Some(part) = parts.iter().find(|part| !known.contains(&part.trim())) {
            return refuse(&format!("{part} is not one of {}", known.join(", ")));
        }
    }
    match name {
        "remote.storage.enable" if !value.trim().eq_ignore_ascii_case("false") => {
            refuse("tiered storage is not enabled in this cluster")
        }
        "compression.gzip.level" if value.trim() == "0" => refuse("-1, or from 1 to 9"),
        "min.cleanable.dirty.ratio" if !is_ratio(value) => refuse("between 0 and 1"),
        _ => Ok(()),
    }
}

/// `*`, or a list of `partition:broker` (`ThrottledReplicaListValidator`).
fn is_replica_list(value: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_replica = |entry: &str| {
        entry.trim().split_once(':').is_some_and(|(partition, broker)| is_number(partition) && is_number(broker))
    };
    value.trim().is_empty() || value.trim() == "*" || value.split(',').all(is_replica)
}

/// A decimal number from 0 to 1, read without floats.
fn is_ratio(value: &str) -> bool {
    let (whole, fraction) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    let has_digits = !(whole.is_empty() && fraction.is_empty());
    let only_digits = whole.chars().chain(fraction.chars()).all(|c| c.is_ascii_digit());
    let is_zero = |digits: &str| digits.chars().all(|c| c == '0');
    let whole = whole.trim_start_matches('0');
    has_digits && only_digits && (whole.is_empty() || (whole == "1" && is_zero(fraction)))
}
