//! What compaction may do to a batch and to a log: take away records that a later one of the same key has replaced, and
//! after a while the tombstones.

use std::collections::BTreeMap;

use super::committed::CommittedLog;
use crate::kafka::ids::Offset;
use crate::kafka::record::{Record, RecordBatch};

/// Whether `batch` is `whole`, or what a cleaning has left of it: the same place, the same producer, and none but its
/// records.
pub fn is_left_of(batch: &RecordBatch, whole: &RecordBatch) -> bool {
    let frame = |batch: &RecordBatch| {
        (batch.base_offset(), batch.last_offset(), batch.leader_epoch(), batch.producer_sequence(), batch.is_control())
    };
    if batch == whole {
        return true;
    }
    let (Ok(left), Ok(all)) = (records(batch), records(whole)) else { return false };
    frame(batch) == frame(whole) && left.iter().all(|record| all.contains(record))
}

/// The records of a batch.
pub fn records(batch: &RecordBatch) -> Result<Vec<Record>, crate::kafka::record::RecordError> {
    batch.records().collect()
}

/// The last offset of each key among all that was committed below `to`.
pub fn last_offsets(log: &CommittedLog, to: Offset) -> BTreeMap<Vec<u8>, Offset> {
    let batches = log.batches.iter().map(|committed| &committed.batch).take_while(|batch| batch.base_offset() < to);
    let records = batches.flat_map(|batch| batch.records().map_while(Result::ok));
    let keyed = records.filter(|record| record.offset < to);
    keyed.filter_map(|record| Some((record.key?.to_vec(), record.offset))).collect()
}

/// Whether a record may be gone from a compacted log by now: it is not the last of its key, or a tombstone.
pub fn may_be_gone(record: &Record, last_offsets: &BTreeMap<Vec<u8>, Offset>) -> bool {
    let key = record.key.as_deref().unwrap_or_default();
    record.value.is_none() || last_offsets.get(key).is_some_and(|last| *last > record.offset)
}
