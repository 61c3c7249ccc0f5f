//! Settings of brokers and controllers (server.properties; org.apache.kafka.server.config, raft.QuorumConfig).

use super::table::{ANY, config_table};

config_table! {
    /// Settings of brokers and controllers.
    BrokerConfig {
        auto_create_topics_enable: bool = true, "auto.create.topics.enable", ANY, "Whether a topic is made when a client asks for it.";
        auto_leader_rebalance_enable: bool = true, "auto.leader.rebalance.enable", ANY, "Whether leadership goes back to the preferred replica by itself.";
        broker_heartbeat_interval_ms: u32 = 2_000, "broker.heartbeat.interval.ms", 1..=2_147_483_647, "How often a broker tells the controller that it lives.";
        broker_session_timeout_ms: u32 = 9_000, "broker.session.timeout.ms", 1..=2_147_483_647, "How long a broker may be silent before it is fenced.";
        controlled_shutdown_enable: bool = true, "controlled.shutdown.enable", ANY, "Whether a broker hands over its leaderships before it stops.";
        controller_quorum_append_linger_ms: u32 = 25, "controller.quorum.append.linger.ms", 0..=2_147_483_647, "How long the active controller gathers records before it appends them.";
        controller_quorum_election_backoff_max_ms: u32 = 1_000, "controller.quorum.election.backoff.max.ms", 0..=2_147_483_647, "Longest random wait before a new election.";
        controller_quorum_election_timeout_ms: u32 = 1_000, "controller.quorum.election.timeout.ms", 0..=2_147_483_647, "How long a candidate waits for votes.";
        controller_quorum_fetch_timeout_ms: u32 = 2_000, "controller.quorum.fetch.timeout.ms", 0..=2_147_483_647, "How long a controller goes without its leader before it stands for election.";
        controller_quorum_request_timeout_ms: u32 = 2_000, "controller.quorum.request.timeout.ms", 0..=2_147_483_647, "How long a controller waits for one answer.";
        default_replication_factor: i16 = 1, "default.replication.factor", 1..=32_767, "Replicas of a topic that does not say how many.";
        group_initial_rebalance_delay_ms: u32 = 3_000, "group.initial.rebalance.delay.ms", 0..=2_147_483_647, "How long an empty group waits for more members before its first rebalance.";
        group_max_session_timeout_ms: u32 = 1_800_000, "group.max.session.timeout.ms", 0..=2_147_483_647, "Longest session timeout that a member may ask for.";
        group_max_size: u32 = 2_147_483_647, "group.max.size", 1..=2_147_483_647, "Most members of one group.";
        group_min_session_timeout_ms: u32 = 6_000, "group.min.session.timeout.ms", 0..=2_147_483_647, "Shortest session timeout that a member may ask for.";
        initial_broker_registration_timeout_ms: u32 = 60_000, "initial.broker.registration.timeout.ms", 0..=2_147_483_647, "How long a starting broker tries to register.";
        leader_imbalance_check_interval_seconds: u32 = 300, "leader.imbalance.check.interval.seconds", 1..=2_147_483_647, "How often the controller looks for leaders that are not the preferred ones.";
        log_cleaner_backoff_ms: u64 = 15_000, "log.cleaner.backoff.ms", 0..=i64::MAX, "How long the cleaner sleeps when there is nothing to compact.";
        log_cleaner_enable: bool = true, "log.cleaner.enable", ANY, "Whether compacted topics are compacted.";
        log_flush_offset_checkpoint_interval_ms: u32 = 60_000, "log.flush.offset.checkpoint.interval.ms", 0..=2_147_483_647, "How often a broker writes down how far its logs were flushed.";
        log_flush_start_offset_checkpoint_interval_ms: u32 = 60_000, "log.flush.start.offset.checkpoint.interval.ms", 0..=2_147_483_647, "How often a broker writes down where its logs begin.";
        log_flush_scheduler_interval_ms: i64 = i64::MAX, "log.flush.scheduler.interval.ms", 0..=i64::MAX, "How often a broker looks for logs whose flush.ms is over.";
        log_initial_task_delay_ms: u64 = 30_000, "log.initial.task.delay.ms", 0..=i64::MAX, "How long a starting broker waits before it looks for old segments for the first time.";
        log_retention_check_interval_ms: u64 = 300_000, "log.retention.check.interval.ms", 1..=i64::MAX, "How often a broker looks for old segments.";
        max_incremental_fetch_session_cache_slots: u32 = 1_000, "max.incremental.fetch.session.cache.slots", 0..=2_147_483_647, "How many fetch sessions a broker keeps; an eighth of that in each of eight parts.";
        min_insync_replicas: i32 = 1, "min.insync.replicas", 1..=2_147_483_647, "Fewest replicas in sync for acks=all to be taken.";
        num_partitions: i32 = 1, "num.partitions", 1..=2_147_483_647, "Partitions of a topic that does not say how many.";
        offset_metadata_max_bytes: u32 = 4_096, "offset.metadata.max.bytes", 0..=2_147_483_647, "Longest text that may stand beside a committed offset.";
        offsets_commit_timeout_ms: u32 = 5_000, "offsets.commit.timeout.ms", 1..=2_147_483_647, "How long a commit may wait for its replicas.";
        offsets_retention_check_interval_ms: u32 = 600_000, "offsets.retention.check.interval.ms", 1..=2_147_483_647, "How often the coordinator looks for offsets that have expired.";
        offsets_retention_minutes: u32 = 10_080, "offsets.retention.minutes", 1..=2_147_483_647, "How long an empty group's offsets are kept.";
        offsets_topic_num_partitions: i32 = 50, "offsets.topic.num.partitions", 1..=2_147_483_647, "Partitions of __consumer_offsets.";
        offsets_topic_replication_factor: i16 = 3, "offsets.topic.replication.factor", 1..=32_767, "Replicas of __consumer_offsets.";
        producer_id_expiration_check_interval_ms: u32 = 600_000, "producer.id.expiration.check.interval.ms", 1..=2_147_483_647, "How often a broker looks for producers that have written nothing for long.";
        producer_id_expiration_ms: i64 = 86_400_000, "producer.id.expiration.ms", 1..=2_147_483_647, "How long an idle producer's sequence numbers are remembered.";
        replica_fetch_backoff_ms: u32 = 1_000, "replica.fetch.backoff.ms", 0..=2_147_483_647, "How long a follower waits after a failed fetch.";
        replica_fetch_max_bytes: u32 = 1_048_576, "replica.fetch.max.bytes", 0..=2_147_483_647, "Most bytes of one partition in a follower's fetch.";
        replica_fetch_min_bytes: u32 = 1, "replica.fetch.min.bytes", 0..=2_147_483_647, "Fewest bytes for which a leader answers a follower at once.";
        replica_fetch_response_max_bytes: u32 = 10_485_760, "replica.fetch.response.max.bytes", 0..=2_147_483_647, "Most bytes of a follower's fetch.";
        replica_fetch_wait_max_ms: u32 = 500, "replica.fetch.wait.max.ms", 0..=2_147_483_647, "How long a leader may hold a follower's fetch that finds nothing.";
        replica_high_watermark_checkpoint_interval_ms: u32 = 5_000, "replica.high.watermark.checkpoint.interval.ms", 1..=2_147_483_647, "How often high watermarks are written to disk.";
        replica_lag_time_max_ms: u32 = 30_000, "replica.lag.time.max.ms", 1..=2_147_483_647, "How long a follower may be behind before it leaves the ISR.";
        replica_selector_class: Option<String> = None, "replica.selector.class", ANY, "Who tells consumers to read from a follower.";
        replica_socket_timeout_ms: u32 = 30_000, "replica.socket.timeout.ms", 1..=2_147_483_647, "How long a follower waits for one answer.";
        request_timeout_ms: u32 = 30_000, "request.timeout.ms", 1..=2_147_483_647, "How long a broker waits for one answer of the controller.";
        unclean_leader_election_enable: bool = false, "unclean.leader.election.enable", ANY, "Whether a replica that may lack committed records can be elected.";
    }
}
