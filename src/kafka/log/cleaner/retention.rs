//! What stays of a batch when its log is cleaned (`Cleaner.cleanInto`, `MemoryRecords.filterTo`).

use super::cleaning::Cleaning;
use super::offset_map::OffsetMap;
use crate::kafka::ids::Offset;
use crate::kafka::log::ProducerState;
use crate::kafka::mutation::{Mutation, breaks};
use crate::kafka::record::{RecordBatch, RecordView};

/// What the cleaning of a log goes by.
pub(super) struct Retention<'a> {
    pub offsets: &'a OffsetMap,
    pub producers: &'a ProducerState,
    /// First offset that this round does not touch.
    pub upper_bound_offset: Offset,
    pub now_ms: i64,
    /// `delete.retention.ms`.
    pub delete_retention_ms: i64,
}

impl Retention<'_> {
    /// The batch as it stays: as it is, with fewer records, without any, or with a delete horizon; None: it goes.
    /// Counts in `done` what was read and what goes.
    ///
    /// Markers of transactions stay as they are: when they may go depends on the records of their transactions. So
    /// does a batch whose records cannot be read.
    pub fn of_batch(&self, batch: &RecordBatch, done: &mut Cleaning) -> Option<RecordBatch> {
        done.records_before += batch.record_count().max(0) as u32;
        if batch.is_control() {
            return Some(batch.clone());
        }
        let Ok(data) = batch.record_data() else { return Some(batch.clone()) };
        let Ok(views) = data.views().collect::<Result<Vec<RecordView<'_>>, _>>() else { return Some(batch.clone()) };
        let horizon = batch.has_delete_horizon().then(|| batch.base_timestamp());
        let (kept, gone): (Vec<_>, Vec<_>) = views.into_iter().partition(|view| self.retains(view, horizon));
        done.records_removed += gone.len() as u32;
        let is_last_of_key =
            |view: &&RecordView<'_>| view.key.is_some_and(|key| !self.offsets.supersedes(key, view.offset));
        done.tombstones_removed += gone.iter().filter(is_last_of_key).count() as u32;
        if kept.is_empty() {
            return self.retains_empty(batch).then(|| batch.emptied());
        }
        let needs_horizon = horizon.is_none() && kept.iter().any(|view| view.value.is_none());
        if gone.is_empty() && !needs_horizon {
            return Some(batch.clone());
        }
        let new_horizon = needs_horizon.then(|| self.now_ms.saturating_add(self.delete_retention_ms));
        // What cannot be written again stays as it is.
        Some(batch.with_records(&kept, new_horizon.or(horizon)).unwrap_or_else(|_| batch.clone()))
    }

    /// A record stays if it is the last of its key, and then a tombstone until its delete horizon.
    fn retains(&self, view: &RecordView<'_>, horizon: Option<i64>) -> bool {
        if view.offset > self.offsets.latest_offset() {
            return true;
        }
        let Some(key) = view.key else { return false };
        let is_kept_deletion = horizon.is_none_or(|horizon| self.now_ms < horizon);
        let is_kept_deletion = is_kept_deletion && !breaks(Mutation::TombstonesGoAtOnce);
        !self.offsets.supersedes(key, view.offset) && (view.value.is_some() || is_kept_deletion)
    }

    /// A batch without records stays if it is the last of its producer, which makes the sequence numbers survive, or
    /// the last of the round, so that the log's end is still known.
    fn retains_empty(&self, batch: &RecordBatch) -> bool {
        let is_last_of_producer = batch.has_producer_id()
            && self
                .producers
                .entry(batch.producer_id())
                .and_then(|entry| entry.batches.back())
                .is_some_and(|last| last.last_offset == batch.last_offset());
        is_last_of_producer || batch.next_offset() == self.upper_bound_offset
    }
}
