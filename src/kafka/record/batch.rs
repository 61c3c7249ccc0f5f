//! The record batch: immutable bytes, shared by all who hold it, with its header readable without decoding.

use std::cell::Cell;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use super::codec::{self, Compression};
use super::error::RecordError;
use super::header::{self, BODY_START, HEADER_SIZE, LOG_OVERHEAD};
use super::record::{RecordData, Records};
use super::sequence::{NO_SEQUENCE, increment_sequence};
use crate::kafka::ids::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};

/// Who sets the timestamps: `message.timestamp.type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum TimestampType {
    /// The producer; each record keeps its own.
    #[default]
    CreateTime,
    /// The leader: the time of the append stands in `maxTimestamp` and counts for each record.
    LogAppendTime,
}

impl TimestampType {
    pub const fn name(self) -> &'static str {
        match self {
            TimestampType::CreateTime => "CreateTime",
            TimestampType::LogAppendTime => "LogAppendTime",
        }
    }
}

/// The producer's part of a batch header (KIP-98).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProducerSequence {
    pub producer_id: ProducerId,
    pub producer_epoch: ProducerEpoch,
    /// Sequence number of the first record.
    pub base_sequence: i32,
    pub is_transactional: bool,
}

impl ProducerSequence {
    /// Neither idempotent nor transactional.
    pub const NONE: ProducerSequence = ProducerSequence {
        producer_id: ProducerId(-1),
        producer_epoch: ProducerEpoch(-1),
        base_sequence: NO_SEQUENCE,
        is_transactional: false,
    };
}

/// A record batch of magic 2.
///
/// The *body*, from the magic byte on, is one allocation shared by the producer, the leader's log, its followers'
/// and the answers to consumers. Base offset and leader epoch, which lie outside the CRC, are kept beside it, so
/// that a leader assigns them without copying a byte. Nothing in a batch ever changes.
///
/// Two batches are equal if all their bytes are; hashing takes the offset, the epoch, the CRC and the size.
#[derive(Clone)]
pub struct RecordBatch {
    base_offset: Offset,
    leader_epoch: LeaderEpoch,
    /// The CRC was computed and found right. Only a memory of [`RecordBatch::is_valid`]: since the body never
    /// changes, the answer cannot either. No part of equality or hash.
    crc_checked: Cell<bool>,
    body: Rc<[u8]>,
}

impl RecordBatch {
    /// A batch of a body that [`super::builder`] has written.
    pub(super) fn from_body(base_offset: Offset, leader_epoch: LeaderEpoch, body: Rc<[u8]>) -> RecordBatch {
        assert!(body.len() >= HEADER_SIZE - BODY_START, "a batch has a whole header");
        RecordBatch { base_offset, leader_epoch, crc_checked: Cell::new(false), body }
    }

    /// Splits bytes into the batches they hold. Only their frames are looked at: length and magic. The CRC is
    /// checked by [`RecordBatch::is_valid`], the records by [`RecordBatch::check`].
    ///
    /// # Errors
    /// [`RecordError::BatchTruncated`], [`RecordError::BatchLengthTooSmall`] or [`RecordError::WrongMagic`], with
    /// the position of the batch in `bytes`.
    pub fn parse(bytes: &[u8]) -> Result<Vec<RecordBatch>, RecordError> {
        let mut batches = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let (batch, size) = RecordBatch::first_of(bytes, at)?;
            if batch.magic() != header::MAGIC_V2 {
                return Err(RecordError::WrongMagic { at, magic: batch.magic() });
            }
            batches.push(batch);
            at += size;
        }
        Ok(batches)
    }

    /// The batches of a Produce request: of whatever magic, which is the broker's to judge, and without a rest that is
    /// cut off (`ByteBufferLogInputStream`).
    ///
    /// # Errors
    /// [`RecordError::BatchLengthTooSmall`].
    pub fn parse_sent(bytes: &[u8]) -> Result<Vec<RecordBatch>, RecordError> {
        let mut batches = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            match RecordBatch::first_of(bytes, at) {
                Ok((batch, size)) => {
                    batches.push(batch);
                    at += size;
                }
                Err(RecordError::BatchTruncated { .. }) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(batches)
    }

    /// The batch that begins at a byte, and its size.
    fn first_of(bytes: &[u8], at: usize) -> Result<(RecordBatch, usize), RecordError> {
        let rest = &bytes[at..];
        if rest.len() < HEADER_SIZE {
            return Err(RecordError::BatchTruncated { at, needed: HEADER_SIZE, available: rest.len() });
        }
        let base_offset = i64::from_be_bytes(array_at(rest, header::BASE_OFFSET));
        let batch_length = i32::from_be_bytes(array_at(rest, header::BATCH_LENGTH));
        let leader_epoch = i32::from_be_bytes(array_at(rest, header::PARTITION_LEADER_EPOCH));
        let magic = rest[header::MAGIC] as i8;
        if batch_length < (HEADER_SIZE - LOG_OVERHEAD) as i32 && magic == header::MAGIC_V2 {
            return Err(RecordError::BatchLengthTooSmall { at, batch_length });
        }
        let needed = LOG_OVERHEAD + usize::try_from(batch_length).unwrap_or(0).max(HEADER_SIZE - LOG_OVERHEAD);
        if rest.len() < needed {
            return Err(RecordError::BatchTruncated { at, needed, available: rest.len() });
        }
        let body = Rc::from(&rest[BODY_START..needed]);
        Ok((RecordBatch::from_body(base_offset, LeaderEpoch(leader_epoch), body), needed))
    }

    /// Checks everything that the bytes can tell: CRC, number of records, and the structure of each.
    ///
    /// # Errors
    /// The first thing that is wrong; [`RecordError::DamagedCompression`] if the records cannot be read.
    pub fn check(&self) -> Result<(), RecordError> {
        if !self.is_valid() {
            return Err(RecordError::CorruptCrc { stored: self.crc(), computed: self.computed_crc() });
        }
        let data = self.record_data()?;
        data.views().try_for_each(|view| view.map(drop))
    }

    /// The whole batch as on the wire and on disk.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.size_in_bytes() as usize);
        bytes.extend_from_slice(&self.base_offset.to_be_bytes());
        bytes.extend_from_slice(&self.batch_length().to_be_bytes());
        bytes.extend_from_slice(&self.leader_epoch.0.to_be_bytes());
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Whether the CRC in the header is that of the bytes. Computed once for each batch; clones remember it.
    pub fn is_valid(&self) -> bool {
        if !self.crc_checked.get() && self.computed_crc() == self.crc() {
            self.crc_checked.set(true);
        }
        self.crc_checked.get()
    }

    fn computed_crc(&self) -> u32 {
        crc32c::crc32c(&self.body[header::ATTRIBUTES - BODY_START..])
    }

    /// Whether both share the same allocation, as a leader's and a follower's copy do.
    pub fn shares_bytes_with(&self, other: &RecordBatch) -> bool {
        Rc::ptr_eq(&self.body, &other.body)
    }

    // The header, field by field.

    /// Offset of the first record; 0 in a batch fresh from a producer.
    pub fn base_offset(&self) -> Offset {
        self.base_offset
    }

    /// Offset of the last record the batch was made with, even if compaction has removed that record.
    pub fn last_offset(&self) -> Offset {
        self.base_offset.saturating_add(self.last_offset_delta() as i64)
    }

    /// The offset after the last.
    pub fn next_offset(&self) -> Offset {
        self.last_offset().saturating_add(1)
    }

    /// Bytes after the length field itself.
    pub fn batch_length(&self) -> i32 {
        self.size_in_bytes() - LOG_OVERHEAD as i32
    }

    /// Epoch of the leader that appended the batch; -1 in a batch fresh from a producer.
    pub fn leader_epoch(&self) -> LeaderEpoch {
        self.leader_epoch
    }

    pub fn magic(&self) -> i8 {
        self.body[header::MAGIC - BODY_START] as i8
    }

    /// CRC-32C of everything after it, as the header has it.
    pub fn crc(&self) -> u32 {
        u32::from_be_bytes(self.field(header::CRC))
    }

    pub fn attributes(&self) -> i16 {
        i16::from_be_bytes(self.field(header::ATTRIBUTES))
    }

    /// # Errors
    /// [`RecordError::UnknownCompression`].
    pub fn compression(&self) -> Result<Compression, RecordError> {
        Compression::of_attributes(self.attributes())
    }

    pub fn timestamp_type(&self) -> TimestampType {
        if self.attributes() & header::TIMESTAMP_TYPE_BIT == 0 {
            TimestampType::CreateTime
        } else {
            TimestampType::LogAppendTime
        }
    }

    pub fn is_transactional(&self) -> bool {
        self.attributes() & header::TRANSACTIONAL_BIT != 0
    }

    /// Whether the batch holds control records (transaction markers), which consumers never see.
    pub fn is_control(&self) -> bool {
        self.attributes() & header::CONTROL_BIT != 0
    }

    /// Whether the base timestamp is a delete horizon (KIP-534).
    pub fn has_delete_horizon(&self) -> bool {
        self.attributes() & header::DELETE_HORIZON_BIT != 0
    }

    /// Last offset minus base offset, as the batch was made.
    pub fn last_offset_delta(&self) -> i32 {
        i32::from_be_bytes(self.field(header::LAST_OFFSET_DELTA))
    }

    /// Epoch milliseconds that the records' timestamps are relative to: the first record's.
    pub fn base_timestamp(&self) -> i64 {
        i64::from_be_bytes(self.field(header::BASE_TIMESTAMP))
    }

    /// Largest timestamp of the records, epoch milliseconds; with `LogAppendTime` the time of the append.
    pub fn max_timestamp(&self) -> i64 {
        i64::from_be_bytes(self.field(header::MAX_TIMESTAMP))
    }

    /// -1 if the producer is not idempotent.
    pub fn producer_id(&self) -> ProducerId {
        ProducerId(i64::from_be_bytes(self.field(header::PRODUCER_ID)))
    }

    pub fn has_producer_id(&self) -> bool {
        self.producer_id().0 > -1
    }

    pub fn producer_epoch(&self) -> ProducerEpoch {
        ProducerEpoch(i16::from_be_bytes(self.field(header::PRODUCER_EPOCH)))
    }

    /// Sequence number of the first record; -1 for none.
    pub fn base_sequence(&self) -> i32 {
        i32::from_be_bytes(self.field(header::BASE_SEQUENCE))
    }

    /// Sequence number of the last record, which wraps after 2147483647; -1 for none.
    pub fn last_sequence(&self) -> i32 {
        match self.base_sequence() {
            NO_SEQUENCE => NO_SEQUENCE,
            base => increment_sequence(base, self.last_offset_delta()),
        }
    }

    /// The producer's part of the header.
    pub fn producer_sequence(&self) -> ProducerSequence {
        ProducerSequence {
            producer_id: self.producer_id(),
            producer_epoch: self.producer_epoch(),
            base_sequence: self.base_sequence(),
            is_transactional: self.is_transactional(),
        }
    }

    /// Records in the batch now; compaction can make them fewer than the offsets.
    pub fn record_count(&self) -> i32 {
        i32::from_be_bytes(self.field(header::RECORD_COUNT))
    }

    /// Size of the whole batch, header included.
    pub fn size_in_bytes(&self) -> i32 {
        (BODY_START + self.body.len()) as i32
    }

    fn field<const N: usize>(&self, at: usize) -> [u8; N] {
        array_at(&self.body, at - BODY_START)
    }

    // The records.

    /// The records, decoded one by one. After an error there are no more.
    pub fn records(&self) -> Records {
        Records::new(self)
    }

    /// The records part, decompressed, to be walked without copying.
    ///
    /// # Errors
    /// [`RecordError::DamagedCompression`], [`RecordError::UnknownCompression`].
    pub fn record_data(&self) -> Result<RecordData, RecordError> {
        let start = HEADER_SIZE - BODY_START;
        match self.compression()? {
            Compression::None => Ok(RecordData::new(self, Rc::clone(&self.body), start, BODY_START)),
            compression => {
                let plain = codec::decompress(compression, &self.body[start..])?;
                Ok(RecordData::new(self, Rc::from(plain.as_ref()), 0, 0))
            }
        }
    }

    // Batches made from this one.

    /// The same batch at another place of a log: what a leader does at an append. No byte is copied.
    pub fn with_offset_and_epoch(&self, base_offset: Offset, leader_epoch: LeaderEpoch) -> RecordBatch {
        RecordBatch { base_offset, leader_epoch, ..self.clone() }
    }

    /// The same records with another producer's identity and sequence, as a producer sets it when it drains the
    /// batch, and again after its epoch was raised. Computes the CRC anew.
    pub fn with_producer(&self, producer: ProducerSequence) -> RecordBatch {
        self.patched(|body| {
            let attributes = self.attributes() & !header::TRANSACTIONAL_BIT
                | if producer.is_transactional { header::TRANSACTIONAL_BIT } else { 0 };
            put(body, header::ATTRIBUTES, attributes.to_be_bytes());
            put(body, header::PRODUCER_ID, producer.producer_id.0.to_be_bytes());
            put(body, header::PRODUCER_EPOCH, producer.producer_epoch.0.to_be_bytes());
            put(body, header::BASE_SEQUENCE, producer.base_sequence.to_be_bytes());
        })
    }

    /// The same records with the leader's time of append (epoch milliseconds), which then counts for each record.
    /// Base timestamp and deltas stay. Computes the CRC anew.
    pub fn with_log_append_time(&self, timestamp_ms: i64) -> RecordBatch {
        self.with_max_timestamp(TimestampType::LogAppendTime, timestamp_ms)
    }

    /// The same records with another timestamp type and largest timestamp. Nothing is computed if both are so already.
    pub fn with_max_timestamp(&self, timestamp_type: TimestampType, max_timestamp: i64) -> RecordBatch {
        if self.timestamp_type() == timestamp_type && self.max_timestamp() == max_timestamp {
            return self.clone();
        }
        self.patched(|body| {
            let attributes = match timestamp_type {
                TimestampType::CreateTime => self.attributes() & !header::TIMESTAMP_TYPE_BIT,
                TimestampType::LogAppendTime => self.attributes() | header::TIMESTAMP_TYPE_BIT,
            };
            put(body, header::ATTRIBUTES, attributes.to_be_bytes());
            put(body, header::MAX_TIMESTAMP, max_timestamp.to_be_bytes());
        })
    }

    fn patched(&self, patch: impl FnOnce(&mut [u8])) -> RecordBatch {
        let mut body = self.body.to_vec();
        patch(&mut body);
        seal(&mut body);
        RecordBatch::from_body(self.base_offset, self.leader_epoch, Rc::from(body))
    }
}

/// Writes a header field into a body.
pub(super) fn put<const N: usize>(body: &mut [u8], at: usize, bytes: [u8; N]) {
    body[at - BODY_START..at - BODY_START + N].copy_from_slice(&bytes);
}

/// Computes and writes the CRC of a body that is otherwise complete.
pub(super) fn seal(body: &mut [u8]) {
    let crc = crc32c::crc32c(&body[header::ATTRIBUTES - BODY_START..]);
    put(body, header::CRC, crc.to_be_bytes());
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[at..at + N]);
    array
}

impl PartialEq for RecordBatch {
    fn eq(&self, other: &RecordBatch) -> bool {
        self.base_offset == other.base_offset
            && self.leader_epoch == other.leader_epoch
            && (Rc::ptr_eq(&self.body, &other.body) || self.body == other.body)
    }
}

impl Eq for RecordBatch {}

impl Hash for RecordBatch {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.base_offset.hash(state);
        self.leader_epoch.hash(state);
        self.crc().hash(state);
        self.size_in_bytes().hash(state);
    }
}

impl fmt::Debug for RecordBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "RecordBatch({}..={}, epoch {}, {} records, {} bytes, crc {:08x}",
            self.base_offset,
            self.last_offset(),
            self.leader_epoch,
            self.record_count(),
            self.size_in_bytes(),
            self.crc()
        )?;
        if self.has_producer_id() {
            write!(
                f,
                ", producer {} epoch {} sequence {}",
                self.producer_id(),
                self.producer_epoch(),
                self.base_sequence()
            )?;
        }
        f.write_str(")")
    }
}
