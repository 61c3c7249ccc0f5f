//! Settings of a topic that Kafka has and the model does not obey, or obeys by another way than `TopicConfig`. They are
//! checked when they are set, and described when somebody asks.

use super::table::{ANY, config_table};

config_table! {
    /// Further settings of a topic.
    OtherTopicConfig {
        compression_lz4_level: i32 = 9, "compression.lz4.level", 1..=17, "How hard lz4 tries.";
        compression_zstd_level: i32 = 3, "compression.zstd.level", -131_072..=22, "How hard zstd tries.";
        follower_replication_throttled_replicas: String = String::new(), "follower.replication.throttled.replicas", ANY, "Replicas whose followers copy slowly.";
        leader_replication_throttled_replicas: String = String::new(), "leader.replication.throttled.replicas", ANY, "Replicas whose leaders hand out slowly.";
        local_retention_bytes: i64 = -2, "local.retention.bytes", -2..=i64::MAX, "With tiered storage: bytes that stay on the broker's disk.";
        local_retention_ms: i64 = -2, "local.retention.ms", -2..=i64::MAX, "With tiered storage: age up to which segments stay on the broker's disk.";
        preallocate: bool = false, "preallocate", ANY, "Whether a segment's file is made in its full size.";
        remote_log_copy_disable: bool = false, "remote.log.copy.disable", ANY, "With tiered storage: whether nothing more is moved to it.";
        remote_log_delete_on_disable: bool = false, "remote.log.delete.on.disable", ANY, "With tiered storage: whether its data goes when it is switched off.";
        remote_storage_enable: bool = false, "remote.storage.enable", ANY, "Whether the topic has tiered storage.";
        segment_jitter_ms: i64 = 0, "segment.jitter.ms", 0..=i64::MAX, "By how much new segments are spread in time.";
    }
}
