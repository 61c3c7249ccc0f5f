//! What cannot be the same when the dice fall another way.
//!
//! Which broker gives a producer its id is drawn, and with the id changes the place of the producer in a broker's hash
//! map. So producers whose ids Kafka chose are compared as a set; where all ids are given, their order counts, too.

use serde_json::Value;

/// Puts producers that were found into the order of the recorded ones.
pub fn level(expected: &Value, found: &mut Value) {
    let (Some(Value::Array(left)), Some(Value::Array(right))) = (expected.get("producers"), found.get_mut("producers"))
    else {
        return;
    };
    if left.iter().any(is_chosen_by_kafka) {
        let id = |producer: &Value| producer.get("producer_id").cloned();
        let place = |producer: &Value| left.iter().position(|expected| id(expected) == id(producer));
        right.sort_by_key(|producer| place(producer).unwrap_or(usize::MAX));
    }
}

/// Such an id has a name instead of a number.
fn is_chosen_by_kafka(producer: &Value) -> bool {
    producer.get("producer_id").is_some_and(Value::is_string)
}
