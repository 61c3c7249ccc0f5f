//! What of a topic's configuration the log needs (`LogConfig`, `TopicConfig`). Field names are Kafka's, dots as
//! underscores; the values are those of Kafka 4.3 unless the topic overrides them.

use super::cleaner::log_to_clean::RATIO_ONE;
use crate::kafka::config::{BrokerConfig, TopicConfig};
use crate::kafka::record::{Compression, Compressor, TimestampType};

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
    /// `compression.type`: what batches are compressed with; None (`producer`): as they came.
    pub compressor: Option<Compressor>,
    /// `message.timestamp.type`.
    pub message_timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`: how far a record may lie in the past.
    pub message_timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`: how far a record may lie in the future.
    pub message_timestamp_after_max_ms: i64,
    /// Whether `cleanup.policy` has `compact`: records then need keys.
    pub is_compacted: bool,
    /// `min.cleanable.dirty.ratio`, in billionths.
    pub min_cleanable_dirty_ratio: i64,
    /// `min.compaction.lag.ms`: how long a record is not compacted.
    pub min_compaction_lag_ms: i64,
    /// `max.compaction.lag.ms`: after how long a record must be compacted.
    pub max_compaction_lag_ms: i64,
    /// `delete.retention.ms`: how long a tombstone stays once it was cleaned.
    pub delete_retention_ms: i64,
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
            compressor: match topic.compression_type.as_str() {
                "uncompressed" => Some(Compressor::default()),
                name => {
                    Compression::named(name).map(|codec| Compressor { codec, gzip_level: topic.compression_gzip_level })
                }
            },
            message_timestamp_type: match topic.message_timestamp_type.as_str() {
                "LogAppendTime" => TimestampType::LogAppendTime,
                _ => TimestampType::CreateTime,
            },
            message_timestamp_before_max_ms: topic.message_timestamp_before_max_ms,
            message_timestamp_after_max_ms: topic.message_timestamp_after_max_ms,
            is_compacted: has_policy("compact"),
            min_cleanable_dirty_ratio: billionths(&topic.min_cleanable_dirty_ratio).unwrap_or(RATIO_ONE / 2),
            min_compaction_lag_ms: topic.min_compaction_lag_ms,
            max_compaction_lag_ms: topic.max_compaction_lag_ms,
            delete_retention_ms: topic.delete_retention_ms,
            is_deleted_by_retention: has_policy("delete"),
            retention_ms: topic.retention_ms,
            retention_bytes: topic.retention_bytes,
            flush_messages: topic.flush_messages,
            flush_ms: topic.flush_ms,
            producer_id_expiration_ms,
        }
    }
}

impl LogConfig {
    /// Age at which a new segment begins: `segment.ms`, and in a compacted log at most `max.compaction.lag.ms`, since
    /// the active segment is never cleaned.
    pub fn max_segment_ms(&self) -> i64 {
        match self.is_compacted && self.max_compaction_lag_ms > 0 {
            true => self.segment_ms.min(self.max_compaction_lag_ms),
            false => self.segment_ms,
        }
    }
}

/// A decimal number from 0 to 1, in billionths; what lies beyond the ninth digit is cut off.
fn billionths(text: &str) -> Option<i64> {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    whole.checked_mul(RATIO_ONE)?.checked_add(digits.parse().ok()?)
}

impl Default for LogConfig {
    fn default() -> LogConfig {
        LogConfig::of_topic(&TopicConfig::default(), BrokerConfig::default().producer_id_expiration_ms)
    }
}
