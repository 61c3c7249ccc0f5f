//! What a log knows of the producers that wrote to it: their last batches, to recognise duplicates and gaps
//! (KIP-98; `ProducerStateManager`, `ProducerAppendInfo`, `ProducerStateEntry`).

use std::collections::VecDeque;
use std::rc::Rc;

use super::append::AppendOrigin;
use super::error::LogError;
use crate::kafka::ids::{Offset, ProducerEpoch, ProducerId, TopicPartition};
use crate::kafka::record::sequence::{NO_SEQUENCE, decrement_sequence, in_sequence};
use crate::kafka::record::{EndTransactionMarker, RecordBatch};
use crate::kafka::sorted::SortedMap;

/// How many batches of a producer are known; the reason why `max.in.flight.requests.per.connection` is at most 5.
pub const BATCHES_TO_RETAIN: usize = 5;

/// A batch that was appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BatchMetadata {
    pub last_sequence: i32,
    pub last_offset: Offset,
    /// Last offset minus first.
    pub offset_delta: i32,
    /// Largest timestamp of the batch.
    pub timestamp: i64,
}

impl BatchMetadata {
    pub fn first_sequence(&self) -> i32 {
        decrement_sequence(self.last_sequence, self.offset_delta)
    }

    pub fn first_offset(&self) -> Offset {
        self.last_offset - self.offset_delta as i64
    }
}

/// What is known of one producer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProducerStateEntry {
    pub producer_id: ProducerId,
    pub producer_epoch: ProducerEpoch,
    /// Epoch of the transaction coordinator that wrote the last marker; -1 for none.
    pub coordinator_epoch: i32,
    /// Largest timestamp of its last batch; expiry counts from here.
    pub last_timestamp: i64,
    /// Its last batches in this epoch, oldest first, at most [`BATCHES_TO_RETAIN`].
    pub batches: VecDeque<BatchMetadata>,
}

impl ProducerStateEntry {
    fn new(producer_id: ProducerId, producer_epoch: ProducerEpoch) -> ProducerStateEntry {
        ProducerStateEntry {
            producer_id,
            producer_epoch,
            coordinator_epoch: -1,
            last_timestamp: -1,
            batches: VecDeque::new(),
        }
    }

    /// Sequence number of its last record; -1 if no batch of this epoch is known.
    pub fn last_sequence(&self) -> i32 {
        self.batches.back().map_or(NO_SEQUENCE, |batch| batch.last_sequence)
    }

    /// The known batch with exactly the same epoch, first and last sequence. Contents are not compared.
    pub fn find_duplicate(&self, batch: &RecordBatch) -> Option<BatchMetadata> {
        if batch.producer_epoch() != self.producer_epoch {
            return None;
        }
        self.batches
            .iter()
            .find(|known| {
                known.first_sequence() == batch.base_sequence() && known.last_sequence == batch.last_sequence()
            })
            .copied()
    }

    fn enter_epoch(&mut self, epoch: ProducerEpoch) {
        if self.producer_epoch != epoch {
            self.producer_epoch = epoch;
            self.batches.clear();
        }
    }

    fn add_batch(&mut self, batch: &RecordBatch) {
        self.enter_epoch(batch.producer_epoch());
        if self.batches.len() == BATCHES_TO_RETAIN {
            self.batches.pop_front();
        }
        self.batches.push_back(BatchMetadata {
            last_sequence: batch.last_sequence(),
            last_offset: batch.last_offset(),
            offset_delta: batch.last_offset_delta(),
            timestamp: batch.max_timestamp(),
        });
        self.last_timestamp = batch.max_timestamp();
    }

    /// As a snapshot file keeps it: only the last batch.
    fn snapshot(&self) -> ProducerStateEntry {
        ProducerStateEntry { batches: self.batches.back().copied().into_iter().collect(), ..self.clone() }
    }
}

/// The producers of one log, and the snapshot files from which they are read back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct ProducerState {
    producers: SortedMap<ProducerId, ProducerStateEntry>,
    /// By the offset up to which (exclusive) the snapshot holds.
    snapshots: SortedMap<Offset, Rc<Vec<ProducerStateEntry>>>,
    /// The producers are known up to here, exclusive.
    map_end_offset: Offset,
    last_snapshot_offset: Offset,
}

impl ProducerState {
    pub fn producers(&self) -> &SortedMap<ProducerId, ProducerStateEntry> {
        &self.producers
    }

    pub fn entry(&self, producer_id: ProducerId) -> Option<&ProducerStateEntry> {
        self.producers.get(&producer_id)
    }

    /// Sizes of the `.snapshot` files by the offsets they are named after: version, CRC and number of producers, then each.
    pub fn snapshot_sizes(&self) -> impl Iterator<Item = (Offset, usize)> + '_ {
        self.snapshots.iter().map(|(offset, producers)| (*offset, 10 + 46 * producers.len()))
    }

    /// Offsets that the `.snapshot` files are named after.
    pub fn snapshot_offsets(&self) -> impl Iterator<Item = Offset> + '_ {
        self.snapshots.keys().copied()
    }

    /// A client's batch that was appended before and is still known.
    pub(super) fn find_duplicate(&self, batch: &RecordBatch) -> Option<BatchMetadata> {
        self.entry(batch.producer_id())?.find_duplicate(batch)
    }

    /// Whether the producer may append this batch, whose base offset is assigned already. Sequences are checked for
    /// clients only; nothing is checked in replication. A producer that is not known may begin anywhere.
    pub(super) fn check(
        &self,
        batch: &RecordBatch,
        origin: AppendOrigin,
        partition: &TopicPartition,
    ) -> Result<(), LogError> {
        let Some(entry) = self.entry(batch.producer_id()).filter(|_| origin != AppendOrigin::Replication) else {
            return Ok(());
        };
        if batch.producer_epoch() < entry.producer_epoch {
            return Err(LogError::InvalidProducerEpoch {
                partition: partition.clone(),
                producer_id: batch.producer_id(),
                offset: batch.base_offset(),
                epoch: batch.producer_epoch(),
                last_epoch: entry.producer_epoch,
            });
        }
        if origin != AppendOrigin::Client {
            return Ok(());
        }
        let sequence = batch.base_sequence();
        let last = match batch.producer_epoch() == entry.producer_epoch {
            true => entry.last_sequence(),
            false => NO_SEQUENCE,
        };
        if in_sequence(last, sequence) {
            return Ok(());
        }
        Err(LogError::OutOfOrderSequence {
            partition: partition.clone(),
            producer_id: batch.producer_id(),
            offset: batch.base_offset(),
            sequence,
            expected: if last == i32::MAX { 0 } else { last + 1 },
        })
    }

    /// Notes a batch that is now in the log.
    pub(super) fn update(&mut self, batch: &RecordBatch) {
        if batch.has_producer_id() {
            let producer_id = batch.producer_id();
            if batch.is_control() {
                if let Some((marker, timestamp)) = read_marker(batch) {
                    let entry = self.entry_or_new(producer_id, batch.producer_epoch());
                    entry.enter_epoch(batch.producer_epoch());
                    entry.coordinator_epoch = marker.coordinator_epoch;
                    entry.last_timestamp = timestamp;
                }
            } else {
                self.entry_or_new(producer_id, batch.producer_epoch()).add_batch(batch);
            }
        }
        self.map_end_offset = batch.next_offset();
    }

    fn entry_or_new(&mut self, id: ProducerId, epoch: ProducerEpoch) -> &mut ProducerStateEntry {
        self.producers.entry(id).or_insert_with(|| ProducerStateEntry::new(id, epoch))
    }

    /// Forgets the producers whose newest timestamp is `producer.id.expiration.ms` old or older. The broker calls
    /// this every `producer.id.expiration.check.interval.ms` (`ProducerStateManager.removeExpiredProducers`).
    pub(super) fn remove_expired(&mut self, now_ms: i64, expiration_ms: i64) {
        self.producers.retain(|_, entry| !is_expired(entry, now_ms, expiration_ms));
    }

    pub(super) fn set_map_end_offset(&mut self, offset: Offset) {
        self.map_end_offset = offset;
    }

    pub(super) fn map_end_offset(&self) -> Offset {
        self.map_end_offset
    }

    /// Whether nothing is known although the log was read up to `offset`.
    pub(super) fn is_empty_up_to(&self, offset: Offset) -> bool {
        self.producers.is_empty() && self.map_end_offset >= offset
    }

    /// Writes a snapshot up to the offset that the producers are known to, unless there is one.
    pub(super) fn take_snapshot(&mut self) {
        if self.map_end_offset > self.last_snapshot_offset {
            let entries = self.producers.values().map(ProducerStateEntry::snapshot).collect();
            self.snapshots.insert(self.map_end_offset, Rc::new(entries));
            self.last_snapshot_offset = self.map_end_offset;
        }
    }

    /// After a truncation: goes back to the latest snapshot within the log. The rest is read from the log.
    pub(super) fn truncate_and_reload(
        &mut self,
        log_start_offset: Offset,
        log_end_offset: Offset,
        now_ms: i64,
        expiration_ms: i64,
    ) {
        self.snapshots.retain(|&offset, _| offset <= log_end_offset && offset > log_start_offset);
        if log_end_offset == self.map_end_offset {
            self.on_log_start_offset_incremented(log_start_offset);
        } else {
            self.load_snapshot(log_start_offset, now_ms, expiration_ms);
        }
    }

    /// The broker is down: what is in memory is gone, the files stay.
    pub(super) fn forget(&mut self) {
        self.producers.clear();
        self.map_end_offset = 0;
        self.last_snapshot_offset = 0;
    }

    /// At a start the snapshots that belong to no segment are removed, but for one at the end of the log.
    pub(super) fn remove_stray_snapshots(&mut self, segment_base_offsets: &[Offset]) {
        let latest = self.snapshots.last_key_value().map(|(offset, _)| *offset);
        let last_base = segment_base_offsets.last().copied();
        self.snapshots.retain(|offset, _| {
            segment_base_offsets.contains(offset) || (Some(*offset) == latest && latest > last_base)
        });
    }

    /// Removes the snapshots that were named after segments which are gone.
    pub(super) fn remove_snapshots(&mut self, offsets: &[Offset]) {
        offsets.iter().for_each(|offset| _ = self.snapshots.remove(offset));
    }

    /// Reads the latest snapshot into an empty memory.
    fn load_snapshot(&mut self, log_start_offset: Offset, now_ms: i64, expiration_ms: i64) {
        self.producers.clear();
        let latest = self.snapshots.last_key_value().map(|(offset, entries)| (*offset, Rc::clone(entries)));
        let offset = latest.as_ref().map_or(log_start_offset, |(offset, _)| *offset);
        self.last_snapshot_offset = offset;
        self.map_end_offset = offset;
        for entry in latest.iter().flat_map(|(_, entries)| entries.iter()) {
            if !is_expired(entry, now_ms, expiration_ms) {
                self.producers.insert(entry.producer_id, entry.clone());
            }
        }
    }

    /// The log begins later now. Producers stay known although their records are gone.
    pub(super) fn on_log_start_offset_incremented(&mut self, log_start_offset: Offset) {
        self.map_end_offset = self.map_end_offset.max(log_start_offset);
        self.last_snapshot_offset = self.snapshots.last_key_value().map_or(log_start_offset, |(offset, _)| *offset);
    }

    pub(super) fn truncate_fully_and_start_at(&mut self, offset: Offset) {
        *self = ProducerState { map_end_offset: offset, ..ProducerState::default() };
    }
}

fn is_expired(entry: &ProducerStateEntry, now_ms: i64, expiration_ms: i64) -> bool {
    now_ms.saturating_sub(entry.last_timestamp) >= expiration_ms
}

/// The marker of a control batch and its time; none if compaction has emptied the batch.
fn read_marker(batch: &RecordBatch) -> Option<(EndTransactionMarker, i64)> {
    let data = batch.record_data().ok()?;
    let view = data.views().next()?.ok()?;
    Some((EndTransactionMarker::read(view).ok()?, view.timestamp))
}
