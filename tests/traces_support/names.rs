//! Names for what is different in every play: saved values, producer ids, member ids, topic ids, broker epochs, and
//! the time of the play (`$now`).

use std::collections::{BTreeMap, BTreeSet};

use glassbroker::kafka::ids::{BrokerEpoch, BrokerId, TopicId, TopicName};
use serde_json::{Map, Value, json};

use super::answer::Failure;
use super::messages::uuid_text;

/// A time so near to the play counts as within it.
const CLOCK_SLACK_MS: i64 = 10_000;

/// Shorter texts are only replaced where they stand alone.
const LONG_ENOUGH_TO_BE_UNIQUE: usize = 12;

#[derive(Default)]
pub struct Names {
    values: BTreeMap<String, Value>,
    /// Text to name, in the order in which they were given.
    names_of_texts: Vec<(String, String)>,
    /// By kind of field and number: producer id 7 is not offset 7.
    names_of_numbers: BTreeMap<(String, i64), String>,
    /// Chosen by the scenario, so that they need no names.
    literal_producer_ids: BTreeSet<i64>,
    literal_member_ids: BTreeSet<String>,
    producer_ids: u32,
    member_ids: u32,
}

impl Names {
    fn put(&mut self, name: &str, value: &Value, field: &str) {
        self.values.insert(name.into(), value.clone());
        if let Some(text) = value.as_str() {
            self.names_of_texts.retain(|(known, _)| known != text);
            self.names_of_texts.push((text.into(), format!("${name}")));
        } else if let Some(number) = value.as_i64() {
            self.names_of_numbers.insert((kind(field), number), format!("${name}"));
        }
    }

    fn name_of_text(&self, text: &str) -> Option<&String> {
        self.names_of_texts.iter().find(|(known, _)| known == text).map(|(_, name)| name)
    }

    fn free_name(&self, base: String) -> String {
        let again = (2..).map(|times| format!("{base}#{times}"));
        std::iter::once(base.clone()).chain(again).find(|name| !self.values.contains_key(name)).unwrap_or(base)
    }

    /// Later topics of the same name are called name#2 and so on.
    pub fn topic_id(&mut self, topic: &TopicName, id: TopicId) {
        let text = uuid_text(id.0);
        if self.name_of_text(&text).is_none() {
            let name = self.free_name(format!("topic_id:{topic}"));
            self.put(&name, &json!(text), "topicId");
        }
    }

    /// Epochs of a broker's later registrations are called broker#2 and so on.
    pub fn broker_epoch(&mut self, broker: BrokerId, epoch: BrokerEpoch) {
        if !self.names_of_numbers.contains_key(&("brokerepoch".into(), epoch.0)) {
            let name = self.free_name(format!("broker_epoch:{broker}"));
            self.put(&name, &json!(epoch.0), "brokerEpoch");
        }
    }

    /// `"save": {"pid": "/producerId"}`: remembers parts of an answer.
    pub fn save(&mut self, wanted: &Value, answer: &Value) -> Result<(), Failure> {
        for (name, pointer) in wanted.as_object().into_iter().flatten() {
            let pointer = pointer.as_str().unwrap_or_default();
            let value = answer
                .pointer(pointer)
                .ok_or_else(|| Failure::scenario(format!("nothing to save at {pointer} in {answer}")))?;
            self.put(name, value, pointer.rsplit('/').next().unwrap_or_default());
        }
        Ok(())
    }

    /// Whether the scenario itself chose this producer id.
    pub fn is_literal_producer_id(&self, id: i64) -> bool {
        self.literal_producer_ids.contains(&id)
    }

    /// Puts values in the place of names; `$$` stands for a real dollar sign at the beginning.
    pub fn resolve(&mut self, json: &Value) -> Result<Value, Failure> {
        match json {
            Value::Object(fields) => {
                let mut resolved = Map::new();
                for (name, value) in fields {
                    match (kind(name).as_str(), value) {
                        ("producerid", Value::Number(id)) => self.literal_producer_ids.extend(id.as_i64()),
                        ("memberid", Value::String(id)) if !id.starts_with('$') => {
                            self.literal_member_ids.insert(id.clone());
                        }
                        _ => {}
                    }
                    resolved.insert(name.clone(), self.resolve(value)?);
                }
                Ok(Value::Object(resolved))
            }
            Value::Array(elements) => {
                Ok(Value::Array(elements.iter().map(|element| self.resolve(element)).collect::<Result<_, _>>()?))
            }
            Value::String(text) => match text.strip_prefix('$') {
                Some(rest) if rest.starts_with('$') => Ok(json!(rest)),
                Some(name) => self
                    .values
                    .get(name)
                    .cloned()
                    .ok_or_else(|| Failure::scenario(format!("nothing was saved as {text}"))),
                None => Ok(json.clone()),
            },
            other => Ok(other.clone()),
        }
    }

    /// The answer with names in the place of what they stand for. `play_ms`: epoch milliseconds of the play's
    /// beginning and of now.
    pub fn mask(&mut self, answer: &Value, play_ms: (i64, i64)) -> Value {
        self.name_ids(answer);
        self.masked("", answer, play_ms)
    }

    /// Producer ids and member ids are named in the order in which they turn up, topic ids by their topic.
    fn name_ids(&mut self, json: &Value) {
        match json {
            Value::Object(fields) => {
                for (field, value) in fields {
                    match (kind(field).as_str(), value) {
                        ("producerid", Value::Number(number)) => {
                            let id = number.as_i64().unwrap_or(-1);
                            let known = self.names_of_numbers.contains_key(&("producerid".into(), id));
                            if id >= 0 && !known && !self.literal_producer_ids.contains(&id) {
                                self.producer_ids += 1;
                                self.put(&format!("pid:{}", self.producer_ids), value, field);
                            }
                        }
                        ("memberid", Value::String(id)) => {
                            let known = self.name_of_text(id).is_some() || self.literal_member_ids.contains(id);
                            if !id.is_empty() && !known {
                                self.member_ids += 1;
                                self.put(&format!("member:{}", self.member_ids), value, field);
                            }
                        }
                        _ => self.name_ids(value),
                    }
                }
            }
            Value::Array(elements) => elements.iter().for_each(|element| self.name_ids(element)),
            _ => {}
        }
    }

    fn masked(&self, field: &str, json: &Value, play_ms: (i64, i64)) -> Value {
        match json {
            Value::Object(fields) => {
                let masked = fields
                    .iter()
                    .map(|(name, value)| (self.masked_text(name), self.masked(name, value, play_ms)))
                    .collect();
                Value::Object(masked)
            }
            Value::Array(elements) => {
                Value::Array(elements.iter().map(|element| self.masked(field, element, play_ms)).collect())
            }
            Value::String(text) => json!(self.masked_text(text)),
            Value::Number(number) => {
                let number = number.as_i64().unwrap_or_default();
                let kind = kind(field);
                let is_time = kind.contains("timestamp") || kind.ends_with("timems");
                let during = play_ms.0 - CLOCK_SLACK_MS..=play_ms.1 + CLOCK_SLACK_MS;
                match self.names_of_numbers.get(&(kind, number)) {
                    Some(name) => json!(name),
                    None if is_time && during.contains(&number) => json!("$now"),
                    None => json.clone(),
                }
            }
            other => other.clone(),
        }
    }

    fn masked_text(&self, text: &str) -> String {
        if let Some(name) = self.name_of_text(text) {
            return name.clone();
        }
        let long = self.names_of_texts.iter().filter(|(known, _)| known.len() >= LONG_ENOUGH_TO_BE_UNIQUE);
        long.fold(text.to_string(), |text, (known, name)| text.replace(known.as_str(), name))
    }
}

/// `producerId` and `producer_id` are the same kind of field.
fn kind(field: &str) -> String {
    field.replace('_', "").to_ascii_lowercase()
}
