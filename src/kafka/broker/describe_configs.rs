//! What is answered to those who ask for settings: each with its value as it was understood, and the place it comes from
//! (`ConfigHelper`, `DynamicBrokerConfig`).

use std::rc::Rc;

use super::topic_settings::{from_property, synonyms};
use crate::kafka::config::{BrokerConfig, ConfigEntry, OtherTopicConfig, Properties, TopicConfig};
use crate::kafka::ids::{BrokerId, TopicName};
use crate::kafka::metadata::MetadataImage;
use crate::kafka::protocol::admin::ConfigResource;
use crate::kafka::setup::BrokerSetup;
use crate::kafka::sorted::SortedMap;

/// Where a setting has its value from (`DescribeConfigsResponse.ConfigSource`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigSource {
    DynamicTopic,
    DynamicBroker,
    DynamicDefaultBroker,
    StaticBroker,
    Default,
}

impl ConfigSource {
    pub const fn name(self) -> &'static str {
        match self {
            ConfigSource::DynamicTopic => "DYNAMIC_TOPIC_CONFIG",
            ConfigSource::DynamicBroker => "DYNAMIC_BROKER_CONFIG",
            ConfigSource::DynamicDefaultBroker => "DYNAMIC_DEFAULT_BROKER_CONFIG",
            ConfigSource::StaticBroker => "STATIC_BROKER_CONFIG",
            ConfigSource::Default => "DEFAULT_CONFIG",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedConfig {
    /// None: null.
    pub value: Option<String>,
    pub source: ConfigSource,
}

/// Properties of a broker that have no value by themselves: another one has, in a larger unit, or there is none.
const UNSET: &[&str] = &[
    "log.flush.interval.ms",
    "log.retention.minutes",
    "log.retention.ms",
    "log.roll.jitter.ms",
    "log.roll.ms",
    "replica.selector.class",
];

/// Settings whose values are lists.
const LISTS: &[&str] =
    &["cleanup.policy", "follower.replication.throttled.replicas", "leader.replication.throttled.replicas"];

/// The settings of a topic, as this broker has them.
pub fn describe_topic(
    topic: &TopicName,
    image: &MetadataImage,
    setup: &BrokerSetup,
) -> SortedMap<String, DescribedConfig> {
    let describe = |entry: ConfigEntry| {
        let name = entry.name;
        if let Some(own) = image.topic_config(topic, name) {
            let value = Some(understood(name, own));
            return (name.into(), DescribedConfig { value, source: ConfigSource::DynamicTopic });
        }
        let synonyms = synonyms(name);
        let found = places(Some(setup.id), image, setup).into_iter().find_map(|(source, properties)| {
            let of_synonym = |(synonym, unit): &(String, i64)| Some((properties.get(synonym)?, *unit));
            let (text, unit) = synonyms.iter().find_map(of_synonym)?;
            Some(DescribedConfig { value: Some(understood(name, &from_property(text, unit))), source })
        });
        let default = DescribedConfig { value: Some(entry.default), source: ConfigSource::Default };
        (name.into(), found.unwrap_or(default))
    };
    topic_entries().map(describe).collect()
}

/// The settings of a broker; of the cluster's default (None) those that were changed.
pub fn describe_broker(
    of: Option<BrokerId>,
    image: &MetadataImage,
    setup: &BrokerSetup,
) -> SortedMap<String, DescribedConfig> {
    let mut identity = Properties::clone(&setup.properties);
    for name in ["broker.id", "node.id"] {
        identity.insert(name.into(), setup.id.to_string());
    }
    let with_identity = BrokerSetup { properties: Rc::new(identity), ..setup.clone() };
    let places = places(of, image, &with_identity);
    let defaults = broker_defaults();
    let given = places.iter().flat_map(|(_, properties)| properties.keys());
    let names = given.chain(defaults.keys().filter(|_| of.is_some()));
    let describe = |name: &String| {
        let is_known = defaults.contains_key(name) || with_identity.properties.contains_key(name);
        let own = places.iter().find_map(|(_, properties)| properties.get(name));
        // The value of a setting that nobody knows could be a secret.
        let own = own.filter(|_| is_known).map(|own| understood_of_broker(name, own));
        let is_given = |properties: &Properties| same_setting(name).iter().any(|other| properties.contains_key(other));
        let source = places.iter().find(|(_, properties)| is_given(properties)).map(|(source, _)| *source);
        let value = own.or_else(|| defaults.get(name).cloned().flatten());
        (name.clone(), DescribedConfig { value, source: source.unwrap_or(ConfigSource::Default) })
    };
    names.map(describe).collect()
}

/// Where settings of brokers stand, the first that has one counting.
fn places<'a>(
    of: Option<BrokerId>,
    image: &'a MetadataImage,
    setup: &'a BrokerSetup,
) -> Vec<(ConfigSource, &'a Properties)> {
    let dynamic = |id| image.configs.get(&ConfigResource::Broker(id));
    let own = of.map(|id| (ConfigSource::DynamicBroker, dynamic(Some(id))));
    let fixed = of.map(|_| (ConfigSource::StaticBroker, Some(&*setup.properties)));
    let all = own.into_iter().chain([(ConfigSource::DynamicDefaultBroker, dynamic(None))]).chain(fixed);
    all.filter_map(|(source, properties)| Some((source, properties?))).collect()
}

fn topic_entries() -> impl Iterator<Item = ConfigEntry> {
    TopicConfig::default().entries().into_iter().chain(OtherTopicConfig::default().entries())
}

/// All settings of brokers that are known, with Kafka's defaults.
fn broker_defaults() -> SortedMap<String, Option<String>> {
    let behind_topics = topic_entries().flat_map(|entry| {
        let with_default = move |(name, unit): (String, i64)| {
            let default = match entry.default.parse::<i64>() {
                Ok(number) if unit != 1 => (number / unit).to_string(),
                _ => entry.default.clone(),
            };
            (name, default)
        };
        synonyms(entry.name).into_iter().map(with_default)
    });
    let own = BrokerConfig::default().entries().into_iter().map(|entry| (entry.name.to_string(), entry.default));
    let all = behind_topics.chain(own);
    all.map(|(name, default)| (name.clone(), Some(default).filter(|_| !UNSET.contains(&name.as_str())))).collect()
}

/// The properties that say the same as one in other units, itself first (`DynamicBrokerConfig.brokerConfigSynonyms`).
fn same_setting(name: &str) -> Vec<String> {
    let smallest = ["retention.ms", "segment.ms", "segment.jitter.ms"].into_iter().map(synonyms);
    let group = smallest.into_iter().find(|group| group.first().is_some_and(|(first, _)| first == name));
    group.map_or_else(|| vec![name.into()], |group| group.into_iter().map(|(other, _)| other).collect())
}

fn understood_of_broker(name: &str, text: &str) -> String {
    let mut config = BrokerConfig::default();
    if let Ok(true) = config.set(name, text) {
        return printed(config.entries(), name);
    }
    let of_topic = topic_entries().find(|entry| synonyms(entry.name).iter().any(|(synonym, _)| synonym == name));
    of_topic.map_or_else(|| text.into(), |entry| understood(entry.name, text))
}

/// A value of a topic's setting as Kafka prints it once it has read it. What cannot be read stays as it is.
fn understood(name: &str, text: &str) -> String {
    if LISTS.contains(&name) {
        let parts: Vec<&str> = text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
        let first = |place: &usize| !parts[..*place].contains(&parts[*place]);
        return (0..parts.len()).filter(first).map(|place| parts[place]).collect::<Vec<_>>().join(",");
    }
    if name == "min.cleanable.dirty.ratio" {
        let is_decimal = text.trim().bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        return if is_decimal { java_double(text.trim()) } else { text.into() };
    }
    let (mut topic, mut other) = (TopicConfig::default(), OtherTopicConfig::default());
    match (topic.set(name, text), other.set(name, text)) {
        (Ok(true), _) => printed(topic.entries(), name),
        (_, Ok(true)) => printed(other.entries(), name),
        _ => text.into(),
    }
}

fn printed(entries: Vec<ConfigEntry>, name: &str) -> String {
    entries.into_iter().find(|entry| entry.name == name).map(|entry| entry.value).unwrap_or_default()
}

/// A decimal number as `Double.toString` writes it: with a decimal at least, and small ones with an exponent. Text is
/// turned into text, so that no float is needed.
fn java_double(number: &str) -> String {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let digits = fraction.trim_start_matches('0');
    let zeros = fraction.len() - digits.len();
    if whole.is_empty() && zeros >= 3 {
        let (first, rest) = digits.split_at(1);
        return format!("{first}.{}E-{}", if rest.is_empty() { "0" } else { rest }, zeros + 1);
    }
    let or_zero = |text| if str::is_empty(text) { "0" } else { text };
    format!("{}.{}", or_zero(whole), or_zero(fraction))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_printed_as_they_were_understood() {
        for (name, text, printed) in [
            ("cleanup.policy", " delete, compact,delete", "delete,compact"),
            ("min.cleanable.dirty.ratio", "1", "1.0"),
            ("min.cleanable.dirty.ratio", ".50", "0.5"),
            ("min.cleanable.dirty.ratio", "0.0001", "1.0E-4"),
            ("min.cleanable.dirty.ratio", "0.00125", "0.00125"),
            ("min.cleanable.dirty.ratio", "0.000125", "1.25E-4"),
            ("min.cleanable.dirty.ratio", "00.0", "0.0"),
            ("retention.ms", " 5 ", "5"),
            ("preallocate", "TRUE", "true"),
        ] {
            assert_eq!(understood(name, text), printed, "{name}={text}");
        }
    }

    #[test]
    fn settings_in_larger_units_keep_their_own_defaults() {
        let defaults = broker_defaults();
        assert_eq!(defaults["log.retention.hours"].as_deref(), Some("168"));
        assert_eq!(defaults["log.roll.hours"].as_deref(), Some("168"));
        assert_eq!(defaults["log.retention.ms"], None);
        assert_eq!(defaults["log.segment.bytes"].as_deref(), Some("1073741824"));
    }
}
