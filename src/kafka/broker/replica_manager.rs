//! All partitions of a broker, and the requests that wait for them (`ReplicaManager`).

use std::rc::Rc;

use super::context::Context;
use super::delayed_fetch::DelayedFetch;
use super::delete_records::DelayedDeleteRecords;
use super::fetch_session_cache::FetchSessionCache;
use super::fetcher::Fetcher;
use super::isr::AlterPartitionManager;
use super::partition::Partition;
use super::produce::DelayedProduce;
use super::purgatory::Purgatory;
use super::quiet_followers::SessionFetches;
use super::replication_quota::ReplicationQuota;
use super::topic_settings::TopicSettings;
use crate::kafka::group::OFFSETS_TOPIC;
use crate::kafka::ids::{BrokerId, TopicIdPartition, TopicName, TopicPartition};
use crate::kafka::log::Shutdown;
use crate::kafka::metadata::MetadataImage;
use crate::kafka::note::Note;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::produce::CurrentLeader;
use crate::kafka::setup::BrokerSetup;
use crate::kafka::sorted::SortedMap;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReplicaManager {
    pub(super) partitions: SortedMap<TopicIdPartition, Rc<Partition>>,
    pub(super) settings: SortedMap<TopicName, TopicSettings>,
    pub(super) produces: Purgatory<DelayedProduce>,
    pub(super) fetches: Purgatory<DelayedFetch>,
    pub(super) fetch_sessions: FetchSessionCache,
    pub(super) session_fetches: SessionFetches,
    pub(super) deletions: Purgatory<DelayedDeleteRecords>,
    pub(super) alter_partition: AlterPartitionManager,
    pub(super) fetchers: SortedMap<BrokerId, Fetcher>,
    /// Of what followers were sent.
    pub(super) leader_quota: ReplicationQuota,
    /// Of what was fetched from leaders.
    pub(super) follower_quota: ReplicationQuota,
    /// A controlled shutdown is under way.
    pub(super) is_shutting_down: bool,
    /// A write has failed: the process is about to halt.
    pub(super) is_log_dir_offline: bool,
}

impl ReplicaManager {
    pub(super) fn new(setup: &BrokerSetup) -> ReplicaManager {
        let slots = setup.config.max_incremental_fetch_session_cache_slots;
        ReplicaManager {
            partitions: SortedMap::new(),
            settings: SortedMap::new(),
            produces: Purgatory::default(),
            fetches: Purgatory::default(),
            fetch_sessions: FetchSessionCache::new(slots, setup.random.clone()),
            session_fetches: SessionFetches::default(),
            deletions: Purgatory::default(),
            alter_partition: AlterPartitionManager::default(),
            fetchers: SortedMap::new(),
            leader_quota: ReplicationQuota::default(),
            follower_quota: ReplicationQuota::default(),
            is_shutting_down: false,
            is_log_dir_offline: false,
        }
    }

    /// When followers fetched last in their sessions.
    pub fn session_fetches(&self) -> &SessionFetches {
        &self.session_fetches
    }

    /// The sessions of those who fetch from this broker.
    pub fn fetch_sessions(&self) -> &FetchSessionCache {
        &self.fetch_sessions
    }

    pub(super) fn partition_mut(&mut self, id: TopicIdPartition) -> Option<&mut Partition> {
        self.partitions.get_mut(&id).map(Rc::make_mut)
    }

    /// The replica that has a part by now, or why there is none.
    ///
    /// # Errors
    /// UNKNOWN_TOPIC_OR_PARTITION; NOT_LEADER_OR_FOLLOWER if it lies on other brokers; KAFKA_STORAGE_ERROR once the log
    /// directory has failed.
    pub(super) fn hosted(&self, id: TopicIdPartition, image: &MetadataImage) -> Result<&Partition, ErrorCode> {
        if let Some(partition) = self.partitions.get(&id).filter(|partition| partition.hosted) {
            if self.is_log_dir_offline {
                return Err(ErrorCode::KafkaStorageError);
            }
            return Ok(partition);
        }
        let is_known = image.topic_by_id(id.topic_id).is_some_and(|topic| topic.partitions.contains_key(&id.partition));
        Err(if is_known { ErrorCode::NotLeaderOrFollower } else { ErrorCode::UnknownTopicOrPartition })
    }

    /// Id of a partition that is named by its topic's name.
    pub(super) fn id_of(partition: &TopicPartition, image: &MetadataImage) -> Option<TopicIdPartition> {
        let topic = image.topic(&partition.topic)?;
        topic
            .partitions
            .contains_key(&partition.partition)
            .then_some(TopicIdPartition { topic_id: topic.topic_id, partition: partition.partition })
    }

    /// Who leads, for those who asked the wrong broker (KIP-951).
    pub(super) fn current_leader(&self, id: TopicIdPartition, image: &MetadataImage) -> Option<CurrentLeader> {
        if let Ok(partition) = self.hosted(id, image) {
            return Some(partition.current_leader());
        }
        let registration = image.topic_by_id(id.topic_id)?.partitions.get(&id.partition)?;
        Some(CurrentLeader { leader: registration.leader, leader_epoch: registration.leader_epoch })
    }

    /// Moves a leader's high watermark if it may move, and answers those who waited for that.
    pub(super) fn maybe_increment_high_watermark(&mut self, id: TopicIdPartition, cx: &mut Context<'_>) -> bool {
        let Some(partition) = self.partitions.get_mut(&id).map(Rc::make_mut) else { return false };
        let session_fetches = &self.session_fetches;
        let Some((from, to)) = partition.maybe_increment_high_watermark(session_fetches, cx) else { return false };
        let topic_partition = partition.topic_partition.clone();
        let is_offsets_topic = &*topic_partition.topic == OFFSETS_TOPIC;
        let note =
            Note::HighWatermarkAdvanced { broker: cx.id(), partition: topic_partition, from, to, is_leader: true };
        cx.note_then(note, |cx| {
            if is_offsets_topic {
                cx.committed.push((id, cx.out.cause()));
            }
            self.complete_delayed(id, cx);
        });
        true
    }

    /// Looks at everything that waits for this partition.
    pub(super) fn complete_delayed(&mut self, id: TopicIdPartition, cx: &mut Context<'_>) {
        self.complete_delayed_produces(id, cx);
        self.complete_delayed_fetches(id, cx);
        self.complete_delayed_deletions(id, cx);
    }

    /// Writes down the high watermarks, as every `replica.high.watermark.checkpoint.interval.ms`.
    pub(super) fn checkpoint_high_watermarks(&mut self, cx: &mut Context<'_>) {
        let has_moved = |it: &Rc<Partition>| it.log.high_watermark_checkpoint() != it.log.high_watermark();
        if cx.setup.disk.is_full && self.partitions.values().any(has_moved) && !self.can_write(cx) {
            return;
        }
        for partition in self.partitions.values_mut() {
            if partition.log.high_watermark_checkpoint() != partition.log.high_watermark() {
                Rc::make_mut(partition).log.checkpoint_high_watermark();
            }
        }
    }

    /// The process is gone: logs stay, all else was memory.
    pub(super) fn forget(&mut self) {
        for partition in self.partitions.values_mut() {
            Rc::make_mut(partition).forget();
        }
        self.settings.clear();
        self.produces.clear();
        self.fetches.clear();
        self.fetch_sessions.forget();
        self.session_fetches.clear();
        self.deletions.clear();
        self.alter_partition = AlterPartitionManager::default();
        self.fetchers.clear();
        self.leader_quota = ReplicationQuota::default();
        self.follower_quota = ReplicationQuota::default();
        self.is_shutting_down = false;
        self.is_log_dir_offline = false;
    }

    /// The process starts again and opens its logs.
    pub(super) fn reopen(&mut self, shutdown: Shutdown, now_ms: i64) {
        for partition in self.partitions.values_mut() {
            Rc::make_mut(partition).log.restart(shutdown, now_ms);
        }
    }
}
