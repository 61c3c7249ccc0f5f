//! Deletion of old segments (`UnifiedLog.deleteOldSegments`): whole ones only, from the oldest on, without gap.

use super::log::Log;
use super::segment::LogSegment;
use crate::kafka::ids::Offset;

impl Log {
    /// Deletes what `retention.ms`, `retention.bytes` and the log start let go, and moves the log start up to the first
    /// segment that is left. Returns whether anything was deleted. A segment goes only when all of it is committed; the
    /// active one may go, too, and a new one is begun before.
    pub fn delete_old_segments(&mut self, now_ms: i64) -> bool {
        let mut is_deleted = false;
        if self.config.is_deleted_by_retention {
            is_deleted |= self.delete_by_age(now_ms);
            is_deleted |= self.delete_by_size(now_ms);
        }
        is_deleted |= self.delete_below_log_start(now_ms);
        is_deleted
    }

    /// Segments whose largest record time is longer ago than `retention.ms`. A time in the future keeps its segment.
    fn delete_by_age(&mut self, now_ms: i64) -> bool {
        let retention_ms = self.config.retention_ms;
        if retention_ms < 0 {
            return false;
        }
        self.delete_while(now_ms, |segment, _| now_ms.saturating_sub(segment.largest_timestamp()) > retention_ms)
    }

    /// Segments without which the log still has `retention.bytes`.
    fn delete_by_size(&mut self, now_ms: i64) -> bool {
        let retention_bytes = self.config.retention_bytes;
        let mut surplus = self.size_in_bytes() - retention_bytes;
        if retention_bytes < 0 || surplus < 0 {
            return false;
        }
        self.delete_while(now_ms, |segment, _| {
            let left = surplus - i64::from(segment.size_in_bytes());
            if left >= 0 {
                surplus = left;
            }
            left >= 0
        })
    }

    /// Segments that lie below the log start with all their records.
    fn delete_below_log_start(&mut self, now_ms: i64) -> bool {
        let log_start_offset = self.log_start_offset;
        self.delete_while(now_ms, |_, next| next.is_some_and(|next| next <= log_start_offset))
    }

    /// Deletes from the oldest segment on while `may_go` says so of the segment and the next one's base offset.
    fn delete_while(&mut self, now_ms: i64, mut may_go: impl FnMut(&LogSegment, Option<Offset>) -> bool) -> bool {
        let mut count = 0;
        for (index, segment) in self.segments.iter().enumerate() {
            let next = self.segments.get(index + 1).map(|next| next.base_offset());
            let is_last_and_empty = next.is_none() && segment.is_empty();
            let is_committed = self.high_watermark >= next.unwrap_or(self.log_end_offset);
            if is_last_and_empty || !is_committed || !may_go(segment, next) {
                break;
            }
            count += 1;
        }
        if count == 0 {
            return false;
        }
        if count == self.segments.len() {
            self.roll(self.log_end_offset, now_ms);
        }
        self.segments.drain(..count);
        let first_offset = self.segments[0].base_offset();
        // What is deleted was committed, so this is not beyond the high watermark.
        let _has_moved = self.maybe_increment_log_start_offset(first_offset);
        true
    }
}
