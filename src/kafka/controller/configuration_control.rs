//! Dynamic configuration of topics, brokers, the cluster and groups (`ConfigurationControlManager`,
//! `ControllerConfigurationValidator`).

use super::broker_configs;
use super::decision::{Decision, MIN_INSYNC_REPLICAS, UNCLEAN_LEADER_ELECTION, View};
use super::topic_control::ApiError;
use crate::kafka::config::TopicConfig;
use crate::kafka::ids::TopicName;
use crate::kafka::metadata::MetadataRecord;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::admin::{
    ConfigOperation, ConfigResource, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};

/// Topic settings of Kafka that the model does not obey, and takes as they are.
const OTHER_TOPIC_CONFIGS: &[&str] = &[
    "compression.lz4.level",
    "compression.zstd.level",
    "flush.messages",
    "flush.ms",
    "follower.replication.throttled.replicas",
    "internal.segment.bytes",
    "leader.replication.throttled.replicas",
    "local.retention.bytes",
    "local.retention.ms",
    "preallocate",
    "remote.log.copy.disable",
    "remote.log.delete.on.disable",
    "remote.storage.enable",
    "segment.jitter.ms",
];

/// Which replicas of a topic are throttled (KIP-73).
const THROTTLED_REPLICAS: &[&str] =
    &["follower.replication.throttled.replicas", "leader.replication.throttled.replicas"];

/// Settings whose value is a list, so that values can be added and taken away.
const LIST_CONFIGS: &[&str] =
    &["cleanup.policy", "follower.replication.throttled.replicas", "leader.replication.throttled.replicas"];

/// The values that a setting knows; None: any that the table takes.
fn known_values(name: &str) -> Option<&'static [&'static str]> {
    match name {
        "cleanup.policy" => Some(&["compact", "delete"]),
        "compression.type" => Some(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]),
        "message.timestamp.type" => Some(&["CreateTime", "LogAppendTime"]),
        _ => None,
    }
}

fn invalid(message: String) -> ApiError {
    (ErrorCode::InvalidConfig, message)
}

/// `*`, or a list of `partition:broker` (`ThrottledReplicaListValidator`).
fn is_replica_list(value: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_replica = |entry: &str| {
        entry.trim().split_once(':').is_some_and(|(partition, broker)| is_number(partition) && is_number(broker))
    };
    value.trim().is_empty() || value.trim() == "*" || value.split(',').all(is_replica)
}

pub(super) fn validate_topic_config(name: &str, value: &str) -> Result<(), ApiError> {
    if THROTTLED_REPLICAS.contains(&name) && !is_replica_list(value) {
        return Err(invalid(format!("Invalid value {value} for configuration {name}: * or partition:broker, …")));
    }
    if OTHER_TOPIC_CONFIGS.contains(&name) {
        return Ok(());
    }
    match TopicConfig::default().set(name, value) {
        Ok(true) => {}
        Ok(false) => return Err(invalid(format!("Unknown topic config name: {name}"))),
        Err(error) => return Err(invalid(error.to_string())),
    }
    if let Some(known) = known_values(name) {
        let mut parts = if LIST_CONFIGS.contains(&name) { value.split(',').collect() } else { vec![value] };
        parts.retain(|part| !(part.is_empty() && name == "cleanup.policy"));
        if let Some(part) = parts.iter().find(|part| !known.contains(&part.trim())) {
            return Err(invalid(format!("Invalid value {part} for configuration {name}: one of {}", known.join(", "))));
        }
    }
    if name == "compression.gzip.level" && value.trim() == "0" {
        return Err(invalid(format!("Invalid value {value} for configuration {name}: -1, or from 1 to 9")));
    }
    if name == "min.cleanable.dirty.ratio" && !is_ratio(value) {
        return Err(invalid(format!("Invalid value {value} for configuration {name}: between 0 and 1")));
    }
    Ok(())
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

impl View<'_> {
    /// Changes configurations. Each resource has its own answer, and is changed as a whole or not at all.
    pub fn incremental_alter_configs(&self, request: &IncrementalAlterConfigsRequest) -> Decision {
        let mut records = Vec::new();
        let mut resources = Vec::new();
        for (resource, operations) in &request.resources {
            let is_repeated = request.resources.iter().filter(|(other, _)| other == resource).count() > 1;
            let changed = if is_repeated {
                Err((ErrorCode::InvalidRequest, "The resource is named more than once".into()))
            } else {
                self.check_resource(resource).and_then(|()| self.config_records(resource, operations))
            };
            resources.push(match changed {
                Ok(changes) => {
                    records.extend(changes);
                    (resource.clone(), ErrorCode::None, None)
                }
                Err((error, message)) => (resource.clone(), error, Some(message)),
            });
        }
        if request.validate_only {
            records.clear();
        }
        Decision::new(records, IncrementalAlterConfigsResponse { resources })
    }

    fn check_resource(&self, resource: &ConfigResource) -> Result<(), ApiError> {
        match resource {
            ConfigResource::Topic(name) if !self.image.topics.contains_key(name) => {
                Err((ErrorCode::UnknownTopicOrPartition, format!("The topic '{name}' does not exist.")))
            }
            ConfigResource::Broker(Some(id)) if !self.image.brokers.contains_key(id) => {
                Err((ErrorCode::InvalidRequest, format!("Broker {id} is not registered")))
            }
            ConfigResource::Group(name) if name.is_empty() => {
                Err((ErrorCode::InvalidRequest, "The group has no name".into()))
            }
            _ => Ok(()),
        }
    }

    /// The records that change one resource, with the clearing of eligible leader replicas that a change of
    /// `min.insync.replicas` calls for.
    pub fn config_records(
        &self,
        resource: &ConfigResource,
        operations: &[(String, ConfigOperation)],
    ) -> Result<Vec<MetadataRecord>, ApiError> {
        let mut records = Vec::new();
        for (index, (name, operation)) in operations.iter().enumerate() {
            if operations[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err((ErrorCode::InvalidRequest, format!("{name} is changed more than once")));
            }
            let current = self.image.configs.get(resource).and_then(|configs| configs.get(name));
            let value = changed_value(name, operation, current.map(String::as_str))?;
            self.validate(resource, name, value.as_deref())?;
            // For brokers a record is written even if nothing changes: it makes them load files anew.
            if value.as_ref() != current || matches!(resource, ConfigResource::Broker(_)) {
                records.push(MetadataRecord::Config { resource: resource.clone(), name: name.clone(), value });
            }
        }
        self.check_compaction_lags(resource, operations)?;
        let changes_min_isr = records
            .iter()
            .any(|record| matches!(record, MetadataRecord::Config { name, .. } if name == MIN_INSYNC_REPLICAS));
        if changes_min_isr && self.eligible_leader_replicas() {
            let topic = match resource {
                ConfigResource::Topic(name) => Some(name.clone()),
                _ => None,
            };
            records.push(MetadataRecord::ClearElr { topic });
        }
        Ok(records)
    }

    /// A topic whose records must be compacted sooner than they may be is refused (`LogConfig.validateValues`).
    fn check_compaction_lags(
        &self,
        resource: &ConfigResource,
        operations: &[(String, ConfigOperation)],
    ) -> Result<(), ApiError> {
        let names = ["min.compaction.lag.ms", "max.compaction.lag.ms"];
        if !matches!(resource, ConfigResource::Topic(_)) || operations.iter().all(|(name, _)| !names.contains(&&**name))
        {
            return Ok(());
        }
        let mut topic = TopicConfig::default();
        for name in names {
            let operation = operations.iter().find(|(changed, _)| changed == name).map(|(_, operation)| operation);
            let value = match operation {
                Some(operation) => changed_value(name, operation, None)?,
                None => self.image.configs.get(resource).and_then(|configs| configs.get(name)).cloned(),
            };
            // What cannot be read was refused before.
            value.into_iter().for_each(|value| drop(topic.set(name, &value)));
        }
        let (min, max) = (topic.min_compaction_lag_ms, topic.max_compaction_lag_ms);
        match min > max {
            true => Err(invalid(format!(
                "conflict topic config setting min.compaction.lag.ms ({min}) > max.compaction.lag.ms ({max})"
            ))),
            false => Ok(()),
        }
    }

    fn validate(&self, resource: &ConfigResource, name: &str, value: Option<&str>) -> Result<(), ApiError> {
        let min_isr_is_the_clusters = self.eligible_leader_replicas() && name == MIN_INSYNC_REPLICAS;
        match (resource, value) {
            (ConfigResource::Broker(Some(_)), _) if min_isr_is_the_clusters => {
                Err(invalid(format!("{name} cannot differ between brokers where eligible leader replicas are kept")))
            }
            (ConfigResource::Broker(None), None) if min_isr_is_the_clusters => {
                Err(invalid(format!("{name} of the cluster cannot be removed where eligible leader replicas are kept")))
            }
            (ConfigResource::Topic(_), Some(value)) => validate_topic_config(name, value),
            (ConfigResource::Broker(_), Some(value)) => broker_configs::validate(name, value),
            _ => Ok(()),
        }
    }
}

/// The value after the operation; None: deleted.
fn changed_value(name: &str, operation: &ConfigOperation, current: Option<&str>) -> Result<Option<String>, ApiError> {
    let (change, is_append) = match operation {
        ConfigOperation::Set(value) => return Ok(Some(value.clone())),
        ConfigOperation::Delete => return Ok(None),
        ConfigOperation::Append(value) => (value, true),
        ConfigOperation::Subtract(value) => (value, false),
    };
    if !LIST_CONFIGS.contains(&name) {
        return Err(invalid(format!("{name} is not a list: nothing can be added to it or taken from it")));
    }
    let default = if name == "cleanup.policy" { "delete" } else { "" };
    let mut parts: Vec<&str> = current.unwrap_or(default).split(',').filter(|part| !part.is_empty()).collect();
    for part in change.split(',') {
        if !is_append {
            parts.retain(|present| *present != part);
        } else if !parts.contains(&part) {
            parts.push(part);
        }
    }
    Ok(Some(parts.join(",")))
}

/// The topics whose leaderless partitions should be tried again at once, since unclean elections may be allowed now.
/// None: all.
pub fn unclean_election_changes(records: &[MetadataRecord]) -> Option<Option<TopicName>> {
    let mut topics = records.iter().filter_map(|record| match record {
        MetadataRecord::Config { resource, name, .. } if name == UNCLEAN_LEADER_ELECTION => Some(match resource {
            ConfigResource::Topic(topic) => Some(topic.clone()),
            _ => None,
        }),
        _ => None,
    });
    let first = topics.next()?;
    // Changes of several topics at once: all are looked through.
    Some(if topics.next().is_some() { None } else { first })
}
