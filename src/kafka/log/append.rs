//! Appending to a log: at a leader, which checks and numbers what it is given, and at a follower, which takes it.

use std::rc::Rc;

use super::error::LogError;
use super::log::Log;
use super::segment::{LogSegment, RollParams};
use super::validator;
use crate::kafka::ids::{LeaderEpoch, Offset};
use crate::kafka::mutation::{Mutation, breaks};
use crate::kafka::record::{RecordBatch, TimestampType};

/// Who appends, which decides what is checked (`AppendOrigin`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AppendOrigin {
    /// A Produce request: everything is checked.
    Client,
    /// A coordinator on the leader itself: offset commits and markers have no sequence numbers.
    Coordinator,
    /// A follower copying its leader: was checked there.
    Replication,
}

/// What an append did (`LogAppendInfo`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AppendInfo {
    pub first_offset: Offset,
    pub last_offset: Offset,
    /// Largest timestamp of the records, epoch milliseconds.
    pub max_timestamp: i64,
    /// Time of the append if the topic keeps that; of a duplicate, the largest timestamp of the batch appended
    /// first; else -1.
    pub log_append_time: i64,
    pub log_start_offset: Offset,
    pub size_in_bytes: i32,
    /// Nothing was appended: the batch is one of the producer's last five, and these are its offsets.
    pub is_duplicate: bool,
    /// Base offset of the segment that had to begin first.
    pub rolled_segment: Option<Offset>,
}

impl Log {
    /// Appends a batch at the leader: checks it, gives it the next offsets and the leader's epoch, and notes its
    /// producer. `origin` is a client or a coordinator.
    ///
    /// # Errors
    /// Nothing is appended. See [`LogError`]; a duplicate is no error, see [`AppendInfo::is_duplicate`].
    pub fn append_as_leader(
        &mut self,
        batch: &RecordBatch,
        leader_epoch: LeaderEpoch,
        origin: AppendOrigin,
        now_ms: i64,
    ) -> Result<AppendInfo, LogError> {
        let config = Rc::clone(&self.config);
        validator::analyze(batch, origin, &self.partition, &config)?;
        let batch = validator::validate(batch, origin, &self.partition, &config, now_ms)?
            .with_offset_and_epoch(self.log_end_offset, leader_epoch);
        let rolled_segment = self.prepare_append(std::slice::from_ref(&batch), now_ms)?;
        let mut info = AppendInfo {
            first_offset: batch.base_offset(),
            last_offset: batch.last_offset(),
            max_timestamp: batch.max_timestamp(),
            log_append_time: match config.message_timestamp_type {
                TimestampType::CreateTime => -1,
                TimestampType::LogAppendTime => now_ms,
            },
            log_start_offset: self.log_start_offset,
            size_in_bytes: batch.size_in_bytes(),
            is_duplicate: false,
            rolled_segment,
        };
        if batch.has_producer_id() && !breaks(Mutation::NoSequenceCheck) {
            let duplicate = (origin == AppendOrigin::Client).then(|| self.producers.find_duplicate(&batch)).flatten();
            if let Some(first) = duplicate {
                info.first_offset = first.first_offset();
                info.last_offset = first.last_offset;
                info.log_append_time = first.timestamp;
                info.is_duplicate = true;
                return Ok(info);
            }
            self.producers.check(&batch, origin, &self.partition)?;
        }
        self.write(std::slice::from_ref(&batch));
        Ok(info)
    }

    /// Appends what a leader answered to a follower's fetch, in one write, with the offsets and epochs that the
    /// leader gave. Nothing of the producers is checked. An empty list does nothing.
    ///
    /// A log whose start lies inside the first of the batches (records before it were deleted at the leader) and
    /// that holds nothing begins anew at that batch, as `Partition.doAppendRecordsToFollowerOrFutureReplica` does.
    ///
    /// # Errors
    /// [`LogError::CorruptMessage`], [`LogError::RecordListTooLarge`], or [`LogError::UnexpectedAppendOffset`] for
    /// batches before the log end or out of order. Nothing is appended.
    pub fn append_as_follower(&mut self, batches: &[RecordBatch], now_ms: i64) -> Result<Option<AppendInfo>, LogError> {
        let (Some(first), Some(last)) = (batches.first(), batches.last()) else { return Ok(None) };
        batches.iter().try_for_each(|batch| validator::check_crc(batch, &self.partition))?;
        let unexpected = |batch: &RecordBatch, log_end_offset| LogError::UnexpectedAppendOffset {
            partition: self.partition.clone(),
            base_offset: batch.base_offset(),
            last_offset: batch.last_offset(),
            log_end_offset,
        };
        if let Some(pair) = batches.windows(2).find(|pair| pair[1].base_offset() < pair[0].next_offset()) {
            return Err(unexpected(&pair[1], pair[0].next_offset()));
        }
        if first.base_offset() < self.log_end_offset {
            if !self.is_empty() || last.last_offset() < self.log_end_offset {
                return Err(unexpected(first, self.log_end_offset));
            }
            self.truncate_fully_and_start_at(first.base_offset(), now_ms);
        }
        let rolled_segment = self.prepare_append(batches, now_ms)?;
        self.write(batches);
        Ok(Some(AppendInfo {
            first_offset: first.base_offset(),
            last_offset: last.last_offset(),
            max_timestamp: max_timestamp(batches),
            log_append_time: -1,
            log_start_offset: self.log_start_offset,
            size_in_bytes: size_of(batches) as i32,
            is_duplicate: false,
            rolled_segment,
        }))
    }

    /// Notes the epochs and rolls the segment if need be. As in Kafka both happen before the producers are checked,
    /// so also for a batch that is refused after that.
    fn prepare_append(&mut self, batches: &[RecordBatch], now_ms: i64) -> Result<Option<Offset>, LogError> {
        for batch in batches {
            self.leader_epochs.assign(batch.leader_epoch(), batch.base_offset());
        }
        let size = size_of(batches);
        if size > self.config.segment_bytes as i64 {
            return Err(LogError::RecordListTooLarge {
                partition: self.partition.clone(),
                size: size.min(i32::MAX as i64) as i32,
                segment_bytes: self.config.segment_bytes,
            });
        }
        let (first_offset, last_offset) = match (batches.first(), batches.last()) {
            (Some(first), Some(last)) => (first.base_offset(), last.last_offset()),
            _ => return Ok(None),
        };
        let next =
            RollParams { size_in_bytes: size as i32, last_offset, max_timestamp: max_timestamp(batches), now_ms };
        if !self.active_segment().should_roll(next, &self.config) {
            return Ok(None);
        }
        self.roll(first_offset, now_ms);
        Ok(Some(first_offset))
    }

    /// Begins a new segment. An empty one of the same base offset is only made anew. The old one is flushed, which
    /// a broker does a moment later in the background.
    pub(super) fn roll(&mut self, base_offset: Offset, now_ms: i64) {
        let new_segment = Rc::new(LogSegment::new(base_offset, now_ms));
        if self.active_segment().base_offset() == base_offset && self.active_segment().is_empty() {
            self.segments.pop();
        } else {
            self.active_segment_mut().become_inactive();
        }
        self.segments.push(new_segment);
        self.producers.set_map_end_offset(base_offset);
        self.producers.take_snapshot();
        self.recovery_point = self.recovery_point.max(base_offset);
    }

    fn write(&mut self, batches: &[RecordBatch]) {
        let index_interval_bytes = self.config.index_interval_bytes;
        for batch in batches {
            self.active_segment_mut().append(batch.clone(), index_interval_bytes);
            self.producers.update(batch);
            self.log_end_offset = batch.next_offset();
        }
    }
}

fn size_of(batches: &[RecordBatch]) -> i64 {
    batches.iter().map(|batch| batch.size_in_bytes() as i64).sum()
}

fn max_timestamp(batches: &[RecordBatch]) -> i64 {
    batches.iter().map(RecordBatch::max_timestamp).fold(-1, i64::max)
}
