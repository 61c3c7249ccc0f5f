//! Settings of a topic (org.apache.kafka.common.config.TopicConfig).

use super::table::{ANY, config_table};

config_table! {
    /// Settings of a topic.
    TopicConfig {
        cleanup_policy: String = "delete".into(), "cleanup.policy", ANY, "What happens to old records: delete, compact, both or neither.";
        compression_gzip_level: i32 = -1, "compression.gzip.level", -1..=9, "How hard gzip tries: 1 is fast, 9 is small, -1 is in between.";
        compression_type: String = "producer".into(), "compression.type", ANY, "producer: batches stay as they came.";
        delete_retention_ms: i64 = 86_400_000, "delete.retention.ms", 0..=i64::MAX, "How long a tombstone outlives its key.";
        file_delete_delay_ms: i64 = 60_000, "file.delete.delay.ms", 0..=i64::MAX, "How long a deleted segment's files stay on disk.";
        flush_messages: i64 = i64::MAX, "flush.messages", 1..=i64::MAX, "Records after which a log is flushed to the disk.";
        flush_ms: i64 = i64::MAX, "flush.ms", 0..=i64::MAX, "How long a log may go without being flushed to the disk.";
        index_interval_bytes: i32 = 4_096, "index.interval.bytes", 0..=2_147_483_647, "Bytes of log between two entries of the offset index.";
        max_compaction_lag_ms: i64 = i64::MAX, "max.compaction.lag.ms", 1..=i64::MAX, "Age at which a record must be compacted, however little of the log is dirty.";
        max_message_bytes: i32 = 1_048_588, "max.message.bytes", 0..=2_147_483_647, "Largest batch, in bytes after compression.";
        message_timestamp_after_max_ms: i64 = 3_600_000, "message.timestamp.after.max.ms", 0..=i64::MAX, "How far ahead of the broker's clock a record may be stamped.";
        message_timestamp_before_max_ms: i64 = i64::MAX, "message.timestamp.before.max.ms", 0..=i64::MAX, "How far behind the broker's clock a record may be stamped.";
        message_timestamp_type: String = "CreateTime".into(), "message.timestamp.type", ANY, "Whose clock stamps a record: CreateTime or LogAppendTime.";
        min_cleanable_dirty_ratio: String = "0.5".into(), "min.cleanable.dirty.ratio", ANY, "Share of the log that must be dirty before it is compacted.";
        min_compaction_lag_ms: i64 = 0, "min.compaction.lag.ms", 0..=i64::MAX, "How long a record is left alone by the cleaner.";
        min_insync_replicas: i32 = 1, "min.insync.replicas", 1..=2_147_483_647, "Fewest replicas in sync for acks=all to be taken.";
        retention_bytes: i64 = -1, "retention.bytes", ANY, "Bytes per partition beyond which old segments are deleted; -1: no bound.";
        retention_ms: i64 = 604_800_000, "retention.ms", -1..=i64::MAX, "Age beyond which old segments are deleted; -1: no bound.";
        segment_bytes: i32 = 1_073_741_824, "segment.bytes", 1_048_576..=2_147_483_647, "Bytes that a segment file is filled up to.";
        segment_index_bytes: i32 = 10_485_760, "segment.index.bytes", 4..=2_147_483_647, "Bytes of a segment's index.";
        segment_ms: i64 = 604_800_000, "segment.ms", 1..=i64::MAX, "Age of record times at which a new segment begins.";
        unclean_leader_election_enable: bool = false, "unclean.leader.election.enable", ANY, "Whether a replica that may lack committed records can be elected.";
    }
}
