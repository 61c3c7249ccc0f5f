//! One segment of a log: a file of batches named by its base offset, with its two sparse indexes (`LogSegment`).

use std::hash::{Hash, Hasher};

use super::config::LogConfig;
use super::index::{OffsetIndexEntry, TimeIndexEntry};
use super::shared_vec::SharedVec;
use crate::kafka::ids::Offset;
use crate::kafka::record::RecordBatch;

/// A batch where it lies in its segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBatch {
    pub batch: RecordBatch,
    /// Byte position in the segment.
    pub position: i32,
    /// Hash of this batch and all before it in the segment, so that a log is hashed without walking it.
    digest: u64,
}

/// What is about to be appended, as far as rolling depends on it (`RollParams`).
#[derive(Clone, Copy, Debug)]
pub struct RollParams {
    pub size_in_bytes: i32,
    pub last_offset: Offset,
    /// Largest timestamp of what is about to be appended, epoch milliseconds.
    pub max_timestamp: i64,
    pub now_ms: i64,
}

/// A segment. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSegment {
    base_offset: Offset,
    /// When the file was made or opened, epoch milliseconds: counts for rolling if its first batch has no time.
    created_ms: i64,
    batches: SharedVec<StoredBatch>,
    size_in_bytes: i32,
    /// Largest time so far; -1 at the base offset if there is none.
    max_timestamp_so_far: TimeIndexEntry,
    bytes_since_last_index_entry: i32,
    offset_index: SharedVec<OffsetIndexEntry>,
    time_index: SharedVec<TimeIndexEntry>,
}

impl LogSegment {
    pub fn new(base_offset: Offset, created_ms: i64) -> LogSegment {
        LogSegment {
            base_offset,
            created_ms,
            batches: SharedVec::new(),
            size_in_bytes: 0,
            max_timestamp_so_far: TimeIndexEntry { timestamp: -1, offset: base_offset },
            bytes_since_last_index_entry: 0,
            offset_index: SharedVec::new(),
            time_index: SharedVec::new(),
        }
    }

    /// Offset that the file is named after.
    pub fn base_offset(&self) -> Offset {
        self.base_offset
    }

    /// The name of its file, without the folder: 20 digits and `.log`.
    pub fn file_name(&self) -> String {
        format!("{:020}.log", self.base_offset)
    }

    /// When the file was made or opened, epoch milliseconds.
    pub(super) fn created_ms(&self) -> i64 {
        self.created_ms
    }

    /// Bytes of all batches.
    pub fn size_in_bytes(&self) -> i32 {
        self.size_in_bytes
    }

    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    pub fn batch_count(&self) -> usize {
        self.batches.len()
    }

    /// The batches in order.
    pub fn batches(&self) -> impl DoubleEndedIterator<Item = &RecordBatch> + Clone + '_ {
        self.batches.iter().map(|stored| &stored.batch)
    }

    /// The batches from the given place on; see [`LogSegment::place_of`].
    pub fn stored_from(&self, place: usize) -> impl Iterator<Item = &StoredBatch> + '_ {
        self.batches.iter_from(place)
    }

    /// Place of the first batch whose last offset is not below `offset`; [`LogSegment::batch_count`] if there is none.
    pub fn place_of(&self, offset: Offset) -> usize {
        self.batches.partition_point(|stored| stored.batch.last_offset() < offset)
    }

    pub fn last_batch(&self) -> Option<&RecordBatch> {
        self.batches.last().map(|stored| &stored.batch)
    }

    /// Largest time of its batches and the last offset of the first batch that has it; time -1 if there is none.
    pub fn max_timestamp_so_far(&self) -> TimeIndexEntry {
        self.max_timestamp_so_far
    }

    /// The time by which the segment's age counts, epoch milliseconds: the largest of its records, or that of its
    /// making while it has none.
    pub fn largest_timestamp(&self) -> i64 {
        match self.max_timestamp_so_far.timestamp {
            timestamp if timestamp >= 0 => timestamp,
            _ => self.created_ms,
        }
    }

    /// Entries of its `.index` file.
    pub fn offset_index(&self) -> impl Iterator<Item = OffsetIndexEntry> + '_ {
        self.offset_index.iter().copied()
    }

    /// Entries of its `.timeindex` file.
    pub fn time_index(&self) -> impl Iterator<Item = TimeIndexEntry> + '_ {
        self.time_index.iter().copied()
    }

    /// Whether a new segment must begin before `next` is appended: this one would grow too large; or it is not empty
    /// and its first batch is older than `segment.ms` (in a compacted log also `max.compaction.lag.ms`) by the time of what is appended; or an index is full; or the
    /// offset would be too far from the base offset.
    pub fn should_roll(&self, next: RollParams, config: &LogConfig) -> bool {
        self.size_in_bytes > config.segment_bytes.saturating_sub(next.size_in_bytes)
            || (!self.is_empty() && self.time_waited_for_roll(next) > config.max_segment_ms())
            || self.offset_index.len() as i32 >= config.segment_index_bytes / OffsetIndexEntry::SIZE
            || self.time_index.len() as i32 >= config.segment_index_bytes / TimeIndexEntry::SIZE - 1
            || !self.can_hold(next.last_offset)
    }

    fn time_waited_for_roll(&self, next: RollParams) -> i64 {
        let first_time = self.batches.first().map_or(-1, |stored| stored.batch.max_timestamp());
        match first_time {
            0.. => next.max_timestamp.saturating_sub(first_time),
            _ => next.now_ms.saturating_sub(self.created_ms),
        }
    }

    fn can_hold(&self, offset: Offset) -> bool {
        (0..=i32::MAX as i64).contains(&offset.saturating_sub(self.base_offset))
    }

    /// Appends a batch, and an entry to each index if more than `index_interval_bytes` were written since the last
    /// one: position and last offset of this batch, and the largest time so far.
    pub(super) fn append(&mut self, batch: RecordBatch, index_interval_bytes: i32) {
        self.note_time(&batch);
        if self.bytes_since_last_index_entry > index_interval_bytes {
            self.append_to_indexes(batch.last_offset(), self.size_in_bytes);
            self.bytes_since_last_index_entry = 0;
        }
        self.bytes_since_last_index_entry += batch.size_in_bytes();
        self.store(batch);
    }

    fn store(&mut self, batch: RecordBatch) {
        let before = self.batches.last().map_or(0, |stored| stored.digest);
        let digest = [
            batch.base_offset() as u64,
            batch.leader_epoch().0 as u64,
            batch.crc() as u64,
            batch.size_in_bytes() as u64,
        ]
        .into_iter()
        .fold(before, fold_digest);
        let size = batch.size_in_bytes();
        self.batches.push(StoredBatch { batch, position: self.size_in_bytes, digest });
        self.size_in_bytes += size;
    }

    fn note_time(&mut self, batch: &RecordBatch) {
        if batch.max_timestamp() > self.max_timestamp_so_far.timestamp {
            self.max_timestamp_so_far =
                TimeIndexEntry { timestamp: batch.max_timestamp(), offset: batch.last_offset() };
        }
    }

    fn append_to_indexes(&mut self, offset: Offset, position: i32) {
        self.offset_index.push(OffsetIndexEntry { offset, position });
        self.append_to_time_index();
    }

    fn append_to_time_index(&mut self) {
        let last = self.time_index.last().map_or(-1, |entry| entry.timestamp);
        if self.max_timestamp_so_far.timestamp > last {
            self.time_index.push(self.max_timestamp_so_far);
        }
    }

    /// The segment gets no more batches: its largest time goes into the time index.
    pub(super) fn become_inactive(&mut self) {
        self.append_to_time_index();
    }

    /// Drops the batches that reach `offset` or beyond.
    pub(super) fn truncate_to(&mut self, offset: Offset, now_ms: i64) {
        let keep = self.place_of(offset);
        if let Some(first_cut) = self.batches.get(keep) {
            self.size_in_bytes = first_cut.position;
        }
        self.batches.truncate(keep);
        self.offset_index.truncate(self.offset_index.partition_point(|entry| entry.offset < offset));
        self.time_index.truncate(self.time_index.partition_point(|entry| entry.offset < offset));
        self.bytes_since_last_index_entry = 0;
        self.find_largest_time();
        if self.batches.is_empty() {
            self.created_ms = now_ms;
        }
    }

    fn find_largest_time(&mut self) {
        self.max_timestamp_so_far = TimeIndexEntry { timestamp: -1, offset: self.base_offset };
        for stored in self.batches.clone().iter() {
            self.note_time(&stored.batch);
        }
    }

    /// Opens the segment again after its broker was down.
    pub(super) fn reopen(&mut self, now_ms: i64) {
        self.created_ms = now_ms;
        self.bytes_since_last_index_entry = 0;
    }

    /// Makes the indexes anew from the batches, as a broker does that was not shut down cleanly. The entries can be
    /// others than before: bytes are counted from the position of the last entry here, from its batch's end there.
    pub(super) fn recover(&mut self, index_interval_bytes: i32) {
        self.offset_index = SharedVec::new();
        self.time_index = SharedVec::new();
        self.max_timestamp_so_far = TimeIndexEntry { timestamp: -1, offset: self.base_offset };
        let mut last_index_entry = 0;
        for stored in self.batches.clone().iter() {
            self.note_time(&stored.batch);
            if stored.position - last_index_entry > index_interval_bytes {
                self.append_to_indexes(stored.batch.last_offset(), stored.position);
                last_index_entry = stored.position;
            }
        }
        self.append_to_time_index();
    }
}

/// Mixes a number into a digest; each bit of either changes about half of the result's.
fn fold_digest(digest: u64, number: u64) -> u64 {
    let mixed = (digest ^ number).wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl Hash for LogSegment {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.base_offset.hash(state);
        self.created_ms.hash(state);
        self.size_in_bytes.hash(state);
        self.batches.last().map(|stored| stored.digest).hash(state);
        self.max_timestamp_so_far.hash(state);
        self.bytes_since_last_index_entry.hash(state);
        self.offset_index.last().hash(state);
        self.time_index.last().hash(state);
    }
}
