//! The configuration of a topic as it counts on a broker: the topic's own values, over the cluster's dynamic ones,
//! over server.properties, over Kafka's defaults.

use std::rc::Rc;

use super::replication_quota::Throttles;
use crate::kafka::config::{Properties, TopicConfig};
use crate::kafka::ids::{BrokerId, TopicName};
use crate::kafka::log::LogConfig;
use crate::kafka::metadata::MetadataImage;
use crate::kafka::protocol::admin::ConfigResource;
use crate::kafka::setup::BrokerSetup;

/// What all partitions of a topic share.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TopicSettings {
    pub topic: Rc<TopicConfig>,
    pub log: Rc<LogConfig>,
    /// Its replicas here whose copying is limited.
    pub throttles: Rc<Throttles>,
}

/// Broker properties behind a topic's configuration, in order of preference, each with its unit in the topic's unit
/// (`ServerTopicConfigSynonyms`).
pub(super) fn synonyms(name: &str) -> Vec<(String, i64)> {
    const HOUR_MS: i64 = 3_600_000;
    let one = |synonym: &str| vec![(synonym.to_string(), 1)];
    match name {
        "compression.type" | "min.insync.replicas" | "unclean.leader.election.enable" => one(name),
        "compression.gzip.level" | "compression.lz4.level" | "compression.zstd.level" => one(name),
        "follower.replication.throttled.replicas" | "leader.replication.throttled.replicas" => Vec::new(),
        "remote.log.copy.disable" | "remote.log.delete.on.disable" | "remote.storage.enable" => Vec::new(),
        "segment.jitter.ms" => vec![("log.roll.jitter.ms".into(), 1), ("log.roll.jitter.hours".into(), HOUR_MS)],
        "delete.retention.ms" => one("log.cleaner.delete.retention.ms"),
        "file.delete.delay.ms" => one("log.segment.delete.delay.ms"),
        "flush.messages" => one("log.flush.interval.messages"),
        "flush.ms" => one("log.flush.interval.ms"),
        "index.interval.bytes" => one("log.index.interval.bytes"),
        "max.message.bytes" => one("message.max.bytes"),
        "max.compaction.lag.ms" => one("log.cleaner.max.compaction.lag.ms"),
        "min.compaction.lag.ms" => one("log.cleaner.min.compaction.lag.ms"),
        "min.cleanable.dirty.ratio" => one("log.cleaner.min.cleanable.ratio"),
        "segment.index.bytes" => one("log.index.size.max.bytes"),
        "segment.ms" => vec![("log.roll.ms".into(), 1), ("log.roll.hours".into(), HOUR_MS)],
        "retention.ms" => vec![
            ("log.retention.ms".into(), 1),
            ("log.retention.minutes".into(), 60_000),
            ("log.retention.hours".into(), HOUR_MS),
        ],
        other => vec![(format!("log.{other}"), 1)],
    }
}

/// The topic's configuration behind a broker property, and the value in its unit; None: there is none.
pub fn as_topic_config(property: &str, value: &str) -> Option<(&'static str, String)> {
    TopicConfig::NAMES.iter().find_map(|name| {
        let (_, unit) = synonyms(name).into_iter().find(|(synonym, _)| synonym == property)?;
        Some((*name, from_property(value, unit)))
    })
}

/// A broker property as the value of a topic's configuration.
pub(super) fn from_property(value: &str, unit: i64) -> String {
    match value.trim().parse::<i64>() {
        Ok(number) if unit != 1 && number >= 0 => number.saturating_mul(unit).to_string(),
        _ => value.to_string(),
    }
}

impl TopicSettings {
    /// The settings of `topic` on this broker. A value that cannot be read counts as not set: it was refused where
    /// it was given.
    pub fn of(topic: &TopicName, image: &MetadataImage, setup: &BrokerSetup) -> TopicSettings {
        let mut config = TopicConfig::default();
        for name in TopicConfig::NAMES {
            let synonyms = synonyms(name);
            let dynamic = |id: Option<BrokerId>| {
                let values = image.configs.get(&ConfigResource::Broker(id))?;
                synonyms.iter().find_map(|(synonym, unit)| Some(from_property(values.get(synonym)?, *unit)))
            };
            let fixed = |properties: &Properties| {
                synonyms.iter().find_map(|(synonym, unit)| Some(from_property(properties.get(synonym)?, *unit)))
            };
            let value = image
                .topic_config(topic, name)
                .map(str::to_string)
                .or_else(|| dynamic(Some(setup.id)))
                .or_else(|| dynamic(None))
                .or_else(|| fixed(&setup.properties));
            if let Some(value) = value {
                let _was_refused_before = config.set(name, &value);
            }
        }
        let log = LogConfig::of_topic(&config, setup.config.producer_id_expiration_ms);
        let throttles = Throttles::of(topic, image, setup.id);
        TopicSettings { topic: Rc::new(config), log: Rc::new(log), throttles: Rc::new(throttles) }
    }
}
