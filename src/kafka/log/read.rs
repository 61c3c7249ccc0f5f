//! Reading a log: from an offset, up to a bound; and looking for an offset by time.

use super::error::LogError;
use super::log::Log;
use super::segment::LogSegment;
use crate::kafka::ids::{LeaderEpoch, Offset};
use crate::kafka::record::RecordBatch;

/// An offset and where it lies in the files (`LogOffsetMetadata`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LogOffsetMetadata {
    pub offset: Offset,
    pub segment_base_offset: Offset,
    /// Byte position in the segment of the batch that holds the offset.
    pub relative_position: i32,
}

/// A record found by its time (`FileRecords.TimestampAndOffset`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimestampAndOffset {
    /// Epoch milliseconds.
    pub timestamp: i64,
    pub offset: Offset,
    pub leader_epoch: LeaderEpoch,
}

impl Log {
    /// Whole batches from the one that holds `from_offset` on, below `upper_bound_offset` (high watermark for
    /// consumers, log end for followers). They end with the segment they begin in. The first comes even if it is
    /// larger than `max_bytes`, if `min_one_batch` (KIP-74); the others only if they fit.
    ///
    /// # Errors
    /// [`LogError::OffsetOutOfRange`] before the log's start or after its end; the end itself is an empty answer.
    pub fn read(
        &self,
        from_offset: Offset,
        max_bytes: i32,
        upper_bound_offset: Offset,
        min_one_batch: bool,
    ) -> Result<Vec<RecordBatch>, LogError> {
        if from_offset < self.log_start_offset() || from_offset > self.log_end_offset() {
            return Err(self.out_of_range(from_offset));
        }
        let mut batches = Vec::new();
        let Some((segment, place)) = self.find(from_offset) else { return Ok(batches) };
        let mut bytes = 0_i64;
        for stored in segment.stored_from(place) {
            let is_first_of_all = batches.is_empty() && min_one_batch;
            bytes += stored.batch.size_in_bytes() as i64;
            if stored.batch.last_offset() >= upper_bound_offset || (bytes > max_bytes as i64 && !is_first_of_all) {
                break;
            }
            batches.push(stored.batch.clone());
        }
        Ok(batches)
    }

    /// Where an offset lies; for the log end, where the next batch will. `None` outside the log.
    pub fn offset_metadata(&self, offset: Offset) -> Option<LogOffsetMetadata> {
        if offset < self.log_start_offset() || offset > self.log_end_offset() {
            return None;
        }
        Some(match self.find(offset) {
            Some((segment, place)) => LogOffsetMetadata {
                offset,
                segment_base_offset: segment.base_offset(),
                relative_position: segment.stored_from(place).next().map_or(0, |stored| stored.position),
            },
            None => LogOffsetMetadata {
                offset,
                segment_base_offset: self.active_segment().base_offset(),
                relative_position: self.active_segment().size_in_bytes(),
            },
        })
    }

    /// The first batch whose last offset is not below `offset`, as its segment and its place there.
    pub(super) fn find(&self, offset: Offset) -> Option<(&LogSegment, usize)> {
        let after = self.segments().partition_point(|segment| segment.base_offset() <= offset);
        self.segments()[after.saturating_sub(1)..].iter().find_map(|segment| {
            let place = segment.place_of(offset);
            (place < segment.batch_count()).then_some((&**segment, place))
        })
    }

    /// The first record, by offset, whose time is `timestamp` or later, among those that can be read
    /// (`ListOffsets` by time). As in Kafka only the first segment that reaches that time is searched.
    pub fn offset_for_time(&self, timestamp: i64) -> Option<TimestampAndOffset> {
        let segment = self.segments().iter().find(|segment| segment.max_timestamp_so_far().timestamp >= timestamp)?;
        let first_readable = segment.place_of(self.log_start_offset());
        segment.stored_from(first_readable).filter(|stored| stored.batch.max_timestamp() >= timestamp).find_map(
            |stored| first_record(&stored.batch, |time, offset| time >= timestamp && offset >= self.log_start_offset()),
        )
    }

    /// The first record that has the largest time of the log (`ListOffsets` with -3, KIP-734). The log start is not
    /// heeded: the offset may be one that was deleted.
    pub fn offset_of_max_timestamp(&self) -> Option<TimestampAndOffset> {
        let mut latest = self.segments().first()?;
        for segment in self.segments() {
            if segment.max_timestamp_so_far().timestamp > latest.max_timestamp_so_far().timestamp {
                latest = segment;
            }
        }
        let target = latest.max_timestamp_so_far();
        let place = latest.place_of(target.offset);
        let batch = &latest.stored_from(place).find(|stored| stored.batch.max_timestamp() == target.timestamp)?.batch;
        first_record(batch, |time, _| time == target.timestamp)
    }
}

fn first_record(batch: &RecordBatch, is_wanted: impl Fn(i64, Offset) -> bool) -> Option<TimestampAndOffset> {
    let data = batch.record_data().ok()?;
    let view = data.views().map_while(Result::ok).find(|view| is_wanted(view.timestamp, view.offset))?;
    Some(TimestampAndOffset { timestamp: view.timestamp, offset: view.offset, leader_epoch: batch.leader_epoch() })
}
