//! Rewriting the segments of a log with what stays of them (`Cleaner.doClean`).

use std::rc::Rc;

use super::log_to_clean::LogToClean;
use super::offset_map::OffsetMap;
use super::retention::Retention;
use crate::kafka::ids::Offset;
use crate::kafka::log::index::{OffsetIndexEntry, TimeIndexEntry};
use crate::kafka::log::{Log, LogSegment};
use crate::kafka::record::RecordBatch;

/// What a cleaning has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Cleaning {
    /// The next cleaning begins here.
    pub end_offset: Offset,
    /// Records that were read, and of these the ones that are gone.
    pub records_before: u32,
    pub records_removed: u32,
    /// Of the ones that are gone, tombstones whose time was over.
    pub tombstones_removed: u32,
}

impl Log {
    /// Cleans the log: all segments from its beginning up to what cannot be cleaned are read, and rewritten with what
    /// stays, small ones together. `what` is what [`Log::to_clean`] has found, `now_ms` the broker's clock.
    pub fn clean(&mut self, what: &LogToClean, now_ms: i64) -> Cleaning {
        let offsets = self.offset_map(what.first_dirty_offset, what.first_uncleanable_offset);
        let mut done = Cleaning { end_offset: offsets.latest_offset() + 1, ..Cleaning::default() };
        let end = self.segments_below(done.end_offset);
        let mut segments = Vec::with_capacity(self.segments.len());
        for group in self.group_by_size(&self.segments[..end], what.first_uncleanable_offset) {
            segments.push(Rc::new(self.clean_group(group, &offsets, what, now_ms, &mut done)));
        }
        let gone: Vec<Offset> = self.segments[..end]
            .iter()
            .map(|segment| segment.base_offset())
            .filter(|base_offset| segments.iter().all(|kept| kept.base_offset() != *base_offset))
            .collect();
        segments.extend(self.segments.drain(..).skip(end));
        self.segments = segments;
        self.producers.remove_snapshots(&gone);
        self.cleaner_checkpoint = Some(done.end_offset);
        done
    }

    /// Where the next cleaning begins, as in the file `cleaner-offset-checkpoint`; None: it was never cleaned.
    pub fn cleaner_checkpoint(&self) -> Option<Offset> {
        self.cleaner_checkpoint
    }

    /// What is appended from the active segment's base offset on was never cleaned.
    pub(in crate::kafka::log) fn truncate_cleaner_checkpoint(&mut self) {
        let base_offset = self.active_segment().base_offset();
        self.cleaner_checkpoint = self.cleaner_checkpoint.map(|checkpoint| checkpoint.min(base_offset));
    }

    /// Reads the keys of the dirty part. Of a batch that cannot be read no key is known, so all of it stays.
    fn offset_map(&self, from: Offset, to: Offset) -> OffsetMap {
        let mut map = OffsetMap::new();
        let dirty = self.segments_between(from, to);
        for (index, segment) in dirty.iter().enumerate() {
            for batch in segment.stored_from(segment.place_of(from)).map(|stored| &stored.batch) {
                if let Ok(data) = batch.record_data()
                    && !batch.is_control()
                {
                    for view in data.views().map_while(Result::ok).filter(|view| view.offset >= from) {
                        view.key.into_iter().for_each(|key| map.put(key, view.offset));
                    }
                }
                map.update_latest_offset(batch.last_offset());
            }
            // Also if the segment ends in a gap.
            let next = dirty.get(index + 1).map_or(to, |next| next.base_offset());
            map.update_latest_offset(next - 1);
        }
        map
    }

    /// Segments that make one together: neither its size, nor its indexes, nor its offsets would be too large.
    fn group_by_size<'a>(&self, segments: &'a [Rc<LogSegment>], end: Offset) -> Vec<&'a [Rc<LogSegment>]> {
        let sizes = |segment: &LogSegment| {
            [
                i64::from(segment.size_in_bytes()),
                segment.offset_index().count() as i64 * i64::from(OffsetIndexEntry::SIZE),
                segment.time_index().count() as i64 * i64::from(TimeIndexEntry::SIZE),
            ]
        };
        let index_bytes = i64::from(self.config.segment_index_bytes);
        let most = [i64::from(self.config.segment_bytes), index_bytes, index_bytes];
        let mut groups = Vec::new();
        let mut rest = segments;
        while let Some((first, others)) = rest.split_first() {
            let mut total = sizes(first);
            let mut count = 1;
            for (place, segment) in others.iter().enumerate() {
                let with_it = sizes(segment).into_iter().zip(total).map(|(size, total)| total + size);
                let with_it: Vec<i64> = with_it.collect();
                let last_offset = others.get(place + 1).map_or(end, |next| next.base_offset()) - 1;
                let is_near = segment.is_empty() || last_offset - first.base_offset() <= i64::from(i32::MAX);
                if !is_near || with_it.iter().zip(most).any(|(size, most)| *size > most) {
                    break;
                }
                total.copy_from_slice(&with_it);
                count += 1;
            }
            let (group, others) = rest.split_at(count);
            groups.push(group);
            rest = others;
        }
        groups
    }

    /// A segment with what stays of these, of the first one's name and the last one's age.
    fn clean_group(
        &self,
        group: &[Rc<LogSegment>],
        offsets: &OffsetMap,
        what: &LogToClean,
        now_ms: i64,
        done: &mut Cleaning,
    ) -> LogSegment {
        let retention = Retention {
            offsets,
            producers: &self.producers,
            upper_bound_offset: what.first_uncleanable_offset,
            now_ms,
            delete_retention_ms: self.config.delete_retention_ms,
        };
        let base_offset = group.first().map_or(0, |segment| segment.base_offset());
        let created_ms = group.last().map_or(now_ms, |segment| segment.created_ms());
        let mut cleaned = LogSegment::new(base_offset, created_ms);
        let batches = group.iter().flat_map(|segment| segment.batches());
        let kept: Vec<RecordBatch> = batches.filter_map(|batch| retention.of_batch(batch, done)).collect();
        for batch in kept {
            cleaned.append(batch, self.config.index_interval_bytes);
        }
        cleaned.become_inactive();
        cleaned
    }
}
