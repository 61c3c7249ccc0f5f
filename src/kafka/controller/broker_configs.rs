//! What may be set on a running broker, or on all of them (`DynamicBrokerConfig.validate`, `ConfigAdminManager`).

use super::decision::{MIN_INSYNC_REPLICAS, UNCLEAN_LEADER_ELECTION};
use super::topic_configs;
use super::topic_control::ApiError;
use crate::kafka::broker::topic_settings::as_topic_config;
use crate::kafka::config::BrokerConfig;
use crate::kafka::protocol::ErrorCode;

/// Bytes per second for replicas that are throttled (KIP-73).
const THROTTLED_RATES: &[&str] = &["follower.replication.throttled.rate", "leader.replication.throttled.rate"];

/// Settings of the table that can be changed while brokers run.
const DYNAMIC: &[&str] = &[MIN_INSYNC_REPLICAS, UNCLEAN_LEADER_ELECTION, "producer.id.expiration.ms"];

/// Settings that only a restart changes, and that are not in the table: the model does not obey them.
const STATIC: &[&str] = &[
    "broker.id",
    "broker.rack",
    "controller.listener.names",
    "controller.quorum.bootstrap.servers",
    "controller.quorum.voters",
    "group.consumer.session.timeout.ms",
    "group.coordinator.threads",
    "inter.broker.listener.name",
    "log.cleaner.enable",
    "log.dir",
    "log.dirs",
    "metadata.log.dir",
    "node.id",
    "process.roles",
    "queued.max.requests",
    "transaction.max.timeout.ms",
    "transaction.state.log.min.isr",
    "transaction.state.log.num.partitions",
    "transaction.state.log.replication.factor",
    "transactional.id.expiration.ms",
];

/// Checks a value for one broker or for all.
///
/// # Errors
/// `INVALID_REQUEST`: the setting cannot be changed while brokers run, or the value cannot be read or lies outside
/// Kafka's range. A name that nobody knows is taken.
pub fn validate(name: &str, value: &str) -> Result<(), ApiError> {
    let refuse = |message: String| Err((ErrorCode::InvalidRequest, message));
    if THROTTLED_RATES.contains(&name) && !value.trim().parse::<i64>().is_ok_and(|rate| rate >= 0) {
        return refuse(format!("Invalid value {value} for configuration {name}: Value must be at least 0"));
    }
    if STATIC.contains(&name) || (BrokerConfig::NAMES.contains(&name) && !DYNAMIC.contains(&name)) {
        return refuse(format!("Cannot update these configs dynamically: {name}"));
    }
    if let Some((topic_config, value)) = as_topic_config(name, value) {
        return topic_configs::validate(topic_config, &value).or_else(|(_, message)| refuse(message));
    }
    BrokerConfig::default().set(name, value).map(|_| ()).or_else(|error| refuse(error.to_string()))
}
