//! What of a topic's configuration the log needs (`LogConfig`, `TopicConfig`). Field names are Kafka's, dots as
//! underscores; the values are those of Kafka 4.3 unless the topic overrides them.

use crate::kafka::config::{BrokerConfig, TopicConfig};
use crate::kafka::record::TimestampType;

/// Topic configuration, and two broker settings that the log needs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LogConfig {
    /// `max.message.bytes`: largest batch, after compression.
    pub max_message_bytes: i32,
    /// `segment.bytes`.
    pub segment_bytes: i32,
    /// `segment.ms`.
    pub segment_ms: i64,
    /// `segment.index.bytes`: size of a full offset or time index.
    pub segment_index_bytes: i32,
    /// `index.interval.bytes`: an index entry is written when more than that was appended since the last one.
    pub index_interval_bytes: i32,
    /// `message.timestamp.type`.
    pub message_timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`: how far a record may lie in the past.
    pub message_timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`: how far a record may lie in the future.
    pub message_timestamp_after_max_ms: i64,
    /// Whether `cleanup.policy` has `compact`: records then need keys.
    pub is_compacted: bool,
    /// Whether `cleanup.policy` has `delete`: old segments go.
    pub is_deleted_by_retention: bool,
    /// `retention.ms`; below 0: no bound.
    pub retention_ms: i64,
    /// `retention.bytes`; below 0: no bound.
    pub retention_bytes: i64,
    /// `flush.messages`: so many records, and they are flushed.
    pub flush_messages: i64,
    /// `flush.ms`: a log that was not flushed for so long is, at the broker's next look.
    pub flush_ms: i64,
    /// `producer.id.expiration.ms` (broker).
    pub producer_id_expiration_ms: i64,
}

impl LogConfig {
    /// What the log needs of a topic's configuration. A text that is none of Kafka's values counts as the default:
    /// it was refused where the topic was made.
    pub fn of_topic(topic: &TopicConfig, producer_id_expiration_ms: i64) -> LogConfig {
        let has_policy = |name: &str| topic.cleanup_policy.split(',').any(|policy| policy.trim() == name);
        LogConfig {
            max_message_bytes: topic.max_message_bytes,
            segment_bytes: topic.segment_bytes,
            segment_ms: topic.segment_ms,
            segment_index_bytes: topic.segment_index_bytes,
            index_interval_bytes: topic.index_interval_bytes,
            message_timestamp_type: match topic.message_timestamp_type.as_str() {
                "LogAppendTime" => TimestampType::LogAppendTime,
                _ => TimestampType::CreateTime,
            },
            message_timestamp_before_max_ms: topic.message_timestamp_before_max_ms,
            message_timestamp_after_max_ms: topic.message_timestamp_after_max_ms,
            is_compacted: has_policy("compact"),
            is_deleted_by_retention: has_policy("delete"),
            retention_ms: topic.retention_ms,
            retention_bytes: topic.retention_bytes,
            flush_messages: topic.flush_messages,
            flush_ms: topic.flush_ms,
            producer_id_expiration_ms,
        }
    }
}

impl Default for LogConfig {
    fn default() -> LogConfig {
        LogConfig::of_topic(&TopicConfig::default(), BrokerConfig::default().producer_id_expiration_ms)
    }
}
