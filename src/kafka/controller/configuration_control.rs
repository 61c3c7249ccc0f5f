//! Dynamic configuration of topics, brokers, the cluster and groups (`ConfigurationControlManager`,
//! `ControllerConfigurationValidator`).

use super::broker_configs;
use super::decision::{Decision, MIN_INSYNC_REPLICAS, UNCLEAN_LEADER_ELECTION, View};
use super::topic_configs;
use super::topic_control::ApiError;
use super::topic_name::validate_topic_name;
use crate::kafka::config::TopicConfig;
use crate::kafka::ids::TopicName;
use crate::kafka::metadata::MetadataRecord;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::admin::{
    ConfigOperation, ConfigResource, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};

/// Settings whose value is a list, so that values can be added and taken away.
pub(super) const LIST_CONFIGS: &[&str] = &[
    "cleanup.policy",
    "follower.replication.throttled.replicas",
    "leader.replication.throttled.replicas",
    "log.cleanup.policy",
];

pub(super) fn invalid(message: String) -> ApiError {
    (ErrorCode::InvalidConfig, message)
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
            ConfigResource::Topic(name) if name.is_empty() => {
                Err((ErrorCode::InvalidRequest, "Default topic resources are not allowed.".into()))
            }
            ConfigResource::Topic(name) if validate_topic_name(name).is_err() => {
                Err((ErrorCode::InvalidTopicException, format!("'{name}' is no name of a topic")))
            }
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
            (ConfigResource::Topic(_), Some(value)) => topic_configs::validate(name, value),
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
    let default = if name.ends_with("cleanup.policy") { "delete" } else { "" };
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
