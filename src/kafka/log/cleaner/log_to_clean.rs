//! Which part of a log can be cleaned, and how dirty it is (`LogToClean`, `LogCleanerManager.cleanableOffsets`).

use std::cmp::Ordering;
use std::rc::Rc;

use crate::kafka::ids::Offset;
use crate::kafka::log::{Log, LogSegment};

/// A whole, as `min.cleanable.dirty.ratio` is counted.
pub const RATIO_ONE: i64 = 1_000_000_000;

/// What a look at a compacted log has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogToClean {
    /// Everything below was cleaned before.
    pub first_dirty_offset: Offset,
    /// Base offset of the first segment that cannot be cleaned.
    pub first_uncleanable_offset: Offset,
    /// Bytes of the segments that begin below the first dirty offset.
    pub clean_bytes: i64,
    /// Bytes of the segments in between.
    pub cleanable_bytes: i64,
    /// A record has waited for `max.compaction.lag.ms`.
    pub needs_compaction_now: bool,
}

impl LogToClean {
    fn total_bytes(&self) -> i64 {
        self.clean_bytes + self.cleanable_bytes
    }

    /// Whether the log is to be cleaned: more of it is dirty than `min.cleanable.dirty.ratio` (in billionths), or a
    /// record has waited too long.
    pub fn is_cleanable(&self, min_ratio: i64) -> bool {
        let is_dirty = i128::from(self.cleanable_bytes) * i128::from(RATIO_ONE)
            > i128::from(self.total_bytes()) * i128::from(min_ratio);
        self.total_bytes() > 0 && (is_dirty || (self.needs_compaction_now && self.cleanable_bytes > 0))
    }

    /// By the share that is dirty.
    pub fn cmp_by_dirty_ratio(&self, other: &LogToClean) -> Ordering {
        let cross = |one: &LogToClean, other: &LogToClean| {
            i128::from(one.cleanable_bytes) * i128::from(other.total_bytes().max(1))
        };
        cross(self, other).cmp(&cross(other, self))
    }
}

impl Log {
    /// What of the log can be cleaned at `now_ms` (epoch milliseconds): from the first dirty offset up to the active
    /// segment, the high watermark, or the first segment with a record that is younger than
    /// `min.compaction.lag.ms`, whichever comes first.
    pub fn to_clean(&self, now_ms: i64) -> LogToClean {
        let checkpoint = self.cleaner_checkpoint.unwrap_or(self.log_start_offset);
        let is_valid = (self.log_start_offset..=self.log_end_offset).contains(&checkpoint);
        let first_dirty_offset = if is_valid { checkpoint } else { self.log_start_offset };
        let dirty = self.non_active_segments_from(first_dirty_offset);
        // Nothing at or above the last stable offset: without transactions that is the high watermark.
        let mut bound = self.high_watermark.min(self.active_segment().base_offset());
        let min_lag_ms = self.config.min_compaction_lag_ms;
        if min_lag_ms > 0 {
            let is_young = |segment: &&Rc<LogSegment>| segment.largest_timestamp() > now_ms.saturating_sub(min_lag_ms);
            bound = dirty.iter().find(is_young).map_or(bound, |segment| bound.min(segment.base_offset()));
        }
        let bound = bound.max(first_dirty_offset);
        let uncleanable = self.non_active_segments_from(bound).first();
        let first_uncleanable_offset = uncleanable.map_or(self.active_segment().base_offset(), |it| it.base_offset());
        let from = first_dirty_offset.min(first_uncleanable_offset);
        LogToClean {
            first_dirty_offset,
            first_uncleanable_offset,
            clean_bytes: bytes(&self.segments[..self.segments_below(first_dirty_offset)]),
            cleanable_bytes: bytes(self.segments_between(from, first_uncleanable_offset)),
            needs_compaction_now: self.has_waited_too_long(dirty, now_ms),
        }
    }

    /// Whether the first batch of a dirty segment is older than `max.compaction.lag.ms`.
    fn has_waited_too_long(&self, dirty: &[Rc<LogSegment>], now_ms: i64) -> bool {
        let first_time = |segment: &Rc<LogSegment>| Some(segment.batches().next()?.max_timestamp());
        let earliest = dirty.iter().filter_map(first_time).filter(|timestamp| *timestamp > 0).min();
        earliest.is_some_and(|earliest| earliest < now_ms.saturating_sub(self.config.max_compaction_lag_ms))
    }

    /// How many segments begin below `offset`.
    pub(super) fn segments_below(&self, offset: Offset) -> usize {
        self.segments.partition_point(|segment| segment.base_offset() < offset)
    }

    /// The segments with offsets from `from` on that begin below `to`.
    pub(super) fn segments_between(&self, from: Offset, to: Offset) -> &[Rc<LogSegment>] {
        let first = self.segments.partition_point(|segment| segment.base_offset() <= from).saturating_sub(1);
        let end = self.segments_below(to);
        if from >= to || first >= end { &[] } else { &self.segments[first..end] }
    }

    fn non_active_segments_from(&self, from: Offset) -> &[Rc<LogSegment>] {
        self.segments_between(from, self.active_segment().base_offset())
    }
}

fn bytes(segments: &[Rc<LogSegment>]) -> i64 {
    segments.iter().map(|segment| i64::from(segment.size_in_bytes())).sum()
}
