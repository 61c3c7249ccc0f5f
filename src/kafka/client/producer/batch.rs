//! A batch on its way through the producer (ProducerBatch).

use std::hash::{Hash, Hasher};
use std::rc::Rc;

use super::compression_ratio::CompressionRatio;
use crate::kafka::ids::{LeaderEpoch, ProducerEpoch, ProducerId, SimTime};
use crate::kafka::record::builder::estimate_batch_size_upper_bound;
use crate::kafka::record::header::HEADER_SIZE;
use crate::kafka::record::sequence::increment_sequence;
use crate::kafka::record::{Compression, Compressor, ProducerSequence, RecordBatch, RecordBatchBuilder, RecordHeader};
use crate::kafka::sends::{SendId, Sends};

/// A record with what the accumulator needs to know of it.
#[derive(Clone, Copy, Debug)]
pub struct NewRecord<'a> {
    pub send: SendId,
    /// Epoch milliseconds.
    pub timestamp: i64,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    pub headers: &'a [RecordHeader],
    /// Upper bound of the size of a batch with just this record.
    pub size_upper_bound: usize,
}

impl<'a> NewRecord<'a> {
    pub fn new(
        send: SendId,
        timestamp: i64,
        key: Option<&'a [u8]>,
        value: Option<&'a [u8]>,
        headers: &'a [RecordHeader],
    ) -> NewRecord<'a> {
        let size_upper_bound = estimate_batch_size_upper_bound(key, value, headers);
        NewRecord { send, timestamp, key, value, headers, size_upper_bound }
    }
}

/// Producer id, epoch and sequence number of the first record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchSequence {
    pub producer_id: ProducerId,
    pub producer_epoch: ProducerEpoch,
    pub base_sequence: i32,
}

/// The records: still growing, or as they were last sent.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Contents {
    Growing(Rc<RecordBatchBuilder>),
    Built(RecordBatch),
}

/// A batch of one partition, from its first record to its last answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerBatch {
    /// Unique in the producer.
    pub id: u32,
    /// Its records' sends, in the order of the records.
    pub sends: Sends,
    contents: Contents,
    compressor: Compressor,
    /// Bytes of its records before compression; 0 while it grows.
    uncompressed_bytes: u64,
    /// No record may be added any more.
    closed: bool,
    /// When its first record was added: `linger.ms` and `delivery.timeout.ms` count from here.
    pub created_at: SimTime,
    /// When it was last put back into the queue, or was created.
    pub waits_since: SimTime,
    /// How often it was put back to be sent again.
    pub retries: u32,
    /// Wait before the next attempt, counted from `waits_since`.
    pub backoff_ms: u32,
    /// How often it was sent.
    pub attempts: u32,
    /// An attempt ended without the producer's knowing whether the leader has appended the records.
    pub in_doubt: bool,
    /// None: never drained, or the producer is not idempotent.
    pub sequence: Option<BatchSequence>,
    /// The sequence was rewritten after an epoch bump, and the batch was not sent since.
    pub sequence_was_reset: bool,
    /// Bytes of `buffer.memory` that it holds.
    pub allocated_bytes: u32,
    /// It came out of a batch that was too large.
    pub is_split: bool,
    /// The largest of its records, as a batch of its own.
    largest_record_bytes: u32,
    leader_epoch: Option<LeaderEpoch>,
    retries_at_leader_change: u32,
}

impl ProducerBatch {
    /// A batch with its first record, meant to grow to `write_limit` bytes.
    /// `compressor` and `ratio` as in [`RecordBatchBuilder::compressed`].
    pub fn new(
        id: u32,
        write_limit: usize,
        (compressor, ratio): (Compressor, CompressionRatio),
        record: &NewRecord,
        now: SimTime,
    ) -> ProducerBatch {
        let mut builder = RecordBatchBuilder::new(write_limit).compressed(compressor, ratio.millionths());
        builder.append(record.timestamp, record.key, record.value, record.headers);
        ProducerBatch {
            id,
            sends: Sends::one(record.send),
            contents: Contents::Growing(Rc::new(builder)),
            compressor,
            uncompressed_bytes: 0,
            closed: false,
            created_at: now,
            waits_since: now,
            retries: 0,
            backoff_ms: 0,
            attempts: 0,
            in_doubt: false,
            sequence: None,
            sequence_was_reset: false,
            allocated_bytes: 0,
            is_split: false,
            largest_record_bytes: record.size_upper_bound as u32,
            leader_epoch: None,
            retries_at_leader_change: 0,
        }
    }

    /// Adds a record if there is room for it; if not, the batch is closed. Returns the bytes it took.
    pub fn try_append(&mut self, record: &NewRecord) -> Option<u64> {
        let NewRecord { timestamp, key, value, headers, .. } = *record;
        match &mut self.contents {
            Contents::Growing(builder) if !self.closed && builder.has_room_for(timestamp, key, value, headers) => {
                let builder = Rc::make_mut(builder);
                let before = builder.size_in_bytes();
                builder.append(timestamp, key, value, headers);
                self.sends.push(record.send);
                self.largest_record_bytes = self.largest_record_bytes.max(record.size_upper_bound as u32);
                Some((builder.size_in_bytes() - before) as u64)
            }
            _ => {
                self.closed = true;
                None
            }
        }
    }

    /// Whether no more records will come.
    pub fn is_full(&self) -> bool {
        match &self.contents {
            Contents::Growing(builder) => self.closed || builder.is_full(),
            Contents::Built(_) => true,
        }
    }

    /// Size of the batch as it stands, header included.
    pub fn size_bytes(&self) -> u32 {
        match &self.contents {
            Contents::Growing(builder) => builder.size_in_bytes() as u32,
            Contents::Built(batch) => batch.size_in_bytes() as u32,
        }
    }

    pub fn record_count(&self) -> i32 {
        match &self.contents {
            Contents::Growing(builder) => builder.record_count(),
            Contents::Built(batch) => batch.record_count(),
        }
    }

    /// Sequence number of the last record.
    pub fn last_sequence(&self) -> Option<i32> {
        self.sequence.map(|sequence| increment_sequence(sequence.base_sequence, self.record_count() - 1))
    }

    /// Gives the batch another sequence than the one it was sent with (KIP-360).
    pub fn reset_sequence(&mut self, sequence: BatchSequence) {
        self.sequence = Some(sequence);
        self.sequence_was_reset = true;
    }

    /// The batch as bytes, with its producer id and sequence; built at the first call, then only changed if the
    /// sequence was.
    pub fn encode(&mut self) -> RecordBatch {
        let producer = match self.sequence {
            Some(BatchSequence { producer_id, producer_epoch, base_sequence }) => {
                ProducerSequence { producer_id, producer_epoch, base_sequence, is_transactional: false }
            }
            None => ProducerSequence::NONE,
        };
        let batch = match &mut self.contents {
            Contents::Growing(builder) => {
                let builder = std::mem::replace(builder, Rc::new(RecordBatchBuilder::new(0)));
                self.uncompressed_bytes = builder.uncompressed_bytes();
                Rc::unwrap_or_clone(builder).finish(producer)
            }
            Contents::Built(batch) if batch.producer_sequence() == producer => batch.clone(),
            Contents::Built(batch) => batch.with_producer(producer),
        };
        self.contents = Contents::Built(batch.clone());
        self.closed = true;
        self.sequence_was_reset = false;
        batch
    }

    /// Whether its records are still growing, so that the next [`ProducerBatch::encode`] compresses them.
    pub fn is_growing(&self) -> bool {
        matches!(self.contents, Contents::Growing(_))
    }

    /// Bytes of its records after and before compression; None: it is not compressed, or not yet.
    pub fn compressed_bytes(&self) -> Option<(u64, u64)> {
        let Contents::Built(batch) = &self.contents else { return None };
        let compressed = (batch.size_in_bytes() as u64).saturating_sub(HEADER_SIZE as u64);
        (self.compressor.codec != Compression::None).then_some((compressed, self.uncompressed_bytes))
    }

    /// Takes note of the leader's epoch as metadata has it: a retry need not wait if there is a new leader (KIP-951).
    pub fn see_leader_epoch(&mut self, leader_epoch: LeaderEpoch) {
        if self.leader_epoch.is_none_or(|known| known < leader_epoch) {
            self.leader_epoch = Some(leader_epoch);
            self.retries_at_leader_change = self.retries;
        }
    }

    /// When the batch may be sent again; None: it is not waiting for a backoff.
    pub fn backoff_until(&self, now: SimTime) -> Option<SimTime> {
        let leader_is_new = self.retries > 0 && self.retries == self.retries_at_leader_change;
        let until = self.waits_since.plus_ms(u64::from(self.backoff_ms));
        (self.retries > 0 && !leader_is_new && until > now).then_some(until)
    }

    /// The records in batches of at most `write_limit` bytes each, if they can be; ids are counted from `next_id`.
    /// Sequence numbers go on from one to the next.
    pub fn split(&mut self, next_id: &mut u32, batch_size: u32, ratio: CompressionRatio) -> Vec<ProducerBatch> {
        // What came out of a split and still is too large is halved (KAFKA-8350).
        let write_limit = if self.is_split { self.largest_record_bytes.max(self.size_bytes() / 2) } else { batch_size };
        let whole = self.encode();
        let mut batches: Vec<ProducerBatch> = Vec::new();
        for (record, send) in whole.records().map_while(Result::ok).zip(self.sends.iter()) {
            let (key, value) = (record.key.as_deref(), record.value.as_deref());
            let record = NewRecord::new(send, record.timestamp, key, value, &record.headers);
            if batches.last_mut().is_some_and(|batch| batch.try_append(&record).is_some()) {
                continue;
            }
            *next_id += 1;
            let limit = record.size_upper_bound.max(write_limit as usize);
            let mut batch = ProducerBatch::new(*next_id, limit, (self.compressor, ratio), &record, self.created_at);
            batch.is_split = true;
            batch.in_doubt = self.in_doubt;
            batches.push(batch);
        }
        let mut next_sequence = self.sequence;
        for batch in &mut batches {
            batch.closed = true;
            batch.sequence = next_sequence;
            if let Some(next) = &mut next_sequence {
                next.base_sequence = increment_sequence(next.base_sequence, batch.record_count());
            }
        }
        batches
    }
}

/// Leaves out the records' bytes: their number, size and sends stand for them.
impl Hash for ProducerBatch {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
        self.sends.hash(state);
        (self.record_count(), self.size_bytes(), self.closed).hash(state);
        (self.created_at, self.waits_since).hash(state);
        (self.retries, self.backoff_ms, self.attempts, self.in_doubt).hash(state);
        (self.sequence, self.sequence_was_reset).hash(state);
        (self.leader_epoch, self.retries_at_leader_change).hash(state);
    }
}
