//! The log of one partition on one broker: what it holds, how far it reaches, and how it is cut.

use std::rc::Rc;

use super::config::LogConfig;
use super::error::LogError;
use super::leader_epoch_cache::{LeaderEpochCache, OffsetAndEpoch};
use super::page_cache::PageCache;
use super::producer_state::ProducerState;
use super::segment::LogSegment;
use crate::kafka::ids::{LeaderEpoch, Offset, TopicPartition};
use crate::kafka::mutation::{Mutation, breaks};
use crate::kafka::record::RecordBatch;

/// A partition's log. Cheap to clone: batches, closed segments and index entries are shared, and an append copies
/// only the few that lie at the end.
///
/// `log_start_offset <= high_watermark <= log_end_offset` holds after every call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Log {
    pub(super) partition: TopicPartition,
    pub(super) config: Rc<LogConfig>,
    /// Ascending by base offset; never empty. The last is the active one.
    pub(super) segments: Vec<Rc<LogSegment>>,
    pub(super) log_start_offset: Offset,
    pub(super) log_end_offset: Offset,
    pub(super) high_watermark: Offset,
    /// Everything below was flushed by Kafka.
    pub(super) recovery_point: Offset,
    /// As in the file `recovery-point-offset-checkpoint`.
    pub(super) recovery_point_checkpoint: Offset,
    /// When that was done last, epoch milliseconds (`lastFlushedTime`).
    pub(super) last_flushed_ms: i64,
    pub(super) page_cache: PageCache,
    pub(super) leader_epochs: LeaderEpochCache,
    pub(super) producers: ProducerState,
    /// As in the file `replication-offset-checkpoint`.
    pub(super) high_watermark_checkpoint: Offset,
    /// As in the file `log-start-offset-checkpoint`, which names only logs that begin inside a segment.
    pub(super) log_start_offset_checkpoint: Option<Offset>,
    /// As in the file `cleaner-offset-checkpoint`: everything below was cleaned.
    pub(super) cleaner_checkpoint: Option<Offset>,
}

impl Log {
    /// An empty log that begins at offset 0.
    pub fn new(partition: TopicPartition, config: Rc<LogConfig>, now_ms: i64) -> Log {
        Log {
            partition,
            config,
            segments: vec![Rc::new(LogSegment::new(0, now_ms))],
            log_start_offset: 0,
            log_end_offset: 0,
            high_watermark: 0,
            recovery_point: 0,
            recovery_point_checkpoint: 0,
            last_flushed_ms: now_ms,
            page_cache: PageCache::default(),
            leader_epochs: LeaderEpochCache::default(),
            producers: ProducerState::default(),
            high_watermark_checkpoint: 0,
            log_start_offset_checkpoint: None,
            cleaner_checkpoint: None,
        }
    }

    pub fn partition(&self) -> &TopicPartition {
        &self.partition
    }

    pub fn config(&self) -> &Rc<LogConfig> {
        &self.config
    }

    /// Takes a changed topic configuration; it counts from the next append on.
    pub fn set_config(&mut self, config: Rc<LogConfig>) {
        self.config = config;
    }

    /// First offset that can be read.
    pub fn log_start_offset(&self) -> Offset {
        self.log_start_offset
    }

    /// The offset that the next record will get.
    pub fn log_end_offset(&self) -> Offset {
        self.log_end_offset
    }

    /// First offset that is not committed, as far as this replica knows.
    pub fn high_watermark(&self) -> Offset {
        self.high_watermark
    }

    /// Everything below was flushed by Kafka itself; see also [`Log::on_disk`].
    pub fn recovery_point(&self) -> Offset {
        self.recovery_point
    }

    /// Whether no record can be read.
    pub fn is_empty(&self) -> bool {
        self.log_start_offset == self.log_end_offset
    }

    /// Oldest first; there is always at least one.
    pub fn segments(&self) -> &[Rc<LogSegment>] {
        &self.segments
    }

    /// The segment that is appended to.
    pub fn active_segment(&self) -> &LogSegment {
        self.segments.last().expect("a log has an active segment")
    }

    pub(super) fn active_segment_mut(&mut self) -> &mut LogSegment {
        Rc::make_mut(self.segments.last_mut().expect("a log has an active segment"))
    }

    /// All batches on disk, oldest first; also those before the log start that still share a segment with it.
    pub fn batches(&self) -> impl DoubleEndedIterator<Item = &RecordBatch> + Clone + '_ {
        self.segments.iter().flat_map(|segment| segment.batches())
    }

    /// Bytes of all segments.
    pub fn size_in_bytes(&self) -> i64 {
        self.segments.iter().map(|segment| segment.size_in_bytes() as i64).sum()
    }

    pub fn leader_epoch_cache(&self) -> &LeaderEpochCache {
        &self.leader_epochs
    }

    /// The latest epoch that is known; after an append, that of the last batch.
    pub fn latest_epoch(&self) -> Option<LeaderEpoch> {
        self.leader_epochs.latest_epoch()
    }

    /// Where `epoch`, or the largest one below it, ended in this log: see [`LeaderEpochCache::end_offset_for`].
    pub fn end_offset_for_epoch(&self, epoch: LeaderEpoch) -> Option<OffsetAndEpoch> {
        self.leader_epochs.end_offset_for(epoch, self.log_end_offset)
    }

    /// A new leader notes its epoch and where it begins, before it has any record (`Partition.makeLeader`).
    pub fn assign_epoch_start_offset(&mut self, epoch: LeaderEpoch, start_offset: Offset) {
        self.leader_epochs.assign(epoch, start_offset);
    }

    pub fn producer_state(&self) -> &ProducerState {
        &self.producers
    }

    /// Forgets producers that have written nothing for `producer.id.expiration.ms`, by the time of their records.
    pub fn remove_expired_producers(&mut self, now_ms: i64) {
        self.producers.remove_expired(now_ms, self.config.producer_id_expiration_ms);
    }

    pub(super) fn out_of_range(&self, offset: Offset) -> LogError {
        LogError::OffsetOutOfRange {
            partition: self.partition.clone(),
            offset,
            log_start_offset: self.log_start_offset,
            log_end_offset: self.log_end_offset,
        }
    }

    // High watermark.

    /// Sets the high watermark, kept between log start and log end, and returns it. It may go down: a follower takes
    /// what its leader says.
    pub fn update_high_watermark(&mut self, offset: Offset) -> Offset {
        self.high_watermark = offset.clamp(self.log_start_offset, self.log_end_offset);
        self.high_watermark
    }

    /// Raises the high watermark, as a leader does; never lowers it. Returns the old one if it moved.
    ///
    /// # Panics
    /// Beyond the log end: a leader computes it as a minimum over log ends, its own included.
    pub fn maybe_increment_high_watermark(&mut self, offset: Offset) -> Option<Offset> {
        assert!(
            offset <= self.log_end_offset,
            "high watermark {offset} of {} is not beyond the log end {}",
            self.partition,
            self.log_end_offset
        );
        let old = self.high_watermark;
        (offset > old || (offset < old && offset >= self.log_start_offset && breaks(Mutation::HighWatermarkGoesBack)))
            .then(|| {
                self.high_watermark = offset;
                old
            })
    }

    // Cutting.

    /// Cuts the log so that no offset from `target_offset` on is left, and returns whether there was any. Producers
    /// and epochs follow. Even if nothing is cut, epochs without records at the end are forgotten: this broker may
    /// have led without writing anything.
    pub fn truncate_to(&mut self, target_offset: Offset, now_ms: i64) -> bool {
        let target_offset = target_offset.max(0);
        if target_offset >= self.log_end_offset {
            self.leader_epochs.truncate_from_end(self.log_end_offset);
            return false;
        }
        if target_offset < self.segments[0].base_offset() {
            self.truncate_fully_and_start_at(target_offset, now_ms);
            return true;
        }
        while self.active_segment().base_offset() > target_offset {
            // One segment always stays below: the first, which begins at the target or before it.
            self.segments.pop();
            self.truncate_cleaner_checkpoint();
        }
        self.active_segment_mut().truncate_to(target_offset, now_ms);
        self.log_end_offset = target_offset;
        self.recovery_point = self.recovery_point.min(target_offset);
        self.checkpoint_recovery_point();
        self.page_cache.truncate(target_offset);
        self.leader_epochs.truncate_from_end(target_offset);
        self.log_start_offset = self.log_start_offset.min(target_offset);
        self.rebuild_producer_state(now_ms);
        self.high_watermark = self.high_watermark.min(self.log_end_offset);
        true
    }

    /// Drops everything; the log is empty, begins at `offset`, and that is its next offset.
    pub fn truncate_fully_and_start_at(&mut self, offset: Offset, now_ms: i64) {
        self.segments = vec![Rc::new(LogSegment::new(offset, now_ms))];
        self.truncate_cleaner_checkpoint();
        self.leader_epochs.clear();
        self.producers.truncate_fully_and_start_at(offset);
        self.log_end_offset = offset;
        self.log_start_offset = offset;
        self.recovery_point = self.recovery_point.min(offset);
        self.checkpoint_recovery_point();
        self.page_cache.truncate(offset);
        self.high_watermark = offset;
    }

    /// Moves the log start up, as `DeleteRecords` and followers do; never down. No byte inside a segment is removed.
    /// Returns whether it moved.
    ///
    /// # Errors
    /// [`LogError::OffsetOutOfRange`] beyond the high watermark.
    pub fn maybe_increment_log_start_offset(&mut self, offset: Offset) -> Result<bool, LogError> {
        if offset > self.high_watermark && !breaks(Mutation::DeletedBeyondHighWatermark) {
            return Err(self.out_of_range(offset));
        }
        if offset <= self.log_start_offset {
            return Ok(false);
        }
        self.log_start_offset = offset;
        self.recovery_point = self.recovery_point.max(offset);
        self.leader_epochs.truncate_from_start(offset);
        self.producers.on_log_start_offset_incremented(offset);
        Ok(true)
    }

    pub(super) fn rebuild_producer_state(&mut self, now_ms: i64) {
        let expiration_ms = self.config.producer_id_expiration_ms;
        let was_empty = self.producers.is_empty_up_to(self.log_end_offset);
        self.producers.truncate_and_reload(self.log_start_offset, self.log_end_offset, now_ms, expiration_ms);
        if !was_empty {
            self.replay_producers();
        }
        self.producers.set_map_end_offset(self.log_end_offset);
        self.producers.take_snapshot();
    }

    /// Reads the producers from the log, from where they are known on. The last two segments get a snapshot each.
    pub(super) fn replay_producers(&mut self) {
        let from = self.producers.map_end_offset().max(self.log_start_offset);
        if from >= self.log_end_offset {
            return;
        }
        let with_snapshot = self.segments.len().saturating_sub(2);
        for (i, segment) in self.segments.iter().enumerate() {
            if segment.last_batch().is_none_or(|last| last.last_offset() < from) {
                continue;
            }
            self.producers.set_map_end_offset(segment.base_offset().max(from));
            if i >= with_snapshot && segment.base_offset() >= from {
                self.producers.take_snapshot();
            }
            for stored in segment.stored_from(segment.place_of(from)) {
                self.producers.update(&stored.batch);
            }
        }
    }
}
