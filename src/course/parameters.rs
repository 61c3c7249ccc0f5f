//! What a learner may change in an example before running it again.

use serde::{Deserialize, Serialize};

use crate::kafka::hash::murmur2;
use crate::kafka::sorted::SortedMap;

/// Where the record shall go.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum PartitionWish {
    /// Neither key nor number: the producer chooses.
    #[default]
    Automatic,
    /// By the key.
    Key(String),
    Number(i32),
}

/// The learner's choices for one run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// The record's value.
    pub value: String,
    pub wish: PartitionWish,
    /// `0`, `1` or `all`.
    pub acks: String,
    pub replication_factor: i16,
    pub partitions: i32,
}

/// Longest value and key; a lesson's record is a line of text.
const MAX_VALUE_BYTES: usize = 2_000;
const MAX_KEY_BYTES: usize = 200;
/// What the picture can still show.
const MAX_PARTITIONS: i32 = 6;

/// A choice that makes no sense: which field, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterError {
    pub field: &'static str,
    pub message: String,
}

impl Parameters {
    /// Checks the choices against a cluster of so many brokers.
    ///
    /// # Errors
    /// Each field that is wrong.
    pub fn check(&self, brokers: usize) -> Result<(), Vec<ParameterError>> {
        let mut errors = Vec::new();
        let mut complain = |field, message: String| errors.push(ParameterError { field, message });
        if self.value.len() > MAX_VALUE_BYTES {
            complain("value", format!("The message has {} bytes; at most {MAX_VALUE_BYTES} here.", self.value.len()));
        }
        if let PartitionWish::Key(key) = &self.wish
            && key.len() > MAX_KEY_BYTES
        {
            complain("wish", format!("The key has {} bytes; at most {MAX_KEY_BYTES} here.", key.len()));
        }
        if let PartitionWish::Number(number) = self.wish
            && !(0..self.partitions).contains(&number)
        {
            let last = self.partitions - 1;
            complain("wish", format!("There is no partition {number}: they are numbered 0 to {last}."));
        }
        if !["0", "1", "all"].contains(&self.acks.as_str()) {
            complain("acks", format!("acks is 0, 1 or all, not {}.", self.acks));
        }
        if !(1..=brokers as i16).contains(&self.replication_factor) {
            complain(
                "replication_factor",
                format!("{} replicas need as many brokers, and there are {brokers}.", self.replication_factor),
            );
        }
        if !(1..=MAX_PARTITIONS).contains(&self.partitions) {
            complain("partitions", format!("Between 1 and {MAX_PARTITIONS} partitions here."));
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    pub fn key(&self) -> Option<&str> {
        match &self.wish {
            PartitionWish::Key(key) => Some(key),
            _ => None,
        }
    }

    pub fn number(&self) -> Option<i32> {
        match self.wish {
            PartitionWish::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The arithmetic behind the key's partition; None: there is no key.
    pub fn key_arithmetic(&self) -> Option<murmur2::KeyPartition> {
        let key = self.key().filter(|_| self.partitions > 0)?;
        Some(murmur2::explain_partition_for_key(key.as_bytes(), self.partitions))
    }

    /// The same with some fields changed, by name.
    ///
    /// # Errors
    /// A name or value that does not fit, in words.
    pub fn with(&self, changes: &SortedMap<String, serde_json::Value>) -> Result<Parameters, String> {
        let mut value = serde_json::to_value(self).map_err(|error| error.to_string())?;
        for (name, change) in changes {
            let field = value.get_mut(name).ok_or_else(|| format!("there is no parameter named {name}"))?;
            field.clone_from(change);
        }
        serde_json::from_value(value).map_err(|error| error.to_string())
    }
}
