//! Configuration: every setting that the model obeys has Kafka's name, default, range and one sentence of help, in
//! one table for each kind of process.

use crate::kafka::sorted::SortedMap;

mod broker;
mod consumer;
mod other_topic;
mod producer;
mod table;
mod topic;

pub use broker::BrokerConfig;
pub use consumer::{AutoOffsetReset, ConsumerConfig};
pub use other_topic::OtherTopicConfig;
pub use producer::ProducerConfig;
pub use table::{ConfigEntry, ConfigError, ConfigValue};
pub use topic::TopicConfig;

/// Settings as text, by Kafka's names.
pub type Properties = SortedMap<String, String>;
